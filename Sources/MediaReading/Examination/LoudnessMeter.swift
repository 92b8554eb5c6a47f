import CEBUR128
import Glibc

/// Measures loudness and true peak by libebur128.
@safe final class LoudnessMeter {
  /// Seconds above which loudness is kept as a histogram: 16 megabytes of blocks otherwise.
  static let maximumListedSeconds: Int64 = 43_200

  private let state: UnsafeMutablePointer<ebur128_state>
  private let channels: Int
  private let isHistogram: Bool
  /// Samples of 100 milliseconds, by which momentary and short-term loudness go on.
  private let step: Int
  private var stepPlace = 0
  private var energies: [Double] = []
  private var momentary = 0.0
  private var shortTerm = 0.0
  private var hasFailed = false

  /// Nil when libebur128 lacks memory or refuses the rate.
  init?(sampleRate: Int, channels: Int, sampleCount: Int64) {
    isHistogram = sampleCount / Int64(sampleRate) > Self.maximumListedSeconds
    let modes =
      EBUR128_MODE_I.rawValue | EBUR128_MODE_LRA.rawValue | (isHistogram ? EBUR128_MODE_HISTOGRAM.rawValue : 0)
    guard let made = unsafe ebur128_init(UInt32(channels), UInt(sampleRate), Int32(modes)) else { return nil }
    unsafe state = made
    self.channels = channels
    step = sampleRate / 10
    energies.reserveCapacity(30)
  }

  deinit {
    var state: UnsafeMutablePointer<ebur128_state>? = unsafe state
    unsafe ebur128_destroy(&state)
  }

  func take(_ block: AudioBlock) {
    var place = 0
    while place < block.count {
      let count = min(block.count - place, step - stepPlace)
      // Safe: the block holds `count` samples of each channel behind `place`.
      if unsafe ebur128_add_frames_int(state, block.interleaved + place * channels, count)
        != Int32(EBUR128_SUCCESS.rawValue)
      {
        hasFailed = true
      }
      place += count
      stepPlace += count
      if stepPlace == step { endStep() }
    }
  }

  /// Adds the energy of the last 100 milliseconds; sums of 4 and of 30 are what the library calls momentary and short-term.
  private func endStep() {
    stepPlace = 0
    var loudness = 0.0
    guard unsafe ebur128_loudness_window(state, 100, &loudness) == Int32(EBUR128_SUCCESS.rawValue) else { return }
    if energies.count == 30 { energies.removeFirst() }
    energies.append(pow(10, (loudness + 0.691) / 10))
    if energies.count >= 4 { momentary = max(momentary, energies.suffix(4).reduce(0, +) / 4) }
    if energies.count == 30 { shortTerm = max(shortTerm, energies.reduce(0, +) / 30) }
  }

  /// Nil when libebur128 lacked memory for a part.
  func finish() -> LoudnessFindings? {
    guard !hasFailed else { return nil }
    var findings = LoudnessFindings()
    findings.isHistogram = isHistogram
    var value = 0.0
    if unsafe ebur128_loudness_global(state, &value) == Int32(EBUR128_SUCCESS.rawValue) {
      findings.integrated = Self.text(value)
      var range = 0.0
      // Without integrated loudness there is nothing whose range could be told.
      if findings.integrated != nil, unsafe ebur128_loudness_range(state, &range) == Int32(EBUR128_SUCCESS.rawValue) {
        findings.range = Self.text(range)
      }
    }
    findings.momentary = Self.text(10 * log10(momentary) - 0.691)
    findings.shortTerm = Self.text(10 * log10(shortTerm) - 0.691)
    return findings
  }

  /// One decimal; nil for what is not finite, which means silence, or below the standard's absolute gate (-70 LUFS).
  static func text(_ value: Double) -> String? {
    guard value.isFinite, value >= -70 else { return nil }
    return FixedPoint.decimal(Int64((value * 10).rounded(.toNearestOrAwayFromZero)), places: 1)
  }
}
