import DecoderKit

/// What the client says: commands, credentials, messages.
extension SMTPSession {
  private static let verbs: [StaticString] = [
    "EHLO", "HELO", "LHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "QUIT", "NOOP", "VRFY", "EXPN", "HELP",
    "STARTTLS", "AUTH", "SEND", "SOML", "SAML", "TURN", "ETRN", "ATRN", "XCLIENT", "XFORWARD",
  ]

  /// Reads a step of the client; false when more bytes are needed.
  mutating func readClient(
    _ reader: inout ByteReader, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    switch state {
    case .tunnel:
      try reader.skip(reader.remaining, "encrypted")
      return true
    case .longLine:
      guard let length = reader.distance(to: 0x0a) else {
        transcript.pass(reader.remaining, from: side, trace: sink.trace)
        try reader.skip(reader.remaining, "line")
        return true
      }
      transcript.pass(length + 1, from: side, trace: sink.trace)
      try reader.skip(length + 1, "line")
      state = .command
      return true
    case .command: return try readCommand(&reader, side, &sink)
    case .beforeMessage(let transaction):
      guard let isMessage = transaction.hasBegun ? true : isMessage(reader) else { return false }
      if isMessage {
        state = .message(transaction)
        transaction.hasBegun = true
        text = DotStuffedText(allowsBareLineFeeds: usesBareLineFeeds)
      } else {
        state = .command
      }
      return true
    case .message(let transaction): return try readMessage(&reader, transaction, side, &sink)
    case .chunk(let transaction, let remaining, let isLast):
      let count = min(remaining, reader.remaining)
      let start = reader.offset
      let bytes = try reader.take(count, "chunk")
      transaction.takeTrace(sink.trace(of: start..<reader.offset))
      if count > 0 { sink.append(bytes, to: try open(transaction, side, &sink)) }
      state = .chunk(transaction, remaining: remaining - count, isLast: isLast)
      if count == remaining { try endChunk(transaction, isLast: isLast, side, &sink) }
      return true
    }
  }

  /// Whether a message follows DATA: the reply says so, or, when there is none, what stands there is no command.
  private func isMessage(_ reader: borrowing ByteReader) -> Bool? {
    guard let length = reader.distance(to: 0x0a, within: Self.maximumLineByteCount) else {
      return reader.remaining >= Self.maximumLineByteCount ? true : nil
    }
    var ahead = copy reader
    guard let line = try? ahead.take(length, "line").array().trimmed else { return true }
    return !Self.isCommand(line)
  }

  /// Whether a line is a command as a client would send it, and no text that happens to begin like one.
  private static func isCommand(_ line: [UInt8]) -> Bool {
    let verb = Array(line.prefix { $0 != 0x20 })
    let rest = Array(line.dropFirst(verb.count)).trimmed
    if verb.equalsIgnoringCase("MAIL") { return rest.prefix(5).equalsIgnoringCase("FROM:") }
    if verb.equalsIgnoringCase("RCPT") { return rest.prefix(3).equalsIgnoringCase("TO:") }
    if verb.equalsIgnoringCase("BDAT") { return rest.first?.isDigit == true }
    for name in ["RSET", "QUIT", "DATA", "STARTTLS"] as [StaticString] where verb.equalsIgnoringCase(name) {
      return rest.isEmpty
    }
    for name in ["EHLO", "HELO", "LHLO"] as [StaticString] where verb.equalsIgnoringCase(name) {
      return !rest.isEmpty && !rest.contains(0x20)
    }
    return verb.equalsIgnoringCase("NOOP") && rest.isEmpty
  }

  // MARK: Commands

  private mutating func readCommand(
    _ reader: inout ByteReader, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    if reader.peek() == 0x16 {
      var ahead = copy reader
      switch TLSRecord.isHandshake(ahead.takeRest()) {
      case nil: return false
      case true?:
        try startTunnel(side, sink.trace(of: reader.offset..<(reader.offset + 1)), &sink)
        return true
      case false?: break
      }
    }
    guard let length = reader.distance(to: 0x0a, within: Self.maximumLineByteCount) else {
      guard reader.remaining >= Self.maximumLineByteCount else { return false }
      note(.warning, "smtp/longLine", "A line is longer than the limit and was passed over.", sink.trace, side, &sink)
      try reader.skip(Self.maximumLineByteCount, "line")
      transcript.pass(Self.maximumLineByteCount, from: side, trace: sink.trace)
      state = .longLine
      return true
    }
    let start = reader.offset
    let raw = try reader.take(length + 1, "line").array()
    let trace = sink.trace(of: start..<reader.offset)
    usesBareLineFeeds = raw.dropLast().last != 0x0d
    let line = raw.trimmed
    guard !line.isEmpty else { return true }
    if pending.count >= Self.maximumPendingCount { try emitUnanswered(&sink) }
    if var exchange = authentication, !Self.isCommand(line) {
      takeResponse(line, &exchange, trace)
      let isGivenUp = line == [0x2a]
      try transcript.add(
        isGivenUp ? line : WithheldSecret.mark, isWithheld: !isGivenUp, from: side, trace: trace, into: &sink)
      return true
    }
    authentication = nil
    let verb = line.prefix { $0 != 0x20 && $0 != 0x09 }.asciiUppercased
    let argument = Array(line.dropFirst(verb.count)).trimmed
    var command = PendingCommand(purpose: .other, command: verb, argument: argument, trace: trace)
    if verb.equalsIgnoringCase("AUTH") { beginAuthentication(argument, &command) }
    let isWithheld = command.argument != argument
    let isKnown = Self.verbs.contains { verb.equalsIgnoringCase($0) }
    if isKnown {
      try transcript.add(
        isWithheld ? verb + [0x20] + command.argument : raw.withoutLineEnd, isWithheld: isWithheld, from: side,
        trace: trace, into: &sink)
    } else {
      // It may be a message's, or a secret, whose command was not captured.
      transcript.pass(raw.count, isLost: false, from: side, trace: trace)
      if argument.isEmpty { command.command = WithheldSecret.mark }
    }
    switch verb {
    case _ where verb.equalsIgnoringCase("MAIL"): try beginMail(argument, trace, side, &command, &sink)
    case _ where verb.equalsIgnoringCase("RCPT"): addRecipient(argument, trace, side, &command, &sink)
    case _ where verb.equalsIgnoringCase("DATA"):
      let transaction = current(trace)
      command.purpose = .data(transaction)
      state = .beforeMessage(transaction)
    case _ where verb.equalsIgnoringCase("BDAT"): try beginChunk(argument, trace, side, &command, &sink)
    case _ where verb.equalsIgnoringCase("RSET"):
      if let transaction { try abandon(transaction, side, &sink) }
    case _ where verb.equalsIgnoringCase("STARTTLS"): command.purpose = .startTLS
    case _ where verb.equalsIgnoringCase("AUTH"): break
    case _ where verb.equalsIgnoringCase("EHLO"), _ where verb.equalsIgnoringCase("HELO"),
      _ where verb.equalsIgnoringCase("LHLO"):
      command.purpose = .hello(former: clientName)
      clientName = argument
    default:
      if !isKnown {
        note(
          .notice, "smtp/unknownCommand", "The client sent a command that is none of SMTP.", trace, side, &sink)
      }
    }
    pending.append(command)
    return true
  }

  private mutating func startTunnel(
    _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    state = .tunnel
    isServerTunnel = true
    note(
      .notice, "smtp/encrypted", "The connection is encrypted from here on; what follows is not read.", trace, side,
      &sink)
    try transcript.close(from: side, trace: trace, into: &sink)
  }

  private mutating func beginAuthentication(_ argument: [UInt8], _ command: inout PendingCommand) {
    let words = argument.split { $0 == 0x20 || $0 == 0x09 }.map(Array.init)
    guard let mechanism = words.first else { return }
    var exchange = MailCredentials(mechanism: mechanism)
    command.purpose = .authentication
    command.argument = mechanism
    if words.count > 1 {
      exchange.take(words[1])
      command.argument += [0x20] + WithheldSecret.mark
      command.user = exchange.user
    }
    authentication = exchange
  }

  private mutating func takeResponse(_ line: [UInt8], _ exchange: inout MailCredentials, _ trace: Trace) {
    exchange.take(line)
    authentication = exchange
    pending.append(
      PendingCommand(
        purpose: .authentication, command: Array("AUTH".utf8),
        argument: exchange.mechanism + [0x20] + (line == [0x2a] ? line : WithheldSecret.mark), user: exchange.user,
        trace: trace))
  }

  // MARK: Transactions

  /// The transaction that is open; one without an envelope when its commands are missing.
  private mutating func current(_ trace: Trace) -> Transaction {
    let transaction = transaction ?? Transaction()
    self.transaction = transaction
    transaction.trace.formUnion(trace)
    return transaction
  }

  private mutating func beginMail(
    _ argument: [UInt8], _ trace: Trace, _ side: Side, _ command: inout PendingCommand, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard argument.prefix(5).equalsIgnoringCase("FROM:") else { return }
    let former = transaction
    if let transaction { try abandon(transaction, side, &sink) }
    let next = Transaction()
    let (path, parameters) = Self.path(Array(argument.dropFirst(5)))
    next.mailFrom = path
    next.parameters = parameters
    next.trace = trace
    transaction = next
    command.purpose = .mail(next, former: former?.hasBegun == false ? former : nil)
  }

  private mutating func addRecipient(
    _ argument: [UInt8], _ trace: Trace, _ side: Side, _ command: inout PendingCommand, _ sink: inout EvidenceSink
  ) {
    guard argument.prefix(3).equalsIgnoringCase("TO:") else { return }
    let transaction = current(trace)
    guard transaction.recipients.count < Transaction.maximumRecipientCount else {
      if transaction.recipients.count == Transaction.maximumRecipientCount {
        note(.error, "smtp/recipientLimit", "A message has more recipients than the limit.", trace, side, &sink)
      }
      return
    }
    let recipient = Transaction.Recipient(address: Self.path(Array(argument.dropFirst(3))).path)
    transaction.recipients.append(recipient)
    command.purpose = .recipient(transaction, recipient)
  }

  /// Splits `<address> parameters` (RFC 5321, 4.1.2); the brackets may be missing, a source route is kept.
  static func path(_ bytes: [UInt8]) -> (path: [UInt8], parameters: [UInt8]) {
    let text = bytes.trimmed
    guard text.first == 0x3c else {
      let path = Array(text.prefix { $0 != 0x20 })
      return (path, Array(text.dropFirst(path.count)).trimmed)
    }
    var isQuoted = false
    var isEscaped = false
    for place in text.indices {
      let byte = text[place]
      if isEscaped {
        isEscaped = false
      } else if byte == 0x5c {
        isEscaped = true
      } else if byte == 0x22 {
        isQuoted.toggle()
      } else if byte == 0x3e, !isQuoted {
        return (Array(text[1..<place]), Array(text[(place + 1)...]).trimmed)
      }
    }
    return (Array(text.dropFirst()), [])
  }

  /// Ends a transaction that the client gave up; what came of its message is kept.
  mutating func abandon(_ transaction: Transaction, _ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    self.transaction = nil
    guard transaction.hasBegun, !transaction.hasEnded else { return }
    transaction.stored = transaction.content.flatMap { sink.close($0, isWhole: false) }
    transaction.content = nil
    transaction.hasEnded = true
    try tell(of: transaction, isWhole: false, side, &sink)
    try emit(transaction, side, &sink)
  }

  // MARK: Messages

  func open(_ transaction: Transaction, _ side: Side, _ sink: inout EvidenceSink) throws(ReadError) -> ContentHandle {
    if let content = transaction.content { return content }
    let content = try sink.open(ContentDescription(role: "mail message", mediaType: "message/rfc822"), from: side)
    transaction.content = content
    return content
  }

  private mutating func readMessage(
    _ reader: inout ByteReader, _ transaction: Transaction, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    let start = reader.offset
    switch try text.advance(&reader) {
    case .needsMore: return false
    case .data(let count):
      let bytes = try reader.take(count, "message")
      transaction.takeTrace(sink.trace(of: start..<reader.offset))
      sink.append(bytes, to: try open(transaction, side, &sink))
    case .end:
      if text.isEndingDisputed {
        note(
          .warning, "smtp/disputedEnd",
          "A line of one dot stands beside a bare line feed: some servers end the message there, others do not.",
          transaction.trace, side, &sink)
      }
      try endMessage(transaction, isWhole: true, sink.trace(of: start..<reader.offset), side, &sink)
      state = .command
    }
    return true
  }

  private mutating func tell(
    of transaction: Transaction, isWhole: Bool, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let trace = transaction.messageTrace.isEmpty ? sink.trace : transaction.messageTrace
    try transcript.tell(
      "message", transaction.stored, isWhole: isWhole, from: side, trace: trace, into: &sink)
  }

  /// Ends a message; the server's answer is still to come.
  mutating func endMessage(
    _ transaction: Transaction, isWhole: Bool, _ trace: Trace, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    transaction.trace.formUnion(trace)
    transaction.hasEnded = true
    transaction.isWhole = isWhole
    transaction.stored = transaction.content.flatMap { sink.close($0, isWhole: isWhole) }
    transaction.content = nil
    try tell(of: transaction, isWhole: isWhole, side, &sink)
    if self.transaction === transaction { self.transaction = nil }
    if transaction.status != nil { return try emit(transaction, side, &sink) }
    waiting.append(transaction)
    if isWhole, !transaction.isChunked { pending.append(PendingCommand(purpose: .messageEnd(transaction))) }
  }

  private mutating func beginChunk(
    _ argument: [UInt8], _ trace: Trace, _ side: Side, _ command: inout PendingCommand, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let words = argument.split(separator: 0x20, omittingEmptySubsequences: true).map(Array.init)
    // What stands behind a number that is no chunk's size is a command, as servers take it that refuse the line.
    let isLast = words.count == 2 && words[1].equalsIgnoringCase("LAST")
    guard let digits = words.first, let size = digits.decimal(), words.count == 1 || isLast else {
      note(
        .warning, "smtp/chunkSize", "The size of a chunk cannot be read; what follows it is read as commands.", trace,
        side, &sink)
      return
    }
    let transaction = current(trace)
    transaction.hasBegun = true
    transaction.isChunked = true
    command.purpose = isLast ? .messageEnd(transaction) : .other
    // The reply to the last chunk is the message's, so that the command itself is written at once.
    if isLast {
      try emit(PendingCommand(purpose: .other, command: command.command, argument: argument, trace: trace), nil, &sink)
    }
    if size > 0 {
      state = .chunk(transaction, remaining: size, isLast: isLast)
    } else if isLast {
      try endMessage(transaction, isWhole: true, Trace(), side, &sink)
    }
  }

  mutating func endChunk(
    _ transaction: Transaction, isLast: Bool, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    state = .command
    if isLast { try endMessage(transaction, isWhole: true, Trace(), side, &sink) }
  }
}
