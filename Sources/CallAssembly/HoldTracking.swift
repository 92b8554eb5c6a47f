import EvidenceModel

/// Follows which party has put the other one on hold (RFC 3264, 8.4; the address of zeros as in RFC 2543).
///
/// A party holds when what it says of its audio goes from receiving to not receiving, unless it only mirrors what the other one asks
/// for. What a refused offer said is taken back.
struct HoldTracking {
  enum Change { case held, resumed }

  private struct State {
    var receives: Bool?
    var isHolding = false
  }
  private struct Offer {
    let isByCaller: Bool
    let receives: Bool
    let sends: Bool
    let former: State
  }

  private var caller = State()
  private var called = State()
  private var offers: [TransactionKey: Offer] = [:]

  /// Takes what a message says of its sender's audio; tells what changed.
  mutating func take(_ signal: CallSignal) -> Change? {
    let audio = signal.media.filter { $0.kind == "audio" && $0.hasEndpoint }
    guard !audio.isEmpty else { return nil }
    let receives = audio.contains { media in
      (media.direction == .sendReceive || media.direction == .receiveOnly)
        && !(media.bundledAt ?? media.receivesAt).address.isZero
    }
    let sends = audio.contains { $0.direction == .sendReceive || $0.direction == .sendOnly }
    let key = TransactionKey(signal)
    let former = signal.isFromCaller ? caller : called
    var state = former
    state.receives = receives
    var change: Change?
    if let offer = offers[key], offer.isByCaller != signal.isFromCaller {
      // Not to receive what the other one will not send is no hold.
      if !receives, former.receives == true, offer.sends, offer.receives { change = .held }
    } else {
      if offers[key] == nil {
        offers[key] = Offer(isByCaller: signal.isFromCaller, receives: receives, sends: sends, former: former)
      }
      if !receives, former.receives == true { change = .held }
    }
    if receives, former.isHolding { change = .resumed }
    if change == .held, former.isHolding { change = nil }
    if let change { state.isHolding = change == .held }
    if signal.isFromCaller { caller = state } else { called = state }
    return change
  }

  /// An offer was refused: its sender's media stay as they were. Tells whose offer it was.
  mutating func refuse(_ key: TransactionKey) -> PlannedCall.Party? {
    guard let offer = offers.removeValue(forKey: key) else { return nil }
    if offer.isByCaller { caller = offer.former } else { called = offer.former }
    return offer.isByCaller ? .caller : .called
  }
}
