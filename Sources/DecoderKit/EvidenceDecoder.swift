public import ByteReading

/// Turns the bytes of one protocol or format into records, artefacts and findings.
public protocol EvidenceDecoder: Sendable {
  associatedtype Session: DecodingSession

  /// Who this decoder is, what it writes and where it stops.
  static var identity: DecoderIdentity { get }

  init()

  /// Says how sure this decoder is that `bytes` are its own.
  ///
  /// Of a stream it sees what one side sent first, or first after a gap; of datagrams each one; of a file the beginning.
  /// It is called often and must be cheap: no allocation before the first bytes look right.
  func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim

  /// Starts decoding one conversation or file.
  func makeSession(in context: borrowing DecodingContext) -> Session

  /// Starts decoding a conversation that another session of this decoder expected; `purpose` is what that one handed over.
  func makeSession(in context: borrowing DecodingContext, expectedFor purpose: AnyObject) -> Session
}

extension EvidenceDecoder {
  public func makeSession(in context: borrowing DecodingContext, expectedFor purpose: AnyObject) -> Session {
    makeSession(in: context)
  }
}

/// The state of decoding one conversation or file.
///
/// What was emitted before an error stays in the evidence. After an error the session is called no more, but for `finish`.
public protocol DecodingSession {
  /// Decodes from the front what it can.
  ///
  /// Of a stream, `bytes` are those of one side in order; what is not consumed is shown again with more behind it.
  /// Of datagrams, `bytes` are exactly one, and whatever is returned it is not shown again.
  mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress

  /// Learns that bytes of a stream are missing from the capture; what comes next begins behind them.
  mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError)

  /// Learns that one side of a stream sends no more.
  mutating func close(_ side: Side, because end: StreamEnd, into sink: inout EvidenceSink) throws(ReadError)

  /// Emits what is left: the conversation or file is over, or `decode` threw.
  mutating func finish(into sink: inout EvidenceSink)
}

extension DecodingSession {
  public mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {}
  public mutating func close(
    _ side: Side, because end: StreamEnd, into sink: inout EvidenceSink
  ) throws(ReadError) {}
  public mutating func finish(into sink: inout EvidenceSink) {}
}

/// How far a session got.
public enum DecodingProgress: Hashable, Sendable {
  /// The first `count` bytes are done; the host calls again with the rest, if there is any.
  case consumed(Int)
  /// More bytes are needed than were shown; a hint how many, at least 1.
  case needs(more: Int)
}

/// Bytes of a stream that the capture does not hold.
public struct StreamGap: Hashable, Sendable {
  /// How many bytes are missing.
  public let byteCount: Int
  /// How many bytes before the gap were shown, not consumed, and will not be shown again.
  public let abandoned: Int
  public init(byteCount: Int, abandoned: Int) {
    self.byteCount = byteCount
    self.abandoned = abandoned
  }
}

/// How sure a decoder is. The surest wins; a tie is settled by the order of the registry.
public enum Claim: UInt8, Comparable, Sendable {
  case none
  /// It may be mine; show me more. (Of a datagram this is the same as `none`.)
  case needsMore
  /// It has the form of mine, as much else would; the session finds out. Others are asked first for each datagram.
  case candidate
  /// The port is mine and the bytes do not speak against it.
  case port
  /// The bytes are mine.
  case content
  @inlinable public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
