import DecoderKit
import EvidenceModel

/// The conversations that sessions know are to come, with what each is for.
final class ExpectedList {
  private struct Entry {
    let decoder: Int
    let purpose: AnyObject
    let unit: ObjectIdentifier
  }
  private var entries: [ExpectedConversation: Entry] = [:]
  /// What each unit expects, the oldest first; some may have been met, or expected anew by another one.
  private var byUnit: [ObjectIdentifier: [ExpectedConversation]] = [:]

  var isEmpty: Bool { entries.isEmpty }

  /// Adds a conversation, in place of what was expected there before; the unit's oldest gives way beyond the limit.
  func add(_ conversation: ExpectedConversation, for purpose: AnyObject, by unit: DecodingUnit, limit: Int) -> Bool {
    let owner = ObjectIdentifier(unit)
    var own = byUnit[owner] ?? []
    own.removeAll { $0 == conversation || entries[$0]?.unit != owner }
    if own.count >= limit, !own.isEmpty { entries[own.removeFirst()] = nil }
    guard own.count < limit else { return false }
    own.append(conversation)
    byUnit[owner] = own
    entries[conversation] = Entry(decoder: unit.decoder, purpose: purpose, unit: owner)
    return true
  }

  /// Forgets what a unit expects: its session is over.
  func forget(by unit: DecodingUnit) {
    let owner = ObjectIdentifier(unit)
    for conversation in byUnit.removeValue(forKey: owner) ?? [] where entries[conversation]?.unit == owner {
      entries[conversation] = nil
    }
  }

  func has(_ carrier: DecodingContext.Carrier) -> Bool { keys(carrier).contains { entries[$0] != nil } }

  /// Takes what is expected of a conversation; it is met once.
  func take(_ carrier: DecodingContext.Carrier) -> (decoder: Int, purpose: AnyObject)? {
    for key in keys(carrier) {
      if let entry = entries.removeValue(forKey: key) { return (entry.decoder, entry.purpose) }
    }
    return nil
  }

  private func keys(_ carrier: DecodingContext.Carrier) -> [ExpectedConversation] {
    switch carrier {
    case .udp(let initiator, let responder):
      [
        ExpectedConversation(.udp, responder, with: initiator.address),
        ExpectedConversation(.udp, initiator, with: responder.address),
      ]
    case .tcp(let initiator, let responder):
      [
        ExpectedConversation(.tcp, responder, with: initiator.address),
        ExpectedConversation(.tcp, initiator, with: responder.address),
      ]
    case .sctp, .file: []
    }
  }
}
