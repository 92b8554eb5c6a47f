import DecoderKit

/// What a message's record says, and its line of the transcript.
struct MessageFields {
  let kind: StaticString
  let fields: Fields
  let line: [UInt8]

  /// Takes a message whose content is stored; carves what stands in CPIM.
  init(_ message: Message, speaker: String, into sink: inout EvidenceSink) throws(ReadError) {
    let stored = message.content.stored
    let isWhole = message.isWhole
    let wholeBytes = isWhole && message.content.beginning.count == stored?.byteCount ?? 0
    var bytes = wholeBytes ? message.content.beginning : []
    var type = message.mediaType
    var name = Message.fileName(message.head)
    var fields: Fields = [
      "speaker": .text(speaker), "chunkCount": .integer(Int64(message.chunkCount)),
      "byteCount": .integer(Int64(stored?.byteCount ?? 0)), "isComplete": .boolean(isWhole),
    ]
    if !message.identifier.isEmpty { fields.set("messageID", wire: message.identifier) }
    message.head.placePaths(in: &fields)
    var speaks = ""
    if type.name == CPIMMessage.mediaType, wholeBytes {
      // Safe: the view ends with this call.
      if let inner = unsafe CPIMMessage(bytes.span.bytes) {
        fields.set("wrapperMediaType", type.name)
        inner.place(in: &fields)
        if case .text(let from)? = fields["cpimFrom"] { speaks = from }
        if case .text(let to)? = fields["cpimTo"] { speaks += " to \(to)" }
        type = inner.mediaType
        bytes = Array(bytes.dropFirst(inner.contentOffset))
        name = Message.fileName(inner.contentHead) ?? name
        try Self.carve(inner, bytes, name, message, &fields, &sink)
        if !inner.codings.isEmpty { bytes = [] }
      }
    }
    if !type.name.isEmpty { fields.set("mediaType", type.name) }
    if let name { fields.set("fileName", wire: name) }
    if let stored { fields.set("sha256", stored.hash.hex) }
    if let total = message.total { fields.set("announcedByteCount", total) }
    if message.flag == 0x23 { fields.set("isAborted", true) }
    if message.content.repeatedBytes > 0 { fields.set("repeatedBytes", message.content.repeatedBytes) }
    if message.content.lateBytes > 0 { fields.set("lateBytes", message.content.lateBytes) }
    let holes = message.holes
    if !holes.isEmpty { fields.set("holes", .list(holes)) }
    if !message.answers.isEmpty {
      fields.set(
        "statuses",
        .list(
          message.answers.map {
            var entry: Fields = ["status": .integer(Int64($0.status)), "count": .integer(Int64($0.count))]
            if !$0.comment.isEmpty { entry.set("reason", wire: $0.comment) }
            return .object(entry)
          }))
    }
    for (name, header) in [("failureReport", "Failure-Report"), ("successReport", "Success-Report")]
      as [(String, StaticString)]
    {
      if let value = message.head.first(header) { fields.set(name, wire: value) }
    }
    if message.unansweredCount > 0 { fields.set("unansweredCount", message.unansweredCount) }

    var words: [UInt8]
    if type.name == ComposingState.mediaType, let state = ComposingState(bytes) {
      kind = "msrp/composing"
      state.place(in: &fields)
      words = Array("[is composing: \(state.state)]".utf8)
    } else {
      let isFile = !type.name.hasPrefix("text/") || name != nil
      kind = isFile ? "msrp/transfer" : "msrp/message"
      words = Array("[\(stored?.byteCount ?? 0) bytes".utf8)
      if let name { words += Array(" of ".utf8) + name }
      if let stored { words += ", SHA-256 \(stored.hash.hex)".utf8 }
      words.append(0x5d)
      if !isFile, let text = Self.text(bytes) {
        fields.set("text", text)
        words = Array(text.utf8)
      }
    }
    if message.flag == 0x23 {
      words += " [given up by its sender]".utf8
    } else if !isWhole {
      words += " [not whole]".utf8
    }
    self.fields = fields
    line = (speaks.isEmpty ? [] : Array("\(speaks): ".utf8)) + words
  }

  /// Stores what CPIM is around, where that is no text.
  private static func carve(
    _ inner: CPIMMessage, _ bytes: [UInt8], _ name: [UInt8]?, _ message: Message, _ fields: inout Fields,
    _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let type = inner.mediaType
    guard !type.name.hasPrefix("text/") || !inner.codings.isEmpty || name != nil else { return }
    var description = ContentDescription(
      role: "msrp content", mediaType: type.name, parameters: type.parameters, codings: inner.codings)
    description.name = name
    let handle = try sink.open(description, from: message.side)
    // Safe: the view ends with this call.
    unsafe sink.append(bytes.span.bytes, to: handle, from: message.trace)
    guard let stored = sink.close(handle, isWhole: true) else { return }
    fields.set("contentSha256", stored.hash.hex)
    // What is coded has another size, and another hash, than what it stands for.
    if inner.codings.isEmpty { fields.set("contentByteCount", stored.byteCount) }
  }

  /// Nil when it is no UTF-8, has control characters but tabs and ends of lines, or is empty or too long.
  private static func text(_ bytes: [UInt8]) -> String? {
    guard !bytes.isEmpty, bytes.count <= Message.maximumText,
      bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 9 || $0 == 10 || $0 == 13 })
    else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }
}
