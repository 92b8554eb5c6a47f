/// A stream of media packets that a decoder indexed, not yet named by any signalling (RFC 3550, 3: one SSRC from one address to another).
public struct MediaStream: Hashable, Sendable {
  /// How sure the index is, without signalling, that these packets are media.
  public enum Verdict: UInt8, Sendable {
    /// Too short or too odd to stand alone; it counts only when signalling names it.
    case candidate
    /// Its own numbering proves it.
    case accepted
  }

  public var source: Endpoint
  public var destination: Endpoint
  /// The synchronisation source (SSRC).
  public var identifier: UInt32
  public var verdict: Verdict
  /// Why, in words.
  public var evidence: String
  public var packetCount: UInt64
  public var payloadBytes: UInt64
  public var firstPacket: PacketPosition
  public var lastPacket: PacketPosition
  public var first: CaptureTime
  public var last: CaptureTime
  /// Where its packets stand in the shard's index; only the host reads it.
  public var indexLocation: UInt64
  /// The decoder that indexed it.
  public var decoder = "rtp"
  /// The tunnels that its packets came through, outermost first; empty without any.
  public var tunnels = ""
  /// Its channel, where it came inside of a connection with others (RFC 2326, 10.12); its packets are stored apart.
  public var channel: UInt8?
  /// The payload types of its packets, a bit each: 0 to 63 and 64 to 127.
  public var payloadTypes: (low: UInt64, high: UInt64) {
    get { (types.low, types.high) }
    set { types = TypeSet(low: newValue.low, high: newValue.high) }
  }
  private var types = TypeSet()
  /// How its packets were counted, by original.
  public private(set) var counts: [Count] = []

  private struct TypeSet: Hashable, Sendable {
    var low: UInt64 = 0
    var high: UInt64 = 0
  }

  public struct Count: Hashable, Sendable {
    public let original: UInt16
    public var sum: LedgerSum

    public init(original: UInt16, sum: LedgerSum) {
      self.original = original
      self.sum = sum
    }
  }

  public init(source: Endpoint, destination: Endpoint, identifier: UInt32) {
    self.source = source
    self.destination = destination
    self.identifier = identifier
    verdict = .candidate
    evidence = ""
    packetCount = 0
    payloadBytes = 0
    firstPacket = PacketPosition(rawValue: 0)
    lastPacket = PacketPosition(rawValue: 0)
    first = .unknown
    last = .unknown
    indexLocation = .max
  }

  /// Notes that a packet of a payload type came.
  public mutating func note(payloadType: UInt8) {
    if payloadType < 64 { types.low |= 1 << UInt64(payloadType) } else { types.high |= 1 << UInt64(payloadType & 63) }
  }

  /// Whether a packet of a payload type came.
  public func holds(payloadType: UInt8) -> Bool {
    (payloadType < 64 ? types.low : types.high) >> UInt64(payloadType & 63) & 1 == 1
  }

  /// Counts packets as the stream's.
  public mutating func count(_ sum: LedgerSum, original: UInt16) {
    if let last = counts.indices.last, counts[last].original == original {
      counts[last].sum += sum
    } else if let place = counts.firstIndex(where: { $0.original == original }) {
      counts[place].sum += sum
    } else {
      counts.append(Count(original: original, sum: sum))
    }
  }
}

/// One packet of a media stream (RFC 3550, 5.1), with the place of its payload in the original.
public struct MediaPacket: Hashable, Sendable {
  public var time: CaptureTime
  public var position: PacketPosition
  /// The payload's offset in the original, or in its expanded form when it was compressed.
  public var payloadOffset: UInt64
  public var payloadLength: UInt16
  /// Which file the payload stands in: the number of its original, unless it was decrypted into a file of its own.
  public var payloadFile: UInt16
  /// Bytes of the RTP header right before the payload; 0 when that is not known or more than 1,020.
  public var headerLength: UInt16
  public var sequence: UInt16
  public var timestamp: UInt32
  public var payloadType: UInt8
  public var marker: Bool

  /// A longer header is told as 0: an index has no room for it.
  public static let maximumHeaderLength = 1_020

  public init(
    time: CaptureTime, position: PacketPosition, payloadOffset: UInt64, payloadLength: UInt16,
    headerLength: UInt16 = 0, sequence: UInt16, timestamp: UInt32, payloadType: UInt8, marker: Bool
  ) {
    self.time = time
    self.position = position
    self.payloadOffset = payloadOffset
    self.payloadLength = payloadLength
    payloadFile = position.original
    self.headerLength = headerLength > Self.maximumHeaderLength ? 0 : headerLength
    self.sequence = sequence
    self.timestamp = timestamp
    self.payloadType = payloadType
    self.marker = marker
  }
}
