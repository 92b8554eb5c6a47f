public import DecoderKit

/// Reads both sides of a connection.
public struct IRCSession: DecodingSession {
  /// Tags have 8,191 bytes at the most (IRCv3, message tags), the rest 512 (RFC 1459, 2.3); servers with longer lines exist.
  static let maximumLine = 16_384

  private let carrier: DecodingContext.Carrier
  private var client: Side?
  private var clientLines = LineReading(maximumLine: maximumLine)
  private var serverLines = LineReading(maximumLine: maximumLine)
  private var secrets = SecretReading()
  private var facts = SessionFacts()
  private var transcript: Transcript?
  private var trace = Trace()
  private var mechanism: [UInt8]?
  private var messageCount = 0
  private var lineCount = 0
  private var withheldCount = 0
  private var oddCount = 0
  private var asksForTLS = false
  private var isEncrypted = false
  private var isComplete = true

  init(_ carrier: DecodingContext.Carrier) { self.carrier = carrier }

  // MARK: Lines

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    guard !isEncrypted, bytes.byteCount > 0 else { return .consumed(bytes.byteCount) }
    if trace.isEmpty { trace = sink.trace }
    // At the start or behind STARTTLS a handshake of TLS may begin, whatever answer was captured.
    if lineCount == 0 || asksForTLS {
      switch TLSRecord.isHandshake(bytes) {
      case true?:
        try encrypt(side, sink.trace, &sink)
        return .consumed(bytes.byteCount)
      case false?: break
      case nil:
        if client.map({ $0 == side }) ?? (side == .initiator) {
          clientLines.wait(bytes.byteCount)
        } else {
          serverLines.wait(bytes.byteCount)
        }
        return .needs(more: 1)
      }
    }
    let isClient = client.map { $0 == side }
    var lines = isClient ?? (side == .initiator) ? clientLines : serverLines
    let step = lines.advance(bytes)
    if isClient ?? (side == .initiator) { clientLines = lines } else { serverLines = lines }
    switch step {
    case .needsMore: return .needs(more: 1)
    case .pass(let count): return .consumed(count)
    case .line(let count):
      var line = bytes.extracting(first: count).array()
      while let last = line.last, last == 0x0a || last == 0x0d { line.removeLast() }
      if !line.isEmpty { try take(line, side, sink.trace(of: 0..<count), &sink) }
      return .consumed(count)
    }
  }

  /// The side that is no server: by the ports, else by what the first line is.
  private func clientSide(_ message: IRCMessage?, _ side: Side) -> Side {
    let isServer = { (side: Side) in
      carrier.endpoint(of: side).map { (6_660...6_669).contains($0.port) || $0.port == 194 || $0.port == 7_000 }
        ?? false
    }
    if isServer(.initiator) != isServer(.responder) { return isServer(.initiator) ? .responder : .initiator }
    guard let message else { return .initiator }
    if message.prefix != nil || message.isCommand("NOTICE") { return side.other }
    let isClients: [StaticString] = ["NICK", "USER", "PASS", "CAP", "JOIN", "PRIVMSG"]
    return isClients.contains { message.isCommand($0) } ? side : .initiator
  }

  private mutating func take(
    _ line: [UInt8], _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let parsed = IRCMessage(line)
    if client == nil {
      let found = clientSide(parsed, side)
      // What was read of lines so far was read with the initiator for the client.
      if found == .responder { swap(&clientLines, &serverLines) }
      client = found
      transcript = Transcript(role: "irc transcript", client: found)
    }
    lineCount += 1
    guard var message = parsed else { return try takeOdd(line, side, trace, &sink) }
    let isFromClient = side == client
    let isWithheld = secrets.withhold(in: &message, isFromClient: isFromClient)
    if isWithheld { withheldCount += 1 }
    if let name = secrets.mechanism { mechanism = name }
    if isFromClient { facts.learn(fromClient: message) } else { facts.learn(fromServer: message) }
    try transcript?.add(isWithheld ? message.line : line, from: side, trace: trace, into: &sink)
    try write(message, isWithheld, side, trace, &sink)
    if isFromClient, message.isCommand("STARTTLS") { asksForTLS = true }
    if let number = message.number, !isFromClient {
      if number == 670, asksForTLS { try encrypt(side, trace, &sink) }
      if (900...908).contains(number) { secrets.endExchange() }
    }
  }

  private mutating func takeOdd(
    _ line: [UInt8], _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    oddCount += 1
    try transcript?.add(line, from: side, trace: trace, into: &sink)
    guard oddCount == 1 else { return }
    var fields = Fields()
    fields.set("text", wire: line.prefix(500))
    sink.note(
      Finding(.warning, "irc/oddLine", "A line is no message of IRC; further ones are counted only.", fields),
      from: side, trace: trace)
  }

  private mutating func encrypt(_ side: Side, _ trace: Trace, _ sink: inout EvidenceSink) throws(ReadError) {
    guard !isEncrypted else { return }
    isEncrypted = true
    isComplete = false
    transcript?.cut()
    try transcript?.remark(
      "what both sides send from here on is encrypted and not read", from: side, trace: trace, into: &sink)
    sink.note(
      Finding(.notice, "irc/encrypted", "From here on the connection is encrypted (TLS); it cannot be read."),
      from: side, trace: trace)
  }

  // MARK: Records

  private mutating func write(
    _ message: IRCMessage, _ isWithheld: Bool, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    var fields = message.fields(isFromClient: side == client, ownNick: facts.nick)
    if isWithheld { fields.set("isWithheld", true) }
    guard message.isSaid else {
      message.placeArguments(in: &fields)
      return try sink.emit("irc/command", fields, from: side, trace: trace)
    }
    messageCount += 1
    var said = fields
    let words = message.placeText(in: &said)
    try sink.emit("irc/message", said, from: side, trace: trace)
    guard let words, let offer = DirectOffer(words) else { return }
    if let to = message.parameters.first { fields.set("to", wire: to) }
    offer.place(in: &fields)
    try sink.emit("irc/offer", fields, from: side, trace: trace)
    guard !offer.isWhole else { return }
    sink.note(
      Finding(.notice, "irc/oddOffer", "An offer of a connection between clients cannot be read in full."), from: side,
      trace: trace)
  }

  // MARK: Gaps and the end

  public mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
    isComplete = false
    guard !isEncrypted else { return }
    if side == client ?? .initiator {
      clientLines.skip(abandoned: gap.abandoned)
    } else {
      serverLines.skip(abandoned: gap.abandoned)
    }
    try transcript?.skip(gap.byteCount, from: side, trace: sink.trace, into: &sink)
  }

  public mutating func finish(into sink: inout EvidenceSink) {
    // The records' limit is the only error; the host has noted it.
    try? finishAll(&sink)
  }

  private mutating func finishAll(_ sink: inout EvidenceSink) throws(ReadError) {
    let lost =
      clientLines.passedByteCount + clientLines.waitingByteCount + serverLines.passedByteCount
      + serverLines.waitingByteCount
    if lost > 0, !isEncrypted {
      isComplete = false
      transcript?.cut()
      sink.note(
        Finding(
          .warning, "irc/cutLine", "Bytes that are no whole line were passed over.",
          ["byteCount": .integer(Int64(lost))]), from: client ?? .initiator, trace: trace)
    }
    let stored = transcript?.close(into: &sink)
    guard !trace.isEmpty else { return }
    var fields = Fields()
    facts.place(in: &fields)
    if let account = secrets.account { fields.set("account", wire: account) }
    if let mechanism { fields.set("mechanism", wire: mechanism) }
    fields.set("messageCount", messageCount)
    fields.set("lineCount", lineCount)
    fields.set("withheldCount", withheldCount)
    fields.set("oddCount", oddCount)
    fields.set("isEncrypted", isEncrypted)
    fields.set("isComplete", isComplete && !sink.isBroken)
    if let stored {
      fields.set("transcriptSha256", stored.hash.hex)
      trace.formUnion(stored.trace)
    }
    try sink.emit("irc/session", fields, from: client ?? .initiator, trace: trace)
  }
}
