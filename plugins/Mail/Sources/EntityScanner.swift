import DecoderKit

/// Finds the delimiters of multiparts that stand in each other (RFC 2046, 5.1.1), and the bytes between them.
///
/// A delimiter of an outer multipart ends the inner ones. Lines may end with a bare LF.
struct EntityScanner {
  /// RFC 2046 allows 70.
  static let maximumBoundaryByteCount = 256
  static let maximumPaddingByteCount = 256

  enum Step: Equatable {
    /// The next bytes, at least 1, are content.
    case data(Int)
    /// The next `byteCount` bytes, with the line end before them, are the delimiter of the multipart at that level.
    case delimiter(level: Int, isClosing: Bool, byteCount: Int)
    case needsMore
  }

  private enum Ahead: Equatable {
    case none
    case unfinished
    case found(level: Int, isClosing: Bool, byteCount: Int)
  }

  /// The boundaries from the outside in, each with the two hyphens before it.
  private(set) var boundaries: [[UInt8]] = []
  /// Whether the next byte is the first of a line.
  var isAtLineStart = true

  mutating func push(boundary: [UInt8]) { boundaries.append([0x2d, 0x2d] + boundary) }
  mutating func pop(to depth: Int) { boundaries.removeLast(max(0, boundaries.count - depth)) }

  /// Looks at what is ahead; `isLast` says that nothing follows it.
  mutating func advance(_ reader: borrowing ByteReader, isLast: Bool) throws(ReadError) -> Step {
    let total = reader.remaining
    guard total > 0 else { return .needsMore }
    guard !boundaries.isEmpty else {
      isAtLineStart = reader.peek(total - 1) == 0x0a
      return .data(total)
    }
    if isAtLineStart {
      switch ahead(reader, 0, isLast) {
      case .found(let level, let isClosing, let length):
        return .delimiter(level: level, isClosing: isClosing, byteCount: length)
      case .unfinished: return .needsMore
      case .none: break
      }
    }
    var line = copy reader
    var place = 0
    // Each turn takes a line.
    while let length = line.distance(to: 0x0a) {
      let lineFeed = place + length
      let end = lineFeed > 0 && reader.peek(lineFeed - 1) == 0x0d ? lineFeed - 1 : lineFeed
      try line.skip(length + 1, "line")
      place = lineFeed + 1
      switch ahead(reader, place, isLast) {
      case .none: continue
      case .unfinished: return end > 0 ? give(end) : .needsMore
      case .found(let level, let isClosing, let length):
        // The line end before a delimiter belongs to the delimiter.
        if end > 0 { return give(end) }
        return .delimiter(level: level, isClosing: isClosing, byteCount: place + length)
      }
    }
    if isLast { return give(total) }
    // A carriage return at the very end may stand before a delimiter.
    let safe = reader.peek(total - 1) == 0x0d ? total - 1 : total
    return safe > 0 ? give(safe) : .needsMore
  }

  /// Whether a delimiter stands in front, at the beginning of a line; the bytes may end in the middle of it.
  func hasDelimiter(inFrontOf reader: borrowing ByteReader) -> Bool { ahead(reader, 0, true) != .none }

  private mutating func give(_ count: Int) -> Step {
    isAtLineStart = false
    return .data(count)
  }

  /// Whether a delimiter stands `place` bytes ahead, at the beginning of a line; the innermost multipart's comes first.
  private func ahead(_ reader: borrowing ByteReader, _ place: Int, _ isLast: Bool) -> Ahead {
    guard let first = reader.peek(place) else { return isLast ? .none : .unfinished }
    guard first == 0x2d else { return .none }
    var isUnfinished = false
    for level in boundaries.indices.reversed() {
      switch ahead(reader, place, boundaries[level], level, isLast) {
      case .none: continue
      case .unfinished: isUnfinished = true
      case let found: return found
      }
    }
    return isUnfinished ? .unfinished : .none
  }

  private func ahead(
    _ reader: borrowing ByteReader, _ place: Int, _ boundary: [UInt8], _ level: Int, _ isLast: Bool
  ) -> Ahead {
    var next = place
    for expected in boundary {
      guard let byte = reader.peek(next) else { return isLast ? .none : .unfinished }
      guard byte == expected else { return .none }
      next += 1
    }
    var isClosing = false
    if reader.peek(next) == 0x2d {
      guard let second = reader.peek(next + 1) else { return isLast ? .none : .unfinished }
      guard second == 0x2d else { return .none }
      isClosing = true
      next += 2
    }
    for _ in 0...Self.maximumPaddingByteCount {
      guard let byte = reader.peek(next) else {
        return isLast ? .found(level: level, isClosing: isClosing, byteCount: next - place) : .unfinished
      }
      next += 1
      switch byte {
      case 0x0a: return .found(level: level, isClosing: isClosing, byteCount: next - place)
      case 0x20, 0x09, 0x0d: continue
      default: return .none
      }
    }
    return .none
  }
}
