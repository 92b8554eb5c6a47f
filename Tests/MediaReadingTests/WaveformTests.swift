import EvidenceModel
import Testing

@testable import MediaReading

/// The largest samples of parts of a call.
@Suite struct WaveformTests {
  private func waveform(_ samples: [Int16], blocks: Int) -> [UInt16] {
    let waveform = Waveform()
    var place = 0
    while place < samples.count {
      let part = Array(samples[place..<min(samples.count, place + blocks)])
      // Safe: the view is read only within the closure.
      unsafe part.withUnsafeBufferPointer {
        unsafe waveform.take($0, track: 1, at: Int64(place), of: Int64(samples.count))
      }
      place += part.count
    }
    #expect(waveform.peaks[0].allSatisfy { $0 == 0 })
    return waveform.peaks[1]
  }

  @Test(arguments: [1, 7, 160, 5_000]) func findsThePeakOfEachPartInBlocksOfAnyLength(blocks: Int) {
    var samples = [Int16](repeating: 3, count: 5_000)
    samples[0] = .min
    samples[1_239] = -700
    samples[1_240] = 900
    samples[4_999] = .max
    let peaks = waveform(samples, blocks: blocks)
    #expect(peaks.count == Waveform.partCount)
    #expect(peaks[0] == 32_768)
    #expect(peaks[123] == 700 && peaks[124] == 900)
    #expect(peaks[499] == 32_767)
    #expect(peaks.filter { $0 == 3 }.count == 496)
  }

  @Test func takesCallsOfFewerSamplesThanParts() {
    let peaks = waveform([100, -200, 300], blocks: 2)
    #expect(peaks.filter { $0 > 0 } == [100, 200, 300])
  }
}
