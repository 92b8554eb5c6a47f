public import DecoderKit

/// Reads both sides of a connection, pairs requests with responses, and carves out the bodies.
///
/// Every message is read by itself, so that what a gap swallowed costs only the messages that it touches.
public struct HTTPSession: DecodingSession {
  /// Requests without an answer that are kept for it; the oldest is then emitted without.
  public static let maximumUnansweredCount = 1_000
  /// Bytes of their heads, in the same way.
  public static let maximumUnansweredByteCount = 1 << 20

  /// Bytes in a row that belong to no message and are kept.
  public static let maximumPassedByteCount = 16 << 20

  /// Bytes of something else, such as a proxy's answer, that may stand before a server's first head.
  static let maximumPrefixByteCount = 300

  let carrier: DecodingContext.Carrier
  let initiator = Lane()
  let responder = Lane()
  /// Who asks; known with the first message.
  var clientSide: Side?
  /// Exchanges that are not emitted, in the order of their requests.
  var exchanges: [Exchange] = []
  var heldByteCount = 0
  /// Requests that were emitted before their answer came.
  var givenUpCount = 0
  /// Whether the server's side was lost since its last response.
  var mayHaveMissedResponse = false

  init(carrier: DecodingContext.Carrier) { self.carrier = carrier }

  func lane(_ side: Side) -> Lane { side == .initiator ? initiator : responder }

  func isClient(_ side: Side) -> Bool { clientSide == side }

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
    lane.isFresh = false
    switch lane.state {
    case .head:
      try salvageHead(lane, side, "A gap in the capture cut the head of a message.", &sink)
      lose(lane, side)
    case .body: try skipBody(gap.byteCount + gap.abandoned, lane, side, &sink)
    case .lost:
      lane.passedCount += gap.abandoned
      if let handle = lane.passed { sink.skip(gap.byteCount + gap.abandoned, in: handle) }
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

  mutating func endLane(_ lane: Lane, _ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
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

  // MARK: Records

  /// Emits what nothing more will come for.
  mutating func emitSettled(_ sink: inout EvidenceSink) throws(ReadError) {
    let isServerDone = clientSide.map { lane($0.other).end != nil } ?? false
    for exchange in exchanges where exchange.isSettled(isServerDone: isServerDone) { try emit(exchange, &sink) }
  }

  mutating func emit(_ exchange: Exchange, _ sink: inout EvidenceSink) throws(ReadError) {
    exchanges.removeAll { $0 === exchange }
    heldByteCount -= exchange.heldByteCount
    guard !exchange.isEmitted else { return }
    exchange.isEmitted = true
    let client = clientSide ?? .initiator
    try sink.emit(
      "http/transfer", exchange.fields(server: carrier.endpoint(of: client.other)), from: client, trace: exchange.trace)
  }

  func note(
    _ code: String, _ message: String, _ trace: Trace, _ side: Side, _ sink: inout EvidenceSink
  ) {
    sink.note(Finding(.warning, code, message), from: side, trace: trace)
  }

  func rest(of reader: borrowing ByteReader) -> [UInt8] {
    var copy = copy reader
    return copy.takeRest().array()
  }
}
