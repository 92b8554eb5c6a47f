public import EvidenceModel

/// A time during which one person had something in hand.
public struct Holding: Hashable, Sendable {
  public let who: Custodian
  public let from: CaptureTime
  /// When somebody else took over; nil when nobody has.
  public var until: CaptureTime?
  /// The event by which it came into their hands.
  public let event: Int
  public let eventType: String

  /// Closes the last holding at the moment at which the next begins.
  static func append(_ holding: Holding, to list: inout [Holding]) {
    if !list.isEmpty { list[list.count - 1].until = holding.from }
    list.append(holding)
  }
}

extension CustodyHistory {
  /// Who had the bundle: first whoever made it, then whoever accepted it. An offer changes nothing yet.
  public var holdings: [Holding] {
    var list: [Holding] = []
    for event in events where event.isDone {
      switch event.type {
      case "open", "finish":
        // A run that names nobody at its beginning may at its end.
        guard list.isEmpty || (list.count == 1 && list[0].who.id.isEmpty && list[0].eventType == "open") else {
          continue
        }
        let from = list.first?.from ?? event.time
        list = [Holding(who: event.actor, from: from, event: event.number, eventType: event.type)]
      case "transfer.accept":
        Holding.append(
          Holding(who: event.actor, from: event.time, event: event.number, eventType: event.type), to: &list)
      default: continue
      }
    }
    return list
  }
}
