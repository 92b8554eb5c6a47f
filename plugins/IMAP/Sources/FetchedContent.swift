import DecoderKit

/// Content of a message that is being read, or waits for what the response says behind it.
struct FetchedContent {
  /// Nil of a message that is stored by APPEND.
  let item: FetchItem?
  let number: Int?
  let part: PartStructure?
  var handle: ContentHandle?
  var trace: Trace
  /// Bytes of the literals so far, with those that are missing.
  var byteCount = 0
  var isCut = false
  var stored: ContentReference?
  /// What the response, or APPEND, says of it.
  var attributes = Fields()
}

extension IMAPSession {
  // MARK: Literals

  /// Decides what becomes of a literal that follows.
  mutating func beginLiteral(
    _ count: Int, _ isClient: Bool, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let line = isClient ? clientLine : serverLine
    if isClient {
      let words = line.text.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: true)
      if words.count > 2, words[1].equalsIgnoringCase("APPEND"), SyntaxNode.parse(words[2]).count > 0 {
        let handle = try sink.open(
          ContentDescription(role: "mail message", mediaType: "message/rfc822"), from: side)
        appended = FetchedContent(item: nil, number: nil, part: nil, handle: handle, trace: line.trace)
        clientLine.add(mark: "[message]", Trace())
        return try begin(count, isClient, side, &sink)
      }
    } else if let number = Self.fetchNumber(line.text), let item = FetchItem(endOf: line.text) {
      try beginContent(item, number, line.trace, side, &sink)
      serverLine.add(mark: "[content]", Trace())
      return try begin(count, isClient, side, &sink)
    }
    if count <= LogicalLine.maximumLiteralByteCount {
      set(.literal(remaining: count, collected: []), isClient)
      if count == 0 {
        if isClient { clientLine.add(literal: [], Trace()) } else { serverLine.add(literal: [], Trace()) }
        set(.line, isClient)
      }
    } else {
      sink.note(
        Finding(
          .warning, "imap/longLiteral", "A literal that is no message's content is longer than the limit.",
          ["announcedBytes": .integer(Int64(count)), "limit": .integer(Int64(LogicalLine.maximumLiteralByteCount))]),
        from: side, trace: line.trace)
      if isClient { clientLine.add(mark: "[literal]", Trace()) } else { serverLine.add(mark: "[literal]", Trace()) }
      set(.passing(remaining: count), isClient)
    }
  }

  private mutating func begin(
    _ count: Int, _ isClient: Bool, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    set(.content(remaining: count), isClient)
    if count == 0 { try endContent(side, &sink) }
  }

  /// The message number of `* 12 FETCH (`.
  static func fetchNumber(_ line: [UInt8]) -> Int? {
    let words = line.split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: true)
    guard words.count > 2, words[0].elementsEqual([0x2a]), words[2].equalsIgnoringCase("FETCH") else { return nil }
    return words[1].decimal()
  }

  private mutating func beginContent(
    _ item: FetchItem, _ number: Int, _ trace: Trace, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    // The next piece of the same message goes on where the last one ended.
    if let known = partial, known.number == number, known.item?.section == item.section,
      let offset = item.offset, offset == (known.item?.offset ?? 0) + known.byteCount
    {
      fetched = known
      fetched?.trace.formUnion(trace)
      partial = nil
      return
    }
    try flushPartial(side, &sink)
    let part = structures[number].flatMap { PartStructure(section: item.section, in: $0) }
    let handle = try sink.open(item.description(part), from: side)
    fetched = FetchedContent(item: item, number: number, part: part, handle: handle, trace: trace)
  }

  /// Keeps content that stands as quoted strings in the line itself, which servers may send for short parts.
  mutating func takeQuoted(
    _ number: Int, _ nodes: [SyntaxNode], _ trace: Trace, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    for place in stride(from: 0, to: nodes.count - 1, by: 2) {
      guard case .atom(let name) = nodes[place], case .string(let content) = nodes[place + 1], !content.isEmpty,
        let item = FetchItem(endOf: name)
      else { continue }
      try beginContent(item, number, trace, side, &sink)
      // Safe: the view ends with the call.
      if let handle = fetched?.handle { unsafe sink.append(content.span.bytes, to: handle, from: trace) }
      fetched?.byteCount += content.count
      try endContent(side, &sink)
    }
  }

  // MARK: Ends

  /// A literal has ended: a whole section is closed, a piece of one waits for the next.
  mutating func endContent(_ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    let isClient = side == clientSide
    set(.line, isClient)
    guard var content = isClient ? appended : fetched else { return }
    if isClient { appended = nil } else { fetched = nil }
    if content.item?.offset != nil, !content.isCut {
      ended.append(content)
      return
    }
    content.stored = content.handle.flatMap { sink.close($0, isWhole: !content.isCut) }
    content.handle = nil
    ended.append(content)
  }

  /// Emits what a response brought, with what the response says of the message.
  mutating func emitEnded(
    attributes: [SyntaxNode], _ trace: Trace, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let list = ended
    ended = []
    let known = Self.fields(attributes)
    for var content in list {
      content.trace.formUnion(trace)
      for entry in known.entries { content.attributes.set(entry.name, entry.value) }
      if content.handle == nil {
        try emit(content, isWhole: !content.isCut, side, &sink)
      } else if isEnd(content) {
        try close(&content, isWhole: (content.item?.offset ?? 0) == 0, side, &sink)
      } else {
        try flushPartial(side, &sink)
        partial = content
      }
    }
  }

  /// Whether a piece is the last: the size is reached, or fewer bytes came than were asked for.
  private func isEnd(_ content: FetchedContent) -> Bool {
    let end = (content.item?.offset ?? 0) + content.byteCount
    if content.item?.section.isEmpty == true, case .integer(let size) = content.attributes["announcedByteCount"] {
      return Int64(end) >= size
    }
    guard let asked = partialLength, asked > 0 else { return false }
    return content.byteCount % asked != 0
  }

  mutating func flushPartial(_ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    guard var content = partial else { return }
    partial = nil
    try close(&content, isWhole: false, side, &sink)
  }

  private mutating func close(
    _ content: inout FetchedContent, isWhole: Bool, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    content.stored = content.handle.flatMap { sink.close($0, isWhole: isWhole) }
    content.handle = nil
    try emit(content, isWhole: isWhole, side, &sink)
  }

  /// UID, flags, dates and sizes of a FETCH response.
  private static func fields(_ nodes: [SyntaxNode]) -> Fields {
    var fields = Fields()
    var place = 0
    while place + 1 < nodes.count {
      let value = nodes[place + 1]
      if let name = nodes[place].text {
        if name.equalsIgnoringCase("UID"), let text = value.text, let number = text.decimal() {
          fields.set("uid", number)
        } else if name.equalsIgnoringCase("RFC822.SIZE"), let text = value.text, let number = text.decimal() {
          fields.set("announcedByteCount", number)
        } else if name.equalsIgnoringCase("INTERNALDATE"), let text = value.text {
          fields.set("internalDate", wire: text)
        } else if name.equalsIgnoringCase("FLAGS"), let list = value.list {
          fields.set("flags", flagList(list))
        }
      }
      place += 2
    }
    return fields
  }

  /// Flags as records list them.
  static func flagList(_ nodes: [SyntaxNode]) -> Value {
    .list(nodes.compactMap { $0.text.map { .text(String(decoding: $0, as: UTF8.self)) } })
  }

  mutating func emit(
    _ content: FetchedContent, isWhole: Bool, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    messageCount += 1
    try transcript.tell(
      content.item?.section.isEmpty == false ? "part of a message" : "message", content.stored, isWhole: isWhole,
      from: side, trace: content.trace, into: &sink)
    var fields = content.attributes
    var trace = content.trace
    if let stored = content.stored { trace.formUnion(stored.trace) }
    fields.set("command", content.item == nil ? "APPEND" : "FETCH")
    if content.item != nil, let mailbox { fields.set("mailbox", wire: mailbox) }
    if let number = content.number { fields.set("messageNumber", number) }
    if let item = content.item {
      fields.set("section", wire: item.section)
      if let offset = item.offset { fields.set("offset", offset) }
    }
    if let part = content.part {
      fields.set("mediaType", wire: part.mediaType)
      if let name = part.fileName { fields.set("fileName", wire: name) }
    }
    if let user { fields.set("user", wire: user) }
    if let stored = content.stored { fields.set("sha256", stored.hash.hex) }
    fields.set("byteCount", content.stored?.byteCount ?? 0)
    fields.set("isComplete", isWhole && content.stored?.isComplete != false)
    try sink.emit("imap/message", fields, from: side, trace: trace)
  }
}
