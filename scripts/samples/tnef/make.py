#!/usr/bin/env python3
"""Makes plugins/TNEF/Samples/winmail.dat anew, after MS-OXTNEF: no free program writes such files.

  scripts/samples/tnef/make.py [FILE]

The rich text is compressed by the Python package compressed-rtf (scripts/test-requirements.txt). Programs that read such files,
`tnef` and `ytnef`, are the witnesses in the tests.
"""
import os
import struct
import sys
import uuid

from compressed_rtf import compress

MESSAGE, ATTACHMENT = 1, 2
EPOCH = 11644473600


def attribute(level, identifier, data):
    return struct.pack("<BII", level, identifier, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def padded(data):
    return data + bytes(-len(data) % 4)


def variable(tag, data):
    return struct.pack("<III", tag, 1, len(data)) + padded(data)


def text8(identifier, words):
    return variable(identifier << 16 | 0x1E, words.encode("windows-1252") + b"\0")


def text16(identifier, words):
    return variable(identifier << 16 | 0x1F, (words + "\0").encode("utf-16le"))


def binary(identifier, data):
    return variable(identifier << 16 | 0x102, data)


def number(identifier, value):
    return struct.pack("<II", identifier << 16 | 3, value)


def moment(identifier, seconds):
    return struct.pack("<IQ", identifier << 16 | 0x40, (seconds + EPOCH) * 10_000_000)


def named(words, value):
    name = (words + "\0").encode("utf-16le")
    space = uuid.UUID("00062008-0000-0000-c000-000000000046").bytes_le
    return struct.pack("<I", 0x8001 << 16 | 3) + space + struct.pack("<II", 1, len(name)) + padded(name) + struct.pack("<I", value)


def embedded(data):
    interface = uuid.UUID("00020307-0000-0000-c000-000000000046").bytes_le
    return variable(0x3701 << 16 | 0x0D, interface + data)


def properties(*list_):
    return struct.pack("<I", len(list_)) + b"".join(list_)


def stream(*attributes):
    return struct.pack("<IH", 0x223E9F78, 0x1234) + b"".join(attributes)


def head(subject, message_class=b"IPM.Microsoft Mail.Note\0"):
    return [
        attribute(MESSAGE, 0x00089006, struct.pack("<I", 0x10000)),
        attribute(MESSAGE, 0x00069007, struct.pack("<II", 1252, 0)),
        attribute(MESSAGE, 0x00078008, message_class),
        attribute(MESSAGE, 0x00018004, subject.encode("windows-1252") + b"\0"),
        attribute(MESSAGE, 0x00038005, struct.pack("<7H", 2026, 3, 3, 9, 15, 0, 2)),
    ]


def rendering():
    return attribute(ATTACHMENT, 0x00069002, struct.pack("<HIHHI", 1, 0xFFFFFFFF, 0, 0, 0))


inner = stream(
    *head("The first list"),
    attribute(MESSAGE, 0x00069003, properties(text16(0x1000, "Crate 17 stays.\r\n"), text8(0x0042, "Jo"), text8(0x0065, "jo@example.net"))),
    rendering(),
    attribute(ATTACHMENT, 0x00018010, b"crates.csv\0"),
    attribute(ATTACHMENT, 0x0006800F, b"crate,place\r\n17,pier\r\n"),
)
rich = b"{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Arial;}}\\pard The b\\'e4ckerei is closed. The boat comes at four, at four, at four.\\par}\r\n"
rows = [
    properties(number(0x0C15, 1), text8(0x3001, "Kim, at the harbour"), text8(0x39FE, "kim@example.net")),
    properties(number(0x0C15, 2), text8(0x3001, "Jo"), text8(0x3003, "jo@example.net")),
]
whole = stream(
    *head("Delivery at the Bäckerei"),
    attribute(MESSAGE, 0x00069004, struct.pack("<I", len(rows)) + b"".join(rows)),
    attribute(
        MESSAGE,
        0x00069003,
        properties(
            text8(0x001A, "IPM.Note"),
            text16(0x0037, "Delivery at the Bäckerei, ⚓"),
            text8(0x0042, "Robin Månsson"),
            text8(0x0065, "robin@example.org"),
            moment(0x0039, 1772525700),
            named("Keywords", 7),
            struct.pack("<III", 0x10901003, 2, 1) + struct.pack("<I", 2),
            binary(0x1009, compress(rich, compressed=True)),
            binary(0x1013, b"<html><body>The boat comes at four.</body></html>\r\n"),
            text8(0x1035, "<first@example.org>"),
        ),
    ),
    rendering(),
    attribute(ATTACHMENT, 0x0006800F, bytes((i * 7 + i // 251) % 256 for i in range(3000))),
    attribute(ATTACHMENT, 0x00018010, b"TABLE~1.BIN\0"),
    attribute(
        ATTACHMENT,
        0x00069005,
        properties(text16(0x3707, "table of cräte 17.bin"), text8(0x3704, "TABLE~1.BIN"), text8(0x370E, "application/x-table"), moment(0x3008, 1772438400)),
    ),
    rendering(),
    attribute(ATTACHMENT, 0x00018010, b"The first list\0"),
    attribute(ATTACHMENT, 0x00069005, properties(number(0x3705, 5), text8(0x3001, "The first list"), embedded(inner))),
)

home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
with open(sys.argv[1] if len(sys.argv) > 1 else home + "/plugins/TNEF/Samples/winmail.dat", "wb") as file:
    file.write(whole)
