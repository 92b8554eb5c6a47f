/// Base64 of short texts such as credentials and encoded words (RFC 4648, 4); artefacts name the coding instead.
public enum Base64 {
  /// Undoes base64 with or without padding; nil when another byte than its letters stands before the padding.
  public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    var out: [UInt8] = []
    out.reserveCapacity(text.count / 4 * 3 + 3)
    var word: UInt32 = 0
    var bits = 0
    for byte in text {
      if byte == 0x3d { return out }
      guard let digit = digit(byte) else { return nil }
      word = word << 6 | UInt32(digit)
      bits += 6
      if bits >= 8 {
        bits -= 8
        out.append(UInt8(truncatingIfNeeded: word >> UInt32(bits)))
      }
    }
    return out
  }

  /// The six bits that a letter stands for.
  public static func digit(_ letter: UInt8) -> UInt8? {
    switch letter {
    case 0x41...0x5a: letter - 0x41
    case 0x61...0x7a: letter - 0x47
    case 0x30...0x39: letter + 4
    case 0x2b: 62
    case 0x2f: 63
    default: nil
    }
  }
}
