import DecoderKit

/// What the client says (RFC 9051, 6).
extension IMAPSession {
  mutating func readCommand(_ line: LogicalLine, _ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    let text = line.text.trimmed
    if text.isEmpty {
      // APPEND of several messages ends with an empty line; so does an empty response.
      return
    }
    if credentials != nil, !text.contains(0x20) {
      credentials?.take(text)
      let isGivenUp = text == [0x2a]
      try transcript.add(
        isGivenUp ? text : WithheldSecret.mark, isWithheld: !isGivenUp, from: side, trace: line.trace, into: &sink)
      if let place = pending.lastIndex(where: { $0.verb.equalsIgnoringCase("AUTHENTICATE") }) {
        pending[place].trace.formUnion(line.trace)
        pending[place].user = credentials?.user
        pending[place].argument = (credentials?.mechanism ?? []) + [0x20] + WithheldSecret.mark
      }
      return
    }
    if text.equalsIgnoringCase("DONE") {
      try transcript.add(text, from: side, trace: line.trace, into: &sink)
      // The end of IDLE (RFC 2177) belongs to its command.
      if let place = pending.lastIndex(where: { $0.verb.equalsIgnoringCase("IDLE") }) {
        pending[place].trace.formUnion(line.trace)
      }
      return
    }
    let words = text.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: true).map(Array.init)
    guard words.count >= 2 else {
      sink.note(
        Finding(.notice, "imap/malformedCommand", "A line of the client is no command."), from: side,
        trace: line.trace)
      // It may be a secret whose command was not captured.
      return transcript.pass(text.count, isLost: false, from: side, trace: line.trace)
    }
    if pending.count >= Self.maximumPendingCount {
      let oldest = pending.removeFirst()
      try emit(oldest, result: nil, [], Trace(), &sink)
    }
    let upper = words[1].asciiUppercased
    var command = Command(
      tag: words[0], verb: upper, argument: words.count > 2 ? words[2] : [], trace: line.trace)
    credentials = nil
    if command.verb.equalsIgnoringCase("LOGIN") {
      // Both may be quoted, or come as literals.
      user = SyntaxNode.parse(command.argument).first?.text
      command.user = user
      command.argument = (user ?? []) + [0x20] + WithheldSecret.mark
    } else if command.verb.equalsIgnoringCase("AUTHENTICATE") {
      let parts = command.argument.split(separator: 0x20).map(Array.init)
      credentials = MailCredentials(mechanism: parts.first ?? [])
      command.argument = parts.first ?? []
      if parts.count > 1 {
        credentials?.take(parts[1])
        command.argument += [0x20] + WithheldSecret.mark
        command.user = credentials?.user
      }
    }
    let isWithheld = command.argument.contains(WithheldSecret.mark)
    if isClientCut, !(Self.plainVerbs + Self.otherVerbs).contains(where: { upper.equalsIgnoringCase($0) }) {
      transcript.pass(text.count, isLost: false, from: side, trace: line.trace)
    } else {
      try transcript.add(
        isWithheld ? words[0] + [0x20] + words[1] + [0x20] + command.argument : text, isWithheld: isWithheld,
        from: side, trace: line.trace, into: &sink)
    }
    if command.verb.equalsIgnoringCase("SELECT") || command.verb.equalsIgnoringCase("EXAMINE") {
      if let name = SyntaxNode.parse(command.argument).first?.text { asked = (command.tag, name) }
    } else if command.verb.equalsIgnoringCase("APPEND") {
      try endAppend(command, line.trace, side, &sink)
    } else if command.verb.equalsIgnoringCase("UID") || command.verb.equalsIgnoringCase("FETCH") {
      notePartialLength(command.argument)
    } else if command.verb.equalsIgnoringCase("COMPRESS"), !isCompressed {
      // Nothing more may come before the answer (RFC 4978, 3).
      client = .waiting
    }
    pending.append(command)
  }

  /// How many bytes `BODY[]<0.12288>` asks for.
  private mutating func notePartialLength(_ argument: [UInt8]) {
    guard let open = argument.lastIndex(of: 0x3c) else { return }
    let range = argument[(open + 1)...].prefix { $0 != 0x3e }
    let numbers = range.split(separator: 0x2e)
    if numbers.count == 2, let length = numbers[1].decimal() { partialLength = length }
  }

  /// Emits what APPEND stored: mailbox, flags and date stand before the message (RFC 9051, 6.3.12).
  private mutating func endAppend(
    _ command: Command, _ trace: Trace, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let list = ended.filter { $0.item == nil }
    ended.removeAll { $0.item == nil }
    let nodes = SyntaxNode.parse(command.argument)
    for var content in list {
      content.trace.formUnion(trace)
      if let name = nodes.first?.text { content.attributes.set("mailbox", wire: name) }
      if nodes.count > 1, let flags = nodes[1].list {
        content.attributes.set("flags", Self.flagList(flags))
      }
      for node in nodes.dropFirst() {
        if case .string(let date) = node { content.attributes.set("internalDate", wire: date) }
      }
      try emit(content, isWhole: !content.isCut, side, &sink)
    }
  }
}
