public import ByteReading

/// Reads a multipart body as it comes (RFC 2046, 5.1.1): heads of parts, and their bytes in large pieces.
///
/// Lines may end with a bare LF. Only what may be the beginning of a delimiter, or an unfinished head, is left in the reader.
/// Limits: those of `MessageHead` for a part's head, `maximumPaddingByteCount` behind a delimiter; the caller counts parts.
public struct MultipartReader: Hashable, Sendable {
  /// RFC 2046 allows 70.
  public static let maximumBoundaryByteCount = 256
  public static let maximumPaddingByteCount = 256

  public enum Step: Hashable, Sendable {
    /// A part begins, with this head.
    case begin(MessageHead)
    /// The next bytes, at least 1, are the part's: take them from the reader before the next step.
    case data(Int)
    /// The part that had begun has ended.
    case endPart
    /// The closing delimiter came; what is behind it means nothing.
    case end
    /// What is left in the reader must be shown again with more behind it.
    case needsMore
  }

  private enum State: Hashable { case preamble, head, body, ended }
  private enum Delimiter: Equatable {
    case none
    case unfinished
    case part(Int)
    case close(Int)
  }

  private let delimiter: [UInt8]
  private var state = State.preamble
  /// Whether the next byte is the first of a line, so that a delimiter may stand there.
  private var isAtLineStart = true
  private var headEnd = HeadEndScanner(hasStartLine: false)

  /// Makes a reader for a boundary as the media type's parameter gives it; nil when it is empty or too long.
  public init?(boundary: [UInt8]) {
    guard (1...Self.maximumBoundaryByteCount).contains(boundary.count) else { return nil }
    delimiter = [0x2d, 0x2d] + boundary
  }

  /// Whether a part has begun and not ended.
  public var isInPart: Bool { state == .body }
  public var hasEnded: Bool { state == .ended }

  /// Looks for the next delimiter as before the first part; a part that had begun ends here without `endPart`.
  public mutating func abandonPart() {
    guard state != .ended else { return }
    state = .preamble
    isAtLineStart = false
  }

  public mutating func advance(_ reader: inout ByteReader) throws(ReadError) -> Step {
    switch state {
    case .preamble, .body: try advanceBody(&reader)
    case .head: try advanceHead(&reader)
    case .ended: .end
    }
  }

  private mutating func advanceHead(_ reader: inout ByteReader) throws(ReadError) -> Step {
    // A delimiter where the head should be: a part without anything in it.
    switch delimiterAhead(reader, 0) {
    case .part, .close:
      state = .body
      isAtLineStart = true
      return .begin(try Self.emptyHead())
    case .unfinished: return .needsMore
    case .none: break
    }
    guard let length = headEnd.byteCount(ahead: reader) else {
      guard reader.remaining <= MessageHead.maximumByteCount else {
        throw ReadError(.limitExceeded, at: reader.offset, reading: "part head")
      }
      return .needsMore
    }
    let start = reader.offset
    guard let head = try MessageHead(try reader.take(length, "part head"), hasStartLine: false) else {
      throw ReadError(.malformed, at: start, reading: "part head")
    }
    state = .body
    isAtLineStart = true
    return .begin(head)
  }

  private static func emptyHead() throws(ReadError) -> MessageHead {
    let line: [UInt8] = [0x0a]
    // Safe: the view ends with this call.
    guard let head = unsafe try MessageHead(line.span.bytes, hasStartLine: false) else {
      throw ReadError(.malformed, at: 0, reading: "part head")
    }
    return head
  }

  private mutating func advanceBody(_ reader: inout ByteReader) throws(ReadError) -> Step {
    let total = reader.remaining
    guard total > 0 else { return .needsMore }
    if isAtLineStart {
      switch delimiterAhead(reader, 0) {
      case .part(let length): return try pass(length, to: .head, &reader)
      case .close(let length): return try pass(length, to: .ended, &reader)
      case .unfinished: return .needsMore
      case .none: break
      }
    }
    var ahead = copy reader
    var place = 0
    // Each turn takes a line.
    while let length = ahead.distance(to: 0x0a) {
      let lineFeed = place + length
      let end = lineFeed > 0 && reader.peek(lineFeed - 1) == 0x0d ? lineFeed - 1 : lineFeed
      try ahead.skip(length + 1, "line")
      place = lineFeed + 1
      let found = delimiterAhead(reader, place)
      if found == .none { continue }
      // The line end before a delimiter belongs to the delimiter.
      if end > 0 { return try give(end, &reader) }
      switch found {
      case .part(let length): return try pass(place + length, to: .head, &reader)
      case .close(let length): return try pass(place + length, to: .ended, &reader)
      case .unfinished, .none: return .needsMore
      }
    }
    // A carriage return at the very end may begin a delimiter.
    let safe = reader.peek(total - 1) == 0x0d ? total - 1 : total
    return safe > 0 ? try give(safe, &reader) : .needsMore
  }

  private mutating func give(_ count: Int, _ reader: inout ByteReader) throws(ReadError) -> Step {
    isAtLineStart = false
    if state == .body { return .data(count) }
    try reader.skip(count, "preamble")
    return try advanceBody(&reader)
  }

  private mutating func pass(_ count: Int, to next: State, _ reader: inout ByteReader) throws(ReadError) -> Step {
    try reader.skip(count, "delimiter")
    let wasInPart = state == .body
    state = next
    headEnd = HeadEndScanner(hasStartLine: false)
    if wasInPart { return .endPart }
    return try advance(&reader)
  }

  /// Whether a delimiter stands `place` bytes ahead, at the beginning of a line, and how long it is with its line end.
  private func delimiterAhead(_ reader: borrowing ByteReader, _ place: Int) -> Delimiter {
    var next = place
    for expected in delimiter {
      guard let byte = reader.peek(next) else { return .unfinished }
      guard byte == expected else { return .none }
      next += 1
    }
    guard let first = reader.peek(next) else { return .unfinished }
    if first == 0x2d {
      guard let second = reader.peek(next + 1) else { return .unfinished }
      return second == 0x2d ? .close(next + 2 - place) : .none
    }
    for _ in 0...Self.maximumPaddingByteCount {
      guard let byte = reader.peek(next) else { return .unfinished }
      next += 1
      switch byte {
      case 0x0a: return .part(next - place)
      case 0x20, 0x09, 0x0d: continue
      default: return .none
      }
    }
    return .none
  }
}

extension MultipartReader {
  /// A part of a body that is at hand as a whole.
  public struct Part: Hashable, Sendable {
    public let head: MessageHead
    /// Where its content stands in the body, codings not undone.
    public let content: Range<Int>
  }

  /// Reads the parts of a small body, `limit` of them at the most; a part that the body's end cuts off reaches up to it.
  public static func parts(of body: RawSpan, boundary: [UInt8], limit: Int = 100) throws(ReadError) -> [Part] {
    guard var multipart = MultipartReader(boundary: boundary) else {
      throw ReadError(.malformed, at: 0, reading: "boundary")
    }
    var reader = ByteReader(body)
    var parts: [Part] = []
    var head: MessageHead?
    var content = 0..<0
    while parts.count < limit {
      switch try multipart.advance(&reader) {
      case .begin(let next):
        head = next
        content = reader.offset..<reader.offset
      case .data(let count):
        try reader.skip(count, "part")
        content = content.lowerBound..<reader.offset
      case .endPart:
        if let head { parts.append(Part(head: head, content: content)) }
        head = nil
      case .end: return parts
      case .needsMore:
        if let head { parts.append(Part(head: head, content: content.lowerBound..<body.byteCount)) }
        return parts
      }
    }
    return parts
  }
}
