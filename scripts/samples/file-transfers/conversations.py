#!/usr/bin/env python3
"""Prints the datagrams and segments of a capture that carry something, as tshark sees them: a line each.

    > SENDER RECEIVER HEXADECIMAL     of the host that began the first conversation; `<` of the other one
    > SENDER RECEIVER end             a FIN
"""

import subprocess
import sys

FIELDS = ["ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "tcp.srcport", "udp.srcport", "tcp.dstport", "udp.dstport",
          "tcp.payload", "udp.payload", "tcp.flags.fin", "tcp.analysis.retransmission"]


def endpoint(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def main():
    arguments = ["tshark", "-r", sys.argv[1], "-T", "fields", "-E", "occurrence=f"]
    for field in FIELDS:
        arguments += ["-e", field]
    first = None
    for line in subprocess.run(arguments, capture_output=True, check=True, text=True).stdout.splitlines():
        row = dict(zip(FIELDS, line.split("\t")))
        source = row["ip.src"] or row["ipv6.src"]
        sender = endpoint(source, row["tcp.srcport"] or row["udp.srcport"])
        receiver = endpoint(row["ip.dst"] or row["ipv6.dst"], row["tcp.dstport"] or row["udp.dstport"])
        if row["tcp.analysis.retransmission"]:
            continue
        first = first or source
        mark = ">" if source == first else "<"
        payload = row["tcp.payload"] or row["udp.payload"]
        if payload:
            print(mark, sender, receiver, payload.replace(":", ""))
        if row["tcp.flags.fin"] in ("1", "True"):
            print(mark, sender, receiver, "end")


main()
