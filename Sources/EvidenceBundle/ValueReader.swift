import ByteReading
public import EvidenceModel

/// Reads JSON (RFC 8259) into values; floats and nulls do not occur in bundles and are refused.
///
/// Our own reader, because a report reads millions of records; it accepts white space and any order of keys.
public struct ValueReader: ~Escapable {
  /// Limit of nesting.
  static let maximumDepth = 64

  private var reader: ByteReader

  @_lifetime(copy bytes)
  private init(_ bytes: RawSpan) { reader = ByteReader(bytes) }

  /// Reads one value that takes all of `bytes`; nil when they are none.
  public static func read(_ bytes: [UInt8]) -> Value? {
    // Safe: the view ends before `bytes` does.
    var reader = unsafe ValueReader(bytes.span.bytes)
    guard let value = reader.value(0) else { return nil }
    reader.skipSpace()
    return reader.reader.remaining == 0 ? value : nil
  }

  public static func fields(_ bytes: [UInt8]) -> Fields? {
    guard case .object(let fields)? = read(bytes) else { return nil }
    return fields
  }

  @_lifetime(self: copy self)
  private mutating func skipSpace() {
    while let byte = reader.peek(), byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { advance(1) }
  }

  @_lifetime(self: copy self)
  private mutating func advance(_ count: Int) { _ = try? reader.skip(count, "JSON") }

  @_lifetime(self: copy self)
  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard reader.peek() == byte else { return false }
    advance(1)
    return true
  }

  @_lifetime(self: copy self)
  private mutating func value(_ depth: Int) -> Value? {
    guard depth < Self.maximumDepth else { return nil }
    skipSpace()
    switch reader.peek() {
    case 0x22: return string().map { .text($0) }
    case 0x7b: return object(depth)
    case 0x5b: return list(depth)
    case 0x74: return word("true") ? .boolean(true) : nil
    case 0x66: return word("false") ? .boolean(false) : nil
    default: return number()
    }
  }

  @_lifetime(self: copy self)
  private mutating func word(_ text: StaticString) -> Bool {
    guard let bytes = try? reader.take(text.utf8CodeUnitCount, "JSON") else { return false }
    return bytes.starts(with: text)
  }

  @_lifetime(self: copy self)
  private mutating func number() -> Value? {
    let isNegative = reader.peek() == 0x2d
    if isNegative { advance(1) }
    // Counted downwards, for the least number has no positive.
    var value: Int64 = 0
    var digits = 0
    while let byte = reader.peek(), (0x30...0x39).contains(byte) {
      let (tens, isOver) = value.multipliedReportingOverflow(by: 10)
      let (sum, isBeyond) = tens.subtractingReportingOverflow(Int64(byte - 0x30))
      guard !isOver, !isBeyond else { return nil }
      value = sum
      digits += 1
      advance(1)
    }
    if let byte = reader.peek(), byte == 0x2e || byte == 0x65 || byte == 0x45 { return nil }
    guard digits > 0 else { return nil }
    if isNegative { return .integer(value) }
    return value == .min ? nil : .integer(-value)
  }

  @_lifetime(self: copy self)
  private mutating func list(_ depth: Int) -> Value? {
    advance(1)
    var values: [Value] = []
    if take(0x5d) { return .list(values) }
    while true {
      guard let value = value(depth + 1) else { return nil }
      values.append(value)
      if take(0x5d) { return .list(values) }
      guard take(0x2c) else { return nil }
    }
  }

  @_lifetime(self: copy self)
  private mutating func object(_ depth: Int) -> Value? {
    advance(1)
    var entries: [Fields.Entry] = []
    if take(0x7d) { return .object(Fields()) }
    while true {
      skipSpace()
      guard reader.peek() == 0x22, let name = string(), take(0x3a), let value = value(depth + 1) else { return nil }
      entries.append(.init(name: name, value: value))
      if take(0x7d) {
        guard let fields = Fields(distinct: entries) else { return nil }
        return .object(fields)
      }
      guard take(0x2c) else { return nil }
    }
  }

  @_lifetime(self: copy self)
  private mutating func string() -> String? {
    advance(1)
    guard let quote = reader.distance(to: 0x22) else { return nil }
    if reader.distance(to: 0x5c, within: quote) == nil {
      guard let bytes = try? reader.take(quote, "JSON") else { return nil }
      advance(1)
      var isASCII = true
      for offset in 0..<bytes.byteCount {
        guard bytes[offset] >= 0x20 else { return nil }
        if bytes[offset] >= 0x80 { isASCII = false }
      }
      return isASCII ? String(repairing: bytes) : String(validating: bytes.array(), as: UTF8.self)
    }
    var bytes: [UInt8] = []
    while let byte: UInt8 = try? reader.read("JSON") {
      if byte == 0x22 { return String(validating: bytes, as: UTF8.self) }
      guard byte >= 0x20 else { return nil }
      guard byte == 0x5c else {
        bytes.append(byte)
        continue
      }
      guard escape(&bytes) else { return nil }
    }
    return nil
  }

  @_lifetime(self: copy self)
  private mutating func escape(_ bytes: inout [UInt8]) -> Bool {
    guard let letter: UInt8 = try? reader.read("JSON") else { return false }
    switch letter {
    case 0x22, 0x5c, 0x2f: bytes.append(letter)
    case 0x62: bytes.append(8)
    case 0x66: bytes.append(12)
    case 0x6e: bytes.append(10)
    case 0x72: bytes.append(13)
    case 0x74: bytes.append(9)
    case 0x75:
      guard var code = hexadecimal() else { return false }
      if (0xd800..<0xdc00).contains(code) {
        guard (try? reader.read(UInt8.self, "JSON")) == 0x5c, (try? reader.read(UInt8.self, "JSON")) == 0x75,
          let low = hexadecimal(), (0xdc00..<0xe000).contains(low)
        else { return false }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else { return false }
      bytes += Array(String(Character(scalar)).utf8)
    default: return false
    }
    return true
  }

  @_lifetime(self: copy self)
  private mutating func hexadecimal() -> UInt32? {
    guard let digits = try? reader.take(4, "JSON") else { return nil }
    return UInt32(String(repairing: digits), radix: 16)
  }
}
