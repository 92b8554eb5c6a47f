#!/usr/bin/env python3
"""Checks a bundle as docs/format.md describes it, without any code of exhibit: scripts/verify-bundle.py BUNDLE [--trust PEM]

PEM holds certificates of the authorities that you rely on; without it nobody is untrusted or expired. Each complaint is a line that
begins with broken, unsigned, expired or untrusted, and makes the exit status 1. What the records and the account say is not judged,
nor revocation lists. Needs openssl 3 in the path; writes nothing into the bundle.
"""
import base64
import calendar
import hashlib
import hmac
import json
import mmap
import os
import re
import ssl
import subprocess
import sys
import tempfile
import time

NAME = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]*/)*[A-Za-z0-9_][A-Za-z0-9._-]*")
FIRST = re.compile(r"seal/seal\.txt(\.01\.p7s|\.tsq|\.tsr)?|renewal/[0-9]{3}/list-sha512\.txt\.ts[qr]")
SEAL = re.compile(r"# evidence seal v1 (\S+)\n# items-root rfc9162-sha256 (\d+) ([0-9a-f]{64})\n# custody-head ([1-9]\d*) ([0-9a-f]{64})\n"
                  r"(?:# authority [!-~]+(?: expired [!-~]+)?\n)?((?:[0-9a-f]{64}  \S+\n){5})", re.ASCII)
PCAP = {b"\xa1\xb2\xc3\xd4": "big", b"\xa1\xb2\x3c\x4d": "big", b"\xd4\xc3\xb2\xa1": "little", b"\x4d\x3c\xb2\xa1": "little"}
PCAPNG = {b"\x1a\x2b\x3c\x4d": "big", b"\x4d\x3c\x2b\x1a": "little"}
END = "-----END CERTIFICATE-----\n"
complaints = []


def complain(word, about):
    complaints.append(word)
    print(f"{word}: {ascii(about)[1:-1]}")


def need(condition, words):
    if not condition:
        raise ValueError(words)


def read(path, limit=1 << 24):
    need(os.path.getsize(path) <= limit, f"{path} has more than {limit} bytes")
    with open(path, "rb") as file:
        return file.read()


def content(path):
    with open(path, "rb") as file:
        return mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) if os.path.getsize(path) else b""


def digest(path, algorithm="sha256"):
    return hashlib.new(algorithm, content(path)).hexdigest()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def document(text):
    """Reads canonical form: no floats, no null, ASCII names, integers below 2^53, and no second way to write the same."""
    def whole(digits):
        need(abs(int(digits)) < 1 << 53, "a number is too large")
        return int(digits)

    def named(pairs):
        need(all(name.isascii() and value is not None for name, value in pairs), "a name is not ASCII, or a value is null")
        return dict(pairs)

    value = json.loads(text, parse_int=whole, parse_float=whole, parse_constant=whole, object_pairs_hook=named)
    need(canonical(value) == text, "it is not in canonical form")
    return value


def wave(data):
    """Where the samples of a WAV file begin, and how many bytes a second has."""
    data, place, rate = data[:65536], 12, 0
    while data[:4] == b"RIFF" and data[8:12] == b"WAVE" and place + 8 <= len(data):
        if data[place:place + 4] == b"data":
            return (place + 8, rate) if rate else None
        if data[place:place + 4] == b"fmt ":
            rate = int.from_bytes(data[place + 16:place + 20], "little")
        length = int.from_bytes(data[place + 4:place + 8], "little")
        place += 8 + length + length % 2
    return None


def chunks(path, data):
    """The scheme by which a file is cut, and its chunks; where a length cannot be or is too long, the rest is one chunk."""
    def cut(length, place=0):
        while place < len(data):
            wanted = length(place)
            end = place + wanted if 0 < wanted <= len(data) - place else len(data)
            yield data[place:end]
            place = end

    def block(place):
        if data[place:place + 4] == b"\n\r\r\n":
            order[0] = PCAPNG.get(data[place + 8:place + 12])
        length = int.from_bytes(data[place + 4:place + 8], order[0]) if order[0] else 0
        return length if length >= 12 else 0

    order = [PCAP.get(data[:4])]
    if path.endswith(".ndjson"):
        return "line", cut(lambda place: data.find(b"\n", place) + 1 - place)
    if order[0]:
        return "pcap-record", cut(lambda place: 16 + int.from_bytes(data[place + 8:place + 12], order[0]) if place else 24)
    if data[:4] == b"\n\r\r\n":
        return "pcapng-block", cut(block)
    sound = wave(data)
    return ("wav-1s", cut(lambda place: sound[1] if place else sound[0])) if sound else (None, ())


def merkle(leaves):
    """The tree hash of RFC 9162, 2.1.1 over leaf hashes, and their number."""
    stack, count = [], 0
    for count, leaf in enumerate(leaves, 1):
        stack.append(leaf)
        for _ in range((count & -count).bit_length() - 1):  # as many whole trees end with this leaf
            stack[-2:] = [hashlib.sha256(b"\1" + stack[-2] + stack[-1]).digest()]
    while len(stack) > 1:
        stack[-2:] = [hashlib.sha256(b"\1" + stack[-2] + stack[-1]).digest()]
    return (stack[0] if stack else hashlib.sha256().digest()), count


def item(number, path, secret):
    """The line of meta/items.ndjson for a payload file, made from its bytes and the secret."""
    def salt(key, *parts):
        return hmac.digest(key, b"\0".join(part.encode() for part in parts), "sha256")

    def code(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    name, data = f"I{number:06}", content(path)
    fields = {"path": path, "size": len(data), "sha256": digest(path), "sha512": digest(path, "sha512")}
    hidden = [canonical([code(salt(secret, "field", name, field)[:16]), field, value]) for field, value in fields.items()]
    entry = {"_sd": sorted(code(hashlib.sha256(code(text).encode()).digest()) for text in hidden), "_sd_alg": "sha-256", "id": name,
             "role": {"originals": "original", "artefacts": "artefact", "records": "records", "ledger.json": "account"}[path.split("/")[1]]}
    scheme, pieces = chunks(path, data)
    if scheme:
        key = salt(secret, "chunks", name)
        root, count = merkle(hashlib.sha256(b"\0" + hmac.digest(key, place.to_bytes(8, "big"), "sha256") + piece).digest()
                             for place, piece in enumerate(pieces))
        entry["chunks"] = {"alg": "rfc9162-sha256", "n": count, "root": root.hex(), "scheme": scheme}
    return canonical(entry)


class Bundle:
    def __init__(self, trusted):
        self.trusted, self.files, self.there, self.events, self.finish, self.head = trusted, [], set(), [], 0, 0
        self.now, self.proofs, self.sealed_at = int(time.time()), [], None
        self.sealed = os.path.lexists("seal/seal.txt")

    def check_files(self):
        folders = [""]
        for folder in folders:
            for entry in os.scandir(folder or "."):
                path = folder + entry.name
                need(NAME.fullmatch(path) and len(path) <= 1024, f"the name {path} is not permitted")
                need(entry.is_dir(follow_symlinks=False) or entry.is_file(follow_symlinks=False), f"{path} is no plain file")
                if entry.is_dir():
                    need(folder != "custody/" and path.count("/") < 15, f"the directory {path} is not permitted")
                    folders.append(path + "/")
                else:
                    self.files.append(path)
        self.files.sort()
        self.there = set(self.files)
        need(read("bagit.txt") == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n", "bagit.txt differs")

    def listed(self, path, algorithm):
        """Path and hash of each line of a list; all files are compared with it."""
        width = hashlib.new(algorithm).digest_size * 2
        text = read(path, 1 << 30).decode("ascii")
        lines = re.findall(rf"([0-9a-f]{{{width}}})  (.+)\n", text)
        paths = [name for _, name in lines]
        need("".join(f"{value}  {name}\n" for value, name in lines) == text and paths == sorted(set(paths)), f"{path} is no list")
        for value, name in lines:  # nothing but the bundle's own files is read
            if name not in self.there or digest(name, algorithm) != value:
                complain("broken", f"{name} is not what {path} says")
        return paths

    def check_lists(self):
        payload = [path for path in self.files if path.startswith("data/")]
        apart = ("data/", "custody/", "seal/", "renewal/", "tagmanifest-sha")
        tags = [path for path in self.files if not path.startswith(apart)]
        algorithms = ["sha256", "sha512"] if self.sealed else ["sha256"]
        for algorithm in algorithms:
            need(self.listed(f"manifest-{algorithm}.txt", algorithm) == payload, f"data/ and manifest-{algorithm}.txt differ")
            names = self.listed(f"tagmanifest-{algorithm}.txt", algorithm)
            early = [path for path in self.files if path.startswith("custody/") and int(path[8:14]) <= self.finish]
            need(names == sorted(tags + early), f"the tag files, the events up to finish and tagmanifest-{algorithm}.txt differ")
        there = {path for path in self.files if re.fullmatch(r"(tag)?manifest-.*\.txt", path)}
        need(there == {f"{kind}-{algorithm}.txt" for algorithm in algorithms for kind in ("manifest", "tagmanifest")},
             "there are other lists than there must be")
        oxum = re.findall(r"^Payload-Oxum: (.*)$", read("bag-info.txt").decode(), re.MULTILINE)
        need(oxum == [f"{sum(os.path.getsize(path) for path in payload)}.{len(payload)}"], "the Payload-Oxum differs")

    def check_chain(self):
        names = [path for path in self.files if re.fullmatch(r"custody/[0-9]{6}\.json", path)]
        need(0 < len(names) <= 100_000, "there are no events, or too many")
        signatures = {path + ".p7s" for path in names}
        need({path for path in self.files if path.startswith("custody/")} - set(names) <= signatures, "something in custody/ is no event")
        former = {"sha256": "0" * 64, "sha512": "0" * 128}
        for number, path in enumerate(names, 1):
            need(path == f"custody/{number:06}.json", f"an event is missing before {path}")
            text = read(path)
            event = document(text)
            need(canonical([event["v"], event["seq"]]) == canonical([1, number]), f"{path} is of another version or number")
            need({**former, **event["prev"]} == former and "sha256" in event["prev"], f"{path} does not name the event before it")
            need(event["bundle"] == (self.events or [event])[0]["bundle"], f"{path} is of another bundle")
            former = {algorithm: hashlib.new(algorithm, text).hexdigest() for algorithm in former}
            self.events.append(event)
        self.finish = max((event["seq"] for event in self.events if event["type"] == "finish"), default=0)
        need(self.finish, "the run did not end")
        ended = self.events[self.finish - 1]
        need(ended["complete"] is True, "the run was not complete")
        need({"path": "manifest-sha256.txt", "sha256": digest("manifest-sha256.txt")} in ended["outputs"],
             "the finish event names another manifest")

    def check_seal(self):
        sealed = [event["seq"] for event in self.events if event["type"] == "seal" and event["exit"] == 0]
        beside = [path for path in self.files if path.startswith(("seal/", "renewal/"))]
        if not self.sealed:
            return need(not sealed and not beside, "it was sealed, and there is no seal")
        seal = SEAL.fullmatch(read("seal/seal.txt").decode("ascii"))
        need(seal, "seal/seal.txt is not of the form")
        urn, count, root, head, value, _ = seal.groups()
        self.head = int(head)
        event = f"custody/{self.head:06}.json"
        names = [event, event + ".p7s", "meta/items.checkpoint", "tagmanifest-sha256.txt", "tagmanifest-sha512.txt"]
        need(seal[6] == "".join(f"{digest(name)}  {name}\n" for name in names), "one of the five files is not what was sealed")
        need(urn == self.events[0]["bundle"] and [self.head] == sealed[:1] and value == digest(event), "the seal is of another event")
        items = {"alg": "rfc9162-sha256", "n": int(count), "root": root}
        need(self.events[self.head - 1]["items"] == items, "the seal and its event name another tree of items")
        self.check_beside(beside)
        secret = document(read("meta/items-secret.json"))
        need(secret.pop("algorithm") == "hmac-sha256" and secret.pop("version") == 1, "meta/items-secret.json is of another form")
        secret = bytes.fromhex(secret["secret"])
        payload = [path for path in self.files if path.startswith("data/")]
        lines = [item(number, path, secret) for number, path in enumerate(payload, 1)]
        need(b"".join(line + b"\n" for line in lines) == read("meta/items.ndjson", 1 << 32), "meta/items.ndjson is not what the payload gives")
        found = merkle(hashlib.sha256(b"\0" + line).digest() for line in lines)
        need((root, int(count)) == (found[0].hex(), found[1]), "the tree of items is not what was sealed")
        checkpoint = f"{urn}/items\n{count}\n{base64.b64encode(found[0]).decode()}\n"
        need(read("meta/items.checkpoint") == checkpoint.encode(), "meta/items.checkpoint differs")

    def check_beside(self, beside):
        named = [(output["path"], output["sha256"]) for event in self.events for output in event.get("outputs", []) if "path" in output]
        for path, value in named:
            if path.startswith(("seal/", "renewal/")) and (path not in self.there or digest(path) != value):
                complain("broken", f"{path} is not what an event says")
        for path in set(beside) - {path for path, _ in named}:
            if not FIRST.fullmatch(path):
                complain("broken", f"{path} is named by no event")

    def stamp(self, text, at):
        """The earliest time at which an authority saw a text; its time-stamps are judged at `at`."""
        times, words = [], []
        for answer in [text + ".tsr"] + [f"{text}.{number:02}.tsr" for number in range(2, 100)]:
            if answer in self.there and self.trusted:
                said = openssl("ts", "-verify", "-data", text, "-in", answer, "-CAfile", self.trusted, "-attime", str(at))
                words.append((why(said), f"{answer} is over something else, or not by an authority whom you trust"))
                if not said:
                    shown = openssl("ts", "-reply", "-in", answer, "-text", output=True)
                    moment = re.search(r"^Time stamp: (\w+ +\d+ \d+:\d+:\d+)[.\d]* (\d+) GMT$", shown, re.MULTILINE)
                    times.append(calendar.timegm(time.strptime(" ".join(moment.groups()), "%b %d %H:%M:%S %Y")))
        for word, about in words:
            if word == "broken" or word != "valid" and not times:
                complain(word, about)
        return min(times, default=None)

    def check_stamps(self):
        at = self.now
        for text in sorted((path for path in self.files if re.fullmatch("renewal/[0-9]{3}/list-sha512.txt", path)), reverse=True):
            names = self.listed(text, "sha512")
            need({"seal/seal.txt", "tagmanifest-sha512.txt"} <= set(names), f"{text} does not list the seal")
            proved = self.stamp(text, at)
            if proved is not None:
                at = proved
                self.proofs.append((proved, set(names)))
        if self.sealed:
            self.sealed_at = self.stamp("seal/seal.txt", at)

    def check_signature(self, signature, text, certificate, at):
        """A signature over a text by the one with that certificate (None: anybody), judged at a time."""
        if signature not in self.there:
            return complain("unsigned", f"{signature} is not there")
        command = ["cms", "-verify", "-binary", "-inform", "DER", "-in", signature, "-out", os.devnull]
        with tempfile.NamedTemporaryFile("rb") as file:
            fits = not openssl(*command, "-content", text, "-noverify", "-signer", file.name) and openssl(*command, "-noverify")
            signers = [hashlib.sha256(ssl.PEM_cert_to_DER_cert(END.join([pem, ""]))).hexdigest()
                       for pem in file.read().decode().split(END)[:-1]]
        if not fits:  # or holds content of its own
            return complain("broken", f"{signature} does not fit")
        if certificate and certificate not in signers:
            complain("broken", f"{signature} is not by the signer whom the event names")
        if self.trusted:
            said = openssl(*command, "-content", text, "-cades", "-CAfile", self.trusted, "-no-CApath", "-no-CAstore", "-attime", str(at))
            if said:
                complain(why(said), f"{signature} {said.split('Verify error:')[-1].strip()}")

    def check_signatures(self):
        def proven(path):
            return next((when for when, names in reversed(self.proofs) if path in names), self.now)

        for event in self.events:
            path = f"custody/{event['seq']:06}.json"
            early = self.sealed_at is not None and event["seq"] <= self.head
            at = self.sealed_at if early else proven(path + ".p7s")
            if "cert" in event.get("actor", {}):
                self.check_signature(path + ".p7s", path, event["actor"]["cert"], at)
            elif path + ".p7s" in self.there:
                complain("broken", f"{path} names no signer and has a signature")
        if self.sealed:
            text = "seal/seal.txt"
            first = text + ".01.p7s"
            at = proven(first) if self.sealed_at is None else self.sealed_at
            self.check_signature(first, text, self.events[self.head - 1]["actor"]["cert"], at)
            for path in self.files:
                if re.fullmatch(r"seal/seal\.txt\.[0-9]{2}\.p7s", path) and path != first:
                    self.check_signature(path, text, None, proven(path))


def openssl(*arguments, output=False):
    """Runs openssl; what it complains of, empty when all is well; or with `output` what it prints."""
    done = subprocess.run(["openssl", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=60)
    return done.stdout if output else done.returncode and (done.stderr or "failed")


def why(said):
    """The word for what openssl says of a signature or time-stamp."""
    if not said:
        return "valid"
    if "certificate has expired" in said or "not yet valid" in said:
        return "expired"
    return "untrusted" if "certificate verify error" in said else "broken"


def main(bundle, trusted=None):
    trusted = trusted and os.path.abspath(trusted)
    os.chdir(bundle)
    bundle = Bundle(trusted)
    for check in (bundle.check_files, bundle.check_chain, bundle.check_lists,
                  bundle.check_seal, bundle.check_stamps, bundle.check_signatures):
        try:
            check()
        except (ValueError, LookupError, TypeError, AttributeError, OSError, RecursionError, subprocess.SubprocessError) as error:
            complain("broken", f"{check.__name__}: {error}")
            if check == bundle.check_files:
                break  # what is no plain file may have no end
    return 1 if complaints else 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 4) or len(sys.argv) == 4 and sys.argv[2] != "--trust":
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], *sys.argv[3:]))
