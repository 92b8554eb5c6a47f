public import DecoderKit

/// The messages between two endpoints.
public struct SIPSession: DecodingSession {
  /// The largest body that is read.
  static let maximumBody = 1 << 20
  static let maximumRemembered = 2_048
  static let maximumCalls = 4_096
  /// Bytes looked through for the next message after a gap.
  static let maximumSearch = 1 << 20

  private let isDatagram: Bool
  private var seen: Set<[UInt8]> = []
  private var seenOrder: [[UInt8]] = []
  /// The tag of the side that began each call, by Call-ID.
  private var callers: [[UInt8]: [UInt8]] = [:]
  private var isSearching: [Side: Bool] = [:]

  init(isDatagram: Bool) { self.isDatagram = isDatagram }

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    if isDatagram {
      guard let head = try MessageHead(bytes) else { return try takeHeadOnly(bytes, side, &sink) }
      let body = bytes.extracting(head.byteCount..<bytes.byteCount)
      let message = try SIPMessage(head)
      let length = min(message.contentLength ?? body.byteCount, body.byteCount)
      if let announced = message.contentLength, announced > body.byteCount {
        sink.note(
          Finding(
            .warning, "sip/bodyCut", "A message announces \(announced) bytes of body and has \(body.byteCount).",
            ["announced": .integer(Int64(announced))]), from: side, trace: sink.trace)
      }
      try take(message, body.extracting(first: length), side, sink.trace, &sink)
      return .consumed(bytes.byteCount)
    }
    return try decodeStream(bytes, side, &sink)
  }

  /// A datagram that ends inside its head: the head is read as far as it goes.
  private mutating func takeHeadOnly(
    _ bytes: RawSpan, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    let closed = bytes.array() + [0x0d, 0x0a, 0x0d, 0x0a]
    // Safe: the view ends before `closed` does.
    guard let head = try unsafe MessageHead(closed.span.bytes) else {
      throw ReadError(.truncated, at: bytes.byteCount, reading: "message head")
    }
    sink.note(
      Finding(.warning, "sip/headCut", "A message ends inside its head.", [:]), from: side, trace: sink.trace)
    try take(SIPMessage(head), RawSpan(), side, sink.trace, &sink)
    return .consumed(bytes.byteCount)
  }

  private mutating func decodeStream(
    _ bytes: RawSpan, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    // Keep-alives are empty lines between messages (RFC 5626, 4.4.1).
    var start = 0
    while start < bytes.byteCount, bytes[start] == 0x0d || bytes[start] == 0x0a { start += 1 }
    if start > 0 { return .consumed(start) }
    if isSearching[side] == true { return search(bytes, side) }
    guard let head = try MessageHead(bytes) else { return .needs(more: 1) }
    let message = try SIPMessage(head)
    // Over a stream, Content-Length is needed (RFC 3261, 18.3); without it there is no body.
    let length = message.contentLength ?? 0
    guard length <= Self.maximumBody else { throw ReadError(.limitExceeded, at: head.byteCount, reading: "body") }
    let whole = head.byteCount + length
    guard bytes.byteCount >= whole else { return .needs(more: whole - bytes.byteCount) }
    try take(message, bytes.extracting(head.byteCount..<whole), side, sink.trace(of: 0..<whole), &sink)
    return .consumed(whole)
  }

  /// Looks for the next line that begins a message.
  private mutating func search(_ bytes: RawSpan, _ side: Side) -> DecodingProgress {
    var offset = 0
    while offset < bytes.byteCount {
      let rest = bytes.extracting(offset..<bytes.byteCount)
      let claim: Claim = rest.starts(with: "SIP/2.0 ") ? .content : StartLine.claim(rest)
      if claim == .content {
        isSearching[side] = false
        return offset > 0 ? .consumed(offset) : .needs(more: 1)
      }
      guard let end = bytes.firstOffset(of: 0x0a, from: offset) else {
        return bytes.byteCount - offset > Self.maximumSearch || offset > 0
          ? .consumed(max(offset, 1)) : .needs(more: 1)
      }
      offset += end + 1
    }
    return .consumed(bytes.byteCount)
  }

  public mutating func skip(
    _ gap: StreamGap, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) { isSearching[side] = true }

  // MARK: One message

  private mutating func take(
    _ message: SIPMessage, _ body: RawSpan, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let isRetransmission = !remember(message.fingerprint + [side == .initiator ? 1 : 2])
    var fields = message.fields
    fields.set("isRetransmission", isRetransmission)
    let sender = sink.carrier.endpoint(of: side) ?? Endpoint(InternetAddress(version4: 0), port: 0)
    var description: SessionDescription?
    if body.byteCount > 0 {
      description = try takeBody(message, body, side, sender, trace, &fields, &sink)
    }
    try sink.emit("sip/message", fields, from: side, trace: trace)
    if !isRetransmission {
      for step in steps(message, hasMedia: description?.media.isEmpty == false) {
        signal(step, message, description, side, sender, trace, &sink)
      }
    }
  }

  /// Whether a message is new; the oldest is forgotten when there are too many.
  private mutating func remember(_ fingerprint: [UInt8]) -> Bool {
    guard seen.insert(fingerprint).inserted else { return false }
    seenOrder.append(fingerprint)
    if seenOrder.count > Self.maximumRemembered {
      for old in seenOrder.prefix(Self.maximumRemembered / 2) { seen.remove(old) }
      seenOrder.removeFirst(Self.maximumRemembered / 2)
    }
    return true
  }

  private func takeBody(
    _ message: SIPMessage, _ body: RawSpan, _ side: Side, _ sender: Endpoint, _ trace: Trace,
    _ fields: inout Fields, _ sink: inout EvidenceSink
  ) throws(ReadError) -> SessionDescription? {
    let (type, parameters) = message.contentType
    if !type.isEmpty { fields.set("mediaType", type) }
    if type == "application/sdp" {
      return describe(body.array(), sender, side, trace, &fields, &sink)
    }
    if type == "text/plain" { fields.set("text", wire: body.array()) }
    let content = ContentDescription(role: "sip body", mediaType: type, parameters: parameters)
    let handle = try sink.open(content, from: side)
    sink.append(body, to: handle)
    if let stored = sink.close(handle, isWhole: true) { fields.set("bodySha256", stored.hash.hex) }
    guard type.hasPrefix("multipart/"), let part = Self.sessionPart(of: body.array()) else { return nil }
    return describe(part, sender, side, trace, &fields, &sink)
  }

  private func describe(
    _ text: [UInt8], _ sender: Endpoint, _ side: Side, _ trace: Trace, _ fields: inout Fields,
    _ sink: inout EvidenceSink
  ) -> SessionDescription {
    let description = SessionDescription(text, sender: sender)
    fields.set("sdp", description.value)
    for host in description.namedHosts {
      sink.note(
        Finding(
          .notice, "sip/namedMediaHost",
          "A session description names its host by name; the sender's address stands in for it.",
          ["host": .text(host)]), from: side, trace: trace)
    }
    return description
  }

  /// The first part of a multipart body that declares a session description.
  ///
  /// The boundary is taken from the body's own first line, which RFC 2046, 5.1.1 makes the same as the declared one.
  static func sessionPart(of body: [UInt8]) -> [UInt8]? {
    guard let start = body.firstRange(of: [0x2d, 0x2d])?.lowerBound else { return nil }
    let boundary = Array(body[start...].prefix { $0 != 0x0d && $0 != 0x0a })
    guard boundary.count > 2, boundary.count <= 74 else { return nil }
    for part in body.split(separator: boundary).prefix(64) {
      let bytes = Array(part.drop { $0 == 0x0d || $0 == 0x0a })
      // Safe: the view ends before `bytes` does.
      guard let head = try? unsafe MessageHead(bytes.span.bytes, hasStartLine: false) else { continue }
      let type = (head.first("Content-Type") ?? head.first("c") ?? []).asciiLowercased
      if type.starts(with: Array("application/sdp".utf8)) { return Array(bytes.dropFirst(head.byteCount)) }
    }
    return nil
  }

  // MARK: Calls

  /// What a message is to its call; ACK and UPDATE count only when they bring media (RFC 3264; RFC 3311).
  private func steps(_ message: SIPMessage, hasMedia: Bool) -> [CallSignal.Step] {
    switch message.start {
    case .request(let method, _):
      if method.elementsEqual("INVITE".utf8) { return [.invited] }
      if method.elementsEqual("CANCEL".utf8) { return [.cancelled] }
      if method.elementsEqual("BYE".utf8) { return [.ended] }
      if hasMedia, method.elementsEqual("UPDATE".utf8) { return [.invited] }
      if hasMedia, method.elementsEqual("ACK".utf8) { return [.answered] }
      return []
    case .response(let status, _):
      let isUpdate = message.sequenceMethod.elementsEqual("UPDATE".utf8)
      if isUpdate, hasMedia, (200...299).contains(status) { return [.answered] }
      guard message.sequenceMethod.elementsEqual("INVITE".utf8) else { return [] }
      switch status {
      case 100: return [.proceeding]
      case 180, 182: return hasMedia ? [.ringing, .earlyMedia] : [.ringing]
      case 101...199: return hasMedia ? [.earlyMedia] : [.proceeding]
      case 200...299: return [.answered]
      default: return [.rejected]
      }
    }
  }

  private mutating func signal(
    _ step: CallSignal.Step, _ message: SIPMessage, _ description: SessionDescription?, _ side: Side,
    _ sender: Endpoint, _ trace: Trace, _ sink: inout EvidenceSink
  ) {
    let isRequest: Bool
    if case .request = message.start { isRequest = true } else { isRequest = false }
    if callers[message.callID] == nil, callers.count < Self.maximumCalls {
      callers[message.callID] = message.from.tag
    }
    // From stays the requester's in the response too; within a call either side may request.
    let fromIsCaller = (callers[message.callID] ?? message.from.tag) == message.from.tag
    let (caller, called) = fromIsCaller ? (message.from, message.to) : (message.to, message.from)
    let receiver = sink.carrier.endpoint(of: side.other) ?? sender
    var signal = CallSignal(
      signalling: "sip", callID: String(decoding: message.callID, as: UTF8.self), step: step,
      transaction: message.sequence, isFromCaller: isRequest == fromIsCaller, source: sender, destination: receiver,
      trace: trace)
    signal.callerTag = String(decoding: caller.tag, as: UTF8.self)
    signal.calledTag = String(decoding: called.tag, as: UTF8.self)
    signal.caller = String(decoding: caller.uri, as: UTF8.self)
    signal.callerName = String(decoding: caller.name, as: UTF8.self)
    signal.called = String(decoding: called.uri, as: UTF8.self)
    signal.calledName = String(decoding: called.name, as: UTF8.self)
    if case .response(let status, let reason) = message.start {
      signal.statusCode = status
      signal.reason = String(decoding: reason, as: UTF8.self)
    }
    if step != .ringing || description?.media.isEmpty == false { signal.media = description?.media ?? [] }
    sink.signal(signal)
  }
}
