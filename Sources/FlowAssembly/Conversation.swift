public import EvidenceModel
public import PacketLayers

/// What passes between two endpoints over one transport, in both directions.
public final class Conversation {
  public enum Transport: UInt8, Sendable {
    case udp = 17
    case tcp = 6
    case sctp = 132
    case udpLite = 136
  }

  public let transport: Transport
  /// The side that began: it sent the first SYN, or else the first packet.
  public let initiator: Endpoint
  public let responder: Endpoint
  /// The packet with which it began; it names the conversation within a run.
  public let firstPacket: PacketPosition
  /// The tunnels that its first packet came through.
  public let tunnels: TunnelPath
  public internal(set) var lastTime: CaptureTime
  public internal(set) var lastPacket: PacketPosition
  public internal(set) var packetCount: UInt64 = 0
  /// Whether its beginning was captured (a SYN).
  public internal(set) var hasBeginning = false
  /// What the receiver keeps with it; the assembler does not look at it.
  public var attachment: AnyObject?

  var streams: StreamPair?
  var association: Association?
  var isFinished = false
  /// It hardly began: whoever floods a network with forged senders makes many of these.
  var isFresh = true
  /// A credible RST came; what comes behind it is still delivered, for a while.
  var isReset = false
  let initiatorIsLower: Bool

  init(
    _ transport: Transport, initiator: Endpoint, responder: Endpoint, initiatorIsLower: Bool,
    firstPacket: PacketPosition, at time: CaptureTime, tunnels: TunnelPath
  ) {
    self.transport = transport
    self.initiator = initiator
    self.responder = responder
    self.initiatorIsLower = initiatorIsLower
    self.firstPacket = firstPacket
    self.tunnels = tunnels
    lastTime = time
    lastPacket = firstPacket
  }

  public func endpoint(_ side: Side) -> Endpoint { side == .initiator ? initiator : responder }
}

/// The two streams of a TCP conversation.
final class StreamPair {
  var initiator = StreamState()
  var responder = StreamState()
}

/// Takes what the assembler makes of packets.
public protocol ConversationReceiver: AnyObject {
  /// A datagram, in the order of the capture.
  func datagram(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext)
  /// The next bytes of a stream.
  func bytes(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext)
  /// Bytes of a stream that the capture lacks.
  func gap(_ byteCount: Int, from side: Side, of conversation: Conversation, _ packet: PacketContext)
  /// Bytes come that the stream delivered before; their first version stands at `first`, in an original or in fragments.
  ///
  /// Says what comparing both brought: `same`, `different` or `notCompared`.
  func repeated(
    _ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext, first: PacketContext
  ) -> Repetition
  /// Bytes differ from those that came first for the same place of the stream, which were or will be used.
  func conflict(
    _ first: RawSpan, _ firstPacket: PacketContext, with other: RawSpan, _ packet: PacketContext, from side: Side,
    of conversation: Conversation)
  /// Bytes come that the stream passed over as missing.
  func late(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext)
  /// A message of an SCTP association with its payload protocol identifier; `parts` says which packets brought it.
  func message(
    _ bytes: RawSpan, _ identifier: UInt32, from side: Side, of conversation: Conversation, _ parts: [MessagePart])
  /// Pieces of a message whose others are missing.
  func incompleteMessage(_ parts: [MessagePart], from side: Side, of conversation: Conversation)
  /// Chunks of an SCTP association that the capture lacks.
  func chunkGap(_ count: Int, from side: Side, of conversation: Conversation, _ packet: PacketContext)
  /// An association had packets with a wrong checksum; `leftOut` of them were not used.
  func wrongChecksums(
    _ count: UInt64, _ leftOut: UInt64, from side: Side, of conversation: Conversation, _ first: PacketContext)
  /// One side sends no more.
  func end(_ end: StreamEnd, of side: Side, _ conversation: Conversation, _ packet: PacketContext)
  /// Nothing more comes; the conversation is forgotten after this.
  func finish(_ conversation: Conversation, because end: StreamEnd)
}

extension ConversationReceiver {
  public func repeated(
    _ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext, first: PacketContext
  ) -> Repetition { .notCompared }
  public func conflict(
    _ first: RawSpan, _ firstPacket: PacketContext, with other: RawSpan, _ packet: PacketContext, from side: Side,
    of conversation: Conversation
  ) {}
  public func late(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext) {}
  public func message(
    _ bytes: RawSpan, _ identifier: UInt32, from side: Side, of conversation: Conversation, _ parts: [MessagePart]
  ) {}
  public func incompleteMessage(_ parts: [MessagePart], from side: Side, of conversation: Conversation) {}
  public func chunkGap(_ count: Int, from side: Side, of conversation: Conversation, _ packet: PacketContext) {}
  public func wrongChecksums(
    _ count: UInt64, _ leftOut: UInt64, from side: Side, of conversation: Conversation, _ first: PacketContext
  ) {}
}

/// What a packet was to its conversation, for the ledger.
public enum Reception: Hashable, Sendable {
  /// All bytes were seen before, and are the same.
  public static let retransmission = Reception.repetition(.same)

  case datagram
  /// At least one chunk not seen before; it is counted with its message, and `rest` is what no message counts.
  case message(rest: LedgerSum)
  /// A chunk of a kind that is not read.
  case unreadChunk(UInt8)
  /// The checksum is wrong, and right ones came before: its receiver discarded it, too.
  case wrongChecksum
  /// A segment with `byteCount` bytes not seen before.
  case newBytes(Int)
  /// Nothing new: all bytes were delivered, or passed over, before.
  case repetition(Repetition)
  case noPayload
  /// Its numbers are far from all others of the stream; nothing was made of it.
  case outOfWindow
  /// Bytes that came after the end (FIN) of their side, or of the conversation.
  case afterEnd
}
