import EvidenceBundle
public import EvidenceModel
public import Signing

/// Who does something to a bundle, and with what; what every event of theirs says.
public struct CustodyAct: Sendable {
  /// The program as events name it: name, version, commit, SHA-256.
  public let tool: Value
  /// The command line with secrets withheld.
  public let arguments: [String]
  /// What they are called; the certificate's common name when nothing is stated.
  public let actor: String?
  public let role: String
  public let signer: Signer?

  public init(tool: Value, arguments: [String], actor: String?, role: String, signer: Signer?) {
    self.tool = tool
    self.arguments = arguments
    self.actor = actor
    self.role = role
    self.signer = signer
  }

  /// Who acts, as events of theirs say it; the name is empty when neither they nor a certificate give one.
  var custodian: Custodian {
    let facts = signer.flatMap { CertificateFacts(der: $0.certificate) }
    return Custodian(id: actor ?? facts?.name ?? "", role: role, certificate: facts?.sha256 ?? "")
  }

  /// The fields that are the same in every event.
  var fields: Fields {
    var fields: Fields = ["tool": tool, "argv": .list(arguments.map { .text($0) }), "clock": SystemClock.state]
    var who: Fields = ["role": .text(role)]
    if let actor { who.set("id", actor) }
    fields.set("actor", .object(who))
    return fields
  }
}

extension CustodyChain {
  /// Adds an event of `act`: what it always says and `fields`.
  @discardableResult
  mutating func append(
    _ type: String, by act: CustodyAct, at time: CaptureTime = SystemClock.now, exit: Int = 0,
    warnings: [String] = [], with others: [Signer] = [], _ fields: Fields
  ) throws(BundleError) -> ContentHash {
    var event = act.fields
    for entry in fields.entries { event.set(entry.name, entry.value) }
    event.set("exit", exit)
    if !warnings.isEmpty { event.set("warnings", .list(warnings.map { .text($0) })) }
    return try append(type, at: time, event, by: act.signer, with: others)
  }
}
