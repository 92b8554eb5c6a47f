import DecoderKit

/// Goes on where a gap or a fault has swallowed the boundary between messages.
extension HTTPSession {
  mutating func lose(_ lane: Lane, _ side: Side) {
    lane.resetHead()
    lane.state = .lost
    lane.isFresh = false
    if clientSide == side.other { mayHaveMissedResponse = true }
  }

  func search(
    _ reader: inout ByteReader, _ lane: Lane, _ side: Side, _ sink: inout EvidenceSink
  ) -> Bool {
    let wanted: MessageStart.Wanted =
      switch clientSide {
      case nil: .either
      case side: .request
      default: .response
      }
    let (found, passed) = MessageStart.search(reader, for: wanted)
    guard let bytes = try? reader.take(passed, "search") else { return false }
    pass(bytes, lane, side, &sink)
    guard found != nil else { return false }
    switch MessageStart.judge(reader) {
    case .request, .response: lane.state = .head
    default:
      // What looked like a message from afar is none.
      guard let byte = try? reader.take(1, "search") else { return false }
      pass(byte, lane, side, &sink)
    }
    return true
  }

  /// Keeps bytes that belong to no message.
  func pass(_ bytes: RawSpan, _ lane: Lane, _ side: Side, _ sink: inout EvidenceSink) {
    guard bytes.byteCount > 0 else { return }
    lane.passedCount += bytes.byteCount
    guard lane.passedCount <= Self.maximumPassedByteCount else { return }
    if lane.passed == nil {
      lane.passed = try? sink.open(ContentDescription(role: "unreadable bytes of an http connection"), from: side)
    }
    if let handle = lane.passed { sink.append(bytes, to: handle) }
  }

  func notePassed(_ lane: Lane, _ side: Side, _ sink: inout EvidenceSink) {
    guard lane.passedCount > 0 else { return }
    var finding = Finding(
      .warning, "http/unreadableBytes", "\(lane.passedCount) bytes belong to no message that could be read.")
    finding.fields.set("byteCount", lane.passedCount)
    sink.note(finding, from: side, trace: sink.trace)
    if let handle = lane.passed { _ = sink.close(handle, isWhole: false) }
    lane.passed = nil
    lane.passedCount = 0
  }

  /// Whether a client asked for a tunnel and the answer is not there: what comes is not HTTP.
  func isAwaitingTunnel(_ side: Side) -> Bool {
    guard isClient(side), let last = exchanges.last, last.response == nil, let request = last.request else {
      return false
    }
    guard request.method?.equals("CONNECT") == true || request.head.first("Upgrade") != nil else { return false }
    last.isTunnel = true
    return true
  }
}
