/// How the bytes of a stream are compressed from some place on, all in one piece.
public enum StreamCompression: Hashable, Sendable {
  /// Deflate without a wrapper (RFC 1951), as IMAP's COMPRESS has it (RFC 4978).
  case deflate
  /// Deflate in zlib's wrapper (RFC 1950), as XMPP (XEP-0138) and Telnet's MCCP have it.
  case zlib
}
