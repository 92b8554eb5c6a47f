import ByteReading

/// The first record of a handshake of TLS (RFC 8446, 5.1), told from text.
public enum TLSRecord {
  /// Bytes of a record's content with what encryption may add (RFC 5246, 6.2.3).
  private static let maximumLength = 16_384 + 2_048

  /// Whether a record with a client's or a server's greeting begins here; nil when more bytes are needed to tell.
  public static func isHandshake(_ bytes: RawSpan) -> Bool? {
    let start = bytes.extracting(first: 6).array()
    let isSo: [(UInt8) -> Bool] = [
      { $0 == 0x16 }, { $0 == 3 }, { $0 <= 4 }, { $0 <= maximumLength >> 8 }, { _ in true }, { $0 == 1 || $0 == 2 },
    ]
    for (byte, test) in zip(start, isSo) where !test(byte) { return false }
    guard start.count == 6 else { return nil }
    let length = Int(start[3]) << 8 | Int(start[4])
    return (4...maximumLength).contains(length)
  }
}
