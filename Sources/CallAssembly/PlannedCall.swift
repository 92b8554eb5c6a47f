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
    /// 0 for the side that is on the left of the stereo file, 1 for the other; 2 and more have files of their own only.
    public var track: Int
    public var attachment: Attachment
    public var evidence: String
    /// What the payload types mean from the beginning, as far as signalling says.
    public var payloads: [UInt8: MediaOffer.Payload]
    /// Other meanings that the signalling gives them later, in the order of their time.
    public var redefinitions: [Redefinition] = []
    /// `audio`, `video` …; empty when no signalling says.
    public var kind: String
    /// Whether the signalling asks for an encrypted transport (RFC 3711, RFC 5764).
    public var isEncrypted = false
    /// Values of `a=crypto` by which its speaker may have protected it.
    public var keys: [String] = []
    /// What its speaker calls it in the signalling, and who is heard in it, when the speaker sends what others say (RFC 7865).
    public var label = ""
    public var participants: [Speaker] = []
    /// The SSRC of the stream whose packets it repeats, as its speaker's description says (RFC 5576, 4.2; RFC 4588).
    public var repairs: UInt32?
    /// Values of `a=fmtp` by which its speaker describes media of this kind that it sends itself, the newest first.
    public var parameters: [String] = []
  }

  /// Somebody who is heard in a stream that another one sends.
  public struct Speaker: Hashable, Sendable {
    public var address: String
    /// Empty when not given.
    public var name: String
    /// When a description named them that the one before did not; nil when all descriptions name the same people.
    public var since: CaptureTime?

    public init(address: String, name: String, since: CaptureTime? = nil) {
      self.address = address
      self.name = name
      self.since = since
    }
  }

  /// A payload type that means something else from a moment on.
  public struct Redefinition: Hashable, Sendable {
    public var since: CaptureTime
    /// The packet that settled it; it decides where times are not known.
    public var position: PacketPosition
    public var payload: MediaOffer.Payload

    public init(since: CaptureTime, position: PacketPosition, payload: MediaOffer.Payload) {
      self.since = since
      self.position = position
      self.payload = payload
    }

    /// Whether it holds for a packet captured at a moment.
    public func holds(at time: CaptureTime, _ packet: PacketPosition) -> Bool {
      since.isKnown && time.isKnown ? since <= time : position <= packet
    }
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
  /// When the called side first said where it takes media, before the answer.
  public var earlyMediaAt: CaptureTime?
  public var answeredAt: CaptureTime?
  public var endedAt: CaptureTime?
  public var outcome = Outcome.unknown
  /// Who ended it; nil when that was not captured.
  public var endedBy: Party?
  public var statusCode: UInt16 = 0
  public var reason = ""
  /// Dialogs with called parties that rang, offered media or answered, in the order in which they did: several when a proxy forked
  /// the call (RFC 3261, 12.1, 16.7).
  public var dialogs: [Dialog] = []
  /// What the signalling tells, in the order of its first packets.
  public var steps: [CallStep] = []
  /// Steps beyond the limit.
  public var omittedSteps = 0
  /// When a party put the other one on hold, and until when.
  public var holds: [Hold] = []
  /// The party that is the centre of a conference.
  public var focus: Party?
  /// The Call-ID of the call that this one takes the place of, and of the one that takes its place.
  public var replaces = ""
  public var replacedBy = ""
  /// At whose request it was made, as an address.
  public var referredBy = ""
  /// The packets of its signalling.
  public var trace = Trace()
  /// Where its signalling went, from the first message.
  public var source: Endpoint?
  public var destination: Endpoint?
  public var streams: [Stream] = []
  /// Keys that the signalling told of, in the order in which they were pressed.
  public var keys: [Key] = []

  /// How many called parties answered or rang; at least 1.
  public var branches: Int { max(1, dialogs.count) }

  public struct Dialog: Hashable, Sendable {
    /// The called party's tag.
    public let tag: String
    public var ringingAt: CaptureTime?
    public var earlyMediaAt: CaptureTime?
    public var answeredAt: CaptureTime?
    public var endedAt: CaptureTime?
  }

  public struct Hold: Hashable, Sendable {
    /// The one who put the other on hold.
    public let party: Party
    public let heldAt: CaptureTime?
    /// Nil when the call ended, or the capture, before it was over.
    public var resumedAt: CaptureTime?

    public init(party: Party, heldAt: CaptureTime?, resumedAt: CaptureTime? = nil) {
      self.party = party
      self.heldAt = heldAt
      self.resumedAt = resumedAt
    }
  }

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
