import EvidenceBundle
import EvidenceModel

/// Every file that was found: what it is, its fingerprint, where it comes from, and a picture where that is safe.
struct FilesPage {
  let context: ReportContext

  /// Types, as the content shows them, that browsers draw without running anything.
  static let pictures: Set<String> = [
    "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/x-ms-bmp",
  ]
  /// Pictures larger than this are named, not drawn.
  static let maximumPicture: Int64 = 32 << 20

  private let table = RecordTable(
    columns: [
      .init("File"), .init("Found as", .captured), .init("Is", .computed), .init("Size and fingerprint", .computed),
      .init("Where"),
    ], caption: "Files in the order of the evidence")

  func write() throws(BundleError) {
    try PageSeries(
      base: "files", title: "Files", kinds: ["artefact"],
      lead: { html in
        html.element(
          .p,
          """
          Files carved out of the traffic, and files computed from it (such as audio). The same content is stored \
          once, under its SHA-256. Only pictures of plain types are shown; other files are named, never opened from \
          here.
          """
        )
        KnownFiles.fold(&html, context)
      },
      none: "No files were found in the evidence.",
      row: { record, _, sheet in
        note(record, sheet.file)
        let hits = record.text("sha256").flatMap { context.knownFiles[$0] } ?? []
        let isKnown = !hits.isEmpty && hits.allSatisfy(\.isKnownGood)
        table.row(&sheet.body, KnownFiles.attributes(record, isKnown: isKnown)) { fill(record, hits, &$0) }
      },
      assemble: { table.assemble($0, &$1) }
    ).write(context)
  }

  private func note(_ record: Fields, _ page: String) {
    guard let sha256 = record.text("sha256"), let name = record.text("id"), let path = record.text("path"),
      context.artefacts[sha256] == nil, LocalLink(page: page, anchor: name) != nil
    else { return }
    context.artefacts[sha256] = .init(page: page, anchor: name, path: path)
  }

  private func fill(_ record: Fields, _ hits: [KnownFiles.Note], _ row: inout RecordTable.Row) {
    let isComputed = record.text("origin") == "computed"
    row.cell { html in
      html.element(.p) { html in
        html.text(record.text("id") ?? "")
        html.text(" ")
        html.mark(isComputed ? .computed : .captured)
      }
      // An incomplete file was not looked up, whatever stands under the same hash elsewhere.
      if record.flag("isComplete") != false {
        for hit in hits { html.element(.p) { KnownFiles.mark(hit, &$0) } }
      } else if context.count("hash-set") > 0 {
        html.element(.p, [.class("note")], "not looked up in hash sets: incomplete")
      }
      picture(record, &html)
      if record.flag("isComplete") == false { holes(record, &html) }
    }
    row.cell { html in
      if let name = record.text("name") {
        html.element(.strong) { $0.captured(name) }
      } else {
        html.element(.span, [.class("none")], "no name")
      }
      if let role = record.text("role") { html.element(.p) { $0.captured(role) } }
      if let type = record.text("declaredMediaType") {
        html.element(.p, [.class("note")]) { html in
          html.text("declared as ")
          html.captured(type)
        }
      }
      let codings = record.texts("codings")
      if !codings.isEmpty {
        html.element(.p, [.class("note")]) { html in
          html.text("undone: ")
          html.captured(codings.joined(separator: ", "))
        }
      }
      if let parent = record.text("parentSha256") {
        html.element(.p, [.class("note")]) { html in
          html.text("part of ")
          context.artefact(parent, &html)
        }
      }
    }
    row.cell { html in
      html.captured(record.text("mediaType") ?? "unknown")
      if let description = record.text("typeDescription") {
        html.element(.p, [.class("note")]) { $0.captured(description) }
      }
    }
    row.cell { html in
      html.text(record.integer("byteCount").map { Decimal.size($0) } ?? "size not stated")
      html.element(.p) { $0.element(.code, [.class("hash")], record.text("sha256") ?? "") }
      html.element(.details) { html in
        html.element(.summary, "Further fingerprints, place")
        html.element(.dl, [.class("facts")]) { html in
          for (name, title) in [
            ("sha1", "SHA-1"), ("md5", "MD5"), ("ssdeep", "ssdeep"), ("tlsh", "TLSH"), ("path", "In the bundle"),
          ] {
            if let text = record.text(name) { html.fact(title, text) }
          }
          if let look = record.text("sha256").flatMap({ context.pictureLooks[$0] }) { html.fact("PDQ", look) }
        }
      }
    }
    row.cell { html in
      if record.text("source") != nil { html.ends(record) }
      html.provenance(record)
    }
  }

  private func picture(_ record: Fields, _ html: inout HTMLWriter) {
    guard let type = record.text("mediaType"), Self.pictures.contains(type), let path = record.text("path"),
      let size = record.integer("byteCount"), let link = LocalLink(artefact: path, from: context.prefix)
    else { return }
    guard size <= Self.maximumPicture else {
      return html.element(.p, [.class("note")], "A picture too large to be shown here.")
    }
    let name = record.text("name") ?? "without name"
    html.element(.a, [.href(link)]) { html in
      html.void(
        .img,
        [
          .class("thumbnail"), .own("loading", "lazy"), .own("decoding", "async"), .src(link),
          .alternative("Picture \(record.text("id") ?? ""): \(name.prefix(120))"),
        ])
    }
  }

  private func holes(_ record: Fields, _ html: inout HTMLWriter) {
    html.element(.p, [.class("fault")]) { html in
      html.missing("incomplete")
      let holes = record.objects("holes")
      guard !holes.isEmpty else { return }
      let missing = holes.reduce(0) { $0 &+ ($1.integer("byteCount") ?? 0) }
      html.text(" \(Decimal.count(missing, "byte", "bytes")) missing: ")
      for hole in holes.prefix(20) {
        html.text("\(Decimal.grouped(hole.integer("byteCount") ?? 0)) at \(Decimal.grouped(hole.integer("at") ?? 0)); ")
      }
      if holes.count > 20 { html.text("and \(holes.count - 20) more places") }
    }
  }
}
