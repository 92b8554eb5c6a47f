public import EvidenceModel

/// Where a picture was taken, as EXIF's GPS tags say it (CIPA DC-008, 4.6.6), in decimal degrees.
///
/// Degrees, minutes and seconds become degrees with nine decimals, rounded half away from zero: a tenth of a millimetre.
public struct StatedPlace: Hashable, Sendable {
  public let latitude: String
  public let longitude: String
  /// Metres, with three decimals; below the sea they are negative.
  public let elevation: String?
  /// By the satellites' clock, in UTC.
  public let fixed: CaptureTime?

  /// Nil when latitude or longitude is absent, contradicts the standard or lies nowhere on the globe.
  public init?(_ facts: DocumentFacts) {
    let value = { (name: String) in facts.first([("GPS", name)])?.text }
    guard let latitude = Self.degrees(value("GPSLatitude"), value("GPSLatitudeRef"), "N", "S", limit: 90),
      let longitude = Self.degrees(value("GPSLongitude"), value("GPSLongitudeRef"), "E", "W", limit: 180)
    else { return nil }
    self.latitude = latitude
    self.longitude = longitude
    elevation = Self.rationals(value("GPSAltitude")).first.flatMap {
      Self.decimal(
        ($0.upper * 1_000 * 2 + $0.lower) / ($0.lower * 2), decimals: 3, isNegative: value("GPSAltitudeRef") == "1")
    }
    let clock = Self.rationals(value("GPSTimeStamp"))
    let date = (value("GPSDateStamp") ?? "").split(separator: ":").compactMap { Int($0) }
    guard date.count == 3, clock.count == 3 else {
      fixed = nil
      return
    }
    let whole = clock.map { Int(clamping: $0.upper / $0.lower) }
    fixed = CaptureTime(
      CivilTime(year: date[0], month: date[1], day: date[2], hour: whole[0], minute: whole[1], second: whole[2]))
  }

  private typealias Rational = (upper: Int128, lower: Int128)

  /// Reads `1/2,3/4`; empty when one is not of that form or has no denominator.
  private static func rationals(_ text: String?) -> [Rational] {
    var found: [Rational] = []
    for part in (text ?? "").split(separator: ",").prefix(3) {
      let numbers = part.split(separator: "/").compactMap { UInt32($0) }
      guard numbers.count == 2, numbers[1] > 0 else { return [] }
      found.append((Int128(numbers[0]), Int128(numbers[1])))
    }
    return found
  }

  private static func degrees(
    _ text: String?, _ reference: String?, _ positive: String, _ negative: String, limit: Int128
  ) -> String? {
    let parts = rationals(text)
    guard parts.count == 3, reference == positive || reference == negative else { return nil }
    // In 10^-15 degrees; the parts are below 2^32, so that nothing grows beyond 2^85.
    let scale: Int128 = 1_000_000_000_000_000
    var sum: Int128 = 0
    for (part, share) in zip(parts, [1, 60, 3_600] as [Int128]) { sum += part.upper * scale / (part.lower * share) }
    let rounded = (sum + 500_000) / 1_000_000
    guard rounded <= limit * 1_000_000_000 else { return nil }
    return decimal(rounded, decimals: 9, isNegative: reference == negative)
  }

  /// A number of 10^-`decimals`, without zeros at the end.
  private static func decimal(_ value: Int128, decimals: Int, isNegative: Bool) -> String {
    var digits = String(value)
    digits = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    var fraction = String(digits.suffix(decimals))
    while fraction.hasSuffix("0") { fraction.removeLast() }
    let whole = String(digits.dropLast(decimals))
    return (isNegative && value != 0 ? "-" : "") + whole + (fraction.isEmpty ? "" : "." + fraction)
  }
}
