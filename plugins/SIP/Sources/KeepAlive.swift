import DecoderKit

/// What endpoints send between messages to keep a path open (RFC 5626, 3.5.1, 4.4.1).
enum KeepAlive {
  /// Zeros that some senders put into a datagram for the same end.
  static let maximumZeros = 16

  /// How many bytes of line ends stand in front.
  static func prefix(of bytes: RawSpan) -> Int {
    var count = 0
    while count < bytes.byteCount, bytes[count] == 0x0d || bytes[count] == 0x0a { count += 1 }
    return count
  }

  static func isZeros(_ bytes: RawSpan) -> Bool {
    (1...maximumZeros).contains(bytes.byteCount) && (0..<bytes.byteCount).allSatisfy { bytes[$0] == 0 }
  }
}
