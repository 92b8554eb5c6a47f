/// A moment in UTC as a calendar and a clock show it, to the second.
public struct CivilTime: Hashable, Sendable {
  public var year: Int
  public var month: Int
  public var day: Int
  public var hour: Int
  public var minute: Int
  public var second: Int

  public init(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0) {
    (self.year, self.month, self.day) = (year, month, day)
    (self.hour, self.minute, self.second) = (hour, minute, second)
  }

  /// Seconds since 1970-01-01T00:00:00Z; nil when no such day or time exists. A leap second counts as the next.
  public var secondsSince1970: Int64? {
    guard (0...9_999).contains(year), (1...12).contains(month), (1...31).contains(day), (0...23).contains(hour),
      (0...59).contains(minute), (0...60).contains(second)
    else { return nil }
    // Eras of 400 years that begin on 1 March, as in CivilDate.
    let shiftedYear = Int64(month <= 2 ? year - 1 : year)
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * Int64(month > 2 ? month - 3 : month + 9) + 2) / 5 + Int64(day) - 1
    let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    let date = CivilDate(daysSince1970: days)
    guard date.day == Int64(day), date.month == Int64(month) else { return nil }
    return days * 86_400 + Int64(hour * 3_600 + minute * 60 + second)
  }
}

extension CaptureTime {
  /// The moment on the calendar, without its fraction; the unknown moment shows as the first that can be held.
  public var civil: CivilTime {
    var seconds = nanoseconds / 1_000_000_000
    if nanoseconds % 1_000_000_000 < 0 { seconds -= 1 }
    var days = seconds / 86_400
    if seconds % 86_400 < 0 { days -= 1 }
    let date = CivilDate(daysSince1970: days)
    let inDay = Int(seconds - days * 86_400)
    return CivilTime(
      year: Int(date.year), month: Int(date.month), day: Int(date.day), hour: inDay / 3_600, minute: inDay / 60 % 60,
      second: inDay % 60)
  }

  /// The moment of a civil time; nil when there is none or it cannot be held.
  public init?(_ civil: CivilTime, nanoseconds fraction: Int64 = 0) {
    guard let seconds = civil.secondsSince1970 else { return nil }
    let (whole, isOver) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, isBeyond) = whole.addingReportingOverflow(fraction)
    guard !isOver, !isBeyond, sum != .min else { return nil }
    self.init(nanoseconds: sum)
  }

  /// Reads RFC 3339: `2026-01-02T03:04:05Z`, with up to nine decimals and with another offset than Z.
  public init?(rfc3339 text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, bytes.count <= 40 else { return nil }
    func number(_ range: Range<Int>) -> Int? {
      var value = 0
      for byte in bytes[range] {
        guard (0x30...0x39).contains(byte) else { return nil }
        value = value * 10 + Int(byte - 0x30)
      }
      return value
    }
    guard bytes[4] == 0x2d, bytes[7] == 0x2d, bytes[10] == 0x54 || bytes[10] == 0x74 || bytes[10] == 0x20,
      bytes[13] == 0x3a, bytes[16] == 0x3a, let year = number(0..<4), let month = number(5..<7),
      let day = number(8..<10), let hour = number(11..<13), let minute = number(14..<16),
      let second = number(17..<19)
    else { return nil }
    var place = 19
    var fraction: Int64 = 0
    if bytes[place] == 0x2e {
      place += 1
      var scale: Int64 = 100_000_000
      let start = place
      while place < bytes.count, (0x30...0x39).contains(bytes[place]), place - start < 9 {
        fraction += Int64(bytes[place] - 0x30) * scale
        scale /= 10
        place += 1
      }
      guard place > start else { return nil }
    }
    let zone = Array(bytes[place...])
    var offset: Int64 = 0
    if zone != [0x5a], zone != [0x7a] {
      guard zone.count == 6, zone[0] == 0x2b || zone[0] == 0x2d, zone[3] == 0x3a,
        let hours = number((place + 1)..<(place + 3)), let minutes = number((place + 4)..<(place + 6)), hours < 24,
        minutes < 60
      else { return nil }
      offset = Int64(hours * 3_600 + minutes * 60) * (zone[0] == 0x2b ? 1 : -1)
    }
    let civil = CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
    guard let moment = CaptureTime(civil, nanoseconds: fraction) else { return nil }
    let (shifted, isOver) = moment.nanoseconds.subtractingReportingOverflow(offset * 1_000_000_000)
    guard !isOver, shifted != .min else { return nil }
    self.init(nanoseconds: shifted)
  }
}
