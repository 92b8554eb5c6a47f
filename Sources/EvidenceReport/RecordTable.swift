import EvidenceModel

/// A table of records: its columns, and how a record fills them.
struct RecordTable {
  struct Column {
    let title: String
    var standing: Standing?

    init(_ title: String, _ standing: Standing? = nil) {
      self.title = title
      self.standing = standing
    }

    /// The title where there is no heading: on narrow screens.
    var label: String { standing.map { "\(title) – \($0.rawValue)" } ?? title }
  }

  /// Fills a row from left to right.
  struct Row {
    fileprivate let columns: [Column]
    fileprivate var place = 0
    fileprivate var html = HTMLWriter()

    mutating func cell(_ content: (inout HTMLWriter) -> Void) { cell([], content) }

    mutating func cell(_ text: String) { cell { $0.text(text) } }

    private mutating func cell(_ more: [HTMLWriter.Attribute], _ content: (inout HTMLWriter) -> Void) {
      let label = place < columns.count ? columns[place].label : ""
      html.element(.td, [.column(label)] + more, content)
      place += 1
    }

    /// A number, to the right.
    mutating func number(_ value: Int64?) { number(value.map { Decimal.grouped($0) } ?? "–") }

    mutating func number(_ text: String) { cell([.class("number")]) { $0.text(text) } }

    /// A record's number, never broken.
    mutating func name(_ content: (inout HTMLWriter) -> Void) { cell([.class("identifier")], content) }

    /// A captured text, or a dash where the record says nothing.
    mutating func captured(_ text: String?) {
      cell { html in
        if let text { html.captured(text) } else { html.element(.span, [.class("none")], "–") }
      }
    }

    mutating func moment(_ text: String?) { cell { $0.moment(text) } }
  }

  let columns: [Column]
  let caption: String

  /// Appends one record's row.
  func add(_ record: Fields, to sheet: inout PageSeries.Sheet, _ fill: (inout Row) -> Void) {
    row(&sheet.body, record.text("id").map { [.id($0)] } ?? [], fill)
  }

  /// Appends a row to rows that are collected elsewhere.
  func row(
    _ html: inout HTMLWriter, _ attributes: [HTMLWriter.Attribute] = [], _ fill: (inout Row) -> Void
  ) {
    html.element(.tr, attributes) { html in
      var row = Row(columns: columns)
      fill(&row)
      html.append(row.html)
    }
  }

  func assemble(_ sheet: PageSeries.Sheet, _ html: inout HTMLWriter) {
    write(sheet.body, &html)
  }

  /// Writes the table around rows that stand ready.
  func write(_ rows: HTMLWriter, _ html: inout HTMLWriter) {
    html.element(.div, [.class("scroll")]) { html in
      html.element(.table, [.class("records")]) { html in
        html.element(.caption, caption)
        html.element(.thead) { html in
          html.element(.tr) { html in
            for column in columns {
              html.element(.th, [.own("scope", "col")]) { html in
                html.text(column.title)
                if let standing = column.standing {
                  html.text(" ")
                  html.mark(standing)
                }
              }
            }
          }
        }
        html.element(.tbody) { $0.append(rows) }
      }
    }
  }
}
