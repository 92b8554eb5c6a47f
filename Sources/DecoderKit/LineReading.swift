import ByteReading

/// Cuts one side's bytes into lines; what is too long for a line, or lacks its beginning, is passed over.
public struct LineReading {
  public enum Step {
    /// A line of so many bytes with its end.
    case line(Int)
    /// Bytes that are no whole line.
    case pass(Int)
    case needsMore
  }

  private let maximumLine: Int
  /// Bytes up to the next end of a line are passed over.
  private var isPassing = false
  /// Bytes that were passed over, and those that wait for the rest of their line.
  public private(set) var passedByteCount = 0
  public private(set) var waitingByteCount = 0

  /// `maximumLine` bytes without an end are no line.
  public init(maximumLine: Int) { self.maximumLine = maximumLine }

  /// Looks at the bytes ahead, which are shown again with more behind them when it needs more.
  public mutating func advance(_ bytes: RawSpan) -> Step {
    waitingByteCount = 0
    guard let length = bytes.firstOffset(of: 0x0a, within: maximumLine) else {
      if isPassing || bytes.byteCount >= maximumLine {
        isPassing = true
        let count = min(bytes.byteCount, maximumLine)
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

  /// The next line lacks its beginning.
  public mutating func skip(abandoned: Int) {
    isPassing = true
    passedByteCount += abandoned
    waitingByteCount = 0
  }

  /// So many bytes wait for what tells what they are.
  public mutating func wait(_ count: Int) { waitingByteCount = count }
}
