import EvidenceModel

/// What a call and its parties are called: a streaming session (RTSP) is no call between people.
struct CallWords {
  private let isStreaming: Bool

  init(_ record: Fields) { isStreaming = record.text("kind") == "rtsp/call" }

  /// `call` or `streaming session`.
  var noun: String { isStreaming ? "streaming session" : "call" }
  /// The noun as a title begins with it.
  var title: String { isStreaming ? "Streaming session" : "Call" }

  /// A party's name in a sentence: `caller`, or `client` of a stream; nil of one that is unknown.
  func party(_ name: String?) -> String? {
    switch name {
    case "caller": isStreaming ? "client" : "caller"
    case "called": isStreaming ? "server" : "called party"
    default: nil
    }
  }

  /// A party's name as a title begins with it.
  func title(of name: String?) -> String? {
    switch name {
    case "caller": isStreaming ? "Client" : "Caller"
    case "called": isStreaming ? "Server" : "Called party"
    default: nil
    }
  }

  /// Titles of facts, by the record's field.
  var times: [(title: String, field: String)] {
    isStreaming
      ? [("Asked to play or record at", "invitedAt"), ("Agreed to at", "answeredAt")]
      : [
        ("Invited at", "invitedAt"), ("Ringing at", "ringingAt"), ("Media before the answer at", "earlyMediaAt"),
        ("Answered at", "answeredAt"),
      ]
  }

  func outcome(_ record: Fields) -> String {
    if record.text("kind") == "rtp/call" { return "voice recorded, no signalling" }
    return switch record.text("outcome") {
    case "answered": isStreaming ? "the server agreed" : "answered"
    case "rejected": isStreaming ? "the server refused" : "rejected"
    case "cancelled": isStreaming ? "taken back by the client" : "cancelled by the caller before it was answered"
    case "unanswered": isStreaming ? "the server did not answer" : "not answered"
    case "ongoing": "\(isStreaming ? "the server agreed" : "answered"); its end was not recorded"
    default: "unknown"
    }
  }

  /// Whose step it was, in words.
  func words(_ step: String?) -> String {
    switch step {
    case "invited": isStreaming ? "asked to play or record" : "asked for the call"
    case "ringing": "said that it rings"
    case "earlyMedia": "offered media before the answer"
    case "answered": isStreaming ? "agreed" : "answered the call"
    case "rejected": "the \(noun) was refused"
    case "cancelled": "took the \(noun) back"
    case "ended": "ended the \(noun)"
    case "changeRequested": "asked for a change of the \(noun)"
    case "changeAnswered": "agreed to the change"
    case "changeRejected": "refused the change"
    case "held": "put the other party on hold"
    case "resumed": "took the other party off hold"
    case "transferRequested": "asked the other party to call somebody else"
    case "transferAccepted": "took the transfer upon itself"
    case "transferRefused": "refused the transfer"
    case "transferProgress": "told how the transfer goes"
    default: "another step"
    }
  }
}
