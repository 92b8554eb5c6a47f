public import EvidenceModel

/// A call as the join knows it, before its audio is decoded.
public struct PlannedCall: Hashable, Sendable {
  /// Who speaks in a stream.
  public enum Party: String, Sendable { case caller, called, unknown }

  /// How a stream came to its call.
  public enum Attachment: String, Sendable {
    /// The signalling names its destination.
    case signalling
    /// Other evidence, which `evidence` tells.
    case inferred
    /// No signalling was found.
    case none
  }

  public enum Outcome: String, Sendable { case answered, rejected, cancelled, unanswered, ongoing, unknown }

  public struct Stream: Hashable, Sendable {
    /// Its place in the list of streams that the plan was made from.
    public var index: Int
    public var party: Party
    /// 0 for the side that is on the left of the stereo file, 1 for the other.
    public var track: Int
    public var attachment: Attachment
    public var evidence: String
    /// What the payload types mean, as far as signalling says.
    public var payloads: [UInt8: MediaOffer.Payload]
    /// `audio`, `video` …; empty when no signalling says.
    public var kind: String
    /// Whether the signalling asks for an encrypted transport (RFC 3711, RFC 5764).
    public var isEncrypted = false
    /// Values of `a=crypto` by which its speaker may have protected it.
    public var keys: [String] = []
  }

  /// The signalling protocol, such as `sip`; nil for media without signalling.
  public var signalling: String?
  public var callID = ""
  public var caller = ""
  public var callerName = ""
  public var called = ""
  public var calledName = ""
  public var invitedAt: CaptureTime?
  public var ringingAt: CaptureTime?
  public var answeredAt: CaptureTime?
  public var endedAt: CaptureTime?
  public var outcome = Outcome.unknown
  /// Who ended it; nil when that was not captured.
  public var endedBy: Party?
  public var statusCode: UInt16 = 0
  public var reason = ""
  /// How many called parties answered or rang, when a proxy forked the call; at least 1.
  public var branches = 1
  /// The packets of its signalling.
  public var trace = Trace()
  /// Where its signalling went, from the first message.
  public var source: Endpoint?
  public var destination: Endpoint?
  public var streams: [Stream] = []
  /// Keys that the signalling told of, in the order in which they were pressed.
  public var keys: [Key] = []

  public struct Key: Hashable, Sendable {
    public var key: String
    public var party: Party
    public var pressedAt: CaptureTime
    public var packets: PacketSet
  }
}

/// All calls of a run, in the order of their first packets, and the streams that belong to none.
public struct CallPlan: Sendable {
  public var calls: [PlannedCall] = []
  /// Places of candidate streams that nothing names: they are no media as far as anybody can tell.
  public var unclaimed: [Int] = []
}
