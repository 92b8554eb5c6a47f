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
    /// The beginning of the line ahead was passed over.
    var isMidLine = false
    /// Bytes of the packet between messages that is waited for.
    var waiting = 0
    var unread = InterleavedMedia.Remainder()
    var skipped: Int64 = 0
    var skippedTrace = Trace()
  }

  private var initiator = Reading()
  private var responder = Reading()
  private var following = SessionFollowing()
  private var media = InterleavedMedia()
  /// The first packet.
  private var trace = Trace()

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    if trace.isEmpty { trace = sink.trace }
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
    if bytes[0] == 0x24, !reading.isSearching { return try takeInterleaved(&reading, bytes, side, &sink) }
    switch reading.isMidLine ? .none : RTSPLine.claim(bytes) {
    case .needsMore: return .needs(more: 1)
    case .content:
      reading.isSearching = false
      return try takeHead(&reading, bytes, side, &sink)
    default: return try search(&reading, bytes, side, &sink)
    }
  }

  /// Passes over what is no message, up to the end of the line or to a packet of a stream that is known.
  private mutating func search(
    _ reading: inout Reading, _ bytes: RawSpan, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    reading.isSearching = true
    let line = bytes.firstOffset(of: 0x0a).map { $0 + 1 } ?? bytes.byteCount
    var count = line
    var from = 0
    // Each turn looks at a place where a packet may begin.
    while let distance = bytes.firstOffset(of: 0x24, from: from, within: line - from) {
      let place = from + distance
      let begins = media.mayBegin(bytes, at: place, from: side)
      if begins != false {
        if place == 0 {
          guard begins == true else { return .needs(more: 1) }
          reading.isSearching = false
          reading.isMidLine = false
          return try takeInterleaved(&reading, bytes, side, &sink)
        }
        count = place
        break
      }
      from = place + 1
    }
    reading.isMidLine = bytes[count - 1] != 0x0a
    reading.skipped += Int64(count)
    reading.skippedTrace.formUnion(sink.trace(of: 0..<count))
    return .consumed(count)
  }

  /// A packet between the messages (RFC 2326, 10.12): a dollar sign, its channel, its length.
  private mutating func takeInterleaved(
    _ reading: inout Reading, _ bytes: RawSpan, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    guard bytes.byteCount >= 4 else { return .needs(more: 4 - bytes.byteCount) }
    let whole = (Int(bytes[2]) << 8 | Int(bytes[3])) + 4
    guard bytes.byteCount >= whole else {
      reading.waiting = whole
      return .needs(more: whole - bytes.byteCount)
    }
    reading.waiting = 0
    let trace = sink.trace(of: 0..<whole)
    let isTaken = try media.take(
      bytes.extracting(4..<whole), channel: bytes[1], from: side, trace: trace, into: &sink)
    if !isTaken { reading.unread.count(whole - 4, trace) }
    return .consumed(whole)
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
    reading.isMidLine = false
    // The length of a packet that began before the gap says where the next one begins.
    let rest = max(reading.passing, reading.waiting - gap.abandoned)
    if reading.waiting > 0 { reading.unread.count(reading.waiting - 4, sink.trace) }
    reading.waiting = 0
    reading.passing = max(0, rest - gap.byteCount)
    if rest < gap.byteCount { reading.isSearching = true }
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
      if reading.waiting > 0 { reading.unread.count(reading.waiting - 4, reading.unread.trace) }
      if reading.unread.packets > 0 {
        sink.note(
          Finding(
            .warning, "rtsp/interleaved",
            "Packets between the messages of the connection are not whole, no media, or of more streams than the limit; they are counted only.",
            [
              "packetCount": .integer(reading.unread.packets), "byteCount": .integer(reading.unread.bytes),
            ]), from: side, trace: reading.unread.trace)
      }
      if reading.skipped > 0 {
        sink.note(
          Finding(
            .warning, "rtsp/skippedBytes", "Bytes between messages are no RTSP.",
            ["byteCount": .integer(reading.skipped)]), from: side, trace: reading.skippedTrace)
      }
      if side == .initiator { initiator = Reading() } else { responder = Reading() }
    }
    let unnamed = media.unnamedChannels
    if !unnamed.isEmpty {
      sink.note(
        Finding(
          .warning, "rtsp/unnamedChannel",
          "Media came in channels that no SETUP in the capture names; it is in no call.",
          ["channels": .list(unnamed.map { .integer(Int64($0)) })]), from: .responder, trace: trace)
    }
    media.finish(into: &sink)
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
    for offer in signals.flatMap(\.media) { if let channel = offer.channel { media.channels.insert(channel) } }
    if fields["method"] == nil, let method { fields.set("method", method) }
    try sink.emit("rtsp/message", fields, from: side, trace: trace)
    for signal in signals { sink.signal(signal) }
  }
}
