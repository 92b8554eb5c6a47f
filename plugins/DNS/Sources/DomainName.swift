import DecoderKit

/// Names as messages hold them: labels, and pointers to labels that stand before (RFC 1035, 3.1 and 4.1.4).
enum DomainName {
  /// RFC 1035, 2.3.4.
  static let maximumByteCount = 255
  static let maximumJumpCount = 64

  /// Goes over the labels of a name; the reader then stands behind the name.
  ///
  /// A pointer must lead to before the place where the name, or what it was led to last, begins: none can go in circles.
  static func walk(_ reader: inout ByteReader, _ visit: (RawSpan) -> Void) throws(ReadError) {
    var ahead = reader
    var end: Int?
    var lowest = reader.offset
    var total = 1
    var jumps = 0
    while true {
      let start = ahead.offset
      let length = try ahead.read(UInt8.self, "label length")
      switch length >> 6 {
      case 0 where length == 0:
        try reader.move(to: end ?? ahead.offset, "name")
        return
      case 0:
        total += Int(length) + 1
        guard total <= maximumByteCount else { throw ReadError(.malformed, at: start, reading: "length of a name") }
        visit(try ahead.take(Int(length), "label"))
      case 3:
        let low = try ahead.read(UInt8.self, "compression pointer")
        let target = Int(length & 0x3f) << 8 | Int(low)
        end = end ?? ahead.offset
        jumps += 1
        guard jumps <= maximumJumpCount else {
          throw ReadError(.limitExceeded, at: start, reading: "compression pointers")
        }
        guard target >= 12, target < lowest else {
          throw ReadError(.malformed, at: start, reading: "compression pointer")
        }
        lowest = target
        try ahead.move(to: target, "compression pointer")
      default: throw ReadError(.unsupported, at: start, reading: "label type")
      }
    }
  }

  static func skip(_ reader: inout ByteReader) throws(ReadError) { try walk(&reader) { _ in } }

  /// Reads a name with a dot behind each label, as a zone file has it; the root is one dot.
  static func read(_ reader: inout ByteReader) throws(ReadError) -> String {
    let (name, error) = readAsFarAsPossible(&reader)
    if let error { throw error }
    return name
  }

  /// Reads a name, or as much of it as can be had, with the reason why there is no more.
  static func readAsFarAsPossible(_ reader: inout ByteReader) -> (name: String, error: ReadError?) {
    var text: [UInt8] = []
    var failure: ReadError?
    do throws(ReadError) {
      try walk(&reader) { label in
        for byte in label.array() { appendEscaped(byte, to: &text) }
        text.append(0x2e)
      }
    } catch { failure = error }
    return (text.isEmpty ? "." : String(decoding: text, as: UTF8.self), failure)
  }

  /// Goes over a name where it stands, whatever its pointer leads to and however long it is.
  static func passOver(_ reader: inout ByteReader) throws(ReadError) {
    while true {
      let start = reader.offset
      let length = try reader.read(UInt8.self, "label length")
      switch length >> 6 {
      case 0 where length == 0: return
      case 0: try reader.skip(Int(length), "label")
      case 3: return try reader.skip(1, "compression pointer")
      default: throw ReadError(.unsupported, at: start, reading: "label type")
      }
    }
  }

  /// A name without the dot at its end, unless it is the root.
  static func withoutFinalDot(_ name: String) -> String { name.utf8.count > 1 ? String(name.dropLast()) : name }

  /// Escapes what has a meaning in a zone file, and what is not printable (RFC 1035, 5.1).
  private static func appendEscaped(_ byte: UInt8, to text: inout [UInt8]) {
    switch byte {
    case 0x22, 0x24, 0x28, 0x29, 0x2e, 0x3b, 0x40, 0x5c: text += [0x5c, byte]
    case 0x21...0x7e: text.append(byte)
    default: text += decimalEscape(byte)
    }
  }

  static func decimalEscape(_ byte: UInt8) -> [UInt8] {
    [0x5c, 0x30 + byte / 100, 0x30 + byte / 10 % 10, 0x30 + byte % 10]
  }
}
