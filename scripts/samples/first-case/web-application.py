#!/usr/bin/env python3
"""The program behind the web server of the first case: sends a listing in chunks, keeps what is uploaded.

Usage: web-application.py LISTING STORE
Keeps every uploaded file in STORE/<number>-<name>, and one line about it in STORE/received.tsv.
"""

import email.parser
import email.policy
import pathlib
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

LISTING = pathlib.Path(sys.argv[1])
STORE = pathlib.Path(sys.argv[2])


class Application(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        lines = LISTING.read_bytes().splitlines(keepends=True)
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in range(0, len(lines), 40):
            part = b"".join(lines[start:start + 40])
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
        self.wfile.write(b"0\r\n\r\n")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        head = b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n"
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
        count = 0
        with open(STORE / "received.tsv", "a", encoding="utf-8") as log:
            for part in message.iter_parts():
                name = part.get_filename()
                content = part.get_payload(decode=True)
                if name is None:
                    name = "field-" + part.get_param("name", header="content-disposition")
                count += 1
                kept = f"{count:02}-{pathlib.PurePath(name).name}"
                (STORE / kept).write_bytes(content)
                log.write(f"{kept}\t{part.get_content_type()}\t{len(content)}\n")
        answer = f"received {count} parts\n".encode()
        self.send_response(201)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format, *arguments):
        pass


HTTPServer(("127.0.0.1", 8080), Application).serve_forever()
