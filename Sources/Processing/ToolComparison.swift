import EvidenceModel

/// Whether this program is the one that made a bundle, with the same libraries on the same system.
struct ToolComparison: Sendable {
  /// Libraries that are named to people.
  private static let maximumNamed = 20

  struct Library: Sendable {
    let path: String
    /// Nil where it was not loaded.
    let made: String?
    let here: String?
  }
  let madeBy: Fields
  let here: Fields
  /// Libraries and type databases that differ, by path.
  private(set) var libraries: [Library] = []
  let isSameProgram: Bool

  init(madeBy document: Fields, here tool: ToolIdentity) {
    let made = Fields(distinct: document.entries.filter { $0.name != "libraries" }) ?? [:]
    let here: Fields = if case .object(let fields) = tool.event { fields } else { [:] }
    madeBy = made
    self.here = here
    isSameProgram = made.text("version") == here.text("version") && made.text("sha256") == here.text("sha256")
    var former: [String: String] = [:]
    for entry in document.objects("libraries") {
      if let path = entry.text("path") { former[path] = entry.text("sha256") }
    }
    var current: [String: String] = [:]
    for library in tool.libraries { current[library.path] = library.hash.hex }
    for path in Set(former.keys).union(current.keys).sorted() where former[path] != current[path] {
      libraries.append(Library(path: path, made: former[path], here: current[path]))
    }
  }

  var value: Value {
    .object([
      "isSameProgram": .boolean(isSameProgram),
      "libraries": .list(
        libraries.map { library in
          var fields: Fields = ["path": .text(library.path)]
          if let made = library.made { fields.set("madeWith", made) }
          if let here = library.here { fields.set("here", here) }
          return .object(fields)
        }),
    ])
  }

  var lines: [String] {
    let words = { (tool: Fields) in
      "exhibit \(tool.text("version") ?? "of unknown version") (SHA-256 \(tool.text("sha256") ?? "unknown"))"
    }
    var lines =
      isSameProgram
      ? ["made by this program: \(words(here))"]
      : ["made by \(words(madeBy))", "this is \(words(here)): another program"]
    if madeBy.text("os") != here.text("os") {
      lines.append("made on \(madeBy.text("os") ?? "an unknown system"), this is \(here.text("os") ?? "unknown")")
    }
    for library in libraries.prefix(Self.maximumNamed) {
      let words =
        library.made == nil ? "was not loaded then" : library.here == nil ? "is not loaded here" : "is another here"
      lines.append("library \(library.path) \(words)")
    }
    if libraries.count > Self.maximumNamed {
      lines.append("and \(libraries.count - Self.maximumNamed) more libraries; the receipt names all")
    }
    return lines
  }
}
