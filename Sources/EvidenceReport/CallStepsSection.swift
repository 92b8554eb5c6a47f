import EvidenceModel

/// What the signalling tells of a call, step by step, with the packets that do.
struct CallStepsSection {
  /// Steps that are shown; the record has all that were kept.
  static let maximumSteps = 300

  private static func table(_ words: CallWords) -> RecordTable {
    RecordTable(
      columns: [
        .init("When", .captured), .init("Who", .captured), .init("What", .captured), .init("Where it comes from"),
      ], caption: "What the signalling tells of this \(words.noun)")
  }

  static func write(_ record: Fields, _ html: inout HTMLWriter) {
    let steps = record.objects("steps")
    guard !steps.isEmpty else { return }
    let words = CallWords(record)
    let table = table(words)
    var rows = HTMLWriter()
    for step in steps.prefix(maximumSteps) {
      table.row(&rows) { row in
        row.moment(step.text("capturedAt"))
        row.cell(words.party(step.text("party")) ?? "unknown")
        row.cell { what(step, of: record, &$0) }
        row.cell { $0.provenance(step) }
      }
    }
    html.element(.details) { html in
      html.element(.summary, "Signalling, step by step (\(Decimal.grouped(steps.count)))")
      table.write(rows, &html)
      let more = max(0, steps.count - maximumSteps)
      if more > 0 { html.element(.p, [.class("note")], "\(Decimal.grouped(more)) more steps stand in the record.") }
      if let omitted = record.integer("stepsOmitted"), omitted > 0 {
        html.element(
          .p, [.class("note")],
          "\(Decimal.grouped(Int(clamping: omitted))) steps beyond the limit stand in the records of their messages only."
        )
      }
    }
  }

  private static func what(_ step: Fields, of record: Fields, _ html: inout HTMLWriter) {
    html.text(CallWords(record).words(step.text("step")))
    if let target = step.text("transferTarget") {
      html.text(": ")
      html.captured(target)
    }
    if let status = step.text("status") {
      html.text(": ")
      html.captured("\(status) \(step.text("reason") ?? "")")
    }
    if let call = step.text("replaces") { note("in place of the call ", call, &html) }
    if let tag = step.text("tag"), record.integer("branches") ?? 1 > 1 { note("dialog ", tag, &html) }
  }

  private static func note(_ title: String, _ text: String, _ html: inout HTMLWriter) {
    html.element(.p, [.class("note")]) { html in
      html.text(title)
      html.captured(text)
    }
  }

  // MARK: Facts

  /// The facts that not every call has.
  static func facts(_ record: Fields, _ html: inout HTMLWriter) {
    let words = CallWords(record)
    for hold in record.objects("holds").prefix(100) {
      html.fact("On hold", .captured) { html in
        html.text("the \(words.party(hold.text("party")) ?? "unknown party") put the other party on hold: ")
        html.moment(hold.text("heldAt"))
        html.text(" to ")
        if let end = hold.text("resumedAt") { html.moment(end) } else { html.missing("no end recorded") }
      }
    }
    let dialogs = record.objects("dialogs")
    if !dialogs.isEmpty {
      html.fact("Forked to", .captured) { html in
        html.text("\(dialogs.count) called parties rang, offered media or answered")
        let answered = dialogs.filter { $0.text("answeredAt") != nil }.count
        if answered != 1 { html.text("; \(answered) of them answered") }
      }
    }
    if let party = record.text("conferenceFocus") {
      html.fact("Conference", .captured) {
        $0.text("the \(words.party(party) ?? "unknown party") is the centre of a conference")
      }
    }
    for (title, field) in [
      ("In place of call", "replaces"), ("Replaced by call", "replacedBy"), ("At the request of", "referredBy"),
    ] {
      if let text = record.text(field) { html.fact(title, .captured) { $0.captured(text) } }
    }
  }
}
