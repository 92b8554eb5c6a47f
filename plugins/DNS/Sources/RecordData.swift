import DecoderKit

/// The data of one record, written as in a zone file (RFC 1035, 5; RFC 3597, 5).
struct RecordData: ~Escapable {
  /// Stands in the message; pointers may lead to before the data.
  var reader: ByteReader
  private let range: Range<Int>

  /// `reader` is the message's; `range` is where the data stand in it.
  @_lifetime(copy reader)
  init(_ reader: ByteReader, _ range: Range<Int>) {
    self.reader = reader
    self.range = range
  }

  /// Where the data begin in the message.
  var start: Int { range.lowerBound }
  private var remaining: Int { range.upperBound - reader.offset }

  /// The form for any type: `\# 4 0A000001`.
  @_lifetime(self: copy self)
  mutating func generic() -> String {
    guard (try? reader.move(to: range.lowerBound, "data")) != nil, let bytes = try? rest("data") else { return "\\# 0" }
    return bytes.isEmpty ? "\\# 0" : "\\# \(bytes.count) \(hex(bytes))"
  }

  /// The data in the type's own form; throws when they do not have it.
  @_lifetime(self: copy self)
  mutating func text(of type: UInt16) throws(ReadError) -> String {
    try reader.move(to: range.lowerBound, "data")
    guard let text = try known(type) else { return generic() }
    guard reader.offset == range.upperBound else {
      throw ReadError(.malformed, at: reader.offset, reading: "data length")
    }
    return text
  }

  @_lifetime(self: copy self)
  private mutating func known(_ type: UInt16) throws(ReadError) -> String? {
    switch type {
    case 1: try addressText(isVersion6: false)
    case 28: try addressText(isVersion6: true)
    case 2, 3, 4, 5, 7, 8, 9, 12, 39: try name()
    case 6: "\(try name()) \(try name()) \(try long()) \(try long()) \(try long()) \(try long()) \(try long())"
    case 13: "\(try string()) \(try string())"
    case 14, 17: "\(try name()) \(try name())"
    case 15, 18, 21, 36: "\(try short()) \(try name())"
    case 16, 99, 258: try strings()
    case 19: try string()
    case 20: try strings()
    case 24, 46: try signature()
    case 25, 48, 60: "\(try short()) \(try byte()) \(try byte()) \(base64(try rest("key")))"
    case 26: "\(try short()) \(try name()) \(try name())"
    case 29: try location()
    case 33: "\(try short()) \(try short()) \(try short()) \(try name())"
    case 35:
      "\(try short()) \(try short()) \(try string()) \(try string()) \(try string()) \(try name())"
    case 37: "\(Self.certificateType(try short())) \(try short()) \(try byte()) \(base64(try rest("certificate")))"
    case 42: try prefixes()
    case 43, 59, 32768, 32769: "\(try short()) \(try byte()) \(try byte()) \(hex(try rest("digest")))"
    case 44: "\(try byte()) \(try byte()) \(hex(try rest("fingerprint")))"
    case 47: "\(try name())\(try types())"
    case 49, 61: base64(try rest("data"))
    case 50: try hashedDenial()
    case 51: "\(try byte()) \(try byte()) \(try short()) \(try salt())"
    case 52, 53: "\(try byte()) \(try byte()) \(try byte()) \(hex(try rest("association")))"
    case 62: "\(try long()) \(try short())\(try types())"
    case 63: "\(try long()) \(try byte()) \(try byte()) \(hex(try rest("digest")))"
    case 64, 65: try service()
    case 108: try hardwareAddress(6)
    case 109: try hardwareAddress(8)
    case 250: try transactionSignature()
    case 256: "\(try short()) \(try short()) \(quoted(try rest("target")))"
    case 257: try authorization()
    default: nil
    }
  }

  // MARK: Pieces

  @_lifetime(self: copy self)
  mutating func byte() throws(ReadError) -> UInt8 {
    try require(1)
    return try reader.read("data")
  }

  @_lifetime(self: copy self)
  mutating func short() throws(ReadError) -> UInt16 {
    try require(2)
    return try reader.read("data")
  }

  @_lifetime(self: copy self)
  mutating func long() throws(ReadError) -> UInt32 {
    try require(4)
    return try reader.read("data")
  }

  @_lifetime(self: copy self)
  mutating func take(_ count: Int, _ field: StaticString) throws(ReadError) -> [UInt8] {
    try require(count)
    return try reader.take(count, field).array()
  }

  @_lifetime(self: copy self)
  mutating func rest(_ field: StaticString) throws(ReadError) -> [UInt8] { try take(max(0, remaining), field) }

  private func require(_ count: Int) throws(ReadError) {
    guard remaining >= count else { throw ReadError(.truncated, at: reader.offset, reading: "record data") }
  }

  @_lifetime(self: copy self)
  mutating func name() throws(ReadError) -> String {
    let text = try DomainName.read(&reader)
    try require(0)
    return text
  }

  @_lifetime(self: copy self)
  private mutating func string() throws(ReadError) -> String {
    quoted(try take(Int(try byte()), "character string"))
  }

  @_lifetime(self: copy self)
  private mutating func strings() throws(ReadError) -> String {
    var list: [String] = []
    // Limit: each takes a byte at the least.
    while remaining > 0 { list.append(try string()) }
    return list.isEmpty ? "\"\"" : list.joined(separator: " ")
  }

  @_lifetime(self: copy self)
  private mutating func addressText(isVersion6: Bool) throws(ReadError) -> String {
    try address(isVersion6: isVersion6).description
  }

  @_lifetime(self: copy self)
  private mutating func address(isVersion6: Bool) throws(ReadError) -> InternetAddress {
    guard isVersion6 else { return InternetAddress(version4: try long()) }
    try require(16)
    return InternetAddress(version6: try reader.read("address"), try reader.read("address"))
  }

  /// RFC 4034, 4.1.2: windows of 256 types, of which those are named whose bits are set.
  @_lifetime(self: copy self)
  private mutating func types() throws(ReadError) -> String {
    var text = ""
    // Limit: each window takes three bytes at the least.
    while remaining > 0 {
      let window = UInt16(try byte())
      let count = Int(try byte())
      guard (1...32).contains(count) else { throw ReadError(.malformed, at: reader.offset, reading: "type bit map") }
      for (place, bits) in try take(count, "type bit map").enumerated() {
        for bit in 0..<8 where bits & (0x80 >> bit) != 0 {
          text += " " + RecordType.text(window << 8 | UInt16(truncatingIfNeeded: place * 8 + bit))
        }
      }
    }
    return text
  }

  /// RFC 4034, 3.2.
  @_lifetime(self: copy self)
  private mutating func signature() throws(ReadError) -> String {
    let covered = RecordType.text(try short())
    let head = "\(covered) \(try byte()) \(try byte()) \(try long())"
    let times = "\(TextCoding.time(try long())) \(TextCoding.time(try long()))"
    return "\(head) \(times) \(try short()) \(try name()) \(base64(try rest("signature")))"
  }

  /// RFC 5155, 3.3.
  @_lifetime(self: copy self)
  private mutating func hashedDenial() throws(ReadError) -> String {
    let head = "\(try byte()) \(try byte()) \(try short()) \(try salt())"
    return "\(head) \(TextCoding.base32Hex(try take(Int(try byte()), "next hashed owner")))\(try types())"
  }

  @_lifetime(self: copy self)
  private mutating func salt() throws(ReadError) -> String {
    let bytes = try take(Int(try byte()), "salt")
    return bytes.isEmpty ? "-" : hex(bytes)
  }

  /// RFC 8659, 4.1.1.
  @_lifetime(self: copy self)
  private mutating func authorization() throws(ReadError) -> String {
    let flags = try byte()
    let tag = try take(Int(try byte()), "property tag")
    guard !tag.isEmpty, tag.allSatisfy({ TextCoding.isLetterOrDigit($0) }) else {
      throw ReadError(.malformed, at: reader.offset, reading: "property tag")
    }
    return "\(flags) \(String(decoding: tag, as: UTF8.self)) \(quoted(try rest("property value")))"
  }

  @_lifetime(self: copy self)
  private mutating func hardwareAddress(_ count: Int) throws(ReadError) -> String {
    try take(count, "address").map { Hexadecimal.encode([$0]) }.joined(separator: "-")
  }

  /// RFC 3123, 4.
  @_lifetime(self: copy self)
  private mutating func prefixes() throws(ReadError) -> String {
    var list: [String] = []
    // Limit: each takes four bytes at the least.
    while remaining > 0 {
      let family = try short()
      let length = try byte()
      let last = try byte()
      let part = try take(Int(last & 0x7f), "address")
      guard let address = TextCoding.address(family, part) else {
        throw ReadError(.malformed, at: reader.offset, reading: "address family")
      }
      list.append("\(last & 0x80 != 0 ? "!" : "")\(family):\(address)/\(length)")
    }
    return list.joined(separator: " ")
  }

  /// RFC 8945, 4.2: algorithm, time, fudge, MAC, original ID, error, other data.
  @_lifetime(self: copy self)
  private mutating func transactionSignature() throws(ReadError) -> String {
    let algorithm = try name()
    let time = UInt64(try short()) << 32 | UInt64(try long())
    let fudge = try short()
    let code = try take(Int(try short()), "MAC")
    let end = "\(try short()) \(RecordType.responseText(try short()))"
    let other = try take(Int(try short()), "other data")
    return
      "\(algorithm) \(time) \(fudge) \(code.count) \(base64(code)) \(end) \(other.count)"
      + (other.isEmpty ? "" : " " + base64(other))
  }

  func hex(_ bytes: [UInt8]) -> String { Hexadecimal.encode(bytes).uppercased() }
  func base64(_ bytes: [UInt8]) -> String { TextCoding.base64(bytes) }
  func quoted(_ bytes: [UInt8]) -> String { TextCoding.quoted(bytes) }
  var isAtEnd: Bool { remaining <= 0 }
}
