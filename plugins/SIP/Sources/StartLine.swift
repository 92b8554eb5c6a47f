import DecoderKit

/// The first line of a message (RFC 3261, 7.1, 7.2).
enum StartLine: Hashable {
  case request(method: [UInt8], uri: [UInt8])
  case response(status: UInt16, reason: [UInt8])

  /// The longest method and the longest line that are looked at to claim bytes.
  static let maximumMethod = 32
  static let maximumLine = 66_000
  /// Bytes of a line without an end after which a SIP address alone decides: a stream is claimed by little of it.
  static let decisiveLine = 2_048

  /// Content when a start line stands there; needs more while one may still come.
  static func claim(_ bytes: RawSpan) -> Claim {
    guard bytes.byteCount > 0, isLetter(bytes[0]) else { return .none }
    if let claim = claimResponse(bytes) { return claim }
    return claimRequest(bytes)
  }

  /// Nil when the bytes are no response, not even its beginning.
  private static func claimResponse(_ bytes: RawSpan) -> Claim? {
    let expected: StaticString = "SIP/2.0 "
    guard bytes.byteCount >= expected.utf8CodeUnitCount else {
      return String(repairing: bytes) == String(expected.description.prefix(bytes.byteCount)) ? .needsMore : nil
    }
    guard bytes.starts(with: expected) else { return nil }
    for place in 8..<11 {
      guard place < bytes.byteCount else { return .needsMore }
      guard (0x30...0x39).contains(bytes[place]) else { return Claim.none }
    }
    guard bytes.byteCount > 11 else { return .needsMore }
    return [0x20, 0x0d, 0x0a].contains(bytes[11]) ? .content : Claim.none
  }

  private static func claimRequest(_ bytes: RawSpan) -> Claim {
    guard let space = bytes.firstOffset(of: 0x20, within: maximumMethod + 1) else {
      return bytes.byteCount <= maximumMethod && isToken(bytes, 0..<bytes.byteCount) ? .needsMore : .none
    }
    guard space > 0, isToken(bytes, 0..<space), let scheme = scheme(bytes, space + 1) else { return .none }
    guard let end = bytes.firstOffset(of: 0x0a, from: space, within: maximumLine) else {
      let isAddress = scheme.equalsIgnoringCase("sip") || scheme.equalsIgnoringCase("sips")
      if isAddress, bytes.byteCount >= decisiveLine { return .content }
      return bytes.byteCount <= maximumLine ? .needsMore : .none
    }
    let line = end > 0 && bytes[space + end - 1] == 0x0d ? space + end - 1 : space + end
    return line >= 8 && bytes.starts(with: " SIP/2.0", at: line - 8) ? .content : .none
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
  }

  /// Whether the bytes may stand in a method's name (RFC 3261, 25.1, token).
  private static func isToken(_ bytes: RawSpan, _ range: Range<Int>) -> Bool {
    range.allSatisfy { place in
      switch bytes[place] {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
      case 0x21, 0x25, 0x27, 0x2a, 0x2b, 0x2d, 0x2e, 0x5f, 0x60, 0x7e: true
      default: false
      }
    }
  }

  /// The scheme of a URI without its colon, as far as it has come; nil when none stands there.
  private static func scheme(_ bytes: RawSpan, _ start: Int) -> [UInt8]? {
    var name: [UInt8] = []
    for place in start..<(start + 16) {
      guard place < bytes.byteCount else { return name }
      let byte = bytes[place]
      if byte == 0x3a { return name.isEmpty ? nil : name }
      guard isLetter(byte) || byte == 0x2b || byte == 0x2d else { return nil }
      name.append(byte)
    }
    return nil
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

  var isRequest: Bool { if case .request = self { true } else { false } }

  /// The method of a request; empty of a response.
  var method: [UInt8] { if case .request(let method, _) = self { method } else { [] } }
}
