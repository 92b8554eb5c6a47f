import EvidenceBundle
import EvidenceModel

/// A list of records over as many pages as it needs, written while the records are read.
///
/// A page ends after `rowsPerPage` records or 1 MiB of records; a series after 200 pages, saying what it leaves out.
struct PageSeries {
  static let maximumBytes = 1 << 20

  /// A page as it grows.
  struct Sheet {
    let file: String
    let number: Int
    var notices = HTMLWriter()
    var overview = HTMLWriter()
    var body = HTMLWriter()
    var rows: Int64 = 0
    var bytes = 0
  }

  let base: String
  let title: String
  let kinds: [String]
  /// Kinds of which only the lines with a mark are listed, which the tally of the kind counts.
  var marks: [String: String] = [:]
  var rowsPerPage: Int64 = 500
  /// What stands above the list on every page.
  var lead: (inout HTMLWriter) -> Void = { _ in }
  /// What stands where there is nothing to list.
  let none: String
  let row: (Fields, String, inout Sheet) -> Void
  /// Puts the page's parts together.
  let assemble: (Sheet, inout HTMLWriter) -> Void

  static func file(_ base: String, _ number: Int) -> String { number == 1 ? "\(base).html" : "\(base)-\(number).html" }

  func write(_ context: ReportContext) throws(BundleError) {
    let total = kinds.reduce(Int64(0)) { sum, kind in
      let tally = context.tallies[kind]
      return sum + ((marks[kind].map { tally?.marks[$0] ?? 0 } ?? tally?.count) ?? 0)
    }
    guard total > 0 else {
      return try context.page("\(base).html", title: title, of: "\(base).html") { html in
        lead(&html)
        html.element(.p, [.class("nothing")], none)
      }
    }
    var records = MergedRecords(context.contents, kinds, marks: marks)
    var coming = records.next()
    var shown: Int64 = 0
    var sheet = Sheet(file: Self.file(base, 1), number: 1)
    while let item = coming {
      coming = records.next()
      add(item, to: &sheet, context)
      shown += 1
      guard sheet.rows >= rowsPerPage || sheet.bytes >= Self.maximumBytes || coming == nil else { continue }
      let isLast = coming == nil || sheet.number == context.maximumPages
      try close(sheet, shown: shown, total: total, isLast: isLast, context)
      if isLast { break }
      sheet = Sheet(file: Self.file(base, sheet.number + 1), number: sheet.number + 1)
    }
    if shown < total {
      context.shortfalls.append(.init(title: title, page: "\(base).html", shown: shown, total: total, kinds: kinds))
    }
  }

  private func add(_ item: MergedRecords.Item, to sheet: inout Sheet, _ context: ReportContext) {
    sheet.rows += 1
    sheet.bytes += item.byteCount
    if let fields = item.fields {
      context.noteTime(fields)
      row(fields, item.kind, &sheet)
    } else {
      context.unreadableLines += 1
      sheet.notices.element(.p, [.class("fault")]) { html in
        html.text("Line \(Decimal.grouped(item.line)) of data/records/\(item.kind).ndjson cannot be read as a record. ")
        html.mark(.missing)
      }
    }
  }

  private func close(
    _ sheet: Sheet, shown: Int64, total: Int64, isLast: Bool, _ context: ReportContext
  ) throws(BundleError) {
    let name = sheet.number == 1 ? title : "\(title), page \(sheet.number)"
    try context.page(sheet.file, title: name, of: "\(base).html") { html in
      lead(&html)
      position(sheet, shown, total, isLast, &html)
      html.append(sheet.notices)
      assemble(sheet, &html)
      if isLast, shown < total { shortfall(shown, total, context.maximumPages, &html) }
      if sheet.number > 1 || !isLast { position(sheet, shown, total, isLast, &html) }
    }
  }

  private func position(_ sheet: Sheet, _ shown: Int64, _ total: Int64, _ isLast: Bool, _ html: inout HTMLWriter) {
    let range = "\(Decimal.grouped(shown - sheet.rows + 1))–\(Decimal.grouped(shown))"
    html.element(.nav, [.class("paging"), .label("Pages of this list")]) { html in
      html.element(.span, "Entries \(range) of \(Decimal.grouped(total))")
      let links = [
        (sheet.number > 2, 1, "First page"), (sheet.number > 1, sheet.number - 1, "Previous page"),
        (!isLast, sheet.number + 1, "Next page"),
      ]
      for (isOffered, number, words) in links where isOffered {
        if let link = LocalLink(page: Self.file(base, number)) { html.element(.a, [.href(link)], words) }
      }
    }
  }

  private func shortfall(_ shown: Int64, _ total: Int64, _ pages: Int, _ html: inout HTMLWriter) {
    let files = kinds.map { "data/records/\($0).ndjson" }.joined(separator: " and ")
    html.element(
      .p, [.class("fault")],
      """
      This list ends here: a report shows at most \(pages) pages of a kind. \
      \(Decimal.grouped(total - shown)) of \(Decimal.grouped(total)) entries are not shown; all of them stand in \
      \(files).
      """
    )
  }
}
