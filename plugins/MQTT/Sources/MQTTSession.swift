public import DecoderKit

/// Reads both sides of a connection.
public struct MQTTSession: DecodingSession {
  /// A packet that is read as a whole, and what precedes a payload; of longer ones only the kind is known.
  static let maximumPacket = 1 << 20
  /// Bytes of a topic by which a message is found behind missing bytes.
  static let maximumSoughtTopic = 256

  private let carrier: DecodingContext.Carrier
  var client: Side?
  var connection = Connection()
  var subscriptions = Subscriptions()
  var transcript: Transcript?
  var trace = Trace()
  var messageCount = 0
  var packetCount = 0
  var isComplete = true
  var ending: (side: Side, status: UInt8?, properties: PacketProperties)?
  private var initiator = SideState()
  private var responder = SideState()
  private var malformedCount = 0
  private var unreadByteCount = 0
  var isVersionNoted = false
  /// Bytes that wait for the rest of their packet.
  private var waiting: [Side: Int] = [:]

  struct SideState {
    var publication: Publication?
    /// Bytes of a packet that are passed over.
    var passing = 0
    /// The next packet's beginning is not known.
    var isLost = false
    var aliases = TopicAliases()
    var hasUnknownAlias = false
  }

  init(_ carrier: DecodingContext.Carrier) {
    self.carrier = carrier
    let ports = (carrier.endpoint(of: .initiator)?.port, carrier.endpoint(of: .responder)?.port)
    if (ports.0 == 1_883) != (ports.1 == 1_883) { client = ports.0 == 1_883 ? .responder : .initiator }
  }

  var clientSide: Side { client ?? .initiator }

  func state(_ side: Side) -> SideState { side == .initiator ? initiator : responder }

  mutating func with<Result>(_ side: Side, _ body: (inout SideState) -> Result) -> Result {
    side == .initiator ? body(&initiator) : body(&responder)
  }

  // MARK: Packets

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    let progress = try read(bytes, side, &sink)
    if case .needs = progress { waiting[side] = bytes.byteCount } else { waiting[side] = 0 }
    return progress
  }

  private mutating func read(
    _ bytes: RawSpan, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    guard bytes.byteCount > 0 else { return .consumed(0) }
    if trace.isEmpty { trace = sink.trace }
    let state = state(side)
    if state.passing > 0 {
      let count = min(state.passing, bytes.byteCount)
      with(side) { $0.passing -= count }
      return .consumed(count)
    }
    if state.publication != nil { return .consumed(try takePayload(bytes, side, &sink)) }
    if state.isLost, let progress = seek(bytes, side) { return progress }
    switch PacketHeader.read(bytes) {
    case .needsMore: return .needs(more: 1)
    case .malformed:
      lose(side, sink.trace(of: 0..<1), &sink)
      return .consumed(1)
    case .header(let header):
      guard header.hasOrderlyFlags || header.kind == .publish && header.qualityOfService < 3 else {
        guard header.length <= Self.maximumPacket else {
          lose(side, sink.trace(of: 0..<1), &sink)
          return .consumed(1)
        }
        // Its length may be right where its flags are not.
        begin(header, side)
        noteMalformed(header.kind.name, side, sink.trace(of: 0..<1), &sink)
        unreadByteCount += header.length
        with(side) { $0.passing = header.length }
        return .consumed(header.headerLength)
      }
      return try take(header, bytes, side, &sink)
    }
  }

  private mutating func take(
    _ header: PacketHeader, _ bytes: RawSpan, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    let whole = header.headerLength + header.length
    if header.kind != .publish {
      guard header.length <= Self.maximumPacket else { return pass(header, side, sink.trace(of: 0..<1), &sink) }
      guard bytes.byteCount >= whole else { return .needs(more: whole - bytes.byteCount) }
      begin(header, side)
      let trace = sink.trace(of: 0..<whole)
      // What only the other side may send is neither a request nor an answer.
      if let isClients = header.kind.isClients, header.kind != .connect, isClients != (side == clientSide) {
        noteMalformed(header.kind.name, side, trace, &sink)
        unreadByteCount += whole
        return .consumed(whole)
      }
      var reader = ByteReader(bytes)
      try reader.skip(header.headerLength, "header")
      do throws(ReadError) {
        try takeBody(header, try reader.take(header.length, "body"), side, trace, &sink)
      } catch let error where error.code != .limitExceeded {
        noteMalformed(header.kind.name, side, trace, &sink)
      }
      return .consumed(whole)
    }
    let shown = bytes.extracting(header.headerLength..<min(whole, bytes.byteCount))
    let start: Publication.Start
    do throws(ReadError) {
      start = try Publication.start(header, shown, hasProperties: connection.hasProperties)
    } catch {
      if shown.byteCount < header.length, error.code == .truncated {
        guard shown.byteCount <= Self.maximumPacket else { return pass(header, side, sink.trace(of: 0..<1), &sink) }
        return .needs(more: 1)
      }
      guard shown.byteCount == header.length else {
        // More bytes do not mend it.
        guard header.length <= Self.maximumPacket else {
          lose(side, sink.trace(of: 0..<1), &sink)
          return .consumed(1)
        }
        begin(header, side)
        noteMalformed(header.kind.name, side, sink.trace(of: 0..<bytes.byteCount), &sink)
        unreadByteCount += header.length
        with(side) { $0.passing = header.length }
        return .consumed(header.headerLength)
      }
      begin(header, side)
      noteMalformed(header.kind.name, side, sink.trace(of: 0..<whole), &sink)
      return .consumed(whole)
    }
    begin(header, side)
    let count = header.headerLength + start.length
    try takeStart(start, header, side, sink.trace(of: 0..<count), &sink)
    return .consumed(count)
  }

  private mutating func begin(_ header: PacketHeader, _ side: Side) {
    packetCount += 1
    if client == nil { client = header.kind.isClients.map { $0 ? side : side.other } }
    if transcript == nil { transcript = Transcript(role: "mqtt transcript", client: clientSide) }
  }

  private mutating func pass(
    _ header: PacketHeader, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) -> DecodingProgress {
    begin(header, side)
    isComplete = false
    unreadByteCount += header.length
    with(side) { $0.passing = header.length }
    sink.note(
      Finding(
        .warning, "mqtt/packetLimit", "A packet is longer than the limit; it is passed over.",
        ["byteCount": .integer(Int64(header.length)), "limit": .integer(Int64(Self.maximumPacket))]), from: side,
      trace: trace)
    return .consumed(header.headerLength)
  }

  private mutating func noteMalformed(_ name: String, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink) {
    malformedCount += 1
    isComplete = false
    guard malformedCount == 1 else { return }
    sink.note(
      Finding(
        .warning, "mqtt/malformed", "A packet has not the form of its kind; further ones are counted only.",
        ["name": .text(name)]), from: side, trace: trace)
  }

  // MARK: Behind missing bytes

  private mutating func lose(_ side: Side, _ trace: Trace, _ sink: inout EvidenceSink) {
    noteMalformed("header", side, trace, &sink)
    unreadByteCount += 1
    with(side) { $0.isLost = true }
  }

  /// Finds the next message, all other packets being too short to be told from other bytes; nil when one begins here.
  private mutating func seek(_ bytes: RawSpan, _ side: Side) -> DecodingProgress? {
    var passed = 0
    // Each turn passes over a byte.
    while passed < bytes.byteCount {
      let rest = bytes.extracting(passed..<bytes.byteCount)
      switch Self.isBeginning(rest) {
      case true?:
        with(side) { $0.isLost = false }
        unreadByteCount += passed
        return passed > 0 ? .consumed(passed) : nil
      case false?: passed += 1
      case nil:
        unreadByteCount += passed
        return passed > 0 ? .consumed(passed) : .needs(more: 1)
      }
    }
    unreadByteCount += passed
    return .consumed(passed)
  }

  /// Whether a message begins here, by a topic of printable text; nil when more bytes are needed to tell.
  private static func isBeginning(_ bytes: RawSpan) -> Bool? {
    guard bytes[0] >> 4 == PacketHeader.Kind.publish.rawValue else { return false }
    guard case .header(let header) = PacketHeader.read(bytes) else {
      if case .needsMore = PacketHeader.read(bytes) { return nil }
      return false
    }
    guard header.hasOrderlyFlags else { return false }
    var reader = ByteReader(bytes)
    guard (try? reader.skip(header.headerLength, "header")) != nil, let count: UInt16 = try? reader.read("length")
    else {
      return nil
    }
    guard (1...maximumSoughtTopic).contains(Int(count)), Int(count) + 2 <= header.length else { return false }
    guard let topic = try? reader.take(Int(count), "topic").array() else { return nil }
    return topic.allSatisfy { $0 >= 0x20 && $0 != 0x7f && $0 != 0x23 && $0 != 0x2b }
      && String(validating: topic, as: UTF8.self) != nil
  }

  public mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
    isComplete = false
    waiting[side] = 0
    unreadByteCount += gap.abandoned
    let trace = sink.trace
    let state = state(side)
    if let publication = state.publication, let handle = publication.handle {
      let count = min(gap.byteCount, publication.remaining)
      sink.skip(count, in: handle)
      with(side) {
        $0.publication?.hasGap = true
        $0.publication?.remaining -= count
        $0.isLost = gap.byteCount > count
      }
      if count == publication.remaining { try endPublication(side, isEnded: true, &sink) }
    } else if state.passing > 0 {
      let count = min(gap.byteCount, state.passing)
      with(side) {
        $0.passing -= count
        $0.isLost = gap.byteCount > count
      }
    } else {
      with(side) { $0.isLost = true }
    }
    try transcript?.skip(gap.byteCount, from: side, trace: trace, into: &sink)
  }

  // MARK: The end

  public mutating func finish(into sink: inout EvidenceSink) {
    // The records' limit is the only error; the host has noted it.
    try? finishAll(&sink)
  }

  private mutating func finishAll(_ sink: inout EvidenceSink) throws(ReadError) {
    // Limits on records must not leave anything open.
    var failure: ReadError?
    for side in [Side.initiator, .responder] {
      if let count = waiting[side], count > 0 {
        noteMalformed("end", side, trace, &sink)
        unreadByteCount += count
      }
      do throws(ReadError) { try endPublication(side, isEnded: false, &sink) } catch { failure = error }
    }
    let stored = transcript?.close(into: &sink)
    if let failure { throw failure }
    for request in subscriptions.takeAll() { try write(request, &sink) }
    guard !trace.isEmpty else { return }
    var fields = Fields()
    connection.place(in: &fields)
    fields.set("packetCount", packetCount)
    fields.set("messageCount", messageCount)
    if malformedCount > 0 { fields.set("malformedCount", malformedCount) }
    if unreadByteCount > 0 { fields.set("unreadByteCount", unreadByteCount) }
    if let ending {
      fields.set("endedBy", ending.side == clientSide ? "client" : "server")
      if let status = ending.status {
        fields.set("endStatus", status)
        if let reason = ReasonCode.name(status, of: .disconnect) { fields.set("endReason", reason) }
      }
    }
    fields.set("isComplete", isComplete && !sink.isBroken)
    if let stored {
      fields.set("transcriptSha256", stored.hash.hex)
      trace.formUnion(stored.trace)
    }
    try sink.emit("mqtt/session", fields, from: clientSide, trace: trace)
  }
}
