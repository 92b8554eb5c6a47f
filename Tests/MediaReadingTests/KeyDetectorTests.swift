import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// The tones of keys: found within the limits of ITU-T Q.24, and nowhere in speech.
@Suite struct KeyDetectorTests {
  private static let keys = Array("123A456B789C*0#D").map(String.init)

  /// Tones of keys between silences of half a second.
  private struct Tones {
    var rate = 8_000
    /// Milliseconds of each key and of the pause behind it.
    var length = 100.0
    var pause = 500.0
    /// dBm0 of the low tone, and decibels by which the high one is stronger.
    var level = -10.0
    var twist = 0.0
    /// How far the low and the high tone are off, in per cent and hertz.
    var lowOffset = (0.0, 0.0)
    var highOffset = (0.0, 0.0)
    /// dBm0 of noise; none below -90.
    var noise = -100.0
    /// Milliseconds from the beginning of each key for which it is interrupted.
    var interruption: ClosedRange<Double>?

    func samples(_ keys: [String]) -> [Int16] {
      var result = [Int16](repeating: 0, count: rate / 2)
      var generator = SystemNumbers(state: 7)
      for key in keys {
        let place = KeyDetectorTests.keys.firstIndex(of: key) ?? 0
        let low = Double(KeyTones.rows[place / 4]) * (1 + lowOffset.0 / 100) + lowOffset.1
        let high = Double(KeyTones.columns[place % 4]) * (1 + highOffset.0 / 100) + highOffset.1
        let (one, other) = (amplitude(level), amplitude(level + twist))
        for number in 0..<Int((length + pause) * Double(rate) / 1_000) {
          let time = Double(number) / Double(rate)
          let isOn = time * 1_000 < length && interruption?.contains(time * 1_000) != true
          var value = 0.0
          if isOn { value = one * sin(2 * .pi * low * time) + other * sin(2 * .pi * high * time + 1) }
          if noise > -90 { value += generator.normal() * amplitude(noise) / 2.0.squareRoot() }
          result.append(Int16(max(-32_768, min(value.rounded(), 32_767))))
        }
      }
      return result
    }

    private func amplitude(_ level: Double) -> Double { 32_768 * pow(10, (level - 3.14) / 20) }
  }

  /// Numbers that are the same in each run.
  private struct SystemNumbers {
    var state: UInt64
    mutating func uniform() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) / Double(1 << 53)
    }
    mutating func normal() -> Double { (-2 * log(max(uniform(), 1e-12))).squareRoot() * cos(2 * .pi * uniform()) }
  }

  private func heard(_ samples: [Int16], rate: Int = 8_000, blocks: Int = 32_768) throws -> [HeardKey] {
    let detector = try #require(KeyDetector(sampleRate: Int64(rate)))
    unsafe samples.withUnsafeBufferPointer { all in
      for start in stride(from: 0, to: all.count, by: blocks) {
        unsafe detector.take(UnsafeBufferPointer(rebasing: all[start..<min(start + blocks, all.count)]))
      }
    }
    detector.finish()
    return detector.keys
  }

  private func expectAll(_ tones: Tones, _ comment: Comment? = nil) throws {
    #expect(try heard(tones.samples(Self.keys), rate: tones.rate).map(\.key) == Self.keys, comment)
  }

  private func expectNone(_ tones: Tones, _ comment: Comment? = nil) throws {
    #expect(try heard(tones.samples(Self.keys), rate: tones.rate).map(\.key) == [], comment)
  }

  // MARK: Q.24

  @Test(arguments: [8_000, 11_025, 16_000, 32_000, 44_100, 48_000]) func hearsEachKey(_ rate: Int) throws {
    let tones = Tones(rate: rate)
    let keys = try heard(tones.samples(Self.keys), rate: rate)
    #expect(keys.map(\.key) == Self.keys)
    for (place, key) in keys.enumerated() {
      let begin = 0.5 + 0.6 * Double(place)
      #expect(abs(Double(key.from) / Double(rate) - begin) < 0.007, "\(key)")
      #expect(abs(Double(key.to) / Double(rate) - begin - 0.1) < 0.007, "\(key)")
      #expect(abs(key.lowLevel + 100) <= 10 && abs(key.highLevel + 100) <= 10, "\(key)")
    }
  }

  @Test(arguments: [1, 50, 102, 1_000, 4_099]) func hearsTheSameHoweverTheSoundIsCut(_ blocks: Int) throws {
    let samples = Tones().samples(Self.keys)
    #expect(try heard(samples, blocks: blocks) == heard(samples))
  }

  @Test func knowsHowLongAKeyMustLast() throws {
    for length in [40.0, 45, 51, 1_000] { try expectAll(Tones(length: length), "\(length)") }
    for length in [10.0, 20, 24] { try expectNone(Tones(length: length), "\(length)") }
  }

  @Test func partsKeysByTheirPauses() throws {
    let tones = Tones(length: 50, pause: 40)
    let keys = ["5", "5", "5", "6", "6", "1"]
    #expect(try heard(tones.samples(keys) + [Int16](repeating: 0, count: 4_000)).map(\.key) == keys)
    try expectAll(Tones(length: 100, interruption: 45...55))
  }

  @Test func knowsLevelsAndTwist() throws {
    for level in [-3.0, -6, -25, -35] { try expectAll(Tones(level: level), "\(level)") }
    try expectNone(Tones(level: -38))
    for twist in [4.0, -8] { try expectAll(Tones(level: -12, twist: twist), "\(twist)") }
    for twist in [7.0, -11] { try expectNone(Tones(level: -12, twist: twist), "\(twist)") }
  }

  @Test func knowsFrequencies() throws {
    for (share, hertz) in [(1.5, 2.0), (-1.5, -2)] {
      for length in [40.0, 100] {
        try expectAll(Tones(length: length, lowOffset: (share, hertz)), "\(share)")
        try expectAll(Tones(length: length, highOffset: (share, hertz)), "\(share)")
        try expectAll(Tones(length: length, lowOffset: (share, hertz), highOffset: (-share, -hertz)), "\(share)")
      }
    }
    for share in [3.5, -3.5] {
      try expectNone(Tones(lowOffset: (share, 0)), "\(share)")
      try expectNone(Tones(highOffset: (share, 0)), "\(share)")
    }
  }

  @Test func hearsKeysInNoise() throws { try expectAll(Tones(length: 50, noise: -24)) }

  // MARK: Others' tones

  @Test func hearsWhatFfmpegAndSoxDial() throws {
    for key in Self.keys {
      let place = try #require(Self.keys.firstIndex(of: key))
      let (low, high) = (KeyTones.rows[place / 4], KeyTones.columns[place % 4])
      let sound = try Sound(
        [
          "-f", "lavfi", "-i", "sine=\(low):d=0.08:r=8000", "-f", "lavfi", "-i", "sine=\(high):d=0.08:r=8000",
          "-filter_complex", "amix=inputs=2:normalize=0,adelay=300,apad=pad_dur=0.3",
        ], rate: 8_000, channels: 1)
      #expect(try heard(sound.samples.map { Int16($0) }).map(\.key) == [key], "ffmpeg \(key)")
      guard let sox = program("sox") else { continue }
      let folder = try TemporaryFolder()
      let made = try run(
        sox,
        [
          "-n", "-r", "8000", "-e", "a-law", "-c", "1", folder.path("tone.wav"), "synth", "0.06", "sine", "\(low)",
          "sine",
          "\(high)", "remix", "1,2", "pad", "0.3", "0.3", "gain", "-12",
        ])
      guard made.status == 0 else { continue }
      let dialled = try Sound(["-i", folder.path("tone.wav")], rate: 8_000, channels: 1)
      #expect(try heard(dialled.samples.map { Int16($0) }).map(\.key) == [key], "sox \(key)")
    }
  }

  // MARK: Talk-off

  private static let texts = [
    "I will meet you at the station at nine tomorrow evening, and bring the money with you. Do not be late this time, please.",
    "Peter Piper picked a peck of pickled peppers. How much wood would a woodchuck chuck if a woodchuck could chuck wood?",
    "One two three four five six seven eight nine zero. Ooh, aah, eee, hmm, la la la, ring ring, beep beep, la la la.",
  ]

  @Test(arguments: ["en-us", "en-gb", "de", "fr-fr", "es", "it", "sv", "cmn"], [8_000, 16_000])
  func hearsNoKeysInSpeech(_ voice: String, _ rate: Int) throws {
    let espeak = try #require(program("espeak-ng"), "install the packages of the group test")
    let folder = try TemporaryFolder()
    for (pitch, variant) in [(20, ""), (50, "+f3"), (80, "+f5"), (99, "+m7")] {
      for (number, text) in Self.texts.enumerated() {
        let made = try run(
          espeak,
          ["-v", voice + variant, "-p", "\(pitch)", "-s", "150", "-a", "180", "-w", folder.path("speech.wav"), text])
        try #require(made.status == 0, "\(made.errors)")
        let sound = try Sound(["-i", folder.path("speech.wav")], rate: rate, channels: 1)
        let keys = try heard(sound.samples.map { Int16($0) }, rate: rate)
        #expect(keys.isEmpty, "\(voice) \(variant) \(number): \(keys)")
      }
    }
  }

  // MARK: Limits and odd sounds

  @Test func looksAtNoOtherRates() {
    for rate in [0, -1, 7_999, 48_001, 192_000, .max] as [Int64] { #expect(KeyDetector(sampleRate: rate) == nil) }
  }

  @Test func survivesEndsOfTheScale() throws {
    for value in [Int16.min, .max, 0, -1] { #expect(try heard([Int16](repeating: value, count: 20_000)).isEmpty) }
    #expect(try heard((0..<20_000).map { $0 % 2 == 0 ? .min : .max }).isEmpty)
    #expect(try heard([]).isEmpty)
    let loud = try heard(Tones(rate: 48_000, level: 3).samples(["7"]), rate: 48_000)
    #expect(loud.count <= 1)
  }

  @Test func limitsTheKeys() throws {
    let samples = Tones(length: 45, pause: 45).samples(Array(repeating: "9", count: 10_050))
    let detector = try #require(KeyDetector(sampleRate: 8_000))
    unsafe samples.withUnsafeBufferPointer { unsafe detector.take($0) }
    detector.finish()
    #expect(detector.keys.count == 10_000)
    #expect(detector.omittedCount == 50)
  }

  @Test func tellsDecibels() {
    #expect(KeyTones.decibels(1, 1) == 0)
    #expect(abs(KeyTones.decibels(100, 1) - 200) <= 1)
    #expect(abs(KeyTones.decibels(1, 1_000) + 300) <= 1)
    #expect(abs(KeyTones.decibels(2, 1) - 30) <= 1)
    #expect(KeyTones.decibels(0, 1) == 0)
    #expect(abs(KeyTones.decibels(.max, 1) - 1_896) <= 1)
  }
}
