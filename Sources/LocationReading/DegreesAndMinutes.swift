/// An angle as NMEA 0183 and ISO 6709 write it, `ddmm.mmmm`, and in degrees.
///
/// Degrees get four decimals more than the minutes have, rounded half away from zero: less than a hundredth of the last digit written.
/// Limit: 10 decimals of a minute.
struct DegreesAndMinutes: Hashable {
  static let maximumDecimals = 10

  let degrees: ExactDecimal
  /// All minutes of the angle, times 10^`decimals`.
  private let minutes: UInt64
  private let decimals: Int
  private let isNegative: Bool

  /// Takes a number whose last two digits before the point are minutes; nil from 60 minutes on, or over `limit` degrees.
  init?(_ written: ExactDecimal, isNegative: Bool, limit: UInt64) {
    let (whole, minute) = written.whole.quotientAndRemainder(dividingBy: 100)
    guard !written.isBelowZero, written.decimals <= Self.maximumDecimals, whole <= limit, minute < 60 else {
      return nil
    }
    // No more than 60 * 10^10 * 10^4, and 180 * 10^14.
    let scale = ExactDecimal.power(written.decimals)
    let rest = minute * scale + written.fraction
    guard whole < limit || rest == 0 else { return nil }
    let magnitude = whole * scale * 10_000 + (rest * 10_000 + 30) / 60
    guard
      let degrees = ExactDecimal(isNegative: isNegative, magnitude: magnitude, decimals: written.decimals + 4)
    else { return nil }
    self.degrees = degrees
    self.isNegative = isNegative
    minutes = whole * 60 * scale + rest
    decimals = written.decimals
  }

  /// Takes degrees of which minutes and seconds are the last four digits before the point (ISO 6709): six decimals more, 8 at the most.
  static func degrees(withSeconds written: ExactDecimal, isNegative: Bool, limit: UInt64) -> ExactDecimal? {
    let (upper, second) = written.whole.quotientAndRemainder(dividingBy: 100)
    let (whole, minute) = upper.quotientAndRemainder(dividingBy: 100)
    guard written.decimals <= 8, whole <= limit, minute < 60, second < 60 else { return nil }
    let scale = ExactDecimal.power(written.decimals)
    let rest = (minute * 60 + second) * scale + written.fraction
    guard whole < limit || rest == 0 else { return nil }
    let magnitude = whole * scale * 1_000_000 + (rest * 1_000_000 + 1_800) / 3_600
    return ExactDecimal(isNegative: isNegative, magnitude: magnitude, decimals: written.decimals + 6)
  }

  /// Whether two angles are one, written with more and with fewer decimals: then the last digit may differ by one.
  func agrees(with other: DegreesAndMinutes) -> Bool {
    if decimals == other.decimals { return minutes == other.minutes && isNegative == other.isNegative }
    let least = min(decimals, other.decimals)
    let mine = minutes / ExactDecimal.power(decimals - least)
    let theirs = other.minutes / ExactDecimal.power(other.decimals - least)
    if isNegative != other.isNegative { return mine + theirs <= 1 }
    return max(mine, theirs) - min(mine, theirs) <= 1
  }

  /// Whether this one says more than another.
  func isFiner(than other: DegreesAndMinutes) -> Bool { decimals > other.decimals }
}
