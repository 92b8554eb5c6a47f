#!/usr/bin/env python3
"""One end of a message session, for the sample: no program of Debian speaks MSRP (RFC 4975), so this stands in for one.

    peer.py ROLE OWN RELAY FOLDER      ROLE: caller or called; OWN, RELAY: HOST:PORT

It asks the relay for a way (AUTH with a password), writes the paths of two sessions to FOLDER/path-ROLE, one a line, for talk and for a
file, waits for FOLDER/go, and talks.
"""

import hashlib
import os
import re
import socket
import sys
import time

role, own, relay, folder = sys.argv[1:5]
other = "called" if role == "caller" else "caller"
talk, transfer = f"msrp://{own}/{role}-talk;tcp", f"msrp://{own}/{role}-file;tcp"
host, port = relay.rsplit(":", 1)
connection = socket.create_connection((host, int(port)))
pending = b""
count = 0


def transaction():
    global count
    count += 1
    return f"{role}{count:04d}"


def send(method, to, headers, body=None, flag="$", uri=talk):
    name = transaction()
    lines = [f"MSRP {name} {method}", f"To-Path: {to}", f"From-Path: {uri}"] + headers
    data = "\r\n".join(lines).encode() + b"\r\n"
    if body is not None:
        data += b"\r\n" + body + b"\r\n"
    connection.sendall(data + f"-------{name}{flag}\r\n".encode())
    return name


def receive(seconds):
    """The next message, as its first line, headers and body; None when none comes."""
    global pending
    end = time.time() + seconds
    while time.time() < end:
        match = re.match(rb"MSRP ([\w.+%=-]+) [^\r]*\r\n", pending)
        if match:
            done = re.search(rb"-------" + re.escape(match[1]) + rb"[$+#]\r\n", pending)
            if done:
                whole, pending = pending[: done.start()], pending[done.end():]
                head, _, body = whole.partition(b"\r\n\r\n")
                lines = head.decode().split("\r\n")
                return lines[0], dict(line.split(": ", 1) for line in lines[1:] if ": " in line), body
        connection.settimeout(max(0.05, end - time.time()))
        try:
            more = connection.recv(65536)
        except TimeoutError:
            return None
        if not more:
            return None
        pending += more
    return None


def login():
    way = f"msrp://{relay};tcp"
    send("AUTH", way, [])
    _, headers, _ = receive(5)
    fields = dict(re.findall(r'(\w+)="?([^",]+)"?', headers["WWW-Authenticate"]))
    first = hashlib.md5(f"{role}:{fields['realm']}:pier-secret".encode()).hexdigest()
    second = hashlib.md5(f"AUTH:{way}".encode()).hexdigest()
    nonce, mark = fields["nonce"], "c0ffee"
    response = hashlib.md5(f"{first}:{nonce}:00000001:{mark}:auth:{second}".encode()).hexdigest()
    send(
        "AUTH", way,
        [f'Authorization: Digest username="{role}", realm="{fields["realm"]}", nonce="{nonce}", uri="{way}", '
         f'qop=auth, nc=00000001, cnonce="{mark}", response="{response}"'])
    line, headers, _ = receive(5)
    assert " 200 " in line, line
    return headers["Use-Path"].strip()


def answer_all(seconds):
    """Reads what comes, answers requests, and reports where that is asked for."""
    end = time.time() + seconds
    while time.time() < end:
        message = receive(max(0.05, end - time.time()))
        if message is None:
            continue
        line, headers, body = message
        words = line.split(" ")
        if words[2] != "SEND":
            continue
        # The relay answered for its hop already; what it forwards is answered to it.
        back = headers["From-Path"].split(" ")
        uri = headers["To-Path"].split(" ")[-1]
        connection.sendall(
            f"MSRP {words[1]} 200 OK\r\nTo-Path: {back[0]}\r\nFrom-Path: {uri}\r\n-------{words[1]}$\r\n".encode())
        if headers.get("Success-Report") == "yes":
            total = len(body.removesuffix(b"\r\n"))
            send(
                "REPORT", headers["From-Path"],
                [f"Message-ID: {headers['Message-ID']}", f"Byte-Range: 1-{total}/{total}", "Status: 000 200 OK"])


way = login()
with open(f"{folder}/path-{role}.part", "w") as file:
    file.write(f"{way} {talk}\n{way} {transfer}\n")
os.rename(f"{folder}/path-{role}.part", f"{folder}/path-{role}")
while not os.path.exists(f"{folder}/go"):
    time.sleep(0.1)
with open(f"{folder}/path-{other}") as file:
    to = [f"{way} {line}" for line in file.read().split("\n")]


def say(identifier, body, start, total, flag="$", mediatype="text/plain", more=(), session=0):
    end = start + len(body) - 1
    send(
        "SEND", to[session],
        [f"Message-ID: {identifier}", f"Byte-Range: {start}-{end}/{total}", *more, f"Content-Type: {mediatype}"],
        body, flag, (talk, transfer)[session])
    answer_all(0.3)


if role == "caller":
    composing = (
        b'<?xml version="1.0" encoding="UTF-8"?>\r\n'
        b'<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>active</state>'
        b"<contenttype>text/plain</contenttype><refresh>60</refresh></isComposing>")
    say("c-composing", composing, 1, len(composing), mediatype="application/im-iscomposing+xml")
    text = "The crates come at nine. Zwölf Stück.".encode()
    say("c-first", text, 1, len(text), more=["Success-Report: yes"])
    cpim = (
        b"From: Robin <sip:caller@pier.example>\r\nTo: Kim <sip:called@pier.example>\r\n"
        b"DateTime: 2026-11-27T09:00:00+01:00\r\nSubject: Crates\r\n\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n\r\nHere is the plan.")
    say("c-second", cpim, 1, len(cpim), mediatype="message/cpim")
    with open(f"{folder}/plan.pgm", "rb") as file:
        plan = file.read()
    attachment = ['Content-Disposition: attachment; filename="crate plan.pgm"']
    for place in range(0, len(plan), 2048):
        part = plan[place:place + 2048]
        flag = "$" if place + 2048 >= len(plan) else "+"
        say("c-plan", part, place + 1, len(plan), flag, "image/x-portable-graymap", attachment, 1)
        if place == 2048:
            # Another message between the pieces of the file.
            say("c-third", b"Mind crate 17.", 1, 14)
    say("c-given-up", b"And then ", 1, 400, "#")
    answer_all(2)
else:
    answer_all(4)
    say("d-first", b"Nine is fine.", 1, 13)
    answer_all(4)
connection.close()
