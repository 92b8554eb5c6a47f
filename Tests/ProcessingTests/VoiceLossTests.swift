import EvidenceModel
import Foundation
import TestSupport
import Testing

/// Voice of many codings of which packets are lost, repeated, overtaken and delayed on purpose: what the program says stands where
/// is what was done, packet for packet.
@Suite struct VoiceLossTests {
  struct Coding: CustomTestStringConvertible, Sendable {
    let name: String
    /// The payload type, its meaning in the session description, and parameters.
    let type: UInt8
    let map: String
    var parameters = ""
    /// Steps of the timestamp from packet to packet, and samples of the audio for one.
    let step: UInt32
    var samples: Int64 = 160
    /// GStreamer's source, encoder and payloader; of codings that it has no encoder for, how many arbitrary bytes a packet has.
    var pipeline = ""
    var byteCount = 0
    var testDescription: String { name }
  }

  private static func source(_ rate: Int, _ rest: String) -> String {
    "audiotestsrc num-buffers=120 samplesperbuffer=\(rate / 50) freq=300 ! audio/x-raw,rate=\(rate),channels=1 ! \(rest)"
  }

  static let codings = [
    Coding(name: "PCMA", type: 8, map: "PCMA/8000", step: 160, pipeline: source(8_000, "alawenc ! rtppcmapay")),
    Coding(name: "PCMU", type: 0, map: "PCMU/8000", step: 160, pipeline: source(8_000, "mulawenc ! rtppcmupay")),
    Coding(
      name: "G722", type: 9, map: "G722/8000", step: 160, samples: 320,
      pipeline: source(16_000, "avenc_g722 ! rtpg722pay")),
    Coding(name: "GSM", type: 3, map: "GSM/8000", step: 160, pipeline: source(8_000, "gsmenc ! rtpgsmpay")),
    Coding(name: "G729", type: 18, map: "G729/8000", step: 160, byteCount: 20),
    Coding(name: "iLBC", type: 98, map: "iLBC/8000", parameters: "mode=20", step: 160, byteCount: 38),
    Coding(
      name: "AMR", type: 97, map: "AMR/8000", parameters: "octet-align=1", step: 160,
      pipeline: source(8_000, "amrnbenc ! rtpamrpay")),
    Coding(
      name: "speex", type: 97, map: "speex/16000", step: 320, samples: 320,
      pipeline: source(16_000, "speexenc mode=wb ! rtpspeexpay")),
    opus("opus", step: 960, "sine", ""),
    // Each packet has a copy of the one before, or some have; both layers, one, two channels, packets of three frames.
    opus("opus, copies", step: 960, "sine freq=300", copies),
    opus("opus, copies of some", step: 960, "saw freq=150", copies),
    opus("opus, copies, 8 kHz", step: 960, "saw freq=150", copies + " bandwidth=wideband"),
    opus("opus, copies, two channels", step: 960, "saw freq=150", copies + " bitrate=40000", channels: 2),
    opus("opus, copies of three frames", step: 2_880, "sine freq=300", copies + " frame-size=60 bandwidth=wideband"),
  ]

  private static let copies = "audio-type=voice inband-fec=true packet-loss-percentage=20 bitrate=24000"

  private static func opus(_ name: String, step: UInt32, _ wave: String, _ options: String, channels: Int = 1) -> Coding
  {
    let source =
      "audiotestsrc num-buffers=\(120 * step / 960) samplesperbuffer=960 wave=\(wave)"
      + " ! audio/x-raw,rate=48000,channels=\(channels)"
    return Coding(
      name: name, type: 111, map: "opus/48000/2", step: step, samples: Int64(step),
      pipeline: source + " ! opusenc \(options) ! rtpopuspay pt=111")
  }

  /// Numbers that look like chance and are the same on every run.
  private struct Chance {
    var state: UInt64
    mutating func next(_ below: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % below
    }
  }

  /// The payloads of 100 packets; nil without GStreamer.
  private static func payloads(_ coding: Coding, _ chance: inout Chance) throws -> [[UInt8]]? {
    guard !coding.pipeline.isEmpty else {
      return (0..<100).map { _ in (0..<coding.byteCount).map { _ in UInt8(chance.next(256)) } }
    }
    guard let gstreamer = program("gst-launch-1.0") else { return nil }
    let folder = try TemporaryFolder()
    let pipeline = coding.pipeline + " ! rtpstreampay ! filesink location=packets"
    let made = try run(gstreamer, ["-q"] + pipeline.split(separator: " ").map(String.init), in: folder.url)
    guard made.status == 0 else {
      print("skipped: \(coding.name): \(made.errors)")
      return nil
    }
    var rest = try [UInt8](Data(contentsOf: folder.url("packets")))[...]
    var list: [[UInt8]] = []
    while rest.count >= 2 {
      let length = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
      list.append(Array(rest.dropFirst(2).prefix(length).dropFirst(12)))
      rest = rest.dropFirst(2 + length)
    }
    // Headers of a file format, which some payloaders send first, are no voice.
    if coding.name == "speex" { list.removeFirst(2) }
    return Array(list.prefix(100))
  }

  @Test(arguments: codings, [1, 2, 3] as [UInt64]) func namesExactlyWhatWasDone(_ coding: Coding, _ seed: UInt64) throws
  {
    var chance = Chance(state: seed)
    guard let payloads = try Self.payloads(coding, &chance) else { return }
    try #require(payloads.count == 100)
    // What arrives when: the number of what was sent, and the moment in microseconds.
    var arrivals: [(sent: Int, at: Int)] = []
    var lost: Set<Int> = []
    var burst = 0
    for sent in payloads.indices {
      let isSpared = sent < 4 || sent > 95
      if burst == 0, !isSpared, chance.next(12) == 0 { burst = 1 + chance.next(4) }
      if burst > 0 {
        burst -= 1
        if !isSpared {
          lost.insert(sent)
          continue
        }
      }
      // Up to 25 milliseconds late, so that some overtake others; now and then a copy behind it.
      let at = sent * 20_000 + (isSpared ? 0 : chance.next(25_000))
      arrivals.append((sent, at))
      if !isSpared, chance.next(10) == 0 { arrivals.append((sent, at + 6_000 + chance.next(10_000))) }
    }
    arrivals.sort { ($0.at, $0.sent) < ($1.at, $1.sent) }
    var capture = VoiceCapture(coding)
    var numbers: [Int: UInt64] = [:]
    for (sent, at) in arrivals {
      capture.addMedia(UInt16(truncatingIfNeeded: 65_500 + sent), UInt32(sent) &* coding.step, payloads[sent], at: at)
      if numbers[sent] == nil { numbers[sent] = capture.count }
    }

    let result = try DuplicateTests.Run([capture.bytes])
    let stream = try #require(result.records("rtp-stream").first)
    #expect(stream["packetsLost"] == .integer(Int64(lost.count)))
    #expect(stream["packetsDuplicate"] == .integer(Int64(arrivals.count - numbers.count)))
    let expected = Self.expected(payloads, numbers, coding)
    #expect(try Self.map(result, stream) == expected.map)
    #expect(stream.integer("packetsRecovered") ?? 0 == expected.recovered)
    #expect(stream.integer("packetsRecoveredInBand") ?? 0 == expected.recovered)
    if coding.name.contains("copies") { #expect(expected.recovered > 0) }
  }

  /// The parts of the frame before of which an Opus packet of one frame has copies, by the bits that stand first in it (RFC 6716,
  /// 4.2.3); of three frames the test's encoder has copies of all or of none.
  private static func copies(_ payload: [UInt8]) -> Bool {
    guard payload[0] >> 3 < 16, payload.count > 2 else { return false }
    let count = payload[0] >> 3 < 12 ? max(1, payload[0] >> 3 & 3) : 1
    return payload[1] >> (7 - count) & 1 == 1
  }

  /// Ranges of what was done, joined where the same follows, and how many packets are there as copies.
  private static func expected(
    _ payloads: [[UInt8]], _ numbers: [Int: UInt64], _ coding: Coding
  ) -> (map: [String], recovered: Int64) {
    var ranges: [(kind: String, from: Int64, to: Int64, packets: [UInt64])] = []
    var recovered: Int64 = 0
    for sent in payloads.indices {
      var kind = numbers[sent] == nil ? "lost" : "received"
      var number = numbers[sent]
      if number == nil, coding.name.hasPrefix("opus"), let next = numbers[sent + 1], copies(payloads[sent + 1]) {
        kind = "recovered inBand"
        number = next
        recovered += 1
      }
      let samples = coding.samples
      let from = Int64(sent) * samples
      if let last = ranges.last, last.kind == kind {
        ranges[ranges.count - 1].to = from + samples
        ranges[ranges.count - 1].packets += number.map { [$0] } ?? []
      } else {
        ranges.append((kind, from, from + samples, number.map { [$0] } ?? []))
      }
    }
    let map = ranges.map {
      "\($0.kind) \($0.from)-\($0.to) \($0.packets.sorted().map(String.init).joined(separator: ","))"
    }
    return (map, recovered)
  }

  private static func map(_ result: DuplicateTests.Run, _ stream: Fields) throws -> [String] {
    let hash = try #require(stream.text("timeMapSha256"))
    let folder = "\(result.bundle)/data/artefacts/\(hash.prefix(2))"
    let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder).first { $0.hasPrefix(hash) })
    let data = try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))
    let whole = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let entry = try #require((whole["streams"] as? [[String: Any]])?.first)
    return (entry["ranges"] as? [[String: Any]] ?? []).map { range in
      let packets = ((range["provenance"] as? [[String: Any]])?.first?["packets"] as? String ?? "").split(
        separator: ","
      )
      .flatMap { part -> [String] in
        let ends = part.split(separator: "-").compactMap { Int($0) }
        return (ends[0]...(ends.last ?? ends[0])).map(String.init)
      }
      let kind = "\(range["kind"] ?? "")" + ((range["recovery"] as? String).map { " " + $0 } ?? "")
      return "\(kind) \(range["from"] ?? "")-\(range["to"] ?? "") \(packets.joined(separator: ","))"
    }
  }
}

/// A capture of a call: an invitation, its answer, and media from the caller.
private struct VoiceCapture {
  private let coding: VoiceLossTests.Coding
  private(set) var count: UInt64 = 0
  private(set) var bytes: [UInt8] = [
    0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0,
  ]

  init(_ coding: VoiceLossTests.Coding) {
    self.coding = coding
    let sdp = { (host: String, port: Int) in
      var lines = [
        "v=0", "o=- 1 1 IN IP4 \(host)", "s=-", "c=IN IP4 \(host)", "t=0 0", "m=audio \(port) RTP/AVP \(coding.type)",
        "a=rtpmap:\(coding.type) \(coding.map)",
      ]
      if !coding.parameters.isEmpty { lines.append("a=fmtp:\(coding.type) \(coding.parameters)") }
      return lines.map { $0 + "\r\n" }.joined()
    }
    let message = { (first: String, tag: String, body: String) in
      [
        first, "Via: SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1", "From: <sip:a@pier.example>;tag=a",
        "To: <sip:b@pier.example>\(tag)", "Call-ID: voice", "CSeq: 1 INVITE", "Content-Type: application/sdp",
        "Content-Length: \(body.utf8.count)", "", body,
      ].joined(separator: "\r\n")
    }
    add(
      Array(message("INVITE sip:b@pier.example SIP/2.0", "", sdp("192.0.2.10", 4_000)).utf8), 5_060, 5_060, at: -50_000)
    add(
      Array(message("SIP/2.0 200 OK", ";tag=b", sdp("192.0.2.20", 6_000)).utf8), 5_060, 5_060, at: -40_000,
      isBack: true)
  }

  mutating func addMedia(_ sequence: UInt16, _ timestamp: UInt32, _ payload: [UInt8], at: Int) {
    let head: [UInt8] =
      [0x80, coding.type] + Self.big(UInt64(sequence), 2) + Self.big(UInt64(timestamp), 4) + [1, 2, 3, 4]
    add(head + payload, 4_000, 6_000, at: at)
  }

  /// A datagram at a moment in microseconds.
  private mutating func add(_ data: [UInt8], _ from: UInt16, _ to: UInt16, at: Int, isBack: Bool = false) {
    count += 1
    let udp = Self.big(UInt64(from), 2) + Self.big(UInt64(to), 2) + Self.big(UInt64(data.count + 8), 2) + [0, 0] + data
    let ends: [UInt8] = isBack ? [192, 0, 2, 20, 192, 0, 2, 10] : [192, 0, 2, 10, 192, 0, 2, 20]
    // Each packet has an identification of its own, so that a copy is one that the network made.
    let ip: [UInt8] =
      [0x45, 0] + Self.big(UInt64(udp.count + 20), 2) + Self.big(count, 2) + [0x40, 0, 64, 17, 0, 0] + ends
    let frame = [UInt8](repeating: 2, count: 12) + [8, 0] + ip + udp
    let time = 1_700_000_000_000_000 + at
    for value in [time / 1_000_000, time % 1_000_000, frame.count, frame.count] {
      bytes += Self.big(UInt64(value), 4).reversed()
    }
    bytes += frame
  }

  private static func big(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
  }
}
