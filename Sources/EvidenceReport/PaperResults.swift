import EvidenceModel

/// What came of the run, for papers: counts, what was lost, and what of it is measurement and what a conclusion.
struct PaperResults {
  let facts: PaperFacts

  private var context: ReportContext { facts.context }

  // MARK: Counts

  func counts(_ html: inout HTMLWriter) {
    html.element(.dl, [.class("facts")]) { html in
      if let counts = facts.counts {
        html.stated("Packets in the originals", Decimal.grouped(counts.packets))
        html.stated("of these decoded", Decimal.grouped(counts.decoded))
        html.stated("failed (damaged, or given up after a fault)", Decimal.grouped(counts.failed))
        html.stated("not decoded, for the reasons below", Decimal.grouped(counts.skipped))
      } else {
        html.element(.dt, "Packets")
        html.element(.dd) { $0.missing("the chain of custody holds no counts") }
      }
      html.stated("Records", Decimal.grouped(records))
      html.stated("Files and computed media", Decimal.grouped(context.count("artefact")))
      html.stated("Findings", findings)
    }
    if let counts = facts.counts, !Self.addsUp(counts) {
      html.element(.p, [.class("fault")], "These counts do not add up; they cannot be relied on.")
    }
    account(&html)
    witness(&html)
  }

  private static func addsUp(_ counts: (packets: Int64, decoded: Int64, failed: Int64, skipped: Int64)) -> Bool {
    counts.decoded.addingReportingOverflow(counts.failed).partialValue
      .addingReportingOverflow(counts.skipped).partialValue == counts.packets
  }

  private var records: Int64 {
    context.tallies.reduce(0) { $1.key == "artefact" || $1.key == "finding" ? $0 : $0 &+ $1.value.count }
  }

  private var findings: String {
    let notices = context.count("finding") &- facts.errorCount &- facts.warningCount
    return """
      \(Decimal.count(facts.errorCount, "error", "errors")) (lost or unusable), \
      \(Decimal.count(facts.warningCount, "warning", "warnings")) (odd), \
      \(Decimal.count(notices, "notice", "notices")) (to note)
      """
  }

  /// The account by class, in words.
  private func account(_ html: inout HTMLWriter) {
    let (total, classes) = LedgerPage.sums(context.ledger)
    guard total > 0 else { return LedgerPage.noPackets(context.ledger, &html) }
    html.element(.p, "The account of packets (data/ledger.json; the page “What was read” has its rows):")
    html.element(.ul, [.class("statements")]) { html in
      for (kind, packets) in classes {
        html.element(
          .li,
          "\(Decimal.count(packets, "packet", "packets")) (\(Decimal.percent(packets, of: total))): \(kind.words)")
      }
    }
  }

  private func witness(_ html: inout HTMLWriter) {
    let originals = context.ledger?.objects("originals") ?? []
    guard !originals.isEmpty else { return }
    var verdicts: [String: Int] = [:]
    for original in originals { verdicts[original.object("witness")?.text("verdict") ?? "unable", default: 0] += 1 }
    html.element(.p) { html in
      html.text("A second program library (libpcap) counted the packets of the same originals: ")
      let words = [("agrees", "the same"), ("differs", "another number"), ("unable", "it could not")]
        .compactMap { name, words in verdicts[name].map { "\(words) in \($0) of \(originals.count)" } }
      html.text(words.joined(separator: ", ") + ".")
    }
  }

  // MARK: What was lost

  private static let errors = RecordTable(
    columns: [.init("Finding"), .init("What"), .init("Where")], caption: "Findings of the weight “lost or unusable”")

  func errors(_ html: inout HTMLWriter) {
    guard facts.errorCount > 0 else {
      return html.element(.p, "The program wrote down no finding of the weight “lost or unusable”.")
    }
    var rows = HTMLWriter()
    for finding in facts.errors {
      Self.errors.row(&rows) { row in
        row.name { $0.printed(finding.text("id") ?? "") }
        row.cell { html in
          html.printed(finding.text("message") ?? "")
          html.element(.p, [.class("note")]) { html in html.element(.code) { $0.printed(finding.text("code") ?? "") } }
        }
        row.cell { html in
          for entry in finding.objects("provenance").prefix(5) {
            html.element(.p) { html in
              html.printed(entry.text("original") ?? "")
              if let packets = entry.text("packets") { html.text(", packets \(packets.prefix(120))") }
            }
          }
        }
      }
    }
    Self.errors.write(rows, &html)
    let more = facts.errorCount &- Int64(facts.errors.count)
    if more > 0 {
      html.element(.p, "\(Decimal.grouped(more)) more stand in data/records/finding.ndjson.")
    }
  }

  // MARK: Measurement and inference

  private static let kinds = RecordTable(
    columns: [.init("Kind of record (file in data/records)"), .init("How many")],
    caption: "What the process wrote down, by kind")

  func measured(_ html: inout HTMLWriter) {
    html.element(.p) { html in
      html.element(.strong, "Measured. ")
      html.text(
        """
        What follows stood in the recorded traffic, or was worked out from it by a fixed rule which gives the same result \
        every time: sizes, counts and fingerprints; times of packets; addresses, names, commands and texts of protocols; \
        files that were carried; audio that was decoded from voice packets.
        """
      )
    }
    var rows = HTMLWriter()
    for kind in context.tallies.keys.sorted() where kind != "finding" {
      let tally = context.tallies[kind]
      Self.kinds.row(&rows) { row in
        row.cell { html in
          html.printed(kind)
          if kind == "artefact" {
            let computed = tally?.marks[#""origin":"computed""#] ?? 0
            html.element(
              .p, [.class("note")],
              "\(Decimal.grouped((tally?.count ?? 0) &- computed)) captured, \(Decimal.grouped(computed)) computed")
          }
        }
        row.number(tally?.count)
      }
    }
    Self.kinds.write(rows, &html)
  }

  func inferred(_ html: inout HTMLWriter) {
    let guesses = facts.guesses
    let isEmpty = facts.inferredCalls == 0 && facts.inferredPairs == 0 && guesses.isEmpty
    html.element(.p) { html in
      html.element(.strong, "Concluded. ")
      html.text(
        isEmpty
          ? "Nothing in this bundle is a conclusion."
          : "The following fits the recorded traffic and is not stated in it. It is marked in the records and pages: ")
      if !isEmpty { html.mark(.inferred) }
    }
    if facts.inferredCalls > 0 { voice(&html) }
    if facts.inferredPairs > 0 { answers(&html) }
    guard !guesses.isEmpty else { return }
    html.element(
      .p,
      """
      What the conversations that no decoder took probably are. Method: the first bytes are compared with those of known \
      protocols; where they say nothing, the port number alone is looked up, which anybody may use for anything. There is \
      no score.
      """
    )
    html.element(.ul, [.class("statements")]) { html in
      for guess in guesses.prefix(40) {
        html.element(.li) { html in
          html.printed(guess.guess)
          html.text(": \(Decimal.count(guess.packets, "packet", "packets")), from \(Self.basis(guess.basis))")
        }
      }
      if guesses.count > 40 { html.element(.li, "and \(guesses.count - 40) more in data/ledger.json") }
    }
  }

  private static func basis(_ basis: String) -> String {
    switch basis {
    case "firstBytes": "the first bytes"
    case "port": "the port alone"
    case "declared": "what the transport declares"
    default: "a basis that is not stated"
    }
  }

  private func answers(_ html: inout HTMLWriter) {
    html.element(
      .p,
      """
      \(Decimal.count(facts.inferredPairs, "web transfer has", "web transfers have")) an answer of which the traffic \
      does not state to which request it belongs. Method: the order of requests and answers, and where some are \
      missing; the reason stands with each. There is no score.
      """
    )
    html.element(.ul, [.class("statements")]) { html in
      for pairing in facts.pairings {
        html.element(.li) { html in
          html.printed(pairing.record)
          html.text(": ")
          html.printed(pairing.evidence.isEmpty ? "no reason is stated" : pairing.evidence)
        }
      }
      if facts.pairings.count == PaperFacts.maximumNamed {
        html.element(.li, "more, where there are any, stand on the page “Web and file transfers”")
      }
    }
  }

  private func voice(_ html: inout HTMLWriter) {
    html.element(
      .p,
      """
      \(Decimal.count(facts.inferredCalls, "call has", "calls have")) voice whose addresses the signalling does not name. \
      Method: hosts, ports, times and codings are compared; the reason stands with each. There is no score.
      """
    )
    html.element(.ul, [.class("statements")]) { html in
      for conclusion in facts.conclusions {
        html.element(.li) { html in
          html.printed(conclusion.record)
          html.text(", voice of ")
          html.printed(conclusion.party)
          html.text(": ")
          html.printed(conclusion.evidence.isEmpty ? "no reason is stated" : conclusion.evidence)
        }
      }
      if facts.conclusions.count == PaperFacts.maximumNamed {
        html.element(.li, "more, where there are any, stand on the page “Calls”")
      }
    }
  }
}
