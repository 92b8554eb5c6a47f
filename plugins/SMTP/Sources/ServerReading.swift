import DecoderKit

/// What the server says: replies, each to the first command that has none yet (RFC 2920, 3.2).
extension SMTPSession {
  /// Reads a line of the server; false when more bytes are needed.
  mutating func readServer(
    _ reader: inout ByteReader, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    if isServerTunnel {
      try reader.skip(reader.remaining, "encrypted")
      return true
    }
    guard let length = reader.distance(to: 0x0a, within: Self.maximumLineByteCount) else {
      // Behind a gap, too, a line is judged when all of it is there.
      guard reader.remaining >= Self.maximumLineByteCount else { return false }
      if !isServerInLongLine {
        note(.warning, "smtp/longLine", "A line is longer than the limit and was passed over.", sink.trace, side, &sink)
      }
      try reader.skip(Self.maximumLineByteCount, "line")
      transcript.pass(Self.maximumLineByteCount, from: side, trace: sink.trace)
      isServerInLongLine = true
      return true
    }
    let start = reader.offset
    let raw = try reader.take(length + 1, "line").array()
    let line = raw.trimmed
    let trace = sink.trace(of: start..<reader.offset)
    if isServerInLongLine {
      isServerInLongLine = false
      // Behind a gap a whole reply may stand in the first line; a piece of one does not look like it.
      guard Self.status(line) != nil else {
        transcript.pass(raw.count, from: side, trace: trace)
        return true
      }
    }
    guard !line.isEmpty else { return true }
    try transcript.add(raw.withoutLineEnd, from: side, trace: trace, into: &sink)
    guard let status = Self.status(line) else {
      note(.warning, "smtp/malformedReply", "A line of the server is no reply.", trace, side, &sink)
      return true
    }
    let text = Array(line.dropFirst(4))
    if reply?.status == status {
      if reply?.lineCount ?? 0 < Self.maximumReplyLineCount { reply?.text += [0x0a] + text }
      reply?.lineCount += 1
      reply?.trace.formUnion(trace)
    } else {
      reply = Reply(status: status, text: text, trace: trace)
    }
    let isLast = line.count < 4 || line[3] != 0x2d
    guard isLast, let whole = reply else { return true }
    reply = nil
    try answer(whole, side, &sink)
    return true
  }

  private static func status(_ line: [UInt8]) -> Int? {
    guard line.count <= 3 || line[3] == 0x20 || line[3] == 0x2d else { return nil }
    return line.prefix(3).decimal(digits: 3...3)
  }

  private mutating func answer(_ reply: Reply, _ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    if !hasGreeted {
      hasGreeted = true
      if reply.status == 220 || reply.status == 554, pending.isEmpty || reply.status == 220 {
        serverName = Array(reply.text.prefix { $0 != 0x20 && $0 != 0x0a })
        return try emit(PendingCommand(purpose: .greeting), reply, &sink)
      }
    }
    guard !pending.isEmpty else {
      // The command that it answers was not captured, or the server speaks unasked (421).
      return try emit(PendingCommand(purpose: .other), reply, &sink)
    }
    let command = pending.removeFirst()
    switch command.purpose {
    case .greeting, .other: break
    case .hello(let former): if reply.status >= 400 { clientName = former }
    case .mail(let transaction, let former):
      transaction.trace.formUnion(reply.trace)
      if reply.status >= 400, let former { transaction.takeOver(former) }
    case .recipient(let transaction, let recipient):
      transaction.trace.formUnion(reply.trace)
      recipient.status = reply.status
      recipient.reply = reply.text
    case .data(let transaction):
      if reply.status == 354 {
        if case .beforeMessage = state { transaction.hasBegun = true }
      } else if case .beforeMessage(let current) = state, current === transaction {
        state = .command
      }
    case .messageEnd(let transaction):
      transaction.status = reply.status
      transaction.reply = reply.text
      transaction.trace.formUnion(reply.trace)
      waiting.removeAll { $0 === transaction }
      // The reply to a last chunk may come before the chunk was seen to its end.
      if transaction.hasEnded { try emit(transaction, side.other, &sink) } else { waiting.append(transaction) }
      return
    case .startTLS:
      if reply.status == 220 {
        state = .tunnel
        isServerTunnel = true
        note(
          .notice, "smtp/encrypted", "The connection is encrypted from here on; what follows is not read.",
          reply.trace, side, &sink)
        try transcript.close(from: side, trace: reply.trace, into: &sink)
      }
    case .authentication:
      if reply.status != 334 {
        if reply.status / 100 == 2 { user = authentication?.user ?? command.user }
        authentication = nil
      }
    }
    try emit(command, reply, &sink)
  }
}
