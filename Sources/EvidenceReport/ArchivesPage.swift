import EvidenceBundle
import EvidenceModel

/// Archives that were opened, each with its members under it.
struct ArchivesPage {
  static let kinds = ["archive-file", "archive-member"]
  static let file = "archives.html"
  let context: ReportContext

  private let table = RecordTable(
    columns: [
      .init("Number"), .init("Member", .captured), .init("Size and content", .computed), .init("Changed", .captured),
      .init("Said of it", .captured),
    ], caption: "Archives, and under each its members in the archive's order")

  func write() throws(BundleError) {
    try PageSeries(
      base: "archives", title: "Archives", kinds: Self.kinds,
      lead: { html in
        html.element(
          .p,
          """
          Archives in the traffic and among the originals. Names, times and sizes are what the archive states; the \
          content is named by its fingerprint and stands on the page of files. Nothing was unpacked under a name of \
          the archive's, and no link was followed.
          """
        )
      },
      none: "No archives were found.",
      row: { record, kind, sheet in
        table.add(record, to: &sheet) { kind == "archive-file" ? archive(record, &$0) : member(record, &$0) }
      },
      assemble: { table.assemble($0, &$1) }
    ).write(context)
  }

  private func archive(_ record: Fields, _ row: inout RecordTable.Row) {
    row.name { $0.text(record.text("id") ?? "") }
    row.cell { html in
      html.element(.strong) { html in
        html.text("Archive: ")
        html.text(([record.text("format") ?? "unknown"] + record.texts("compressions")).joined(separator: " in "))
      }
      html.element(.p, [.class("note")]) { html in
        if let comment = record.text("comment") {
          html.text("comment: ")
          html.captured(comment)
          html.text("; ")
        }
        if let parent = record.text("parentSha256") {
          context.artefact(parent, &html)
        } else {
          html.text("an original")
        }
      }
    }
    row.cell { html in
      html.text(Decimal.count(record.integer("memberCount") ?? 0, "member", "members"))
      html.text(", \(Decimal.size(record.integer("memberBytes") ?? 0))")
      if record.flag("isComplete") == false {
        html.text(" ")
        html.missing("incomplete")
      }
    }
    row.cell { _ in }
    row.cell { html in
      if record.text("source") != nil { html.ends(record) }
      html.provenance(record)
    }
  }

  private func member(_ record: Fields, _ row: inout RecordTable.Row) {
    row.name { $0.text(record.text("id") ?? "") }
    row.cell { html in
      html.text("\(Decimal.grouped(record.integer("index") ?? 0)). ")
      if let name = record.text("name") {
        html.captured(name)
      } else {
        html.element(.span, [.class("none")], "no name")
      }
      if let target = record.text("linkTarget") {
        html.element(.p, [.class("note")]) { html in
          html.text("link to ")
          html.captured(target)
        }
      }
    }
    row.cell { html in
      if let size = record.integer("byteCount") { html.text(Decimal.size(size)) }
      if let stated = record.integer("statedByteCount"), stated != record.integer("byteCount") {
        html.element(.p, [.class("note")], "stated: \(Decimal.size(stated))")
      }
      if let hash = record.text("sha256") { html.element(.p) { context.artefact(hash, &$0) } }
      if record.flag("isComplete") == false { html.element(.p, [.class("fault")]) { $0.missing("incomplete") } }
    }
    row.cell { html in
      if let time = record.text("modifiedAt") {
        html.moment(time)
      } else if let time = record.text("modifiedLocal") {
        html.captured(time)
        html.element(.p, [.class("note")], "zone not stated")
      }
    }
    row.cell { html in
      if record.flag("isEncrypted") == true { html.element(.p) { $0.missing("encrypted, not read") } }
      for name in ["memberType", "method", "mode", "userName", "fault", "warning"] {
        if let text = record.text(name) { html.element(.p, [.class("note")]) { $0.captured(text) } }
      }
    }
  }
}
