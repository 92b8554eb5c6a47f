import CEBUR128
import Glibc

/// Measures the largest value between samples by libebur128, only where it can be larger than those before.
///
/// libebur128 multiplies by at most 24 coefficients, whose sizes sum up to less than 2.31 (1.87 below 96,000 hertz). Where no
/// sample that it would look at, times that sum, is above the peak so far, the peak cannot change, and those are left out.
@safe final class TruePeakMeter {
  /// Samples that are given or left out together.
  private static let step = 64
  /// Samples before them that the interpolation looks back on.
  private static let lead = 32

  private let state: UnsafeMutablePointer<ebur128_state>
  private let channels: Int
  private let gain: Double
  private var peaks: [Double]
  /// The largest sample of each channel in the step before.
  private var before: [UInt32]
  private var isContinued = true

  /// Nil when libebur128 lacks memory or refuses the rate.
  init?(sampleRate: Int, channels: Int) {
    guard
      let made = unsafe ebur128_init(UInt32(channels), UInt(sampleRate), Int32(EBUR128_MODE_TRUE_PEAK.rawValue))
    else { return nil }
    unsafe state = made
    self.channels = channels
    gain = (sampleRate < 96_000 ? 1.87 : 2.31) / 2_147_483_648
    peaks = Array(repeating: 0, count: channels)
    before = Array(repeating: 0, count: channels)
  }

  deinit {
    var state: UnsafeMutablePointer<ebur128_state>? = unsafe state
    unsafe ebur128_destroy(&state)
  }

  func take(_ block: AudioBlock) {
    var place = 0
    while place < block.count {
      let count = min(Self.step, block.count - place)
      var isNeeded = false
      for channel in 0..<channels {
        let largest = unsafe Self.largest(block[channel], place, count) << UInt32(32 - block.bits)
        // Steps are shorter than what is looked back on only at the end of a block.
        let bound = Double(max(largest, before[channel])) * gain
        isNeeded = isNeeded || bound > peaks[channel]
        before[channel] = count < Self.step ? max(largest, before[channel]) : largest
      }
      if isNeeded { unsafe measure(block.interleaved + place * channels, count) }
      isContinued = isNeeded
      place += count
    }
  }

  private static func largest(_ samples: UnsafeBufferPointer<Int32>, _ place: Int, _ count: Int) -> UInt32 {
    var (low, high): (Int32, Int32) = (0, 0)
    for index in place..<(place + count) {
      // Safe: the caller stays within the block.
      let sample = unsafe samples[index]
      low = min(low, sample)
      high = max(high, sample)
    }
    return max(low.magnitude, high.magnitude)
  }

  private func measure(_ samples: UnsafePointer<Int32>, _ count: Int) {
    // Safe: a block keeps 32 samples of each channel before its first. What they give is not looked at: other samples stood
    // before them when they were measured, or they were left out.
    if !isContinued { unsafe ebur128_add_frames_int(state, samples - Self.lead * channels, Self.lead) }
    unsafe ebur128_add_frames_int(state, samples, count)
    for channel in 0..<channels {
      var peak = 0.0
      if unsafe ebur128_prev_true_peak(state, UInt32(channel), &peak) == Int32(EBUR128_SUCCESS.rawValue) {
        peaks[channel] = max(peaks[channel], peak)
      }
    }
  }

  /// The true peak of a channel in dBTP with one decimal; nil for silence.
  func text(_ channel: Int) -> String? {
    guard peaks[channel] > 0 else { return nil }
    return FixedPoint.decimal(
      Int64((200 * log10(peaks[channel])).rounded(.toNearestOrAwayFromZero)), places: 1)
  }
}
