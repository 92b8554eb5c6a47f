/// Which of a document's elements belong to which vocabulary, by the prefixes that its root declares.
///
/// Prefixes are taken as the root declares them. An element that sets its own default namespace is foreign, with all in it.
struct XMLVocabulary {
  enum Space: Hashable {
    /// The vocabulary of the root.
    case own
    /// http://www.google.com/kml/ext/2.2
    case google
    /// http://www.garmin.com/xmlschemas/TrackPointExtension/v2, in whose schema speeds are metres a second
    case garmin
    case other
  }

  static let google = "http://www.google.com/kml/ext/2.2"
  static let garmin = "http://www.garmin.com/xmlschemas/TrackPointExtension/v2"

  private let rootPrefix: Substring
  /// The namespace of the root; empty when it has none.
  let namespace: String
  private var spaces: [Substring: Space] = [:]

  /// Reads what the root element declares.
  init(root name: String, _ attributes: [XMLAttribute]) {
    let (prefix, _) = Self.split(name)
    rootPrefix = prefix
    let declaration = prefix.isEmpty ? "xmlns" : "xmlns:\(prefix)"
    namespace = attributes.first { $0.name == declaration }?.value ?? ""
    for attribute in attributes where attribute.name.hasPrefix("xmlns:") {
      let space: Space? =
        switch attribute.value {
        case Self.google: .google
        case Self.garmin: .garmin
        case namespace where !namespace.isEmpty: .own
        default: nil
        }
      if let space { spaces[attribute.name.dropFirst(6)] = space }
    }
    // Programs use the prefix without declaring it.
    if !attributes.contains(where: { $0.name == "xmlns:gx" }) { spaces["gx"] = .google }
    spaces[prefix] = .own
  }

  /// The vocabulary of an element, and its name there.
  func place(_ name: String, _ attributes: [XMLAttribute]) -> (space: Space, local: Substring) {
    let (prefix, local) = Self.split(name)
    if prefix.isEmpty, let own = attributes.first(where: { $0.name == "xmlns" }), own.value != namespace {
      return (own.value == Self.google ? .google : .other, local)
    }
    return (spaces[prefix] ?? .other, local)
  }

  static func split(_ name: String) -> (prefix: Substring, local: Substring) {
    guard let colon = name.firstIndex(of: ":") else { return ("", name[...]) }
    return (name[..<colon], name[name.index(after: colon)...])
  }
}
