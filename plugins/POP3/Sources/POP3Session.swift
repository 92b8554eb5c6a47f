public import DecoderKit

/// Reads both sides of a connection: commands with their replies, in order, and the messages that are fetched.
public struct POP3Session: DecodingSession {
  /// RFC 2449 allows 512 for a reply's first line and 255 for a command.
  public static let maximumLineByteCount = 65_536
  public static let maximumListingByteCount = 65_536
  public static let maximumPendingCount = 10_000
  public static let maximumIdentifierCount = 100_000

  static let verbs: [StaticString] = [
    "USER", "PASS", "APOP", "AUTH", "CAPA", "STAT", "LIST", "UIDL", "RETR", "TOP", "DELE", "NOOP", "RSET", "QUIT",
    "STLS", "XTND", "LAST", "LANG", "UTF8",
  ]

  struct Command {
    var verb: [UInt8] = []
    var argument: [UInt8] = []
    var shownArgument: [UInt8] = []
    var user: [UInt8]?
    var trace = Trace()
    var reply: [UInt8] = []
    var isPositive: Bool?

    func isNamed(_ name: StaticString) -> Bool { verb.equalsIgnoringCase(name) }

    /// Whether a positive reply to it goes on over several lines (RFC 1939, 3; RFC 2449, 5).
    var hasLongReply: Bool {
      if isNamed("RETR") || isNamed("TOP") || isNamed("CAPA") { return true }
      return (isNamed("LIST") || isNamed("UIDL") || isNamed("AUTH")) && argument.isEmpty
    }
    var isOfMessage: Bool { isNamed("RETR") || isNamed("TOP") }
  }

  /// What the server is in the middle of.
  private enum ServerState {
    case line
    /// A listing, or what follows a reply whose command was not captured.
    case listing(Command)
    case message(Command, ContentHandle?)
    case longLine
    case tunnel
  }

  private var clientSide: Side?
  private var state = ServerState.line
  private var text = DotStuffedText()
  private var pending: [Command] = []
  private var hasGreeted = false
  private var isClientInLongLine = false
  private var isClientTunnel = false
  private var isAuthenticating = false
  private var credentials = MailCredentials(mechanism: [])
  private var user: [UInt8]?
  /// UIDL's answers by message number.
  private var identifiers: [Int: [UInt8]] = [:]
  private var transcript = DialogueTranscript(role: "pop3 transcript")
  private var messageCount = 0
  /// The packets with the first bytes of the message that is being read.
  private var messageTrace = Trace()

  init() {}

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    var reader = ByteReader(bytes)
    if clientSide == nil {
      guard let first = reader.peek() else { return .needs(more: 1) }
      let client = first == 0x2b || first == 0x2d ? side.other : side
      clientSide = client
      transcript.begin(client: client)
    }
    var isGoingOn = true
    // Each turn takes at least a byte, or changes what the side is in the middle of, or is the last.
    while isGoingOn, reader.remaining > 0 {
      isGoingOn =
        side == clientSide ? try readClient(&reader, side, &sink) : try readServer(&reader, side, &sink)
    }
    return reader.offset > 0 ? .consumed(reader.offset) : .needs(more: 1)
  }

  public mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
    let missing = gap.byteCount + gap.abandoned
    if side == clientSide {
      guard !isClientTunnel else { return }
      isClientInLongLine = true
      try transcript.skip(missing, from: side, into: &sink)
      return try emitUnanswered(&sink)
    }
    switch state {
    case .message(let command, let content):
      let content = try self.content(content, command, side, &sink)
      sink.skip(missing, in: content)
      transcript.cut()
      text.skip()
      state = .message(command, content)
    case .listing(let command):
      try transcript.skip(missing, from: side, into: &sink)
      try emit(command, &sink)
      state = .longLine
    case .line, .longLine:
      try transcript.skip(missing, from: side, into: &sink)
      state = .longLine
      try emitUnanswered(&sink)
    case .tunnel: break
    }
  }

  public mutating func close(_ side: Side, because end: StreamEnd, into sink: inout EvidenceSink) throws(ReadError) {
    guard let clientSide, side != clientSide else { return }
    switch state {
    case .message(let command, let content):
      state = .line
      try emitMessage(command, content, isWhole: false, Trace(), side, &sink)
    case .listing(let command):
      state = .line
      try emit(command, &sink)
    case .line, .longLine, .tunnel: break
    }
  }

  public mutating func finish(into sink: inout EvidenceSink) {
    try? close((clientSide ?? .initiator).other, because: .captureEnd, into: &sink)
    try? emitUnanswered(&sink)
    var fields = Fields()
    if let user { fields.set("user", wire: user) }
    fields.set("messageCount", messageCount)
    try? transcript.finish("pop3/session", fields, into: &sink)
  }

  // MARK: The client

  private mutating func readClient(
    _ reader: inout ByteReader, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    if isClientTunnel {
      try reader.skip(reader.remaining, "encrypted")
      return true
    }
    if reader.peek() == 0x16 {
      // A handshake of TLS, whatever reply to STLS was captured.
      var ahead = copy reader
      switch TLSRecord.isHandshake(ahead.takeRest()) {
      case nil: return false
      case true?:
        try encrypt(side, sink.trace(of: reader.offset..<(reader.offset + 1)), &sink)
        return true
      case false?: break
      }
    }
    var isPassing = isClientInLongLine
    defer { isClientInLongLine = isPassing }
    guard let (line, trace) = try takeLine(&reader, isPassing: &isPassing, side, &sink) else {
      return reader.remaining == 0
    }
    guard !line.isEmpty else { return true }
    if pending.count >= Self.maximumPendingCount { try emitUnanswered(&sink) }
    if isAuthenticating {
      credentials.take(line)
      var command = Command(verb: Array("AUTH".utf8), argument: credentials.mechanism, trace: trace)
      let isGivenUp = line == [0x2a]
      let shown = isGivenUp ? line : WithheldSecret.mark
      try transcript.add(shown, isWithheld: !isGivenUp, from: side, trace: trace, into: &sink)
      command.shownArgument = credentials.mechanism + [0x20] + shown
      user = credentials.user ?? user
      command.user = credentials.user
      pending.append(command)
      return true
    }
    let verb = line.prefix { $0 != 0x20 && $0 != 0x09 }.asciiUppercased
    var command = Command(verb: verb, argument: Array(line.dropFirst(verb.count)).trimmed, trace: trace)
    command.shownArgument = command.argument
    if command.isNamed("USER") {
      command.user = command.argument
      user = command.argument
    } else if command.isNamed("PASS") {
      command.shownArgument = WithheldSecret.mark
      command.user = user
    } else if command.isNamed("APOP") {
      // name, space, digest (RFC 1939, 7): the digest can be tried against word lists.
      let name = Array(command.argument.prefix { $0 != 0x20 && $0 != 0x09 })
      command.shownArgument = name + [0x20] + WithheldSecret.mark
      command.user = name
      user = name
    } else if command.isNamed("AUTH"), !command.argument.isEmpty {
      let words = command.argument.split { $0 == 0x20 || $0 == 0x09 }.map(Array.init)
      credentials = MailCredentials(mechanism: words.first ?? [])
      if words.count > 1 {
        credentials.take(words[1])
        command.shownArgument = credentials.mechanism + [0x20] + WithheldSecret.mark
        user = credentials.user ?? user
        command.user = credentials.user
      }
    }
    let isWithheld = command.shownArgument != command.argument
    if Self.verbs.contains(where: { verb.equalsIgnoringCase($0) }) {
      try transcript.add(
        isWithheld ? verb + [0x20] + command.shownArgument : line, isWithheld: isWithheld, from: side, trace: trace,
        into: &sink)
    } else {
      // It may be a secret whose command was not captured: one word, as in an exchange of AUTH.
      transcript.pass(line.count, isLost: false, from: side, trace: trace)
      if verb.count == line.count { command.verb = WithheldSecret.mark }
    }
    pending.append(command)
    return true
  }

  /// Takes a line; nil when it has not ended, or was passed over.
  private mutating func takeLine(
    _ reader: inout ByteReader, isPassing: inout Bool, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> (line: [UInt8], trace: Trace)? {
    guard let length = reader.distance(to: 0x0a, within: Self.maximumLineByteCount) else {
      if isPassing {
        transcript.pass(reader.remaining, from: side, trace: sink.trace)
        try reader.skip(reader.remaining, "line")
      } else if reader.remaining >= Self.maximumLineByteCount {
        sink.note(
          Finding(.warning, "pop3/longLine", "A line is longer than the limit and was passed over."), from: side,
          trace: sink.trace)
        isPassing = true
        transcript.pass(Self.maximumLineByteCount, from: side, trace: sink.trace)
        try reader.skip(Self.maximumLineByteCount, "line")
      }
      return nil
    }
    let start = reader.offset
    let line = try reader.take(length + 1, "line").array().trimmed
    if isPassing {
      isPassing = false
      let trace = sink.trace(of: start..<reader.offset)
      transcript.pass(length + 1, from: side, trace: trace)
      return ([], trace)
    }
    return (line, sink.trace(of: start..<reader.offset))
  }

  // MARK: The server

  private mutating func readServer(
    _ reader: inout ByteReader, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    switch state {
    case .tunnel:
      try reader.skip(reader.remaining, "encrypted")
      return true
    case .message(let command, let content): return try readMessage(&reader, command, content, side, &sink)
    case .listing(let command): return try readListing(&reader, command, side, &sink)
    case .line, .longLine: break
    }
    var isPassing = if case .longLine = state { true } else { false }
    let taken = try takeLine(&reader, isPassing: &isPassing, side, &sink)
    state = isPassing ? .longLine : .line
    guard let (line, trace) = taken else { return reader.remaining == 0 }
    guard !line.isEmpty else { return true }
    try answer(line, trace, side, &sink)
    return true
  }

  private mutating func answer(
    _ line: [UInt8], _ trace: Trace, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let isPositive = line.starts(with: [0x2b, 0x4f, 0x4b])
    let isNegative = line.starts(with: [0x2d, 0x45, 0x52, 0x52])
    guard isPositive || isNegative || (line.first == 0x2b && isWaitingForCredentials) else {
      if pending.isEmpty, !hasGreeted || line.contains(0x3a) {
        // The middle of something whose beginning was not captured.
        transcript.pass(line.count, from: side, trace: trace)
        state = .listing(Command(trace: trace, reply: line))
        return
      }
      // It may be a message's, whose beginning was not captured: that is not repeated.
      transcript.pass(line.count, from: side, trace: trace)
      sink.note(
        Finding(.warning, "pop3/malformedReply", "A line of the server is no reply."), from: side, trace: trace)
      return
    }
    try transcript.add(line, from: side, trace: trace, into: &sink)
    var command = Command()
    if hasGreeted || !pending.isEmpty {
      if !pending.isEmpty { command = pending.removeFirst() }
    }
    hasGreeted = true
    command.trace.formUnion(trace)
    command.isPositive = isPositive || !isNegative
    command.reply = Array(line.dropFirst(isPositive ? 3 : isNegative ? 4 : 1)).trimmed
    if line.first == 0x2b, !isPositive {
      isAuthenticating = true
      return try emit(command, &sink)
    }
    isAuthenticating = false
    if isPositive, command.isNamed("STLS") {
      try encrypt(side, command.trace, &sink)
    }
    guard isPositive, command.hasLongReply else { return try emit(command, &sink) }
    text = DotStuffedText()
    state = command.isOfMessage ? .message(command, nil) : .listing(command)
  }

  private mutating func encrypt(_ side: Side, _ trace: Trace, _ sink: inout EvidenceSink) throws(ReadError) {
    guard !isClientTunnel else { return }
    state = .tunnel
    isClientTunnel = true
    sink.note(
      Finding(.notice, "pop3/encrypted", "The connection is encrypted from here on; what follows is not read."),
      from: side, trace: trace)
    try transcript.close(from: side, trace: trace, into: &sink)
  }

  private var isWaitingForCredentials: Bool { pending.first?.isNamed("AUTH") == true }

  private mutating func readListing(
    _ reader: inout ByteReader, _ command: Command, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    var isPassing = false
    guard let (line, trace) = try takeLine(&reader, isPassing: &isPassing, side, &sink) else {
      return reader.remaining == 0
    }
    var command = command
    command.trace.formUnion(trace)
    if command.verb.isEmpty {
      // It may be a message's: that is not repeated.
      transcript.pass(line.count, from: side, trace: trace)
    } else {
      try transcript.add(line, from: side, trace: trace, into: &sink)
    }
    if line == [0x2e] {
      state = .line
      try emit(command, &sink)
      return true
    }
    if command.verb.isEmpty, line.starts(with: [0x2b, 0x4f, 0x4b]) || line.starts(with: [0x2d, 0x45, 0x52, 0x52]) {
      state = .line
      try emit(command, &sink)
      try answer(line, trace, side, &sink)
      return true
    }
    if command.isNamed("UIDL") { remember(line) }
    if command.reply.count + line.count < Self.maximumListingByteCount { command.reply += [0x0a] + line }
    state = .listing(command)
    return true
  }

  /// Notes a line of UIDL: number, space, identifier (RFC 1939, 7).
  private mutating func remember(_ line: [UInt8]) {
    let words = line.split(separator: 0x20)
    guard words.count == 2, let number = words[0].decimal(), identifiers.count < Self.maximumIdentifierCount else {
      return
    }
    identifiers[number] = Array(words[1])
  }

  // MARK: Messages

  private func content(
    _ known: ContentHandle?, _ command: Command, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> ContentHandle {
    if let known { return known }
    return try sink.open(
      ContentDescription(
        role: command.isNamed("TOP") ? "beginning of a mail message" : "mail message", mediaType: "message/rfc822"),
      from: side)
  }

  private mutating func readMessage(
    _ reader: inout ByteReader, _ command: Command, _ content: ContentHandle?, _ side: Side,
    _ sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    let start = reader.offset
    switch try text.advance(&reader) {
    case .needsMore: return false
    case .data(let count):
      let bytes = try reader.take(count, "message")
      if messageTrace.isEmpty { messageTrace = sink.trace(of: start..<reader.offset) }
      let content = try self.content(content, command, side, &sink)
      sink.append(bytes, to: content)
      state = .message(command, content)
    case .end:
      state = .line
      try emitMessage(command, content, isWhole: true, sink.trace(of: start..<reader.offset), side, &sink)
    }
    return true
  }

  private mutating func emitMessage(
    _ command: Command, _ content: ContentHandle?, isWhole: Bool, _ trace: Trace, _ side: Side,
    _ sink: inout EvidenceSink
  ) throws(ReadError) {
    // TOP gives the head and some lines of the body.
    let isAll = isWhole && command.isNamed("RETR")
    let stored = content.flatMap { sink.close($0, isWhole: isAll) }
    messageCount += 1
    try transcript.tell(
      command.isNamed("TOP") ? "beginning of a message" : "message", stored, isWhole: isAll, from: side,
      trace: messageTrace.isEmpty ? command.trace : messageTrace, into: &sink)
    messageTrace = Trace()
    var whole = command.trace
    whole.formUnion(trace)
    if let stored { whole.formUnion(stored.trace) }
    var fields = Fields()
    fields.set("command", wire: command.verb)
    if let number = command.argument.prefix(while: { $0 != 0x20 }).decimal() {
      fields.set("messageNumber", number)
      if let identifier = identifiers[number] { fields.set("uniqueID", wire: identifier) }
    }
    if let user { fields.set("user", wire: user) }
    if !command.reply.isEmpty { fields.set("reply", wire: command.reply) }
    if let stored { fields.set("sha256", stored.hash.hex) }
    fields.set("byteCount", stored?.byteCount ?? 0)
    fields.set("isComplete", isAll && stored?.isComplete != false)
    try sink.emit("pop3/message", fields, from: side, trace: whole)
  }

  private mutating func emitUnanswered(_ sink: inout EvidenceSink) throws(ReadError) {
    let commands = pending
    pending = []
    for command in commands { try emit(command, &sink) }
  }

  private func emit(_ command: Command, _ sink: inout EvidenceSink) throws(ReadError) {
    var fields = Fields()
    if !command.verb.isEmpty { fields.set("command", wire: command.verb) }
    if !command.shownArgument.isEmpty { fields.set("argument", wire: command.shownArgument) }
    if let user = command.user { fields.set("user", wire: user) }
    if let isPositive = command.isPositive { fields.set("isPositive", isPositive) }
    if !command.reply.isEmpty { fields.set("reply", wire: command.reply) }
    let client = clientSide ?? .initiator
    try sink.emit(
      "pop3/command", fields, from: command.verb.isEmpty ? client.other : client, trace: command.trace)
  }
}
