#!/usr/bin/env python3
"""A line between two network devices that loses packets of video: every so many-th one, and never one that was sent again.

    line.py DEVICE DEVICE EVERY TYPE...

Frames of Ethernet go from one device to the other as they are. Of RTP over UDP and IPv4 with one of the payload types, every
EVERY-th packet of a synchronisation source is not handed on (0: none); each such loss is a line on standard output: SSRC, sequence number.
"""

import select
import socket
import sys

devices = sys.argv[1:3]
every = int(sys.argv[3])
types = {int(word) for word in sys.argv[4:]}
sockets = []
for device in devices:
    line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    line.bind((device, 0))
    sockets.append(line)
counts = {}


def is_lost(frame):
    if len(frame) < 54 or frame[12:14] != b"\x08\x00" or frame[14] != 0x45 or frame[23] != 17 or frame[42] >> 6 != 2:
        return False
    if frame[43] & 0x7F not in types or 192 <= frame[43] <= 223 or every == 0:
        return False
    source = frame[50:54]
    counts[source] = counts.get(source, 0) + 1
    # The first ones bring the key frame, without which a call shows nothing for long.
    if counts[source] % every != 0:
        return False
    print(source.hex(), int.from_bytes(frame[44:46], "big"), flush=True)
    return True


while True:
    for ready in select.select(sockets, [], [])[0]:
        frame, address = ready.recvfrom(65535)
        # What goes out comes back to who listens.
        if address[2] == socket.PACKET_OUTGOING or is_lost(frame):
            continue
        sockets[1 - sockets.index(ready)].send(frame)
