public import EvidenceBundle
import EvidenceModel
import Foundation

/// Writes a bundle's report: pages for a browser, without script and without anything from outside.
///
/// Same bundle, same bytes. Tables are read and written a record at a time; see `maximumPages`.
public struct ReportWriter {
  /// Rows on one page of a table.
  static let rowsPerPage = 500
  /// Pages of one table; what is beyond stands in the records' file, and the page says so.
  static let maximumPages = 40

  let bundle: String
  let output: String
  var facts: BundleFacts
  private var written: [String] = []

  /// Opens the bundle. Throws when its description cannot be read.
  public init(bundle: String, output: String) throws(BundleError) {
    self.bundle = bundle
    self.output = output
    facts = try BundleFacts(bundle)
  }

  /// Writes all pages into `output`, which is made; gives their names.
  public mutating func write() throws -> [String] {
    try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
    try countRecords()
    try put("report.css", StyleSheet.text)
    try writeSummary()
    try writeTables()
    try page("calls", "Calls", callsPage())
    try page("ledger", "Account of every packet", LedgerPage.body(facts))
    try page("custody", "Custody", custodyPage())
    try page("verify", "How to check this bundle", VerifyPage.body(facts))
    return written
  }

  private mutating func countRecords() throws {
    for (name, file) in try RecordFile.files(inBundle: bundle) {
      facts.counts[name] = file.count
    }
    facts.hasOther = facts.counts.keys.contains { !Self.knownFiles.contains($0) }
  }

  /// Files of records that have a page of their own.
  static let knownFiles: Set<String> = [
    "sip-call", "rtp-call", "rtp-stream", "sip-message", "http-transfer", "artefact", "dns-query", "dns-answer",
    "finding",
    "capture-section", "capture-interface", "capture-comment", "capture-name", "capture-secret", "capture-statistics",
    "capture-block",
  ]

  func records(_ name: String) -> RecordFile { RecordFile(path: "\(bundle)/\(BundleLayout.records)/\(name).ndjson") }

  func each(_ name: String, atMost limit: Int = .max, _ body: (Fields) throws -> Void) rethrows {
    guard facts.counts[name] ?? 0 > 0 else { return }
    for line in records(name).lazy.prefix(limit) {
      if let fields = ValueReader.fields(line) { try body(fields) }
    }
  }

  /// How many records of a kind hold `text` as it stands in the file.
  func count(_ name: String, holding text: String) -> Int {
    guard facts.counts[name] ?? 0 > 0 else { return 0 }
    let bytes = Array(text.utf8)
    var count = 0
    for line in records(name) where line.contains(bytes) { count += 1 }
    return count
  }

  mutating func put(_ name: String, _ text: String) throws {
    let path = "\(output)/\(name)"
    guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else {
      throw BundleError(.system, path, "the page could not be written")
    }
    written.append(name)
  }

  mutating func page(_ file: String, _ title: String, _ body: Markup) throws {
    try put("\(file).html", Page.document(file, title, facts, body))
  }

  // MARK: Tables

  /// Writes a table over as many pages as it needs.
  mutating func table(
    _ file: String, _ title: String, _ introduction: Markup, _ columns: [String], _ names: [String], total: Int,
    _ row: (Fields) -> Markup?
  ) throws {
    let pages = min(Self.maximumPages, max(1, (total + Self.rowsPerPage - 1) / Self.rowsPerPage))
    var rows = Markup()
    var rowCount = 0
    var number = 1
    var isFull = false
    for name in names where facts.counts[name] ?? 0 > 0 && !isFull {
      for line in records(name) {
        guard let fields = ValueReader.fields(line), let cells = row(fields) else { continue }
        if rowCount == Self.rowsPerPage {
          try finish(file, title, introduction, columns, rows, number, pages, total)
          rows = Markup()
          rowCount = 0
          number += 1
          if number > pages {
            isFull = true
            break
          }
        }
        rows.append(cells)
        rowCount += 1
      }
    }
    if !isFull, rowCount > 0 || number == 1 {
      try finish(file, title, introduction, columns, rows, number, pages, total)
    }
  }

  private mutating func finish(
    _ file: String, _ title: String, _ introduction: Markup, _ columns: [String], _ rows: Markup, _ number: Int,
    _ pages: Int, _ total: Int
  ) throws {
    var body = Markup()
    body.append(introduction)
    if total == 0 {
      body.paragraph("There is none.")
    } else {
      pager(file, number, pages, &body)
      body.raw("<div class=\"scroll\"><table><thead><tr>")
      for column in columns { body.element("th", column) }
      body.raw("</tr></thead><tbody>")
      body.append(rows)
      body.raw("</tbody></table></div>")
      pager(file, number, pages, &body)
      if total > pages * Self.rowsPerPage {
        body.paragraph(
          "This report shows the first \(pages * Self.rowsPerPage) of \(total). All of them stand in data/records.")
      }
    }
    try put(Self.name(file, number), Page.document(file, number > 1 ? "\(title), page \(number)" : title, facts, body))
  }

  private static func name(_ file: String, _ number: Int) -> String {
    number == 1 ? "\(file).html" : "\(file)-\(number).html"
  }

  private func pager(_ file: String, _ number: Int, _ pages: Int, _ body: inout Markup) {
    guard pages > 1 else { return }
    body.raw("<p class=\"pager\">")
    if number > 1 { body.link("‹ former page", to: Self.name(file, number - 1)) }
    body.text(" page \(number) of \(pages) ")
    if number < pages { body.link("next page ›", to: Self.name(file, number + 1)) }
    body.raw("</p>")
  }
}
