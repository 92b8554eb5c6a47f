import EvidenceBundle
import EvidenceModel

/// The tracks of places: when and where each begins and ends, its gaps, and a drawing of it.
struct TracksPage {
  static let kinds = ["location-track"]
  let context: ReportContext

  func write() throws(BundleError) {
    let drawings = TrackDrawings(context)
    try PageSeries(
      base: "tracks", title: "Tracks", kinds: Self.kinds, rowsPerPage: 100,
      lead: { html in
        html.element(
          .p,
          """
          Places as a receiver recorded them. Nothing is filled in: where there was no fix for longer than the limit, \
          the drawing has a dashed line, and the gap stands below. Lengths and speeds are computed from the fixes.
          """
        )
      },
      none: "No tracks of places were given.",
      row: { record, _, sheet in card(record, drawings, &sheet.body) },
      assemble: { sheet, html in html.append(sheet.body) }
    ).write(context)
  }

  private func card(_ record: Fields, _ drawings: TrackDrawings, _ html: inout HTMLWriter) {
    let item = record.objects("provenance").first?.text("original") ?? ""
    html.element(.section, [.class("call")] + (record.text("id").map { [.id($0)] } ?? [])) { html in
      html.element(.h2) { html in
        html.text("\(Self.words(record.text("trackKind"))) \(record.text("track") ?? "?") of \(item) ")
        if let name = record.text("name") { html.captured(name) }
      }
      if record.flag("isComplete") == false {
        html.element(.p, [.class("remark")]) { html in
          html.text("The file ends or breaks within this track. ")
          html.mark(.missing)
        }
      }
      drawings.write(original: item, track: record.integer("track") ?? 0, &html)
      html.element(.dl, [.class("facts")]) { html in
        for (title, name) in [("First fix", "firstFixAt"), ("Last fix", "lastFixAt")] where record.text(name) != nil {
          html.element(.dt, title)
          html.element(.dd) { $0.moment(record.text(name)) }
        }
        for (title, name) in [
          ("Fixes", "pointCount"), ("Metres along the fixes", "lengthMetres"), ("Gaps", "gapCount"),
          ("Fastest between two fixes, km/h", "fastest"), ("Jumps that cannot be", "jumpCount"),
        ] {
          if let text = record.text(name) { html.fact(title, text) }
        }
        html.element(.dt, "Where it comes from")
        html.element(.dd) { $0.provenance(record) }
      }
      gaps(record, &html)
    }
  }

  private static func words(_ kind: String?) -> String {
    switch kind {
    case "route": "Planned route"
    case "line": "Line"
    default: "Track"
    }
  }

  /// Gaps of one track that its table lists.
  private static let maximumGaps = 200

  private func gaps(_ record: Fields, _ html: inout HTMLWriter) {
    let gaps = record.objects("gaps")
    guard !gaps.isEmpty else { return }
    let table = RecordTable(
      columns: ["From", "To", "Seconds without a fix", "What the receiver says"].map { .init($0) },
      caption: "Gaps longer than \(record.text("gapLimitSeconds") ?? "?") seconds")
    var rows = HTMLWriter()
    for gap in gaps.prefix(Self.maximumGaps) {
      table.row(&rows, [.class("gap")]) { row in
        row.moment(gap.text("from"))
        row.moment(gap.text("to"))
        row.number(gap.integer("seconds"))
        row.captured(gap.texts("reasons").isEmpty ? nil : gap.texts("reasons").joined(separator: ", "))
      }
    }
    table.write(rows, &html)
    let total = record.integer("gapCount") ?? 0
    if total > Self.maximumGaps {
      html.element(
        .p, [.class("note")],
        "\(Decimal.grouped(total - Int64(Self.maximumGaps))) more gaps stand in the record and the findings.")
    }
  }
}
