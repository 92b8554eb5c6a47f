public import DecoderKit

/// Reads the messages of one conversation, each by itself.
public struct DNSSession: DecodingSession {
  private let isStream: Bool
  private let variant: Variant
  private var initiator = SideState()
  private var responder = SideState()

  private struct SideState {
    /// Bytes of a message that has not come whole.
    var waitingCount = 0
    /// After a gap: only what surely is a message is read.
    var isLost = false
  }

  init(carrier: DecodingContext.Carrier) {
    if case .tcp = carrier { isStream = true } else { isStream = false }
    variant = Variant(carrier)
  }

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    guard isStream else {
      try read(bytes, sink.trace, side, &sink)
      return .consumed(bytes.byteCount)
    }
    if state(side).isLost {
      switch MessageForm.judgeStream(bytes, isOwnPort: false) {
      case .content: set(side) { $0.isLost = false }
      case .needsMore: return .needs(more: 1)
      default: return .consumed(bytes.byteCount)
      }
    }
    var reader = ByteReader(bytes)
    // Each turn takes a message.
    while reader.remaining >= 2 {
      let start = reader.offset
      let length = Int(try reader.read(UInt16.self, "message length"))
      guard length >= 12 else { throw ReadError(.malformed, at: start, reading: "message length") }
      guard reader.remaining >= length else {
        try reader.move(to: start, "message length")
        break
      }
      let message = try reader.take(length, "message")
      try read(message, sink.trace(of: start..<reader.offset), side, &sink)
    }
    let waiting = reader.remaining
    set(side) { $0.waitingCount = waiting }
    if reader.offset > 0 { return .consumed(reader.offset) }
    guard waiting >= 2 else { return .needs(more: 1) }
    let length = Int(try reader.read(UInt16.self, "message length"))
    return .needs(more: max(1, length - reader.remaining))
  }

  private mutating func read(
    _ bytes: RawSpan, _ trace: Trace, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let message = try DNSMessage(bytes, variant)
    if message.header.isAnswer {
      try sink.emit("dns/answer", message.fields, from: side, trace: trace)
    } else {
      try sink.emit("dns/query", message.fields, from: side, trace: trace)
    }
    if let failure = message.failure {
      var finding = Finding(
        .warning, "dns/malformedMessage", "A message could be read only in part: \(failure.field) is \(failure.code).")
      finding.fields.set("byteOffset", failure.offset)
      finding.fields.set("field", failure.field)
      sink.note(finding, from: side, trace: trace)
    }
    let faults =
      message.malformedNames.map {
        ("dns/malformedName", "A name is shown as far as it can be read: \($0.field) is malformed.", $0)
      }
      + message.malformedData.map {
        ("dns/malformedData", "The data of a record are not of its type's form: \($0.field).", $0)
      }
    for (code, text, failure) in faults {
      var finding = Finding(.warning, code, text)
      finding.fields.set("byteOffset", failure.offset)
      finding.fields.set("field", failure.field)
      sink.note(finding, from: side, trace: trace)
    }
    if message.trailingCount > 0 {
      var finding = Finding(.warning, "dns/trailingBytes", "Bytes stand behind the end of a message.")
      finding.fields.set("byteCount", message.trailingCount)
      sink.note(finding, from: side, trace: trace)
    }
  }

  public mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
    noteWaiting(side, "A gap in the capture cut a message.", &sink)
    set(side) { $0.isLost = true }
  }

  public mutating func close(_ side: Side, because end: StreamEnd, into sink: inout EvidenceSink) throws(ReadError) {
    noteWaiting(side, "The stream ends within a message.", &sink)
  }

  private mutating func noteWaiting(_ side: Side, _ why: String, _ sink: inout EvidenceSink) {
    let count = state(side).waitingCount
    guard count > 0 else { return }
    set(side) { $0.waitingCount = 0 }
    var finding = Finding(.warning, "dns/incompleteMessage", why)
    finding.fields.set("byteCount", count)
    sink.note(finding, from: side, trace: sink.trace)
  }

  private func state(_ side: Side) -> SideState { side == .initiator ? initiator : responder }

  private mutating func set(_ side: Side, _ change: (inout SideState) -> Void) {
    if side == .initiator { change(&initiator) } else { change(&responder) }
  }
}
