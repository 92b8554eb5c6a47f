public import DecoderKit

/// The messages between a client's port and one port of a server.
public struct TFTPSession: DecodingSession {
  /// The transfer that is under way here, or that a request here began.
  private var transfer: Transfer?
  /// Whether the transfer's blocks come here, rather than in a conversation that is still to come or has come.
  private var isHere = false
  /// The last block of the transfer that ended here.
  private var lastBlock: UInt16?
  private var isStrayNoted = false

  /// `expected` is the transfer that a request elsewhere began.
  init(_ expected: Transfer?) {
    guard let expected else { return }
    // The server may have answered twice: then this is another transfer of the same request.
    transfer = expected.isTaken ? Transfer(expected.request, client: expected.client, expected.trace) : expected
    transfer?.isTaken = true
    isHere = true
  }

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    guard let message = read(bytes, side, &sink) else { return .consumed(bytes.byteCount) }
    if case .request(let request) = message {
      try take(request, side, &sink)
    } else if let current = taker(of: message, side, &sink) {
      try current.take(message, bytes, from: side, &sink)
      if current.isOver { end(current) }
    }
    return .consumed(bytes.byteCount)
  }

  /// Reads a message; one that cannot be read is noted, and the transfer goes on, for others may have sent it.
  private mutating func read(_ bytes: RawSpan, _ side: Side, _ sink: inout EvidenceSink) -> Message? {
    do throws(ReadError) { return try Message(bytes) } catch {
      sink.note(
        Finding(
          .warning, "tftp/malformed", "A datagram cannot be read.",
          ["field": .text(error.field), "byteOffset": .integer(Int64(error.offset))]), from: side,
        trace: sink.trace)
      return nil
    }
  }

  public mutating func finish(into sink: inout EvidenceSink) {
    // The records' limit is the only error; the host has noted it.
    try? conclude(&sink)
  }

  /// Begins a transfer; the server will answer from another port, or from this one.
  private mutating func take(
    _ request: Message.Request, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    if let former = transfer, former.request == request, !former.isTaken {
      former.trace.formUnion(sink.trace)
      return
    }
    try conclude(&sink)
    guard let client = sink.carrier.endpoint(of: side), let server = sink.carrier.endpoint(of: side.other) else {
      return
    }
    if request.hasOddEnd {
      sink.note(
        Finding(.warning, "tftp/oddRequest", "Bytes behind a request's mode are no options, or more than the limit."),
        from: side, trace: sink.trace)
    }
    let next = Transfer(request, client: client, sink.trace)
    transfer = next
    isHere = false
    lastBlock = nil
    _ = sink.expect(ExpectedConversation(.udp, client, with: server.address), for: next)
  }

  /// The transfer that a message belongs to; one without a name when its request was not captured.
  private mutating func taker(of message: Message, _ side: Side, _ sink: inout EvidenceSink) -> Transfer? {
    if let transfer {
      if !isHere, transfer.isTaken { return nil }
      transfer.isTaken = true
      isHere = true
      return transfer
    }
    guard case .data(let block) = message else { return nil }
    if let lastBlock {
      if block != lastBlock, !isStrayNoted {
        isStrayNoted = true
        sink.note(
          Finding(.notice, "tftp/stray", "Blocks come behind the end of a transfer; they are not used."), from: side,
          trace: sink.trace)
      }
      return nil
    }
    let receiver = sink.carrier.endpoint(of: side.other)
    let isUpload = receiver?.port == 69
    let made = Transfer(nil, client: isUpload ? sink.carrier.endpoint(of: side) : receiver, Trace())
    made.isTaken = true
    made.isUpload = isUpload
    transfer = made
    isHere = true
    return made
  }

  private mutating func end(_ former: Transfer) {
    lastBlock = former.lastBlock
    transfer = nil
    isHere = false
  }

  private mutating func conclude(_ sink: inout EvidenceSink) throws(ReadError) {
    guard let former = transfer, isHere || !former.isTaken else { return }
    former.isTaken = true
    end(former)
    try former.conclude(&sink)
  }
}
