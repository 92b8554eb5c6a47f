import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// The picture of the spectrum and the bandwidth.
@Suite struct SpectrumTests {
  /// The picture's grey values, as ffmpeg reads them; rows from the top.
  private func pixels(_ picture: Spectrogram) throws -> [[UInt8]] {
    let ffmpeg = try #require(program("ffmpeg"), "install the packages of the group test")
    let folder = try TemporaryFolder()
    let path = try folder.write(picture.png, "picture.png")
    let probe = try run(
      try #require(program("ffprobe")),
      ["-v", "error", "-show_entries", "stream=codec_name,width,height,pix_fmt", "-of", "csv=p=0", path])
    #expect(probe.text == "png,\(picture.width),\(picture.height),gray\n", "\(probe.errors)")
    let raw = try run(ffmpeg, ["-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "gray", "-"])
    #expect(raw.errors.isEmpty)
    try #require(raw.output.count == picture.width * picture.height)
    return stride(from: 0, to: raw.output.count, by: picture.width).map {
      Array(raw.output[$0..<($0 + picture.width)])
    }
  }

  /// The brightest row of a column, counted from the bottom.
  private func brightest(_ rows: [[UInt8]], _ column: Int) -> Int {
    let values = rows.map { $0[column] }
    return rows.count - 1 - (values.firstIndex(of: values.max() ?? 0) ?? 0)
  }

  @Test(arguments: [(8_000, 1), (16_000, 2), (44_100, 1), (48_000, 2), (48_000, 3)])
  func aToneStandsInItsRow(rate: Int, channels: Int) throws {
    for hertz in [300, 1_000, rate / 4 + 37] {
      let sound = try Sound(
        ["-f", "lavfi", "-i", "aevalsrc=0.5*sin(2*PI*\(hertz)*t):s=\(rate):d=3"], rate: rate, channels: channels)
      let picture = try #require(try sound.examined().spectrogram)
      #expect(picture.height == (rate > 16_000 ? 512 : 256) && picture.width <= 2_000)
      let rows = try pixels(picture)
      let expected = Double(hertz) * Double(2 * picture.height) / Double(rate)
      for column in [1, picture.width / 2, picture.width - 3] {
        #expect(abs(Double(brightest(rows, column)) - expected) <= 0.51, "\(hertz) Hz, column \(column)")
        // Half of full scale is 6 decibels below white; between two rows up to 1.4 more.
        let level = 100 - Double(rows.map { $0[column] }.max() ?? 0) / 2.55
        // FFmpeg gives several channels other levels.
        #expect(channels > 1 || (5.5...7.9).contains(level), "\(level)")
      }
    }
  }

  @Test func aChirpRisesInAStraightLine() throws {
    let sound = try Sound(
      ["-f", "lavfi", "-i", "aevalsrc=0.5*sin(2*PI*(500*t+350*t*t)):s=16000:d=10"], rate: 16_000, channels: 1)
    let picture = try #require(try sound.examined().spectrogram)
    let rows = try pixels(picture)
    for column in stride(from: 5, to: picture.width - 5, by: 7) {
      // A column is made of two frames of 512 samples, whose middle is 384 samples behind its beginning.
      let time = (Double(column) * 512 + 384) / 16_000
      let expected = (500 + 700 * time) / 31.25
      #expect(abs(Double(brightest(rows, column)) - expected) <= 1.5, "column \(column)")
    }
  }

  @Test func aLongRecordingHasTwoThousandColumns() throws {
    // A click in the middle of three minutes of silence.
    var samples = [Int32](repeating: 0, count: 8_000 * 180)
    samples[720_000] = 30_000
    let findings = try Sound(samples, rate: 8_000).examined(blocks: 5_000)
    let picture = try #require(findings.spectrogram)
    #expect(picture.width == 2_000)
    let rows = try pixels(picture)
    let bright = (0..<2_000).filter { rows[100][$0] > 0 }
    #expect(!bright.isEmpty && bright.allSatisfy { abs($0 - 1_000) <= 2 }, "\(bright)")
  }

  @Test func oppositeChannelsDoNotCancelEachOther() throws {
    let samples = (0..<32_000).flatMap { place -> [Int32] in
      let sample = Int32(10_000 * sin(Double(place) * 0.5))
      return [sample, -sample]
    }
    let picture = try #require(try Sound(samples, rate: 8_000, channels: 2).examined().spectrogram)
    #expect(try pixels(picture).map { $0[20] }.max() ?? 0 > 200)
  }

  @Test func aNarrowLineIsNoticedAndNothingElse() throws {
    let noise = "anoisesrc=a=0.2:c=pink:seed=7:r=48000:d=10"
    let full = try Sound(["-f", "lavfi", "-i", noise]).examined().bandwidth
    #expect(full?.limit == 24_000 && full?.notice == nil)
    #expect((23_000...24_000).contains(full?.highest ?? 0))
    for (through, top) in [(8_000, 4_000), (16_000, 8_000)] {
      let sound = try Sound(["-f", "lavfi", "-i", noise, "-af", "aresample=\(through),aresample=48000"])
      let bandwidth = try #require(try sound.examined().bandwidth)
      // The filters of ffmpeg's resampler are not steep: a mirror image of the last eighth remains.
      #expect((top * 9 / 10...top * 9 / 8 + 60).contains(bandwidth.highest), "\(bandwidth)")
      #expect(bandwidth.notice?.contains("cannot be told") == true)
    }
    let folder = try TemporaryFolder()
    let speech = try Sound.speech("The sound of a voice has no sharp end of its own.", in: folder)
    // The program's own rate is 22,050 hertz; at 16,000 the voice reaches the limit.
    #expect(try Sound(["-i", speech], rate: 16_000, channels: 1).examined().bandwidth?.notice == nil)
    // The limits of the rate, a single tone, and silence are no abrupt end.
    for (rate, source) in [(48_000, "sine=f=5000:d=5"), (8_000, "anoisesrc=d=5"), (48_000, "anoisesrc=c=brown:d=5")] {
      let sound = try Sound(["-f", "lavfi", "-i", source], rate: rate)
      #expect(try sound.examined().bandwidth?.notice == nil, "\(source)")
    }
    #expect(try Sound(Array(repeating: 0, count: 9_000), rate: 8_000).examined().bandwidth == nil)
  }

  @Test func integersGiveTheSameSpectrumAsAnExactTransform() throws {
    let size = 512
    let transform = try #require(IntegerTransform(size: size))
    var noise = Noise(11)
    var real: [Double] = []
    for place in 0..<size {
      let sample = noise.next(200_000)
      // Safe: the transform holds twice `size` numbers.
      unsafe transform.input[2 * place] = sample
      unsafe transform.input[2 * place + 1] = 0
      real.append(Double(sample))
    }
    transform.transform()
    for row in [0, 1, 77, 255] {
      var (cosines, sines) = (0.0, 0.0)
      for (place, sample) in real.enumerated() {
        let angle = 2 * Double.pi * Double(row * place % size) / Double(size)
        cosines += sample * cos(angle)
        sines -= sample * sin(angle)
      }
      let (one, other) = unsafe (transform.output[2 * row], transform.output[2 * row + 1])
      #expect(abs(Double(one) - cosines) < 40 && abs(Double(other) - sines) < 40, "row \(row)")
    }
  }
}
