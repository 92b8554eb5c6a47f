import EvidenceBundle
import EvidenceModel

/// Records of any kind that has no page of its own: columns made from the fields.
struct OtherRecordsPage {
  let context: ReportContext
  let kind: String

  /// Columns beside time, ends and provenance; what has no column stands under "Further facts".
  static let maximumColumns = 7

  private static let shared: Set<String> = [
    "kind", "id", "decoder", "provenance", "capturedAt", "endedAt", "source", "destination", "transport", "communityID",
  ]

  /// The first page's name without its ending; what ends like the number of a page gets another ending.
  static func base(_ kind: String) -> String {
    let last = kind.split(separator: "-").last ?? ""
    return "records-\(kind)" + (last.utf8.allSatisfy { (0x30...0x39).contains($0) } ? "-rows" : "")
  }

  /// `rtp-stream` as `rtp stream`.
  static func title(_ kind: String) -> String { kind.split(separator: "-").joined(separator: " ") }

  func write() throws(BundleError) {
    let names = names()
    let table = RecordTable(
      columns: [.init("When", .captured), .init("From → to", .captured)] + names.map { .init(FieldName.words($0)) } + [
        .init("Further facts"), .init("Where"),
      ], caption: "Records in the order of the evidence")
    try PageSeries(
      base: Self.base(kind), title: "Records: \(Self.title(kind))", kinds: [kind],
      lead: { html in
        html.element(
          .p, "The fields of these records as the program wrote them; the reference of record kinds explains each.")
      },
      none: "There are no such records.",
      row: { record, _, sheet in
        table.add(record, to: &sheet) { row in
          row.moment(record.text("capturedAt"))
          row.cell { html in
            if record.text("source") == nil { html.element(.span, [.class("none")], "–") } else { html.ends(record) }
          }
          for name in names {
            row.cell { html in
              if let value = record[name] {
                html.value(value, named: name)
              } else {
                html.element(.span, [.class("none")], "–")
              }
            }
          }
          row.cell { html in
            html.element(.dl, [.class("facts")]) { html in
              for entry in record.entries where !Self.shared.contains(entry.name) && !names.contains(entry.name) {
                html.field(entry)
              }
            }
          }
          row.cell { $0.provenance(record) }
        }
      },
      assemble: { table.assemble($0, &$1) }
    ).write(context)
  }

  /// The fields with columns: the most frequent ones of the first 500 records, by name.
  private func names() -> [String] {
    var counts: [String: Int] = [:]
    for line in context.contents.records(kind).prefix(500) {
      for entry in ValueReader.fields(line)?.entries ?? [] where !Self.shared.contains(entry.name) {
        counts[entry.name, default: 0] += 1
      }
    }
    let ranked = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    return ranked.prefix(Self.maximumColumns).map(\.key).sorted()
  }
}
