import EvidenceBundle
import EvidenceModel

/// What the capture files say of themselves: sections, interfaces, comments, names, secrets, statistics.
struct CapturePage {
  let context: ReportContext
  let kinds: [String]

  /// Records of a kind that are shown on this page; the kind's own pages show more.
  static let maximumRows = 100

  static func words(_ kind: String) -> (title: String, explanation: String) {
    switch kind {
    case "capture-section":
      ("Sections", "Each part of a capture file names the machine and the program that recorded it.")
    case "capture-interface": ("Interfaces", "Where the traffic was picked up.")
    case "capture-comment":
      ("Comments", "Remarks that somebody or some program wrote into the capture file. They are claims, not traffic.")
    case "capture-name": ("Names", "Names of addresses as the recording machine knew them.")
    case "capture-secret":
      (
        "Keys",
        "Keys for encrypted traffic that stand in the capture file. They are kept in the original and not shown."
      )
    case "capture-statistics":
      ("Statistics", "What the recording machine counted. Dropped packets were never recorded.")
    case "capture-block": ("Other blocks", "Parts of the capture file that are not read further.")
    default: (OtherRecordsPage.title(kind), "")
    }
  }

  func write() throws(BundleError) {
    try context.page("capture.html", title: "Capture files", of: "capture.html") { html in
      html.element(.p, "What the files say of themselves, beside the packets.")
      if kinds.isEmpty { html.element(.p, [.class("nothing")], "The originals say nothing of themselves.") }
      for kind in kinds { section(kind, &html) }
    }
    for kind in kinds where (context.tallies[kind]?.count ?? 0) > Self.maximumRows {
      try OtherRecordsPage(context: context, kind: kind).write()
    }
  }

  private func section(_ kind: String, _ html: inout HTMLWriter) {
    let (title, explanation) = Self.words(kind)
    let count = context.tallies[kind]?.count ?? 0
    html.element(.section) { html in
      html.element(.h2, "\(title) (\(Decimal.grouped(count)))")
      html.element(.p) { html in
        html.text(explanation + " ")
        html.mark(.captured)
      }
      for line in context.contents.records(kind).prefix(Self.maximumRows) {
        guard let record = ValueReader.fields(line) else { continue }
        html.element(.div, [.class("entry")]) { html in
          html.element(.dl, [.class("facts")]) { html in
            for entry in record.entries where !["kind", "id", "decoder", "provenance"].contains(entry.name) {
              html.field(entry)
            }
          }
          html.provenance(record)
        }
      }
      if count > Self.maximumRows, let link = LocalLink(page: "\(OtherRecordsPage.base(kind)).html") {
        html.element(.p) { $0.element(.a, [.href(link)], "All \(Decimal.grouped(count))") }
      }
    }
  }
}
