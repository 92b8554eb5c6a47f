import DecoderKit

/// A message's head, with the fields that matter by their long names whatever form they stood in (RFC 3261, 7.3.3).
struct SIPMessage {
  /// Content codings on top of each other that are undone.
  static let maximumCodings = 8

  let head: MessageHead
  let start: StartLine
  let from: PartyAddress
  let to: PartyAddress
  let callID: [UInt8]
  let sequence: UInt32
  let sequenceMethod: [UInt8]
  /// The Via elements from the top, each alone though they may have shared a line.
  let via: [[UInt8]]

  init(_ head: MessageHead) throws(ReadError) {
    self.head = head
    start = try StartLine(head.startLine)
    from = PartyAddress(Self.value(head, "From", "f") ?? [])
    to = PartyAddress(Self.value(head, "To", "t") ?? [])
    callID = Self.value(head, "Call-ID", "i") ?? []
    let parts = (Self.value(head, "CSeq", nil) ?? []).split(whereSeparator: { $0 == 0x20 || $0 == 0x09 })
    sequence = parts.first.flatMap { UInt32(String(decoding: $0, as: UTF8.self)) } ?? 0
    sequenceMethod = parts.count > 1 ? Array(parts[1]) : []
    via = head.fields.filter { $0.isNamed("Via") || $0.isNamed("v") }.flatMap { HeaderList.elements(of: $0.value) }
  }

  /// The first value of a header by its long or compact name.
  static func value(_ head: MessageHead, _ name: StaticString, _ compact: StaticString?) -> [UInt8]? {
    head.fields.first { field in field.isNamed(name) || compact.map { field.isNamed($0) } == true }?.value
  }

  /// The announced count of bytes of the body; nil when none is announced or it is no number.
  var contentLength: Int? {
    guard let value = Self.value(head, "Content-Length", "l") else { return nil }
    guard !value.isEmpty, value.count <= 10, value.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return value.reduce(0) { $0 * 10 + Int($1 - 0x30) }
  }

  /// Whether a count of bytes is announced that is no number.
  var hasOddContentLength: Bool { contentLength == nil && Self.value(head, "Content-Length", "l") != nil }

  var mediaType: MediaType { MediaType(Self.value(head, "Content-Type", "c") ?? []) }

  /// What must be undone to have the body, last coding first; nil when one is unknown (RFC 3261, 20.12).
  var codings: [ContentCoding]? {
    var codings: [ContentCoding] = []
    for name in HeaderList.elements(of: Self.value(head, "Content-Encoding", "e") ?? []).prefix(Self.maximumCodings) {
      switch String(decoding: name.asciiLowercased, as: UTF8.self) {
      case "identity": continue
      case "gzip", "x-gzip": codings.insert(.gzip, at: 0)
      case "deflate": codings.insert(.deflate, at: 0)
      default: return nil
      }
    }
    return codings
  }

  /// The headers that every message must have and this one lacks (RFC 3261, 8.1.1).
  var missingHeaders: [String] {
    var names: [String] = []
    if callID.isEmpty { names.append("Call-ID") }
    if sequenceMethod.isEmpty { names.append("CSeq") }
    if from.uri.isEmpty { names.append("From") }
    if to.uri.isEmpty { names.append("To") }
    if via.isEmpty { names.append("Via") }
    return names
  }

  /// The top Via's branch, which names the transaction (RFC 3261, 8.1.1.7).
  var branch: [UInt8] {
    for parameter in (via.first ?? []).split(separator: 0x3b) {
      let pair = parameter.split(separator: 0x3d, maxSplits: 1)
      if pair.count == 2, pair[0].trimmed.equalsIgnoringCase("branch") { return pair[1].trimmed }
    }
    return []
  }

  /// What a retransmission repeats: sender, first line, transaction, sequence number, call, both tags, and the body.
  func fingerprint(_ side: Side, _ body: RawSpan) -> Mark {
    Mark(
      [side.rawValue], head.startLine, branch, Array(String(sequence).utf8), sequenceMethod, callID, from.tag, to.tag,
      body.array())
  }

  /// Sets the call and its parties.
  func placeParties(in fields: inout Fields) {
    set(&fields, "callID", callID)
    set(&fields, "from", from.uri)
    set(&fields, "to", to.uri)
    if case .request(let method, _) = start {
      set(&fields, "method", method)
    } else {
      set(&fields, "cseqMethod", sequenceMethod)
    }
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
    let contacts = head.fields.filter { $0.isNamed("Contact") || $0.isNamed("m") }.map(\.value)
    set(&fields, "contact", Array(contacts.joined(separator: [0x2c, 0x20])))
    set(&fields, "userAgent", head.first("User-Agent") ?? head.first("Server") ?? [])
    if !sequenceMethod.isEmpty { fields.set("cseq", sequence) }
    if !via.isEmpty { fields.set("via", .list(via.map { .text(String(decoding: $0, as: UTF8.self)) })) }
    fields.set("headers", head.fields.listed(WithheldSecret.shownValue))
    return fields
  }

  private func set(_ fields: inout Fields, _ name: String, _ value: [UInt8]) {
    if !value.isEmpty { fields.set(name, wire: value) }
  }
}
