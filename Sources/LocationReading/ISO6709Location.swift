/// A place as media files carry it in a tag (ISO 6709, annex H): `+48.2082+016.3738+171.000/`.
///
/// Degrees may be decimal, or have decimal minutes or seconds: `+4812.492`, `+481229.52`. Those are made degrees by integer arithmetic, with
/// four decimals more than the minutes have and six more than the seconds, rounded half away from zero. Limits: 128 bytes, 10 decimals of a minute, 8 of a second.
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
    var signed: ExactDecimal? { magnitude.signed(isNegative: isNegative) }
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
  private static func degrees(_ number: Number, _ step: Int, limit: UInt64) -> ExactDecimal? {
    switch step {
    case 0: number.signed.flatMap { $0.isWithin(-Int(limit), Int(limit)) ? $0 : nil }
    case 1: DegreesAndMinutes(number.magnitude, isNegative: number.isNegative, limit: limit)?.degrees
    case 2: DegreesAndMinutes.degrees(withSeconds: number.magnitude, isNegative: number.isNegative, limit: limit)
    default: nil
    }
  }
}
