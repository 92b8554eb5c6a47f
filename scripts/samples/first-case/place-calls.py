#!/usr/bin/env python3
"""Places the calls of the first case with baresip, and writes down what both user agents said of them.

Usage: place-calls.py WORK SPEECH EVENTS
Each party is a baresip of its own in its own network namespace, told what to do over its control port (ctrl_tcp).
What a baresip would take from a microphone comes from SPEECH/<call>-<party>.wav. Every event that a baresip
reports goes to EVENTS, one JSON object a line. Needs root, because it opens sockets in other namespaces.
"""

import ctypes
import json
import pathlib
import socket
import subprocess
import sys
import time

WORK = pathlib.Path(sys.argv[1])
SPEECH = pathlib.Path(sys.argv[2])
EVENTS = pathlib.Path(sys.argv[3])

CLONE_NEWNET = 0x40000000
PARTIES = {
    "robin": ("exhibit-phone", "192.0.2.10", '"Robin Alder" <sip:robin@alder.example;transport=udp>'),
    "kim": ("exhibit-kim", "203.0.113.30", '"Kim Birch" <sip:kim@birch.example;transport=udp>'),
    "jo": ("exhibit-jo", "203.0.113.42", '"Jo Cedar" <sip:jo@cedar.example;transport=udp>'),
}
CONFIGURATION = """
poll_method epoll
sip_listen {address}:5060
call_local_timeout 60
call_max_calls 2
audio_source aufile,{speech}
audio_player aubridge,loudspeaker
audio_alert aubridge,bell
ausrc_srate 8000
auplay_srate 8000
jitter_buffer_delay 2-4
rtp_ports 10000-20000
module_path /usr/lib/baresip/modules
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:4444
snd_path {heard}
ringback_disabled yes
statmode_default off
"""


def connect_in_namespace(namespace, address):
    """Opens a TCP connection inside a network namespace, trying for five seconds."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as home, open(f"/run/netns/{namespace}") as there:
        for _ in range(50):
            if libc.setns(there.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")
            try:
                return socket.create_connection(address, timeout=5)
            except ConnectionRefusedError:
                time.sleep(0.1)
            finally:
                libc.setns(home.fileno(), CLONE_NEWNET)
    raise TimeoutError(f"no answer from {namespace}")


class UserAgent:
    """One running baresip."""

    def __init__(self, call, party, codecs):
        namespace, address, identity = PARTIES[party]
        self.party = party
        self.call = call
        home = WORK / f"{call}-{party}"
        heard = home / "heard"
        heard.mkdir(parents=True)
        speech = SPEECH / f"{call}-{party}.wav"
        (home / "config").write_text(CONFIGURATION.format(address=address, speech=speech, heard=heard))
        (home / "accounts").write_text(f"{identity};regint=0;answermode=manual;audio_codecs={codecs}\n")
        (home / "contacts").write_text("")
        self.log = open(home / "log.txt", "wb")
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", namespace, "baresip", "-4", "-f", str(home)],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        self.control = connect_in_namespace(namespace, ("127.0.0.1", 4444))
        self.pending = b""

    def tell(self, command, parameters=""):
        message = json.dumps({"command": command, "params": parameters, "token": command}).encode()
        self.control.sendall(b"%d:%s," % (len(message), message))

    def messages(self, seconds):
        """Yields every message that arrives within so many seconds."""
        end = time.monotonic() + seconds
        while True:
            while b":" in self.pending:
                length, rest = self.pending.split(b":", 1)
                size = int(length)
                if len(rest) <= size:
                    break
                self.pending = rest[size + 1:]
                yield json.loads(rest[:size])
            left = end - time.monotonic()
            if left <= 0:
                return
            self.control.settimeout(left)
            try:
                received = self.control.recv(65536)
            except TimeoutError:
                return
            if not received:
                return
            self.pending += received

    def wait_for(self, kind, seconds=10):
        for message in self.messages(seconds):
            self.note(message)
            if message.get("type") == kind:
                return message
        raise TimeoutError(f"{self.party}: no {kind}")

    def note(self, message):
        if not message.get("event"):
            return
        with open(EVENTS, "a", encoding="utf-8") as events:
            entry = {"call": self.call, "party": self.party, **message}
            events.write(json.dumps(entry, ensure_ascii=False, sort_keys=True) + "\n")

    def stop(self):
        for message in self.messages(0.5):
            self.note(message)
        self.tell("quit")
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            self.process.wait()
        self.control.close()
        self.log.close()


def call(number, caller, callee, codecs, story):
    agents = []
    try:
        for party in (caller, callee):
            agents.append(UserAgent(f"call-{number}", party, codecs[party]))
        time.sleep(0.5)
        address = PARTIES[callee][1] if callee == "robin" else callee + "@" + {"kim": "birch", "jo": "cedar"}[callee] + ".example"
        agents[0].tell("dial", "sip:robin@" + address if callee == "robin" else "sip:" + address)
        agents[1].wait_for("CALL_INCOMING")
        story(*agents)
    finally:
        for agent in agents:
            agent.stop()
    time.sleep(1)


def seconds_of(call_number, party):
    """Length of the speech of a party, which make-samples wrote beside the WAV file."""
    return float((SPEECH / f"call-{call_number}-{party}.seconds").read_text())


def answered_then_ended(number, who_ends):
    def story(caller, callee):
        caller.wait_for("CALL_RINGING")
        time.sleep(2)
        callee.tell("accept")
        caller.wait_for("CALL_ESTABLISHED")
        callee.wait_for("CALL_ESTABLISHED")
        time.sleep(max(seconds_of(number, caller.party), seconds_of(number, callee.party)) + 0.4)
        ends, other = (caller, callee) if who_ends == "caller" else (callee, caller)
        ends.tell("hangup")
        other.wait_for("CALL_CLOSED")
    return story


def cancelled(caller, callee):
    caller.wait_for("CALL_RINGING")
    time.sleep(2)
    caller.tell("hangup")
    callee.wait_for("CALL_CLOSED")


def rejected(caller, callee):
    caller.wait_for("CALL_RINGING")
    time.sleep(1.5)
    callee.tell("hangup")
    caller.wait_for("CALL_CLOSED")


BOTH = "PCMU/8000/1,PCMA/8000/1"
EVENTS.write_text("")
call(1, "robin", "kim", {"robin": BOTH, "kim": "PCMA/8000/1"}, answered_then_ended(1, "callee"))
call(2, "kim", "robin", {"kim": BOTH, "robin": "PCMU/8000/1"}, answered_then_ended(2, "callee"))
call(3, "robin", "jo", {"robin": BOTH, "jo": BOTH}, cancelled)
call(4, "robin", "jo", {"robin": BOTH, "jo": BOTH}, rejected)
