import DecoderKit

/// Who the two sides of a stream are, as they tell it.
struct StreamFacts {
  static let maximumFeatures = 256

  /// The client's full address, as the server binds it.
  private(set) var address: String?
  /// The identifier of the client's request for one (RFC 6120, 7.6).
  private var request: String?
  private var serverName: String?
  private var version: String?
  private var namespace: String?
  private var features: [String] = []
  private var error: String?

  /// The side that is the client, by what only one of them sends; nil when that is not told.
  func clientSide(_ element: XMLElement, isHeader: Bool, _ side: Side) -> Side? {
    if isHeader { return element["id"] == nil ? side : side.other }
    return ["features", "challenge", "success", "failure", "proceed"].contains(element.name) ? side.other : nil
  }

  mutating func takeHeader(_ header: XMLElement, isFromClient: Bool) {
    if let name = isFromClient ? header["to"] : header["from"], !name.isEmpty { serverName = name }
    if let stated = header["version"] { version = stated }
    let content = header.attributes.first { $0.name == "xmlns" }?.value
    if let content { namespace = content }
  }

  mutating func take(_ stanza: XMLElement, isFromClient: Bool) {
    switch stanza.name {
    case "features":
      for feature in stanza.elements {
        let names = feature.name == "mechanisms" ? feature.elements.map { "mechanism \($0.text)" } : [feature.name]
        for name in names where features.count < Self.maximumFeatures && !features.contains(name) {
          features.append(name)
        }
      }
    case "iq":
      guard address == nil, let identifier = stanza["id"],
        let bind = stanza.first("bind", in: "urn:ietf:params:xml:ns:xmpp-bind")
      else { return }
      if isFromClient {
        if stanza["type"] == "set" { request = identifier }
      } else if stanza["type"] == "result", identifier == request, let jid = bind.first("jid")?.text, !jid.isEmpty {
        address = jid
      }
    case "error": error = StanzaFields.error(stanza)
    default: break
    }
  }

  func place(in fields: inout Fields) {
    if let address { fields.set("account", address) }
    if let serverName { fields.set("serverName", serverName) }
    if let version { fields.set("version", version) }
    if let namespace { fields.set("namespace", namespace) }
    if !features.isEmpty { fields.set("features", .list(features.map { .text($0) })) }
    if let error { fields.set("error", error) }
  }
}
