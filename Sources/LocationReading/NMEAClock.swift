import ByteReading
import EvidenceModel

/// Dates of sentences that have only a time of day: the last date that was stated, carried on over midnight.
///
/// Of the days around the last moment the one counts that brings the time of day nearest to it, so that a silence of less than twelve
/// hours cannot bring a wrong date. Two-digit years 80 to 99 are 1980 to 1999, 00 to 79 are 2000 to 2079.
struct NMEAClock {
  private static let day: Int64 = 86_400_000_000_000
  private var last: CaptureTime?

  /// Reads `hhmmss` with any decimals; nanoseconds of the day, nil when it is none.
  static func timeOfDay(_ field: [UInt8]) -> Int64? {
    var reader = ByteReader(field.view)
    guard let hour = try? DateTimeText.number(&reader, 2), let minute = try? DateTimeText.number(&reader, 2),
      let second = try? DateTimeText.number(&reader, 2), hour < 24, minute < 60, second <= 60
    else { return nil }
    var fraction: Int64 = 0
    if reader.peek() == 0x2e, (try? reader.skip(1, "point")) != nil, reader.remaining > 0 {
      guard let digits = DateTimeText.fractionOfSecond(&reader) else { return nil }
      fraction = digits
    }
    guard reader.remaining == 0 else { return nil }
    return Int64(hour * 3_600 + minute * 60 + second) * 1_000_000_000 + fraction
  }

  /// Reads `ddmmyy`: midnight at its beginning; nil when there is no such day.
  static func date(_ field: [UInt8]) -> CaptureTime? {
    guard field.count == 6 else { return nil }
    var reader = ByteReader(field.view)
    guard let day = try? DateTimeText.number(&reader, 2), let month = try? DateTimeText.number(&reader, 2),
      let year = try? DateTimeText.number(&reader, 2)
    else { return nil }
    return CaptureTime(CivilTime(year: year >= 80 ? 1_900 + year : 2_000 + year, month: month, day: day))
  }

  /// Reads day, month and four digits of a year (ZDA).
  static func date(day: [UInt8], month: [UInt8], year: [UInt8]) -> CaptureTime? {
    guard day.count == 2, month.count == 2, year.count == 4 else { return nil }
    let digits = day + month + year
    var reader = ByteReader(digits.view)
    guard let day = try? DateTimeText.number(&reader, 2), let month = try? DateTimeText.number(&reader, 2),
      let year = try? DateTimeText.number(&reader, 4)
    else { return nil }
    return CaptureTime(CivilTime(year: year, month: month, day: day))
  }

  /// The moment of a time of day on a date that was stated.
  static func moment(_ date: CaptureTime, _ timeOfDay: Int64) -> CaptureTime? {
    let (sum, isOver) = date.nanoseconds.addingReportingOverflow(timeOfDay)
    return isOver || sum == .min ? nil : CaptureTime(nanoseconds: sum)
  }

  /// Remembers a moment to carry its date on.
  mutating func set(_ moment: CaptureTime) { last = moment }

  /// The moment of a time of day nearest to the last one; nil before any.
  func carried(_ timeOfDay: Int64) -> CaptureTime? {
    guard let last else { return nil }
    let passed = last.nanoseconds % Self.day
    let inDay = passed < 0 ? passed + Self.day : passed
    var step = timeOfDay - inDay
    if step > Self.day / 2 { step -= Self.day }
    if step < -Self.day / 2 { step += Self.day }
    let (sum, isOver) = last.nanoseconds.addingReportingOverflow(step)
    return isOver || sum == .min ? nil : CaptureTime(nanoseconds: sum)
  }
}
