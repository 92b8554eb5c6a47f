public import DecoderKit

/// Reads both sides of a connection: commands with their replies, in order, and the messages that are handed over.
public struct SMTPSession: DecodingSession {
  /// RFC 5321 allows 512 for a command and 1,000 for a line of text; extensions allow more.
  public static let maximumLineByteCount = 65_536
  public static let maximumReplyLineCount = 1_000
  public static let maximumPendingCount = 10_000

  /// What the client is in the middle of.
  enum ClientState {
    case command
    /// DATA was sent; whether a message follows is for the reply to say.
    case beforeMessage(Transaction)
    case message(Transaction)
    case chunk(Transaction, remaining: Int, isLast: Bool)
    /// The rest of a line that was too long.
    case longLine
    /// TLS, or something else that is not read.
    case tunnel
  }

  var clientSide: Side?
  var state = ClientState.command
  var text = DotStuffedText()
  var usesBareLineFeeds = false
  var authentication: MailCredentials?
  var pending: [PendingCommand] = []
  var transaction: Transaction?
  var reply: Reply?
  var hasGreeted = false
  var isServerInLongLine = false
  var isServerTunnel = false
  var clientName: [UInt8]?
  var serverName: [UInt8]?
  var user: [UInt8]?
  /// Messages that wait for the server's answer.
  var waiting: [Transaction] = []
  var transcript = DialogueTranscript(role: "smtp transcript")
  private var messageCount = 0

  init() {}

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    var reader = ByteReader(bytes)
    if clientSide == nil {
      guard let isReply = Self.isReply(reader) else { return .needs(more: 1) }
      clientSide = isReply ? side.other : side
      transcript.begin(client: isReply ? side.other : side)
    }
    var isGoingOn = true
    // Each turn takes at least a byte, or changes what the side is in the middle of, or is the last.
    while isGoingOn, reader.remaining > 0 {
      isGoingOn =
        side == clientSide
        ? try readClient(&reader, side, &sink) : try readServer(&reader, side, &sink)
    }
    return reader.offset > 0 ? .consumed(reader.offset) : .needs(more: 1)
  }

  /// Whether a reply is in front: three digits, then a space, a hyphen or the line's end. Nil when that is open.
  private static func isReply(_ reader: borrowing ByteReader) -> Bool? {
    for place in 0..<3 {
      guard let byte = reader.peek(place) else { return nil }
      guard byte.isDigit else { return false }
    }
    guard let next = reader.peek(3) else { return nil }
    return next == 0x20 || next == 0x2d || next == 0x0d || next == 0x0a
  }

  public mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
    let missing = gap.byteCount + gap.abandoned
    guard side == clientSide else {
      // Which replies are missing nobody knows, so that none of the waiting commands can be paired.
      reply = nil
      isServerInLongLine = gap.abandoned > 0 || gap.byteCount > 0
      if !isServerTunnel { try transcript.skip(missing, from: side, into: &sink) }
      try emitUnanswered(&sink)
      return
    }
    switch state {
    case .command, .longLine:
      state = .longLine
      try transcript.skip(missing, from: side, into: &sink)
      try emitUnanswered(&sink)
    case .beforeMessage(let transaction), .message(let transaction):
      state = .message(transaction)
      transaction.hasBegun = true
      transcript.cut()
      text.skip()
      sink.skip(missing, in: try open(transaction, side, &sink))
    case .chunk(let transaction, let remaining, let isLast):
      let part = min(missing, remaining)
      sink.skip(part, in: try open(transaction, side, &sink))
      transcript.cut()
      state = .chunk(transaction, remaining: remaining - part, isLast: isLast)
      if part == remaining { try endChunk(transaction, isLast: isLast, side, &sink) }
      if missing > part { state = .longLine }
    case .tunnel: break
    }
  }

  public mutating func close(_ side: Side, because end: StreamEnd, into sink: inout EvidenceSink) throws(ReadError) {
    guard side == clientSide else { return }
    switch state {
    case .message(let transaction), .beforeMessage(let transaction):
      guard transaction.hasBegun else { break }
      try endMessage(transaction, isWhole: false, Trace(), side, &sink)
      state = .command
    case .chunk(let transaction, _, _):
      transaction.isWhole = false
      try endMessage(transaction, isWhole: false, Trace(), side, &sink)
      state = .command
    case .command, .longLine, .tunnel: break
    }
  }

  public mutating func finish(into sink: inout EvidenceSink) {
    let side = clientSide ?? .initiator
    try? close(side, because: .captureEnd, into: &sink)
    try? emitUnanswered(&sink)
    if let transaction, transaction.hasBegun { try? abandon(transaction, side, &sink) }
    for transaction in waiting { try? emit(transaction, side, &sink) }
    waiting = []
    var fields = Fields()
    if let clientName { fields.set("clientName", wire: clientName) }
    if let serverName { fields.set("serverName", wire: serverName) }
    if let user { fields.set("user", wire: user) }
    fields.set("messageCount", messageCount)
    try? transcript.finish("smtp/session", fields, into: &sink)
  }

  // MARK: Records

  /// Emits the commands that no reply will come for.
  mutating func emitUnanswered(_ sink: inout EvidenceSink) throws(ReadError) {
    let commands = pending
    pending = []
    for command in commands { try emit(command, nil, &sink) }
    // A message whose answer is lost was handed over all the same.
    let messages = waiting
    waiting = []
    for transaction in messages where transaction.hasEnded { try emit(transaction, clientSide ?? .initiator, &sink) }
  }

  mutating func emit(_ command: PendingCommand, _ reply: Reply?, _ sink: inout EvidenceSink) throws(ReadError) {
    if case .messageEnd = command.purpose { return }
    if case .greeting = command.purpose, reply == nil { return }
    var trace = command.trace
    if let reply { trace.formUnion(reply.trace) }
    var fields = Fields()
    if !command.command.isEmpty { fields.set("command", wire: command.command) }
    if !command.argument.isEmpty { fields.set("argument", wire: command.argument) }
    if let user = command.user { fields.set("user", wire: user) }
    if let reply {
      fields.set("status", reply.status)
      if !reply.text.isEmpty { fields.set("reply", wire: reply.text) }
    }
    let client = clientSide ?? .initiator
    try sink.emit("smtp/command", fields, from: command.command.isEmpty ? client.other : client, trace: trace)
  }

  mutating func emit(_ transaction: Transaction, _ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    guard !transaction.isEmitted else { return }
    transaction.isEmitted = true
    messageCount += 1
    try sink.emit("smtp/message", transaction.fields(self), from: side, trace: transaction.trace)
  }

  func note(
    _ severity: Finding.Severity, _ code: String, _ message: String, _ trace: Trace, _ side: Side,
    _ sink: inout EvidenceSink
  ) { sink.note(Finding(severity, code, message), from: side, trace: trace) }
}
