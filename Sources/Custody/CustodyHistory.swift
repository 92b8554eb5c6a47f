import EvidenceBundle
import EvidenceModel

/// Who had something in hand, as an event says.
public struct Custodian: Hashable, Sendable {
  /// The name; empty when the event gives none.
  public let id: String
  public let role: String
  /// SHA-256 of the certificate in hexadecimal digits; empty where nobody signed.
  public let certificate: String

  init(id: String, role: String = "", certificate: String = "") {
    (self.id, self.role, self.certificate) = (id, role, certificate)
  }

  init(_ value: Value?) {
    var fields: Fields = [:]
    if case .object(let stated)? = value { fields = stated }
    self.init(id: fields.text("id"), role: fields.text("role"), certificate: fields.text("cert"))
  }
}

/// One event of a custody chain as far as custody goes by it.
struct CustodyEvent {
  let number: Int
  let type: String
  /// When it was recorded, by the clock of that computer; unknown when the event does not say.
  let time: CaptureTime
  let actor: Custodian
  /// Whether what it is about was done: exit code 0 or 3.
  let isDone: Bool
  let fields: Fields
  /// Whether a file with its signature lies beside it.
  let hasSignature: Bool

  init(_ number: Int, _ fields: Fields, hasSignature: Bool) {
    self.number = number
    self.hasSignature = hasSignature
    self.fields = fields
    type = fields.text("type")
    time = fields.time("time") ?? .unknown
    actor = Custodian(fields["actor"])
    isDone = [.integer(0), .integer(3), nil].contains(fields["exit"])
  }
}

/// The events of a bundle's custody chain, for questions about who had what when. Reads and never writes.
public struct CustodyHistory {
  /// The events that can be read, in order.
  let events: [CustodyEvent]
  /// What is wrong with the chain itself; then nothing that is drawn from it is certain.
  public let problems: [String]

  /// Whether there is no event that can be read.
  public var isEmpty: Bool { events.isEmpty }

  /// Reads the chain of the bundle at `path`.
  public init(_ path: String) {
    let chain = ChainCheck(path)
    problems = chain.problems
    events = chain.events.compactMap { event in
      // What is not named like an event is none; the problems name it.
      BundleLayout.number(ofEvent: event.name).map { number in
        let signature = "\(path)/\(BundleLayout.signature(of: event.name))"
        return CustodyEvent(number, event.fields, hasSignature: isRegularFile(signature))
      }
    }
  }

  /// The last event that can be read; nil when there is none.
  public var last: EventMention? { events.last.map { EventMention($0) } }

  /// The offer that nobody has answered; nil when there is none.
  ///
  /// It is the last event. What only looked at the bundle, and what was tried in vain, may stand behind it.
  var openOffer: CustodyEvent? {
    let last = events.last { event in
      event.type == "transfer.refuse" || (event.isDone && event.type != "access")
    }
    return last?.type == "transfer.offer" ? last : nil
  }
}

extension Fields {
  /// A field's text; empty when there is none.
  func text(_ name: String) -> String {
    guard case .text(let text)? = self[name] else { return "" }
    return text
  }

  /// A field's moment; nil when there is none.
  func time(_ name: String) -> CaptureTime? {
    guard case .text(let text)? = self[name] else { return nil }
    return CaptureTime(rfc3339: text)
  }

  func object(_ name: String) -> Fields {
    guard case .object(let fields)? = self[name] else { return [:] }
    return fields
  }
}
