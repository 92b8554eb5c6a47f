public import DecoderKit

/// Reads both sides of a connection.
public struct TelnetSession: DecodingSession {
  private var dialogue: TerminalDialogue
  private var transcript: Transcript
  private var options = TelnetOptions()
  private var clientCommands = CommandReading()
  private var serverCommands = CommandReading()
  private var trace = Trace()
  private var isComplete = true
  /// Sides whose bytes are encrypted or compressed from here on.
  private var closedSides: Set<Side> = []
  private var isEncrypted = false
  private var oddCount = 0
  /// Subnegotiations that do not end, and their bytes.
  private var unclosedCount = 0
  private var unreadByteCount = 0

  init(_ carrier: DecodingContext.Carrier) {
    let ports = (carrier.endpoint(of: .initiator)?.port, carrier.endpoint(of: .responder)?.port)
    let client: Side = ports.0 == 23 && ports.1 != 23 ? .responder : .initiator
    dialogue = TerminalDialogue(client: client)
    transcript = Transcript(role: "telnet transcript", client: client)
  }

  private var client: Side { dialogue.client }

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    if trace.isEmpty { trace = sink.trace }
    guard !closedSides.contains(side) else { return .consumed(bytes.byteCount) }
    var reader = ByteReader(bytes)
    // Each turn takes a byte.
    while reader.remaining > 0, !closedSides.contains(side) {
      let offset = reader.offset
      let byte: UInt8 = try reader.read("byte")
      let step = side == client ? clientCommands.take(byte) : serverCommands.take(byte)
      switch step {
      case .data(let byte): dialogue.take(byte, at: offset, from: side, in: sink)
      case .none: break
      default:
        dialogue.end(at: offset, from: side, in: sink)
        try write(&sink)
        try take(step, side, sink.trace(of: offset..<(offset + 1)), &sink)
      }
    }
    dialogue.end(at: reader.offset, from: side, in: sink)
    try write(&sink)
    return .consumed(bytes.byteCount)
  }

  private mutating func take(
    _ step: CommandReading.Step, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    switch step {
    case .data, .none: break
    case .command(let code):
      // What a person causes by a key is a part of the dialogue (RFC 854).
      let words: String? =
        switch code {
        case 0xf3: "break"
        case 0xf4: "interrupt"
        case 0xf5: "abort output"
        case 0xf6: "are you there?"
        case 0xf7: "erase character"
        case 0xf8: "erase line"
        case 0xec: "end of file"
        case 0xed: "suspend"
        case 0xee: "abort"
        default: nil
        }
      guard let words else { return }
      try transcript.remark("\(name(side)) sends the command “\(words)”", from: side, trace: trace, into: &sink)
    case .statement(let verb, let option):
      self.trace.formUnion(trace)
      options.state(verb, option, isClient: side == client)
    case .subnegotiation(let option, let content):
      self.trace.formUnion(trace)
      if !options.learn(option, content, isClient: side == client) { noteOdd(side, trace, &sink) }
      try learn(option, content, side, trace, &sink)
    case .unclosed(let count):
      noteUnclosed(count, side, trace, &sink)
    }
  }

  /// Counts a subnegotiation that does not end; the first one is a finding, so that a flood of them hides nothing else.
  private mutating func noteUnclosed(_ byteCount: Int, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink) {
    isComplete = false
    unclosedCount += 1
    unreadByteCount += byteCount
    guard unclosedCount == 1 else { return }
    sink.note(
      Finding(
        .warning, "telnet/unclosedSubnegotiation",
        "A subnegotiation does not end; its bytes are not read. The session's record counts all of them.",
        ["byteCount": .integer(Int64(byteCount))]), from: side, trace: trace)
  }

  private mutating func noteOdd(_ side: Side, _ trace: Trace, _ sink: inout EvidenceSink) {
    oddCount += 1
    guard oddCount == 1 else { return }
    sink.note(
      Finding(
        .warning, "telnet/oddSubnegotiation",
        "A subnegotiation has not the form of its option; further ones are not noted."), from: side, trace: trace)
  }

  /// Learns that what follows is not text.
  private mutating func learn(
    _ option: UInt8, _ content: [UInt8], _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    switch (option, content.first) {
    case (38, 3): try close([side], "encrypted", trace, &sink)  // ENCRYPT START (RFC 2946)
    case (46, 1): if side != client { try close([side, side.other], "encrypted", trace, &sink) }  // FOLLOWS
    case (86, _), (85, _): try close([side], "compressed", trace, &sink)
    default: break
    }
  }

  private mutating func close(
    _ sides: [Side], _ word: String, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard let first = sides.first, closedSides.isDisjoint(with: sides) else { return }
    closedSides.formUnion(sides)
    isComplete = false
    transcript.cut()
    if word == "encrypted" { isEncrypted = true }
    for side in sides { dialogue.flush(side) }
    try write(&sink)
    let who = sides.count > 1 ? "both sides send" : "the \(name(first)) sends"
    try transcript.remark(
      "what \(who) from here on is \(word) and not read", from: first, trace: trace, into: &sink)
    sink.note(
      Finding(
        .notice, word == "encrypted" ? "telnet/encrypted" : "telnet/compressed",
        "What \(who) from here on is \(word); it is not read."), from: first, trace: trace)
  }

  private func name(_ side: Side) -> String { side == client ? "client" : "server" }

  private mutating func write(_ sink: inout EvidenceSink) throws(ReadError) {
    try dialogue.write("telnet/line", to: &transcript, into: &sink)
  }

  public mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
    isComplete = false
    guard !closedSides.contains(side) else { return }
    let lost = side == client ? clientCommands.skip() : serverCommands.skip()
    dialogue.flush(side)
    try write(&sink)
    let trace = sink.trace
    if lost > 0 { noteUnclosed(lost, side, trace, &sink) }
    try transcript.skip(gap.byteCount, from: side, trace: trace, into: &sink)
  }

  public mutating func finish(into sink: inout EvidenceSink) {
    // The records' limit is the only error; the host has noted it.
    try? finishAll(&sink)
  }

  private mutating func finishAll(_ sink: inout EvidenceSink) throws(ReadError) {
    dialogue.flush(client.other)
    dialogue.flush(client)
    // Limits on records must not leave the transcript open.
    var failure: ReadError?
    do { try write(&sink) } catch { failure = error }
    let lost = clientCommands.skip() + serverCommands.skip()
    if lost > 0 { noteUnclosed(lost, client, trace, &sink) }
    let stored = transcript.close(into: &sink)
    if let failure { throw failure }
    guard !trace.isEmpty else { return }
    var fields = Fields()
    let names = dialogue.users + (options.user.map { [$0] } ?? [])
    if let user = dialogue.users.last ?? options.user { fields.set("user", wire: user) }
    if !names.isEmpty {
      fields.set("userNames", .list(names.map { .text(String(decoding: $0, as: UTF8.self)) }))
    }
    options.place(in: &fields)
    fields.set("lineCount", dialogue.lineCount)
    fields.set("withheldCount", dialogue.withheldCount)
    if unclosedCount > 0 {
      fields.set("unclosedCount", unclosedCount)
      fields.set("unreadByteCount", unreadByteCount)
    }
    fields.set("isEncrypted", isEncrypted)
    fields.set("isComplete", isComplete && !sink.isBroken)
    if let stored {
      fields.set("transcriptSha256", stored.hash.hex)
      trace.formUnion(stored.trace)
    }
    try sink.emit("telnet/session", fields, from: client, trace: trace)
  }
}
