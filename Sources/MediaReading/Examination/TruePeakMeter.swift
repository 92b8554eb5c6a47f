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
  private static let lead = AudioBlock.history

  private let state: UnsafeMutablePointer<ebur128_state>
  private let gain: Double
  private var peak = 0.0
  /// The largest sample of what the interpolation looks back on, or of more.
  private var before: UInt32 = 0
  private var isContinued = true

  /// Nil when libebur128 lacks memory or refuses the rate.
  init?(sampleRate: Int) {
    guard let made = unsafe ebur128_init(1, UInt(sampleRate), Int32(EBUR128_MODE_TRUE_PEAK.rawValue)) else {
      return nil
    }
    unsafe state = made
    gain = (sampleRate < 96_000 ? 1.87 : 2.31) / 2_147_483_648
  }

  deinit {
    var state: UnsafeMutablePointer<ebur128_state>? = unsafe state
    unsafe ebur128_destroy(&state)
  }

  /// Takes the samples of one channel of a block.
  func take(_ block: AudioBlock, channel: Int) {
    let samples = unsafe block.withHistory(channel)
    var place = Self.lead
    while place < samples.count {
      let count = min(Self.step, samples.count - place)
      let largest = unsafe Self.largest(samples, place, count) << UInt32(32 - block.bits)
      let isNeeded = Double(max(largest, before)) * gain > peak
      // A shorter step does not hold all that the next one looks back on.
      before = count < Self.step ? max(largest, before) : largest
      if isNeeded { unsafe measure(samples, place, count, shift: Int32(32 - block.bits)) }
      isContinued = isNeeded
      place += count
    }
  }

  private static func largest(_ samples: UnsafeBufferPointer<Int32>, _ place: Int, _ count: Int) -> UInt32 {
    var (low, high): (Int32, Int32) = (0, 0)
    for index in place..<(place + count) {
      // Safe: the caller stays within the samples.
      let sample = unsafe samples[index]
      low = min(low, sample)
      high = max(high, sample)
    }
    return max(low.magnitude, high.magnitude)
  }

  private func measure(_ samples: UnsafeBufferPointer<Int32>, _ place: Int, _ count: Int, shift: Int32) {
    // What comes of the samples before is not looked at: it was measured or left out where it stood.
    if !isContinued { _ = unsafe interpolate(samples, place - Self.lead, Self.lead, shift) }
    peak = max(peak, unsafe interpolate(samples, place, count, shift))
  }

  private func interpolate(
    _ samples: UnsafeBufferPointer<Int32>, _ place: Int, _ count: Int, _ shift: Int32
  ) -> Double {
    unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: Self.step) { scaled in
      // Safe: `count` is at most `step`, and the samples reach from `place` so far.
      for index in 0..<count { unsafe scaled.initializeElement(at: index, to: samples[place + index] << shift) }
      var peak = 0.0
      guard unsafe ebur128_add_frames_int(state, scaled.baseAddress, count) == Int32(EBUR128_SUCCESS.rawValue),
        unsafe ebur128_prev_true_peak(state, 0, &peak) == Int32(EBUR128_SUCCESS.rawValue)
      else { return 0 }
      return peak
    }
  }

  /// The true peak in dBTP with one decimal; nil for silence.
  var text: String? {
    guard peak > 0 else { return nil }
    return FixedPoint.decimal(Int64((200 * log10(peak)).rounded(.toNearestOrAwayFromZero)), places: 1)
  }
}
