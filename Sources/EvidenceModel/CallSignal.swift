/// One step of a call as its signalling tells it, in terms that every signalling protocol shares.
public struct CallSignal: Hashable, Sendable {
  public enum Step: UInt8, Sendable, CaseIterable {
    /// The caller asks for a call, or within a call for a change of its media.
    case invited
    /// Work on it goes on; nothing rings yet.
    case proceeding
    /// The called party is alerted.
    case ringing
    /// Media may flow before the answer.
    case earlyMedia
    case answered
    /// The called party, or somebody on the way, refused or could not be reached.
    case rejected
    /// The caller gave up before the answer.
    case cancelled
    case ended
    /// A key of the telephone was pressed during the call; `key` says which.
    case keyPressed
    /// A change of media within the call was refused.
    case mediaRefused
    /// A party asks the other one to call somebody else, whom `target` names (SIP: REFER, RFC 3515).
    case transferRequested
    /// The other party takes the transfer upon itself, or refuses to.
    case transferAccepted, transferRefused
    /// The other party tells how the transfer goes; `statusCode` says how (RFC 3515, 2.4.5).
    case transferProgress
  }

  /// The protocol, as its decoder's name, such as `sip`.
  public var signalling: String
  /// What all messages of one call share (SIP: the Call-ID).
  public var callID: String
  public var step: Step
  /// The number that pairs an answer with its request (SIP: the CSeq number).
  public var transaction: UInt32
  /// Identifies the side that began it (SIP: From tag) and the one that took it (SIP: To tag); empty when unknown.
  public var callerTag: String
  public var calledTag: String
  /// Who calls and who is called, as addresses (SIP: URIs) and names for display; empty when not given.
  public var caller: String
  public var callerName: String
  public var called: String
  public var calledName: String
  /// The protocol's own number and text for an outcome, such as 486 and "Busy Here"; 0 when there is none.
  public var statusCode: UInt16
  public var reason: String
  /// Whether the party that began the call sent this message.
  public var isFromCaller: Bool
  public var source: Endpoint
  public var destination: Endpoint
  public var media: [MediaOffer]
  /// The key as a telephone shows it, such as `5` or `#`; empty with other steps.
  public var key: String
  /// Whom a transfer is for, as an address; empty with other steps.
  public var target: String
  /// The identifier of the call that the new one takes the place of (SIP: Replaces, RFC 3891); with a transfer, that of the call
  /// that the target is to give up. Empty when there is none.
  public var replaces: String
  /// At whose request the call is made, as an address (SIP: Referred-By, RFC 3892); empty when nobody says.
  public var referredBy: String
  /// Whether the sender is the centre of a conference (SIP: `isfocus`, RFC 4579).
  public var isFocus: Bool
  public var trace: Trace

  public init(
    signalling: String, callID: String, step: Step, transaction: UInt32, isFromCaller: Bool,
    source: Endpoint, destination: Endpoint, trace: Trace
  ) {
    self.signalling = signalling
    self.callID = callID
    self.step = step
    self.transaction = transaction
    self.isFromCaller = isFromCaller
    self.source = source
    self.destination = destination
    self.trace = trace
    callerTag = ""
    calledTag = ""
    caller = ""
    callerName = ""
    called = ""
    calledName = ""
    statusCode = 0
    reason = ""
    key = ""
    target = ""
    replaces = ""
    referredBy = ""
    isFocus = false
    media = []
  }
}

/// What one party says of the media it wants to receive: a media description of SDP (RFC 8866, 5.14).
public struct MediaOffer: Hashable, Sendable {
  public enum Direction: UInt8, Sendable, CaseIterable { case sendReceive, sendOnly, receiveOnly, inactive }

  /// One payload type and its meaning.
  public struct Payload: Hashable, Sendable {
    public var type: UInt8
    /// The encoding name in upper case, such as `PCMA`; empty when not given and not static.
    public var encoding: String
    /// Clock rate in hertz.
    public var clockRate: UInt32
    public var channels: UInt8
    public var parameters: String

    public init(type: UInt8, encoding: String, clockRate: UInt32, channels: UInt8 = 1, parameters: String = "") {
      self.type = type
      self.encoding = encoding
      self.clockRate = clockRate
      self.channels = channels
      self.parameters = parameters
    }
  }

  /// `audio`, `video`, `image` …
  public var kind: String
  /// Where its sender wants to receive; port 0 refuses the media.
  public var receivesAt: Endpoint
  /// Where it goes instead once both sides bundle their media at one endpoint, where payload types tell them apart (RFC 9143).
  public var bundledAt: Endpoint?
  /// Which of the sender's own streams repeat packets of which others, by their SSRC (RFC 5576, 4.2; RFC 4588).
  public var repairs: [Repair]
  /// The transport's name, such as `RTP/AVP`.
  public var transport: String
  public var payloads: [Payload]
  public var direction: Direction
  /// Milliseconds of media a packet holds; 0 when not given.
  public var packetTime: UInt16
  /// Values of `a=crypto`, which hold keys (RFC 4568): for decrypting, never for a record.
  public var securityDescriptions: [String]
  /// Which place it has among the message's media, from 0.
  public var index: UInt16
  /// Its channel, where it goes inside of the connection that ends at `receivesAt` (RFC 2326, 10.12).
  public var channel: UInt8?
  /// What its sender calls it by elsewhere in the signalling (RFC 4574); empty when not given.
  public var label: String
  /// Whose media its sender sends in it, when it sends what others say: a recording session tells that (RFC 7865).
  public var participants: [Participant]

  /// Whether it is wanted at all: port 0 refuses it, unless it only comes bundled with others (RFC 9143, 6).
  public var hasEndpoint: Bool { receivesAt.port != 0 || bundledAt != nil }

  /// Where it may come: at its own endpoint, and at that of its bundle. An address of zeros beside a bundle stands for none.
  public var endpoints: [Endpoint] {
    guard let bundledAt else { return [receivesAt] }
    return receivesAt.port == 0 || receivesAt.address.isZero || receivesAt == bundledAt
      ? [bundledAt] : [receivesAt, bundledAt]
  }

  /// A stream of which another one repeats packets.
  public struct Repair: Hashable, Sendable {
    public var original: UInt32
    public var repair: UInt32

    public init(original: UInt32, repair: UInt32) {
      self.original = original
      self.repair = repair
    }
  }

  /// Somebody whose media another one sends.
  public struct Participant: Hashable, Sendable {
    public var address: String
    /// Empty when not given.
    public var name: String

    public init(address: String, name: String) {
      self.address = address
      self.name = name
    }
  }

  public init(kind: String, receivesAt: Endpoint, transport: String, index: UInt16) {
    self.kind = kind
    self.receivesAt = receivesAt
    self.transport = transport
    self.index = index
    payloads = []
    direction = .sendReceive
    packetTime = 0
    securityDescriptions = []
    label = ""
    participants = []
    repairs = []
  }
}
