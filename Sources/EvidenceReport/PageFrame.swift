import EvidenceModel

/// What stands around every page: policy, title, navigation, the meaning of the marks.
enum PageFrame {
  /// Nothing but files beside the page may be loaded, and no script or style may stand in a page.
  static let policy: StaticString =
    """
    default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; script-src 'self'; base-uri 'none'; \
    form-action 'none'
    """

  static func write(
    _ html: inout HTMLWriter, title: String, entry: String, _ context: ReportContext,
    _ content: (inout HTMLWriter) -> Void
  ) {
    html.declaration()
    html.element(.html, [.own("lang", "en")]) { html in
      html.element(.head) { head(&$0, title, context) }
      html.element(.body) { html in
        if let main = LocalLink(anchor: "main") {
          html.element(.a, [.class("skip"), .href(main)], "Skip to the content")
        }
        html.element(.header, [.class("top")]) { header(&$0, entry, context) }
        html.element(.main, [.id("main")]) { html in
          html.element(.h1, title)
          content(&html)
        }
        html.element(.footer) { footer(&$0, context) }
      }
    }
  }

  private static func head(_ html: inout HTMLWriter, _ title: String, _ context: ReportContext) {
    html.void(.meta, [.own("charset", "utf-8")])
    html.void(.meta, [.own("http-equiv", "Content-Security-Policy"), .own("content", policy)])
    html.void(.meta, [.own("name", "viewport"), .own("content", "width=device-width, initial-scale=1")])
    html.void(.meta, [.own("name", "referrer"), .own("content", "no-referrer")])
    let name = context.meta.text("case").map { " – case \($0.prefix(100))" } ?? ""
    html.element(.title, "\(title)\(name)")
    html.void(.link, [.own("rel", "stylesheet"), .own("href", "report.css")])
    html.element(.script, [.own("src", "report.js"), .flag("defer")], "")
  }

  private static func header(_ html: inout HTMLWriter, _ entry: String, _ context: ReportContext) {
    html.element(.p, [.class("case")]) { html in
      html.text("Evidence report")
      if let name = context.meta.text("case") {
        html.text(" · case ")
        html.captured(name)
      }
    }
    html.element(.nav, [.label("Pages of this report")]) { html in
      html.element(.ul) { html in
        for item in context.navigation {
          guard let link = LocalLink(page: item.file) else { continue }
          html.element(.li) { html in
            let current: [HTMLWriter.Attribute] = item.file == entry ? [.own("aria-current", "page")] : []
            html.element(.a, [.href(link)] + current) { html in
              html.text(item.title)
              if let count = item.count { html.element(.span, [.class("count")], " \(Decimal.grouped(count))") }
            }
          }
        }
      }
    }
  }

  private static func footer(_ html: inout HTMLWriter, _ context: ReportContext) {
    html.element(.h2, "What the marks mean")
    html.element(.dl, [.class("legend")]) { html in
      for standing in Standing.allCases {
        html.element(.dt) { $0.mark(standing) }
        html.element(.dd, standing.explanation)
      }
      html.element(.dt) { html in
        html.element(.span, [.class("captured")]) { html in
          html.element(.span, [.class("esc")], "[U+202E]")
        }
      }
      html.element(.dd, "an invisible or control character of the traffic, shown by its number instead of being obeyed")
    }
    html.element(.p) { html in
      html.text(
        """
        Times are UTC, cut to milliseconds here. This report is a view: the evidence is what stands in the folder \
        data of the bundle.
        """
      )
    }
    html.element(.p) { html in
      html.text("Bundle ")
      html.captured(context.meta.text("id") ?? "without id")
      if let tool = context.meta.object("tool") {
        html.text(" · made with ")
        html.captured("\(tool.text("name") ?? "exhibit") \(tool.text("version") ?? "")")
      }
    }
  }
}
