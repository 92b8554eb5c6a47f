#!/usr/bin/env python3
"""Asks a server, with Python's ftplib, for what other clients do not: MLSD, STOU, PORT, and ABOR during a transfer."""

import ftplib
import io
import sys

with ftplib.FTP(sys.argv[1], timeout=10) as server:
    server.set_pasv(False)
    server.login("robin", "not a secret")
    print(server.getwelcome(), server.pwd())
    print(list(server.mlsd("docs", ["size", "type"])))
    server.storbinary("STOU", io.BytesIO(b"a name of the server's\n"))
    server.set_pasv(True)
    server.voidcmd("TYPE I")
    connection = server.transfercmd("RETR docs/large.bin")
    connection.recv(4096)
    print(server.abort())
    connection.close()
    try:
        print(server.voidresp())
    except (ftplib.Error, EOFError, OSError) as reply:
        print(reply)
