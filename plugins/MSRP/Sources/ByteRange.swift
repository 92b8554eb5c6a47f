import DecoderKit

/// Which bytes of a message a chunk holds (RFC 4975, 7.1.1): `1-2048/4096`, with `*` for what its sender does not say.
struct ByteRange: Hashable {
  /// The place of the first byte, from 0.
  var start: UInt64 = 0
  /// Behind the last byte; nil when it is left open.
  var end: UInt64?
  /// Bytes of the message; nil when it is left open.
  var total: UInt64?

  /// A message whose first chunk says nothing begins with its first byte.
  static let all = ByteRange()

  private init() {}

  /// Nil when it cannot be read or contradicts itself.
  init?(_ text: [UInt8]) {
    let parts = text.split(separator: 0x2f, omittingEmptySubsequences: false)
    let ends = parts.first?.split(separator: 0x2d, omittingEmptySubsequences: false) ?? []
    guard parts.count == 2, ends.count == 2, let first = ends[0].trimmed.decimal(), first > 0 else { return nil }
    start = UInt64(first - 1)
    for (text, isEnd) in [(ends[1].trimmed, true), (parts[1].trimmed, false)] where text != [0x2a] {
      guard let value = text.decimal().map({ UInt64($0) }), value >= start else { return nil }
      if isEnd { end = value } else { total = value }
    }
    if let end, let total, end > total { return nil }
  }
}
