import EvidenceModel

/// How an interface counts time (pcapng if_tsresol and if_tsoffset).
struct TimeScale: Hashable, Sendable {
  /// Ticks a second: a power of ten or of two.
  var ticksPerSecond: UInt64 = 1_000_000
  /// Seconds to add.
  var offsetSeconds: Int64 = 0

  /// Reads if_tsresol; nil when the resolution is finer than 64 bits can count.
  init?(resolution: UInt8, offsetSeconds: Int64) {
    let exponent = Int(resolution & 0x7f)
    if resolution & 0x80 != 0 {
      guard exponent < 64 else { return nil }
      ticksPerSecond = 1 << UInt64(exponent)
    } else {
      guard exponent < 20 else { return nil }
      ticksPerSecond = (0..<exponent).reduce(1) { product, _ in product * 10 }
    }
    self.offsetSeconds = offsetSeconds
  }

  /// A scale that tells no time, for a resolution that cannot be counted.
  static let none = TimeScale(ticksPerSecond: 0)

  init(ticksPerSecond: UInt64) { self.ticksPerSecond = ticksPerSecond }

  /// The moment of a tick count, rounded down to nanoseconds; unknown when it is beyond what can be held.
  func time(ticks: UInt64) -> CaptureTime {
    guard ticksPerSecond > 0 else { return .unknown }
    let (seconds, rest) = ticks.quotientAndRemainder(dividingBy: ticksPerSecond)
    guard let whole = Int64(exactly: seconds) else { return .unknown }
    let product = rest.multipliedFullWidth(by: 1_000_000_000)
    let fraction = Int64(ticksPerSecond.dividingFullWidth(product).quotient)
    let (shifted, overflow1) = whole.addingReportingOverflow(offsetSeconds)
    let (scaled, overflow2) = shifted.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, overflow3) = scaled.addingReportingOverflow(fraction)
    guard !overflow1, !overflow2, !overflow3 else { return .unknown }
    return CaptureTime(nanoseconds: sum)
  }
}
