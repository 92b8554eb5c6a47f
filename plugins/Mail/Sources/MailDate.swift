import DecoderKit

/// The date and time of a message (RFC 5322, 3.3 and 4.3).
enum MailDate {
  private static let months: [StaticString] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]
  private static let zones: [(name: StaticString, hours: Int)] = [
    ("UT", 0), ("GMT", 0), ("UTC", 0), ("Z", 0), ("EST", -5), ("EDT", -4), ("CST", -6), ("CDT", -5), ("MST", -7),
    ("MDT", -6), ("PST", -8), ("PDT", -7),
  ]

  /// Reads `Fri, 21 Nov 1997 09:55:06 -0600`; nil when it is not of that form or its zone is not known.
  static func parse(_ text: [UInt8]) -> CaptureTime? {
    guard text.count <= 200 else { return nil }
    var words = withoutComments(text).split { $0 == 0x20 || $0 == 0x09 || $0 == 0x2c }.map(Array.init)
    if let first = words.first?.first, !first.isDigit { words.removeFirst() }
    guard words.count >= 5, let day = words[0].decimal(digits: 1...2), var year = words[2].decimal(digits: 2...4),
      let month = months.firstIndex(where: { words[1].prefix(3).equalsIgnoringCase($0) }),
      let offset = offset(words[4])
    else { return nil }
    // Years of two and three digits (RFC 5322, 4.3).
    if words[2].count == 2 { year += year < 50 ? 2_000 : 1_900 }
    if words[2].count == 3 { year += 1_900 }
    let clock = words[3].split(separator: 0x3a, omittingEmptySubsequences: false).map { $0.decimal(digits: 1...2) }
    guard clock.count == 2 || clock.count == 3, let hour = clock[0], let minute = clock[1],
      let second = clock.count == 3 ? clock[2] : 0
    else { return nil }
    let civil = CivilTime(year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second)
    return CaptureTime(civil)?.earlier(by: Int64(offset) * 60_000_000_000)
  }

  /// Minutes east of Greenwich.
  private static func offset(_ zone: [UInt8]) -> Int? {
    if let sign = zone.first, sign == 0x2b || sign == 0x2d {
      guard let value = zone.dropFirst().decimal(digits: 4...4), value % 100 < 60 else { return nil }
      return (value / 100 * 60 + value % 100) * (sign == 0x2d ? -1 : 1)
    }
    return zones.first { zone.equalsIgnoringCase($0.name) }.map { $0.hours * 60 }
  }

  private static func withoutComments(_ text: [UInt8]) -> [UInt8] {
    var depth = 0
    return text.compactMap { byte in
      if byte == 0x28 { depth += 1 }
      defer { if byte == 0x29, depth > 0 { depth -= 1 } }
      return depth > 0 ? 0x20 : byte
    }
  }
}
