public import EvidenceModel

/// A page as it was sent, coded, with what is missing of it.
public struct FaxPage: Sendable {
  public struct Gap: Hashable, Sendable {
    /// Bytes of the page before it.
    public let offset: Int
    /// Packets of T.38, or frames of error correction, that are missing there.
    public var count: Int64
  }

  /// The side that sent it.
  public let side: Int
  /// Nil when the message that tells it was not captured.
  public let format: FaxFormat?
  public internal(set) var bytes: [UInt8] = []
  public internal(set) var gaps: [Gap] = []
  /// The message behind it (`MPS`, `EOP`, `EOM` …), and the answer to that (`MCF`, `RTN` …); nil when none was captured.
  public internal(set) var endedBy: String?
  public internal(set) var answer: String?
  /// Frames of error correction that were sent again.
  public internal(set) var repeatedFrames: Int64 = 0
  public internal(set) var isOverLimit = false
  public internal(set) var packets = PacketSet()
  public internal(set) var first = CaptureTime.unknown
  public internal(set) var last = CaptureTime.unknown

  /// Coded bytes of a page, and gaps of it.
  public static let maximumBytes = 1 << 24
  public static let maximumGaps = 10_000

  init(side: Int, format: FaxFormat?) {
    self.side = side
    self.format = format
  }

  mutating func append(_ more: [UInt8]) {
    guard bytes.count + more.count <= Self.maximumBytes else {
      isOverLimit = true
      return
    }
    bytes += more
  }

  mutating func addGap(_ count: Int64) {
    if let last = gaps.indices.last, gaps[last].offset == bytes.count || gaps.count >= Self.maximumGaps {
      gaps[last].count += count
    } else {
      gaps.append(Gap(offset: bytes.count, count: count))
    }
  }

  mutating func note(_ packet: MediaPacket) {
    packets.insert(packet.position)
    if !first.isKnown { first = packet.time }
    last = packet.time
  }
}
