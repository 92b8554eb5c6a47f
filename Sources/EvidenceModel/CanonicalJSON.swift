/// Writes values as JSON in canonical form (RFC 8785): keys sorted, no spaces, no floats.
public struct CanonicalJSON {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public static func text(_ value: Value) -> String {
    var writer = CanonicalJSON()
    writer.write(value)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  public static func bytes(_ fields: Fields) -> [UInt8] {
    var writer = CanonicalJSON()
    writer.write(.object(fields))
    return writer.bytes
  }

  /// Writes a comma or colon, for those who put an object together themselves.
  public mutating func write(separator: UInt8) { bytes.append(separator) }

  /// Gives away what was written, and begins anew.
  public mutating func take() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }

  /// Writes from now on into the memory of `storage`, whose content is forgotten.
  public mutating func reuse(_ storage: consuming [UInt8]) {
    storage.removeAll(keepingCapacity: true)
    bytes = storage
  }

  public mutating func write(_ value: Value) {
    switch value {
    case .text(let text): write(text)
    case .integer(let number):
      if number < 0 { bytes.append(0x2d) }
      bytes.appendMagnitude(number.magnitude)
    case .boolean(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
    case .time(let time): write(time.description)
    case .list(let values):
      bytes.append(0x5b)
      for (index, value) in values.enumerated() {
        if index > 0 { bytes.append(0x2c) }
        write(value)
      }
      bytes.append(0x5d)
    case .object(let fields):
      bytes.append(0x7b)
      var entries = fields.entries
      Self.sort(&entries)
      for (index, entry) in entries.enumerated() {
        if index > 0 { bytes.append(0x2c) }
        write(entry.name)
        bytes.append(0x3a)
        write(entry.value)
      }
      bytes.append(0x7d)
    }
  }

  /// Writes a string with the escapes of RFC 8785, 3.2.2.2.
  public mutating func write(_ text: String) {
    bytes.append(0x22)
    var text = text
    if text.withUTF8({ unsafe Self.isPlain($0) }) {
      // Safe: the bytes are copied within the closure.
      text.withUTF8 { unsafe bytes.append(contentsOf: $0) }
      bytes.append(0x22)
      return
    }
    for unit in text.utf8 {
      switch unit {
      case 0x22, 0x5c:
        bytes.append(0x5c)
        bytes.append(unit)
      case 0x08: bytes.append(contentsOf: [0x5c, 0x62])
      case 0x09: bytes.append(contentsOf: [0x5c, 0x74])
      case 0x0a: bytes.append(contentsOf: [0x5c, 0x6e])
      case 0x0c: bytes.append(contentsOf: [0x5c, 0x66])
      case 0x0d: bytes.append(contentsOf: [0x5c, 0x72])
      case 0..<0x20:
        bytes.append(contentsOf: "\\u00".utf8)
        bytes.append(Hexadecimal.digit(unit >> 4))
        bytes.append(Hexadecimal.digit(unit & 15))
      default: bytes.append(unit)
      }
    }
    bytes.append(0x22)
  }

  /// Whether nothing is to be escaped; without a way out in the middle, so that many bytes are looked at together.
  private static func isPlain(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var special: UInt8 = 0
    for place in 0..<bytes.count {
      // Safe: the place is below the count.
      let byte = unsafe bytes[place]
      special |= (byte < 0x20 ? 1 : 0) | (byte == 0x22 ? 1 : 0) | (byte == 0x5c ? 1 : 0)
    }
    return special == 0
  }

  /// Sorts by name; our names are ASCII, so bytes and UTF-16 units order alike.
  public static func sort(_ entries: inout [Fields.Entry]) {
    entries.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }
}

extension [UInt8] {
  mutating func appendMagnitude(_ value: UInt64) { append(DecimalDigits(value)) }
}
