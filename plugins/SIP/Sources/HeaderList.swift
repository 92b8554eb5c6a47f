import DecoderKit

/// A header's value that lists several, with commas between them (RFC 3261, 7.3.1).
enum HeaderList {
  /// The elements without white space around them; commas in quotes and in angle brackets do not part.
  static func elements(of value: [UInt8]) -> [[UInt8]] {
    var elements: [[UInt8]] = []
    var current: [UInt8] = []
    var isQuoted = false
    var isEscaped = false
    var isBracketed = false
    for byte in value {
      if byte == 0x2c, !isQuoted, !isBracketed {
        elements.append(current.trimmed)
        current = []
        continue
      }
      current.append(byte)
      if isEscaped {
        isEscaped = false
      } else if isQuoted {
        if byte == 0x5c { isEscaped = true }
        if byte == 0x22 { isQuoted = false }
      } else if byte == 0x22 {
        isQuoted = true
      } else if byte == 0x3c {
        isBracketed = true
      } else if byte == 0x3e {
        isBracketed = false
      }
    }
    elements.append(current.trimmed)
    return elements.filter { !$0.isEmpty }
  }
}
