import ByteReading
public import EvidenceModel
public import PacketLayers

/// Puts the packets of one slice together into conversations, and TCP segments into streams (RFC 9293, 3.4, 3.10).
///
/// Bytes are delivered in order and once; what came first stays. Missing bytes are reported as a gap of known length when the
/// other side has acknowledged them, when a limit is reached or when the conversation ends.
public final class FlowAssembler {
  let limits: FlowLimits
  let receiver: any ConversationReceiver
  private var conversations: [ConversationKey: Conversation] = [:]
  private var lastKey: ConversationKey?
  private var lastConversation: Conversation?
  var waitingBytes = 0
  var segments: SegmentMemory
  private var latest = CaptureTime.unknown
  private var nextSweep = CaptureTime.unknown
  private var packetsSinceSweep = 0
  /// Open conversations that hardly began.
  private var freshCount = 0
  /// Conversations that gave way because there were too many.
  public private(set) var crowdedOut = 0

  public init(limits: FlowLimits = FlowLimits(), receiver: any ConversationReceiver) {
    self.limits = limits
    segments = SegmentMemory(capacity: limits.rememberedSegments)
    self.receiver = receiver
  }

  public var openCount: Int { conversations.count }

  /// Takes a datagram, segment or packet of chunks; `bytes` is its payload, and `counted` what the packet counts in the ledger.
  ///
  /// Returns what it was and to which conversation it belongs.
  public func take(
    _ view: PacketView, _ bytes: RawSpan, _ packet: PacketContext, checksum: PacketView.ChecksumVerdict = .unknown,
    counted: LedgerSum = LedgerSum(packets: 1)
  ) -> (Reception, Conversation) {
    advance(to: packet.time)
    let source = Endpoint(view.source, port: view.sourcePort)
    let destination = Endpoint(view.destination, port: view.destinationPort)
    let isTCP = view.transport == .tcp
    let (key, sourceIsLower) = ConversationKey.make(
      source, destination, view.transport, network: view.tunnels.network)
    var found: Conversation?
    if key == lastKey { found = lastConversation } else { found = conversations[key] }
    if let old = found, isTCP ? begins(anew: old, view, sourceIsLower) : begins(anew: old, view, bytes) {
      finish(old, key, because: .idle)
      found = nil
    }
    let conversation: Conversation
    if let found {
      conversation = found
    } else {
      conversation = begin(
        key, view, source, destination, sourceIsLower, packet, firstChunk: bytes.byteCount > 0 ? bytes[0] : nil)
    }
    lastKey = key
    lastConversation = conversation
    conversation.lastTime = packet.time.isKnown ? max(packet.time, conversation.lastTime) : conversation.lastTime
    conversation.lastPacket = packet.position
    conversation.packetCount += 1
    if conversation.isFresh, isUnderWay(conversation) { settle(conversation) }
    let side: Side = sourceIsLower == conversation.initiatorIsLower ? .initiator : .responder
    if isTCP { return (segment(view, bytes, from: side, of: conversation, packet), conversation) }
    if view.transport == .sctp {
      return (chunks(view, bytes, from: side, of: conversation, packet, checksum, counted: counted), conversation)
    }
    receiver.datagram(bytes, from: side, of: conversation, packet)
    return (.datagram, conversation)
  }

  /// Ends every conversation: the capture is over.
  public func finishAll() {
    let open = conversations.sorted { $0.value.firstPacket < $1.value.firstPacket }
    for (key, conversation) in open { finish(conversation, key, because: .captureEnd) }
  }

  // MARK: Beginning and end

  private func begin(
    _ key: ConversationKey, _ view: PacketView, _ source: Endpoint, _ destination: Endpoint,
    _ sourceIsLower: Bool, _ packet: PacketContext, firstChunk: UInt8?
  ) -> Conversation {
    if conversations.count >= limits.conversationsPerSlice {
      crowdOut(conversations, limits.conversationsPerSlice / 8)
    } else if freshCount >= limits.freshPerSlice {
      crowdOut(conversations.filter(\.value.isFresh), limits.freshPerSlice / 8)
    }
    // A SYN with ACK is an answer: whoever gets it began.
    let isAnswer =
      view.transport == .tcp && view.flags.contains([.syn, .ack]) || view.transport == .sctp && firstChunk == 2
    let conversation = Conversation(
      Self.transport(view.transport), initiator: isAnswer ? destination : source,
      responder: isAnswer ? source : destination, initiatorIsLower: isAnswer ? !sourceIsLower : sourceIsLower,
      firstPacket: packet.position, at: packet.time.isKnown ? packet.time : latest, tunnels: view.tunnels)
    if view.transport == .tcp {
      conversation.streams = StreamPair()
      conversation.hasBeginning = view.flags.contains(.syn)
    }
    if view.transport == .sctp {
      conversation.association = Association()
      conversation.hasBeginning = firstChunk == 1
    }
    conversations[key] = conversation
    freshCount += 1
    return conversation
  }

  private static func transport(_ transport: PacketView.Transport) -> Conversation.Transport {
    switch transport {
    case .tcp: .tcp
    case .sctp: .sctp
    case .udpLite: .udpLite
    case .udp, .none: .udp
    }
  }

  /// Whether an INIT chunk begins another association; one that is repeated names the same tag (RFC 9260, 5.2).
  private func begins(anew old: Conversation, _ view: PacketView, _ bytes: RawSpan) -> Bool {
    guard let association = old.association, view.verificationTag == 0, bytes.byteCount >= 20, bytes[0] == 1 else {
      return false
    }
    if old.isFinished || old.isReset { return true }
    let tag = (4..<8).reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[$1]) }
    let known =
      view.source == old.initiator.address && view.sourcePort == old.initiator.port
      ? association.responder.tag : association.initiator.tag
    // The other side may begin at the same time.
    return known != nil && known != tag
  }

  /// Whether a segment begins another conversation between the same ports.
  private func begins(anew old: Conversation, _ view: PacketView, _ sourceIsLower: Bool) -> Bool {
    guard let streams = old.streams, old.isFinished || view.flags.contains(.syn) else { return false }
    let isInitiator = sourceIsLower == old.initiatorIsLower
    let stream = isInitiator ? streams.initiator : streams.responder
    if view.flags.contains([.syn, .ack]) {
      // The answer to a SYN that was not captured, unless it repeats what began this conversation.
      return (old.isFinished || stream.isEnded) && !isKnown(stream, view.sequence &+ 1)
    }
    guard view.flags.contains(.syn) else {
      // No handshake was captured: the numbers alone tell.
      return view.payloadCount > 0 && stream.isStarted && abs(stream.distance(to: view.sequence)) > limits.window
    }
    if old.isFinished || old.isReset { return true }
    // Where the other side spoke without a handshake, this one is new; otherwise it is the answer of a simultaneous open.
    guard stream.isStarted else {
      return !old.hasBeginning && (isInitiator ? streams.responder : streams.initiator).isStarted
    }
    // A repeated SYN has the number just before the stream's first byte.
    return !isKnown(stream, view.sequence &+ 1)
  }

  /// Whether a stream has passed a place not long ago, or stands there.
  private func isKnown(_ stream: StreamState, _ sequence: UInt32) -> Bool {
    let distance = stream.distance(to: sequence)
    return stream.isStarted && distance <= 0 && -distance <= limits.window
  }

  func finish(_ conversation: Conversation, _ key: ConversationKey, because end: StreamEnd) {
    conversations[key] = nil
    if conversation.isFresh { settle(conversation) }
    if lastKey == key {
      lastKey = nil
      lastConversation = nil
    }
    conclude(conversation, because: end)
  }

  /// Delivers what waits, with its gaps, and lets the receiver finish; the conversation stays known for late packets.
  func conclude(_ conversation: Conversation, because end: StreamEnd) {
    guard !conversation.isFinished else { return }
    conversation.isFinished = true
    let end = conversation.isReset ? .reset : end
    if let streams = conversation.streams {
      flush(&streams.initiator, .initiator, conversation, because: end)
      flush(&streams.responder, .responder, conversation, because: end)
    }
    if let association = conversation.association {
      flush(&association.initiator, .initiator, conversation)
      flush(&association.responder, .responder, conversation)
    }
    receiver.finish(conversation, because: end)
  }

  // MARK: Time

  private func advance(to time: CaptureTime) {
    packetsSinceSweep += 1
    guard time.isKnown else { return }
    if !latest.isKnown || time > latest { latest = time }
    if conversations.count == limits.crowdedConversations, nextSweep.isKnown {
      nextSweep = min(nextSweep, after(latest, seconds: 1))
    }
    if !nextSweep.isKnown {
      nextSweep = after(latest, seconds: 10)
    } else if latest >= nextSweep, packetsSinceSweep > 64 + conversations.count / 4 {
      sweep()
      nextSweep = after(latest, seconds: isCrowded ? 1 : 10)
      packetsSinceSweep = 0
    }
  }

  private func after(_ time: CaptureTime, seconds: Int64) -> CaptureTime {
    let (sum, overflow) = time.nanoseconds.addingReportingOverflow(seconds * 1_000_000_000)
    return CaptureTime(nanoseconds: overflow ? .max : sum)
  }

  private func sweep() {
    let expired = conversations.filter { after($0.value.lastTime, seconds: idleSeconds($0.value)) < latest }
    for (key, conversation) in expired.sorted(by: { $0.value.firstPacket < $1.value.firstPacket }) {
      finish(conversation, key, because: .idle)
    }
  }

  private func idleSeconds(_ conversation: Conversation) -> Int64 {
    let most = isCrowded ? limits.idleCrowded : .max
    if conversation.association != nil {
      return conversation.isFinished || conversation.isReset ? min(limits.idleEndedTCP, most) : limits.idleTCP
    }
    guard let streams = conversation.streams else {
      return conversation.packetCount >= limits.packetsForLongUDP ? limits.idleLongUDP : min(limits.idleShortUDP, most)
    }
    if conversation.isFinished || conversation.isReset { return min(limits.idleEndedTCP, most) }
    if !streams.initiator.isStarted || !streams.responder.isStarted { return min(limits.idleUnansweredTCP, most) }
    return limits.idleTCP
  }

  private var isCrowded: Bool { conversations.count >= limits.crowdedConversations }

  private func isUnderWay(_ conversation: Conversation) -> Bool {
    guard let streams = conversation.streams else { return conversation.packetCount >= limits.packetsForLongUDP }
    return streams.initiator.isStarted && streams.responder.isStarted
  }

  private func settle(_ conversation: Conversation) {
    conversation.isFresh = false
    freshCount -= 1
  }

  /// Makes room: those conversations that have been silent longest are over.
  private func crowdOut(_ candidates: [ConversationKey: Conversation], _ count: Int) {
    let all = candidates.sorted {
      ($0.value.lastTime, $0.value.firstPacket) < ($1.value.lastTime, $1.value.firstPacket)
    }
    for (key, conversation) in all.prefix(max(1, count)) {
      crowdedOut += 1
      finish(conversation, key, because: .idle)
    }
  }
}

/// The two endpoints, the lower one first, the transport, and the network that they belong to where a tunnel names it.
struct ConversationKey: Hashable {
  let lower: Endpoint
  let higher: Endpoint
  let transport: PacketView.Transport
  let network: UInt64

  @inline(__always)
  static func make(
    _ source: Endpoint, _ destination: Endpoint, _ transport: PacketView.Transport, network: UInt64 = 0
  ) -> (ConversationKey, Bool) {
    let one = source.address.words
    let two = destination.address.words
    let isLower =
      one.0 != two.0 ? one.0 < two.0 : one.1 != two.1 ? one.1 < two.1 : source.port <= destination.port
    return isLower
      ? (ConversationKey(lower: source, higher: destination, transport: transport, network: network), true)
      : (ConversationKey(lower: destination, higher: source, transport: transport, network: network), false)
  }
}
