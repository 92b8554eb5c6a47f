public import DecoderKit

/// The messages between two endpoints.
public struct SIPSession: DecodingSession {
  /// Messages remembered to know a retransmission by.
  static let maximumRemembered = 2_048

  /// Recording sessions of a conversation whose metadata are remembered.
  static let maximumRecordings = 256

  private let isDatagram: Bool
  private var seen = RecentMarks<Bool>(limit: maximumRemembered)
  private var calls = CallTracking()
  /// What recording sessions told so far, by Call-ID.
  private var recordings = RecentMarks<RecordingMetadata>(limit: maximumRecordings)
  private var initiator = MessageFraming()
  private var responder = MessageFraming()

  init(isDatagram: Bool) { self.isDatagram = isDatagram }

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    if isDatagram {
      try decodeDatagram(bytes, side, &sink)
      return .consumed(bytes.byteCount)
    }
    switch try frame(bytes, side, &sink) {
    case .pass(let count): return .consumed(count)
    case .needs(let more): return .needs(more: more)
    case .message(let message, let body):
      try take(message, bytes.extracting(body), side, sink.trace(of: 0..<body.upperBound), &sink)
      return .consumed(body.upperBound)
    }
  }

  private mutating func frame(
    _ bytes: RawSpan, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> MessageFraming.Step {
    side == .initiator
      ? try initiator.advance(bytes, side, &sink) : try responder.advance(bytes, side, &sink)
  }

  private mutating func decodeDatagram(
    _ bytes: RawSpan, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let start = KeepAlive.prefix(of: bytes)
    if start == bytes.byteCount || KeepAlive.isZeros(bytes) { return }
    let text = bytes.extracting(start..<bytes.byteCount)
    guard let head = try MessageHead(text) else { return try takeHeadOnly(text, side, &sink) }
    let body = text.extracting(head.byteCount..<text.byteCount)
    let message = try SIPMessage(head)
    let length = min(message.contentLength ?? body.byteCount, body.byteCount)
    if let announced = message.contentLength, announced > body.byteCount {
      note(
        "sip/bodyCut", "A message announces more body than it has.", side, sink.trace, &sink,
        ["announcedBytes": .integer(Int64(announced)), "presentBytes": .integer(Int64(body.byteCount))])
    }
    let rest = body.extracting(length..<body.byteCount)
    // Gateways that rewrite addresses in a description often leave the old length; its last lines matter most.
    let isDescription = length > 0 && message.mediaType.name == "application/sdp"
    if KeepAlive.prefix(of: rest) < rest.byteCount {
      note(
        "sip/trailingBytes",
        isDescription
          ? "A session description goes on behind its announced length; it was read to the end of the datagram."
          : "Bytes follow the message in its datagram.", side, sink.trace, &sink,
        [
          "byteOffset": .integer(Int64(start + head.byteCount + length)), "byteCount": .integer(Int64(rest.byteCount)),
        ])
    }
    try take(message, isDescription ? body : body.extracting(first: length), side, sink.trace, &sink)
  }

  /// A datagram that ends inside its head: the head is read as far as it goes.
  private mutating func takeHeadOnly(
    _ bytes: RawSpan, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let closed = bytes.array() + [0x0d, 0x0a, 0x0d, 0x0a]
    // Safe: the view ends before `closed` does.
    guard let head = try unsafe MessageHead(closed.span.bytes) else {
      throw ReadError(.truncated, at: bytes.byteCount, reading: "message head")
    }
    note("sip/headCut", "A message ends inside its head.", side, sink.trace, &sink)
    try take(SIPMessage(head), RawSpan(), side, sink.trace, &sink)
  }

  public mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
    let cut = side == .initiator ? initiator.skip(gap, side, &sink) : responder.skip(gap, side, &sink)
    try takeCut(cut, side, &sink)
  }

  public mutating func close(
    _ side: Side, because end: StreamEnd, into sink: inout EvidenceSink
  ) throws(ReadError) {
    let cut = side == .initiator ? initiator.end(side, &sink) : responder.end(side, &sink)
    try takeCut(cut, side, &sink)
  }

  public mutating func finish(into sink: inout EvidenceSink) {
    for side in [Side.initiator, .responder] {
      let cut = side == .initiator ? initiator.end(side, &sink) : responder.end(side, &sink)
      // The records' limit is the only error; the host has noted it.
      try? takeCut(cut, side, &sink)
    }
  }

  /// Takes a message whose body never came whole.
  private mutating func takeCut(
    _ cut: MessageFraming.Cut?, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard let cut else { return }
    note(
      "sip/bodyCut", "A message's body is not in the capture as a whole.", side, cut.trace, &sink,
      ["announcedBytes": .integer(Int64(cut.message.contentLength ?? 0))])
    try take(cut.message, RawSpan(), side, cut.trace, &sink)
  }

  // MARK: One message

  private mutating func take(
    _ message: SIPMessage, _ body: RawSpan, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let isRetransmission = !seen.insert(true, for: message.fingerprint(side, body))
    var fields = message.fields
    fields.set("isRetransmission", isRetransmission)
    noteOddities(message, side, trace, &sink)
    let unknown = Endpoint(InternetAddress(version4: 0), port: 0)
    let sender = sink.carrier.endpoint(of: side) ?? unknown
    var contents = MessageContents()
    if body.byteCount > 0 {
      var reading = BodyReading(sender: sender, side: side, trace: trace)
      try reading.read(message, body, &fields, &sink)
      contents = reading.contents
    }
    try sink.emit("sip/message", fields, from: side, trace: trace)
    guard !isRetransmission else { return }
    for session in contents.messageSessions {
      try sink.emit("sip/messageSession", session.fields(of: message), from: side, trace: trace)
    }
    if let recording = contents.recording {
      try sink.emit("sip/recording", recording.fields(of: message), from: side, trace: trace)
      if contents.media.isEmpty {
        sink.note(
          Finding(
            .notice, "sip/recordingWithoutMedia",
            "A message says who is heard in a recording and describes no media; running streams keep their names."),
          from: side, trace: trace)
      }
    }
    nameParticipants(message, &contents)
    let receiver = sink.carrier.endpoint(of: side.other) ?? unknown
    for signal in calls.signals(message, contents, from: sender, to: receiver, trace: trace) {
      sink.signal(signal)
    }
  }

  /// Tells each labelled medium whose it is.
  private mutating func nameParticipants(_ message: SIPMessage, _ contents: inout MessageContents) {
    let call = Mark(message.callID)
    if let told = contents.recording { recordings.replace(told.following(recordings[call]), for: call) }
    guard contents.media.contains(where: { !$0.label.isEmpty }), let known = recordings[call] else { return }
    for place in contents.media.indices {
      contents.media[place].participants = known.participants(labelled: contents.media[place].label)
    }
  }

  private func noteOddities(_ message: SIPMessage, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink) {
    let missing = message.missingHeaders
    if !missing.isEmpty {
      note(
        "sip/missingHeader", "A message lacks headers that every message must have.", side, trace, &sink,
        ["headers": .list(missing.map { .text($0) })])
    }
    if message.hasOddContentLength {
      note("sip/oddContentLength", "A message's Content-Length is no number.", side, trace, &sink)
    }
    if !message.head.oddLines.isEmpty {
      note(
        "sip/oddLine", "Lines in a message's head are no headers.", side, trace, &sink,
        ["lineCount": .integer(Int64(message.head.oddLines.count))])
    }
  }

  private func note(
    _ code: String, _ text: String, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink, _ fields: Fields = [:]
  ) {
    sink.note(Finding(.warning, code, text, fields), from: side, trace: trace)
  }
}
