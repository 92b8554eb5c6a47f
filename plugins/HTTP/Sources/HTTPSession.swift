public import DecoderKit

/// Reads both sides of a connection, pairs requests with responses, and carves out the bodies.
///
/// Every message is read by itself, so that what a gap swallowed costs only the messages that it touches.
public struct HTTPSession: DecodingSession {
  /// Requests without an answer that are kept for it; the oldest is then emitted without.
  public static let maximumUnansweredCount = 1_000
  /// Bytes of their heads, in the same way.
  public static let maximumUnansweredByteCount = 1 << 20

  private let carrier: DecodingContext.Carrier
  private let initiator = Lane()
  private let responder = Lane()
  /// Who asks; known with the first message.
  private var clientSide: Side?
  /// Exchanges that are not emitted, in the order of their requests.
  private var exchanges: [Exchange] = []
  private var heldByteCount = 0
  /// Requests that were emitted before their answer came.
  private var givenUpCount = 0
  /// Whether the server's side was lost since its last response.
  private var mayHaveMissedResponse = false

  init(carrier: DecodingContext.Carrier) { self.carrier = carrier }

  private func lane(_ side: Side) -> Lane { side == .initiator ? initiator : responder }

  private func isClient(_ side: Side) -> Bool { clientSide == side }

  // MARK: DecodingSession

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    let lane = lane(side)
    var reader = ByteReader(bytes)
    lane.forgetStart()
    // Each turn takes at least a byte, or changes what the side is in the middle of, or is the last.
    var isGoingOn = true
    while isGoingOn, reader.remaining > 0 {
      switch lane.state {
      case .head: isGoingOn = try readHead(&reader, lane, side, &sink)
      case .body: isGoingOn = try readBody(&reader, lane, side, &sink)
      case .lost: isGoingOn = search(&reader, lane, side, &sink)
      case .tunnel: _ = reader.takeRest()
      }
    }
    return reader.offset > 0 ? .consumed(reader.offset) : .needs(more: 1)
  }

  public mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
    let lane = lane(side)
    switch lane.state {
    case .head:
      try salvageHead(lane, side, "A gap in the capture cut the head of a message.", &sink)
      lose(lane, side)
    case .body: try skipBody(gap.byteCount + gap.abandoned, lane, side, &sink)
    case .lost: lane.passedCount += gap.abandoned
    case .tunnel: break
    }
  }

  public mutating func close(_ side: Side, because end: StreamEnd, into sink: inout EvidenceSink) throws(ReadError) {
    let lane = lane(side)
    guard lane.end == nil else { return }
    lane.end = end
    try endLane(lane, side, &sink)
    if clientSide == side.other { try emitSettled(&sink) }
  }

  public mutating func finish(into sink: inout EvidenceSink) {
    for side in [Side.initiator, .responder] {
      let lane = lane(side)
      if lane.end == nil { lane.end = .captureEnd }
      try? endLane(lane, side, &sink)
      if let content = lane.content { _ = sink.close(content, isWhole: false) }
      lane.content = nil
    }
    for exchange in exchanges { try? emit(exchange, &sink) }
    exchanges = []
  }

  private mutating func endLane(_ lane: Lane, _ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    switch lane.state {
    case .head: try salvageHead(lane, side, "The head of a message is not whole.", &sink)
    case .body:
      let isWhole = lane.length == .untilClose && lane.end == .finished
      if !isWhole { noteCutBody(lane, side, &sink) }
      try endMessage(lane, side, isWhole: isWhole, &sink)
    case .lost, .tunnel: break
    }
    notePassed(lane, side, &sink)
  }

  // MARK: Heads

  private mutating func readHead(
    _ reader: inout ByteReader, _ lane: Lane, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    if lane.headBytes.isEmpty {
      // Limit: the bytes at hand.
      while let byte = reader.peek(), byte == 0x0d || byte == 0x0a { try reader.skip(1, "empty line") }
      guard reader.remaining > 0 else { return false }
      let start = MessageStart.judge(reader)
      switch start {
      case .request where clientSide != side.other: break
      case .response where clientSide != side: break
      case .unfinished:
        lane.startBytes = rest(of: reader)
        lane.startTrace = sink.trace(of: reader.offset..<reader.offset + reader.remaining)
        return false
      default:
        if isAwaitingTunnel(side) || self.lane(side.other).state == .tunnel {
          lane.state = .tunnel
        } else {
          lose(lane, side)
        }
        return true
      }
      if clientSide == nil { clientSide = start == .request ? side : side.other }
      notePassed(lane, side, &sink)
      if let length = lane.headEnd.byteCount(ahead: reader) {
        let trace = sink.trace(of: reader.offset..<reader.offset + length)
        let bytes = try reader.take(length, "head")
        lane.resetHead()
        try readMessage(bytes, trace, lane, side, &sink)
        return true
      }
    }
    return try collectHead(&reader, lane, side, &sink)
  }

  /// Keeps a head that comes in pieces, until its end.
  private mutating func collectHead(
    _ reader: inout ByteReader, _ lane: Lane, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    let held = lane.headBytes.count
    let begin = reader.offset
    var ahead = reader
    let room = MessageHead.maximumByteCount + 1 - held
    lane.headBytes += try ahead.take(min(room, reader.remaining), "head").array()
    // Safe: the view ends before the bytes change.
    let length = unsafe lane.headEnd.byteCount(ahead: ByteReader(lane.headBytes.span.bytes))
    try reader.skip((length ?? lane.headBytes.count) - held, "head")
    lane.headTrace.extend(sink.trace(of: begin..<reader.offset))
    guard let length else {
      guard lane.headBytes.count > MessageHead.maximumByteCount else { return false }
      try salvageHead(lane, side, "The head of a message is longer than the limit.", &sink)
      lose(lane, side)
      return true
    }
    let bytes = Array(lane.headBytes.prefix(length))
    let trace = lane.headTrace
    lane.resetHead()
    // Safe: the view ends with the call.
    try readMessage(unsafe bytes.span.bytes, trace, lane, side, &sink)
    return true
  }

  /// Reads a whole head; what is none is passed over.
  private mutating func readMessage(
    _ bytes: RawSpan, _ trace: Trace, _ lane: Lane, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let head: MessageHead?
    do throws(ReadError) { head = try MessageHead(bytes) } catch {
      head = nil
      note("http/headLimit", "The head of a message has more fields than the limit.", trace, side, &sink)
    }
    guard let head, let start = Message.start(head.startLine), isFitting(start, side) else {
      note("http/malformedStart", "A message does not begin as one should.", trace, side, &sink)
      lane.passedCount += bytes.byteCount
      lose(lane, side)
      return
    }
    if !head.oddLines.isEmpty {
      note("http/oddHeaderLine", "A head has lines that are no header fields.", trace, side, &sink)
    }
    try begin(Message(start, head, trace), lane, side, &sink)
  }

  private func isFitting(_ start: Message.Start, _ side: Side) -> Bool {
    switch start {
    case .request: clientSide != side.other
    case .response: clientSide != side
    }
  }

  /// Makes a message of a head that was cut, where its start line says enough.
  private mutating func salvageHead(
    _ lane: Lane, _ side: Side, _ why: String, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let isStartKnown = !lane.headBytes.isEmpty
    var bytes = isStartKnown ? lane.headBytes : lane.startBytes
    let trace = isStartKnown ? lane.headTrace : lane.startTrace
    lane.resetHead()
    guard !bytes.isEmpty else { return }
    // A field that was cut is left out; a start line that was cut is tried.
    let isLineWhole = bytes.contains(0x0a)
    if let last = bytes.lastIndex(of: 0x0a) { bytes.removeSubrange((last + 1)...) }
    bytes += [0x0d, 0x0a, 0x0d, 0x0a]
    // Safe: the view ends with the call.
    guard let head = unsafe try? MessageHead(bytes.span.bytes),
      let start = Message.start(head.startLine, isCut: !isLineWhole), isFitting(start, side)
    else {
      lane.passedCount += bytes.count - 4
      return
    }
    var finding = Finding(.warning, "http/incompleteHead", why)
    finding.fields.set("byteCount", bytes.count - 4)
    sink.note(finding, from: side, trace: trace)
    if clientSide == nil { if case .request = start { clientSide = side } else { clientSide = side.other } }
    var message = Message(start, head, trace)
    message.isDone = true
    if message.method != nil {
      try add(request: message, &sink)
    } else {
      _ = try pair(response: message, side, &sink)
    }
    try emitSettled(&sink)
  }

  // MARK: Messages

  private mutating func begin(
    _ message: Message, _ lane: Lane, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    var framing: BodyFraming
    let exchange: Exchange
    var role = "http request body"
    if message.method != nil {
      framing = BodyFraming(request: message.head)
      exchange = try add(request: message, &sink)
    } else {
      let status = message.status ?? 0
      guard let found = try pair(response: message, side, &sink) else { return }
      exchange = found
      framing = BodyFraming(response: message.head, status: status, method: exchange.request?.method)
      role = "http response body"
      if status == 101 || (exchange.request?.method?.equals("CONNECT") == true && (200..<300).contains(status)) {
        exchange.isTunnel = true
        lane.state = .tunnel
        try endMessage(lane, exchange, side, isWhole: true, &sink)
        let other = self.lane(side.other)
        if case .head = other.state {
          other.resetHead()
          other.state = .tunnel
        }
        return
      }
    }
    for finding in framing.findings { sink.note(finding, from: side, trace: message.trace) }
    lane.state = .head
    lane.hasBody = false
    guard framing.length != .none, framing.length != .exactly(0) else {
      return try endMessage(lane, exchange, side, isWhole: true, &sink)
    }
    lane.exchange = exchange
    lane.state = .body
    lane.length = framing.length
    lane.chunks = ChunkedBody()
    lane.tracksPackets = framing.length == .chunked || !framing.codings.isEmpty
    var description = ContentDescription(
      role: role, mediaType: message.mediaType.name, parameters: message.mediaType.parameters,
      codings: framing.codings)
    description.name = message.dispositionName
    if description.name == nil, message.method?.equals("PUT") != false { description.name = exchange.pathName }
    if case .exactly(let count) = framing.length {
      lane.remaining = count
      description.announcedByteCount = count
    }
    lane.description = description
  }

  @discardableResult
  private mutating func add(request: Message, _ sink: inout EvidenceSink) throws(ReadError) -> Exchange {
    let exchange = Exchange()
    exchange.request = request
    exchange.trace.extend(request.trace)
    exchanges.append(exchange)
    heldByteCount += exchange.heldByteCount
    // Limit: the unanswered requests.
    while exchanges.count > Self.maximumUnansweredCount || heldByteCount > Self.maximumUnansweredByteCount {
      guard let oldest = exchanges.first(where: { $0 !== exchange && $0.response == nil && $0.request?.isDone == true })
      else { break }
      if givenUpCount == 0 {
        note(
          "http/unanswered", "So many requests wait for an answer that the oldest are written without.",
          oldest.trace, clientSide ?? .initiator, &sink)
      }
      givenUpCount += 1
      try emit(oldest, &sink)
    }
    return exchange
  }

  /// Finds the request of a response; nil when the response is not the final one.
  private mutating func pair(
    response: Message, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Exchange? {
    let status = response.status ?? 0
    if mayHaveMissedResponse {
      mayHaveMissedResponse = false
      try dropUnpaired(response.trace, side, &sink)
    }
    let isInterim = (100..<200).contains(status) && status != 101
    let isGivenUp = givenUpCount > 0
    let found: Exchange
    if let waiting = exchanges.first(where: { $0.response == nil && (!isGivenUp || $0.request == nil) }) {
      found = waiting
    } else {
      found = Exchange()
      exchanges.insert(found, at: isGivenUp ? 0 : exchanges.count)
    }
    found.trace.extend(response.trace)
    if isInterim {
      if found.interimStatuses.count < 100 { found.interimStatuses.append(status) }
      return nil
    }
    if givenUpCount > 0 { givenUpCount -= 1 }
    found.response = response
    return found
  }

  /// After responses may be missing: the response that comes is that of the last request, as nearly all clients wait.
  private mutating func dropUnpaired(
    _ trace: Trace, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let waiting = exchanges.filter { $0.response == nil }
    guard waiting.count > 1 else { return }
    var finding = Finding(
      .notice, "http/pairingInferred",
      "Responses are missing before this one; it was taken for the answer to the last request.")
    finding.fields.set("unansweredRequests", waiting.count - 1)
    sink.note(finding, from: side, trace: trace)
    for exchange in waiting.dropLast() where exchange.request?.isDone == true { try emit(exchange, &sink) }
  }

  private mutating func endMessage(
    _ lane: Lane, _ side: Side, isWhole: Bool, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    lane.state = .head
    guard let exchange = lane.exchange else { return }
    lane.exchange = nil
    try endMessage(lane, exchange, side, isWhole: isWhole, &sink)
  }

  private mutating func endMessage(
    _ lane: Lane, _ exchange: Exchange, _ side: Side, isWhole: Bool, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    var body: ContentReference?
    if let content = lane.content { body = sink.close(content, isWhole: isWhole) }
    lane.content = nil
    if let body { exchange.trace.extend(body.trace) }
    let finish = { (message: inout Message) in
      message.body = body
      message.isDone = true
      message.isComplete = isWhole && body?.isComplete != false
    }
    if isClient(side) {
      if var request = exchange.request {
        finish(&request)
        if lane.length == .chunked { request.trailers = lane.chunks.trailers }
        exchange.request = request
      }
    } else if var response = exchange.response {
      finish(&response)
      if lane.length == .chunked { response.trailers = lane.chunks.trailers }
      exchange.response = response
    }
    lane.length = .none
    try emitSettled(&sink)
  }

  // MARK: Bodies

  private mutating func readBody(
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
      try append(reader.takeRest(), lane, side, &sink)
      notePackets(begin..<reader.offset, lane, sink)
    case .chunked:
      if try readChunks(&reader, lane, side, &sink) {
        notePackets(begin..<reader.offset, lane, sink)
        try endMessage(lane, side, isWhole: true, &sink)
      } else {
        notePackets(begin..<reader.offset, lane, sink)
      }
    case .none: try endMessage(lane, side, isWhole: true, &sink)
    }
    return true
  }

  /// Reads chunks as far as they came; true at the end of the body.
  private mutating func readChunks(
    _ reader: inout ByteReader, _ lane: Lane, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    // Each turn takes a chunk.
    while true {
      let step: ChunkedBody.Step
      do throws(ReadError) { step = try lane.chunks.advance(&reader) } catch {
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

  private mutating func append(
    _ bytes: RawSpan, _ lane: Lane, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard let handle = try open(lane, side, &sink) else { return }
    sink.append(bytes, to: handle)
  }

  private func open(_ lane: Lane, _ side: Side, _ sink: inout EvidenceSink) throws(ReadError) -> ContentHandle? {
    lane.hasBody = true
    if let content = lane.content { return content }
    guard let description = lane.description else { return nil }
    lane.content = try sink.open(description, from: side)
    lane.description = nil
    return lane.content
  }

  private func notePackets(_ range: Range<Int>, _ lane: Lane, _ sink: borrowing EvidenceSink) {
    guard lane.tracksPackets, let exchange = lane.exchange else { return }
    exchange.trace.extend(sink.trace(of: range))
  }

  private enum Answer { case yes, no, unknown }

  /// Whether a body that was announced is not there, since the next message begins at once.
  ///
  /// A response whose request is not in the capture may be that to HEAD; a client that expects 100 may be refused.
  private func isBodyLeftOut(_ reader: borrowing ByteReader, _ lane: Lane, _ side: Side) -> Answer {
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

  private mutating func skipBody(
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

  private func noteCutBody(_ lane: Lane, _ side: Side, _ sink: inout EvidenceSink) {
    var finding = Finding(.warning, "http/incompleteBody", "The end of a body is missing.")
    if case .exactly = lane.length { finding.fields.set("missingBytes", lane.remaining) }
    sink.note(finding, from: side, trace: lane.exchange?.trace ?? sink.trace)
  }

  // MARK: Looking for the next message

  private mutating func lose(_ lane: Lane, _ side: Side) {
    lane.resetHead()
    lane.state = .lost
    if clientSide == side.other { mayHaveMissedResponse = true }
  }

  private func search(
    _ reader: inout ByteReader, _ lane: Lane, _ side: Side, _ sink: inout EvidenceSink
  ) -> Bool {
    let wanted: MessageStart.Wanted =
      switch clientSide {
      case nil: .either
      case side: .request
      default: .response
      }
    let (found, passed) = MessageStart.search(reader, for: wanted)
    lane.passedCount += passed
    guard (try? reader.skip(passed, "search")) != nil, found != nil else { return false }
    switch MessageStart.judge(reader) {
    case .request, .response: lane.state = .head
    default:
      // What looked like a message from afar is none.
      lane.passedCount += 1
      guard (try? reader.skip(1, "search")) != nil else { return false }
    }
    return true
  }

  private func notePassed(_ lane: Lane, _ side: Side, _ sink: inout EvidenceSink) {
    guard lane.passedCount > 0 else { return }
    var finding = Finding(
      .warning, "http/unreadableBytes", "\(lane.passedCount) bytes belong to no message that could be read.")
    finding.fields.set("byteCount", lane.passedCount)
    sink.note(finding, from: side, trace: sink.trace)
    lane.passedCount = 0
  }

  /// Whether a client asked for a tunnel and the answer is not there: what comes is not HTTP.
  private func isAwaitingTunnel(_ side: Side) -> Bool {
    guard isClient(side), let last = exchanges.last, last.response == nil, let request = last.request else {
      return false
    }
    guard request.method?.equals("CONNECT") == true || request.head.first("Upgrade") != nil else { return false }
    last.isTunnel = true
    return true
  }

  // MARK: Records

  /// Emits what nothing more will come for.
  private mutating func emitSettled(_ sink: inout EvidenceSink) throws(ReadError) {
    let isServerDone = clientSide.map { lane($0.other).end != nil } ?? false
    for exchange in exchanges where exchange.isSettled(isServerDone: isServerDone) { try emit(exchange, &sink) }
  }

  private mutating func emit(_ exchange: Exchange, _ sink: inout EvidenceSink) throws(ReadError) {
    exchanges.removeAll { $0 === exchange }
    heldByteCount -= exchange.heldByteCount
    guard !exchange.isEmitted else { return }
    exchange.isEmitted = true
    let client = clientSide ?? .initiator
    try sink.emit(
      "http/transfer", exchange.fields(server: carrier.endpoint(of: client.other)), from: client, trace: exchange.trace)
  }

  private func note(
    _ code: String, _ message: String, _ trace: Trace, _ side: Side, _ sink: inout EvidenceSink
  ) {
    sink.note(Finding(.warning, code, message), from: side, trace: trace)
  }

  private func rest(of reader: borrowing ByteReader) -> [UInt8] {
    var copy = copy reader
    return copy.takeRest().array()
  }
}
