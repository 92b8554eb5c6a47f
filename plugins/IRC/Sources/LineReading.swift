import DecoderKit

/// Cuts one side's bytes into lines; what is too long for a line, or lacks its beginning, is passed over.
struct LineReading {
  /// Tags have 8,191 bytes at the most (IRCv3, message tags), the rest 512 (RFC 1459, 2.3); servers with longer lines exist.
  static let maximumLine = 16_384

  enum Step {
    /// A line of so many bytes with its end.
    case line(Int)
    /// Bytes that are no whole line.
    case pass(Int)
    case needsMore
  }

  /// Bytes up to the next end of a line are passed over.
  private var isPassing = false
  private(set) var passedByteCount = 0
  /// Bytes that wait for the rest of their line.
  private(set) var waitingByteCount = 0

  mutating func advance(_ bytes: RawSpan) -> Step {
    waitingByteCount = 0
    guard let length = bytes.firstOffset(of: 0x0a, within: Self.maximumLine) else {
      if isPassing || bytes.byteCount >= Self.maximumLine {
        isPassing = true
        let count = min(bytes.byteCount, Self.maximumLine)
        passedByteCount += count
        return .pass(count)
      }
      waitingByteCount = bytes.byteCount
      return .needsMore
    }
    guard isPassing else { return .line(length + 1) }
    isPassing = false
    passedByteCount += length + 1
    return .pass(length + 1)
  }

  /// So many bytes wait for what tells what they are.
  mutating func wait(_ count: Int) { waitingByteCount = count }

  /// The next line lacks its beginning.
  mutating func skip(abandoned: Int) {
    isPassing = true
    passedByteCount += abandoned
    waitingByteCount = 0
  }
}
