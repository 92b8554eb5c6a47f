import EvidenceBundle
import EvidenceModel

/// What a reader of the evidence must know: gaps, damage, limits.
struct FindingsPage {
  let context: ReportContext

  private let table = RecordTable(
    columns: [.init("Weight"), .init("Finding"), .init("Further facts"), .init("Where")],
    caption: "Findings in the order of the evidence")

  static func words(_ severity: String) -> String {
    switch severity {
    case "error": "Lost or unusable"
    case "warning": "Odd"
    default: "To note"
    }
  }

  static func badge(_ severity: String, _ html: inout HTMLWriter) {
    let name: StaticString =
      switch severity {
      case "error": "weight weight-error"
      case "warning": "weight weight-warning"
      default: "weight weight-notice"
      }
    html.element(.span, [.class(name)], words(severity))
  }

  func write() throws(BundleError) {
    let own: Set<String> = [
      "kind", "id", "decoder", "provenance", "severity", "code", "message", "capturedAt", "endedAt", "communityID",
      "source", "destination", "transport",
    ]
    try PageSeries(
      base: "findings", title: "Findings", kinds: ["finding"],
      lead: { html in
        html.element(
          .p,
          """
          Findings are written down by the program while it reads: what was lost, what contradicts itself, what was \
          left unread and why. “Lost or unusable” means that something is missing from the result; “odd” means that \
          the result stands but something about it is unusual; “to note” only explains.
          """
        )
      },
      none: "There are no findings: nothing was lost, odd or cut short as far as the program can tell.",
      row: { record, _, sheet in
        context.findings.add(record)
        table.add(record, to: &sheet) { row in
          row.cell { Self.badge(record.text("severity") ?? "notice", &$0) }
          row.cell { html in
            html.captured(record.text("message") ?? "")
            html.element(.p, [.class("note")]) { html in
              html.element(.code) { $0.captured(record.text("code") ?? "") }
            }
          }
          row.cell { html in
            html.element(.dl, [.class("facts")]) { html in
              if let time = record.text("capturedAt") {
                html.element(.dt, "When")
                html.element(.dd) { $0.moment(time) }
              }
              if record.text("source") != nil {
                html.element(.dt, "Between")
                html.element(.dd) { $0.ends(record) }
              }
              for entry in record.entries where !own.contains(entry.name) {
                html.field(entry)
              }
            }
          }
          row.cell { $0.provenance(record) }
        }
      },
      assemble: { table.assemble($0, &$1) }
    ).write(context)
  }
}
