import DecoderKit

/// A data connection that a control connection named: both sessions know it.
final class DataConnection {
  /// The endpoint that was named.
  let endpoint: Endpoint
  /// Whether the client opens it, so that the endpoint is the server's.
  let isPassive: Bool
  /// On what its place rests when it is not the one that was named.
  let evidence: String?
  /// What it carries; a command names it before or while bytes come.
  var transfer: Transfer?

  // What its own session found.
  /// The capture holds it.
  var isMet = false
  var isOver = false
  var client: Endpoint?
  var server: Endpoint?
  var downloaded = Stored()
  var uploaded = Stored()

  /// What one side sent.
  struct Stored {
    var content: ContentReference?
    /// The side ended in order and nothing is missing.
    var isWhole = false
  }

  init(_ endpoint: Endpoint, isPassive: Bool, evidence: String?) {
    self.endpoint = endpoint
    self.isPassive = isPassive
    self.evidence = evidence
  }
}

/// The bytes of a data connection.
final class DataSession {
  private let connection: DataConnection
  private let clientSide: Side
  private var client = SideState()
  private var server = SideState()

  private struct SideState {
    var handle: ContentHandle?
    var end: StreamEnd?
    var hasGap = false
  }

  init(_ connection: DataConnection, over carrier: DecodingContext.Carrier) {
    self.connection = connection
    let isInitiator = carrier.endpoint(of: .initiator) == connection.endpoint
    // The endpoint that was named is the server's in passive, the client's in active mode.
    let named: Side = isInitiator ? .initiator : .responder
    clientSide = connection.isPassive ? named.other : named
    connection.isMet = true
    connection.client = carrier.endpoint(of: clientSide)
    connection.server = carrier.endpoint(of: clientSide.other)
  }

  private func with<Result>(_ side: Side, _ body: (inout SideState) -> Result) -> Result {
    side == clientSide ? body(&client) : body(&server)
  }

  private func handle(_ side: Side, _ sink: inout EvidenceSink) throws(ReadError) -> ContentHandle {
    if let known = with(side, { $0.handle }) { return known }
    let made = try sink.open(Transfer.description(connection.transfer, isFromClient: side == clientSide), from: side)
    with(side) { $0.handle = made }
    return made
  }

  func take(_ bytes: RawSpan, from side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    sink.append(bytes, to: try handle(side, &sink))
  }

  func skip(_ byteCount: Int, from side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    with(side) { $0.hasGap = true }
    sink.skip(byteCount, in: try handle(side, &sink))
  }

  func close(_ side: Side, because end: StreamEnd) { with(side) { $0.end = end } }

  func finish(_ sink: inout EvidenceSink) throws(ReadError) {
    for side in [Side.initiator, .responder] {
      let state = with(side) { $0 }
      let isWhole = state.end == .finished && !state.hasGap && connection.transfer?.isAborted != true
      var stored = DataConnection.Stored(isWhole: isWhole)
      if let handle = state.handle { stored.content = sink.close(handle, isWhole: isWhole) }
      if side == clientSide { connection.uploaded = stored } else { connection.downloaded = stored }
    }
    connection.isOver = true
    // The control connection may be over before.
    if let transfer = connection.transfer, transfer.isLeftToData { try transfer.write(from: clientSide, &sink) }
  }
}
