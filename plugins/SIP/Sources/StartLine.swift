import DecoderKit

/// The first line of a message (RFC 3261, 7.1, 7.2).
enum StartLine: Hashable {
  case request(method: [UInt8], uri: [UInt8])
  case response(status: UInt16, reason: [UInt8])

  /// The longest method and the longest line that are looked at to claim bytes.
  static let maximumMethod = 32
  static let maximumLine = 66_000

  /// Content when a request line stands there whole; needs more while it may still become one.
  static func claim(_ bytes: RawSpan) -> Claim {
    guard let space = bytes.firstOffset(of: 0x20, within: maximumMethod + 1) else {
      return bytes.byteCount <= maximumMethod && isToken(bytes, 0..<bytes.byteCount) ? .needsMore : .none
    }
    guard space > 0, isToken(bytes, 0..<space), isScheme(bytes, space + 1) else { return .none }
    guard let end = bytes.firstOffset(of: 0x0a, from: space, within: maximumLine) else {
      return bytes.byteCount <= maximumLine ? .needsMore : .none
    }
    let line = end > 0 && bytes[space + end - 1] == 0x0d ? space + end - 1 : space + end
    return line >= 8 && bytes.starts(with: " SIP/2.0", at: line - 8) ? .content : .none
  }

  private static func isToken(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    range.allSatisfy { place in
      let byte = bytes[place]
      return (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte)
        || [0x2d, 0x2e, 0x21, 0x25, 0x2a, 0x5f, 0x2b, 0x60, 0x27, 0x7e].contains(byte)
    }
  }

  /// Whether a URI's scheme with its colon stands there, as far as bytes have come.
  private static func isScheme(_ bytes: RawSpan, _ start: Int) -> Bool {
    for place in start..<(start + 16) {
      guard place < bytes.byteCount else { return true }
      let byte = bytes[place]
      if byte == 0x3a { return place > start }
      guard (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == 0x2b || byte == 0x2d else {
        return false
      }
    }
    return false
  }

  init(_ line: [UInt8]) throws(ReadError) {
    if line.starts(with: Array("SIP/2.0 ".utf8)) {
      let rest = line.dropFirst(8)
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      guard digits.count == 3 else { throw ReadError(.malformed, at: 8, reading: "status code") }
      let status = digits.reduce(UInt16(0)) { $0 * 10 + UInt16($1 - 0x30) }
      self = .response(status: status, reason: rest.dropFirst(3).trimmed)
      return
    }
    let parts = line.split(separator: 0x20, maxSplits: 1)
    guard parts.count == 2, let last = parts[1].lastIndex(of: 0x20),
      parts[1][(last + 1)...].elementsEqual("SIP/2.0".utf8)
    else { throw ReadError(.malformed, at: 0, reading: "request line") }
    self = .request(method: Array(parts[0]), uri: parts[1][..<last].trimmed)
  }
}
