/// A place as media files carry it in a tag (ISO 6709, annex H): `+48.2082+016.3738+171.000/`.
///
/// Degrees may be decimal, or have decimal minutes or seconds: `+4812.492`, `+481229.52`. Those are made degrees by integer arithmetic, with
/// four decimals more than the minutes have and six more than the seconds, rounded half away from zero. Limit: 128 bytes.
public struct ISO6709Location: Hashable, Sendable {
  public static let maximumByteCount = 128

  /// Degrees, north positive.
  public let latitude: ExactDecimal
  /// Degrees, east positive.
  public let longitude: ExactDecimal
  /// Metres, by the reference system; nil when it is not stated.
  public let elevation: ExactDecimal?
  /// The name of the reference system, such as `WGS_84`; nil when it is not stated.
  public let referenceSystem: String?
  /// Whether the `/` at the end was there, as the standard demands; some programs leave it out.
  public let isTerminated: Bool

  /// Reads a whole text; nil when it is anything else than a place within the globe.
  public init?(_ text: String) {
    var rest = Array(text.utf8.prefix(Self.maximumByteCount + 1))[...]
    guard rest.count <= Self.maximumByteCount, let north = Self.takeNumber(&rest), let east = Self.takeNumber(&rest)
    else { return nil }
    // Latitude with 2, 4 or 6 digits before the point, longitude with one more.
    guard north.wholeDigits >= 2, north.wholeDigits % 2 == 0, east.wholeDigits == north.wholeDigits + 1 else {
      return nil
    }
    let step = (north.wholeDigits - 2) / 2
    guard let latitude = Self.degrees(north, step, limit: 90), let longitude = Self.degrees(east, step, limit: 180)
    else { return nil }
    self.latitude = latitude
    self.longitude = longitude
    if rest.first == 0x2b || rest.first == 0x2d {
      guard let height = Self.takeNumber(&rest), let value = height.signed else { return nil }
      elevation = value
    } else {
      elevation = nil
    }
    if rest.starts(with: "CRS".utf8) {
      let name = rest.dropFirst(3).prefix { $0 != 0x2f }
      guard !name.isEmpty, name.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
      referenceSystem = String(decoding: name, as: UTF8.self)
      rest = rest.dropFirst(3 + name.count)
    } else {
      referenceSystem = nil
    }
    isTerminated = rest.first == 0x2f
    guard rest.count == (isTerminated ? 1 : 0) else { return nil }
  }

  private struct Number {
    var isNegative: Bool
    var wholeDigits: Int
    var magnitude: ExactDecimal
    var signed: ExactDecimal? { magnitude.multiplied(by: isNegative ? -1 : 1, decimals: 0) }
  }

  /// Takes a sign and the decimal behind it.
  private static func takeNumber(_ rest: inout ArraySlice<UInt8>) -> Number? {
    guard let sign = rest.first, sign == 0x2b || sign == 0x2d else { return nil }
    let digits = rest.dropFirst().prefix { (0x30...0x39).contains($0) || $0 == 0x2e }
    guard let magnitude = ExactDecimal(digits), digits.last != 0x2e else { return nil }
    rest = rest.dropFirst(1 + digits.count)
    let whole = digits.prefix { $0 != 0x2e }.count
    return Number(isNegative: sign == 0x2d, wholeDigits: whole, magnitude: magnitude)
  }

  /// The degrees of a number with minutes (`step` 1) or minutes and seconds (2) in it.
  private static func degrees(_ number: Number, _ step: Int, limit: Int) -> ExactDecimal? {
    switch step {
    case 0: return number.signed.flatMap { $0.isWithin(-limit, limit) ? $0 : nil }
    case 1: return DegreesAndMinutes(number.magnitude, isNegative: number.isNegative, limit: limit)?.degrees
    case 2: return withSeconds(number, limit: limit)
    default: return nil
    }
  }

  private static func withSeconds(_ number: Number, limit: Int) -> ExactDecimal? {
    let decimals = number.magnitude.decimals
    guard decimals <= 10, let split = number.magnitude.split(at: 100) else { return nil }
    let (degrees, minutes) = split.whole.quotientAndRemainder(dividingBy: 100)
    let scale = ExactDecimal.power(decimals)
    guard degrees <= limit, minutes < 60, split.rest < 60 * scale else { return nil }
    let seconds = minutes * 60 * scale + split.rest
    let fraction = (seconds * 1_000_000 + 1_800) / 3_600
    let sign: Int128 = number.isNegative ? -1 : 1
    let value = ExactDecimal(sign * (degrees * scale * 1_000_000 + fraction), decimals: decimals + 6)
    return value.flatMap { $0.isWithin(-limit, limit) ? $0 : nil }
  }
}
