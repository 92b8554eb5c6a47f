import DecoderKit

/// What of a stanza would let somebody log in, and the user that it names.
struct StanzaSecrets {
  private(set) var user: [UInt8]?
  private(set) var mechanism: [UInt8]?
  private var credentials: MailCredentials?

  private static let namespaces = ["urn:ietf:params:xml:ns:xmpp-sasl", "urn:xmpp:sasl:2"]
  /// Elements of logins: withheld in any namespace, learnt from in those of SASL, or where the prefix's is not captured.
  private static let exchanges = ["auth", "authenticate", "response", "challenge", "success"]

  /// The stanza without what is secret; whether something was.
  mutating func withhold(_ stanza: XMLElement, isFromClient: Bool) -> (stanza: XMLElement, isWithheld: Bool) {
    if Self.namespaces.contains(stanza.namespace) || Self.exchanges.contains(stanza.name) {
      return exchange(stanza, isFromClient)
    }
    if stanza.name == "handshake" {
      return stanza.text.isEmpty ? (stanza, false) : (stanza.holding(Self.mark), true)
    }
    if isFromClient, stanza.name == "iq" {
      for query in stanza.elements where Self.isLogin(query) {
        if let name = query.first("username")?.text, !name.isEmpty { user = Array(name.utf8) }
      }
    }
    var isWithheld = false
    let shown = Self.withhold(inside: stanza, &isWithheld)
    return (shown, isWithheld)
  }

  private static let mark = String(decoding: WithheldSecret.mark, as: UTF8.self)

  private static func isLogin(_ query: XMLElement) -> Bool {
    query.namespace == "jabber:iq:auth" || query.namespace == "jabber:iq:register"
  }

  /// Withholds passwords, fields of forms for them (XEP-0004), and what else logs in.
  private static func withhold(inside element: XMLElement, _ isWithheld: inout Bool) -> XMLElement {
    element.changing { child in
      let isSecret =
        child.name == "password" || isLogin(element) && ["digest", "hash", "token"].contains(child.name)
        || child.name == "value" && isPrivate(element)
      guard isSecret, !child.text.isEmpty else { return withhold(inside: child, &isWithheld) }
      isWithheld = true
      return child.holding(mark)
    }
  }

  private static func isPrivate(_ field: XMLElement) -> Bool {
    let name = (field["var"] ?? "").lowercased()
    return field.name == "field"
      && (field["type"] == "text-private" || name.hasSuffix("password") || name.hasSuffix("secret"))
  }

  private mutating func exchange(_ stanza: XMLElement, _ isFromClient: Bool) -> (XMLElement, Bool) {
    let isLogin = Self.namespaces.contains(stanza.namespace) || stanza.namespace.isEmpty
    if isFromClient, isLogin, stanza.name == "auth" || stanza.name == "authenticate" {
      let name = Array((stanza["mechanism"] ?? "").utf8)
      mechanism = name
      credentials = MailCredentials(mechanism: name)
    }
    // Of SASL 2 the response stands in an element of its own.
    let response = stanza.first("initial-response")?.text ?? stanza.text
    if isFromClient, isLogin, stanza.name != "abort", !response.isEmpty, response != "=" {
      credentials?.take(Array(response.utf8))
      if let name = credentials?.user { user = name }
    }
    var isWithheld = false
    // Words of failures and of features are no secrets.
    guard Self.exchanges.contains(stanza.name) || stanza.name == "continue" else { return (stanza, false) }
    guard stanza.text.allSatisfy(\.isWhitespace) || stanza.text == "=" else { return (stanza.holding(Self.mark), true) }
    return (Self.withholdData(inside: stanza, &isWithheld), isWithheld)
  }

  /// Of SASL 2: responses, challenges and tokens for the next login (XEP-0388, XEP-0484).
  private static func withholdData(inside element: XMLElement, _ isWithheld: inout Bool) -> XMLElement {
    element.changing { child in
      switch child.name {
      case "initial-response", "additional-data":
        guard !child.text.isEmpty, child.text != "=" else { return child }
        isWithheld = true
        return child.holding(mark)
      case "token":
        isWithheld = true
        // The token may stand in an attribute.
        let bare = try? XMLElement(Array("<token/>".utf8), namespace: child.namespace)
        return (bare ?? child).holding(mark)
      default: return withholdData(inside: child, &isWithheld)
      }
    }
  }
}
