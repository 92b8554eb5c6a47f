/// Bytes as lower-case hexadecimal digits, two for each byte.
public enum Hexadecimal {
  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var digits: [UInt8] = []
    digits.reserveCapacity(bytes.underestimatedCount * 2)
    for byte in bytes {
      digits.append(digit(byte >> 4))
      digits.append(digit(byte & 15))
    }
    return String(decoding: digits, as: UTF8.self)
  }

  /// Decodes digits of either case; nil when their number is odd or one is no digit.
  public static func decode(_ text: some StringProtocol) -> [UInt8]? { decode(text.utf8, value(of:)) }

  /// Decodes lower-case digits, as lists of hashes have them; nil when their number is odd or one is none.
  public static func decodeLowerCase(_ digits: ArraySlice<UInt8>) -> [UInt8]? {
    decode(digits, value(ofLowerCase:))
  }

  private static func decode(_ units: some Sequence<UInt8>, _ value: (UInt8) -> UInt8?) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(units.underestimatedCount / 2)
    var high: UInt8?
    for unit in units {
      guard let value = value(unit) else { return nil }
      if let upper = high {
        bytes.append(upper << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    return high == nil ? bytes : nil
  }

  /// The digit for a value below 16.
  public static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

  static func value(ofLowerCase unit: UInt8) -> UInt8? { (0x41...0x46).contains(unit) ? nil : value(of: unit) }

  static func value(of unit: UInt8) -> UInt8? {
    switch unit {
    case 0x30...0x39: unit - 0x30
    case 0x41...0x46: unit - 0x37
    case 0x61...0x66: unit - 0x57
    default: nil
    }
  }
}
