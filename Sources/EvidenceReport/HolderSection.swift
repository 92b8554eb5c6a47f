import Custody
import EvidenceModel

/// Who had the bundle and each physical exhibit when, as tables: the same that `exhibit custody show` prints.
struct HolderSection {
  /// The events that the page was written from.
  let history: CustodyHistory

  /// Physical exhibits, rows of a table, notes of a table, and faults of the chain that are shown.
  static let maximumExhibits = 200
  static let maximumRows = 1_000
  static let maximumNotes = 100
  static let maximumProblems = 20

  private static let columns: [RecordTable.Column] = [
    .init("From"), .init("Until"), .init("Holder"), .init("Role"), .init("Place or means, as recorded"),
    .init("Event and its signature"),
  ]

  func write(_ html: inout HTMLWriter) {
    writeLast(&html)
    writeProblems(&html)
    let tables = history.holderTables()
    for table in tables.prefix(Self.maximumExhibits + 1) { write(table, &html) }
    if tables.count > Self.maximumExhibits + 1 {
      html.element(
        .p, [.class("fault")],
        """
        \(Decimal.grouped(tables.count - Self.maximumExhibits - 1)) more physical exhibits are not shown; \
        exhibit custody show lists them all.
        """)
    }
  }

  /// Says up to which event the page goes.
  private func writeLast(_ html: inout HTMLWriter) {
    guard let last = history.last else {
      return html.element(.p, [.class("fault")]) {
        $0.missing("no event of this bundle can be read, so nothing can be said of who had it")
      }
    }
    html.element(.p) { html in
      html.text("Written when the last event was number ")
      html.element(.strong, String(last.number))
      html.text(" (")
      html.captured(CustodyPage.words(last.type))
      html.text(", ")
      Self.moment(last.time, otherwise: "no time", &html)
      html.text("). Events that came later are not on this page; ")
      html.element(.code, "exhibit report BUNDLE --output DIRECTORY")
      html.text(" writes it again with them.")
    }
  }

  private func writeProblems(_ html: inout HTMLWriter) {
    guard !history.problems.isEmpty else { return }
    html.element(.div, [.class("fault")]) { html in
      html.element(.p) { html in
        html.element(.strong, "The chain of events is not whole. ")
        html.text("What these tables say is drawn from the events that can be read, and is not certain:")
      }
      html.element(.ul) { html in
        for problem in history.problems.prefix(Self.maximumProblems) {
          html.element(.li) { $0.captured(problem) }
        }
        if history.problems.count > Self.maximumProblems {
          html.element(
            .li, "and \(Decimal.grouped(history.problems.count - Self.maximumProblems)) more: exhibit verify BUNDLE")
        }
      }
    }
  }

  private func write(_ table: HolderTable, _ html: inout HTMLWriter) {
    html.element(.h2) { html in
      guard let exhibit = table.exhibit else { return html.text("Who had the bundle") }
      html.text("Who had the exhibit ")
      if exhibit.isEmpty { html.missing("without a name") } else { html.captured(exhibit) }
    }
    if table.rows.isEmpty {
      html.element(.p, [.class("fault")]) { $0.missing("no event that can be read says who had it") }
    } else {
      writeCount(table, &html)
      let sheet = RecordTable(
        columns: Self.columns,
        caption: table.exhibit == nil
          ? "Holders of the bundle, in the order of events" : "Holders of the exhibit, in the order of time")
      var rows = HTMLWriter()
      for row in table.rows.prefix(Self.maximumRows) { write(row, sheet, &rows) }
      sheet.write(rows, &html)
      if table.rows.count > Self.maximumRows {
        html.element(
          .p, [.class("fault")],
          """
          \(Decimal.grouped(table.rows.count - Self.maximumRows)) more lines are not shown; exhibit custody show \
          lists them all.
          """)
      }
    }
    writeNotes(table.notes, &html)
  }

  private func writeCount(_ table: HolderTable, _ html: inout HTMLWriter) {
    let silence = HolderTable.longestSilence.text
    guard table.gapCount > 0 else {
      let words = "somebody is named throughout, and nothing was left open for more than \(silence)."
      return html.element(
        .p, (history.problems.isEmpty ? "No gap: " : "No gap in the events that can be read: ") + words)
    }
    html.element(.p, [.class("fault")]) { html in
      html.element(.strong, "\(Decimal.count(table.gapCount, "gap", "gaps")). ")
      html.text(
        """
        A gap is a time for which nobody is named, an offer that nobody answered, a handover by somebody who did not \
        have it by the chain, and an interval longer than \(silence) between an offer and its answer or for which \
        nothing is recorded of an exhibit; for another length ask
        """)
      html.text(" ")
      html.element(.code, "exhibit custody gaps BUNDLE --max TIME")
      html.text(".")
    }
  }

  private func writeNotes(_ notes: [CustodyGaps.Entry], _ html: inout HTMLWriter) {
    guard !notes.isEmpty else { return }
    html.element(.p, "To be explained as well:")
    html.element(.ul, [.class("statements")]) { html in
      for note in notes.prefix(Self.maximumNotes) {
        html.element(.li) { html in
          html.captured(note.words)
          html.text(" (")
          html.captured(note.eventWords)
          html.text(")")
        }
      }
      if notes.count > Self.maximumNotes {
        html.element(.li, "and \(Decimal.grouped(notes.count - Self.maximumNotes)) more: exhibit custody gaps")
      }
    }
  }

  // MARK: Rows

  private func write(_ row: HolderTable.Row, _ sheet: RecordTable, _ html: inout HTMLWriter) {
    sheet.row(&html, row.isGap ? [.class("gap")] : []) { cells in
      switch row {
      case .holder(let holding): write(holding, &cells)
      case .sighting(let sighting): write(sighting, &cells)
      case .gap(let gap): write(gap, &cells)
      }
    }
  }

  private func write(_ holding: Holding, _ cells: inout RecordTable.Row) {
    cells.cell { Self.moment(holding.from, otherwise: "not recorded", &$0) }
    cells.cell { html in
      guard let until = holding.until else { return html.text("no later holder recorded") }
      Self.moment(until, otherwise: "not recorded", &html)
    }
    cells.cell { html in
      if holding.who.id.isEmpty {
        html.missing("nobody is named")
      } else {
        html.element(.strong) { $0.captured(holding.who.id) }
      }
    }
    cells.cell { Self.role(holding.who, &$0) }
    cells.cell { Self.details(holding.details, &$0) }
    cells.cell { html in
      Self.source(holding.event, &html)
      let isSignedByAnother = holding.event.hasSignature && !holding.event.certificates.isEmpty
      if isSignedByAnother, holding.who.certificate.isEmpty, !holding.who.id.isEmpty {
        html.element(.p, [.class("note")], "the event names no certificate of this holder")
      }
    }
  }

  private func write(_ sighting: Sighting, _ cells: inout RecordTable.Row) {
    cells.cell { Self.moment(sighting.from, otherwise: "not recorded", &$0) }
    cells.cell { html in
      guard let until = sighting.until else { return html.element(.span, [.class("none")], "–") }
      Self.moment(until, otherwise: "not recorded", &html)
    }
    cells.cell { html in
      guard let holder = sighting.holder else { return html.missing("nobody is named") }
      html.captured(holder.id)
    }
    cells.cell { Self.role(sighting.holder, &$0) }
    cells.cell { Self.details(sighting.details, &$0) }
    cells.cell { html in
      Self.source(sighting.event, &html)
      html.element(.p, [.class("note")]) { html in
        html.text("recorded by ")
        if sighting.witness.id.isEmpty { html.missing("nobody") } else { html.captured(sighting.witness.id) }
      }
    }
  }

  private func write(_ gap: CustodyGaps.Entry, _ cells: inout RecordTable.Row) {
    cells.cell { Self.moment(gap.from ?? .unknown, otherwise: "not recorded", &$0) }
    cells.cell { html in
      guard let until = gap.until else { return html.text("no end recorded") }
      Self.moment(until, otherwise: "not recorded", &html)
    }
    cells.cell { $0.missing(gap.length.map { "Gap of \($0.text)" } ?? "Gap") }
    cells.captured(nil)
    cells.captured(gap.words)
    cells.captured(gap.eventWords)
  }

  // MARK: Parts

  private static func moment(_ time: CaptureTime, otherwise words: String, _ html: inout HTMLWriter) {
    if time.isKnown { html.moment(time.description) } else { html.element(.span, [.class("none")], words) }
  }

  private static func role(_ who: Custodian?, _ html: inout HTMLWriter) {
    guard let role = who?.role, !role.isEmpty else { return html.element(.span, [.class("none")], "–") }
    html.element(.span, [.class("role")]) { $0.captured(role) }
  }

  private static func details(_ details: [StatedDetail], _ html: inout HTMLWriter) {
    guard !details.isEmpty else { return html.element(.span, [.class("none")], "none recorded") }
    html.element(.dl, [.class("facts")]) { html in
      for detail in details { html.fact(detail.title, detail.text) }
    }
  }

  private static func source(_ event: EventMention, _ html: inout HTMLWriter) {
    html.text("\(event.number): ")
    html.captured(CustodyPage.words(event.type))
    html.element(.p, [.class("note")]) {
      EventSigner.signature(event.certificates, isThere: event.hasSignature, &$0)
    }
  }
}
