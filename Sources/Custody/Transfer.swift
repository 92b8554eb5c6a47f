import EvidenceBundle
import EvidenceModel
public import Signing

/// What a change of a bundle left in its chain.
public struct RecordedEvent: Sendable {
  public let number: Int
  public let type: String
  /// What its event warns of.
  public let warnings: [String]
}

/// The handing over of a bundle: one offers it, the other checks all of it and accepts or refuses.
public enum Transfer {
  /// How receiving ended.
  public enum Answer: Sendable {
    case accepted(RecordedEvent, Receipt)
    /// Refused, with the reasons in words.
    case refused(RecordedEvent, [String])
  }

  /// Offers the bundle at `path` to somebody: event `transfer.offer`. Checks only that the chain is whole.
  public static func offer(_ path: String, to recipient: String, by act: CustodyAct) throws(CustodyError)
    -> RecordedEvent
  {
    try StatedText.name(recipient, "--to")
    var recorded: RecordedEvent?
    try BundleChange.perform("transfer.offer", of: path, by: act) { change throws(CustodyError) in
      let history = CustodyHistory(change.bundle)
      if let problem = history.problems.first {
        throw CustodyError(.checkFailed, change.bundle, "the custody chain is not whole: \(problem)")
      }
      if let holder = history.holdings.last?.who, !holder.id.isEmpty, holder.id != act.custodian.id {
        change.warnings.append("by the chain it is \(holder.id) who has the bundle, not \(act.custodian.id)")
      }
      if let offer = history.openOffer {
        let former = offer.fields.object("recipient").text("id")
        change.warnings.append("this takes the place of the offer to \(former) in event \(offer.number)")
      }
      var fields = state(change, history.events.count)
      fields.set("recipient", .object(["id": .text(recipient)]))
      recorded = RecordedEvent(number: change.eventNumber, type: "transfer.offer", warnings: change.warnings)
      return fields
    }
    return try found(recorded, path)
  }

  /// Checks everything and takes the bundle over: event `transfer.accept`, or `transfer.refuse` when a check fails or nothing was offered.
  ///
  /// `receipt` is what the receiver has of it from before, `trust` whose signatures are relied on. It reads every byte of the bundle.
  public static func receive(
    _ path: String, by act: CustodyAct, against receipt: Receipt? = nil, trust: TrustStore
  ) throws(CustodyError) -> Answer {
    var answer: Answer?
    // What fails on the way is a refusal too.
    try BundleChange.perform("transfer.refuse", of: path, by: act) { change throws(CustodyError) in
      let history = CustodyHistory(change.bundle)
      guard let offer = history.openOffer, !offer.actor.certificate.isEmpty else {
        let reason =
          history.openOffer == nil ? "nothing was offered that is still unanswered" : "the offer is not signed"
        let fields: Fields = ["reason": .text(reason)]
        answer = .refused(try refuse(&change, fields), [reason])
        return [:]
      }
      let checks = BundleVerifier.verify(change.bundle, against: receipt, trust: trust)
      let failed = checks.filter { $0.verdict == .failed }
      guard failed.isEmpty else {
        let list: [Value] = failed.map { check in
          .object(["name": .text(check.name), "details": .list(check.details.prefix(firstDetails).map { .text($0) })])
        }
        let fields: Fields = [
          "reason": .text("\(failed.count) of \(checks.count) checks failed"), "offer": name(offer, change),
          "failed": .list(list),
        ]
        let reasons = failed.flatMap { check in
          ["\(check.name): \(check.words)"] + check.details.prefix(firstDetails).map { "  \($0)" }
        }
        answer = .refused(try refuse(&change, fields), reasons)
        return [:]
      }
      answer = try accept(&change, history, offer, checks, act)
      return [:]
    }
    return try found(answer, path)
  }

  /// Details of each failed check that a refusal repeats.
  static let firstDetails = 5

  private static func refuse(_ change: inout BundleChange, _ fields: Fields) throws(CustodyError) -> RecordedEvent {
    try change.record(fields, as: "transfer.refuse", exit: CustodyError.Code.checkFailed.rawValue)
    return RecordedEvent(number: change.eventNumber, type: "transfer.refuse", warnings: change.warnings)
  }

  private static func accept(
    _ change: inout BundleChange, _ history: CustodyHistory, _ offer: CustodyEvent, _ checks: [BundleVerifier.Check],
    _ act: CustodyAct
  ) throws(CustodyError) -> Answer {
    let receiver = act.custodian
    let recipient = offer.fields.object("recipient").text("id")
    var fields = state(change, history.events.count)
    fields.set("offer", name(offer, change))
    fields.set("checks", .list(checks.filter { $0.verdict == .passed }.map { .text($0.name) }))
    if receiver.id != recipient {
      fields.set("recipientStated", recipient)
      change.warnings.append("it was offered to \(recipient), and \(receiver.id) received it")
    }
    if receiver.certificate == offer.actor.certificate {
      change.warnings.append("giver and receiver have the same certificate")
    }
    let head = try change.record(fields, as: "transfer.accept")
    let acceptance = Receipt.Acceptance(
      receivedBy: receiver.id, certificate: receiver.certificate, time: change.time)
    let receipt = Receipt(
      of: change.bundle, bundle: offer.fields.text("bundle"), eventCount: change.eventNumber, head: head.hex,
      acceptance: acceptance)
    return .accepted(
      RecordedEvent(number: change.eventNumber, type: "transfer.accept", warnings: change.warnings),
      try found(receipt, change.bundle))
  }

  /// The offer that is answered, by number and hash.
  private static func name(_ offer: CustodyEvent, _ change: BundleChange) -> Value {
    var fields: Fields = ["seq": .integer(Int64(offer.number))]
    if let hash = FileHashes.hash("\(change.bundle)/\(BundleLayout.event(offer.number))") {
      fields.set("sha256", hash.hex)
    }
    return .object(fields)
  }

  /// What is handed over: the seal, where there is one, and how much it is.
  private static func state(_ change: BundleChange, _ events: Int) -> Fields {
    let payload = ManifestFile(change.bundle, BundleLayout.manifest).entries.count
    let tags = ManifestFile(change.bundle, BundleLayout.tagManifest).entries.count
    var fields: Fields = [
      "counts": .object([
        "events": .integer(Int64(events)), "payloadFiles": .integer(Int64(payload)),
        "tagFiles": .integer(Int64(tags)),
      ])
    ]
    if let seal = FileHashes.hash("\(change.bundle)/\(BundleLayout.seal)") {
      fields.set("seal", .object(["sha256": .text(seal.hex)]))
    }
    return fields
  }

  private static func found<Result>(_ result: Result?, _ path: String) throws(CustodyError) -> Result {
    guard let result else { throw CustodyError(.input, path, "the tag manifest cannot be read") }
    return result
  }
}
