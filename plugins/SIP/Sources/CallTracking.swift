import DecoderKit

/// Turns the messages of one conversation into steps of calls.
struct CallTracking {
  /// Calls whose beginner is remembered; the oldest are forgotten, and From then counts as the caller.
  static let maximumCalls = 8_192

  /// The mark of the From tag with which each call began, by Call-ID.
  private var callers = RecentMarks<Mark>(limit: maximumCalls)

  /// What a message is to its call, in the order in which to tell it.
  ///
  /// UPDATE with media counts as an invitation to change them (RFC 3311), ACK with media as an answer, since it brings the
  /// one that an INVITE without an offer left open (RFC 3264, 4). PRACK with media, and the answers to PRACK and UPDATE, only
  /// say where media may flow: before the call's answer they do not answer it (RFC 3262, 5; RFC 3311, 5.2).
  static func steps(_ message: SIPMessage, _ contents: MessageContents) -> [CallSignal.Step] {
    let hasMedia = !contents.media.isEmpty
    return switch message.start {
    case .request(let method, _):
      switch String(decoding: method, as: UTF8.self) {
      case "INVITE": [.invited]
      case "CANCEL": [.cancelled]
      case "BYE": [.ended]
      case "UPDATE": hasMedia ? [.invited] : []
      case "ACK": hasMedia ? [.answered] : []
      case "INFO": contents.key.isEmpty ? [] : [.keyPressed]
      case "REFER": [.transferRequested]
      case "NOTIFY": contents.progress == nil ? [] : [.transferProgress]
      case "PRACK": hasMedia ? [.earlyMedia] : []
      default: []
      }
    case .response(let status, _):
      switch String(decoding: message.sequenceMethod, as: UTF8.self) {
      case "INVITE": inviteSteps(status, hasMedia: hasMedia)
      case "UPDATE" where (300...699).contains(status): [.mediaRefused]
      case "UPDATE", "PRACK": hasMedia && (200...299).contains(status) ? [.earlyMedia] : []
      case "REFER": status < 200 ? [] : status < 300 ? [.transferAccepted] : [.transferRefused]
      default: []
      }
    }
  }

  private static func inviteSteps(_ status: UInt16, hasMedia: Bool) -> [CallSignal.Step] {
    switch status {
    case 180, 182: hasMedia ? [.ringing, .earlyMedia] : [.ringing]
    case 183: [.earlyMedia]
    case 100..<200: hasMedia ? [.earlyMedia] : [.proceeding]
    case 200..<300: [.answered]
    case 300..<700: [.rejected]
    default: []
    }
  }

  /// The signals of a message, from `sender` to `receiver`.
  mutating func signals(
    _ message: SIPMessage, _ contents: MessageContents, from sender: Endpoint, to receiver: Endpoint, trace: Trace
  ) -> [CallSignal] {
    let steps = Self.steps(message, contents)
    guard !steps.isEmpty, !message.callID.isEmpty else { return [] }
    let call = Mark(message.callID)
    let requester = Mark(message.from.tag)
    _ = callers.insert(requester, for: call)
    // From stays the requester's in the response too; within a call either side may request.
    let fromIsCaller = callers[call] == requester
    let (caller, called) = fromIsCaller ? (message.from, message.to) : (message.to, message.from)
    return steps.map { step in
      var signal = CallSignal(
        signalling: "sip", callID: String(decoding: message.callID, as: UTF8.self), step: step,
        transaction: message.sequence, isFromCaller: message.start.isRequest == fromIsCaller, source: sender,
        destination: receiver, trace: trace)
      signal.callerTag = String(decoding: caller.tag, as: UTF8.self)
      signal.calledTag = String(decoding: called.tag, as: UTF8.self)
      signal.caller = String(decoding: caller.uri, as: UTF8.self)
      signal.callerName = String(decoding: caller.name, as: UTF8.self)
      signal.called = String(decoding: called.uri, as: UTF8.self)
      signal.calledName = String(decoding: called.name, as: UTF8.self)
      if step == .keyPressed { signal.key = contents.key }
      signal.isFocus = message.isFocus
      if step == .invited || step == .transferRequested { Self.tellTransfer(message, &signal) }
      if case .response(let status, let reason) = message.start {
        signal.statusCode = status
        signal.reason = String(decoding: reason, as: UTF8.self)
      } else if step == .transferProgress, case .response(let status, let reason)? = contents.progress {
        signal.statusCode = status
        signal.reason = String(decoding: reason, as: UTF8.self)
      }
      // What rings says nothing of media; the early media beside it does.
      if step != .ringing { signal.media = contents.media }
      return signal
    }
  }

  /// Tells whom a transfer is for, which call it takes the place of, and who asked for it.
  private static func tellTransfer(_ message: SIPMessage, _ signal: inout CallSignal) {
    let reference = message.reference
    signal.target = String(decoding: reference?.target ?? [], as: UTF8.self)
    signal.replaces = String(decoding: reference?.replaces ?? message.replaces, as: UTF8.self)
    signal.referredBy = String(decoding: message.referredBy, as: UTF8.self)
  }
}
