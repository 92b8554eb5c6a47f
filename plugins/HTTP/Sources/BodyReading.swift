import DecoderKit

/// Carves out bodies as their framing says.
extension HTTPSession {
  mutating func readBody(
    _ reader: inout ByteReader, _ lane: Lane, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    if !lane.hasBody {
      switch isBodyLeftOut(reader, lane, side) {
      case .yes:
        try endMessage(lane, side, isWhole: !isClient(side), &sink)
        return true
      case .unknown: return false
      case .no: break
      }
    }
    let begin = reader.offset
    switch lane.length {
    case .exactly:
      let count = min(lane.remaining, reader.remaining)
      try append(try reader.take(count, "body"), lane, side, &sink)
      lane.remaining -= count
      notePackets(begin..<reader.offset, lane, sink)
      if lane.remaining == 0 { try endMessage(lane, side, isWhole: true, &sink) }
    case .untilClose:
      if let count = lane.bareByteCount {
        if count < Self.maximumPrefixByteCount, isBehindOtherBytes(reader) {
          giveUpBareResponse(lane, &sink)
          return true
        }
        lane.bareByteCount = count + reader.remaining
      }
      try append(reader.takeRest(), lane, side, &sink)
      notePackets(begin..<reader.offset, lane, sink)
    case .chunked:
      let isOver = try readChunks(&reader, lane, side, &sink)
      notePackets(begin..<reader.offset, lane, sink)
      if isOver { try endMessage(lane, side, isWhole: true, &sink) }
    case .none: try endMessage(lane, side, isWhole: true, &sink)
    }
    return true
  }

  /// Reads chunks as far as they came; true at the end of the body.
  mutating func readChunks(
    _ reader: inout ByteReader, _ lane: Lane, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    // Each turn takes a chunk.
    while true {
      let step: ChunkedBody.Step
      do throws(ReadError) { step = try lane.chunks.advance(&reader) } catch {
        if !lane.hasBody, lane.unchunked != .none {
          try takeUnchunked(lane, side, &sink)
          return false
        }
        var finding = Finding(
          .error, "http/malformedChunk", "A chunk of a body does not begin as one should: \(error.field).")
        finding.fields.set("field", error.field)
        sink.note(
          finding, from: side, trace: sink.trace(of: min(error.offset, max(0, reader.offset - 1))..<reader.offset))
        try endMessage(lane, side, isWhole: false, &sink)
        lose(lane, side)
        return false
      }
      switch step {
      case .data(let count): try append(try reader.take(count, "chunk"), lane, side, &sink)
      case .end: return true
      case .needsMore: return false
      }
    }
  }

  /// What was taken for a body without a head stands before a head, as a proxy's answer does.
  private func giveUpBareResponse(_ lane: Lane, _ sink: inout EvidenceSink) {
    if let handle = lane.content { _ = sink.close(handle, isWhole: false) }
    lane.exchange?.response = nil
    lane.exchange = nil
    lane.content = nil
    lane.description = nil
    lane.bareByteCount = nil
    lane.state = .lost
  }

  /// Goes on with a body that is not chunked although its head says so.
  private mutating func takeUnchunked(_ lane: Lane, _ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    sink.note(
      Finding(.warning, "http/notChunked", "A body is not chunked although its head says so; it is kept as it came."),
      from: side, trace: lane.exchange?.trace ?? sink.trace)
    let taken = lane.chunks.firstLine
    lane.length = lane.unchunked
    if case .exactly(let count) = lane.length {
      if taken.count <= count { lane.remaining = count - taken.count } else { lane.length = .untilClose }
    }
    // Safe: the view ends before `taken` does.
    try append(unsafe taken.span.bytes, lane, side, &sink)
    if lane.length == .exactly(taken.count) { try endMessage(lane, side, isWhole: true, &sink) }
  }

  mutating func append(
    _ bytes: RawSpan, _ lane: Lane, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard let handle = try open(lane, side, &sink) else { return }
    sink.append(bytes, to: handle)
  }

  func open(_ lane: Lane, _ side: Side, _ sink: inout EvidenceSink) throws(ReadError) -> ContentHandle? {
    lane.hasBody = true
    if let content = lane.content { return content }
    guard let description = lane.description else { return nil }
    lane.content = try sink.open(description, from: side)
    lane.description = nil
    return lane.content
  }

  func notePackets(_ range: Range<Int>, _ lane: Lane, _ sink: borrowing EvidenceSink) {
    guard lane.tracksPackets, let exchange = lane.exchange else { return }
    exchange.trace.extend(sink.trace(of: range))
  }

  enum Answer { case yes, no, unknown }

  /// Whether a body that was announced is not there, since the next message begins at once.
  ///
  /// A response whose request is not in the capture may be that to HEAD; a client that expects 100 may be refused.
  func isBodyLeftOut(_ reader: borrowing ByteReader, _ lane: Lane, _ side: Side) -> Answer {
    guard let exchange = lane.exchange else { return .no }
    if isClient(side) {
      guard exchange.request?.head.first("Expect") != nil, let status = exchange.response?.status, status >= 300 else {
        return .no
      }
      switch MessageStart.judge(reader) {
      case .request: return .yes
      case .unfinished: return .unknown
      default: return .no
      }
    }
    guard exchange.request == nil, lane.length != .untilClose, lane.length != .chunked, lane.remaining >= 16 else {
      return .no
    }
    switch MessageStart.judgeResponse(reader, 0) {
    case .response: return .yes
    case .unfinished: return .unknown
    default: return .no
    }
  }

  mutating func skipBody(
    _ count: Int, _ lane: Lane, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    switch lane.length {
    case .exactly where count <= lane.remaining:
      lane.remaining -= count
      if let handle = try open(lane, side, &sink) { sink.skip(count, in: handle) }
      if lane.remaining == 0 { try endMessage(lane, side, isWhole: false, &sink) }
    case .untilClose:
      if let handle = try open(lane, side, &sink) { sink.skip(count, in: handle) }
    case .chunked where lane.chunks.skip(count):
      if let handle = try open(lane, side, &sink) { sink.skip(count, in: handle) }
    case .exactly, .chunked, .none:
      noteCutBody(lane, side, &sink)
      try endMessage(lane, side, isWhole: false, &sink)
      lose(lane, side)
    }
  }

  func noteCutBody(_ lane: Lane, _ side: Side, _ sink: inout EvidenceSink) {
    var finding = Finding(.warning, "http/incompleteBody", "The end of a body is missing.")
    if case .exactly = lane.length { finding.fields.set("missingBytes", lane.remaining) }
    sink.note(finding, from: side, trace: lane.exchange?.trace ?? sink.trace)
  }
}
