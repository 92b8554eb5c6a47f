import EvidenceModel
import Foundation
import TestSupport
import Testing

/// Calls between browsers: media bundled at one port, and packets that were lost and sent again.
@Suite struct WebCallTests {
  struct Facts: Decodable {
    struct Counter: Decodable {
      let type: String
      let kind: String?
      let ssrc: UInt32?
      let rtxSsrc: UInt32?
      let packetsReceived: Int64?
      let framesDecoded: Int64?
      let frameWidth: Int64?
      let frameHeight: Int64?
    }
    let lost: [[UInt32]]
    let counted: [String: [Counter]]
    var video: Counter? { counted["called"]?.first { $0.type == "inbound-rtp" && $0.kind == "video" } }
  }

  static func facts(_ name: String) throws -> Facts {
    let path = repository.appending(path: "Tests/ProcessingTests/Samples/\(name).json")
    return try JSONDecoder().decode(Facts.self, from: Data(contentsOf: path))
  }

  static func identifier(_ fields: Fields) -> UInt32? {
    fields.text("identifier").flatMap { UInt32($0.dropFirst(2), radix: 16) }
  }

  static func file(_ result: DuplicateTests.Run, _ sha256: String, _ suffix: String) -> String {
    "\(result.bundle)/data/artefacts/\(sha256.prefix(2))/\(sha256).\(suffix)"
  }

  static func missing(_ video: Fields) -> Set<UInt16> {
    var numbers: Set<UInt16> = []
    for gap in video.objects("gaps") {
      let first = UInt16(truncatingIfNeeded: gap.integer("firstSequence") ?? 0)
      for step in 0..<(gap.integer("count") ?? 0) { numbers.insert(first &+ UInt16(truncatingIfNeeded: step)) }
    }
    return numbers
  }

  /// Original numbers that packets of a stream repeat.
  private static func repeated(_ capture: EditedCapture, _ identifier: UInt32) -> Set<UInt16> {
    var numbers: Set<UInt16> = []
    for packet in capture.packets {
      guard let rtp = packet.rtp, rtp.identifier == identifier else { continue }
      let payload = payload(packet)
      guard payload.count > 2 else { continue }
      let begin = payload.lowerBound
      numbers.insert(UInt16(packet.bytes[begin]) << 8 | UInt16(packet.bytes[begin + 1]))
    }
    return numbers
  }

  /// Where the payload of a packet stands, without the header's extension and the padding.
  private static func payload(_ packet: EditedCapture.Packet) -> Range<Int> {
    var begin = 70
    if packet.bytes[58] & 0x10 != 0 { begin += 4 + 4 * (Int(packet.bytes[72]) << 8 | Int(packet.bytes[73])) }
    let padding = packet.bytes[58] & 0x20 != 0 ? Int(packet.bytes.last ?? 0) : 0
    return begin..<max(begin, packet.bytes.count - padding)
  }

  static func decodedFrames(_ path: String) throws -> Int64? {
    let probe = try run(
      try #require(program("ffprobe")),
      ["-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", path])
    #expect(probe.errors.isEmpty, "\(probe.errors)")
    return probe.lines.first.flatMap { Int64($0) }
  }

  @Test func retransmittedPacketsOfAV1FillTheirPlaces() throws {
    let capture = try EditedCapture("web-av1-call.pcap")
    let facts = try Self.facts("web-av1-call")
    let counter = try #require(facts.video)
    let result = try DuplicateTests.Run([capture.bytes])
    let streams = result.records("rtp-stream")
    #expect(streams.count == 4)
    #expect(streams.allSatisfy { $0.text("attachedBy") == "signalling" })
    let main = try #require(streams.first { Self.identifier($0) == counter.ssrc })
    let repair = try #require(streams.first { Self.identifier($0) == counter.rtxSsrc })
    #expect(main.text("mediaKind") == "video" && main.text("party") == "caller")
    #expect(main["codecs"] == .list([.text("AV1")]))
    #expect(repair["codecs"] == .list([.text("RTX")]))
    #expect(repair.text("repairs") == main.text("identifier"))
    #expect(repair.objects("video").isEmpty && repair["audioSha256"] == nil)
    // What the line lost and Chromium sent again is there; what it did not send again is missing.
    let video = try #require(main.objects("video").first)
    let lost = Set(facts.lost.filter { $0[0] == counter.ssrc }.map { UInt16($0[1]) })
    let again = Self.repeated(capture, try #require(counter.rtxSsrc))
    #expect(main.integer("packetsRetransmitted") == Int64(lost.intersection(again).count))
    #expect(lost.intersection(again).count > 5)
    let captured = capture.packets.compactMap(\.rtp).filter { $0.identifier == counter.ssrc }.map(\.sequence)
    let last = try #require(captured.max())
    #expect(Self.missing(video) == lost.subtracting(again).filter { $0 < last })
    // Chromium decoded as many frames.
    #expect(video.integer("frames") == counter.framesDecoded)
    #expect(video.integer("framesKept") == counter.framesDecoded)
    #expect(video.integer("width") == counter.frameWidth && video.integer("height") == counter.frameHeight)
    let path = Self.file(result, try #require(video.text("videoSha256")), "mp4")
    #expect(try Self.decodedFrames(path) == counter.framesDecoded)
    #expect(video.objects("pictures").count == 1)
    let list = Self.file(result, try #require(video.text("frameListSha256")), "ndjson")
    let lines = try String(contentsOfFile: list, encoding: .utf8).split(separator: "\n")
    #expect(lines.count { $0.contains("\"retransmitted\"") } == lost.intersection(again).count)
    #expect(result.records("finding").isEmpty)
  }

  @Test func payloadTypesTellBundledMediaApart() throws {
    let result = try DuplicateTests.Run([try EditedCapture("web-av1-call.pcap").bytes])
    let call = try #require(result.records("sip-call").first)
    #expect(result.records("sip-call").count == 1 && result.records("rtp-call").isEmpty)
    #expect(call["audioSha256"] != nil)
    let kinds = result.records("rtp-stream").map { "\($0.text("party") ?? "") \($0.text("mediaKind") ?? "")" }
    #expect(kinds.sorted() == ["called audio", "caller audio", "caller video", "caller video"])
    let voices = result.records("rtp-stream").filter { $0.text("mediaKind") == "audio" }
    #expect(voices.allSatisfy { $0["codecs"] == .list([.text("OPUS")]) && $0["audioSha256"] != nil })
    #expect(call["holds"] == nil)
  }

  @Test func packetsThatNobodySentAgainAreNamed() throws {
    var capture = try EditedCapture("web-av1-call.pcap")
    let facts = try Self.facts("web-av1-call")
    let counter = try #require(facts.video)
    // Without the packets that were sent again.
    capture.packets.removeAll { $0.rtp?.identifier == counter.rtxSsrc }
    let result = try DuplicateTests.Run([capture.bytes])
    let main = try #require(result.records("rtp-stream").first { Self.identifier($0) == counter.ssrc })
    let video = try #require(main.objects("video").first)
    let captured = capture.packets.compactMap(\.rtp).filter { $0.identifier == counter.ssrc }.map(\.sequence)
    let last = try #require(captured.max())
    let lost = Set(facts.lost.filter { $0[0] == counter.ssrc }.map { UInt16($0[1]) }).filter { $0 < last }
    #expect(Self.missing(video) == lost)
    #expect(main["packetsRetransmitted"] == nil)
    #expect((video.integer("framesUnsure") ?? 0) > 0)
    // What is in the file can be decoded, whatever it shows.
    let path = Self.file(result, try #require(video.text("videoSha256")), "mp4")
    let kept = (video.integer("framesKept") ?? 0) + (video.integer("framesUnsure") ?? 0)
    _ = try run(try #require(program("ffprobe")), ["-v", "error", "-count_frames", path])
    #expect(kept + (video.integer("framesLeftOut") ?? 0) == video.integer("frames"))
  }

  @Test func framesOfAllLayersAreOnePicture() throws {
    let capture = try EditedCapture("web-vp9-layers-call.pcap")
    let counter = try #require(try Self.facts("web-vp9-layers-call").video)
    let result = try DuplicateTests.Run([capture.bytes])
    let main = try #require(result.records("rtp-stream").first { Self.identifier($0) == counter.ssrc })
    let video = try #require(main.objects("video").first)
    #expect(video["spatialLayers"] == .list([0, 1]))
    #expect(video.integer("frames") == counter.framesDecoded)
    #expect(video.integer("framesKept") == counter.framesDecoded)
    // Packets of padding stand between them.
    #expect(
      main.integer("packetsReceived") == Int64(capture.packets.count { $0.rtp?.identifier == counter.ssrc }))
    #expect(video["packetsMissing"] == 0)
    let path = Self.file(result, try #require(video.text("videoSha256")), "webm")
    // libvpx gives one picture for each superframe, that of its highest layer.
    let made = try run(
      try #require(program("ffmpeg")), ["-v", "error", "-c:v", "libvpx-vp9", "-i", path, "-f", "framehash", "-"])
    #expect(made.errors.isEmpty, "\(made.errors)")
    #expect(Int64(made.lines.count { !$0.hasPrefix("#") }) == counter.framesDecoded)
    let picture = try #require(video.objects("pictures").first)
    #expect(picture.integer("width") == 320 || picture.integer("width") == 640)
    #expect(result.records("finding").isEmpty)
  }

  @Test(arguments: ["web-av1-call", "web-vp9-layers-call"]) func namesExactlyThePacketsThatAreMissing(_ name: String)
    throws
  {
    var capture = try EditedCapture("\(name).pcap")
    let counter = try #require(try Self.facts(name).video)
    capture.packets.removeAll { $0.rtp?.identifier == counter.rtxSsrc && counter.rtxSsrc != nil }
    let identifier = try #require(counter.ssrc)
    let whole = capture.packets.compactMap(\.rtp).filter { $0.identifier == identifier }
    let ends = [whole.first?.sequence, whole.last?.sequence]
    var generator = SeededGenerator(testSeed("missing \(name)"))
    capture.packets.removeAll { packet in
      guard let rtp = packet.rtp, rtp.identifier == identifier, !ends.contains(rtp.sequence) else { return false }
      return Int.random(in: 0..<9, using: &generator) == 0
    }
    let left = capture.packets.compactMap(\.rtp).filter { $0.identifier == identifier }
    let first = try #require(ends.first ?? nil)
    let last = try #require(ends.last ?? nil)
    var missing: Set<UInt16> = []
    for step in 0...(last &- first) { missing.insert(first &+ step) }
    missing.subtract(left.map(\.sequence))
    let result = try DuplicateTests.Run([capture.bytes])
    let main = try #require(result.records("rtp-stream").first { Self.identifier($0) == identifier })
    let video = try #require(main.objects("video").first)
    #expect(Self.missing(video) == missing)
    #expect(video.integer("packetsMissing") == Int64(missing.count))
    // No frame that lacks a packet is kept, and what is damaged by loss alone does not contradict its format.
    let damaged = Set(
      try EditedCapture("\(name).pcap").packets.filter {
        $0.rtp?.identifier == identifier && !Self.payload($0).isEmpty
      }.compactMap(\.rtp).filter { missing.contains($0.sequence) }.map(\.timestamp))
    let list = Self.file(result, try #require(video.text("frameListSha256")), "ndjson")
    for line in try String(contentsOfFile: list, encoding: .utf8).split(separator: "\n").dropFirst() {
      let frame = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      guard let timestamp = frame["timestamp"] as? UInt32, damaged.contains(timestamp) else { continue }
      #expect(frame["state"] as? String != "kept", "\(line)")
      #expect(frame["reason"] as? String != "malformed", "\(line)")
    }
    #expect(!result.records("finding").contains { $0.text("code") == "video/malformedPayload" })
  }
}
