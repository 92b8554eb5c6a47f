import EvidenceModel
import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// The audio itself.
@Suite struct RenderingTests {
  private func samples(_ file: [UInt8]?) -> [Int16] {
    let bytes = (file ?? []).dropFirst(44)
    return stride(from: bytes.startIndex, to: bytes.endIndex - 1, by: 2).map {
      Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8)
    }
  }

  private func one(_ kind: PayloadKind, _ original: [UInt8]) throws -> (files: [CallAudio.File: [UInt8]], failures: Int)
  {
    var whole = packet(0, length: UInt16(original.count))
    whole.payloadOffset = 0
    return try render(audio([whole], kinds: [8: kind]), original)
  }

  @Test(arguments: [("alaw", PayloadKind.aLaw), ("mulaw", PayloadKind.muLaw)])
  func decodesEveryCodeAsFfmpegDoes(_ name: String, _ kind: PayloadKind) throws {
    guard let ffmpeg = program("ffmpeg") else {
      print("skipped: no ffmpeg")
      return
    }
    let codes = (0...255).map { UInt8($0) }
    let input = try TemporaryFolder()
    let path = try input.write(codes, "codes")
    let result = try run(
      ffmpeg, ["-v", "error", "-f", name, "-ar", "8000", "-ac", "1", "-i", path, "-f", "s16le", "-"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.count == 512)
    let own = try one(kind, codes)
    #expect(own.failures == 0)
    #expect(own.files[.left].map { Array($0.dropFirst(44)) } == result.output)
    // The same codes in a longer call, across the blocks of the decoder.
    let many = (0..<400).flatMap { _ in codes }
    let parts = (0..<400).map { place in
      var part = packet(place, timestamp: UInt32(place * 256), at: Int64(place) * 32, length: 256)
      part.payloadOffset = UInt64(place) * 256
      return part
    }
    let long = try render(audio(parts, kinds: [8: kind]), many)
    #expect(long.files[.left].map { Array($0.dropFirst(44)) } == (0..<400).flatMap { _ in result.output })
  }

  @Test func writesAHeaderThatFfprobeReads() throws {
    let files = try one(.aLaw, [UInt8](repeating: 0x55, count: 800)).files
    #expect(files[.right] == nil)
    let left = try #require(files[.left])
    #expect(left.count == 44 + 1_600)
    #expect(files[.stereo]?.count == 44 + 3_200)
    guard let ffprobe = program("ffprobe") else {
      print("skipped: no ffprobe")
      return
    }
    let folder = try TemporaryFolder()
    for (file, channels) in [(CallAudio.File.left, 1), (.stereo, 2)] {
      let path = try folder.write(files[file] ?? [], "\(channels).wav")
      let result = try run(
        ffprobe,
        ["-v", "error", "-show_entries", "stream=codec_name,sample_rate,channels,duration_ts", "-of", "csv=p=0", path])
      #expect(result.text == "pcm_s16le,8000,\(channels),800\n")
      #expect(result.errors.isEmpty)
    }
  }

  /// Samples that tell where they come from: each packet holds one code, which decodes to a number of its own.
  private let codes = (0..<100).flatMap { [UInt8](repeating: UInt8($0), count: 160) }

  private func decoded(_ code: Int) throws -> Int16 {
    try #require(samples(one(.aLaw, [UInt8(code)]).files[.left]).first)
  }

  @Test func leavesWhatIsMissingSilent() throws {
    var list = packets(10)
    list.remove(at: 4)
    let left = samples(try render(audio(list), codes).files[.left])
    #expect(left.count == 1_600)
    #expect(left[640..<800].allSatisfy { $0 == 0 })
    #expect(left[639] == (try decoded(3)))
    #expect(left[800] == (try decoded(5)))
  }

  @Test func rendersOvertakenAndLatePacketsInTheirPlaces() throws {
    var list = packets(20)
    list.swapAt(3, 4)
    list[10].time = CaptureTime(nanoseconds: 800_000_000)
    list.append(list.remove(at: 10))
    let left = samples(try render(audio(list), codes).files[.left])
    for place in 0..<20 { #expect(left[place * 160 + 80] == (try decoded(place))) }
  }

  @Test func keepsPacketsThatBelongBeforeTheFirstCapturedOne() throws {
    var list = packets(10)
    list.swapAt(0, 1)
    (list[0].time, list[1].time) = (list[1].time, list[0].time)
    let call = audio(list)
    #expect(call.tracks.allSatisfy { !$0.isCut })
    #expect(call.sampleCount == 1_600)
    let left = samples(try render(call, codes).files[.left])
    for place in 0..<10 { #expect(left[place * 160] == (try decoded(place))) }
    #expect(String(decoding: call.timeMapBytes(), as: UTF8.self).contains(#""firstSample":0"#))
  }

  @Test func alignsTheTwoSides() throws {
    // The called party's first packet comes half a second after the caller's.
    let left = packets(50)
    let right =
      (0..<20).map { packet($0, timestamp: 99, at: 500) }.prefix(1)
      + (1..<20).map { packet($0, timestamp: 99 + UInt32($0) * 160, at: 500 + Int64($0) * 20) }
    var call = CallAudio(start: left[0].time)
    call.add(analyse(left), track: 0, first: left[0].time, kinds: [8: .aLaw], description: [:])
    call.add(analyse(Array(right)), track: 1, first: right[0].time, kinds: [8: .aLaw], description: [:])
    call.settle()
    let files = try render(call, codes).files
    let both = samples(files[.stereo])
    #expect(both.count == 2 * 8_000)
    #expect(samples(files[.left]).count == 8_000)
    #expect(samples(files[.right]).count == 8_000)
    let silent = stride(from: 1, to: 8_000, by: 2).map { both[$0] }
    #expect(silent.allSatisfy { $0 == 0 })
    #expect(both[2 * 4_000 + 1] == (try decoded(0)))
    #expect(both[2 * 4_160 + 1] == (try decoded(1)))
    #expect(both[2 * 4_000] == (try decoded(25)))
    #expect(both[2 * 7_999 + 1] == 0, "the right side ended before the left")
    #expect(stride(from: 0, to: both.count, by: 2).map { both[$0] } == samples(files[.left]))
    #expect(stride(from: 1, to: both.count, by: 2).map { both[$0] } == samples(files[.right]))
  }

  @Test func mixesBothLawsInOneTrack() throws {
    let list = (0..<10).map { packet($0, type: $0 % 2 == 0 ? 8 : 0) }
    let left = samples(try render(audio(list, kinds: [8: .aLaw, 0: .muLaw]), codes).files[.left])
    let mu = samples(try one(.muLaw, (0..<10).map { UInt8($0) }).files[.left])
    for place in 0..<10 { #expect(left[place * 160 + 1] == (place % 2 == 0 ? try decoded(place) : mu[place])) }
  }

  @Test func letsTheFirstKeepWhatTwoPacketsClaim() throws {
    let list = [packet(0), packet(1, timestamp: 7_080, at: 10)]
    let call = audio(list)
    #expect(call.sampleCount == 240)
    let left = samples(try render(call, codes).files[.left])
    #expect(left[159] == (try decoded(0)))
    #expect(left[160] == (try decoded(1)))
  }

  @Test func cutsATrackAtItsLimit() {
    let day: Int64 = 86_400_000
    let call = audio([packet(0), packet(1), packet(2, at: day - 20), packet(3, at: day), packet(4, at: day + 20)])
    #expect(call.tracks[0].isCut)
    #expect(call.sampleCount <= call.tracks[0].maximumSamples)
    #expect(call.tracks[0].pieces.count == 3)
  }

  @Test func countsSamplesThatHaveNoPlace() {
    #expect(audio([packet(0), packet(1, timestamp: 7_080, at: 10)]).tracks[0].overlappingSamples == 80)
    #expect(audio([packet(0), packet(1, timestamp: 7_000, at: 10)]).tracks[0].overlappingSamples == 160)
  }

  @Test func rendersNoHoursOfSilence() throws {
    let call = audio([packet(0), packet(1), packet(2, at: 7_200_000)])
    #expect(call.isSparse)
    let result = try render(call, codes)
    #expect(result.files.isEmpty && result.failures == 0)
    #expect(!audio([packet(0), packet(1), packet(2, at: 3_500_000)]).isSparse)
  }

  @Test func countsWhatCannotBeRead() throws {
    let result = try render(audio(packets(10)), Array(codes.prefix(800)))
    #expect(result.failures > 0)
    #expect(samples(result.files[.left]).count == 1_600)
    #expect(samples(result.files[.left])[801...].allSatisfy { $0 == 0 })
  }

  @Test func writesNothingWithoutAudio() throws {
    let result = try render(audio(packets(10), kinds: [8: .other("OPUS")]), codes)
    #expect(result.files.isEmpty)
    #expect(result.failures == 0)
  }
}
