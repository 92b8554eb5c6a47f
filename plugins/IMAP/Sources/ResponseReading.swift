import DecoderKit

/// What the server says (RFC 9051, 7).
extension IMAPSession {
  mutating func readResponse(_ line: LogicalLine, _ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    let text = line.text.trimmed
    guard let first = text.first else { return }
    try transcript.add(text, from: side, trace: line.trace, into: &sink)
    // A request to go on says nothing by itself.
    if first == 0x2b { return }
    let words = text.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: true).map(Array.init)
    guard words.count >= 2 else {
      sink.note(
        Finding(.warning, "imap/malformedResponse", "A line of the server is no response."), from: side,
        trace: line.trace)
      return
    }
    if words[0] == [0x2a] { return try readUntagged(line, words, side, &sink) }
    try complete(words, line.trace, side, &sink)
  }

  private mutating func readUntagged(
    _ line: LogicalLine, _ words: [[UInt8]], _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    if let number = Self.fetchNumber(line.text) {
      let rest = line.text.split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: true)
      let nodes = rest.count > 3 ? SyntaxNode.parse(rest[3]).first?.list ?? [] : []
      remember(number, nodes)
      try takeQuoted(number, nodes, line.trace, side, &sink)
      try emitEnded(attributes: nodes, line.trace, side, &sink)
    } else if !hasGreeted, pending.isEmpty {
      hasGreeted = true
      for name in ["OK", "PREAUTH", "BYE"] as [StaticString] where words[1].equalsIgnoringCase(name) {
        let reply = words.count > 2 ? words[2] : []
        return try emit(Command(), result: words[1], reply, line.trace, &sink)
      }
    }
    hasGreeted = true
    // Message numbers shift: what was remembered by number no longer holds (RFC 9051, 7.5.1).
    if words.count > 2, words[2].equalsIgnoringCase("EXPUNGE") { structures = [:] }
    untaggedTrace.formUnion(line.trace)
    let shown = line.text.dropFirst(2)
    if untagged.count + shown.count < Self.maximumUntaggedByteCount {
      untagged += (untagged.isEmpty ? [] : [0x0a]) + shown
    } else {
      isUntaggedCut = true
    }
  }

  private mutating func remember(_ number: Int, _ nodes: [SyntaxNode]) {
    var place = 0
    while place + 1 < nodes.count {
      if let name = nodes[place].text, name.equalsIgnoringCase("BODYSTRUCTURE") || name.equalsIgnoringCase("BODY"),
        nodes[place + 1].list != nil
      {
        if structures.count >= Self.maximumStructureCount { structures = [:] }
        structures[number] = nodes[place + 1]
      }
      place += 2
    }
  }

  private mutating func complete(
    _ words: [[UInt8]], _ trace: Trace, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let reply = words.count > 2 ? words[2] : []
    let isOK = words[1].equalsIgnoringCase("OK")
    guard isOK || words[1].equalsIgnoringCase("NO") || words[1].equalsIgnoringCase("BAD") else {
      sink.note(
        Finding(.warning, "imap/malformedResponse", "A line of the server is no response."), from: side, trace: trace)
      return
    }
    hasGreeted = true
    var command = Command(tag: words[0])
    if let place = pending.firstIndex(where: { $0.tag == words[0] }) { command = pending.remove(at: place) }
    if command.verb.equalsIgnoringCase("AUTHENTICATE") {
      if isOK { user = credentials?.user ?? command.user }
      credentials = nil
    }
    if let asked, asked.tag == command.tag, isOK {
      mailbox = asked.mailbox
      structures = [:]
      self.asked = nil
    }
    try emit(command, result: words[1], reply, trace, &sink)
    if isOK, command.verb.equalsIgnoringCase("STARTTLS") {
      try startTunnel(Self.encrypted, trace, side, &sink)
    } else if isOK, command.verb.equalsIgnoringCase("COMPRESS") {
      try startCompression(trace, side, &sink)
    } else if case .waiting = client, command.verb.equalsIgnoringCase("COMPRESS") {
      client = .line
    }
  }
}
