import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// The detector of speech: speech at known places, and sounds that are none.
@Suite struct SpeechTests {
  private static let text = "I will meet you at the station at nine tomorrow evening, and bring the money with you."

  private func found(_ inputs: [String], _ filter: String, rate: Int) throws -> [(Double, Double)] {
    let sound = try Sound(inputs + ["-filter_complex", filter], rate: rate, channels: 1)
    return try sound.examined().channels[0].speech.list.map {
      (Double($0.start) / Double(rate), Double($0.end) / Double(rate))
    }
  }

  /// Speech from 3 seconds on over `ground`, an input of ffmpeg of 15 seconds.
  private func expectSpeech(over ground: String, rate: Int) throws {
    let folder = try TemporaryFolder()
    let speech = try Sound.speech(Self.text, in: folder)
    let length = Double(try Sound(["-i", speech], rate: 8_000, channels: 1).samples.count) / 8_000
    let parts = try found(
      ["-i", speech, "-f", "lavfi", "-i", ground], "[0]adelay=3000[s];[s][1]amix=inputs=2:normalize=0:duration=longest",
      rate: rate)
    let (first, last) = (try #require(parts.first), try #require(parts.last))
    #expect(abs(first.0 - 3) < 0.35, "\(ground), \(rate): \(parts)")
    #expect(abs(last.1 - (3 + length)) < 0.6, "\(ground), \(rate): \(parts), length \(length)")
    #expect(parts.reduce(0) { $0 + $1.1 - $1.0 } > 0.7 * length)
  }

  @Test(arguments: [8_000, 11_025, 16_000, 44_100, 48_000]) func findsSpeechBetweenSilence(rate: Int) throws {
    try expectSpeech(over: "anullsrc=r=48000:d=15", rate: rate)
  }

  @Test(arguments: [8_000, 48_000]) func findsSpeechOverNoise(rate: Int) throws {
    try expectSpeech(over: "anoisesrc=a=0.02:seed=5:r=48000:d=15", rate: rate)
  }

  @Test(arguments: [8_000, 48_000]) func findsSpeechOverATone(rate: Int) throws {
    try expectSpeech(over: "aevalsrc=0.02*sin(2*PI*1000*t):s=48000:d=15", rate: rate)
  }

  @Test(
    arguments: [
      "anullsrc=r=48000:d=15", "anoisesrc=a=0.3:seed=5:r=48000:d=15", "anoisesrc=a=0.3:c=pink:seed=5:r=48000:d=15",
      "anoisesrc=a=0.3:c=brown:seed=5:r=48000:d=15", "sine=f=1000:r=48000:d=15",
      // Busy, ringing (Europe, North America), congestion, special information, keys.
      "aevalsrc='0.3*sin(2*PI*425*t)*lt(mod(t,1),0.5)':s=48000:d=15",
      "aevalsrc='0.3*sin(2*PI*425*t)*lt(mod(t,5),1)':s=48000:d=15",
      "aevalsrc='0.3*(sin(2*PI*440*t)+sin(2*PI*480*t))*lt(mod(t,6),2)':s=48000:d=15",
      "aevalsrc='0.3*sin(2*PI*480*t)*lt(mod(t,0.5),0.25)':s=48000:d=15",
      "aevalsrc='0.3*sin(2*PI*(950+450*floor(mod(t,1.5)/0.33))*t)*lt(mod(t,1.5),0.99)':s=48000:d=15",
      "aevalsrc='0.3*(sin(2*PI*770*t)+sin(2*PI*1336*t))*lt(mod(t,0.2),0.1)':s=48000:d=15",
      // Noise that is switched on and off.
      "anoisesrc=a=0.3:seed=5:r=48000:d=15,volume='lt(mod(t,2),1)':eval=frame",
    ])
  func neitherTonesNorSteadyNoiseAreSpeech(ground: String) throws {
    for rate in [8_000, 48_000] {
      #expect(try found(["-f", "lavfi", "-i", ground], "[0]anull", rate: rate).isEmpty, "\(ground), \(rate)")
    }
  }

  @Test func theLengthOfBlocksChangesNothingAndNoPartEndsBehindTheLastSample() throws {
    let folder = try TemporaryFolder()
    let speech = try Sound.speech(Self.text, in: folder)
    let sound = try Sound(["-i", speech, "-t", "2.5"], rate: 16_000, channels: 1)
    let whole = try sound.examined(blocks: 100_000).channels[0].speech
    #expect(try sound.examined(blocks: 61).channels[0].speech == whole)
    #expect(try #require(whole.list.last).end <= Int64(sound.samples.count))
    #expect(whole.samples == whole.list.reduce(0) { $0 + $1.count })
  }

  @Test func filtersPassTheVoiceBandOnly() {
    let gains = [(50, 0.0, 0.06), (300, 0.6, 0.8), (1_000, 0.93, 1.0), (3_400, 0.6, 0.8), (7_500, 0, 0.06)]
    for (hertz, least, most) in gains {
      var high = BandFilter(isHigh: true, hertz: 300, sampleRate: 16_000)
      var low = BandFilter(isHigh: false, hertz: 3_400, sampleRate: 16_000)
      var power = 0.0
      for place in 0..<16_000 {
        let sample = Int64(100_000 * sin(2 * Double.pi * Double(hertz * place) / 16_000))
        let output = Double(low.pass(high.pass(sample)))
        if place >= 8_000 { power += output * output }
      }
      let gain = (power / 8_000 * 2).squareRoot() / 100_000
      #expect((least...most).contains(gain), "\(hertz) Hz: \(gain)")
    }
  }
}
