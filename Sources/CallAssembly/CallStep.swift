public import EvidenceModel

/// One step of a call as its signalling tells it, with all packets that do.
public struct CallStep: Hashable, Sendable {
  public enum Kind: String, Sendable {
    case invited, ringing, earlyMedia, answered, rejected, cancelled, ended
    /// A party asks for other media within the call, and what becomes of it.
    case changeRequested, changeAnswered, changeRejected
    /// A party stops receiving the other's voice, and receives it again (RFC 3264, 8.4).
    case held, resumed
    case transferRequested, transferAccepted, transferRefused, transferProgress
  }

  public let kind: Kind
  /// Who took it; of a refusal, who or what on the way sent it.
  public let party: PlannedCall.Party
  /// The called party's tag, which names the dialog; empty when it has none yet.
  public let tag: String
  public let statusCode: UInt16
  public let reason: String
  /// Whom a transfer is for.
  public let target: String
  /// The Call-ID of a call that is replaced.
  public let replaces: String
  public var trace: Trace
}

/// A request and its answers within a call: who asked, and the number that pairs them.
struct TransactionKey: Hashable {
  let isByCaller: Bool
  let number: UInt32

  init(_ signal: CallSignal) {
    // Of the steps, those with a status are answers; a transfer's progress is a request that tells of another's status.
    let isAnswer = signal.statusCode > 0 && signal.step != .transferProgress
    isByCaller = signal.isFromCaller != isAnswer
    number = signal.transaction
  }
}
