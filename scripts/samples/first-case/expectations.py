#!/usr/bin/env python3
"""Writes the expected facts of the first case from what its programs left behind, and checks the capture against them.

Usage: expectations.py write WORK    WORK/expected/*.json from the logs and files of a run of scripts/make-samples
       expectations.py check CASE    CASE/input/*.pcapng against CASE/expected/*.json, with tshark and capinfos

The facts come from the programs that talked (curl, nginx, the disk, dig, baresip). Only what no talking program counts,
the packets, comes from capinfos and tshark. The check asks tshark alone. The last line of a check is 'N passed, N failed'.
"""

import array
import hashlib
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile
from urllib.parse import urlsplit


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def file_facts(path):
    content = path.read_bytes()
    return {"size": len(content), "sha256": sha256(content)}


def without_nothing(value):
    """The value without the names that stand for nothing."""
    if isinstance(value, dict):
        return {name: without_nothing(entry) for name, entry in value.items() if entry is not None}
    return [without_nothing(entry) for entry in value] if isinstance(value, list) else value


def write_json(path, value):
    value = without_nothing(value)
    path.write_text(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def fields(capture, display_filter, *names):
    """What tshark says of the packets that a display filter lets through, one list of columns a packet."""
    arguments = [argument for name in names for argument in ("-e", name)]
    text = run("tshark", "-n", "-r", capture, "-Y", display_filter, "-T", "fields", "-E", "separator=/t", *arguments)
    return [line.split("\t") for line in text.decode().splitlines()]


# --- captures ---------------------------------------------------------------------------------------------------------


def capture_facts(path):
    text = run("capinfos", "-M", "-S", "-c", "-d", "-a", "-e", path).decode()
    found = dict(re.findall(r"^(Number of packets|Data size|First packet time|Last packet time):\s+(\S+)", text, re.M))
    return {
        "packets": int(found["Number of packets"]),
        "packetBytes": int(found["Data size"]),
        "firstPacketTime": found["First packet time"],
        "lastPacketTime": found["Last packet time"],
        **file_facts(path),
    }


def captures(case):
    return {path.name: capture_facts(path) for path in sorted((case / "input").glob("*.pcapng"))}


# --- web --------------------------------------------------------------------------------------------------------------

# What lies on a disk after each transfer: (file as the receiver has it, the sender's own file, or None).
WEB_FILES = {
    "/manifest.html": ("got/manifest.html", "site/manifest.html"),
    "/photo/crate-17.jpg": ("got/crate-17.jpg", "site/photo/crate-17.jpg"),
    "/photo/berth-17.png": ("got/berth-17.png", "site/photo/berth-17.png"),
    "/papers.zip": ("got/papers.zip", "site/papers.zip"),
    "/export/crates.csv": ("got/crates.csv", "crates.csv"),
    "/upload": ("got/answer.txt", None),
    "/photo/crate-18.jpg": ("got/missing.html", None),
}


def transfers(work):
    """The client's account (curl) joined with the server's (nginx), in the order of the requests."""
    server = []
    for line in (work / "web-server.tsv").read_text().splitlines():
        _, method, host, path, status, _, address, port, media, encoding, transfer = line.split("\t")
        server.append((method, host, path, int(status), address, int(port), media, encoding, transfer))
    result = []
    lines = (work / "transfers.ndjson").read_text().splitlines()
    assert len(lines) == len(server), (len(lines), len(server))
    for line, (method, host, path, status, address, port, media, encoding, transfer) in zip(lines, server):
        entry = json.loads(line)
        curl = entry["curl"]
        assert (curl["http_code"], curl["method"], urlsplit(curl["url_effective"]).path) == (status, method, path), line
        fact = {
            "method": method, "url": curl["url_effective"], "status": status,
            "client": f"[{address}]:{port}" if ":" in address else f"{address}:{port}",
            "server": f"[{curl['remote_ip']}]:{curl['remote_port']}" if ":" in curl["remote_ip"]
                      else f"{curl['remote_ip']}:{curl['remote_port']}",
            "contentType": curl["content_type"],
            "contentEncoding": None if encoding == "-" else encoding,
            "transferEncoding": None if transfer == "-" else transfer,
            "bodyBytesOnTheWire": curl["size_download"],
            "responseBody": None,
        }
        if method != "HEAD" and status != 304:
            received, sent = WEB_FILES[path]
            if entry["run"] == "six":
                received = "got/manifest-six.html"
            fact["responseBody"] = {"name": path.rsplit("/", 1)[1], **file_facts(work / received)}
            if sent:
                assert file_facts(work / sent) == file_facts(work / received), path
                fact["responseBody"]["sameAsOnServer"] = True
        if method == "POST":
            fact["uploaded"] = uploads(work)
            fact["requestBodyBytes"] = curl["size_upload"]
        result.append(fact)
    return result


def uploads(work):
    """What the web application kept of the form, compared with what lay on the laptop."""
    originals = {"note.txt": "desk/note.txt", "receipt.png": "desk/receipt.png"}
    result = []
    for line in (work / "uploads/received/received.tsv").read_text().splitlines():
        kept, media, _ = line.split("\t")
        facts = file_facts(work / "uploads/received" / kept)
        name = kept.split("-", 1)[1]
        if name in originals:
            assert facts == file_facts(work / originals[name]), name
            result.append({"field": name.split(".")[0], "fileName": name, "contentType": media, **facts})
        else:
            result.append({"field": name.removeprefix("field-"), "fileName": None, "contentType": None, **facts})
    return result


# --- names ------------------------------------------------------------------------------------------------------------


def names(work):
    """The answers that dig printed, one entry for each run of dig."""
    result = []
    for block in (work / "expected/dig.txt").read_text().split("=== ")[1:]:
        asked = re.search(r"^;(\S+)\s+IN\s+(\S+)$", block, re.M)
        status = re.search(r"status: (\w+), id: (\d+)", block)
        server = re.search(r"^;; SERVER: (\S+)#53\((?:\S+)\) \((\w+)\)", block, re.M)
        answers = []
        for line in re.findall(r"^[^;\s].*\sIN\s.*$", block.split("ANSWER SECTION:")[1].split("\n\n")[0], re.M) \
                if "ANSWER SECTION:" in block else []:
            name, ttl, _, kind, value = line.split(None, 4)
            answers.append({"name": name, "ttl": int(ttl), "type": kind, "value": value})
        result.append({
            "command": "dig " + block.splitlines()[0], "name": asked[1], "type": asked[2], "status": status[1],
            "messageID": int(status[2]), "server": server[1], "transport": server[2],
            "askedAgainOverTCP": "Truncated, retrying in TCP mode" in block, "answers": answers,
        })
    return result


# --- calls ------------------------------------------------------------------------------------------------------------

PARTY_ADDRESS = {"robin": "192.0.2.10", "kim": "203.0.113.30", "jo": "203.0.113.42"}
CODECS = {"g711U": "PCMU", "g711A": "PCMA"}


def rtp_streams(capture):
    """The table of `tshark -z rtp,streams`, and the payload of each stream in the order of arrival."""
    table = run("tshark", "-n", "-q", "-r", capture, "-z", "rtp,streams").decode()
    pattern = r"^\s*([\d.]+)\s+([\d.]+)\s+(\S+)\s+(\d+)\s+(\S+)\s+(\d+)\s+0x([0-9A-F]+)\s+(\S+)\s+(\d+)\s+(-?\d+) \("
    payloads = {}
    for ssrc, source, payload in fields(capture, "rtp", "rtp.ssrc", "ip.src", "rtp.payload"):
        payloads.setdefault((int(ssrc, 16), source), bytearray()).extend(bytes.fromhex(payload.replace(":", "")))
    result = []
    for row in re.findall(pattern, table, re.M):
        _, _, source, source_port, destination, destination_port, ssrc, codec, packets, lost = row
        payload = bytes(payloads[int(ssrc, 16), source])
        result.append({
            "source": f"{source}:{source_port}", "destination": f"{destination}:{destination_port}",
            "ssrc": "0x" + ssrc.lower(), "codec": CODECS[codec], "packets": int(packets), "lost": int(lost),
            "payloadBytes": len(payload), "payloadSHA256": sha256(payload), "payload": payload,
        })
    return result


def sip_messages(capture, call_id):
    """The SIP messages of one call as tshark sees them: packet number, and method or status."""
    rows = fields(capture, f'sip.Call-ID == "{call_id}"', "frame.number", "sip.Method", "sip.Status-Code", "sip.CSeq.method")
    return [{"packet": int(number), "message": method or f"{status} to {cseq}"} for number, method, status, cseq in rows]


def calls(work):
    events = [json.loads(line) for line in (work / "expected/user-agents.ndjson").read_text().splitlines()]
    capture = work / "input/1-calls.pcapng"
    streams = rtp_streams(capture)
    offered = fields(capture, "sip.Method == INVITE", "sip.Call-ID", "frame.number")
    result = []
    for number, (call_id, _) in enumerate(offered, 1):
        mine = [event for event in events if event["call"] == f"call-{number}"]
        incoming = next(event for event in mine if event["type"] == "CALL_INCOMING")
        callee = incoming["party"]
        caller = next(event["party"] for event in mine if event["party"] != callee)
        established = any(event["type"] == "CALL_ESTABLISHED" for event in mine)
        closed = {event["party"]: event.get("param", "") for event in mine if event["type"] == "CALL_CLOSED"}
        messages = sip_messages(capture, call_id)
        kinds = [message["message"] for message in messages]
        fact = {
            "call": number, "callID": call_id, "callerParty": caller, "calleeParty": callee,
            "caller": incoming["peeruri"], "callee": incoming["accountaor"],
            "outcome": "answered" if established else "cancelled" if "CANCEL" in kinds else "rejected",
            "closedAsReported": closed, "messages": messages, "streams": [],
        }
        if established:
            bye = next(message["packet"] for message in messages if message["message"] == "BYE")
            source = fields(capture, f"frame.number == {bye}", "ip.src")[0][0]
            fact["endedBy"] = next(party for party, address in PARTY_ADDRESS.items() if address == source)
            first = messages[0]["packet"]
            last = messages[-1]["packet"]
            for stream in streams:
                ssrc = int(stream["ssrc"], 16)
                packets = [int(row[0]) for row in fields(capture, f"rtp.ssrc == {ssrc}", "frame.number")]
                if first < packets[0] < last:
                    party = next(p for p, a in PARTY_ADDRESS.items() if stream["source"].startswith(a + ":"))
                    fact["streams"].append({
                        **{key: value for key, value in stream.items() if key != "payload"},
                        "speaker": party, "firstPacket": packets[0], "lastPacket": packets[-1],
                        "samplesSHA256": sha256(samples(stream)),
                        "text": (work / f"expected/speech/call-{number}-{party}.txt").read_text().strip(),
                        "signalToNoiseOfSpeech": f"{signal_to_noise(work, number, party, stream):.1f} dB",
                    })
            fact["codec"] = fact["streams"][0]["codec"]
        result.append(fact)
    return result


def decode(payload, codec):
    """G.711 to samples, by ffmpeg."""
    form = {"PCMA": "alaw", "PCMU": "mulaw"}[codec]
    decoded = subprocess.run(
        ["ffmpeg", "-v", "error", "-f", form, "-ar", "8000", "-i", "pipe:0", "-f", "s16le", "pipe:1"],
        input=payload, check=True, stdout=subprocess.PIPE).stdout
    return array.array("h", decoded)


def samples(stream):
    """What a stream sounds like: 8,000 samples a second of 16 bits, little-endian."""
    decoded = decode(stream["payload"], stream["codec"])
    if sys.byteorder == "big":
        decoded.byteswap()
    return decoded.tobytes()


def signal_to_noise(work, number, party, stream):
    """How much louder the speech is than the difference between what was said and what went over the line, in dB."""
    heard = decode(stream["payload"], stream["codec"])
    wav = (work / f"speech/call-{number}-{party}.wav").read_bytes()
    said = array.array("h", wav[wav.index(b"data") + 8:][:2 * len(heard)])
    signal = sum(value * value for value in said)
    noise = sum((a - b) ** 2 for a, b in zip(said, heard))
    result = 10 * math.log10(signal / max(noise, 1))
    assert result > 25, f"call {number}: the line does not carry what {party} said ({result:.1f} dB)"
    return result


# --- commands ---------------------------------------------------------------------------------------------------------


# What each file of facts measures, when `exhibit validate` compares it with what exhibit finds (docs/validation.md).
MEASURES = {
    "captures.json": ["REQ-ACCOUNT-1", "REQ-CAPTURE-1", "REQ-CAPTURE-2"],
    "transfers.json": ["REQ-HTTP-1", "REQ-HTTP-2"],
    "calls.json": ["REQ-SIP-1", "REQ-SIP-2", "REQ-RTP-1", "REQ-AUDIO-1"],
    "names.json": ["REQ-DNS-1"],
    "name-server.log": ["REQ-DNS-2"],
}


def write(work):
    write_json(work / "expected/requirements.json", {"version": 1, "measures": MEASURES})
    write_json(work / "expected/captures.json", captures(work))
    write_json(work / "expected/transfers.json", transfers(work))
    write_json(work / "expected/names.json", names(work))
    write_json(work / "expected/calls.json", calls(work))


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def equal(self, what, found, expected):
        if found == expected:
            self.passed += 1
        else:
            self.failed += 1
            print(f"failed: {what}\n  found    {found}\n  expected {expected}")


def check(case):
    tally = Tally()
    expected = case / "expected"
    tally.equal("captures", captures(case), read_json(expected / "captures.json"))
    check_web(case / "input/2-web-and-names.pcapng", read_json(expected / "transfers.json"), tally)
    check_names(case / "input/2-web-and-names.pcapng", read_json(expected / "names.json"), tally)
    check_queries(case, tally)
    check_calls(case / "input/1-calls.pcapng", read_json(expected / "calls.json"), tally)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


def check_web(capture, facts, tally):
    with tempfile.TemporaryDirectory() as directory:
        run("tshark", "-n", "-q", "-r", capture, "--export-objects", f"http,{directory}")
        exported = [sha256(path.read_bytes()) for path in pathlib.Path(directory).iterdir()]
    for fact in facts:
        if fact.get("responseBody"):
            tally.equal(f"body of {fact['url']} in the objects tshark exports", fact["responseBody"]["sha256"] in exported, True)
    requests = [tuple(row) for row in fields(capture, "http.request", "http.request.method", "http.request.full_uri")]
    tally.equal("requests", requests, [(fact["method"], fact["url"]) for fact in facts])
    statuses = [int(row[0]) for row in fields(capture, "http.response", "http.response.code")]
    tally.equal("statuses", statuses, [fact["status"] for fact in facts])
    parts = fields(capture, "mime_multipart", "media.type") or [[""]]
    uploaded = next(fact for fact in facts if fact["method"] == "POST")["uploaded"]
    bodies = [row[0] for row in fields(capture, "http.request.method == POST", "http.file_data")]
    tally.equal("one upload", (len(parts), len(bodies)), (1, 1))
    check_uploads(capture, uploaded, tally)


def check_uploads(capture, uploaded, tally):
    """Finds each uploaded file, byte for byte, in the client's half of the TCP stream."""
    stream = fields(capture, "http.request.method == POST", "tcp.stream")[0][0]
    text = run("tshark", "-n", "-q", "-r", capture, "-z", f"follow,tcp,raw,{stream}").decode()
    client = b"".join(bytes.fromhex(line) for line in text.splitlines() if re.fullmatch("[0-9a-f]+", line))
    for part in uploaded:
        found = any(sha256(client[at:at + part["size"]]) == part["sha256"]
                    for at in (match.end() for match in re.finditer(b"\r\n\r\n", client)))
        tally.equal(f"uploaded {part.get('fileName') or part['field']} in the TCP stream", found, True)


def check_names(capture, facts, tally):
    for fact in facts:
        rows = fields(capture, f"dns.id == {fact['messageID']} && dns.flags.response == 1",
                      "dns.qry.name", "dns.flags.rcode", "dns.flags.truncated", "dns.count.answers", "_ws.col.Protocol", "tcp.srcport")
        last = rows[-1]
        code = {"NOERROR": "0", "NXDOMAIN": "3"}[fact["status"]]
        tally.equal(f"answer to {fact['command']}",
                    (last[0] + ".", last[1], int(last[3]), "TCP" if last[5] else "UDP"),
                    (fact["name"], code, len(fact["answers"]), fact["transport"]))


def check_queries(case, tally):
    """Compares every query that the name server logged with every query in the two captures."""
    log = (case / "expected/name-server.log").read_text()
    logged = re.findall(r"query\[(\w+)\] (\S+) from (\S+)", log)
    kinds = {"1": "A", "12": "PTR", "15": "MX", "16": "TXT", "28": "AAAA", "33": "SRV"}
    captured = [(kinds[kind], name, four or six)
                for capture in sorted((case / "input").glob("*.pcapng"))
                for kind, name, four, six in fields(capture, "dns.flags.response == 0",
                                                    "dns.qry.type", "dns.qry.name", "ip.src", "ipv6.src")]
    tally.equal("every query", captured, logged)


def check_calls(capture, facts, tally):
    streams = rtp_streams(capture)
    tally.equal("number of RTP streams", len(streams), sum(len(fact["streams"]) for fact in facts))
    for stream in streams:
        stream["samplesSHA256"] = sha256(samples(stream))
        del stream["payload"]
    for fact in facts:
        tally.equal(f"messages of call {fact['call']}", sip_messages(capture, fact["callID"]), fact["messages"])
        for expected in fact["streams"]:
            found = next((stream for stream in streams if stream["ssrc"] == expected["ssrc"]), None)
            tally.equal(f"stream {expected['ssrc']}", found, {key: expected[key] for key in found or expected})


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("write", "check"):
        sys.exit(__doc__)
    target = pathlib.Path(sys.argv[2])
    sys.exit(write(target) if sys.argv[1] == "write" else check(target))
