/// An element of XML with all that is in it.
public struct XMLElement: Hashable, Sendable {
  /// A document of more elements, or of elements deeper in each other, is not read.
  public static let maximumElements = 20_000
  public static let maximumDepth = 64

  public struct Attribute: Hashable, Sendable {
    public let name: String
    public let value: String
  }

  public enum Node: Hashable, Sendable {
    case element(XMLElement)
    case text(String)
  }

  /// The name without its prefix.
  public let name: String
  public let prefix: String
  /// What the prefix, or its absence, stands for; empty when nothing says so.
  public let namespace: String
  public let attributes: [Attribute]
  public internal(set) var children: [Node] = []

  /// Reads a document, or a part of one; nothing outside of it is ever fetched.
  ///
  /// Around a part, `namespace` is declared for names without a prefix, and `prefixes` for those with one.
  /// Throws where it is not well-formed, has a document type (and with it entities), or is beyond the limits.
  public init(
    _ document: some Collection<UInt8>, namespace: String = "", prefixes: [String: String] = [:]
  ) throws(ReadError) {
    self = try XMLTreeReader(namespace, prefixes).read(Array(document))
  }

  /// The prefixes that it declares itself, with what they stand for; the empty one is that of names without a prefix.
  public var declaredPrefixes: [String: String] { Self.prefixes(declaredBy: attributes) }

  static func prefixes(declaredBy attributes: [Attribute]) -> [String: String] {
    attributes.reduce(into: [:]) { out, attribute in
      if attribute.name == "xmlns" { out[""] = attribute.value }
      if attribute.name.hasPrefix("xmlns:") { out[String(attribute.name.dropFirst(6))] = attribute.value }
    }
  }

  init(name: String, prefix: String, namespace: String, attributes: [Attribute]) {
    self.name = name
    self.prefix = prefix
    self.namespace = namespace
    self.attributes = attributes
  }

  public subscript(attribute: String) -> String? { attributes.first { $0.name == attribute }?.value }

  public var elements: [XMLElement] {
    children.compactMap { if case .element(let element) = $0 { element } else { nil } }
  }

  /// The text right inside of it.
  public var text: String {
    children.reduce(into: "") { out, node in if case .text(let text) = node { out += text } }
  }

  /// The first element of a name right inside of it.
  public func first(_ name: String, in namespace: String? = nil) -> XMLElement? {
    elements.first { $0.name == name && (namespace == nil || $0.namespace == namespace) }
  }

  /// The same element with nothing in it but a text.
  public func holding(_ text: String) -> XMLElement {
    var copy = self
    copy.children = [.text(text)]
    return copy
  }

  /// The same element with the elements in it changed.
  public func changing(_ change: (XMLElement) -> XMLElement) -> XMLElement {
    var copy = self
    copy.children = children.map { if case .element(let element) = $0 { .element(change(element)) } else { $0 } }
    return copy
  }

  /// The element as XML again.
  public var serialized: String {
    let tag = prefix.isEmpty ? name : "\(prefix):\(name)"
    var out = "<\(tag)"
    for attribute in attributes { out += " \(attribute.name)='\(Self.escaped(attribute.value))'" }
    guard !children.isEmpty else { return out + "/>" }
    out += ">"
    for child in children {
      switch child {
      case .element(let element): out += element.serialized
      case .text(let text): out += Self.escaped(text)
      }
    }
    return out + "</\(tag)>"
  }

  private static func escaped(_ text: String) -> String {
    text.reduce(into: "") { out, letter in
      switch letter {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "'": out += "&apos;"
      default: out.append(letter)
      }
    }
  }
}
