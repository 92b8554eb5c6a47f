import DecoderKit

/// Puts responses to their requests, and ends both.
extension HTTPSession {
  mutating func begin(
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
    lane.isFresh = false
    for finding in framing.findings { sink.note(finding, from: side, trace: message.trace) }
    lane.state = .head
    lane.hasBody = false
    guard framing.length != .none, framing.length != .exactly(0) else {
      return try endMessage(lane, exchange, side, isWhole: true, &sink)
    }
    lane.exchange = exchange
    lane.state = .body
    lane.length = framing.length
    lane.bareByteCount = nil
    lane.unchunked = framing.unchunked
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

  /// Takes what the first request is answered with for a body without a head (RFC 9112, 2.3 on HTTP/0.9); false elsewhere.
  mutating func beginBareResponse(
    _ reader: borrowing ByteReader, _ lane: Lane, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    guard lane.isFresh, clientSide == side.other, exchanges.count == 1, let exchange = exchanges.first,
      exchange.response == nil, exchange.request?.isComplete == true, let head = Self.emptyHead()
    else { return false }
    let trace = sink.trace(of: reader.offset..<reader.offset + reader.remaining)
    note("http/bareResponse", "An answer has no head; all of it was taken for the body.", trace, side, &sink)
    var message = Message(.bare, head, trace)
    message.isDone = false
    exchange.response = message
    exchange.evidence = "the answer has no head; all that came was taken for its body"
    exchange.trace.extend(trace)
    lane.isFresh = false
    lane.exchange = exchange
    lane.state = .body
    lane.length = .untilClose
    lane.bareByteCount = 0
    lane.hasBody = false
    lane.tracksPackets = false
    lane.description = ContentDescription(role: "http response body")
    lane.description?.name = exchange.pathName
    return true
  }

  private static func emptyHead() -> MessageHead? {
    let line: [UInt8] = [0x0a]
    // Safe: the view ends with the call.
    return unsafe try? MessageHead(line.span.bytes, hasStartLine: false)
  }

  @discardableResult
  mutating func add(request: Message, _ sink: inout EvidenceSink) throws(ReadError) -> Exchange {
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
  mutating func pair(
    response: Message, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Exchange? {
    let status = response.status ?? 0
    var evidence: String?
    if mayHaveMissedResponse {
      mayHaveMissedResponse = false
      evidence = try dropUnpaired(response.trace, side, &sink)
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
    if let evidence { found.evidence = evidence }
    if isInterim {
      if found.interimStatuses.count < 100 { found.interimStatuses.append(status) }
      return nil
    }
    if givenUpCount > 0 { givenUpCount -= 1 }
    found.response = response
    return found
  }

  /// After responses may be missing: the response that comes is that of the last request, as nearly all clients wait.
  ///
  /// Returns on what that rests; nil when only one request waits.
  private mutating func dropUnpaired(
    _ trace: Trace, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> String? {
    let waiting = exchanges.filter { $0.response == nil }
    guard waiting.count > 1 else { return nil }
    var finding = Finding(
      .notice, "http/pairingInferred",
      "Responses are missing before this one; it was taken for the answer to the last request.")
    finding.fields.set("unansweredRequests", waiting.count - 1)
    sink.note(finding, from: side, trace: trace)
    for exchange in waiting.dropLast() where exchange.request?.isDone == true { try emit(exchange, &sink) }
    return
      "bytes are missing before the answer; of the \(waiting.count) requests that waited for one it was taken for that of the last"
  }

  mutating func endMessage(
    _ lane: Lane, _ side: Side, isWhole: Bool, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    lane.state = .head
    guard let exchange = lane.exchange else { return }
    lane.exchange = nil
    try endMessage(lane, exchange, side, isWhole: isWhole, &sink)
  }

  mutating func endMessage(
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
}
