import DecoderKit

/// Finds where the head of a message or part ends: at an empty line, or before a line that is no header field (RFC 5322, 2.1).
///
/// The same bytes must be shown again from their beginning, with more behind them; each line is looked at once.
struct HeadScanner {
  enum Step: Equatable {
    /// So many bytes are the head, with the empty line, unless it is missing.
    case head(byteCount: Int, hasSeparator: Bool)
    case needsMore
  }

  private var scanned = 0

  mutating func advance(_ reader: borrowing ByteReader) throws(ReadError) -> Step {
    var ahead = copy reader
    try ahead.skip(scanned, "head")
    // Each turn takes a line.
    while let length = ahead.distance(to: 0x0a) {
      if length == 0 || (length == 1 && ahead.peek() == 0x0d) {
        return .head(byteCount: scanned + length + 1, hasSeparator: true)
      }
      guard isOfHead(ahead, length) else { return .head(byteCount: scanned, hasSeparator: false) }
      try ahead.skip(length + 1, "head")
      scanned += length + 1
    }
    return .needsMore
  }

  /// Whether the line in front is a field, goes on with one, or is the line that mailbox files put first.
  private func isOfHead(_ reader: borrowing ByteReader, _ length: Int) -> Bool {
    guard let first = reader.peek() else { return false }
    if first == 0x20 || first == 0x09 { return true }
    var place = 0
    while place < length, let byte = reader.peek(place), (0x21...0x7e).contains(byte), byte != 0x3a { place += 1 }
    guard place > 0 else { return false }
    var next = reader.peek(place)
    if scanned == 0, next == 0x20, place == 4 || place == 5, reader.peek(place - 1) == 0x6d,
      reader.peek(place - 4) == 0x46
    {
      return true
    }
    while place < length, next == 0x20 || next == 0x09 {
      place += 1
      next = reader.peek(place)
    }
    return place < length && next == 0x3a
  }
}
