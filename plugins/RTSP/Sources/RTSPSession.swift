public import DecoderKit

/// The messages of one connection, and the media that they set up.
public struct RTSPSession: DecodingSession {
  static let maximumBody = 1 << 20
  static let maximumPending = 1_000
  static let maximumSetups = 1_000

  /// What one side sends, as far as it has come.
  private struct Reading {
    var headEnd = HeadEndScanner()
    var head: MessageHead?
    var headTrace = Trace()
    /// Bytes of a body that is too long, still to come.
    var passing = 0
    var isSearching = false
    var interleavedPackets: Int64 = 0
    var interleavedBytes: Int64 = 0
    var interleavedTrace = Trace()
    var skipped: Int64 = 0
    var skippedTrace = Trace()
  }

  private var initiator = Reading()
  private var responder = Reading()
  private var following = SessionFollowing()

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    var reading = side == .initiator ? initiator : responder
    defer { if side == .initiator { initiator = reading } else { responder = reading } }
    return try advance(&reading, bytes, side, &sink)
  }

  private mutating func advance(
    _ reading: inout Reading, _ bytes: RawSpan, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    guard bytes.byteCount > 0 else { return .needs(more: 1) }
    if reading.passing > 0 {
      let count = min(reading.passing, bytes.byteCount)
      reading.passing -= count
      return .consumed(count)
    }
    if let head = reading.head {
      let length = Self.contentLength(head)
      guard bytes.byteCount >= head.byteCount + length else {
        return .needs(more: head.byteCount + length - bytes.byteCount)
      }
      reading.head = nil
      let whole = 0..<(head.byteCount + length)
      try take(
        head, bytes.extracting(head.byteCount..<whole.upperBound), isBodyWhole: true, side, sink.trace(of: whole), &sink
      )
      return .consumed(whole.upperBound)
    }
    if bytes[0] == 0x0d || bytes[0] == 0x0a { return .consumed(1) }
    if bytes[0] == 0x24, !reading.isSearching { return takeInterleaved(&reading, bytes, sink.trace) }
    switch RTSPLine.claim(bytes) {
    case .needsMore: return .needs(more: 1)
    case .content:
      reading.isSearching = false
      return try takeHead(&reading, bytes, side, &sink)
    default:
      // Up to the end of the line: a message may begin behind it.
      reading.isSearching = true
      let count = bytes.firstOffset(of: 0x0a).map { $0 + 1 } ?? bytes.byteCount
      reading.skipped += Int64(count)
      reading.skippedTrace.formUnion(sink.trace(of: 0..<count))
      return .consumed(count)
    }
  }

  /// Media between the messages (RFC 2326, 10.12): counted, not read.
  private func takeInterleaved(_ reading: inout Reading, _ bytes: RawSpan, _ trace: Trace) -> DecodingProgress {
    guard bytes.byteCount >= 4 else { return .needs(more: 4 - bytes.byteCount) }
    let length = Int(bytes[2]) << 8 | Int(bytes[3])
    reading.interleavedPackets += 1
    reading.interleavedBytes += Int64(length)
    if reading.interleavedPackets == 1 { reading.interleavedTrace = trace }
    let present = min(bytes.byteCount, length + 4)
    reading.passing = length + 4 - present
    return .consumed(present)
  }

  private mutating func takeHead(
    _ reading: inout Reading, _ bytes: RawSpan, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    let end = reading.headEnd.byteCount(ahead: ByteReader(bytes))
    if end == nil, bytes.byteCount <= MessageHead.maximumByteCount { return .needs(more: 1) }
    reading.headEnd = HeadEndScanner()
    guard let head = try MessageHead(bytes) else { return .needs(more: 1) }
    let length = Self.contentLength(head)
    if length > Self.maximumBody {
      sink.note(
        Finding(
          .warning, "rtsp/bodyLimit", "A message's body is larger than the limit and was passed over.",
          ["announcedBytes": .integer(Int64(length)), "limit": .integer(Int64(Self.maximumBody))]), from: side,
        trace: sink.trace(of: 0..<head.byteCount))
      reading.passing = length
    } else if length > 0 {
      reading.head = head
      reading.headTrace = sink.trace(of: 0..<head.byteCount)
      return try advance(&reading, bytes, side, &sink)
    }
    // Of a body beyond the limit the finding above tells.
    try take(head, RawSpan(), isBodyWhole: true, side, sink.trace(of: 0..<head.byteCount), &sink)
    return .consumed(head.byteCount)
  }

  static func contentLength(_ head: MessageHead) -> Int {
    head.fields.first { $0.isNamed("Content-Length") }?.value.decimal(digits: 1...12) ?? 0
  }

  public mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
    var reading = side == .initiator ? initiator : responder
    defer { if side == .initiator { initiator = reading } else { responder = reading } }
    try cut(&reading, side, &sink)
    if reading.passing >= gap.byteCount {
      reading.passing -= gap.byteCount
    } else {
      reading.passing = 0
      reading.isSearching = true
    }
  }

  public mutating func close(
    _ side: Side, because end: StreamEnd, into sink: inout EvidenceSink
  ) throws(ReadError) {
    var reading = side == .initiator ? initiator : responder
    defer { if side == .initiator { initiator = reading } else { responder = reading } }
    try cut(&reading, side, &sink)
  }

  /// Takes a message whose body never came whole.
  private mutating func cut(
    _ reading: inout Reading, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    reading.headEnd = HeadEndScanner()
    guard let head = reading.head else { return }
    reading.head = nil
    try take(head, RawSpan(), isBodyWhole: false, side, reading.headTrace, &sink)
  }

  public mutating func finish(into sink: inout EvidenceSink) {
    for side in [Side.initiator, .responder] {
      var reading = side == .initiator ? initiator : responder
      // The records' limit is the only error; the host has noted it.
      try? cut(&reading, side, &sink)
      if reading.interleavedPackets > 0 {
        sink.note(
          Finding(
            .warning, "rtsp/interleaved",
            "Media came between the messages of the connection; it is counted, but not made audible or visible.",
            [
              "packetCount": .integer(reading.interleavedPackets), "byteCount": .integer(reading.interleavedBytes),
            ]), from: side, trace: reading.interleavedTrace)
      }
      if reading.skipped > 0 {
        sink.note(
          Finding(
            .warning, "rtsp/skippedBytes", "Bytes between messages are no RTSP.",
            ["byteCount": .integer(reading.skipped)]), from: side, trace: reading.skippedTrace)
      }
      if side == .initiator { initiator = Reading() } else { responder = Reading() }
    }
  }

  // MARK: One message

  private mutating func take(
    _ head: MessageHead, _ body: RawSpan, isBodyWhole: Bool, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard let line = RTSPLine(head.startLine) else {
      sink.note(
        Finding(.warning, "rtsp/malformedLine", "The first line of a message cannot be read."), from: side, trace: trace
      )
      return
    }
    if !isBodyWhole {
      sink.note(
        Finding(.warning, "rtsp/bodyCut", "A message's body is not in the capture as a whole."), from: side,
        trace: trace)
    }
    let unknown = Endpoint(InternetAddress(version4: 0), port: 0)
    let message = RTSPMessage(
      line, head, trace, sender: sink.carrier.endpoint(of: side) ?? unknown,
      receiver: sink.carrier.endpoint(of: side.other) ?? unknown)
    var fields = message.fields
    var description: SessionDescription?
    if body.byteCount > 0 {
      let type = MediaType(message.value("Content-Type") ?? [])
      if type.name == "application/sdp" {
        let read = SessionDescription(body.array(), sender: message.sender)
        fields.set("sdp", SessionDescription.value(of: read.media))
        description = read
      } else {
        let handle = try sink.open(
          ContentDescription(role: "rtsp body", mediaType: type.name, parameters: type.parameters), from: side)
        sink.append(body, to: handle)
        if let stored = sink.close(handle, isWhole: true) { fields.set("bodySha256", stored.hash.hex) }
      }
    }
    let (signals, method) = following.take(message, description)
    if fields["method"] == nil, let method { fields.set("method", method) }
    try sink.emit("rtsp/message", fields, from: side, trace: trace)
    for signal in signals { sink.signal(signal) }
  }
}
