import DecoderKit

/// Bytes as zone files write them.
enum TextCoding {
  /// RFC 4648, 4, without line ends.
  static func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    return encode(bytes, alphabet, bits: 6) { (4 - $0 % 4) % 4 }
  }

  /// RFC 4648, 7, without padding (RFC 5155, 3.3).
  static func base32Hex(_ bytes: [UInt8]) -> String {
    encode(bytes, Array("0123456789ABCDEFGHIJKLMNOPQRSTUV".utf8), bits: 5) { _ in 0 }
  }

  private static func encode(_ bytes: [UInt8], _ alphabet: [UInt8], bits: Int, _ padding: (Int) -> Int) -> String {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count * 8 / bits + 4)
    var held = 0
    var count = 0
    for byte in bytes {
      held = (held << 8 | Int(byte)) & 0xffff
      count += 8
      while count >= bits {
        count -= bits
        out.append(alphabet[held >> count & (1 << bits - 1)])
      }
    }
    if count > 0 { out.append(alphabet[held << (bits - count) & (1 << bits - 1)]) }
    for _ in 0..<padding(out.count) { out.append(0x3d) }
    return String(decoding: out, as: UTF8.self)
  }

  /// A character string in quotes (RFC 1035, 5.1).
  static func quoted(_ bytes: [UInt8]) -> String {
    var out: [UInt8] = [0x22]
    for byte in bytes {
      switch byte {
      case 0x22, 0x5c: out += [0x5c, byte]
      case 0x20...0x7e: out.append(byte)
      default: out += DomainName.decimalEscape(byte)
      }
    }
    out.append(0x22)
    return String(decoding: out, as: UTF8.self)
  }

  /// Seconds since 1970 as `YYYYMMDDHHmmSS` (RFC 4034, 3.2).
  static func time(_ seconds: UInt32) -> String {
    let text = CaptureTime(nanoseconds: Int64(seconds) * 1_000_000_000).description
    return String(decoding: text.utf8.filter { (0x30...0x39).contains($0) }.prefix(14), as: UTF8.self)
  }

  /// The beginning of an address, the rest being zeros; nil for other families than 1 and 2, and when it is too long.
  static func address(_ family: UInt16, _ part: [UInt8]) -> InternetAddress? {
    let size = family == 1 ? 4 : family == 2 ? 16 : 0
    guard size > 0, part.count <= size else { return nil }
    let bytes = part + [UInt8](repeating: 0, count: size - part.count)
    let words = [bytes.prefix(8), bytes.dropFirst(8)].map { $0.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
    return family == 1
      ? InternetAddress(version4: UInt32(truncatingIfNeeded: words[0])) : InternetAddress(version6: words[0], words[1])
  }

  static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
    default: false
    }
  }
}
