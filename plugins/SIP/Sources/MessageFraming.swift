import DecoderKit

/// Finds the messages in one side of a stream, by Content-Length (RFC 3261, 18.3), and finds back to them after damage.
struct MessageFraming {
  /// The largest body that is read; a larger one is passed over.
  static let maximumBody = 1 << 20
  /// Bytes without a line end that are kept while a message is searched for.
  static let maximumSearch = StartLine.maximumLine

  enum Step {
    /// That many bytes mean nothing more.
    case pass(Int)
    case needs(Int)
    /// A message, and where its body stands.
    case message(SIPMessage, body: Range<Int>)
  }

  /// A message whose head came and whose body did not.
  struct Cut {
    let message: SIPMessage
    let trace: Trace
  }

  /// The head of a message that waits for its body; its bytes are still shown.
  private struct Waiting {
    let message: SIPMessage
    let trace: Trace
    let headCount: Int
    let bodyCount: Int
  }

  private var waiting: Waiting?
  private var headEnd = HeadEndScanner()
  private var isSearching = false
  /// Bytes of a body that is passed over, still to come.
  private var passing = 0
  private var searched = 0

  mutating func advance(
    _ bytes: RawSpan, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Step {
    if let waiting { return deliver(waiting, bytes) }
    if passing > 0 {
      let count = min(passing, bytes.byteCount)
      passing -= count
      return .pass(count)
    }
    let empty = KeepAlive.prefix(of: bytes)
    if empty > 0 { return .pass(empty) }
    if isSearching {
      if let step = search(bytes) { return step }
      noteSearched(side, sink.trace, &sink)
    }
    switch StartLine.claim(bytes) {
    case .content: return try readHead(bytes, side, &sink)
    case .needsMore: return .needs(1)
    default:
      isSearching = true
      headEnd = HeadEndScanner()
      return try advance(bytes, side, &sink)
    }
  }

  private mutating func deliver(_ waiting: Waiting, _ bytes: RawSpan) -> Step {
    let whole = waiting.headCount + waiting.bodyCount
    guard bytes.byteCount >= whole else { return .needs(whole - bytes.byteCount) }
    self.waiting = nil
    return .message(waiting.message, body: waiting.headCount..<whole)
  }

  private mutating func readHead(
    _ bytes: RawSpan, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Step {
    let end = headEnd.byteCount(ahead: ByteReader(bytes))
    if end == nil, bytes.byteCount <= MessageHead.maximumByteCount { return .needs(1) }
    headEnd = HeadEndScanner()
    let message: SIPMessage
    let headCount: Int
    do throws(ReadError) {
      guard let head = try MessageHead(bytes) else {
        throw ReadError(.limitExceeded, at: bytes.byteCount, reading: "message head")
      }
      message = try SIPMessage(head)
      headCount = head.byteCount
    } catch {
      isSearching = true
      sink.note(
        Finding(
          .warning, "sip/malformedHead", "A message's head cannot be read; the next message is searched for.",
          ["byteOffset": .integer(Int64(error.offset)), "field": .text(error.field)]), from: side, trace: sink.trace)
      let line = bytes.firstOffset(of: 0x0a).map { $0 + 1 } ?? bytes.byteCount
      searched += line
      return .pass(line)
    }
    // Over a stream Content-Length is needed; without it there is no body.
    let bodyCount = message.contentLength ?? 0
    if bodyCount > Self.maximumBody {
      passing = bodyCount
      sink.note(
        Finding(
          .error, "sip/bodyLimit", "A message's body is larger than the limit and was not read.",
          ["limit": .integer(Int64(Self.maximumBody)), "announcedBytes": .integer(Int64(bodyCount))]),
        from: side, trace: sink.trace(of: 0..<headCount))
      return .message(message, body: headCount..<headCount)
    }
    let waiting = Waiting(
      message: message, trace: sink.trace(of: 0..<headCount), headCount: headCount, bodyCount: bodyCount)
    self.waiting = waiting
    return deliver(waiting, bytes)
  }

  /// Looks for the next line that begins a message; nil when it stands in front.
  private mutating func search(_ bytes: RawSpan) -> Step? {
    var offset = 0
    while offset < bytes.byteCount {
      if StartLine.claim(bytes.extracting(offset..<bytes.byteCount)) == .content { break }
      guard let end = bytes.firstOffset(of: 0x0a, from: offset) else {
        if bytes.byteCount - offset > Self.maximumSearch { offset = bytes.byteCount }
        break
      }
      offset += end + 1
    }
    if offset > 0 {
      searched += offset
      return .pass(offset)
    }
    if StartLine.claim(bytes) == .content {
      isSearching = false
      return nil
    }
    return .needs(1)
  }

  private mutating func noteSearched(_ side: Side, _ trace: Trace, _ sink: inout EvidenceSink) {
    guard searched > 0 else { return }
    sink.note(
      Finding(
        .warning, "sip/passedOver", "Bytes between messages belong to none and were passed over.",
        ["byteCount": .integer(Int64(searched))]), from: side, trace: trace)
    searched = 0
  }

  /// Learns of a gap; returns the message that it cut.
  mutating func skip(_ gap: StreamGap, _ side: Side, _ sink: inout EvidenceSink) -> Cut? {
    let missing = gap.abandoned + gap.byteCount
    headEnd = HeadEndScanner()
    if let waiting {
      self.waiting = nil
      let whole = waiting.headCount + waiting.bodyCount
      // A gap inside the body leaves the next message where it is expected.
      if missing <= whole { passing = whole - missing } else { isSearching = true }
      return Cut(message: waiting.message, trace: waiting.trace)
    }
    if passing >= missing, passing > 0 {
      passing -= missing
      return nil
    }
    passing = 0
    isSearching = true
    searched += gap.abandoned
    return nil
  }

  /// Learns that no more comes; returns the message that never came whole.
  mutating func end(_ side: Side, _ sink: inout EvidenceSink) -> Cut? {
    noteSearched(side, sink.trace, &sink)
    passing = 0
    guard let waiting else { return nil }
    self.waiting = nil
    return Cut(message: waiting.message, trace: waiting.trace)
  }
}
