import ArgumentParser
import Custody
import EvidenceBundle
import EvidenceModel
import Foundation

/// `exhibit custody`
struct CustodyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "custody",
    abstract: "Shows who had a bundle or a physical exhibit when, and records what happens to exhibits.",
    discussion: """
      show and gaps only read. Every other command adds one event to the bundle's chain; files that they name are hashed and
      stay where they are. A bundle whose name is that of a command is shown with: exhibit custody show NAME.
      docs/custody.md tells more.

      Examples
        exhibit custody case.exhibit
        exhibit custody gaps case.exhibit --max 30m
        exhibit custody seal-number case.exhibit --exhibit E-1 --number 004711 --photo seal.jpg
        exhibit custody handover case.exhibit --exhibit E-1 --from A12 --to B77 --key a12.key --cert a12.pem
      """,
    subcommands: [
      Show.self, CustodyGapsCommand.self, SealNumber.self, HandoverCommand.self, Waypoint.self, Check.self,
      Anomaly.self,
    ],
    defaultSubcommand: Show.self)

  /// `exhibit custody show`
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Lists the events of a bundle's custody chain, and who had it when.")

    @Argument(help: "The bundle.") var bundle: String
    @Flag(help: "Print each event as it stands: one JSON object a line.") var json = false
    @OptionGroup(title: "Recording") var access: AccessOptions

    func run() throws {
      AccessOptions.note("custody", bundle, by: access.act)
      let directory = "\(bundle)/\(BundleLayout.custody)"
      guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
        Console.fail(BundleError(.malformed, directory, "there is no custody chain; is this a bundle?"))
      }
      for name in names.sorted() where name.hasSuffix(".json") {
        let bytes = BundleFile.read("\(directory)/\(name)") ?? []
        if json { print(String(decoding: bytes, as: UTF8.self)) } else { print(Self.line(bytes)) }
      }
      guard !json else { return }
      let history = CustodyHistory(bundle)
      for table in history.holderTables() { show(table) }
      for problem in history.problems { Console.error("exhibit: the chain is not whole: \(problem)") }
    }

    private static func line(_ bytes: [UInt8]) -> String {
      guard let fields = ValueReader.fields(bytes) else { return Console.safe(String(decoding: bytes, as: UTF8.self)) }
      var actor = ""
      if case .object(let who)? = fields["actor"] { actor = "  " + RecordText.text(who["id"]) }
      return
        "\(RecordText.text(fields["seq"]))  \(RecordText.text(fields["time"]))  \(RecordText.text(fields["type"]))\(actor)"
    }

    private func show(_ table: HolderTable) {
      guard !table.rows.isEmpty else { return }
      print("\n" + Console.safe(table.exhibit.map { "Who had exhibit \($0)" } ?? "Who had the bundle"))
      for row in table.rows {
        switch row {
        case .holder(let holding):
          let end = holding.until.map { "until \($0)" } ?? "and still"
          print(
            "  from \(holding.from) \(end)  \(Self.text(holding.who))\(Self.source(holding.event, holding.details))")
        case .sighting(let seen):
          let time = seen.until.map { "from \(seen.from) until \($0)" } ?? "at \(seen.from)"
          print("    \(time)\(Self.source(seen.event, seen.details))")
        case .gap(let gap):
          let facts = [Console.safe(gap.words), CustodyGapsCommand.interval(gap), gap.eventWords]
          print("  GAP  " + facts.filter { !$0.isEmpty }.joined(separator: "; "))
        }
      }
    }

    /// The event that says so, and what it says of places and means.
    private static func source(_ event: EventMention, _ details: [StatedDetail]) -> String {
      var text = "  by event \(event.number), \(event.type)"
      if !event.certificates.isEmpty, !event.hasSignature { text += ", its signature is not there" }
      for detail in details { text += "; \(detail.title) \(detail.text)" }
      return Console.safe(text)
    }

    /// A person: name, role, and the beginning of the certificate's SHA-256.
    private static func text(_ who: Custodian) -> String {
      let certificate = who.certificate.isEmpty ? "unsigned" : "certificate \(who.certificate.prefix(16))"
      let rest = [who.role, certificate].filter { !$0.isEmpty }.joined(separator: ", ")
      return Console.safe("\(who.id.isEmpty ? "(no name)" : who.id) (\(rest))")
    }
  }
}
