import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// Levels, loudness, clipping and silence, compared with ffmpeg's filters.
@Suite struct ExaminationTests {
  private static let sentence =
    "I will meet you at the station at nine tomorrow evening. Bring the money, and do not tell anyone about this call."

  /// Speech on the left, other speech and noise on the right.
  private func conversation(rate: Int = 48_000, bits: Int = 16, channels: Int = 2) throws -> Sound {
    let folder = try TemporaryFolder()
    let one = try Sound.speech(Self.sentence, in: folder, name: "one.wav")
    let two = try Sound.speech("Yes. " + Self.sentence, speed: 120, in: folder, name: "two.wav")
    return try Sound(
      [
        "-i", one, "-i", two, "-f", "lavfi", "-i", "anoisesrc=a=0.01:seed=4:r=48000:d=12", "-filter_complex",
        "[0]aresample=48000,apad=whole_dur=12[a];[1]aresample=48000,volume=1.7,apad=whole_dur=12[b];"
          + "[b][2]amix=inputs=2:normalize=0[c];[a][c]join=inputs=2:channel_layout=stereo,atrim=duration=12",
      ], rate: rate, channels: channels, bits: bits)
  }

  private func number(_ lines: [Substring], _ label: String, after mark: String) throws -> Double {
    let start = try #require(lines.lastIndex { $0.contains(mark) })
    let line = try #require(lines[start...].first { $0.contains(label) })
    let text = line.split(separator: ":").last?.split(separator: " ").first ?? ""
    return try #require(Double(text))
  }

  private func isNear(_ text: String?, _ number: Double, within tolerance: Double = 0.101) -> Bool {
    text.flatMap(Double.init).map { abs($0 - number) <= tolerance } ?? false
  }

  @Test(arguments: [(48_000, 16, 2), (44_100, 24, 2), (8_000, 16, 1), (96_000, 32, 2)])
  func loudnessIsThatOfFFmpeg(rate: Int, bits: Int, channels: Int) throws {
    let sound = try conversation(rate: rate, bits: bits, channels: channels)
    let findings = try sound.examined()
    let loudness = try #require(findings.loudness)
    let lines = try sound.ffmpeg("ebur128=peak=true+sample")
    #expect(isNear(loudness.integrated, try number(lines, "I:", after: "Integrated loudness:")))
    let peaks = findings.channels.compactMap { $0.samplePeak.flatMap(Double.init) }
    #expect(abs(try number(lines, "Peak:", after: "Sample peak:") - (peaks.max() ?? 0)) <= 0.1001)
    // FFmpeg interpolates by another filter.
    let truePeaks = findings.channels.compactMap { $0.truePeak.flatMap(Double.init) }
    #expect(abs(try number(lines, "Peak:", after: "True peak:") - (truePeaks.max() ?? 0)) <= 0.2001)
    var largest: (momentary: Double, shortTerm: Double) = (-200, -200)
    for line in lines {
      guard let match = line.firstMatch(of: /t: *([0-9.]+) .*M: *(-?[0-9.]+) +S: *(-?[0-9.]+)/) else { continue }
      let numbers = [match.1, match.2, match.3].compactMap { Double($0) }
      guard numbers.count == 3 else { continue }
      let (time, momentary, shortTerm) = (numbers[0], numbers[1], numbers[2])
      if time >= 0.39 { largest.momentary = max(largest.momentary, momentary) }
      if time >= 2.99 { largest.shortTerm = max(largest.shortTerm, shortTerm) }
    }
    #expect(isNear(loudness.momentary, largest.momentary))
    #expect(isNear(loudness.shortTerm, largest.shortTerm))
  }

  @Test func theLoudnessRangeIsThatOfFFmpeg() throws {
    // A minute at each of three loudnesses with a pause between them.
    let sound = try Sound(
      [
        "-f", "lavfi", "-i", "anoisesrc=a=0.2:seed=9:r=48000:d=190", "-af",
        "volume='if(lt(t,60),0.1,if(lt(t,65),0,if(lt(t,125),1,0.4)))':eval=frame",
      ], rate: 16_000, channels: 1)
    let lines = try sound.ffmpeg("ebur128")
    // FFmpeg takes the range from blocks that follow each other by 100 milliseconds, libebur128 from those of each second.
    let range = try number(lines, "LRA:", after: "Loudness range:")
    #expect(range > 15)
    #expect(isNear(try sound.examined().loudness?.range, range))
  }

  @Test(arguments: [16, 24, 32]) func levelsAreThoseOfFFmpeg(bits: Int) throws {
    let sound = try conversation(bits: bits)
    let findings = try sound.examined()
    let moved = try Sound(["-i", sound.path, "-af", "dcshift=0.01"], bits: bits)
    let shifted = try moved.examined()
    let lines = try moved.ffmpeg("astats=measure_overall=none")
    for channel in 0..<2 {
      let mark = "Channel: \(channel + 1)"
      let one = shifted.channels[channel]
      #expect(isNear(one.offset, try number(lines, "DC offset:", after: mark), within: 0.00002))
      #expect(isNear(one.level, try number(lines, "RMS level dB:", after: mark)))
      #expect(isNear(one.samplePeak, try number(lines, "Peak level dB:", after: mark)))
      let offset = try #require(Double(findings.channels[channel].offset))
      #expect(isNear(one.offset, offset + 0.01, within: 0.0001))
    }
  }

  @Test(arguments: [1, 63, 4_096, 100_000]) func theLengthOfBlocksChangesNothing(blocks: Int) throws {
    let sound = try conversation(rate: 16_000)
    #expect(try sound.examined(blocks: blocks) == sound.examined(blocks: 999))
  }

  @Test func wholeScaleIsTheSameAtAnyBits() throws {
    let low = try conversation(rate: 8_000).examined()
    let high = try conversation(rate: 8_000, bits: 32).examined()
    for channel in 0..<2 {
      for (one, other) in zip(low.channels[channel].levels, high.channels[channel].levels) {
        #expect(abs(Int(one) - Int(other)) <= 1)
      }
      for (one, other) in zip(low.channels[channel].peaks, high.channels[channel].peaks) {
        #expect(abs(Int(one) - Int(other)) <= 1)
      }
    }
  }

  @Test func aWaveformHasThePeakAndTheLevelOfEachPart() throws {
    // Part n is a square wave of the size 10 n.
    let samples = (0..<50_000).map { place -> Int32 in
      let size = Int32(place / 50 * 10)
      return place % 2 == 0 ? size : -size
    }
    let channel = try Sound(samples, rate: 8_000).examined().channels[0]
    #expect(channel.peaks == (0..<1_000).map { UInt16($0 * 10) })
    #expect(channel.levels == channel.peaks)
    let whole = try Sound(Array(repeating: -32_768, count: 8_000), rate: 8_000).examined().channels[0]
    #expect(whole.peaks.allSatisfy { $0 == 32_768 } && whole.levels.allSatisfy { $0 == 32_768 })
    #expect(whole.level == "0.0" && whole.samplePeak == "0.0" && whole.offset == "-1.000000")
  }

  @Test func moreOrFewerSamplesThanAnnouncedAreCounted() throws {
    let sound = try Sound((0..<20_000).map { Int32($0 % 200) }, rate: 8_000)
    let fewer = try sound.examined(announced: 40_000)
    #expect(fewer.sampleCount == 20_000)
    #expect(fewer.channels[0].peaks[499] == 199 && fewer.channels[0].peaks[500] == 0)
    let more = try sound.examined(announced: 10_000)
    #expect(more.sampleCount == 20_000 && more.channels[0].peaks[999] == 199)
    let none = try Sound([], rate: 8_000).examined()
    #expect(none.sampleCount == 0 && none.channels[0].samplePeak == nil && none.loudness?.integrated == nil)
  }

  @Test func clippedRunsAreListedAndCounted() throws {
    var noise = Noise(1)
    var samples = (0..<200_000).map { _ in noise.next(20_000) }
    func put(_ start: Int, _ count: Int, _ value: Int32) {
      for place in start..<(start + count) { samples[place] = value }
    }
    put(0, 3, .init(Int16.max))
    put(4_095, 4, .init(Int16.min))
    put(5_000, 2, .init(Int16.max))
    put(6_000, 5, .init(Int16.max))
    put(6_005, 3, .init(Int16.min) + 1)
    put(199_990, 10, .init(Int16.max))
    let clipping = try Sound(samples, rate: 8_000).examined().channels[0].clipping
    #expect(
      clipping.list.map { [$0.start, $0.count] } == [[0, 3], [4_095, 4], [6_000, 5], [6_005, 3], [199_990, 10]])
    #expect(clipping.count == 5 && clipping.samples == 25)
    for place in stride(from: 10_000, to: 190_000, by: 100) { put(place, 3, .init(Int16.max)) }
    let many = try Sound(samples, rate: 8_000).examined().channels[0].clipping
    #expect(many.list.count == SampleRanges.maximumListed && many.count == 1_805 && many.samples == 25 + 1_800 * 3)
  }

  @Test func silenceIsThatOfSilencedetect() throws {
    var noise = Noise(2)
    var samples = (0..<160_000).flatMap { _ in [abs(noise.next(9_000)) + 9, -abs(noise.next(9_000)) - 9] }
    func put(_ start: Int, _ count: Int, _ channel: Int, _ value: Int32) {
      for place in start..<(start + count) { samples[place * 2 + channel] = value }
    }
    for channel in 0..<2 {
      put(10_007, 8_000, channel, 0)
      put(40_000, 7_999, channel, 0)
      put(150_000, 10_000, channel, 0)
    }
    put(60_000, 20_000, 0, 0)
    put(90_001, 9_000, 1, -5)
    let sound = try Sound(samples, rate: 8_000, channels: 2)
    let findings = try sound.examined()
    #expect(findings.silence.list.map { [$0.start, $0.count] } == [[10_007, 8_000], [150_000, 10_000]])
    #expect(findings.channels[0].zeros.list.map(\.start) == [10_007, 60_000, 150_000])
    #expect(findings.channels[1].constants.list == [SampleRange(start: 90_001, count: 9_000)])
    #expect(findings.channels[0].constants.count == 0)
    let starts = try sound.ffmpeg("silencedetect=noise=-80dB:duration=1").compactMap { line in
      line.firstMatch(of: /silence_start: ([0-9.]+)/).flatMap { Double($0.1) }
    }
    #expect(starts.map { Int64(($0 * 8_000).rounded()) } == findings.silence.list.map(\.start))
  }

  @Test func deadAndEqualChannelsAreTold() throws {
    var noise = Noise(3)
    let samples = (0..<9_000).flatMap { _ -> [Int32] in
      let one = noise.next(3_000)
      return [one, 0, one, -7, noise.next(3_000)]
    }
    let findings = try Sound(samples, rate: 8_000, channels: 5).examined()
    #expect(findings.channels.map(\.isDead) == [false, true, false, true, false])
    #expect(findings.channels.map(\.sameAs) == [nil, nil, 0, nil, nil])
    #expect(findings.channels[1].zeros.samples == 9_000 && findings.channels[3].constants.samples == 9_000)
    #expect(findings.channels[1].samplePeak == nil && findings.channels[1].truePeak == nil)
  }

  @Test func longRecordingsAreMeasuredByHistogram() throws {
    let sound = try conversation(rate: 8_000)
    let exact = try #require(try sound.examined().loudness)
    let announced = 8_000 * Int(LoudnessMeter.maximumListedSeconds + 1)
    let coarse = try #require(try sound.examined(announced: announced).loudness)
    #expect(!exact.isHistogram && coarse.isHistogram)
    #expect(isNear(coarse.integrated, try #require(exact.integrated.flatMap(Double.init))))
    #expect(isNear(coarse.range, try #require(exact.range.flatMap(Double.init)), within: 0.201))
    #expect(coarse.momentary == exact.momentary && coarse.shortTerm == exact.shortTerm)
  }

  @Test func leavingOutWhatCannotBeLouderChangesNoTruePeak() throws {
    for (rate, seed) in [(48_000, UInt64(5)), (96_000, 6), (192_000, 7)] {
      var noise = Noise(seed)
      let samples = (0..<60_000).map { noise.next(Int32(100 + ($0 % 9_000))) }
      let sound = try Sound(samples, rate: rate)
      let lines = try sound.ffmpeg("ebur128=peak=true")
      let peak = try #require(try sound.examined(blocks: 777).channels[0].truePeak.flatMap(Double.init))
      let other = try number(lines, "Peak:", after: "True peak:")
      #expect(abs(peak - other) < 0.6, "\(rate): \(peak), ffmpeg \(other)")
    }
  }

  @Test func refusesWhatItCannotExamine() {
    #expect(AudioExamination(sampleRate: 8_000, channels: 9, bits: 16, sampleCount: 1) == nil)
    #expect(AudioExamination(sampleRate: 8_000, channels: 0, bits: 16, sampleCount: 1) == nil)
    #expect(AudioExamination(sampleRate: 8_000, channels: 1, bits: 8, sampleCount: 1) == nil)
    #expect(AudioExamination(sampleRate: 100, channels: 1, bits: 16, sampleCount: 1) == nil)
    #expect(AudioExamination(sampleRate: 8_000, channels: 1, bits: 16, sampleCount: -1) == nil)
    #expect(AudioExamination(sampleRate: 8_000, channels: 1, bits: 16, sampleCount: 1 << 41) == nil)
  }

  @Test func logarithmsInIntegersAreExactToATenth() {
    for value in [1, 2, 3, 7, 100, 23_170, 32_767, 32_768] as [UInt64] {
      let exact = 200 * log10(Double(value) / 32_768)
      #expect(abs(Double(FixedPoint.decibelTenths(amplitude: value, bits: 15)!) - exact) <= 0.5)
    }
    #expect(FixedPoint.decimal(-5, places: 1) == "-0.5" && FixedPoint.decimal(0, places: 1) == "0.0")
    #expect(FixedPoint.decimal(-123_456, places: 3) == "-123.456" && FixedPoint.decimal(7, places: 0) == "7")
    #expect(FixedPoint.squareRoot(.max) == 4_294_967_295 && FixedPoint.squareRoot(24) == 4)
  }
}
