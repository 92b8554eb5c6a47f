public import ByteReading

/// Reads text that ends with a line of one dot, and takes out the dots that were put in (RFC 5321, 4.5.2; RFC 1939, 3).
///
/// Only what may be the ending is left in the reader.
public struct DotStuffedText: Hashable, Sendable {
  public enum Step: Hashable, Sendable {
    /// The next bytes, at least 1, are the text's: take them from the reader before the next step.
    case data(Int)
    /// The line that ends the text was passed over.
    case end
    /// What is left in the reader must be shown again with more behind it.
    case needsMore
  }

  /// Whether lines end with a bare LF, so that LF, dot, LF is the ending; otherwise that is data.
  public var allowsBareLineFeeds: Bool
  /// Whether a line of one dot stood behind or before a bare LF: some programs take that for the ending, others do not.
  public private(set) var isEndingDisputed = false
  private var isAtLineStart = true
  private var isBehindBareLineFeed = false
  private var lastByte: UInt8 = 0x0a

  public init(allowsBareLineFeeds: Bool = false) { self.allowsBareLineFeeds = allowsBareLineFeeds }

  /// Learns that bytes are missing: what comes next does not begin a line for sure.
  public mutating func skip() {
    isAtLineStart = false
    lastByte = 0
  }

  public mutating func advance(_ reader: inout ByteReader) throws(ReadError) -> Step {
    guard let first = reader.peek() else { return .needsMore }
    if isAtLineStart, first == 0x2e {
      guard let second = reader.peek(1) else { return .needsMore }
      var length = 0
      if second == 0x0d {
        guard let third = reader.peek(2) else { return .needsMore }
        if third == 0x0a { length = 3 }
      } else if second == 0x0a {
        length = 2
      }
      if length > 0 {
        if (length == 3 && !isBehindBareLineFeed) || allowsBareLineFeeds {
          try reader.skip(length, "ending")
          return .end
        }
        isEndingDisputed = true
      }
      // A dot was put before every line that begins with one.
      try reader.skip(1, "dot")
      isAtLineStart = false
      return try advance(&reader)
    }
    isAtLineStart = false
    var count = 0
    var ahead = copy reader
    // Each turn takes a line, up to one that begins with a dot.
    while let length = ahead.distance(to: 0x0a) {
      try ahead.skip(length + 1, "line")
      count += length + 1
      guard reader.peek(count).map({ $0 == 0x2e }) ?? true else { continue }
      let before = count >= 2 ? reader.peek(count - 2) : lastByte
      isBehindBareLineFeed = before != 0x0d
      isAtLineStart = true
      lastByte = 0x0a
      return .data(count)
    }
    count = reader.remaining
    lastByte = reader.peek(count - 1) ?? 0
    return .data(count)
  }
}
