import EvidenceBundle
import EvidenceModel

/// What documents and pictures say of themselves: who, when, with what and where.
struct DocumentsPage {
  static let kind = "document-properties"
  static let file = "documents.html"
  let context: ReportContext

  private let table = RecordTable(
    columns: [
      .init("Document"), .init("People", .captured), .init("Program and camera", .captured),
      .init("Made and changed", .captured), .init("Place", .captured), .init("All that it says", .captured),
    ], caption: "Documents in the order of the evidence")

  func write() throws(BundleError) {
    try PageSeries(
      base: "documents", title: "Documents", kinds: [Self.kind], rowsPerPage: 200,
      lead: { html in
        html.element(
          .p,
          """
          What documents and pictures say of themselves. Programs and people write these statements and can write \
          anything: they prove nothing by themselves. Times without a zone are what some clock showed.
          """
        )
      },
      none: "No document says anything of itself.",
      row: { record, _, sheet in table.add(record, to: &sheet) { fill(record, &$0) } },
      assemble: { table.assemble($0, &$1) }
    ).write(context)
  }

  private func fill(_ record: Fields, _ row: inout RecordTable.Row) {
    row.cell { html in
      html.element(.p) { html in
        html.text("\(record.text("id") ?? "") \(record.text("documentType") ?? "") ")
        if record.flag("isEncrypted") == true { html.missing("encrypted") }
      }
      if let title = record.text("title") { html.element(.strong) { $0.captured(title) } }
      if let pages = record.integer("pageCount") {
        html.element(.p, [.class("note")], Decimal.count(pages, "page", "pages"))
      }
      if let parent = record.text("parentSha256") { html.element(.p) { context.artefact(parent, &$0) } }
      if let small = record.text("thumbnailSha256") {
        html.element(.p, [.class("note")]) { html in
          html.text("small picture in it: ")
          context.artefact(small, &html)
        }
      }
      if record.text("source") != nil { html.ends(record) }
      html.provenance(record)
    }
    row.cell { html in
      said(record, [("author", "author"), ("lastModifiedBy", "last changed by"), ("company", "company")], &html)
    }
    row.cell { html in
      said(record, [("program", "made with"), ("producer", "written by"), ("camera", "camera")], &html)
    }
    row.cell { html in
      said(record, [("createdText", "made"), ("modifiedText", "changed")], &html)
      for (name, words) in [("createdAt", "made, in UTC: "), ("modifiedAt", "changed, in UTC: ")] {
        guard let time = record.text(name) else { continue }
        html.element(.p, [.class("note")]) { html in
          html.text(words)
          html.moment(time)
        }
      }
    }
    row.cell { html in
      guard let latitude = record.text("latitude"), let longitude = record.text("longitude") else {
        return html.element(.span, [.class("none")], "–")
      }
      html.captured("\(latitude), \(longitude)")
      if let elevation = record.text("elevation") {
        html.element(.p, [.class("note")]) { html in
          html.captured(elevation)
          html.text(" m")
        }
      }
    }
    row.cell { properties(record.objects("properties"), &$0) }
  }

  private func said(_ record: Fields, _ names: [(name: String, words: String)], _ html: inout HTMLWriter) {
    for (name, words) in names {
      guard let text = record.text(name) else { continue }
      html.element(.p) { html in
        html.element(.span, [.class("note")], "\(words): ")
        html.captured(text)
      }
    }
  }

  private func properties(_ list: [Fields], _ html: inout HTMLWriter) {
    guard !list.isEmpty else { return html.element(.span, [.class("none")], "–") }
    html.element(.details) { html in
      html.element(.summary, Decimal.count(Int64(list.count), "statement", "statements"))
      html.element(.dl, [.class("facts")]) { html in
        for property in list {
          html.element(.dt) { $0.captured("\(property.text("group") ?? "") \(property.text("name") ?? "")") }
          html.element(.dd) { $0.captured(property.text("value") ?? "") }
        }
      }
    }
  }
}
