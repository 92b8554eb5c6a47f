/// What one party of a media stream reports of it: a sender's or receiver's report of RTCP (RFC 3550, 6.4).
public struct MediaReport: Hashable, Sendable {
  /// What a sender says of its clock and its stream (RFC 3550, 6.4.1).
  public struct Sending: Hashable, Sendable {
    /// The sender's own clock; unknown when it has none.
    public var sentAt: CaptureTime
    /// The same moment in units of the stream's timestamps.
    public var timestamp: UInt32
    public var packetCount: UInt32
    public var octetCount: UInt32

    public init(sentAt: CaptureTime, timestamp: UInt32, packetCount: UInt32, octetCount: UInt32) {
      self.sentAt = sentAt
      self.timestamp = timestamp
      self.packetCount = packetCount
      self.octetCount = octetCount
    }
  }

  /// What a receiver says of a stream (RFC 3550, 6.4.1).
  public struct Reception: Hashable, Sendable {
    /// The SSRC of the stream that it received.
    public var identifier: UInt32
    /// Lost since the last report, in 256ths.
    public var fractionLost: UInt8
    public var cumulativeLost: Int32
    public var highestSequence: UInt32
    /// In units of the stream's clock.
    public var jitter: UInt32

    public init(
      identifier: UInt32, fractionLost: UInt8, cumulativeLost: Int32, highestSequence: UInt32, jitter: UInt32
    ) {
      self.identifier = identifier
      self.fractionLost = fractionLost
      self.cumulativeLost = cumulativeLost
      self.highestSequence = highestSequence
      self.jitter = jitter
    }
  }

  public var source: Endpoint
  public var destination: Endpoint
  /// The SSRC of who reports.
  public var identifier: UInt32
  /// Nil in a report of one who only receives.
  public var sending: Sending?
  public var receptions: [Reception]
  public var trace: Trace

  public init(source: Endpoint, destination: Endpoint, identifier: UInt32, trace: Trace) {
    self.source = source
    self.destination = destination
    self.identifier = identifier
    self.trace = trace
    sending = nil
    receptions = []
  }
}
