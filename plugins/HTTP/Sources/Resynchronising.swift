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

  func notePassed(_ lane: Lane, _ side: Side, _ sink: inout EvidenceSink) {
    guard lane.passedCount > 0 else { return }
    var finding = Finding(
      .warning, "http/unreadableBytes", "\(lane.passedCount) bytes belong to no message that could be read.")
    finding.fields.set("byteCount", lane.passedCount)
    sink.note(finding, from: side, trace: sink.trace)
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
