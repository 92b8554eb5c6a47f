public import ByteReading

/// Finds the empty line that ends a message head, each byte looked at once though the head comes in pieces.
///
/// The same bytes must be shown again from their beginning, with more behind them.
public struct HeadEndScanner: Hashable, Sendable {
  private var scanned = 0
  private var lineStart = 0
  private var needsStartLine: Bool

  /// With `hasStartLine`, an empty first line is not the end.
  public init(hasStartLine: Bool = true) { needsStartLine = hasStartLine }

  /// The count of bytes ahead of the reader up to the end of the head, with the empty line; nil when it has not come.
  public mutating func byteCount(ahead reader: borrowing ByteReader) -> Int? {
    var ahead = copy reader
    guard scanned <= ahead.remaining, (try? ahead.skip(scanned, "head")) != nil else { return nil }
    // Each turn takes a line.
    while let length = ahead.distance(to: 0x0a) {
      let whole = scanned + length - lineStart
      // Some programs send more than one carriage return before the line feed.
      var place = 0
      while place < whole, reader.peek(lineStart + place) == 0x0d { place += 1 }
      let isEmpty = place == whole
      scanned += length + 1
      lineStart = scanned
      guard (try? ahead.skip(length + 1, "head")) != nil else { return nil }
      if isEmpty, !needsStartLine { return scanned }
      needsStartLine = false
    }
    scanned = reader.remaining
    return nil
  }
}
