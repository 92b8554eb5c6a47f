import DecoderKit

/// What records tell of stanzas (RFC 6121).
enum StanzaFields {
  static func common(_ stanza: XMLElement, _ speaker: String) -> Fields {
    var fields: Fields = ["speaker": .text(speaker)]
    for (attribute, field) in [("from", "from"), ("to", "to"), ("id", "messageID")] {
      if let value = stanza[attribute] { fields.set(field, value) }
    }
    if let type = stanza["type"] { fields.set("stanzaType", type) }
    if let stamp = (stanza.first("delay", in: "urn:xmpp:delay"))?["stamp"],
      let moment = CaptureTime(rfc3339: stamp)
    {
      fields.set("writtenAt", moment)
    }
    return fields
  }

  static func message(_ stanza: XMLElement, _ speaker: String, forwardedAs outer: String?) -> Fields {
    var fields = common(stanza, speaker)
    for name in ["subject", "thread"] {
      if let text = stanza.first(name)?.text, !text.isEmpty { fields.set(name, text) }
    }
    if let body = stanza.first("body")?.text { fields.set("text", body) }
    if let language = stanza["xml:lang"] { fields.set("language", language) }
    let states = ["active", "composing", "paused", "inactive", "gone"]
    for element in stanza.elements {
      switch (element.name, element.namespace) {
      case (_, "http://jabber.org/protocol/chatstates") where states.contains(element.name):
        fields.set("chatState", element.name)
      case ("received", "urn:xmpp:receipts"): if let id = element["id"] { fields.set("receiptFor", id) }
      case ("replace", "urn:xmpp:message-correct:0"): if let id = element["id"] { fields.set("correctionOf", id) }
      case ("encrypted", _), ("x", "jabber:x:encrypted"): fields.set("isEncrypted", true)
      case ("nick", "http://jabber.org/protocol/nick"): fields.set("nick", element.text)
      case ("error", _): fields.set("error", error(element))
      default: break
      }
    }
    if let outer { fields.set("forwardedAs", outer) }
    return fields
  }

  static func presence(_ stanza: XMLElement, _ speaker: String) -> Fields {
    var fields = common(stanza, speaker)
    if let show = stanza.first("show")?.text { fields.set("show", show) }
    if let status = stanza.first("status")?.text, !status.isEmpty { fields.set("text", status) }
    if let priority = stanza.first("priority")?.text { fields.set("priority", priority) }
    if let item = stanza.first("x", in: "http://jabber.org/protocol/muc#user")?.first("item") {
      if let address = item["jid"] { fields.set("account", address) }
      if let role = item["role"] { fields.set("role", role) }
    }
    if let failure = stanza.first("error") { fields.set("error", error(failure)) }
    return fields
  }

  static func query(_ stanza: XMLElement, _ speaker: String) -> Fields {
    var fields = common(stanza, speaker)
    if let child = stanza.elements.first(where: { $0.name != "error" }) {
      fields.set("query", child.name)
      if !child.namespace.isEmpty { fields.set("namespace", child.namespace) }
    }
    if let failure = stanza.first("error") { fields.set("error", error(failure)) }
    return fields
  }

  /// The condition of an error, and its words (RFC 6120, 8.3).
  static func error(_ element: XMLElement) -> String {
    let condition = element.elements.first { $0.name != "text" }?.name ?? element["type"] ?? "error"
    let words = element.first("text")?.text ?? ""
    return words.isEmpty ? condition : "\(condition): \(words)"
  }

  /// Messages that a stanza carries from elsewhere: copies (XEP-0280), an archive (XEP-0313).
  static func forwarded(_ stanza: XMLElement) -> (message: XMLElement, kind: String, stamp: CaptureTime?)? {
    for element in stanza.elements {
      let holder = element.name == "forwarded" ? element : element.first("forwarded", in: "urn:xmpp:forward:0")
      guard let holder, let message = holder.first("message") else { continue }
      let stamp = holder.first("delay")?["stamp"].flatMap { CaptureTime(rfc3339: $0) }
      return (message, element.name, stamp)
    }
    return nil
  }
}
