public import EvidenceModel
public import Signing

/// Something that was done to a physical exhibit, or seen of it, and that the chain is to keep.
///
/// Files are named with their SHA-256 and size; they are not copied into the bundle.
public struct ExhibitEvent: Sendable {
  public enum Occurrence: Sendable {
    /// It was closed with a seal of that number; a photograph shows it.
    case seal(number: String, photo: String?)
    /// One person gave it to another. `taker` signs too; `at` is when, otherwise now.
    case handover(from: String, to: String, at: CaptureTime?, taker: Signer?)
    /// Where it was for a time, as the telemetry in that file shows.
    case waypoint(telemetry: String, from: CaptureTime, until: CaptureTime, position: String?)
    /// Somebody looked at it.
    case check(weight: Weight?, photo: String?, note: String?)
    /// Something was not as it should be.
    case anomaly(note: String)
  }

  let exhibit: String
  let occurrence: Occurrence

  /// Throws `usage` for text that events do not take, and for times that end before they begin.
  public init(_ exhibit: String, _ occurrence: Occurrence) throws(CustodyError) {
    try StatedText.name(exhibit, "--exhibit")
    switch occurrence {
    case .seal(let number, _): try StatedText.name(number, "--number")
    case .handover(let from, let to, _, _):
      try StatedText.name(from, "--from")
      try StatedText.name(to, "--to")
    case .waypoint(_, let from, let until, let position):
      guard from <= until else { throw CustodyError(.usage, "", "--to is before --from") }
      if let position { try StatedText.name(position, "--position") }
    case .check(let weight, let photo, let note):
      guard weight != nil || photo != nil || note != nil else {
        throw CustodyError(.usage, "", "a check has a --weight, a --photo or a --note")
      }
      if let note { try StatedText.note(note, "--note") }
    case .anomaly(let note): try StatedText.note(note, "--note")
    }
    (self.exhibit, self.occurrence) = (exhibit, occurrence)
  }

  /// The event's type.
  public var type: String {
    switch occurrence {
    case .seal: "exhibit.seal"
    case .handover: "exhibit.handover"
    case .waypoint: "exhibit.waypoint"
    case .check: "exhibit.check"
    case .anomaly: "exhibit.anomaly"
    }
  }

  /// Adds it to the chain of the bundle at `path`. Throws when a file cannot be read; that is an event too.
  public func record(in path: String, by act: CustodyAct) throws(CustodyError) -> RecordedEvent {
    var recorded: RecordedEvent?
    try BundleChange.perform(type, of: path, by: act) { change throws(CustodyError) in
      var fields: Fields = ["exhibit": .text(exhibit)]
      try describe(&fields, &change, act)
      recorded = RecordedEvent(number: change.eventNumber, type: type, warnings: change.warnings)
      return fields
    }
    guard let recorded else { throw CustodyError(.output, path, "the event was not recorded") }
    return recorded
  }

  private func describe(_ fields: inout Fields, _ change: inout BundleChange, _ act: CustodyAct) throws(CustodyError) {
    let past = CustodyHistory(change.bundle).timeline(of: exhibit)
    switch occurrence {
    case .seal(let number, let photo):
      fields.set("number", number)
      if let photo { fields.set("photo", .object(try NamedFile(photo).fields)) }
      if let former = past.seals.last, former.number != number {
        change.warnings.append("the seal's number was \(former.number) in event \(former.event)")
      }
    case .handover(let from, let to, let at, let taker):
      let moment = at ?? change.time
      fields.set("giver", .object(["id": .text(from)]))
      var receiver: Fields = ["id": .text(to)]
      if let taker {
        guard taker.certificate != act.signer?.certificate else {
          throw CustodyError(.usage, "", "giver and taker sign with the same certificate")
        }
        guard let facts = CertificateFacts(der: taker.certificate) else {
          throw CustodyError(.input, "", "the taker's certificate cannot be read")
        }
        receiver.set("cert", facts.sha256)
        change.others = [taker]
      }
      fields.set("taker", .object(receiver))
      fields.set("at", moment)
      if let holder = past.handovers.last, holder.taker.id != from {
        change.warnings.append("by event \(holder.event) it is \(holder.taker.id) who has it, not \(from)")
      }
      if moment > change.time { change.warnings.append("the stated time has not come yet") }
    case .waypoint(let telemetry, let from, let until, let position):
      fields.set("telemetry", .object(try NamedFile(telemetry).fields))
      fields.set("from", from)
      fields.set("until", until)
      if let position { fields.set("position", position) }
      if until > change.time { change.warnings.append("the stated time has not come yet") }
    case .check(let weight, let photo, let note):
      if let weight { fields.set("weightGrams", weight.text) }
      if let photo { fields.set("photo", .object(try NamedFile(photo).fields)) }
      if let note { fields.set("note", note) }
    case .anomaly(let note): fields.set("note", note)
    }
  }
}
