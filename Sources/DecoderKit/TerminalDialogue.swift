public import EvidenceModel

/// Makes lines of what a terminal and its host send each other, letter by letter or not, and withholds what is typed at prompts for secrets.
///
/// A line of the server that has not ended is written when the client ends one: prompt and answer stand in their order. A line of
/// the client ends with CR or LF, or with ^C, ^D or ^Z. Whoever uses it calls `begin` and `end` around the bytes of each call.
public struct TerminalDialogue: Sendable {
  /// A longer line is cut into lines that have not ended.
  public static let maximumLineByteCount = 16_384
  /// Names given at prompts for them that are kept.
  public static let maximumUserCount = 64
  /// Bytes of a prompt that are looked at.
  static let maximumPromptByteCount = 512

  public struct Line: Hashable, Sendable {
    public var text: [UInt8]
    public let side: Side
    public let trace: Trace
    /// Whether its end was sent, or the other side's answer followed.
    public let isWhole: Bool
    /// Whether it was, or holds, what was typed at a prompt for a secret.
    public let isWithheld: Bool
  }

  public let client: Side
  /// The names typed at prompts for one, in their order.
  public private(set) var users: [[UInt8]] = []
  /// How many lines `write` has written, and of how many of them something is withheld.
  public private(set) var lineCount = 0
  public private(set) var withheldCount = 0
  /// Lines that are done, to be taken.
  private var done: [Line] = []
  private var clientState = SideState()
  private var serverState = SideState()
  /// What the server has said since its last line's end.
  private var prompt: [UInt8] = []
  /// What the prompt asked for when the client began its line.
  private var asked = TerminalPrompt.none
  /// What was withheld last, until the server's next line: it may come back as an echo.
  private var secret: [UInt8] = []
  /// What the server has said since a name was typed; nil when none was.
  private var sinceName: [UInt8]?

  private struct SideState {
    var text: [UInt8] = []
    var trace = Trace()
    /// Where the line begins in the bytes of this call.
    var start: Int?
    /// A part of the line was written already.
    var isContinued = false
    /// CR ended a line: LF or NUL behind it belongs to that.
    var passesEnd = false
  }

  public init(client: Side) { self.client = client }

  /// Takes the lines that are done.
  public mutating func lines() -> [Line] {
    defer { done = [] }
    return done
  }

  /// Writes the lines that are done, to the transcript and each as a record with `speaker`, `text`, `isWhole` and `isWithheld`.
  public mutating func write(
    _ kind: StaticString, to transcript: inout Transcript, into sink: inout EvidenceSink
  ) throws(ReadError) {
    for line in lines() {
      lineCount += 1
      if line.isWithheld { withheldCount += 1 }
      try transcript.add(line.text, from: line.side, trace: line.trace, into: &sink)
      var fields: Fields = ["speaker": line.side == client ? "client" : "server", "isWhole": .boolean(line.isWhole)]
      fields.set("text", wire: line.text)
      if line.isWithheld { fields.set("isWithheld", true) }
      try sink.emit(kind, fields, from: line.side, trace: line.trace)
    }
  }

  // MARK: Bytes

  /// Takes a byte that stands at `offset` of the bytes shown in this call.
  public mutating func take(_ byte: UInt8, at offset: Int, from side: Side, in sink: borrowing EvidenceSink) {
    if side == client { takeTyped(byte, offset, sink) } else { takeShown(byte, offset, sink) }
  }

  /// Ends a call in which `side` sent something: what has not ended goes on in the next one.
  public mutating func end(at count: Int, from side: Side, in sink: borrowing EvidenceSink) {
    if side == client { Self.close(&clientState, count, sink) } else { Self.close(&serverState, count, sink) }
  }

  private static func close(_ state: inout SideState, _ end: Int, _ sink: borrowing EvidenceSink) {
    guard let start = state.start else { return }
    state.trace.formUnion(sink.trace(of: start..<end))
    state.start = nil
  }

  private mutating func takeTyped(_ byte: UInt8, _ offset: Int, _ sink: borrowing EvidenceSink) {
    if clientState.passesEnd {
      clientState.passesEnd = false
      if byte == 0x0a || byte == 0 { return }
    }
    if clientState.start == nil { clientState.start = offset }
    if clientState.text.isEmpty, !clientState.isContinued { asked = TerminalPrompt(prompt) }
    switch byte {
    case 0x0d, 0x0a:
      clientState.passesEnd = byte == 0x0d
      Self.close(&clientState, offset + 1, sink)
      endTyped(isWhole: true)
    case 0x03, 0x04, 0x1a:
      clientState.text.append(byte)
      Self.close(&clientState, offset + 1, sink)
      endTyped(isWhole: true)
    default:
      clientState.text.append(byte)
      guard clientState.text.count >= Self.maximumLineByteCount else { return }
      Self.close(&clientState, offset + 1, sink)
      endTyped(isWhole: false)
    }
  }

  private mutating func takeShown(_ byte: UInt8, _ offset: Int, _ sink: borrowing EvidenceSink) {
    if byte == 0, serverState.text.last == 0x0d { return }
    if serverState.start == nil { serverState.start = offset }
    if sinceName.map({ $0.count < Self.maximumPromptByteCount }) == true { sinceName?.append(byte) }
    if byte == 0x0a {
      while serverState.text.last == 0x0d { serverState.text.removeLast() }
      Self.close(&serverState, offset + 1, sink)
      if serverState.text.isEmpty, serverState.isContinued {
        serverState = SideState()
      } else {
        endShown(isWhole: true)
        serverState.isContinued = false
      }
      prompt = []
      return
    }
    serverState.text.append(byte)
    prompt.append(byte)
    if prompt.count > 2 * Self.maximumPromptByteCount {
      prompt.removeFirst(prompt.count - Self.maximumPromptByteCount)
    }
    guard serverState.text.count >= Self.maximumLineByteCount else { return }
    Self.close(&serverState, offset + 1, sink)
    endShown(isWhole: false)
  }

  // MARK: Lines

  private mutating func endTyped(isWhole: Bool) {
    let typed = clientState.text
    if asked == .none { asked = TerminalPrompt(prompt) }
    let isAhead = asked == .none && isTypedAhead
    let isSecret = asked == .secret || isAhead
    if isSecret, !typed.isEmpty { secret = typed }
    if !serverState.text.isEmpty { endShown(isWhole: true) }
    add(clientState, isSecret && !typed.isEmpty ? WithheldSecret.mark : typed, client, isWhole, isSecret)
    clientState.text = []
    clientState.trace = Trace()
    if isSecret { sinceName = nil }
    if asked == .name {
      let name = Self.edited(typed)
      if users.count < Self.maximumUserCount, !name.isEmpty { users.append(name) }
      sinceName = []
    }
    // A line that was cut goes on: the rest is as secret as its beginning.
    clientState.isContinued = !isWhole
    guard isWhole else { return }
    asked = .none
    // What was asked is answered; some servers send no line's end before they ask again.
    prompt = []
  }

  /// Whether the server has said nothing since a name was typed, but for its echo: then a password was typed ahead of its prompt.
  private var isTypedAhead: Bool {
    guard let said = sinceName?.trimmed, let name = users.last else { return false }
    return said.isEmpty || said == name
  }

  private mutating func endShown(isWhole: Bool) {
    var text = serverState.text
    var isWithheld = false
    if !secret.isEmpty, let place = text.firstRange(of: secret) {
      text.replaceSubrange(place, with: WithheldSecret.mark)
      isWithheld = true
    }
    secret = []
    add(serverState, text, client.other, isWhole, isWithheld)
    serverState = SideState()
    serverState.isContinued = true
  }

  private mutating func add(
    _ state: SideState, _ text: [UInt8], _ side: Side, _ isWhole: Bool, _ isWithheld: Bool
  ) {
    guard !state.trace.isEmpty else { return }
    done.append(Line(text: text, side: side, trace: state.trace, isWhole: isWhole, isWithheld: isWithheld))
  }

  /// What was typed with its corrections made: backspace and DEL take a letter back, ^U all of them.
  static func edited(_ typed: [UInt8]) -> [UInt8] {
    var out: [UInt8] = []
    for byte in typed {
      switch byte {
      case 0x08, 0x7f: _ = out.popLast()
      case 0x15: out = []
      case 0x00...0x1f: break
      default: out.append(byte)
      }
    }
    return out
  }

  /// Ends what has not ended: bytes of `side` are missing, or the dialogue is over.
  public mutating func flush(_ side: Side) {
    if side == client {
      if !clientState.text.isEmpty { endTyped(isWhole: false) }
      clientState.passesEnd = false
    } else {
      if asked == .secret, secret.isEmpty { secret = clientState.text }
      if !serverState.text.isEmpty { endShown(isWhole: false) }
      prompt = []
      serverState = SideState()
    }
  }
}

/// What a prompt asks for.
enum TerminalPrompt: Hashable {
  case none, name, secret

  private static let secrets = [
    "password", "passwd", "passphrase", "passcode", "pass phrase", "one-time", "challenge", "pin:", "secret",
    "kennwort",
    "passwort", "mot de passe", "contrase", "clave", "senha", "wachtwoord", "lösenord", "hasło", "heslo", "ароль",
    "salasana",
    "adgangskode", "jelszó", "parola",
  ].map { Array($0.utf8) }
  private static let names = [
    "login", "logon", "username", "user name", "user", "userid", "user id", "account", "benutzername", "anmeldename",
    "utilisateur", "usuario", "gebruiker", "имя",
  ].map { Array($0.utf8) }

  /// Judges the server's unfinished line: it ends with a colon, question mark or equals sign, or with the word itself.
  init(_ line: [UInt8]) {
    let text = Self.plain(line.suffix(TerminalDialogue.maximumPromptByteCount)).trimmed.asciiLowercased
    self = .none
    guard let last = text.last else { return }
    let isAsking = last == 0x3a || last == 0x3f || last == 0x3d
    let words = text.suffix(80)
    if Self.secrets.contains(where: { Self.holds(words, $0, atEnd: !isAsking) }) {
      self = .secret
    } else if isAsking, Self.names.contains(where: { Self.holds(words, $0, atEnd: false) }) {
      self = .name
    }
  }

  /// Whether a word begins with `text`.
  private static func holds(_ words: ArraySlice<UInt8>, _ text: [UInt8], atEnd: Bool) -> Bool {
    var rest = words
    while let range = rest.firstRange(of: text) {
      let isBeginning = range.lowerBound == words.startIndex || !words[range.lowerBound - 1].isSmallLetter
      if isBeginning, !atEnd || range.upperBound == words.endIndex { return true }
      rest = rest[(range.lowerBound + 1)...]
    }
    return false
  }

  /// The text without control characters and sequences (ECMA-48, 5.4).
  private static func plain(_ line: ArraySlice<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    var isSequence = false
    var isEscaped = false
    for byte in line {
      if isSequence {
        isSequence = !(0x40...0x7e).contains(byte)
      } else if isEscaped {
        isEscaped = false
        isSequence = byte == 0x5b
      } else if byte == 0x1b {
        isEscaped = true
      } else if byte >= 0x20, byte != 0x7f {
        out.append(byte)
      }
    }
    return out
  }
}

extension UInt8 {
  fileprivate var isSmallLetter: Bool { (0x61...0x7a).contains(self) }
}
