import EvidenceModel

/// Follows one call through its signals.
struct CallBuilder {
  /// What a party wants to receive where, from when.
  struct Destination {
    let endpoint: Endpoint
    /// Whether that is where other media of the description are asked for first (RFC 9143).
    let isBundled: Bool
    let channel: UInt8?
    let receiver: PlannedCall.Party
    let since: CaptureTime
    let payloads: [MediaOffer.Payload]
    let kind: String
    let isEncrypted: Bool
    /// Keys by which the one who asks for this media protects what it sends itself (RFC 4568, 5.1).
    let keys: [String]
    /// The address from which the offer itself came; with NAT, media comes there too.
    let signalledFrom: InternetAddress
    /// What the one who asks for this media calls what it sends itself in the same place, and whose media that is.
    let label: String
    let participants: [MediaOffer.Participant]
    /// Which of the asker's own streams repeat packets of which others.
    let repairs: [MediaOffer.Repair]
    /// Its place among the media of the description, the same in offer and answer (RFC 3264, 6, 8).
    let line: UInt16
    /// The called party's tag of its dialog; empty when it has none yet.
    let tag: String
    /// When it was agreed on: an answer at once, an offer with its answer; nil while there is none.
    var validFrom: CaptureTime?
    /// The packet that agreed on it.
    var settledBy: PacketPosition
    var isRefused = false
  }

  private struct Offer {
    let isByCaller: Bool
    var places: [Int]
  }

  private(set) var call = PlannedCall()
  private(set) var destinations: [Destination] = []
  private var offers: [TransactionKey: Offer] = [:]
  private var steps = StepList()
  private var holding = HoldTracking()
  private var dialogPlaces: [String: Int] = [:]
  /// Tags of called parties that answered, and those whose dialogs ended.
  private var answeredTags: Set<String> = []
  private var endedTags: Set<String> = []
  /// The invitation that began the call, and requests for changes within it.
  private var beginning: TransactionKey?
  private var changes: Set<TransactionKey> = []
  private var lastRejection: CallSignal?
  /// The number of the request that the caller took back.
  private var cancelled: UInt32?

  /// Offers of one call that are kept.
  static let maximumDestinations = 4_096
  /// Keys of one call that are kept; all stand in the records of their messages.
  static let maximumKeys = 10_000
  /// Dialogs of one call that are told apart.
  static let maximumDialogs = 256

  init(_ first: CallSignal) {
    call.signalling = first.signalling
    call.callID = first.callID
    call.source = first.isFromCaller ? first.source : first.destination
    call.destination = first.isFromCaller ? first.destination : first.source
  }

  mutating func take(_ signal: CallSignal) {
    call.trace.formUnion(signal.trace)
    identify(signal)
    if signal.isFocus, call.focus == nil { call.focus = signal.isFromCaller ? .caller : .called }
    let time = signal.trace.first
    let key = TransactionKey(signal)
    switch signal.step {
    case .invited: takeInvitation(signal, key)
    case .proceeding: break
    case .earlyMedia: takeEarlyMedia(signal, key)
    case .ringing:
      if call.ringingAt == nil, call.answeredAt == nil { call.ringingAt = known(time) }
      if let place = dialog(signal), call.dialogs[place].ringingAt == nil {
        call.dialogs[place].ringingAt = known(time)
      }
      steps.add(.ringing, signal)
    case .answered: takeAnswer(signal, key)
    case .rejected:
      let isChange = changes.contains(key)
      if call.answeredAt == nil, !isChange || beginning == nil { lastRejection = signal }
      steps.add(isChange ? .changeRejected : .rejected, signal)
      refuse(key)
    case .mediaRefused:
      guard changes.contains(key) else { break }
      steps.add(.changeRejected, signal)
      refuse(key)
    case .cancelled:
      if call.answeredAt == nil { cancelled = signal.transaction }
      steps.add(.cancelled, signal)
    case .keyPressed:
      if call.keys.count < Self.maximumKeys {
        call.keys.append(
          .init(
            key: signal.key, party: signal.isFromCaller ? .caller : .called, pressedAt: time,
            packets: signal.trace.packets))
      }
    case .ended: takeEnd(signal)
    case .transferRequested: steps.add(.transferRequested, signal)
    case .transferAccepted: steps.add(.transferAccepted, signal)
    case .transferRefused: steps.add(.transferRefused, signal)
    case .transferProgress: steps.add(.transferProgress, signal)
    }
    switch holding.take(signal) {
    case .held: steps.add(.held, signal)
    case .resumed: steps.add(.resumed, signal)
    case nil: break
    }
    addDestinations(signal, key)
  }

  private func known(_ time: CaptureTime) -> CaptureTime? { time.isKnown ? time : nil }

  // MARK: Steps

  private mutating func takeInvitation(_ signal: CallSignal, _ key: TransactionKey) {
    if call.invitedAt == nil, call.answeredAt == nil { call.invitedAt = known(signal.trace.first) }
    if call.answeredAt == nil { lastRejection = nil }
    // A new attempt under the same identifier.
    if let former = cancelled, signal.transaction > former { cancelled = nil }
    // Who asks within a dialog knows the other's tag (RFC 3261, 12.2.1.1), and the called party can ask in no other way.
    if signal.calledTag.isEmpty, signal.isFromCaller {
      beginning = beginning ?? key
      if call.replaces.isEmpty { call.replaces = signal.replaces }
      if call.referredBy.isEmpty { call.referredBy = signal.referredBy }
      steps.add(.invited, signal)
    } else {
      changes.insert(key)
      steps.add(.changeRequested, signal)
    }
  }

  private mutating func takeEarlyMedia(_ signal: CallSignal, _ key: TransactionKey) {
    guard !signal.media.isEmpty else { return }
    if changes.contains(key) {
      if signal.statusCode > 0 { steps.add(.changeAnswered, signal) }
      return
    }
    guard (101...199).contains(signal.statusCode), call.answeredAt == nil else { return }
    if call.earlyMediaAt == nil { call.earlyMediaAt = known(signal.trace.first) }
    if let place = dialog(signal), call.dialogs[place].earlyMediaAt == nil {
      call.dialogs[place].earlyMediaAt = known(signal.trace.first)
    }
    steps.add(.earlyMedia, signal)
  }

  private mutating func takeAnswer(_ signal: CallSignal, _ key: TransactionKey) {
    if call.answeredAt == nil {
      call.answeredAt = known(signal.trace.first)
      call.statusCode = signal.statusCode
      call.reason = signal.reason
    }
    let isChange = changes.contains(key)
    if !isChange || beginning == nil, let place = dialog(signal) {
      answeredTags.insert(signal.calledTag)
      if call.dialogs[place].answeredAt == nil { call.dialogs[place].answeredAt = known(signal.trace.first) }
    }
    // What brings media with the acknowledgement tells no new step.
    if signal.statusCode > 0 { steps.add(isChange ? .changeAnswered : .answered, signal) }
  }

  private mutating func takeEnd(_ signal: CallSignal) {
    steps.add(.ended, signal)
    let tag = signal.calledTag
    if let place = dialogPlaces[tag], call.dialogs[place].endedAt == nil {
      call.dialogs[place].endedAt = known(signal.trace.first)
    }
    if answeredTags.contains(tag) {
      endedTags.insert(tag)
      // When a fork gave several answers, the call goes on with what is left of them (RFC 3261, 13.2.2.4).
      guard endedTags.isSuperset(of: answeredTags) else { return }
    }
    if call.endedAt == nil {
      call.endedAt = known(signal.trace.first)
      call.endedBy = signal.isFromCaller ? .caller : .called
    }
  }

  /// The place of a signal's dialog; nil when it has no tag, or there are too many.
  private mutating func dialog(_ signal: CallSignal) -> Int? {
    guard !signal.calledTag.isEmpty else { return nil }
    if let place = dialogPlaces[signal.calledTag] { return place }
    guard call.dialogs.count < Self.maximumDialogs else { return nil }
    dialogPlaces[signal.calledTag] = call.dialogs.count
    call.dialogs.append(.init(tag: signal.calledTag))
    return call.dialogs.count - 1
  }

  private mutating func identify(_ signal: CallSignal) {
    if call.caller.isEmpty { call.caller = signal.caller }
    if call.callerName.isEmpty { call.callerName = signal.callerName }
    if call.called.isEmpty { call.called = signal.called }
    if call.calledName.isEmpty { call.calledName = signal.calledName }
  }

  // MARK: Media

  private mutating func addDestinations(_ signal: CallSignal, _ key: TransactionKey) {
    guard !signal.media.isEmpty else { return }
    let time = signal.trace.first
    let position = signal.trace.packets.first ?? PacketPosition(rawValue: 0)
    let offer = offers[key]
    let isAnswer = offer.map { $0.isByCaller != signal.isFromCaller } ?? false
    if isAnswer {
      for place in offer?.places ?? [] where destinations[place].validFrom == nil {
        destinations[place].validFrom = time
        destinations[place].settledBy = position
      }
    }
    var places: [Int] = []
    for (media, endpoint) in signal.media.flatMap({ media in
      (media.hasEndpoint ? media.endpoints : []).map { (media, $0) }
    }) {
      guard destinations.count < Self.maximumDestinations else { break }
      places.append(destinations.count)
      destinations.append(
        Destination(
          endpoint: endpoint, isBundled: endpoint != media.receivesAt, channel: media.channel,
          receiver: signal.isFromCaller ? .caller : .called, since: time,
          payloads: media.payloads, kind: media.kind, isEncrypted: media.transport.contains("SAVP"),
          keys: media.securityDescriptions, signalledFrom: signal.source.address, label: media.label,
          participants: media.participants, repairs: media.repairs, line: media.index, tag: signal.calledTag,
          validFrom: isAnswer ? time : nil, settledBy: position))
    }
    if !isAnswer {
      offers[key, default: Offer(isByCaller: signal.isFromCaller, places: [])].places += places
    }
  }

  private mutating func refuse(_ key: TransactionKey) {
    if let party = holding.refuse(key) { steps.withdrawHold(by: party, in: key) }
    for place in offers.removeValue(forKey: key)?.places ?? [] where destinations[place].validFrom == nil {
      destinations[place].isRefused = true
    }
  }

  // MARK: The end

  /// Settles how the call ended.
  mutating func finish() {
    call.steps = steps.settled
    call.omittedSteps = steps.omittedCount
    for step in call.steps where step.kind == .held || step.kind == .resumed {
      let time = known(step.trace.first)
      if step.kind == .held {
        call.holds.append(.init(party: step.party, heldAt: time))
      } else if let last = call.holds.lastIndex(where: { $0.party == step.party }) {
        call.holds[last].resumedAt = time
      }
    }
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
