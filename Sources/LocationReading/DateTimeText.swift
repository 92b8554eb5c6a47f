import ByteReading
import EvidenceModel

/// What a text that should be a moment says (XML Schema 1.0, part 2, 3.2.7; ISO 8601, extended form).
enum DateTimeText: Hashable {
  /// A moment with its zone.
  case moment(CaptureTime)
  /// A moment without a zone, counted as if in UTC.
  case withoutZone(CaptureTime)
  /// A day, a month or a year only.
  case coarse
  case malformed

  /// Reads `2026-01-02T03:04:05.678Z`; decimals beyond the ninth are cut off, `-00:00` is UTC.
  init(_ bytes: [UInt8]) {
    var reader = ByteReader(bytes.view)
    self = (try? Self.read(&reader)) ?? .malformed
  }

  private static func read(_ reader: inout ByteReader) throws(ReadError) -> DateTimeText {
    let year = try number(&reader, 4)
    if reader.remaining == 0 { return .coarse }
    try mark(&reader, 0x2d)
    let month = try number(&reader, 2)
    if reader.remaining == 0 { return (1...12).contains(month) ? .coarse : .malformed }
    try mark(&reader, 0x2d)
    let day = try number(&reader, 2)
    if reader.remaining == 0 {
      return CivilTime(year: year, month: month, day: day).secondsSince1970 == nil ? .malformed : .coarse
    }
    guard reader.peek() == 0x54 || reader.peek() == 0x74 || reader.peek() == 0x20 else { return .malformed }
    try reader.skip(1, "T")
    let hour = try number(&reader, 2)
    try mark(&reader, 0x3a)
    let minute = try number(&reader, 2)
    try mark(&reader, 0x3a)
    let second = try number(&reader, 2)
    var fraction: Int64 = 0
    if reader.peek() == 0x2e {
      try reader.skip(1, "point")
      guard let digits = fractionOfSecond(&reader) else { return .malformed }
      fraction = digits
    }
    let civil = CivilTime(year: year, month: month, day: day, hour: hour, minute: minute, second: second)
    guard let moment = CaptureTime(civil, nanoseconds: fraction) else { return .malformed }
    if reader.remaining == 0 { return .withoutZone(moment) }
    guard let offset = try zone(&reader), reader.remaining == 0 else { return .malformed }
    let (shifted, isOver) = moment.nanoseconds.subtractingReportingOverflow(offset * 60_000_000_000)
    return isOver || shifted == .min ? .malformed : .moment(CaptureTime(nanoseconds: shifted))
  }

  /// Minutes east of UTC, 14 hours at the most; nil when it is no zone.
  private static func zone(_ reader: inout ByteReader) throws(ReadError) -> Int64? {
    let sign = try reader.read(UInt8.self, "zone")
    if sign == 0x5a || sign == 0x7a { return 0 }
    guard sign == 0x2b || sign == 0x2d else { return nil }
    let hours = try number(&reader, 2)
    try mark(&reader, 0x3a)
    let minutes = try number(&reader, 2)
    guard minutes < 60, hours * 60 + minutes <= 14 * 60 else { return nil }
    return Int64(hours * 60 + minutes) * (sign == 0x2b ? 1 : -1)
  }

  /// Nanoseconds, from digits as far as they go; nil without any, or with more than 20.
  static func fractionOfSecond(_ reader: inout ByteReader) -> Int64? {
    var fraction: Int64 = 0
    var scale: Int64 = 100_000_000
    var count = 0
    while let byte = reader.peek(), (0x30...0x39).contains(byte) {
      fraction += Int64(byte - 0x30) * scale
      scale /= 10
      count += 1
      guard count <= ExactDecimal.maximumDecimals, (try? reader.skip(1, "fraction")) != nil else { return nil }
    }
    return count > 0 ? fraction : nil
  }

  /// Reads `count` digits. Throws `malformed` when another byte stands there.
  static func number(_ reader: inout ByteReader, _ count: Int) throws(ReadError) -> Int {
    var value = 0
    for _ in 0..<count {
      let offset = reader.offset
      let byte = try reader.read(UInt8.self, "digit")
      guard (0x30...0x39).contains(byte) else { throw ReadError(.malformed, at: offset, reading: "digit") }
      value = value * 10 + Int(byte - 0x30)
    }
    return value
  }

  private static func mark(_ reader: inout ByteReader, _ mark: UInt8) throws(ReadError) {
    let offset = reader.offset
    guard try reader.read(UInt8.self, "separator") == mark else {
      throw ReadError(.malformed, at: offset, reading: "separator")
    }
  }
}
