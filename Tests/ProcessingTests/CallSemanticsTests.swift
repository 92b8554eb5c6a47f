import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// What happens within calls, through the whole program; packets are 20 ms apart.
@Suite struct CallSemanticsTests {
  private static let alice: PacketFile.End = ([192, 0, 2, 1], 5_060)
  private static let bob: PacketFile.End = ([192, 0, 2, 2], 5_060)

  private struct Call {
    var file = PacketFile()
    private var numbers: [Bool: UInt16] = [:]

    mutating func say(
      _ line: String, _ sequence: String, fromAlice: Bool, asksAlice: Bool? = nil, toTag: Bool = true,
      more: [String] = [], sdp: String = ""
    ) {
      let byAlice = asksAlice ?? fromAlice
      let parties = ["<sip:alice@example.org>;tag=a", "<sip:bob@example.net>"]
      let lines =
        [
          line, "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK\(sequence.filter { $0 != " " })",
          "From: \(byAlice ? parties[0] : parties[1] + ";tag=b")",
          "To: \(byAlice ? parties[1] + (toTag ? ";tag=b" : "") : parties[0])", "Call-ID: one@example.org",
          "CSeq: \(sequence)",
        ] + more + (sdp.isEmpty ? [] : ["Content-Type: application/sdp"])
      let text = (lines + ["Content-Length: \(sdp.utf8.count)"]).joined(separator: "\r\n") + "\r\n\r\n" + sdp
      file.addDatagram(
        fromAlice ? CallSemanticsTests.alice : CallSemanticsTests.bob,
        fromAlice ? CallSemanticsTests.bob : CallSemanticsTests.alice, Array(text.utf8))
    }

    mutating func speak(_ count: Int, fromAlice: Bool, type: UInt8, _ payload: [UInt8]) {
      for _ in 0..<count {
        let number = numbers[fromAlice, default: 0]
        numbers[fromAlice] = number + 1
        let time = UInt32(number) * 160
        let header: [UInt8] =
          [0x80, type, UInt8(number >> 8), UInt8(number & 255)]
          + (0..<4).reversed().map { UInt8(truncatingIfNeeded: time >> ($0 * 8)) } + [0, 0, 0, fromAlice ? 1 : 2]
        let one: PacketFile.End = (CallSemanticsTests.alice.address, 4_000)
        let other: PacketFile.End = (CallSemanticsTests.bob.address, 6_000)
        file.addDatagram(fromAlice ? one : other, fromAlice ? other : one, header + payload)
      }
    }
  }

  private static func sdp(_ host: Int, _ port: Int, _ format: String, _ more: String = "") -> String {
    "v=0\r\no=- 1 1 IN IP4 192.0.2.\(host)\r\ns=-\r\nc=IN IP4 192.0.2.\(host)\r\nt=0 0\r\nm=audio \(port) RTP/AVP 96\r\n"
      + "a=rtpmap:96 \(format)/8000\r\n\(more)"
  }

  @Test func decodesATypeByTheMeaningOfItsTime() throws {
    var call = Call()
    call.say(
      "INVITE sip:bob@example.net SIP/2.0", "1 INVITE", fromAlice: true, toTag: false, sdp: Self.sdp(1, 4_000, "PCMA"))
    call.say("SIP/2.0 200 OK", "1 INVITE", fromAlice: false, asksAlice: true, sdp: Self.sdp(2, 6_000, "PCMA"))
    // A-law 0x2a is -32,256 and mu-law 0x00 is -32,124; A-law 0x00 is -5,504.
    call.speak(20, fromAlice: true, type: 96, [UInt8](repeating: 0, count: 160))
    call.say(
      "INVITE sip:bob@example.net SIP/2.0", "2 INVITE", fromAlice: true, sdp: Self.sdp(1, 4_000, "PCMU"))
    call.speak(10, fromAlice: true, type: 96, [UInt8](repeating: 0, count: 160))
    call.say("SIP/2.0 200 OK", "2 INVITE", fromAlice: false, asksAlice: true, sdp: Self.sdp(2, 6_000, "PCMU"))
    call.speak(20, fromAlice: true, type: 96, [UInt8](repeating: 0, count: 160))
    call.say("BYE sip:bob@example.net SIP/2.0", "3 BYE", fromAlice: true)
    let result = try DuplicateTests.Run([call.file.bytes])
    let stream = try #require(result.records("rtp-stream").first)
    #expect(stream["codecs"] == .list(["PCMA", "PCMU"]))
    #expect(stream["payloadTypes"] == .list([96]))
    let sha256 = try #require(stream.text("audioSha256"))
    let wave = try Data(
      contentsOf: URL(fileURLWithPath: "\(result.bundle)/data/artefacts/\(sha256.prefix(2))/\(sha256).wav"))
    let samples = stride(from: 44, to: wave.count - 1, by: 2).map {
      Int16(bitPattern: UInt16(wave[$0]) | UInt16(wave[$0 + 1]) << 8)
    }
    // The packets that came before the new description was agreed on have the old meaning; the pauses are those of the signalling.
    let runs = samples.reduce(into: [(value: Int16, count: Int)]()) { runs, sample in
      if let last = runs.last, last.value == sample {
        runs[runs.count - 1].count += 1
      } else {
        runs.append((sample, 1))
      }
    }
    #expect(runs.map(\.value) == [-5_504, -32_124])
    #expect(runs.map(\.count) == [30 * 160, 20 * 160])
  }

  @Test func hearsKeysApartFromThoseThatWereSent() throws {
    // 0.1 seconds of the key 5 in L16 between silence; the first packet of them is the 13th of the capture.
    var call = Call()
    call.say(
      "INVITE sip:bob@example.net SIP/2.0", "1 INVITE", fromAlice: true, toTag: false, sdp: Self.sdp(1, 4_000, "L16"))
    call.say("SIP/2.0 200 OK", "1 INVITE", fromAlice: false, asksAlice: true, sdp: Self.sdp(2, 6_000, "L16"))
    for number in 0..<30 {
      var payload: [UInt8] = []
      for sample in 0..<160 {
        let time = Double(number * 160 + sample) / 8_000
        let value = (10..<15).contains(number) ? 4_000 * (sin(2 * .pi * 770 * time) + sin(2 * .pi * 1_336 * time)) : 0
        payload += DuplicateTests.big16(Int(value.rounded()) & 0xffff)
      }
      call.speak(1, fromAlice: true, type: 96, payload)
    }
    call.say("BYE sip:bob@example.net SIP/2.0", "3 BYE", fromAlice: true)
    let result = try DuplicateTests.Run([call.file.bytes])
    let record = try #require(result.records("audio-key").first)
    #expect(result.records("audio-key").count == 1)
    #expect(record["key"] == "5")
    #expect(record["party"] == "caller")
    #expect(record["origin"] == "inferred")
    #expect(record["callID"] == "one@example.org")
    #expect(record.objects("provenance").first?["packets"] == "13-17")
    #expect(record["source"] == "192.0.2.1:4000")
    let whole = try #require(result.records("sip-call").first)
    #expect(whole.objects("heardKeys").map { $0["key"] } == ["5"])
    #expect(whole["keys"] == nil)
    #expect(result.records("rtp-event").isEmpty)
  }

  @Test func putsTheSendersClockBesideTheRecorders() throws {
    func word(_ value: Int64) -> [UInt8] { (0..<4).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    /// A sender's report at so many seconds of its clock since 2026, and of a receiver of the same stream.
    func report(_ milliseconds: Int64, timestamp: Int64, isSender: Bool) -> [UInt8] {
      let seconds = 3_976_214_400 + milliseconds / 1_000
      let fraction = ((milliseconds % 1_000) << 32) / 1_000
      if isSender {
        return [0x80, 200, 0, 6] + word(1) + word(seconds) + word(fraction) + word(timestamp) + word(50) + word(8_000)
      }
      return [0x81, 201, 0, 7] + word(2) + word(1) + [5, 0, 0, 3] + word(50) + word(16) + word(0) + word(0)
    }
    var call = Call()
    call.say(
      "INVITE sip:bob@example.net SIP/2.0", "1 INVITE", fromAlice: true, toTag: false, sdp: Self.sdp(1, 4_000, "PCMA"))
    call.say("SIP/2.0 200 OK", "1 INVITE", fromAlice: false, asksAlice: true, sdp: Self.sdp(2, 6_000, "PCMA"))
    let silence = [UInt8](repeating: 0xd5, count: 160)
    let (one, other): (PacketFile.End, PacketFile.End) = (([192, 0, 2, 1], 4_001), ([192, 0, 2, 2], 6_001))
    // Packet n is captured n - 1 times 20 ms after the first; the report's moment is that of the 100 packets before it.
    call.speak(100, fromAlice: true, type: 96, silence)
    call.file.addDatagram(one, other, report(2_000, timestamp: 16_000, isSender: true))
    call.speak(999, fromAlice: true, type: 96, silence)
    // 1,000 packets later, 20 seconds by the recorder; the sender's clock has gone 2 ms more, its timestamps 100 millionths more still.
    call.file.addDatagram(one, other, report(22_002, timestamp: 16_000 + 160_032, isSender: true))
    call.file.addDatagram(other, one, report(0, timestamp: 0, isSender: false))
    let result = try DuplicateTests.Run([call.file.bytes])
    let stream = try #require(result.records("rtp-stream").first)
    guard case .object(let sent)? = stream["senderReports"], case .object(let received)? = stream["receptionReports"]
    else {
      Issue.record("no reports")
      return
    }
    #expect(sent["count"] == 2)
    #expect(sent["packetCount"] == 50)
    #expect(sent["firstPacketSentAt"] == "2026-01-01T00:00:00.000000000Z")
    #expect(sent["clockDrift"] == 99)
    #expect(sent["timestampDrift"] == 99)
    #expect(sent.objects("provenance").first?["packets"] == "103,1103")
    #expect(received["cumulativeLost"] == 3)
    #expect(received["fractionLostMaximum"] == 5)
    #expect(received["jitterLast"] == "2.000")
  }

  @Test func tellsWhatHappenedWithinACall() throws {
    var call = Call()
    let offer = Self.sdp(1, 4_000, "PCMA")
    let answer = Self.sdp(2, 6_000, "PCMA")
    for _ in 0..<3 {
      call.say("INVITE sip:bob@example.net SIP/2.0", "1 INVITE", fromAlice: true, toTag: false, sdp: offer)
    }
    call.say("SIP/2.0 183 Session Progress", "1 INVITE", fromAlice: false, asksAlice: true, sdp: answer)
    call.say(
      "SIP/2.0 200 OK", "1 INVITE", fromAlice: false, asksAlice: true, more: ["Contact: <sip:bob@192.0.2.2>;isfocus"],
      sdp: answer)
    call.say("ACK sip:bob@example.net SIP/2.0", "1 ACK", fromAlice: true)
    call.say("INVITE sip:alice@example.org SIP/2.0", "7 INVITE", fromAlice: false, sdp: answer + "a=sendonly\r\n")
    call.say("SIP/2.0 200 OK", "7 INVITE", fromAlice: true, asksAlice: false, sdp: offer + "a=recvonly\r\n")
    call.say("INVITE sip:alice@example.org SIP/2.0", "8 INVITE", fromAlice: false, sdp: answer + "a=sendrecv\r\n")
    call.say("SIP/2.0 200 OK", "8 INVITE", fromAlice: true, asksAlice: false, sdp: offer)
    call.say(
      "REFER sip:bob@example.net SIP/2.0", "2 REFER", fromAlice: true, more: ["Refer-To: <sip:carol@example.com>"])
    call.say("SIP/2.0 202 Accepted", "2 REFER", fromAlice: false, asksAlice: true)
    call.say("BYE sip:alice@example.org SIP/2.0", "9 BYE", fromAlice: false)
    let result = try DuplicateTests.Run([call.file.bytes])
    let records = result.records("sip-call")
    #expect(records.count == 1)
    let record = try #require(records.first)
    #expect(record["conferenceFocus"] == "called")
    #expect(record["earlyMediaAt"] != nil)
    let holds = record.objects("holds")
    #expect(holds.map { $0["party"] } == ["called"])
    #expect(holds.first?["resumedAt"] == .text("2023-11-14T22:13:20.160000000Z"))
    let steps = record.objects("steps")
    #expect(
      steps.compactMap { $0.text("step") } == [
        "invited", "earlyMedia", "answered", "changeRequested", "held", "changeAnswered", "changeRequested", "resumed",
        "changeAnswered", "transferRequested", "transferAccepted", "ended",
      ])
    #expect(steps[9]["transferTarget"] == "sip:carol@example.com")
    #expect(steps[4].objects("provenance").first?["packets"] == "7")
    #expect(result.records("sip-message").filter { $0["isRetransmission"] == .boolean(true) }.count == 2)
    let program = try #require(exhibitProgram)
    let page = try run(program, ["report", result.bundle, "--output", result.scratch.path("report")])
    #expect(page.status == 0, "\(page.errors)")
    let html = try String(contentsOfFile: result.scratch.path("report") + "/calls.html", encoding: .utf8)
    for text in ["put the other party on hold", "sip:carol@example.com", "centre of a conference"] {
      #expect(html.contains(text), "\(text)")
    }
  }
}
