import DecoderKit

/// A message's head, with the fields that matter by their long names whatever form they stood in (RFC 3261, 7.3.3).
struct SIPMessage {
  let head: MessageHead
  let start: StartLine
  let from: PartyAddress
  let to: PartyAddress
  let callID: [UInt8]
  let sequence: UInt32
  let sequenceMethod: [UInt8]

  init(_ head: MessageHead) throws(ReadError) {
    self.head = head
    start = try StartLine(head.startLine)
    from = PartyAddress(Self.value(head, "From", "f") ?? [])
    to = PartyAddress(Self.value(head, "To", "t") ?? [])
    callID = Self.value(head, "Call-ID", "i") ?? []
    let parts = (Self.value(head, "CSeq", nil) ?? []).split(whereSeparator: { $0 == 0x20 || $0 == 0x09 })
    sequence = parts.first.flatMap { UInt32(String(decoding: $0, as: UTF8.self)) } ?? 0
    sequenceMethod = parts.count > 1 ? Array(parts[1]) : []
  }

  /// The first value of a header by its long or compact name.
  static func value(_ head: MessageHead, _ name: StaticString, _ compact: StaticString?) -> [UInt8]? {
    if let value = head.first(name) { return value }
    return compact.flatMap { head.first($0) }
  }

  var contentLength: Int? {
    guard let value = Self.value(head, "Content-Length", "l") else { return nil }
    guard !value.isEmpty, value.count <= 10, value.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return value.reduce(0) { $0 * 10 + Int($1 - 0x30) }
  }

  /// The declared type in lower case without parameters, and the parameters as they stood.
  var contentType: (type: String, parameters: String) {
    let value = Self.value(head, "Content-Type", "c") ?? []
    let end = value.firstIndex(of: 0x3b) ?? value.endIndex
    let type = String(decoding: value[..<end].trimmed.asciiLowercased, as: UTF8.self)
    return (type, end < value.endIndex ? String(decoding: value[(end + 1)...].trimmed, as: UTF8.self) : "")
  }

  /// The top Via's branch, which names the transaction (RFC 3261, 8.1.1.7).
  var branch: [UInt8] {
    let via = Self.value(head, "Via", "v") ?? []
    for parameter in via.split(separator: 0x3b) {
      let pair = parameter.split(separator: 0x3d, maxSplits: 1)
      if pair.count == 2, pair[0].trimmed.equalsIgnoringCase("branch") {
        return Array(pair[1].prefix { $0 != 0x2c && $0 != 0x20 })
      }
    }
    return []
  }

  /// What a retransmission repeats: first line, transaction, sequence number and both tags.
  var fingerprint: [UInt8] {
    head.startLine + [0] + branch + [0] + Array(String(sequence).utf8) + [0] + sequenceMethod + [0] + callID + [0]
      + from.tag + [0] + to.tag
  }

  var fields: Fields {
    var fields = Fields()
    switch start {
    case .request(let method, let uri):
      fields.set("method", wire: method)
      fields.set("requestURI", wire: uri)
    case .response(let status, let reason):
      fields.set("status", status)
      fields.set("reason", wire: reason)
    }
    set(&fields, "callID", callID)
    set(&fields, "from", from.uri)
    set(&fields, "fromName", from.name)
    set(&fields, "fromTag", from.tag)
    set(&fields, "to", to.uri)
    set(&fields, "toName", to.name)
    set(&fields, "toTag", to.tag)
    set(&fields, "cseqMethod", sequenceMethod)
    set(&fields, "contact", Self.value(head, "Contact", "m") ?? [])
    set(&fields, "userAgent", head.first("User-Agent") ?? head.first("Server") ?? [])
    if !sequenceMethod.isEmpty { fields.set("cseq", sequence) }
    let via = head.fields.filter { $0.isNamed("Via") || $0.isNamed("v") }
    if !via.isEmpty { fields.set("via", .list(via.map { .text(String(decoding: $0.value, as: UTF8.self)) })) }
    fields.set(
      "headers",
      .list(
        head.fields.map { field in
          var entry = Fields()
          entry.set("name", wire: field.name)
          entry.set("value", wire: Self.withheld(field))
          return .object(entry)
        }))
    return fields
  }

  /// The value of a header; secrets that would let one log in are withheld, the fact stays.
  private static func withheld(_ field: MessageHead.Field) -> [UInt8] {
    guard field.isNamed("Authorization") || field.isNamed("Proxy-Authorization") else { return field.value }
    let parts = field.value.split(separator: 0x2c, omittingEmptySubsequences: false)
    let kept = parts.map { part -> [UInt8] in
      let name = part.drop { $0 == 0x20 }
      guard let equals = name.firstIndex(of: 0x3d) else { return Array(part) }
      let key = name[..<equals].split(separator: 0x20).last.map(Array.init) ?? []
      return key.equalsIgnoringCase("response") ? Array(part[...equals]) + Array("[withheld]".utf8) : Array(part)
    }
    if field.value.prefix(6).elementsEqual("Basic ".utf8) { return Array("Basic [withheld]".utf8) }
    return Array(kept.joined(separator: [0x2c]))
  }

  private func set(_ fields: inout Fields, _ name: String, _ value: [UInt8]) {
    if !value.isEmpty { fields.set(name, wire: value) }
  }
}
