/// A moment as the recorder's clock gave it: nanoseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// It reaches from the year 1677 to 2262. `CaptureTime.unknown` stands for a packet that carries no time (pcapng SPB).
public struct CaptureTime: Hashable, Comparable, Sendable {
  public var nanoseconds: Int64

  @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  public static let unknown = CaptureTime(nanoseconds: .min)

  @inlinable public static func < (left: Self, right: Self) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// Nanoseconds since another moment, clamped to what 64 bits hold.
  @inlinable public func nanoseconds(since other: CaptureTime) -> Int64 {
    let (difference, overflow) = nanoseconds.subtractingReportingOverflow(other.nanoseconds)
    return overflow ? (nanoseconds < other.nanoseconds ? .min + 1 : .max) : difference
  }

  /// The moment `count` nanoseconds before this one, no earlier than can be held; unknown stays unknown.
  public func earlier(by count: Int64) -> CaptureTime {
    guard isKnown else { return self }
    let (moment, overflow) = nanoseconds.subtractingReportingOverflow(count)
    return CaptureTime(nanoseconds: overflow ? (count > 0 ? .min + 1 : .max) : max(moment, .min + 1))
  }

  @inlinable public var isKnown: Bool { nanoseconds != .min }

  /// RFC 3339 in UTC with nine decimals, or "unknown".
  public var description: String { isKnown ? text : "unknown" }

  private var text: String {
    var seconds = nanoseconds / 1_000_000_000
    var rest = nanoseconds % 1_000_000_000
    if rest < 0 {
      rest += 1_000_000_000
      seconds -= 1
    }
    var days = seconds / 86_400
    var inDay = seconds % 86_400
    if inDay < 0 {
      inDay += 86_400
      days -= 1
    }
    let date = CivilDate(daysSince1970: days)
    var out: [UInt8] = []
    out.reserveCapacity(30)
    out.appendDecimal(date.year, width: 4)
    out.append(0x2d)
    out.appendDecimal(date.month, width: 2)
    out.append(0x2d)
    out.appendDecimal(date.day, width: 2)
    out.append(0x54)
    out.appendDecimal(inDay / 3600, width: 2)
    out.append(0x3a)
    out.appendDecimal(inDay / 60 % 60, width: 2)
    out.append(0x3a)
    out.appendDecimal(inDay % 60, width: 2)
    out.append(0x2e)
    out.appendDecimal(rest, width: 9)
    out.append(0x5a)
    return String(decoding: out, as: UTF8.self)
  }
}

extension CaptureTime: CustomStringConvertible {}

/// A day of the proleptic Gregorian calendar.
struct CivilDate {
  let year: Int64
  let month: Int64
  let day: Int64

  /// Splits a day number by 400-year eras that begin on 1 March, so that the leap day comes last.
  init(daysSince1970: Int64) {
    let shifted = daysSince1970 + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  }
}

extension [UInt8] {
  /// Appends a number that is not negative, with zeros in front up to `width` digits.
  public mutating func appendDecimal(_ value: Int64, width: Int = 1) {
    let digits = DecimalDigits(value.magnitude)
    for _ in 0..<Swift.max(0, width - digits.count) { append(0x30) }
    append(digits)
  }
}
