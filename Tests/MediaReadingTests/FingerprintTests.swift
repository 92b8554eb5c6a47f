import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// Acoustic fingerprints, compared with fpcalc, and audio that recordings share.
@Suite struct FingerprintTests {
  private static let texts = [
    "The quick brown fox jumps over the lazy dog. I will meet you at the station at nine o'clock tomorrow evening, and bring the "
      + "money with you. Do not tell anyone about this call, because somebody may be listening to what we say. We will take "
      + "the road to the north, and then the ferry at midnight.",
    "The committee has decided to postpone the meeting until the third of September. All members are requested to send their "
      + "reports in writing to the secretary. Travel expenses will be reimbursed against receipts, and the budget for the "
      + "coming year was discussed at length.",
  ]

  private func speech(_ number: Int, in folder: TemporaryFolder) throws -> String {
    try Sound.speech(Self.texts[number], speed: 130, in: folder, name: "\(number).wav")
  }

  /// What fpcalc prints for a file: numbers, and the compressed form.
  private func fpcalc(_ path: String) throws -> (raw: String, compressed: String) {
    let fpcalc = try #require(program("fpcalc"), "install the packages of the group test")
    let texts = try [["-raw"], []].map { options in
      try run(fpcalc, options + ["-plain", "-length", "0", path]).text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
    return (texts[0], texts[1])
  }

  @Test(
    arguments: [
      (48_000, 2, 16), (44_100, 2, 24), (8_000, 1, 16), (11_025, 1, 16), (11_025, 2, 16), (16_000, 3, 16),
      (96_000, 1, 32), (48_000, 6, 16), (22_050, 1, 24),
    ])
  func fingerprintsAreThoseOfFpcalc(rate: Int, channels: Int, bits: Int) throws {
    let folder = try TemporaryFolder()
    // The second voice comes later and on the other channel.
    let sound = try Sound(
      [
        "-i", try speech(0, in: folder), "-i", try speech(1, in: folder), "-filter_complex",
        "[1]adelay=2000[b];[0][b]join=inputs=2:channel_layout=stereo",
      ], rate: rate, channels: channels, bits: bits)
    let fingerprint = try #require(try sound.examined().fingerprint)
    let other = try fpcalc(sound.path)
    #expect(fingerprint.raw.map(String.init).joined(separator: ",") == other.raw)
    #expect(fingerprint.compressed == other.compressed)
    #expect(fingerprint.raw.count > 100 && !fingerprint.isCut)
  }

  @Test func shortAndSilentSoundHasNoneOrTheOneOfSilence() throws {
    #expect(try Sound(Array(repeating: 5, count: 8_000), rate: 8_000).examined().fingerprint == nil)
    let silence = try #require(try Sound(Array(repeating: 0, count: 80_000), rate: 8_000).examined().fingerprint)
    #expect(Set(silence.raw).count == 1)
  }

  private func raw(_ arguments: [String], rate: Int = 48_000) throws -> [UInt32] {
    try #require(try Sound(arguments, rate: rate, channels: 1).examined().fingerprint).raw
  }

  /// The same sound behind another coding.
  private func coded(
    _ path: String, _ options: [String], _ name: String, in folder: TemporaryFolder
  ) throws -> [UInt32] {
    let made = try run(
      try #require(program("ffmpeg")), ["-v", "error", "-y", "-i", path] + options + [folder.path(name)])
    try #require(made.status == 0, "\(made.errors)")
    return try raw(["-i", folder.path(name)])
  }

  /// The same sound behind AMR at its lowest rate, which only GStreamer encodes here.
  private func narrowband(_ path: String, in folder: TemporaryFolder) throws -> [UInt32] {
    let narrow = try run(
      try #require(program("ffmpeg")), ["-v", "error", "-y", "-i", path, "-ar", "8000", folder.path("narrow.wav")])
    try #require(narrow.status == 0)
    let sent = try #require(
      try sentByGStreamer(
        "filesrc location=\(folder.path("narrow.wav")) ! wavparse ! audioconvert ! amrnbenc band-mode=0 "
          + "! filesink location=amr"))
    let bytes = [UInt8]("#!AMR\n".utf8) + (try sent.file("amr"))
    return try raw(["-i", try folder.write(bytes, "narrow.amr")])
  }

  @Test func findsTheSameSpeechBehindOtherCodings() throws {
    let folder = try TemporaryFolder()
    for number in 0..<2 {
      let path = try speech(number, in: folder)
      let list = [
        try raw(["-i", path]),
        try coded(path, ["-ar", "8000", "-c:a", "pcm_alaw"], "g711.wav", in: folder),
        try coded(path, ["-ar", "8000", "-c:a", "libgsm"], "voice.gsm", in: folder),
        try coded(path, ["-c:a", "libmp3lame", "-b:a", "32k"], "voice.mp3", in: folder),
        try coded(path, ["-c:a", "aac", "-b:a", "32k"], "voice.m4a", in: folder),
        try coded(path, ["-c:a", "libopus", "-b:a", "8k"], "voice.opus", in: folder),
        try narrowband(path, in: folder),
      ]
      let pairs = FingerprintComparison(list).pairs
      for second in 1..<list.count {
        for first in 0..<second {
          let pair = pairs.first { $0.first == first && $0.second == second }
          #expect(pair != nil, "\(number): \(first) and \(second)")
          let starts = [pair?.firstStart, pair?.secondStart].compactMap { $0.flatMap(Double.init) }
          #expect(starts.count == 2 && abs(starts[0] - starts[1]) < 0.3, "\(number): \(first) and \(second)")
          #expect((Double(pair?.similarity ?? "") ?? 0) > 0.75)
        }
      }
    }
  }

  @Test func tellsWhereTheSharedPartStands() throws {
    let folder = try TemporaryFolder()
    let (one, two) = (try speech(0, in: folder), try speech(1, in: folder))
    let whole = try raw(["-i", one])
    // Twelve seconds of the first, from its third on, behind twenty seconds of the second.
    let joined = try raw(
      [
        "-i", two, "-i", one, "-filter_complex",
        "[0]aresample=48000,apad,atrim=duration=20[a];[1]aresample=48000,atrim=3:15,asetpts=PTS-STARTPTS[b];"
          + "[a][b]concat=v=0:a=1",
      ])
    let other = try raw(["-i", two], rate: 8_000)
    let found = FingerprintComparison([whole, joined, other])
    let pair = try #require(found.pairs.first { $0.first == 0 && $0.second == 1 })
    #expect(abs((Double(pair.firstStart) ?? 99) - 3) < 1.6, "\(pair)")
    #expect(abs((Double(pair.secondStart) ?? 99) - 20) < 1.6, "\(pair)")
    #expect((10...13.5).contains(Double(pair.length) ?? 0))
    #expect(found.pairs.contains { $0.first == 1 && $0.second == 2 })
    #expect(!found.pairs.contains { $0.first == 0 && $0.second == 2 }, "different speech of one voice")
    #expect(!found.isCut && found.leftOut == 0)
  }

  @Test func silenceTonesAndSteadyNoiseMatchNothing() throws {
    var list: [[UInt32]] = []
    for number in 1...2 {
      for source in [
        "anullsrc=d=2\(number)", "sine=f=400:d=2\(number)", "anoisesrc=a=0.1:seed=\(number):d=20",
        "anoisesrc=a=0.1:c=pink:seed=\(number):d=20",
        "aevalsrc='0.3*sin(2*PI*425*t)*lt(mod(t+0.\(number),1),0.5)':d=20",
        "aevalsrc='0.3*(sin(2*PI*440*t)+sin(2*PI*480*t))*lt(mod(t+0.\(number),6),2)':d=30",
      ] { list.append(try raw(["-f", "lavfi", "-i", source, "-t", "30"], rate: 16_000)) }
    }
    #expect(FingerprintComparison(list).pairs.isEmpty)
  }

  /// A fingerprint in which five bits change from one word to the next.
  private func invented(_ count: Int, _ seed: UInt64) -> [UInt32] {
    var noise = Noise(seed)
    var word = UInt32(truncatingIfNeeded: seed &* 0x9e37_79b9)
    return (0..<count).map { _ in
      for _ in 0..<5 { word ^= 1 << UInt32(noise.next(31).magnitude) }
      return word
    }
  }

  @Test func theLimitsAreKeptAndSaid() {
    let one = invented(100, 1)
    let many = FingerprintComparison(Array(repeating: one, count: 160))
    #expect(many.pairs.count == FingerprintComparison.maximumPairs && many.isCut)
    let frequent = FingerprintComparison(Array(repeating: one, count: FingerprintIndex.maximumPlaces + 1))
    #expect(frequent.pairs.isEmpty && frequent.frequentItems > 80_000)
    let tooMany = FingerprintComparison(
      Array(repeating: [1, 2], count: FingerprintComparison.maximumRecordings + 3))
    #expect(tooMany.leftOut == 3 && tooMany.isCut && tooMany.pairs.isEmpty)
    #expect(FingerprintComparison([]).pairs.isEmpty && FingerprintComparison([[], [7], one]).pairs.isEmpty)
  }

  @Test func aPairNeedsTenSeconds() {
    let (one, two) = (invented(400, 3), invented(400, 4))
    for (count, isFound) in [(80, false), (81, true), (200, true)] {
      let mixed = Array(two[..<100]) + one[50..<(50 + count)] + two[(100 + count)...]
      let pairs = FingerprintComparison([one, mixed]).pairs
      #expect(pairs.count == (isFound ? 1 : 0), "\(count)")
      guard let pair = pairs.first else { continue }
      #expect(pair.firstStart == "6.2" && pair.secondStart == "12.4" && pair.similarity > "0.97", "\(pair)")
    }
  }
}
