import EvidenceModel

/// The faxes of a call: their pages as pictures, who sent them, and what is missing.
enum CallFaxSection {
  /// Faxes and pages of a call that are shown; the records hold the others.
  private static let maximumFaxes = 8
  private static let maximumPages = 60

  static func write(_ record: Fields, _ context: ReportContext, _ html: inout HTMLWriter) {
    let faxes = record.objects("faxes")
    guard !faxes.isEmpty else { return }
    html.element(.h3) { html in
      html.text("Fax ")
      html.mark(.computed)
    }
    html.element(
      .p, [.class("note")],
      """
      The pages are decoded from the packets, line by line. A line that could not be decoded is white here and named; \
      nothing is put in its place.
      """
    )
    for fax in faxes.prefix(maximumFaxes) { one(fax, context, &html) }
    if faxes.count > maximumFaxes {
      html.element(.p, [.class("note")], "\(faxes.count - maximumFaxes) more faxes stand in the record.")
    }
  }

  private static func one(_ fax: Fields, _ context: ReportContext, _ html: inout HTMLWriter) {
    html.element(.dl, [.class("facts")]) { html in
      html.fact("Sent by", .captured) { html in
        html.captured(sender(fax))
        if let identity = fax.text("senderIdentity") { html.captured(", which calls itself \(identity)") }
      }
      if let identity = fax.text("receiverIdentity") {
        html.fact("The receiving machine calls itself", .captured) { $0.captured(identity) }
      }
      if let address = fax.text("subaddress") { html.fact("Subaddress", .captured) { $0.captured(address) } }
      if let coding = fax.text("coding") {
        html.fact("Coding", .captured) { html in
          html.captured(coding)
          if let rate = fax.text("bitsPerSecond") { html.captured(", \(rate) bit/s \(fax.text("modulation") ?? "")") }
          html.text(fax.flag("isErrorCorrected") == true ? ", with error correction" : ", without error correction")
        }
      }
      html.fact("Whole pages", .computed) { html in
        html.text("\(fax.text("pagesWhole") ?? "?") of \(fax.text("pageCount") ?? "?")")
      }
      let missing = fax.objects("sides").reduce(Int64(0)) { $0 + ($1.integer("packetsMissing") ?? 0) }
      if missing > 0 { html.fact("Packets missing", .missing) { $0.text(Decimal.grouped(missing)) } }
      if let sha256 = fax.text("documentSha256") {
        html.fact("All pages in one file (TIFF)", .computed) { context.artefact(sha256, &$0) }
      }
    }
    let pages = fax.objects("pages")
    for page in pages.prefix(maximumPages) { self.page(page, context, &html) }
    if pages.count > maximumPages {
      html.element(.p, [.class("note")], "\(pages.count - maximumPages) more pages stand in the file and the record.")
    }
  }

  private static func sender(_ fax: Fields) -> String {
    switch fax.text("party") {
    case "caller": "the caller"
    case "called": "the called party"
    default: "sender \(fax.objects("sides").first?.text("source") ?? "unknown")"
    }
  }

  private static func page(_ page: Fields, _ context: ReportContext, _ html: inout HTMLWriter) {
    let name = "Page \(page.text("page") ?? "?")"
    html.element(.figure, [.class("strip")]) { html in
      html.element(.figcaption) { html in
        html.text(name + " ")
        html.mark(.computed)
        if page.flag("isComplete") != true {
          html.text(" not whole ")
          html.mark(.missing)
        }
        for (field, words) in [
          ("damagedLines", "lines that could not be decoded"), ("unsureLines", "lines that build on such"),
          ("framesMissing", "frames missing"), ("packetsMissing", "packets missing"),
          ("unreadBytes", "coded bytes that were not read"),
        ] {
          if let text = page.text(field) { html.captured(" \(words): \(text)") }
        }
        if let answer = page.text("answer") { html.captured(" answered by \(answer)") }
      }
      guard let link = page.text("pictureSha256").flatMap({ context.computedPicture($0) }) else {
        return html.missing("no picture")
      }
      // Dots of a fax are not square.
      let number = { (field: String) in min(max(1, page.integer(field) ?? 1), 100_000) }
      let height =
        number("height") * number("dotsPerInchAcross") * 640 / number("dotsPerInchDown") / number("width")
      html.void(
        .img,
        [
          .src(link), .alternative("\(name) of a fax"), .own("width", "640"), .number("height", Int(height)),
        ])
    }
  }
}
