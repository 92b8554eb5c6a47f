import DecoderKit

/// A request or response with its head.
struct RTSPMessage {
  let line: RTSPLine
  let head: MessageHead
  let trace: Trace
  let sender: Endpoint
  let receiver: Endpoint

  init(_ line: RTSPLine, _ head: MessageHead, _ trace: Trace, sender: Endpoint, receiver: Endpoint) {
    self.line = line
    self.head = head
    self.trace = trace
    self.sender = sender
    self.receiver = receiver
  }

  func value(_ name: StaticString) -> [UInt8]? { head.fields.first { $0.isNamed(name) }?.value }

  var sequence: UInt32? { value("CSeq")?.decimal(digits: 1...9).map { UInt32(clamping: $0) } }

  /// The session's name without its parameters (RFC 2326, 12.37).
  var sessionID: String? {
    value("Session").map { String(decoding: $0.prefix { $0 != 0x3b }.prefix(1_024), as: UTF8.self).trimmingSpaces }
  }

  var fields: Fields {
    var fields = Fields()
    switch line {
    case .request(let method, let uri):
      fields.set("method", wire: method)
      fields.set("requestURI", wire: uri)
    case .response(let status, let reason):
      fields.set("status", status)
      fields.set("reason", wire: reason)
    }
    if let sequence { fields.set("cseq", sequence) }
    if let sessionID { fields.set("sessionID", sessionID) }
    if let transport = value("Transport") { fields.set("transport", wire: transport) }
    if let range = value("Range") { fields.set("range", wire: range) }
    if let agent = value("User-Agent") ?? value("Server") { fields.set("userAgent", wire: agent) }
    if let type = value("Content-Type") { fields.set("mediaType", MediaType(type).name) }
    fields.set(
      "headers",
      .list(
        head.fields.map { field in
          var entry = Fields()
          entry.set("name", wire: field.name)
          entry.set("value", wire: WithheldSecret.shownValue(of: field))
          return .object(entry)
        }))
    return fields
  }
}
