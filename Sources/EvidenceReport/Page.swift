import EvidenceModel

/// HTML that is put together from text, which is escaped, and from markup of our own.
struct Markup {
  private(set) var html = ""

  /// Markup of our own; never anything that was captured.
  mutating func raw(_ markup: StaticString) { html += markup.description }
  mutating func append(_ other: Markup) { html += other.html }

  mutating func text(_ text: some StringProtocol) { html += Escaping.html(text) }

  /// An element around text.
  mutating func element(_ name: StaticString, _ text: some StringProtocol, class: StaticString? = nil) {
    open(name, class: `class`)
    self.text(text)
    close(name)
  }

  mutating func open(_ name: StaticString, class: StaticString? = nil) {
    html += "<\(name)"
    if let `class` { html += " class=\"\(`class`)\"" }
    html += ">"
  }

  mutating func close(_ name: StaticString) { html += "</\(name)>" }

  /// An element with attributes, whose values are escaped.
  mutating func open(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String>) {
    html += "<\(name)"
    for (key, value) in attributes { html += " \(key)=\"\(Escaping.html(value))\"" }
    html += ">"
  }

  /// Captured text: isolated from the direction of the text around it, and folded when it is long.
  mutating func captured(_ text: String) {
    guard text.unicodeScalars.count > Self.foldedFrom else {
      open("bdi", class: "captured")
      self.text(text)
      close("bdi")
      return
    }
    raw("<details class=\"long\"><summary><bdi class=\"captured\">")
    self.text(String(String.UnicodeScalarView(text.unicodeScalars.prefix(Self.shownOfFolded))))
    raw("…</bdi> <span class=\"hint\">(")
    self.text("\(text.unicodeScalars.count) characters, open to see all")
    raw(")</span></summary><bdi class=\"captured\">")
    self.text(text)
    raw("</bdi></details>")
  }

  static let foldedFrom = 400
  static let shownOfFolded = 120

  /// A link within the report or bundle; `path` is one of our generated names.
  mutating func link(_ text: some StringProtocol, to path: String) {
    open("a", ["href": path])
    self.text(text)
    close("a")
  }

  mutating func paragraph(_ text: String) { element("p", text) }

  mutating func heading(_ text: String) { element("h2", text) }
}

/// The frame of every page: policy, navigation and the bundle's name.
enum Page {
  static let sections: [(file: String, title: String)] = [
    ("index", "Summary"), ("calls", "Calls"), ("messages", "Messages"), ("web", "Web"), ("files", "Files"),
    ("dns", "Names"),
    ("other", "Other records"), ("findings", "Findings"), ("ledger", "Account"), ("capture", "Capture files"),
    ("custody", "Custody"), ("verify", "How to check"),
  ]

  static func document(_ section: String, _ title: String, _ bundle: BundleFacts, _ body: Markup) -> String {
    var page = Markup()
    page.raw(
      """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'self' file:; img-src 'self' file:; media-src 'self' file:; base-uri 'none'; form-action 'none'">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="referrer" content="no-referrer">
      <link rel="stylesheet" href="report.css">
      """)
    page.element("title", "\(title) – \(bundle.title)")
    page.raw("</head><body><header><p class=\"case\">")
    page.text(bundle.title)
    page.raw("</p><nav aria-label=\"Pages of this report\"><ul>")
    for (file, name) in sections where file != "other" || bundle.hasOther {
      page.raw("<li>")
      if file == section {
        page.open("a", ["href": "\(file).html", "aria-current": "page"])
      } else {
        page.open("a", ["href": "\(file).html"])
      }
      page.text(name)
      page.raw("</a></li>")
    }
    page.raw("</ul></nav></header><main>")
    page.element("h1", title)
    page.append(body)
    page.raw("</main><footer><p>")
    page.text("Bundle \(bundle.identifier), made by exhibit \(bundle.toolVersion). ")
    page.raw(
      "What was <bdi class=\"captured\">captured</bdi> stands in a box; <span class=\"computed\">computed</span> ")
    page.raw(
      "and <span class=\"inferred\">inferred</span> values are marked. This page needs no network and runs no script.</p></footer></body></html>\n"
    )
    return page.html
  }
}
