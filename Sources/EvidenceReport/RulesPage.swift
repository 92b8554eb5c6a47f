import EvidenceBundle
import EvidenceModel

/// Files that the rules of whoever made the bundle match.
struct RulesPage {
  static let kind = "yara-match"
  static let file = "rules.html"
  let context: ReportContext

  private let table = RecordTable(
    columns: [.init("File"), .init("Rule"), .init("What it says of itself"), .init("Where it matches", .computed)],
    caption: "Matches in the order of the evidence")

  func write() throws(BundleError) {
    try PageSeries(
      base: "rules", title: "Rules", kinds: [Self.kind],
      lead: { html in
        html.element(
          .p,
          """
          Files that match YARA rules. A match says that a file has the bytes that a rule asks for, and nothing about \
          what the file does or whose it is. Tags and descriptions are those of the rule's author.
          """
        )
      },
      none: "No rule matches.",
      row: { record, _, sheet in table.add(record, to: &sheet) { fill(record, &$0) } },
      assemble: { table.assemble($0, &$1) }
    ).write(context)
  }

  private func fill(_ record: Fields, _ row: inout RecordTable.Row) {
    row.cell { html in
      html.text(record.text("id") ?? "")
      if let hash = record.text("artefactSha256") {
        html.element(.p) { context.artefact(hash, &$0) }
      } else {
        html.element(.p, "an original")
      }
      if record.text("source") != nil { html.ends(record) }
      html.provenance(record)
    }
    row.cell { html in
      html.element(.strong) { $0.captured(record.text("rule") ?? "") }
      html.element(.p, [.class("note")]) { html in
        html.text("of ")
        html.captured(record.text("rules") ?? "")
      }
      let tags = record.texts("tags")
      if !tags.isEmpty { html.element(.p) { $0.captured(tags.joined(separator: ", ")) } }
    }
    row.cell { html in
      html.element(.dl, [.class("facts")]) { html in
        for entry in record.objects("meta") {
          let value =
            entry.text("value") ?? entry.integer("value").map { String($0) } ?? entry.flag("value").map { String($0) }
            ?? ""
          html.element(.dt) { $0.captured(entry.text("name") ?? "") }
          html.element(.dd) { $0.captured(value) }
        }
      }
    }
    row.cell { html in
      let count = record.integer("matchCount") ?? 0
      html.text(Decimal.count(count, "place", "places"))
      let places = record.objects("strings")
      for place in places.prefix(10) {
        html.element(.p, [.class("note")]) { html in
          html.captured(place.text("identifier") ?? "")
          html.text(" at byte \(Decimal.grouped(place.integer("at") ?? 0)), ")
          html.text(Decimal.count(place.integer("byteCount") ?? 0, "byte", "bytes"))
        }
      }
      if count > 10 { html.element(.p, [.class("note")], "and further places, in data/records/\(Self.kind).ndjson") }
    }
  }
}
