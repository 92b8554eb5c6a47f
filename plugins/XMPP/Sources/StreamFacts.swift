import DecoderKit

/// Who the two sides of a stream are, as they tell it.
struct StreamFacts {
  static let maximumFeatures = 256

  /// The client's full address, as the server binds it.
  private(set) var address: String?
  private var serverName: String?
  private var version: String?
  private var namespace: String?
  private var features: [String] = []
  private var error: String?

  /// The side that is the client, by what only one of them sends.
  func clientSide(_ element: XMLElement, _ side: Side) -> Side {
    let isServers =
      ["features", "challenge", "success", "failure", "proceed"].contains(element.name)
      || element.name == "stream" && element["id"] != nil
    return isServers ? side.other : side
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
      if !isFromClient, stanza["type"] == "result", let jid = stanza.first("bind")?.first("jid")?.text {
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
