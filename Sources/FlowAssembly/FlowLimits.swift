/// The bounds of assembly; all belong to one slice, so that the number of workers changes nothing.
public struct FlowLimits: Hashable, Sendable {
  /// Bytes of one stream that wait for missing ones before a gap is declared.
  public var waitingBytesPerStream = 1 << 20
  /// The same over all streams of a slice.
  public var waitingBytesPerSlice = 8 << 20
  /// Segments of one stream that wait.
  public var waitingSegmentsPerStream = 4_096
  /// Segments of a slice, delivered last, that repetitions are compared with.
  public var rememberedSegments = 4_096
  /// Segments of one stream that are looked through to find what a repetition repeats.
  public var comparedSegments = 1_024
  /// Conversations of a slice that are open at once; the one that has been silent longest gives way.
  public var conversationsPerSlice = 16_384
  /// Those among them that hardly began: UDP before `packetsForLongUDP` packets, TCP without an answer.
  public var freshPerSlice = 768
  /// Open conversations of a slice from which on those that hardly began, or have ended, are over after `idleCrowded`.
  public var crowdedConversations = 512
  /// How far ahead of its stream a segment may be, in bytes, before it counts as stray.
  public var window = 16 << 20
  /// The same of an SCTP association, in chunks.
  public var chunkWindow = 65_536
  /// Bytes of an SCTP message that comes in pieces.
  public var messageBytes = 4 << 20
  /// Stray segments in a row that show that the stream went on there.
  public var straysToFollow = 3
  /// Packets to wait, once the other side has acknowledged missing bytes, before they count as missing from the capture.
  public var packetsAfterAcknowledgement = 64
  /// Seconds of capture time without a packet after which a conversation is over.
  public var idleShortUDP: Int64 = 60
  public var idleLongUDP: Int64 = 600
  public var idleUnansweredTCP: Int64 = 120
  public var idleTCP: Int64 = 3_600
  public var idleEndedTCP: Int64 = 30
  /// In a crowded slice: UDP conversations that are not long, TCP ones without an answer or at their end.
  public var idleCrowded: Int64 = 5
  /// UDP conversations with at least this many packets get the long idle time.
  public var packetsForLongUDP = 8

  public init() {}
}
