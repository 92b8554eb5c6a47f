import COpus
import EvidenceModel
import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// The frames of Opus packets, and copies that they hold of packets that are missing (in-band FEC).
@Suite struct OpusTests {
  /// Speech of a real encoder: the name says what is special, then opusenc's options and the channels.
  struct Speech: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let options: String
    var channels = 1

    /// The payloads; nil without the programs that make them.
    func payloads() throws -> [[UInt8]]? {
      guard let espeak = program("espeak-ng") else {
        print("skipped: no espeak-ng")
        return nil
      }
      let folder = try TemporaryFolder()
      let words = "Meet me at the old harbour at nine. Bring the money with you, and do not tell anyone about it."
      let path = folder.path("speech.wav")
      let spoken = try run(espeak, ["-w", path, words])
      #expect(spoken.status == 0, "\(spoken.errors)")
      let sent = try sentByGStreamer(
        "filesrc location=\(path) ! wavparse ! audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=\(channels)"
          + " ! opusenc audio-type=voice inband-fec=true packet-loss-percentage=20 \(options) ! oggmux"
          + " ! filesink location=ogg")
      guard let sent else { return nil }
      return try Array(Self.packets(sent.file("ogg")).dropFirst(2))
    }

    /// The packets of an Ogg file of one stream (RFC 3533, 6), the first two of which are headers (RFC 7845, 3).
    private static func packets(_ file: [UInt8]) -> [[UInt8]] {
      var list: [[UInt8]] = []
      var packet: [UInt8] = []
      var place = 0
      while place + 27 <= file.count {
        let lengths = file[(place + 27)...].prefix(Int(file[place + 26]))
        place += 27 + lengths.count
        for length in lengths {
          packet += file[place..<(place + Int(length))]
          place += Int(length)
          guard length < 255 else { continue }
          list.append(packet)
          packet = []
        }
      }
      return list
    }
  }

  static let speeches = [
    Speech(testDescription: "4 kHz", options: "bitrate=20000 bandwidth=narrowband"),
    Speech(testDescription: "6 kHz", options: "bitrate=20000 bandwidth=mediumband"),
    Speech(testDescription: "8 kHz", options: "bitrate=24000 bandwidth=wideband"),
    Speech(testDescription: "8 kHz, 10 ms", options: "bitrate=32000 bandwidth=wideband frame-size=10"),
    Speech(testDescription: "8 kHz, 40 ms", options: "bitrate=20000 bandwidth=wideband frame-size=40"),
    Speech(testDescription: "8 kHz, 60 ms", options: "bitrate=20000 bandwidth=wideband frame-size=60"),
    Speech(testDescription: "8 kHz, two channels", options: "bitrate=40000 bandwidth=wideband", channels: 2),
    Speech(
      testDescription: "8 kHz, two channels, 60 ms", options: "bitrate=32000 bandwidth=wideband frame-size=60",
      channels: 2),
    Speech(testDescription: "both layers", options: "bitrate=32000 bandwidth=fullband"),
    Speech(testDescription: "both layers, two channels", options: "bitrate=48000 bandwidth=fullband", channels: 2),
  ]

  private static let format = VoiceFormat(.init(type: 96, encoding: "OPUS", clockRate: 48_000))!

  private static func packet(_ payload: [UInt8]) throws -> OpusPacket {
    // Safe: the view ends before `payload` does.
    try unsafe OpusPacket(payload.span.bytes)
  }

  private static func copies(_ payload: [UInt8]) throws -> UInt8 {
    // Safe: the view ends before `payload` does.
    try packet(payload).copies(in: unsafe payload.span.bytes)
  }

  /// A call of which the packets of some numbers are missing: its samples and its time map.
  private func call(
    _ payloads: [[UInt8]], without lost: Set<Int>, skipping silence: Set<Int> = []
  ) throws -> (samples: [Int16], map: [String], analysis: StreamAnalysis) {
    let folder = try TemporaryFolder()
    let path = try folder.write(payloads.flatMap { $0 }, "original")
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    defer { try? file.close() }
    let duration =
      try payloads.first.map { try UInt32(Self.packet($0).frameSamples * Self.packet($0).frameCount) } ?? 960
    var list: [MediaPacket] = []
    var (offset, sequence) = (UInt64(0), UInt16(65_530))
    for (number, payload) in payloads.enumerated() {
      let stamp = UInt32(number) * duration
      var next = MediaReadingTests.packet(
        number, sequence: sequence, timestamp: stamp, at: Int64(stamp) / 48, length: UInt16(payload.count))
      next.payloadOffset = offset
      offset += UInt64(payload.count)
      if silence.contains(number) { continue }
      sequence &+= 1
      if !lost.contains(number) { list.append(next) }
    }
    let kinds: [UInt8: PayloadKind] = [8: .audio(Self.format)]
    var analysis = StreamAnalysis(list, clockRate: 48_000)
    let originals = [UInt16(1): file.fileDescriptor]
    _ = analysis.measure(kinds, originals: originals)
    analysis.recoverInBand(kinds, originals: originals)
    var audio = CallAudio(start: list[0].time)
    audio.add(analysis, track: 0, first: list[0].time, kinds: kinds, description: [:])
    audio.settle()
    let (files, failures) = render(audio, originals: originals)
    #expect(failures == 0)
    return (numbers(Array((files[.left] ?? []).dropFirst(44))), map(audio), analysis)
  }

  @Test(arguments: speeches) func recoversWhatTheSenderCopied(_ speech: Speech) throws {
    guard let payloads = try speech.payloads() else { return }
    let whole = try call(payloads, without: [])
    let first = try Self.packet(payloads[0])
    let duration = first.frameSamples * first.frameCount
    #expect(whole.samples.count == payloads.count * duration)
    #expect(whole.map == ["received 0-\(whole.samples.count) 1-\(payloads.count)"])
    // One is missing, two, three, the first of all and the last of all.
    var lost: Set<Int> = [0, payloads.count - 1]
    var place = 4
    while place < payloads.count - 6 {
      for number in 0...(place % 3) { lost.insert(place + number) }
      place += 7
    }
    let damaged = try call(payloads, without: lost)
    // Before the first that was captured nothing is known to be missing.
    let begin = 1
    var expected: [(kind: String, from: Int, to: Int, numbers: [Int])] = []
    func add(_ kind: String, _ from: Int, _ to: Int, _ number: Int?) {
      if let last = expected.last, last.kind == kind {
        expected[expected.count - 1].to = to
        expected[expected.count - 1].numbers += number.map { [$0] } ?? []
      } else {
        expected.append((kind, from, to, number.map { [$0] } ?? []))
      }
    }
    var (signal, error, recovered) = (0.0, 0.0, 0)
    for number in begin..<(payloads.count - 1) {
      let from = (number - begin) * duration
      guard lost.contains(number) else {
        add("received", from, from + duration, number + 1)
        continue
      }
      let bits = lost.contains(number + 1) ? 0 : try Self.copies(payloads[number + 1])
      if bits > 0 { recovered += 1 }
      let count = max(1, duration / 960)
      for part in 0..<count {
        let range = (from + part * duration / count)..<(from + (part + 1) * duration / count)
        let isThere = bits >> UInt8(part) & 1 == 1
        add(isThere ? "recovered" : "lost", range.lowerBound, range.upperBound, isThere ? number + 2 : nil)
        let samples = damaged.samples[range]
        if isThere {
          // Behind a longer gap the decoder lacks more than the packet itself.
          if lost.contains(number - 1) { continue }
          for (here, there) in zip(samples, whole.samples[(range.lowerBound + duration)...]) {
            signal += Double(there) * Double(there)
            error += (Double(here) - Double(there)) * (Double(here) - Double(there))
          }
        } else {
          #expect(!samples.contains { $0 != 0 })
        }
      }
    }
    let texts = expected.map { range in
      let packets = PacketSet.text(range.numbers)
      return "\(range.kind) \(range.from)-\(range.to)" + (packets.isEmpty ? "" : " " + packets)
    }
    #expect(damaged.map == texts)
    #expect(recovered > 5)
    #expect(damaged.analysis.recoveredInBand == Int64(recovered))
    #expect(damaged.analysis.lost == Int64(lost.count - 2))
    // A coarser copy, yet the same sound, at the same place.
    let ratio = 10 * log10(signal / max(1, error))
    print("\(speech.testDescription): \(recovered) of \(lost.count - 2) packets came back, \(ratio) dB for single ones")
    #expect(ratio > 6)
  }

  /// What is not of both layers is what a plain use of libopus gives, sample for sample.
  @Test(arguments: speeches.filter { !$0.testDescription.hasPrefix("both") })
  func givesWhatLibopusGives(_ speech: Speech) throws {
    guard let payloads = try speech.payloads() else { return }
    let first = try Self.packet(payloads[0])
    let duration = first.frameSamples * first.frameCount
    let lost = Set(
      try stride(from: 5, to: payloads.count - 2, by: 4).filter {
        try Self.copies(payloads[$0 + 1]) == 7 >> (3 - max(1, duration / 960))
      })
    #expect(lost.count > 3)
    let ours = try call(payloads, without: lost).samples
    let made = unsafe opus_decoder_create(48_000, 1, nil)
    guard let decoder = unsafe made else { throw CocoaError(.featureUnsupported) }
    defer { unsafe opus_decoder_destroy(decoder) }
    var theirs: [Int16] = []
    for number in payloads.indices {
      var output = [Int16](repeating: 0, count: duration)
      let isLost = lost.contains(number)
      let payload = payloads[isLost ? number + 1 : number]
      // Safe: the output holds a packet's samples.
      let made = unsafe opus_decode(decoder, payload, Int32(payload.count), &output, Int32(duration), isLost ? 1 : 0)
      #expect(Int(made) == duration)
      theirs += output
    }
    #expect(ours == theirs)
  }

  @Test func takesSilenceForNoLoss() throws {
    guard let payloads = try Self.speeches[2].payloads() else { return }
    // Nothing is sent for a while: no number is missing, and the packet behind it has a copy of what nobody sent.
    let place = try #require(try payloads.indices.first { try $0 > 20 && Self.copies(payloads[$0]) == 1 })
    let quiet = try call(payloads, without: [], skipping: Set(place - 3..<place))
    #expect(quiet.analysis.recovered == 0)
    #expect(
      quiet.map == [
        "received 0-\((place - 3) * 960) 1-\(place - 3)", "silenceSuppressed \((place - 3) * 960)-\(place * 960)",
        "received \(place * 960)-\(payloads.count * 960) \(place + 1)-\(payloads.count)",
      ])
    // A packet is missing, too, and nobody knows where in the pause it was.
    let unclear = try call(payloads, without: [place - 1], skipping: Set(place - 3..<place - 1))
    #expect(unclear.analysis.recovered == 0)
    #expect(unclear.map.contains("lost \((place - 3) * 960)-\(place * 960)"))
  }

  @Test func readsFramesAsLibopusDoes() throws {
    var state: UInt64 = 7
    func next() -> UInt8 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return UInt8(truncatingIfNeeded: state >> 33)
    }
    var accepted = 0
    for round in 0..<40_000 {
      var payload = (0..<Int(next() % 60)).map { _ in next() }
      if round % 5 == 0 { payload += (0..<1_300).map { _ in next() } }
      if round % 3 == 0, payload.count > 1 { payload[0] |= 3 }
      if round % 2 == 0, payload.count > 1 { payload[1] &= 0xc7 }
      var (contents, offset) = (UInt8(0), Int32(0))
      var sizes = [Int16](repeating: 0, count: 48)
      // Safe: libopus reads the payload's bytes and writes at most 48 sizes.
      let count = unsafe opus_packet_parse(payload, Int32(payload.count), &contents, nil, &sizes, &offset)
      let packet = try? Self.packet(payload)
      guard count > 0 else {
        #expect(packet == nil || packet?.contradiction != nil, "\(payload)")
        continue
      }
      accepted += 1
      let ours = try #require(packet)
      #expect(ours.contradiction == nil, "\(payload)")
      #expect(ours.frames.map(\.count) == sizes.prefix(Int(count)).map(Int.init))
      #expect(ours.frames.first?.lowerBound == Int(offset))
      let duration = unsafe opus_packet_get_samples_per_frame(payload, 48_000)
      #expect(ours.frameSamples == Int(duration))
    }
    #expect(accepted > 5_000)
  }

  @Test func survivesPacketsThatLie() throws {
    guard var payloads = try Self.speeches[8].payloads() else { return }
    payloads = Array(payloads.prefix(60))
    for place in stride(from: 3, to: 58, by: 3) {
      // Cut, overwritten, of other kinds and numbers of frames.
      payloads[place] = Array(payloads[place].prefix(1 + place % 9))
      payloads[place + 1] = payloads[place + 1].enumerated().map {
        $0.offset % 7 == place % 7 ? ~$0.element : $0.element
      }
      if place % 2 == 0 { payloads[place + 2][0] = UInt8(truncatingIfNeeded: place * 41) }
    }
    let folder = try TemporaryFolder()
    let path = try folder.write(payloads.flatMap { $0 }, "original")
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    defer { try? file.close() }
    let originals = [UInt16(1): file.fileDescriptor]
    let kinds: [UInt8: PayloadKind] = [8: .audio(Self.format)]
    for missing in 0..<4 {
      var offset: UInt64 = 0
      var list: [MediaPacket] = []
      for (number, payload) in payloads.enumerated() {
        var next = MediaReadingTests.packet(
          number, timestamp: UInt32(number * 960), length: UInt16(payload.count))
        next.payloadOffset = offset
        offset += UInt64(payload.count)
        if number % 4 != missing { list.append(next) }
      }
      var analysis = StreamAnalysis(list, clockRate: 48_000)
      _ = analysis.measure(kinds, originals: originals)
      analysis.recoverInBand(kinds, originals: originals)
      #expect(analysis.recovered <= analysis.lost)
      var audio = CallAudio(start: list[0].time)
      audio.add(analysis, track: 0, first: list[0].time, kinds: kinds, description: [:])
      audio.settle()
      let (files, _) = render(audio, originals: originals)
      #expect((files[.left]?.count ?? 0) > 40_000)
    }
  }

  @Test func takesFramesWithoutOctetsForNothingSent() throws {
    var frames = VoiceFrames()
    // Two frames of 20 milliseconds, the first of which has no octet (RFC 6716, 3.2.4).
    let payload: [UInt8] = [0x4a, 0, 1, 2, 3]
    // Safe: the view ends before `payload` does.
    try unsafe frames.read(payload.span.bytes, as: Self.format)
    #expect(frames.frames.map(\.kind) == [.noData, .speech])
    #expect(frames.frames.map(\.offset) == [0, 960])
    #expect(Array(frames.data[frames.frames[1].bytes]) == [0x48, 1, 2, 3])
    let samples = try rendered([payload], Self.format)
    #expect(!samples.prefix(960).contains { $0 != 0 })
  }

  /// What was not sent is not made up: not behind packets without sound, whose place nobody knows, and not over what came.
  @Test(arguments: [false, true]) func takesNoCopyBehindPacketsWithoutSound(isCapturedLast: Bool) throws {
    guard let payloads = try Self.speeches[2].payloads() else { return }
    let place = try #require(try payloads.indices.first { try $0 > 20 && Self.copies(payloads[$0]) == 1 })
    let folder = try TemporaryFolder()
    let path = try folder.write(payloads.flatMap { $0 }, "original")
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    defer { try? file.close() }
    var list: [MediaPacket] = []
    var offset: UInt64 = 0
    for (number, payload) in payloads.enumerated() {
      // Two empty packets come before the one with the copy, of which the second is lost.
      let isBehind = number >= place
      var next = MediaReadingTests.packet(
        number, sequence: UInt16(number + (isBehind ? 2 : 0)), timestamp: UInt32(number + (isBehind ? 1 : 0)) * 960,
        at: Int64(number) * 20_000, length: UInt16(payload.count))
      next.payloadOffset = offset
      offset += UInt64(payload.count)
      if number == place {
        var empty = next
        empty.sequence = UInt16(number)
        empty.timestamp = UInt32(isCapturedLast ? number : number - 1) * 960
        empty.payloadLength = 0
        empty.payloadOffset = max(1, empty.payloadOffset)
        list.append(empty)
      }
      list.append(next)
    }
    let kinds: [UInt8: PayloadKind] = [8: .audio(Self.format)]
    var analysis = StreamAnalysis(list, clockRate: 48_000)
    let originals = [UInt16(1): file.fileDescriptor]
    _ = analysis.measure(kinds, originals: originals)
    analysis.recoverInBand(kinds, originals: originals)
    #expect(analysis.lost == 1)
    #expect(analysis.recovered == 0)
  }

  /// An Ogg file (RFC 3533, RFC 7845) with a page for each packet.
  private static func ogg(_ packets: [[UInt8]], channels: Int) -> [UInt8] {
    let head = Array("OpusHead".utf8) + [1, UInt8(channels), 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0]
    let tags = Array("OpusTags".utf8) + [UInt8](repeating: 0, count: 8)
    var file: [UInt8] = []
    for (number, packet) in ([head, tags] + packets).enumerated() {
      let lacing = [UInt8](repeating: 255, count: packet.count / 255) + [UInt8(packet.count % 255)]
      let position = UInt64(max(0, number - 1)) * 960
      var page = Array("OggS".utf8) + [0, number == 0 ? 2 : 0]
      page += (0..<8).map { UInt8(truncatingIfNeeded: position >> ($0 * 8)) } + [1, 0, 0, 0]
      page += (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) } + [0, 0, 0, 0, UInt8(lacing.count)]
      page += lacing + packet
      var sum: UInt32 = 0
      for byte in page {
        sum ^= UInt32(byte) << 24
        for _ in 0..<8 { sum = sum & 0x8000_0000 != 0 ? sum << 1 ^ 0x04c1_1db7 : sum << 1 }
      }
      for place in 0..<4 { page[22 + place] = UInt8(truncatingIfNeeded: sum >> (place * 8)) }
      file += page
    }
    return file
  }

  /// libopus alone would continue the sound before a pause.
  @Test(arguments: [2, 6]) func leavesPausesOfRecordingsSilent(speech: Int) throws {
    guard var payloads = try Self.speeches[speech].payloads() else { return }
    let pause = 30..<60
    for place in pause { payloads[place] = [payloads[place][0]] }
    let folder = try TemporaryFolder()
    let path = try folder.write(Self.ogg(payloads, channels: Self.speeches[speech].channels), "pauses.opus")
    let recording = try ReadRecording(path)
    let audio = try #require(recording.reader.audios.first)
    #expect(audio.damageCount == 0)
    let samples = numbers(try recording.samples(of: audio))
    let width = 960 * audio.channels
    #expect(samples.count == payloads.count * width)
    #expect(!samples[(pause.lowerBound * width)..<(pause.upperBound * width)].contains { $0 != 0 })
    #expect(samples[..<(pause.lowerBound * width)].contains { $0 != 0 })
    #expect(samples[(pause.upperBound * width)...].contains { $0 != 0 })
  }

  @Test func tellsLengthsThatContradictThePacket() throws {
    for payload in [[0x49, 1, 2, 3], [0x4a, 9, 1], [0x4b, 0x83, 5, 5, 1], [0x4b, 0x43, 9, 1], [0x4b, 3, 1]] as [[UInt8]]
    {
      var frames = VoiceFrames()
      // Safe: the view ends before `payload` does.
      #expect(throws: (any Error).self) { try unsafe frames.read(payload.span.bytes, as: Self.format) }
      // What the packet says of its duration stands.
      #expect(frames.sampleCount == 960 * (payload[0] & 3 == 3 ? 3 : 2))
      #expect(frames.data.isEmpty)
    }
  }
}

extension PacketSet {
  fileprivate static func text(_ numbers: [Int]) -> String {
    var set = PacketSet()
    for number in numbers { set.insert(PacketPosition(original: 1, packet: UInt64(number))) }
    return set.byOriginal.first?.packets ?? ""
  }
}
