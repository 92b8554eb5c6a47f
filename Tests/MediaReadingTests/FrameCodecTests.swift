import EvidenceModel
import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// Codings that stand in frames: what real programs pack, and arbitrary frames where no program encodes.
@Suite struct FrameCodecTests {
  @Test(
    arguments: [
      ("AMR", 8_000, "amrnbenc band-mode=7", "#!AMR\n", 1), ("AMR", 8_000, "amrnbenc band-mode=0", "#!AMR\n", 3),
      ("AMR-WB", 16_000, "voamrwbenc band-mode=8", "#!AMR-WB\n", 1),
      ("AMR-WB", 16_000, "voamrwbenc band-mode=2", "#!AMR-WB\n", 2),
    ] as [(String, UInt32, String, String, Int)])
  func decodesAMRAsItIsSent(_ name: String, _ rate: UInt32, _ encoder: String, _ magic: String, _ frames: Int) throws {
    guard let ffmpeg = program("ffmpeg") else {
      print("skipped: no ffmpeg")
      return
    }
    let folder = try TemporaryFolder()
    let pipeline =
      "audiotestsrc num-buffers=60 samplesperbuffer=\(rate / 50) wave=ticks ! audio/x-raw,rate=\(rate),channels=1 ! \(encoder) ! tee name=t"
      + " t. ! queue ! filesink location=frames"
      + " t. ! queue ! rtpamrpay pt=96 min-ptime=\(frames * 20_000_000) max-ptime=\(frames * 20_000_000)"
      + " ! application/x-rtp ! rtpstreampay ! filesink location=rtp"
    guard let sent = try sentByGStreamer(pipeline) else { return }
    let storage = try Array(magic.utf8) + sent.file("frames")
    let path = try folder.write(storage, "frames.amr")
    let expected = try run(
      ffmpeg, ["-v", "error", "-cpuflags", "0", "-f", "amr", "-i", path, "-f", "s16le", "-"])
    #expect(expected.status == 0, "\(expected.errors)")
    let payloads = try framed(sent.file("rtp")).map { Array($0.dropFirst(12)) }
    #expect(payloads.count >= 60 / frames)
    // GStreamer packs in octet-aligned mode.
    let octets = try #require(
      VoiceFormat(.init(type: 96, encoding: name, clockRate: rate, parameters: "octet-align=1; mode-change-period=1")))
    #expect(try rendered(payloads, octets) == numbers(expected.output))
    // The same frames, bit by bit: what ffmpeg calls bandwidth-efficient it does not pack, so this test does.
    let dense = try #require(VoiceFormat(.init(type: 96, encoding: name, clockRate: rate)))
    #expect(try rendered(payloads.map { repack($0, isWide: name == "AMR-WB") }, dense) == numbers(expected.output))
  }

  /// Packs an octet-aligned payload in bandwidth-efficient mode (RFC 4867, 4.3).
  private func repack(_ payload: [UInt8], isWide: Bool) -> [UInt8] {
    let sizes =
      isWide
      ? [132, 177, 253, 285, 317, 365, 397, 461, 477, 40] : [95, 103, 118, 134, 148, 159, 204, 244, 39]
    var bits: [UInt8] = (0..<4).map { payload[0] >> UInt8(7 - $0) & 1 }
    var types: [Int] = []
    var place = 1
    while true {
      let entry = payload[place]
      bits += (0..<6).map { entry >> UInt8(7 - $0) & 1 }
      types.append(Int(entry >> 3 & 15))
      place += 1
      if entry & 0x80 == 0 { break }
    }
    for type in types {
      let size = type < sizes.count ? sizes[type] : 0
      for bit in 0..<size { bits.append(payload[place + bit / 8] >> UInt8(7 - bit % 8) & 1) }
      place += (size + 7) / 8
    }
    while bits.count % 8 != 0 { bits.append(0) }
    return stride(from: 0, to: bits.count, by: 8).map { bits[$0..<($0 + 8)].reduce(0) { $0 << 1 | $1 } }
  }

  /// Frames that no encoder made, but that every decoder must take the same way.
  private func arbitrary(_ count: Int) -> [UInt8] {
    var state: UInt32 = 7
    return (0..<count).map { _ in
      state = state &* 1_664_525 &+ 1_013_904_223
      return UInt8(truncatingIfNeeded: state >> 24)
    }
  }

  @Test(arguments: [
    ("G729", "annexb=no", [UInt8](), "g729", 10), ("ILBC", "mode=20", Array("#!iLBC20\n".utf8), "ilbc", 38),
    ("ILBC", "mode=30", Array("#!iLBC30\n".utf8), "ilbc", 50), ("ILBC", "", Array("#!iLBC30\n".utf8), "ilbc", 50),
    ("ILBC", "", Array("#!iLBC20\n".utf8), "ilbc", 38),
  ]) func decodesArbitraryFrames(
    _ name: String, _ parameters: String, _ magic: [UInt8], _ format: String, _ length: Int
  ) throws {
    guard let ffmpeg = program("ffmpeg") else {
      print("skipped: no ffmpeg")
      return
    }
    let folder = try TemporaryFolder()
    let bytes = arbitrary(length * 100)
    let path = try folder.write(magic + bytes, "frames")
    let expected = try run(
      ffmpeg, ["-v", "quiet", "-cpuflags", "0", "-f", format, "-i", path, "-f", "s16le", "-"])
    let voice = try #require(
      VoiceFormat(.init(type: 96, encoding: name, clockRate: 8_000, parameters: parameters))
    ).settled(byPayloadOf: length * 2)
    let own = try rendered(bytes, voice, packetBytes: length * 2)
    #expect(expected.output.count > 10_000)
    #expect(own == numbers(expected.output))
  }

  @Test func takesDescriptionsOfNoiseForSilence() throws {
    let g729 = try #require(VoiceFormat(.init(type: 18, encoding: "G729", clockRate: 8_000)))
    var samples = try rendered([arbitrary(20), arbitrary(12), [1, 2]], g729)
    #expect(samples.count == 160 + 160 + 80)
    #expect(samples[240...].allSatisfy { $0 == 0 })
    let amr = try #require(
      VoiceFormat(.init(type: 96, encoding: "AMR", clockRate: 8_000, parameters: "octet-align=1")))
    // SID, NO_DATA, and a frame whose sender marks it as damaged.
    samples = try rendered([[0xf0, 8 << 3 | 4, 1, 2, 3, 4, 5], [0xf0, 15 << 3 | 4], [0xf0, 0] + arbitrary(12)], amr)
    #expect(samples == Array(repeating: 0, count: 480))
  }

  @Test func putsInterleavedFramesWhereTheyBelong() throws {
    let format = try #require(
      VoiceFormat(.init(type: 96, encoding: "AMR", clockRate: 8_000, parameters: "octet-align=1; interleaving=30")))
    var frames = VoiceFrames()
    // Every second frame: the first packet brings frames 0 and 2, the second 1 and 3 (RFC 4867, 4.4.1).
    let packet: [UInt8] = [0xf0, 0x10, 0x84, 0x04] + arbitrary(24)
    // Safe: the view ends before `packet` does.
    try unsafe frames.read(packet.span.bytes, as: format)
    #expect(frames.frames.map(\.offset) == [0, 320])
    #expect(frames.sampleCount == 480)
    #expect(!frames.isConsecutive)
  }

  @Test(arguments: [
    ("AMR", "", [0xf0 as UInt8]), ("AMR", "octet-align=1", [0xf0, 0x04, 1]), ("AMR", "octet-align=1", [0xf0, 0x5c]),
    ("G729", "", [1, 2, 3]), ("GSM", "", [0xd0]), ("ILBC", "mode=20", [1]), ("OPUS", "", [0xfb, 0]),
    ("OPUS", "", [0xfb]), ("OPUS", "", [0xfb, 49]), ("G723", "", [0, 1, 2]), ("L16", "", [1]),
  ]) func tellsWhatContradictsItsFormat(_ name: String, _ parameters: String, _ payload: [UInt8]) throws {
    let rate: UInt32 = name == "OPUS" ? 48_000 : 8_000
    let format = try #require(
      VoiceFormat(.init(type: 96, encoding: name, clockRate: rate, parameters: parameters)))
    var frames = VoiceFrames()
    // Safe: the view ends before `payload` does.
    #expect(throws: (any Error).self) { try unsafe frames.read(payload.span.bytes, as: format) }
    #expect(!frames.frames.contains { $0.kind == .speech } || name == "L16")
  }

  @Test func doesNotDecodeWhatItDoesNotKnow() {
    for (name, rate, parameters) in [
      ("EVS", 16_000, ""), ("AMR", 8_000, "robust-sorting=1"), ("AMR", 8_000, "channels=2"), ("AMR-WB", 8_000, ""),
      ("OPUS", 8_000, ""), ("L16", 1, ""), ("L16", 4_000_000_000, ""), ("G722", 16_000, ""), ("", 8_000, ""),
    ] as [(String, UInt32, String)] {
      #expect(VoiceFormat(.init(type: 96, encoding: name, clockRate: rate, parameters: parameters)) == nil, "\(name)")
    }
  }
}

/// The order of G.726 codes in a byte, which senders disagree about.
@Suite struct G726PackingTests {
  private func packing(_ bytes: [UInt8], _ bits: Int, _ name: String) throws -> G726Packing? {
    let folder = try TemporaryFolder()
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: folder.write(bytes, "original")))
    defer { try? file.close() }
    let length = bits * 20
    let list = (0..<(bytes.count / length)).map { place in
      var one = packet(place, type: 96, length: UInt16(length))
      one.payloadOffset = UInt64(place * length)
      return one
    }
    let format = try #require(VoiceFormat(.init(type: 96, encoding: name, clockRate: 8_000)))
    return G726Packing(
      StreamAnalysis(list, clockRate: 8_000), type: 96, format: format, originals: [1: file.fileDescriptor])
  }

  @Test(arguments: [2, 3, 4, 5]) func findsTheOrderThatWasSent(bits: Int) throws {
    guard let ffmpeg = program("ffmpeg"), let voice = program("espeak-ng") else {
      print("skipped: no ffmpeg or espeak-ng")
      return
    }
    let folder = try TemporaryFolder()
    let speech = folder.path("speech.wav")
    let spoken = try run(voice, ["-w", speech, "Bring the van to the harbour on Tuesday, and both keys."])
    #expect(spoken.status == 0)
    for (codec, right, wrong) in [
      ("g726le", "G726-\(bits * 8)", "AAL2-G726-\(bits * 8)"), ("g726", "AAL2-G726-\(bits * 8)", "G726-\(bits * 8)"),
    ] {
      let made = try run(
        ffmpeg,
        [
          "-v", "error", "-i", speech, "-ar", "8000", "-ac", "1", "-c:a", codec, "-b:a", "\(bits * 8)k", "-f", codec,
          "-",
        ])
      #expect(made.status == 0, "\(made.errors)")
      #expect(try packing(made.output, bits, right) == nil)
      let turned = try #require(try packing(made.output, bits, wrong))
      #expect(turned.format == VoiceFormat(.init(type: 96, encoding: right, clockRate: 8_000)))
      #expect(turned.otherRoughness < turned.namedRoughness)
    }
  }

  @Test func claimsNothingOfSilenceAndOfLittle() throws {
    #expect(try packing([UInt8](repeating: 0xff, count: 16_000), 4, "G726-32") == nil)
    #expect(try packing((0..<800).map { UInt8(truncatingIfNeeded: $0 * 37) }, 4, "G726-32") == nil)
  }
}
