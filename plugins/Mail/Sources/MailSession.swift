public import DecoderKit

/// Reads one message as it comes: its head, and the parts of its body as they stand in each other.
///
/// What has content of its own becomes an artefact; a message in a message is read in its turn, by the host.
public struct MailSession: DecodingSession {
  public static let maximumPartCount = 10_000
  public static let maximumDepth = 32

  private enum State: Equatable { case head, body, preamble, ended }

  /// A multipart that is open.
  private struct Level {
    let path: [Int]
    let isDigest: Bool
    var count = 0
  }

  private let isHeadOnly: Bool
  private var state = State.head
  private var headEnd = HeadScanner()
  private var scanner = EntityScanner()
  private var levels: [Level] = []
  private var part: OpenPart?
  private var summary: MessageSummary?
  private var isEmitted = false
  private var isUnfinished = false
  private var trace = Trace()
  /// A copy of what was left with the host, for the end.
  private var tail: [UInt8] = []
  private var tailTrace = Trace()
  /// The tail is being read, which the host no longer shows.
  private var isReadingTail = false

  init(isHeadOnly: Bool) { self.isHeadOnly = isHeadOnly }

  // MARK: DecodingSession

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    tail = []
    var reader = ByteReader(bytes)
    try read(&reader, isLast: false, side, &sink)
    let done = reader.offset
    if done > 0 { trace.formUnion(sink.trace(of: 0..<done)) }
    tail = reader.takeRest().array()
    if !tail.isEmpty { tailTrace = sink.trace(of: done..<bytes.byteCount) }
    return done > 0 ? .consumed(done) : .needs(more: 1)
  }

  public mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
    isUnfinished = true
    try giveTail(side, &sink)
    switch state {
    case .head:
      // A head with a hole in it: what came of it is read, and the body is looked for behind the hole.
      try endHead(side, &sink)
      scanner.isAtLineStart = false
    case .body:
      if part != nil, let content = try open(side, &sink) { sink.skip(gap.byteCount, in: content) }
      scanner.isAtLineStart = false
    case .preamble: scanner.isAtLineStart = false
    case .ended: break
    }
  }

  public mutating func close(_ side: Side, because end: StreamEnd, into sink: inout EvidenceSink) throws(ReadError) {
    if end != .finished { isUnfinished = true }
    try giveTail(side, &sink)
    if state == .head { try endHead(side, &sink) }
    try endMessage(side, &sink)
  }

  public mutating func finish(into sink: inout EvidenceSink) {
    isUnfinished = isUnfinished || !isEmitted
    try? endMessage(.initiator, &sink)
  }

  // MARK: Reading

  private mutating func read(
    _ reader: inout ByteReader, isLast: Bool, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    // Each turn takes a head, a delimiter or some content, or is the last.
    while reader.remaining > 0 {
      switch state {
      case .head:
        guard case .head(let count, let hasSeparator) = try headEnd.advance(reader) else {
          guard reader.remaining <= MessageHead.maximumByteCount else {
            throw ReadError(.limitExceeded, at: reader.offset, reading: "message head")
          }
          return
        }
        let start = reader.offset
        let lines = try reader.take(count, "head").array()
        // A part without head and body ends at once with its delimiter; that is nothing odd.
        if !hasSeparator, !scanner.hasDelimiter(inFrontOf: reader) {
          sink.note(
            Finding(
              .notice, "mail/noSeparator", "A head ends without an empty line; what follows is taken for the body."),
            from: side, trace: trace(start..<(reader.offset + 1), sink))
        }
        let source = count > 0 ? trace(start..<reader.offset, sink) : trace(start..<(start + 1), sink)
        try begin(try Self.head(lines), source, side, &sink)
      case .body, .preamble:
        switch try scanner.advance(reader, isLast: isLast) {
        case .needsMore: return
        case .data(let count):
          let start = reader.offset
          let bytes = try reader.take(count, "content")
          if state == .body, part != nil {
            let source = trace(start..<reader.offset, sink)
            part?.trace.formUnion(source)
            if let content = try open(side, &sink) { sink.append(bytes, to: content) }
          }
        case .delimiter(let level, let isClosing, let count): try pass(level, isClosing, count, &reader, side, &sink)
        }
      case .ended: try reader.skip(reader.remaining, "rest")
      }
    }
  }

  private static func head(_ lines: [UInt8]) throws(ReadError) -> MessageHead {
    let whole = lines + [0x0a, 0x0a]
    // Safe: the view ends with the call.
    return unsafe try MessageHead(whole.span.bytes, hasStartLine: false) ?? MessageHead(fields: [])
  }

  private func trace(_ range: Range<Int>, _ sink: borrowing EvidenceSink) -> Trace {
    isReadingTail ? tailTrace : sink.trace(of: range)
  }

  /// Gives what was left with the host to where it belongs.
  private mutating func giveTail(_ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    let rest = tail
    tail = []
    guard !rest.isEmpty else { return }
    // Safe: the view ends with the call.
    var reader = unsafe ByteReader(rest.span.bytes)
    isReadingTail = true
    defer { isReadingTail = false }
    if state != .head { try read(&reader, isLast: true, side, &sink) }
    tail = reader.takeRest().array()
  }

  /// Ends a head that was cut off.
  private mutating func endHead(_ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    let lines = tail
    tail = []
    if lines.isEmpty, summary == nil || levels.isEmpty { return }
    if !isHeadOnly { isUnfinished = true }
    let whole = lines + [0x0a]
    var end = HeadScanner()
    var count = lines.count
    // Safe: the view ends with the call.
    if case .head(let ended, _) = unsafe try end.advance(ByteReader(whole.span.bytes)) { count = min(ended, count) }
    try begin(try Self.head(Array(lines.prefix(count))), tailTrace.isEmpty ? sink.trace : tailTrace, side, &sink)
    tail = Array(lines.dropFirst(count))
    try giveTail(side, &sink)
  }

  // MARK: Parts

  private mutating func begin(
    _ head: MessageHead, _ trace: Trace, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    self.trace.formUnion(trace)
    var path: [Int] = []
    if summary == nil {
      summary = MessageSummary(head)
      if isHeadOnly {
        state = .ended
        return
      }
    } else if let last = levels.indices.last {
      levels[last].count += 1
      path = levels[last].path + [levels[last].count]
    }
    let next = OpenPart(head, path: path, isInDigest: levels.last?.isDigest == true, trace: trace)
    headEnd = HeadScanner()
    scanner.isAtLineStart = true
    if let boundary = next.boundary {
      if levels.count < Self.maximumDepth {
        levels.append(Level(path: path, isDigest: next.mediaType.name == "multipart/digest"))
        scanner.push(boundary: boundary)
        state = .preamble
        return
      }
      sink.note(
        Finding(
          .warning, "mail/depth", "A multipart stands in too many others; it is kept as it is.",
          ["limit": .integer(Int64(Self.maximumDepth))]), from: side, trace: trace)
    }
    summary?.partCount += 1
    guard summary?.partCount ?? 0 <= Self.maximumPartCount else {
      throw ReadError(.limitExceeded, at: 0, reading: "parts")
    }
    part = next
    state = .body
  }

  /// Passes a delimiter: the part before it has ended, and so have multiparts inside that of the delimiter.
  private mutating func pass(
    _ level: Int, _ isClosing: Bool, _ count: Int, _ reader: inout ByteReader, _ side: Side,
    _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let start = reader.offset
    try reader.skip(count, "delimiter")
    let isInner = level + 1 < levels.count
    if isInner { noteUnterminated(side, trace(start..<reader.offset, sink), &sink) }
    try endPart(isWhole: true, side, &sink)
    levels.removeLast(max(0, levels.count - level - 1))
    scanner.pop(to: level + 1)
    headEnd = HeadScanner()
    scanner.isAtLineStart = true
    guard isClosing else {
      state = .head
      return
    }
    levels.removeLast(min(1, levels.count))
    scanner.pop(to: level)
    // What stands behind a closing delimiter means nothing (RFC 2046, 5.1.1).
    state = levels.isEmpty ? .ended : .preamble
  }

  private func noteUnterminated(_ side: Side, _ trace: Trace, _ sink: inout EvidenceSink) {
    sink.note(
      Finding(.notice, "mail/unterminated", "A multipart of a message ends without its closing delimiter."),
      from: side, trace: trace)
  }

  private mutating func open(_ side: Side, _ sink: inout EvidenceSink) throws(ReadError) -> ContentHandle? {
    guard let part else { return nil }
    if let content = part.content { return content }
    let content = try sink.open(part.description, from: side)
    self.part?.content = content
    return content
  }

  private mutating func endPart(isWhole: Bool, _ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    guard let part else { return }
    self.part = nil
    let body = part.content.flatMap { sink.close($0, isWhole: isWhole) }
    var trace = part.trace
    if let body { trace.formUnion(body.trace) }
    summary?.add(part, body)
    var fields = Fields()
    fields.set("part", part.path.isEmpty ? "1" : part.path.map(String.init).joined(separator: "."))
    fields.set("mediaType", part.mediaType.name)
    if let charset = part.mediaType.parameter("charset") { fields.set("charset", wire: charset) }
    if let name = part.fileName { fields.set("fileName", wire: name) }
    let disposition = part.disposition.value
    if !disposition.isEmpty { fields.set("disposition", wire: disposition) }
    if let identifier = part.head.first("Content-ID") { fields.set("contentID", wire: identifier) }
    if let coding = part.transferCoding { fields.set("transferCoding", wire: coding) }
    if !part.path.isEmpty { fields.set("headers", part.head.decoded) }
    if let body { fields.set("sha256", body.hash.hex) }
    fields.set("byteCount", body?.byteCount ?? 0)
    fields.set("isComplete", isWhole && body?.isComplete != false)
    try sink.emit("mail/part", fields, from: side, trace: trace)
  }

  private mutating func endMessage(_ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    guard !isEmitted else { return }
    isEmitted = true
    if !levels.isEmpty {
      isUnfinished = true
      noteUnterminated(side, trace.isEmpty ? sink.trace : trace, &sink)
    }
    // A part of a multipart that lacks its delimiter may lack more; a message of one part ends where its bytes do.
    try endPart(isWhole: levels.isEmpty && !isUnfinished, side, &sink)
    guard let summary else { return }
    try sink.emit(
      "mail/message", summary.fields(isComplete: !isUnfinished && !isHeadOnly, isHeadOnly: isHeadOnly), from: side,
      trace: trace.isEmpty ? sink.trace : trace)
  }
}
