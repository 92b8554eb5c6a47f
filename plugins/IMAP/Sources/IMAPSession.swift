public import DecoderKit

/// Reads both sides of a connection: commands with their completions, and the messages that are fetched or stored.
public struct IMAPSession: DecodingSession {
  public static let maximumUntaggedByteCount = 65_536
  public static let maximumPendingCount = 10_000
  public static let maximumStructureCount = 10_000

  /// Verbs that hardly stand second in a line of anything else.
  static let plainVerbs: [StaticString] = [
    "CAPABILITY", "LOGIN", "AUTHENTICATE", "STARTTLS", "EXAMINE", "LSUB", "NAMESPACE", "UID", "FETCH",
  ]
  static let otherVerbs: [StaticString] = [
    "LOGOUT", "NOOP", "SELECT", "CREATE", "DELETE", "RENAME", "SUBSCRIBE", "UNSUBSCRIBE", "LIST", "STATUS", "APPEND",
    "CHECK", "CLOSE", "EXPUNGE", "SEARCH", "STORE", "COPY", "MOVE", "IDLE", "ENABLE", "ID", "UNSELECT", "COMPRESS",
  ]

  /// What a side is in the middle of.
  enum Lane {
    case line
    /// A literal that becomes part of the line.
    case literal(remaining: Int, collected: [UInt8])
    /// A literal that is passed over.
    case passing(remaining: Int)
    /// A message's content.
    case content(remaining: Int)
    /// Looking for the next line's beginning.
    case lost
    /// What follows is compressed or not: the server's answer says so.
    case waiting
    /// TLS, or compression without its beginning: not read.
    case tunnel
  }

  struct Command {
    var tag: [UInt8] = []
    var verb: [UInt8] = []
    var argument: [UInt8] = []
    var user: [UInt8]?
    var trace = Trace()
  }

  var clientSide: Side?
  var client = Lane.line
  var server = Lane.line
  var clientLine = LogicalLine()
  var serverLine = LogicalLine()
  var pending: [Command] = []
  var credentials: MailCredentials?
  var user: [UInt8]?
  var mailbox: [UInt8]?
  /// The mailbox that SELECT or EXAMINE asks for, by tag.
  var asked: (tag: [UInt8], mailbox: [UInt8])?
  var hasGreeted = false
  var untagged: [UInt8] = []
  var untaggedTrace = Trace()
  var isUntaggedCut = false
  /// What is being fetched, and what is being stored.
  var fetched: FetchedContent?
  var appended: FetchedContent?
  /// Content of the response, that waits for its end.
  var ended: [FetchedContent] = []
  /// A message that comes in several partial fetches.
  var partial: FetchedContent?
  /// How many bytes the last partial fetch asked for.
  var partialLength: Int?
  /// BODYSTRUCTURE by message number.
  var structures: [Int: SyntaxNode] = [:]
  /// What comes was compressed; the host undoes it.
  private(set) var isCompressed = false
  var transcript = DialogueTranscript(role: "imap transcript")
  var messageCount = 0
  /// Bytes of the client are missing outside of messages: what follows may belong to a command that was not captured.
  var isClientCut = false

  init() {}

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    var reader = ByteReader(bytes)
    if clientSide == nil {
      guard let first = reader.peek() else { return .needs(more: 1) }
      let client = first == 0x2a || first == 0x2b ? side.other : side
      clientSide = client
      transcript.begin(client: client)
    }
    let wasCompressed = isCompressed
    var isGoingOn = true
    // Each turn takes at least a byte, or changes what the side is in the middle of, or is the last.
    while isGoingOn, reader.remaining > 0 {
      // What is left here is shown again when its compression is undone.
      isGoingOn = try read(&reader, side, &sink) && isCompressed == wasCompressed
    }
    return reader.offset > 0 ? .consumed(reader.offset) : .needs(more: 1)
  }

  private mutating func read(
    _ reader: inout ByteReader, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    let isClient = side == clientSide
    let start = reader.offset
    switch isClient ? client : server {
    case .tunnel:
      try reader.skip(reader.remaining, "encrypted")
    case .waiting: return false
    case .lost:
      let length = reader.distance(to: 0x0a)
      let count = length.map { $0 + 1 } ?? reader.remaining
      try reader.skip(count, "line")
      transcript.pass(count, from: side, trace: sink.trace(of: start..<reader.offset))
      if length != nil { set(.line, isClient) }
    case .passing(let remaining):
      let count = min(remaining, reader.remaining)
      try reader.skip(count, "literal")
      set(count == remaining ? .line : .passing(remaining: remaining - count), isClient)
    case .literal(let remaining, var collected):
      let count = min(remaining, reader.remaining)
      collected += try reader.take(count, "literal").array()
      let trace = sink.trace(of: start..<reader.offset)
      if count == remaining {
        if isClient { clientLine.add(literal: collected, trace) } else { serverLine.add(literal: collected, trace) }
        set(.line, isClient)
      } else {
        set(.literal(remaining: remaining - count, collected: collected), isClient)
      }
    case .content(let remaining):
      let count = min(remaining, reader.remaining)
      let bytes = try reader.take(count, "literal")
      let trace = sink.trace(of: start..<reader.offset)
      withContent(isClient) { content in
        content?.trace.formUnion(trace)
        content?.byteCount += count
      }
      if count > 0, let handle = (isClient ? appended : fetched)?.handle { sink.append(bytes, to: handle) }
      set(.content(remaining: remaining - count), isClient)
      if count == remaining { try endContent(side, &sink) }
    case .line:
      if isClient, reader.peek() == 0x16 {
        var ahead = copy reader
        switch TLSRecord.isHandshake(ahead.takeRest()) {
        case nil: return false
        case true?:
          try startTunnel(Self.encrypted, sink.trace(of: start..<(start + 1)), side, &sink)
          return true
        case false?: break
        }
      }
      let step = isClient ? try clientLine.advance(&reader, sink) : try serverLine.advance(&reader, sink)
      switch step {
      case .needsMore: return reader.remaining == 0
      case .literal(let count): try beginLiteral(count, isClient, side, &sink)
      case .end:
        let line = isClient ? clientLine : serverLine
        if isClient { clientLine.clear() } else { serverLine.clear() }
        if line.isCut {
          sink.note(
            Finding(.warning, "imap/longLine", "A line is longer than the limit; a part of it was passed over."),
            from: side, trace: line.trace)
          try transcript.remark(
            "a line of the \(isClient ? "client" : "server") is longer than the limit and left out here", from: side,
            trace: line.trace, into: &sink)
          transcript.cut()
          if !isClient { try emitEnded(attributes: [], line.trace, side, &sink) }
        } else if isClient {
          try readCommand(line, side, &sink)
        } else {
          try readResponse(line, side, &sink)
        }
      }
    }
    return true
  }

  private mutating func withContent(_ isClient: Bool, _ change: (inout FetchedContent?) -> Void) {
    if isClient { change(&appended) } else { change(&fetched) }
  }

  func lane(_ isClient: Bool) -> Lane { isClient ? client : server }

  mutating func set(_ lane: Lane, _ isClient: Bool) {
    if isClient { client = lane } else { server = lane }
  }

  static let encrypted = Finding(
    .notice, "imap/encrypted", "The connection is encrypted from here on; what follows is not read.")
  static let compressed = Finding(
    .notice, "imap/compressed",
    "The connection is compressed from here on (RFC 4978); what was compressed is read.")
  static let unansweredCompression = Finding(
    .warning, "imap/compressed",
    "The answer to COMPRESS is missing from the capture; what follows may be compressed and is not read.")

  /// Has the host undo the compression of what follows (RFC 4978).
  mutating func startCompression(
    _ trace: Trace, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    client = .line
    server = .line
    isCompressed = true
    sink.expand(.deflate, from: side)
    sink.expand(.deflate, from: side.other)
    sink.note(Self.compressed, from: side, trace: trace)
    try transcript.remark(
      "what both sides send from here on is compressed; what it was is read", from: side, trace: trace, into: &sink)
  }

  /// Reads nothing more of either side; `finding` says why.
  mutating func startTunnel(
    _ finding: Finding, _ trace: Trace, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    client = .tunnel
    server = .tunnel
    sink.note(finding, from: side, trace: trace)
    let state = finding.code == Self.compressed.code ? "compressed" : "encrypted"
    try transcript.close(state, from: side, trace: trace, into: &sink)
  }

  // MARK: Gaps and ends

  public mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
    let isClient = side == clientSide
    let missing = gap.byteCount + gap.abandoned
    switch lane(isClient) {
    case .line, .lost, .literal, .passing, .waiting:
      if isClient { isClientCut = true }
      try transcript.skip(missing, from: side, into: &sink)
    case .content: transcript.cut()
    case .tunnel: break
    }
    switch lane(isClient) {
    case .content(let remaining):
      let part = min(remaining, missing)
      if let handle = (isClient ? appended : fetched)?.handle { sink.skip(part, in: handle) }
      withContent(isClient) { $0?.byteCount += part }
      set(.content(remaining: remaining - part), isClient)
      if part == remaining { try endContent(side, &sink) }
      if missing > part { try lose(isClient, side, &sink) }
    case .literal(let remaining, _), .passing(let remaining):
      if missing <= remaining {
        set(.passing(remaining: remaining - missing), isClient)
      } else {
        try lose(isClient, side, &sink)
      }
    case .line, .lost, .waiting: try lose(isClient, side, &sink)
    case .tunnel: break
    }
    if !isClient, case .waiting = client {
      let trace = pending.last { $0.verb.equalsIgnoringCase("COMPRESS") }?.trace ?? sink.trace
      try startTunnel(Self.unansweredCompression, trace, side.other, &sink)
    }
  }

  /// A line was cut: the next one is looked for.
  private mutating func lose(_ isClient: Bool, _ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    if isClient {
      clientLine.clear()
    } else {
      let trace = serverLine.trace
      serverLine.clear()
      try emitEnded(attributes: [], trace, side, &sink)
    }
    set(.lost, isClient)
  }

  public mutating func close(_ side: Side, because end: StreamEnd, into sink: inout EvidenceSink) throws(ReadError) {
    let isClient = side == clientSide
    if case .content = lane(isClient) {
      withContent(isClient) { $0?.isCut = true }
      try endContent(side, &sink)
    }
    if !isClient {
      try emitEnded(attributes: [], serverLine.trace, side, &sink)
      try flushPartial(side, &sink)
    }
    set(.lost, isClient)
  }

  public mutating func finish(into sink: inout EvidenceSink) {
    let clientSide = clientSide ?? .initiator
    try? close(clientSide, because: .captureEnd, into: &sink)
    try? close(clientSide.other, because: .captureEnd, into: &sink)
    for command in pending { try? emit(command, result: nil, [], Trace(), &sink) }
    pending = []
    var fields = Fields()
    if let user { fields.set("user", wire: user) }
    fields.set("messageCount", messageCount)
    try? transcript.finish("imap/session", fields, into: &sink)
  }

  // MARK: Records

  mutating func emit(
    _ command: Command, result: [UInt8]?, _ reply: [UInt8], _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    var whole = command.trace
    whole.formUnion(trace)
    whole.formUnion(untaggedTrace)
    var fields = Fields()
    if !command.tag.isEmpty { fields.set("tag", wire: command.tag) }
    if !command.verb.isEmpty { fields.set("command", wire: command.verb) }
    if !command.argument.isEmpty { fields.set("argument", wire: command.argument) }
    if let user = command.user { fields.set("user", wire: user) }
    if let result { fields.set("result", wire: result) }
    if !reply.isEmpty { fields.set("reply", wire: reply) }
    if !untagged.isEmpty { fields.set("untagged", wire: untagged) }
    if isUntaggedCut { fields.set("isCut", true) }
    untagged = []
    untaggedTrace = Trace()
    isUntaggedCut = false
    let client = clientSide ?? .initiator
    try sink.emit("imap/command", fields, from: command.verb.isEmpty ? client.other : client, trace: whole)
  }
}
