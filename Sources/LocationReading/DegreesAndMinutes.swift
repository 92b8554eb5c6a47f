/// An angle as NMEA 0183 and ISO 6709 write it, `ddmm.mmmm`, and in degrees.
///
/// Degrees get four decimals more than the minutes have, rounded half away from zero: less than a hundredth of the last digit written.
/// Limit: 10 decimals of a minute.
struct DegreesAndMinutes: Hashable {
  let degrees: ExactDecimal
  /// All minutes of the angle, times 10^`decimals`.
  private let minutes: Int128
  private let decimals: Int

  /// Takes a number whose last two digits before the point are minutes; nil from 60 minutes on, or over `limit` degrees.
  init?(_ written: ExactDecimal, isNegative: Bool, limit: Int) {
    guard written.decimals <= 10, let split = written.split(at: 100), split.whole <= limit else { return nil }
    let scale = ExactDecimal.power(written.decimals)
    guard split.rest < 60 * scale else { return nil }
    let fraction = (split.rest * 10_000 + 30) / 60
    let sign: Int128 = isNegative ? -1 : 1
    guard let degrees = ExactDecimal(sign * (split.whole * scale * 10_000 + fraction), decimals: written.decimals + 4),
      degrees.isWithin(-limit, limit)
    else { return nil }
    self.degrees = degrees
    minutes = sign * (split.whole * 60 * scale + split.rest)
    decimals = written.decimals
  }

  /// Whether two angles are one, written with more and with fewer decimals.
  func agrees(with other: DegreesAndMinutes) -> Bool {
    if decimals == other.decimals { return minutes == other.minutes }
    let most = max(decimals, other.decimals)
    let mine = minutes * ExactDecimal.power(most - decimals)
    let theirs = other.minutes * ExactDecimal.power(most - other.decimals)
    return (mine - theirs).magnitude <= ExactDecimal.power(most - min(decimals, other.decimals)).magnitude
  }

  /// Whether this one says more than another.
  func isFiner(than other: DegreesAndMinutes) -> Bool { decimals > other.decimals }
}
