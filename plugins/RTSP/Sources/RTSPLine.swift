import DecoderKit

/// The first line of a message (RFC 2326, 6.1, 7.1).
enum RTSPLine: Hashable {
  case request(method: [UInt8], uri: [UInt8])
  case response(status: Int, reason: [UInt8])

  static let maximumMethod = 32
  static let maximumLine = 8_192

  /// Content when a first line stands there; needs more while one may still come.
  static func claim(_ bytes: RawSpan) -> Claim {
    guard bytes.byteCount > 0 else { return .needsMore }
    if bytes.starts(with: "RTSP/") { return bytes.byteCount < 9 ? .needsMore : .content }
    let count = min(bytes.byteCount, maximumMethod)
    let method = (0..<count).prefix { (0x41...0x5a).contains(bytes[$0]) || bytes[$0] == 0x5f }.count
    guard method < bytes.byteCount else { return method < maximumMethod ? .needsMore : .none }
    if bytes[method] == 0x2f { return String("RTSP/").hasPrefix(String(repairing: bytes)) ? .needsMore : .none }
    guard method > 0, bytes[method] == 0x20 else { return .none }
    guard let end = bytes.firstOffset(of: 0x0a, from: method, within: maximumLine) else {
      return bytes.byteCount < maximumLine ? .needsMore : .none
    }
    let line = end > 0 && bytes[method + end - 1] == 0x0d ? method + end - 1 : method + end
    return line >= 9 && (bytes.starts(with: " RTSP/1.0", at: line - 9) || bytes.starts(with: " RTSP/2.0", at: line - 9))
      ? .content : .none
  }

  init?(_ line: [UInt8]) {
    if line.starts(with: Array("RTSP/".utf8)) {
      let parts = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count >= 2, let status = Array(parts[1]).decimal(digits: 3...3) else { return nil }
      self = .response(status: status, reason: parts.count > 2 ? Array(parts[2]) : [])
    } else {
      let parts = line.split(separator: 0x20)
      guard parts.count == 3 else { return nil }
      self = .request(method: Array(parts[0]), uri: Array(parts[1]))
    }
  }
}
