import EvidenceBundle
import EvidenceModel

/// The draft of a statement for any court: who, what, how, with which program, how much, what was lost, how to check.
struct StatementPage {
  static let file = "statement.html"

  let facts: PaperFacts

  func write() throws(BundleError) {
    let parts = PaperParts(facts: facts)
    let results = PaperResults(facts: facts)
    try facts.context.page(Self.file, title: "Statement on how this evidence was made", of: Self.file) { html in
      html.element(.div, [.class("paper")]) { html in
        html.draft()
        matter(&html)
        html.part("1. Who made the bundle") { parts.people(&$0) }
        html.part("2. What was examined, and how it was received") { html in
          parts.originals(&html)
          parts.receipt(&html)
        }
        html.part("3. What was done") { html in
          parts.process(&html)
          parts.events(&html)
        }
        html.part("4. The program") { html in
          parts.program(&html)
          validation(&html)
        }
        html.part("5. What came of it") { results.counts(&$0) }
        html.part("6. What was lost or could not be used") { results.errors(&$0) }
        html.part("7. What is measurement and what is a conclusion") { html in
          results.measured(&html)
          results.inferred(&html)
        }
        html.part("8. Known limits") { limits(&$0) }
        html.part("9. How anybody can check this") { parts.verification(&$0) }
        html.part("10. The seal") { parts.seal(&$0) }
        html.part("11. To be filled in by hand") { signature(&$0) }
        annex(&html)
      }
    }
  }

  private func matter(_ html: inout HTMLWriter) {
    html.element(.dl, [.class("facts")]) { html in
      html.stated("Case", facts.context.meta.text("case"))
      html.stated("Bundle", facts.context.meta.text("id"))
    }
  }

  /// What the validation report says of itself.
  private func validation(_ html: inout HTMLWriter) {
    let note = facts.validation
    guard let report = note.report, let summary = report.object("summary") else {
      return html.element(.p, [.class("fault")]) { html in
        html.element(.strong, "Warning: ")
        html.text("nothing in this bundle shows that this very program was measured before it was used.")
      }
    }
    html.element(.dl, [.class("facts")]) { html in
      html.statedHash("SHA-256 of the validation report", note.named?.text("sha256"))
      html.stated(
        "Requirements",
        """
        \(summary.text("requirements") ?? "?"): \(summary.text("passed") ?? "?") passed, \
        \(summary.text("failed") ?? "?") failed, \(summary.text("notTested") ?? "?") not tested
        """)
      html.stated("Cases", report.objects("cases").compactMap { $0.text("name") }.joined(separator: ", "))
      html.stated("Measured on", report.object("system")?.text("os"))
    }
    let limits = report.texts("limits")
    guard !limits.isEmpty else { return }
    html.element(.p, "What the validation report says that it does not show:")
    html.element(.ul, [.class("statements")]) { html in
      for limit in limits.prefix(50) { html.element(.li) { $0.printed(limit) } }
    }
  }

  private func limits(_ html: inout HTMLWriter) {
    html.element(.ul, [.class("statements")]) { html in
      for sentence in KnownLimits(facts: facts).sentences { html.element(.li) { $0.printed(sentence) } }
    }
  }

  private func signature(_ html: inout HTMLWriter) {
    html.element(.div, [.class("whole")]) { html in
      html.blank("Name")
      html.blank("Position and authority or firm")
      html.blank("Qualification and experience", rows: 3)
      html.blank("What I did myself, and what I was told", rows: 3)
      html.blank("Corrections to this draft", rows: 3)
      html.blank("Place and date")
      html.blank("Signature")
    }
  }

  private static let libraries = RecordTable(
    columns: [.init("File"), .init("SHA-256", .computed)], caption: "Libraries and type databases that were loaded")

  private func annex(_ html: inout HTMLWriter) {
    let libraries = facts.tool?.objects("libraries") ?? []
    guard !libraries.isEmpty else { return }
    html.element(.section, [.class("part annex")]) { html in
      html.element(.h2, "Annex: libraries")
      var rows = HTMLWriter()
      for library in libraries.prefix(300) {
        Self.libraries.row(&rows) { row in
          row.cell { $0.printed(library.text("path") ?? "") }
          row.cell { $0.element(.code, [.class("hash")]) { $0.printed(library.text("sha256") ?? "") } }
        }
      }
      Self.libraries.write(rows, &html)
      if libraries.count > 300 {
        html.element(.p, "\(Decimal.grouped(libraries.count - 300)) more stand in meta/bundle.json.")
      }
    }
  }
}
