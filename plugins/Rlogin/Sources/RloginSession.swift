public import DecoderKit

/// Reads both sides of a connection.
public struct RloginSession: DecodingSession {
  /// What the server said of the names.
  private enum Answer { case none, accepted, refused }

  private var dialogue: TerminalDialogue
  private var transcript: Transcript
  /// Nil where the capture lacks it, or it is none.
  private var opening: Opening?
  /// The packets that it came in.
  private var openingTrace = Trace()
  private var isOpen: Bool
  private var answer = Answer.none
  private var isAnswerDue = true
  private var windows = WindowReading()
  private var window: (height: Int, width: Int)?
  private var characters = ControlReading()
  private var trace = Trace()
  private var isComplete = true

  init(_ carrier: DecodingContext.Carrier) {
    let ports = (carrier.endpoint(of: .initiator)?.port, carrier.endpoint(of: .responder)?.port)
    let isTurned = ports.0 == RloginDecoder.port && ports.1 != RloginDecoder.port
    let client: Side = isTurned ? .responder : .initiator
    dialogue = TerminalDialogue(client: client)
    transcript = Transcript(role: "rlogin transcript", client: client)
    isOpen = false
  }

  private var client: Side { dialogue.client }

  // MARK: Bytes

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    if trace.isEmpty { trace = sink.trace }
    var reader = ByteReader(bytes)
    // Each turn takes a byte.
    while reader.remaining > 0 {
      let offset = reader.offset
      let byte: UInt8 = try reader.read("byte")
      if side == client { try takeTyped(byte, offset, &sink) } else { try takeShown(byte, offset, &sink) }
    }
    dialogue.end(at: reader.offset, from: side, in: sink)
    try write(&sink)
    return .consumed(bytes.byteCount)
  }

  private mutating func takeTyped(_ byte: UInt8, _ offset: Int, _ sink: inout EvidenceSink) throws(ReadError) {
    if !isOpen {
      if opening == nil, byte == 0 { opening = Opening() }
      guard opening != nil else {
        // The capture lacks the beginning.
        isOpen = true
        isComplete = false
        return try takeTyped(byte, offset, &sink)
      }
      let trace = sink.trace(of: offset..<(offset + 1))
      self.trace.formUnion(trace)
      openingTrace.formUnion(trace)
      opening?.take(byte)
      return try endOpening(openingTrace, &sink)
    }
    switch windows.take(byte) {
    case .none: break
    case .data(let data):
      for byte in data { dialogue.take(byte, at: offset, from: client, in: sink) }
    case .window(let height, let width):
      window = (height, width)
      try remark(
        "the client's window has \(width) columns and \(height) rows", offset, client, &sink)
    }
  }

  private mutating func endOpening(_ trace: Trace, _ sink: inout EvidenceSink) throws(ReadError) {
    guard let opening, opening.state != .open else { return }
    isOpen = true
    guard opening.state == .whole else {
      isComplete = false
      self.opening = nil
      transcript.cut()
      sink.note(
        Finding(
          .warning, "rlogin/oddOpening",
          "What the client begins with has not the form of rlogin; its bytes up to there are not read."),
        from: client, trace: trace)
      return try transcript.remark(
        "the names that the client begins with cannot be read", from: client, trace: trace, into: &sink)
    }
    let names = [opening.clientUser, opening.serverUser, opening.terminal].map { String(decoding: $0, as: UTF8.self) }
    try transcript.remark(
      "the client's user “\(names[0])” asks for the account “\(names[1])”; its terminal is “\(names[2])”", from: client,
      trace: trace, into: &sink)
  }

  private mutating func takeShown(_ byte: UInt8, _ offset: Int, _ sink: inout EvidenceSink) throws(ReadError) {
    if isAnswerDue {
      isAnswerDue = false
      if byte == 0 {
        answer = .accepted
        return try remark("the server accepts the names", offset, client.other, &sink)
      }
      if byte == 1, opening != nil {
        // BSD's servers send 1 and a sentence instead.
        answer = .refused
        return try remark("the server refuses, with these words:", offset, client.other, &sink)
      }
    }
    guard let words = characters.take(byte) else {
      return dialogue.take(byte, at: offset, from: client.other, in: sink)
    }
    try remark("the server \(words)", offset, client.other, &sink)
  }

  /// Adds a remark at a place between bytes of the dialogue.
  private mutating func remark(
    _ words: String, _ offset: Int, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    dialogue.end(at: offset, from: side, in: sink)
    try write(&sink)
    let trace = sink.trace(of: offset..<(offset + 1))
    self.trace.formUnion(trace)
    try transcript.remark(words, from: side, trace: trace, into: &sink)
  }

  private mutating func write(_ sink: inout EvidenceSink) throws(ReadError) {
    try dialogue.write("rlogin/line", to: &transcript, into: &sink)
  }

  // MARK: Gaps and the end

  public mutating func skip(_ gap: StreamGap, from side: Side, into sink: inout EvidenceSink) throws(ReadError) {
    isComplete = false
    if side == client {
      if !isOpen {
        isOpen = true
        opening = nil
      }
      if !windows.skip().isEmpty { transcript.cut() }
    } else {
      isAnswerDue = false
      characters = ControlReading()
    }
    dialogue.flush(side)
    try write(&sink)
    try transcript.skip(gap.byteCount, from: side, trace: sink.trace, into: &sink)
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
    if !windows.skip().isEmpty || opening?.state == .open {
      isComplete = false
      transcript.cut()
    }
    let stored = transcript.close(into: &sink)
    if let failure { throw failure }
    guard !trace.isEmpty else { return }
    var fields = Fields()
    var names = dialogue.users
    if let opening, opening.state == .whole {
      fields.set("clientUser", wire: opening.clientUser)
      fields.set("terminalType", wire: opening.terminalType)
      if !opening.terminalSpeed.isEmpty { fields.set("terminalSpeed", wire: opening.terminalSpeed) }
      names.insert(opening.serverUser, at: 0)
    }
    if let user = names.last { fields.set("user", wire: user) }
    if !names.isEmpty { fields.set("userNames", .list(names.map { .text(String(decoding: $0, as: UTF8.self)) })) }
    if let window {
      fields.set("windowWidth", window.width)
      fields.set("windowHeight", window.height)
    }
    if answer != .none { fields.set("isAccepted", answer == .accepted) }
    fields.set("lineCount", dialogue.lineCount)
    fields.set("withheldCount", dialogue.withheldCount)
    fields.set("isComplete", isComplete && !sink.isBroken)
    if let stored {
      fields.set("transcriptSha256", stored.hash.hex)
      trace.formUnion(stored.trace)
    }
    try sink.emit("rlogin/session", fields, from: client, trace: trace)
  }
}

/// Finds the control bytes of the server, which TCP marks as urgent and which stand among the text (RFC 1282, page 3).
///
/// 02, 10 and 80 are known, the last where it is no part of a character of UTF-8; 20, back to the client's own flow
/// control, looks like a space and stands as one.
struct ControlReading: Hashable {
  /// Bytes of a character that are to come.
  private var rest = 0

  /// What a control byte says; nil of text.
  mutating func take(_ byte: UInt8) -> String? {
    if (0x80...0xbf).contains(byte), rest > 0 {
      rest -= 1
      return nil
    }
    rest =
      switch byte {
      case 0xc2...0xdf: 1
      case 0xe0...0xef: 2
      case 0xf0...0xf4: 3
      default: 0
      }
    return switch byte {
    case 0x02: "asks the client to throw away what it has not shown yet"
    case 0x10: "takes over the flow control, so that ^S and ^Q are typed as other keys"
    case 0x80: "asks for the sizes of the window"
    default: nil
    }
  }
}
