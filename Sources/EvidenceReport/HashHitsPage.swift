import EvidenceBundle
import EvidenceModel

/// Files that stand in sets of hashes: the sets, and each hit.
struct HashHitsPage {
  let context: ReportContext

  static let file = "hits.html"

  private let table = RecordTable(
    columns: [
      .init("Hit"), .init("When", .captured), .init("From → to", .captured), .init("File", .computed),
      .init("The set says"), .init("Where"),
    ], caption: "Hits in the order of the evidence")

  func write() throws(BundleError) {
    try PageSeries(
      base: "hits", title: "Hash sets", kinds: ["hash-hit"], lead: { lead(&$0) },
      none: "No file that was looked up stands in a hash set.",
      row: { record, _, sheet in
        table.row(&sheet.body, KnownFiles.attributes(record, isKnown: record.flag("isKnownGood") == true)) {
          fill(record, &$0)
        }
      },
      assemble: { table.assemble($0, &$1) }
    ).write(context)
  }

  private func lead(_ html: inout HTMLWriter) {
    html.element(
      .p,
      """
      Whole files were looked up by their hashes in the sets below. A hit says that a file with these very bytes \
      stands in the set; what that means is for whoever made the set to say. No hit says nothing about a file.
      """)
    let sets = RecordTable(
      columns: [
        .init("Set"), .init("Kind"), .init("Entries"), .init("Looked up"), .init("Hits"), .init("SHA-256 of the set"),
      ], caption: "Hash sets")
    var rows = HTMLWriter()
    for line in context.contents.records("hash-set").prefix(100) {
      guard let record = ValueReader.fields(line) else { continue }
      sets.row(&rows) { row in
        row.cell { html in
          html.element(.strong) { $0.captured(record.text("set") ?? "") }
          for name in ["setTitle", "setVersion"] {
            if let text = record.text(name) { html.element(.p, [.class("note")]) { $0.captured(text) } }
          }
        }
        row.cell { html in
          html.captured(record.text("setFormat") ?? "")
          if record.flag("isKnownGood") == true { html.element(.p, [.class("note")], "known, of no interest") }
        }
        row.number(record.integer("entryCount"))
        row.number(record.integer("lookedUpCount"))
        row.number(record.integer("hitCount"))
        row.cell { $0.element(.code, [.class("hash")], record.text("setDigest") ?? "") }
      }
    }
    sets.write(rows, &html)
    let first = context.contents.records("hash-set").prefix(1).first { _ in true }.flatMap { ValueReader.fields($0) }
    if let incomplete = first?.integer("incompleteCount"), incomplete > 0 {
      html.element(.p, [.class("remark")]) { html in
        html.text(
          "\(Decimal.count(incomplete, "file was", "files were")) not looked up, because not all of it is there. ")
        html.mark(.missing)
      }
    }
    KnownFiles.fold(&html, context)
  }

  private func fill(_ record: Fields, _ row: inout RecordTable.Row) {
    row.cell { html in
      html.text(record.text("id") ?? "")
      html.element(.p) { KnownFiles.mark(record, &$0) }
    }
    row.moment(record.text("capturedAt"))
    row.cell { html in
      if record.text("source") == nil { html.element(.span, [.class("none")], "–") } else { html.ends(record) }
    }
    row.cell { html in
      if let artefact = record.text("artefactSha256") {
        context.artefact(artefact, &html)
      } else {
        html.text("the original itself")
      }
      html.element(.p, [.class("note")]) { html in
        html.text("found by \(record.text("algorithm") ?? "") ")
        html.element(.code, [.class("hash")], record.text("digest") ?? "")
      }
    }
    row.cell { html in
      if let name = record.text("entryName") { html.element(.p) { $0.captured(name) } }
      html.element(.dl, [.class("facts")]) { html in
        for (name, title) in [
          ("entryCategory", "Category"), ("entryByteCount", "Bytes"), ("entryMatches", "Entries with this hash"),
        ] {
          if let text = record.text(name) { html.fact(title, text) }
        }
      }
      if record.flag("isSizeDifferent") == true {
        html.element(.p, [.class("fault")], "The entry states another size than the file has.")
      }
    }
    row.cell { $0.provenance(record) }
  }
}

/// What is shown of files that stand in sets of hashes, wherever they are listed.
enum KnownFiles {
  /// Files whose hits are kept in memory.
  static let maximumFiles = 100_000

  struct Note {
    let set: String
    let isKnownGood: Bool
    let category: String?
  }

  /// Reads the hits, by the artefact's SHA-256.
  static func notes(_ contents: BundleContents) -> [String: [Note]] {
    var notes: [String: [Note]] = [:]
    var seen: Set<String> = []
    for line in contents.records("hash-hit") {
      guard let record = ValueReader.fields(line), let artefact = record.text("artefactSha256") else { continue }
      let set = record.text("set") ?? ""
      guard notes[artefact] != nil || notes.count < maximumFiles,
        seen.insert("\(artefact) \(record.text("setNumber") ?? "")").inserted
      else { continue }
      notes[artefact, default: []].append(
        Note(set: set, isKnownGood: record.flag("isKnownGood") == true, category: record.text("entryCategory")))
    }
    return notes
  }

  /// The attributes of a row; those of known files can be folded away.
  static func attributes(_ record: Fields, isKnown: Bool) -> [HTMLWriter.Attribute] {
    (record.text("id").map { [.id($0)] } ?? []) + (isKnown ? [.class("known")] : [])
  }

  static func mark(_ record: Fields, _ html: inout HTMLWriter) {
    mark(
      Note(
        set: record.text("set") ?? "", isKnownGood: record.flag("isKnownGood") == true,
        category: record.text("entryCategory")), &html)
  }

  /// Hits stand out; those of known files do not.
  static func mark(_ note: Note, _ html: inout HTMLWriter) {
    html.element(.span, [.class(note.isKnownGood ? "weight weight-notice" : "flag")]) { html in
      html.text(note.isKnownGood ? "known: " : "in set: ")
      html.captured(note.set)
      if let category = note.category {
        html.text(", category ")
        html.captured(category)
      }
    }
  }

  /// A box that folds known files away; without it, and on paper, all stand there.
  static func fold(_ html: inout HTMLWriter, _ context: ReportContext) {
    guard (context.tallies["hash-hit"]?.marks[#""isKnownGood":true"#] ?? 0) > 0 else { return }
    html.element(.p) { html in
      html.element(.label, [.class("fold")]) { html in
        html.void(.input, [.own("type", "checkbox"), .own("autocomplete", "off")])
        html.text(" Fold away files that are known and of no interest")
      }
    }
  }
}
