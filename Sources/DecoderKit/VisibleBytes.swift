/// Bytes as printable text that can be turned back: nothing in it moves a cursor, hides or turns what stands beside it.
///
/// `\\` is a backslash; `\t \e \a \b \r \n \0` are control characters, `\xHH` is any other byte that is no text, and `\u{H}` a
/// character that is not seen. Bytes that are not UTF-8 as a whole stand as ASCII and `\xHH`.
public enum VisibleBytes {
  public static func text(_ bytes: some Collection<UInt8>) -> [UInt8] {
    if bytes.allSatisfy({ (0x20...0x7e).contains($0) && $0 != 0x5c }) { return Array(bytes) }
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count + 16)
    if let text = String(validating: bytes, as: UTF8.self) {
      for scalar in text.unicodeScalars { append(scalar, to: &out) }
    } else {
      for byte in bytes {
        if byte < 0x80 { append(ascii: byte, to: &out) } else { append(hexadecimal: byte, to: &out) }
      }
    }
    return out
  }

  private static func append(_ scalar: Unicode.Scalar, to out: inout [UInt8]) {
    if scalar.value < 0x80 { return append(ascii: UInt8(truncatingIfNeeded: scalar.value), to: &out) }
    let isHidden =
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate: true
      default: scalar.properties.isDefaultIgnorableCodePoint
      }
    if isHidden {
      out += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}".utf8
    } else {
      out += String(scalar).utf8
    }
  }

  private static func append(ascii byte: UInt8, to out: inout [UInt8]) {
    switch byte {
    case 0x00: out += [0x5c, 0x30]
    case 0x07: out += [0x5c, 0x61]
    case 0x08: out += [0x5c, 0x62]
    case 0x09: out += [0x5c, 0x74]
    case 0x0a: out += [0x5c, 0x6e]
    case 0x0d: out += [0x5c, 0x72]
    case 0x1b: out += [0x5c, 0x65]
    case 0x5c: out += [0x5c, 0x5c]
    case 0x20...0x7e: out.append(byte)
    default: append(hexadecimal: byte, to: &out)
    }
  }

  private static func append(hexadecimal byte: UInt8, to out: inout [UInt8]) {
    out += [0x5c, 0x78]
    out += Hexadecimal.encode([byte]).utf8.map(\.asciiUppercased)
  }
}
