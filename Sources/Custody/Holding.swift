public import EvidenceModel

/// An event of a custody chain, as people find it again, and who signed it. Nothing of it is checked.
public struct EventMention: Hashable, Sendable {
  public let number: Int
  public let type: String
  /// When it was recorded; unknown when the event does not say.
  public let time: CaptureTime
  /// SHA-256 of the certificates that it names, in hexadecimal digits: whoever recorded it, and who took something.
  public let certificates: [String]
  /// Whether a file with its signature lies beside it.
  public let hasSignature: Bool

  init(_ event: CustodyEvent) {
    (number, type, time, hasSignature) = (event.number, event.type, event.time, event.hasSignature)
    certificates = [event.actor.certificate, event.fields.object("taker").text("cert")].filter { !$0.isEmpty }
  }
}

/// A place, a means or another thing as somebody recorded it.
public struct StatedDetail: Hashable, Sendable {
  /// What it is, in words of ours.
  public let title: String
  public let text: String

  /// What an event says of places and means, in a fixed order.
  static func all(of event: CustodyEvent) -> [StatedDetail] {
    var list: [StatedDetail] = []
    func add(_ title: String, _ text: String) {
      if !text.isEmpty { list.append(StatedDetail(title: title, text: text)) }
    }
    let fields = event.fields
    switch event.type {
    case "transfer.accept":
      if case .integer(let number)? = fields.object("offer")["seq"] { add("offered in event", String(number)) }
      add("offered to", fields.text("recipientStated"))
    case "exhibit.waypoint":
      add("position", fields.text("position"))
      add("telemetry", fields.object("telemetry").text("name"))
    case "exhibit.seal": add("seal number", fields.text("number"))
    case "exhibit.check":
      let weight = fields.text("weightGrams")
      if !weight.isEmpty { add("weight", "\(weight) g") }
    default: break
    }
    if event.type.hasPrefix("exhibit.") {
      add("photograph", fields.object("photo").text("name"))
      add("note", fields.text("note"))
    }
    return list
  }
}

/// A time during which one person had something in hand.
public struct Holding: Hashable, Sendable {
  /// Whoever had it; without a name when no event names anybody.
  public let who: Custodian
  /// Unknown when nothing says since when.
  public let from: CaptureTime
  /// When somebody else took over; nil when nobody has.
  public var until: CaptureTime?
  /// The event that says so.
  public let event: EventMention
  public let details: [StatedDetail]

  init(_ who: Custodian, from: CaptureTime, by event: CustodyEvent) {
    (self.who, self.from) = (who, from)
    self.event = EventMention(event)
    details = StatedDetail.all(of: event)
  }

  /// What is said when nobody ever took it: that nobody is named, by its first event.
  init(nobodyBy event: CustodyEvent) {
    (who, from, details) = (Custodian(id: ""), .unknown, [])
    self.event = EventMention(event)
  }

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
        guard list.isEmpty || (list.count == 1 && list[0].who.id.isEmpty && list[0].event.type == "open") else {
          continue
        }
        list = [Holding(event.actor, from: list.first?.from ?? event.time, by: event)]
      case "transfer.accept": Holding.append(Holding(event.actor, from: event.time, by: event), to: &list)
      default: continue
      }
    }
    return list
  }
}
