import DecoderKit

/// What of a stanza would let somebody log in, and the user that it names.
struct StanzaSecrets {
  private(set) var user: [UInt8]?
  private(set) var mechanism: [UInt8]?
  private var credentials: MailCredentials?

  /// The stanza without what is secret; whether something was.
  mutating func withhold(_ stanza: XMLElement, isFromClient: Bool) -> (stanza: XMLElement, isWithheld: Bool) {
    if stanza.namespace == "urn:ietf:params:xml:ns:xmpp-sasl" || stanza.namespace == "urn:xmpp:sasl:2" {
      return exchange(stanza, isFromClient)
    }
    guard stanza.name == "iq" || stanza.name == "handshake" else { return (stanza, false) }
    if stanza.name == "handshake" {
      return stanza.text.isEmpty ? (stanza, false) : (stanza.holding(Self.mark), true)
    }
    var isWithheld = false
    let shown = stanza.changing { query in
      guard query.namespace == "jabber:iq:auth" || query.namespace == "jabber:iq:register" else { return query }
      if isFromClient, let name = query.first("username")?.text, !name.isEmpty { user = Array(name.utf8) }
      return query.changing { field in
        guard ["password", "digest", "hash", "token"].contains(field.name), !field.text.isEmpty else {
          return Self.withholdForm(field, &isWithheld)
        }
        isWithheld = true
        return field.holding(Self.mark)
      }
    }
    return (shown, isWithheld)
  }

  private static let mark = String(decoding: WithheldSecret.mark, as: UTF8.self)

  /// A form's field for a password (XEP-0004).
  private static func withholdForm(_ form: XMLElement, _ isWithheld: inout Bool) -> XMLElement {
    guard form.name == "x" else { return form }
    return form.changing { field in
      guard field.name == "field", field["type"] == "text-private" || field["var"] == "password",
        field.first("value") != nil
      else { return field }
      isWithheld = true
      return field.changing { $0.name == "value" ? $0.holding(mark) : $0 }
    }
  }

  private mutating func exchange(_ stanza: XMLElement, _ isFromClient: Bool) -> (XMLElement, Bool) {
    if stanza.name == "auth" || stanza.name == "authenticate" {
      let name = Array((stanza["mechanism"] ?? "").utf8)
      mechanism = name
      credentials = MailCredentials(mechanism: name)
    }
    // Of SASL 2 the response stands in an element of its own.
    let inner = stanza.first("initial-response")
    let response = inner?.text ?? stanza.text
    if isFromClient, stanza.name != "abort", !response.isEmpty, response != "=" {
      credentials?.take(Array(response.utf8))
      if let name = credentials?.user { user = name }
      if inner != nil {
        return (stanza.changing { $0.name == "initial-response" ? $0.holding(Self.mark) : $0 }, true)
      }
      return (stanza.holding(Self.mark), true)
    }
    // The server's challenges can be tried against word lists together with the responses only.
    return (stanza, false)
  }
}
