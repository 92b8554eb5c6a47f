import EvidenceModel

/// Follows one call through its signals.
struct CallBuilder {
  /// What a party wants to receive where, from when.
  struct Destination {
    let endpoint: Endpoint
    let receiver: PlannedCall.Party
    let since: CaptureTime
    let payloads: [MediaOffer.Payload]
    let kind: String
    let isEncrypted: Bool
    /// Keys by which the one who asks for this media protects what it sends itself (RFC 4568, 5.1).
    let keys: [String]
    /// The address from which the offer itself came; with NAT, media comes there too.
    let signalledFrom: InternetAddress
  }

  private(set) var call = PlannedCall()
  private(set) var destinations: [Destination] = []
  private var calledTags: Set<String> = []
  private var lastRejection: CallSignal?
  /// The number of the request that the caller took back.
  private var cancelled: UInt32?

  /// Offers of one call that are kept.
  static let maximumDestinations = 4_096
  /// Keys of one call that are kept; all stand in the records of their messages.
  static let maximumKeys = 10_000

  init(_ first: CallSignal) {
    call.signalling = first.signalling
    call.callID = first.callID
    call.source = first.isFromCaller ? first.source : first.destination
    call.destination = first.isFromCaller ? first.destination : first.source
  }

  mutating func take(_ signal: CallSignal) {
    call.trace.formUnion(signal.trace)
    identify(signal)
    let time = signal.trace.first
    switch signal.step {
    case .invited:
      if call.invitedAt == nil, call.answeredAt == nil { call.invitedAt = known(time) }
      if call.answeredAt == nil { lastRejection = nil }
      // A new attempt under the same identifier.
      if let former = cancelled, signal.transaction > former { cancelled = nil }
    case .proceeding, .earlyMedia: break
    case .ringing:
      if call.ringingAt == nil, call.answeredAt == nil { call.ringingAt = known(time) }
      if !signal.calledTag.isEmpty { calledTags.insert(signal.calledTag) }
    case .answered:
      if call.answeredAt == nil {
        call.answeredAt = known(time)
        call.statusCode = signal.statusCode
        call.reason = signal.reason
      }
      if !signal.calledTag.isEmpty { calledTags.insert(signal.calledTag) }
    case .rejected: if call.answeredAt == nil { lastRejection = signal }
    case .cancelled: if call.answeredAt == nil { cancelled = signal.transaction }
    case .keyPressed:
      if call.keys.count < Self.maximumKeys {
        call.keys.append(
          .init(
            key: signal.key, party: signal.isFromCaller ? .caller : .called, pressedAt: time,
            packets: signal.trace.packets))
      }
    case .ended:
      if call.endedAt == nil {
        call.endedAt = known(time)
        call.endedBy = signal.isFromCaller ? .caller : .called
      }
    }
    addDestinations(signal)
  }

  private func known(_ time: CaptureTime) -> CaptureTime? { time.isKnown ? time : nil }

  private mutating func identify(_ signal: CallSignal) {
    if call.caller.isEmpty { call.caller = signal.caller }
    if call.callerName.isEmpty { call.callerName = signal.callerName }
    if call.called.isEmpty { call.called = signal.called }
    if call.calledName.isEmpty { call.calledName = signal.calledName }
  }

  private mutating func addDestinations(_ signal: CallSignal) {
    for media in signal.media where media.receivesAt.port != 0 {
      guard destinations.count < Self.maximumDestinations else { return }
      destinations.append(
        Destination(
          endpoint: media.receivesAt, receiver: signal.isFromCaller ? .caller : .called, since: signal.trace.first,
          payloads: media.payloads, kind: media.kind, isEncrypted: media.transport.contains("SAVP"),
          keys: media.securityDescriptions,
          signalledFrom: signal.source.address))
    }
  }

  /// Settles how the call ended.
  mutating func finish() {
    call.branches = max(1, calledTags.count)
    if call.answeredAt != nil {
      call.outcome = call.endedAt == nil ? .ongoing : .answered
      return
    }
    if let rejection = lastRejection {
      call.statusCode = rejection.statusCode
      call.reason = rejection.reason
      call.endedAt = call.endedAt ?? known(rejection.trace.first)
    }
    if cancelled != nil {
      call.outcome = .cancelled
      call.endedBy = .caller
    } else if let rejection = lastRejection {
      call.outcome = rejection.statusCode == 408 || rejection.statusCode == 480 ? .unanswered : .rejected
    } else if call.invitedAt != nil {
      call.outcome = .unanswered
    }
  }
}
