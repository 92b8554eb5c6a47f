import DecoderKit

/// A line of IMAP with the literals that stand in it (RFC 9051, 4.3).
struct LogicalLine {
  static let maximumByteCount = 1 << 20
  /// Longer literals that are no message's content are passed over.
  static let maximumLiteralByteCount = 65_536

  enum Step: Equatable {
    case needsMore
    /// A literal of so many bytes follows; what stood before it is in `text`.
    case literal(Int)
    case end
  }

  /// The line so far; literals stand in it as quoted strings.
  private(set) var text: [UInt8] = []
  private(set) var trace = Trace()
  /// Whether bytes of it were left out.
  private(set) var isCut = false

  mutating func clear() { self = LogicalLine() }

  mutating func advance(
    _ reader: inout ByteReader, _ sink: borrowing EvidenceSink
  ) throws(ReadError) -> Step {
    let start = reader.offset
    guard let length = reader.distance(to: 0x0a, within: Self.maximumByteCount) else {
      guard reader.remaining >= Self.maximumByteCount else { return .needsMore }
      isCut = true
      try reader.skip(Self.maximumByteCount, "line")
      trace.formUnion(sink.trace(of: start..<reader.offset))
      return try advance(&reader, sink)
    }
    var line = try reader.take(length + 1, "line").array()
    trace.formUnion(sink.trace(of: start..<reader.offset))
    line.removeLast()
    if line.last == 0x0d { line.removeLast() }
    if let (count, marker) = Self.literal(at: line) {
      append(line.dropLast(marker))
      return .literal(count)
    }
    append(line)
    return .end
  }

  /// The literal that a line ends with, `{count}`, `{count+}` or `~{count}`, and how many bytes say so.
  private static func literal(at line: [UInt8]) -> (count: Int, marker: Int)? {
    guard line.last == 0x7d, let open = line.lastIndex(of: 0x7b) else { return nil }
    var digits = line[(open + 1)...].dropLast()
    if digits.last == 0x2b || digits.last == 0x2d { digits.removeLast() }
    guard let count = digits.decimal() else { return nil }
    let isBinary = open > 0 && line[open - 1] == 0x7e
    return (count, line.count - open + (isBinary ? 1 : 0))
  }

  private mutating func append(_ bytes: some Collection<UInt8>) {
    guard text.count + bytes.count <= Self.maximumByteCount else {
      isCut = true
      return
    }
    text += bytes
  }

  /// Adds a literal's bytes as a quoted string, or `mark` in their place.
  mutating func add(literal: [UInt8], _ trace: Trace) {
    self.trace.formUnion(trace)
    append([0x22] + literal.flatMap { $0 == 0x22 || $0 == 0x5c ? [0x5c, $0] : [$0] } + [0x22])
  }

  mutating func add(mark: StaticString, _ trace: Trace) {
    self.trace.formUnion(trace)
    append(Array(mark.description.utf8))
  }
}
