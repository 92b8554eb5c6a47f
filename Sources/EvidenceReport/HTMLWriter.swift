/// Writes HTML that cannot be broken by what stands in it: tags and attributes are named here, all text is escaped.
struct HTMLWriter {
  private(set) var bytes: [UInt8] = []

  enum Tag: String {
    case a, audio, bdi, body, br, caption, circle, code, dd, defs, details, div, dl, dt, em, figcaption, figure, footer
    case h1, h2, h3, head, header, html, img, input, label, li, link, main, meta, nav, ol, p, pattern, path, pre, rect
    case script, section
    case svgText = "text"
    case span, strong, summary, svg, table, tbody, td, th, thead, time, title, tr, ul, video
  }

  /// An attribute; text from evidence can stand only in those that show it.
  struct Attribute {
    fileprivate let name: StaticString
    fileprivate let value: String?

    /// An attribute whose value is ours.
    static func own(_ name: StaticString, _ value: StaticString) -> Attribute {
      Attribute(name: name, value: "\(value)")
    }
    static func number(_ name: StaticString, _ value: Int) -> Attribute { Attribute(name: name, value: String(value)) }
    /// A share of a whole, in tenths of a percent.
    static func share(_ name: StaticString, _ tenths: Int) -> Attribute {
      Attribute(name: name, value: "\(tenths / 10).\(tenths % 10)%")
    }
    static func flag(_ name: StaticString) -> Attribute { Attribute(name: name, value: nil) }
    static func `class`(_ value: StaticString) -> Attribute { .own("class", value) }
    static func href(_ link: LocalLink) -> Attribute { Attribute(name: "href", value: link.text) }
    static func src(_ link: LocalLink) -> Attribute { Attribute(name: "src", value: link.text) }
    /// An anchor; letters that are not plain become hyphens.
    static func id(_ value: String) -> Attribute {
      Attribute(name: "id", value: String(value.map { LocalLink.isPlain(String($0)) ? $0 : "-" }))
    }
    /// The name that assistive programs speak.
    static func label(_ value: String) -> Attribute { Attribute(name: "aria-label", value: value) }
    static func alternative(_ value: String) -> Attribute { Attribute(name: "alt", value: value) }
    static func title(_ value: String) -> Attribute { Attribute(name: "title", value: value) }
    /// The column's title, shown before the cell on narrow screens.
    static func column(_ value: String) -> Attribute { Attribute(name: "data-column", value: value) }
    static func moment(_ value: String) -> Attribute { Attribute(name: "datetime", value: value) }
    static func viewBox(width: Int, height: Int) -> Attribute {
      Attribute(name: "viewBox", value: "0 0 \(width) \(height)")
    }
    /// Upright lines of a drawing, each in the middle of a unit.
    static func lines(_ lines: [(x: Int, from: Int, to: Int)]) -> Attribute {
      Attribute(name: "d", value: lines.map { "M\($0.x).5 \($0.from)V\($0.to)" }.joined())
    }
    /// Lines of a drawing from place to place.
    static func strokes(_ lines: [(from: (x: Int, y: Int), to: (x: Int, y: Int))]) -> Attribute {
      Attribute(name: "d", value: lines.map { "M\($0.from.x) \($0.from.y)L\($0.to.x) \($0.to.y)" }.joined())
    }
    /// A pattern of the page's own, such as `url(#lost)`.
    static func fill(_ name: TimelineKind) -> Attribute {
      Attribute(name: "fill", value: "url(#fill-\(name.rawValue))")
    }
  }

  mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }
  mutating func append(_ other: HTMLWriter) { bytes += other.bytes }

  /// Writes the document's first line (HTML, 13.1.1).
  mutating func declaration() { bytes += Array("<!DOCTYPE html>\n".utf8) }

  mutating func element(_ tag: Tag, _ content: (inout HTMLWriter) -> Void) { element(tag, [], content) }
  mutating func element(_ tag: Tag, _ text: String) { element(tag, []) { $0.text(text) } }

  mutating func element(_ tag: Tag, _ attributes: [Attribute], _ content: (inout HTMLWriter) -> Void) {
    open(tag, attributes)
    content(&self)
    bytes += [0x3c, 0x2f]
    bytes += tag.rawValue.utf8
    bytes.append(0x3e)
    switch tag {
    case .p, .li, .tr, .div, .section, .table, .h1, .h2, .h3, .dd, .head, .header, .nav, .figure: bytes.append(0x0a)
    default: break
    }
  }

  mutating func element(_ tag: Tag, _ attributes: [Attribute], _ text: String) {
    element(tag, attributes) { $0.text(text) }
  }

  /// Writes an element without content, such as `img`.
  mutating func void(_ tag: Tag, _ attributes: [Attribute] = []) { open(tag, attributes) }

  private mutating func open(_ tag: Tag, _ attributes: [Attribute]) {
    bytes.append(0x3c)
    bytes += tag.rawValue.utf8
    for attribute in attributes {
      bytes.append(0x20)
      bytes += attribute.name.description.utf8
      guard let value = attribute.value else { continue }
      bytes += [0x3d, 0x22]
      VisibleText.appendAttribute(value, to: &bytes)
      bytes.append(0x22)
    }
    bytes.append(0x3e)
  }

  /// Writes words of ours; escaped all the same.
  mutating func text(_ text: String) { VisibleText.append(text, lines: .escaped, to: &bytes) }

  /// Ends a line inside `pre`.
  mutating func newLine() { bytes.append(0x0a) }

  /// Characters of a captured value that are shown at once.
  static let shortLength = 240
  /// Characters of a captured value that are shown at all.
  static let maximumLength = 20_000

  /// Writes text that came from evidence, isolated from its surroundings.
  ///
  /// It is folded when long and cut, with a notice, when enormous.
  mutating func captured(_ text: String, lines: VisibleText.Lines = .escaped) {
    guard text.utf8.count > Self.shortLength else { return isolated(text, lines) }
    let characters = text.unicodeScalars
    guard characters.count > Self.shortLength else { return isolated(text, lines) }
    element(.details, [.class("long")]) { page in
      page.element(.summary) { page in
        page.isolated(String(characters.prefix(80)), .escaped)
        page.text(" … (\(Decimal.grouped(characters.count)) characters: show all)")
      }
      page.isolated(String(characters.prefix(Self.maximumLength)), lines)
      if characters.count > Self.maximumLength {
        page.element(
          .p, [.class("note")],
          """
          \(Decimal.grouped(characters.count - Self.maximumLength)) further characters are not shown here; they \
          stand in the record.
          """
        )
      }
    }
  }

  /// Characters of a value that stand on paper.
  static let printedLength = 2_000

  /// Writes text that came from evidence as paper needs it: never folded, cut with a notice when enormous.
  mutating func printed(_ text: String) {
    let characters = text.unicodeScalars
    isolated(String(characters.prefix(Self.printedLength)), .escaped)
    if characters.count > Self.printedLength {
      self.text(" … and \(Decimal.grouped(characters.count - Self.printedLength)) further characters")
    }
  }

  /// Writes a letter's text with its lines, unfolded; the caller bounds its length.
  mutating func letter(_ text: String) { element(.div, [.class("letter")]) { $0.isolated(text, .kept) } }

  private mutating func isolated(_ text: String, _ lines: VisibleText.Lines) {
    element(.bdi, [.class(lines == .kept ? "captured lines" : "captured")]) {
      VisibleText.append(text, lines: lines, to: &$0.bytes)
    }
  }
}
