#!/usr/bin/env python3
"""Two Chromium call each other by WebRTC without encryption; SIPp carries their session descriptions.

    call.py FOLDER CODING SECONDS [MODE [MORE...]]

CODING is a codec's name in WebRTC (AV1, VP8, VP9, H264), MODE a scalability mode such as L2T1_KEY or `-`. MORE are `audio`, for voice
beside the video that the caller sends, and names of repairs (`rtx red ulpfec`). Each Chromium and each SIPp runs in the network namespace of its party. What both sides counted is written to FOLDER/stats.json.
"""

import json
import os
import select
import subprocess
import sys
import time

folder, coding, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
mode = sys.argv[4] if len(sys.argv) > 4 else "-"
with_audio = "audio" in sys.argv[5:]
REPAIRS = [word for word in ("rtx", "red", "ulpfec") if word in sys.argv[5:]]
# Thousands of bits a second that the called party asks for.
RATE = 110 if mode == "-" else 450
ADDRESSES = {"caller": "192.0.2.10", "called": "192.0.2.20"}

PAGE = """
async function prepare(sends, coding, mode, withAudio, repairs, hue) {
  window.call = new RTCPeerConnection({bundlePolicy: "max-bundle"});
  const microphone = await navigator.mediaDevices.getUserMedia({audio: true});
  if (withAudio) call.addTrack(microphone.getAudioTracks()[0]);
  const canvas = document.createElement("canvas");
  const layers = mode == "-" ? 1 : Number(mode[1]);
  // Chromium makes no layer smaller than 240 by 135.
  canvas.width = layers == 1 ? 160 : 320 * 2 ** (layers - 1);
  canvas.height = canvas.width * 3 / 4;
  const pen = canvas.getContext("2d");
  let count = 0;
  setInterval(() => {
    count += 1;
    pen.fillStyle = `hsl(${hue}, 60%, 40%)`;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.fillStyle = "white";
    pen.font = `${canvas.height / 3}px sans-serif`;
    pen.fillText(String(count), canvas.width * (count % 20) / 40, canvas.height / 2);
    // What is hard to code, so that some frames take several packets.
    for (let spot = 0; spot < 60 && layers == 1 && count % 3 == 0; spot += 1) {
      pen.fillStyle = `hsl(${spot * 47 % 360}, 90%, 50%)`;
      pen.fillRect((spot * 29 + count * 13) % 160, (spot * 17 + count * 7) % 120, 9, 5);
    }
  }, 100);
  const track = canvas.captureStream(10).getVideoTracks()[0];
  const encoding = {maxBitrate: 1000 * RATE, maxFramerate: 10};
  if (mode != "-") encoding.scalabilityMode = mode;
  if (!sends) return;
  const video = call.addTransceiver(track, {direction: "sendonly", sendEncodings: [encoding]});
  const all = RTCRtpReceiver.getCapabilities("video").codecs;
  const named = all.filter(codec => codec.mimeType.toLowerCase() == "video/" + coding.toLowerCase());
  const first = named.filter(codec => !/profile-id=[1-9]|profile=[1-9]/.test(codec.sdpFmtpLine || "")).slice(0, 1);
  const others = all.filter(codec => repairs.includes(codec.mimeType.slice(6).toLowerCase()));
  video.setCodecPreferences(first.concat(others));
}
async function gathered() {
  while (call.iceGatheringState != "complete") await new Promise(done => setTimeout(done, 50));
  return call.localDescription.sdp;
}
async function offer() { await call.setLocalDescription(); return gathered(); }
async function answer(sdp) {
  await call.setRemoteDescription({type: "offer", sdp});
  await call.setLocalDescription();
  return gathered();
}
async function accept(sdp) { await call.setRemoteDescription({type: "answer", sdp}); }
async function stats() { return [...(await call.getStats()).values()].filter(one => /rtp|codec/.test(one.type)); }
"""


class Browser:
    """Chromium with one tab in a network namespace, spoken to in DevTools messages, each ended by a zero byte."""

    def __init__(self, party):
        to_read, self.write_end = os.pipe()
        self.read_end, to_write = os.pipe()

        def wire():
            os.dup2(to_read, 20)
            os.dup2(to_write, 21)
            os.dup2(20, 3)
            os.dup2(21, 4)

        self.process = subprocess.Popen(
            ["ip", "netns", "exec", f"exhibit-web-{party}", "chromium", "--headless", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--mute-audio", "--no-first-run", "--disable-background-networking",
             "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--disable-webrtc-encryption",
             "--disable-features=WebRtcHideLocalIpsWithMdns", "--remote-debugging-pipe",
             f"--user-data-dir={folder}/profile-{party}"] + os.environ.get("CHROMIUM_MORE", "").split(),
            preexec_fn=wire, close_fds=False, stdin=subprocess.DEVNULL,
            stdout=open(f"{folder}/{party}.log", "w"), stderr=subprocess.STDOUT)
        os.close(to_read)
        os.close(to_write)
        self.number = 0
        self.rest = b""
        page = f"{folder}/page.html"
        with open(page, "w") as file:
            file.write("<!doctype html><title>call</title>")
        target = self.call("Target.createTarget", {"url": "file://" + page}, None)["targetId"]
        self.session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True}, None)["sessionId"]
        self.call("Runtime.enable")
        time.sleep(1)
        self.run(PAGE.replace("RATE", str(RATE)))

    def call(self, method, parameters=None, session="own"):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters or {}}
        if session is not None:
            request["sessionId"] = self.session
        os.write(self.write_end, json.dumps(request).encode() + b"\0")
        limit = time.monotonic() + 60
        while True:
            while b"\0" not in self.rest:
                if not select.select([self.read_end], [], [], max(0, limit - time.monotonic()))[0]:
                    raise SystemExit(f"web-calls: chromium does not answer {method}")
                piece = os.read(self.read_end, 1 << 16)
                if not piece:
                    raise SystemExit("web-calls: chromium ended")
                self.rest += piece
            whole, self.rest = self.rest.split(b"\0", 1)
            message = json.loads(whole)
            if message.get("id") == self.number:
                if "error" in message:
                    raise SystemExit(f"web-calls: {message['error']}")
                return message["result"]

    def run(self, words):
        result = self.call("Runtime.evaluate", {"expression": words, "awaitPromise": True, "returnByValue": True})
        if "exceptionDetails" in result:
            raise SystemExit(f"web-calls: {result['exceptionDetails']}")
        return result["result"].get("value")

    def close(self):
        self.process.terminate()
        self.process.wait(30)


def scenario(name, sdp):
    """Writes a scenario of SIPp with a session description in it."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name)) as file:
        text = file.read()
    with open(os.path.join(folder, name), "w") as file:
        file.write(text.replace("SESSION-DESCRIPTION", sdp.replace("\r\n", "\n").rstrip("\n")))


def phone(party, *words):
    return subprocess.Popen(
        ["ip", "netns", "exec", f"exhibit-web-{party}", "sipp", *words, "-sf", f"{folder}/{party}.xml", "-i", ADDRESSES[party],
         "-p", "5060", "-m", "1", "-t", "t1", "-nostdin", "-timeout", "60"],
        stdin=subprocess.DEVNULL, stdout=open(f"{folder}/sipp-{party}.log", "w"), stderr=subprocess.STDOUT, cwd=folder)


caller, called = Browser("caller"), Browser("called")
for browser, sends, hue in ((caller, True, 210), (called, False, 20)):
    browser.run(f"prepare({json.dumps(sends)}, {json.dumps(coding)}, {json.dumps(mode)}, {json.dumps(with_audio)},"
                f" {json.dumps(REPAIRS)}, {hue})")
offer = caller.run("offer()")
answer = called.run(f"answer({json.dumps(offer)})")
head, video = answer.split("m=video ")
answer = head + "m=video " + video.replace("a=rtcp:9", f"b=AS:{RATE}\r\na=rtcp:9", 1)
scenario("caller.xml", offer)
scenario("called.xml", answer)
second = phone("called")
time.sleep(0.5)
first = phone("caller", "192.0.2.20:5060", "-d", str(int(seconds * 1000)))
time.sleep(0.5)
caller.run(f"accept({json.dumps(answer)})")
limit = time.monotonic() + seconds - 1
while time.monotonic() < limit:
    time.sleep(0.2)
caller.run("stats().then(list => { window.last = list; call.getSenders().forEach(one => one.replaceTrack(null)) })")
time.sleep(0.5)
counted = {"caller": caller.run("stats()"), "called": called.run("stats()")}
with open(f"{folder}/stats.json", "w") as file:
    json.dump(counted, file, indent=1)
for process in (first, second):
    process.wait(60)
caller.close()
called.close()
