public import EvidenceModel

/// One frame of a stream, as its packets bring it.
public struct VideoFrame: Sendable {
  public enum State: String, Sendable {
    /// Whole; the frames before it back to a key frame are so, too.
    case kept
    /// Whole and in the file, but what it builds on may be missing: its picture may show what was never sent.
    case unsure
    /// Not in the file; `reason` says why.
    case leftOut
  }

  public enum Reason: String, Sendable, CaseIterable {
    /// Packets of it are missing, or may be.
    case packetsMissing
    /// A payload contradicts its format.
    case malformed
    /// A payload could not be read from the original.
    case unreadable
    /// It is larger than a frame may be.
    case tooLarge
    /// No key frame was captured before it, so that nothing can decode it.
    case beforeKeyFrame
    /// It stands farther from the first one than the file may reach.
    case tooLong
  }

  public internal(set) var state: State
  public internal(set) var reason: Reason?
  public let isKey: Bool
  /// Units of 90,000 hertz from the stream's first packet.
  public let position: Int64
  /// Its RTP timestamp.
  public let timestamp: UInt32
  /// When its first packet was captured.
  public let capturedAt: CaptureTime
  public let packets: PacketSet
  /// Those of them that repeat packets which did not come themselves (RFC 4588).
  public let repeats: PacketSet
  /// The spatial layers that came of it, a bit each; 0 when its coding has none.
  public let spatialLayers: UInt8
  /// Where its bytes stand in the file of frames; none of those that are not whole.
  let offset: UInt64
  public let byteCount: Int
}

/// Packets that are missing between two that were captured, by their sequence numbers.
public struct MissingPackets: Hashable, Sendable {
  public let firstSequence: UInt16
  public let lastSequence: UInt16
  public let count: Int64
  /// Units of 90,000 hertz from the stream's first packet to the next captured one.
  public let position: Int64
  /// The captured packets before and after.
  public let neighbours: PacketSet
}
