import DecoderKit

/// Judges whether bytes are a side of IRC.
enum SessionStart {
  /// Bytes that are waited for before a first line that has not ended is another protocol's.
  private static let maximumWait = 1_024
  /// Lines that are looked at.
  private static let maximumLines = 16

  static func claim(_ bytes: RawSpan, isOwnPort: Bool) -> Claim {
    guard isPlausible(bytes[0]) else { return .none }
    var reader = ByteReader(bytes)
    var best = Claim.none
    // Each turn takes a line.
    for _ in 0..<maximumLines {
      guard let length = reader.distance(to: 0x0a, within: IRCSession.maximumLine),
        let line = try? reader.take(length + 1, "line")
      else {
        guard best == .none else { break }
        return bytes.byteCount < maximumWait && isBeginning(bytes) ? .needsMore : .none
      }
      let claim = judge(line.array(), isOwnPort)
      if claim == .content { return .content }
      if claim == .none { return best == .port ? best : .none }
      best = max(best, claim)
    }
    return best == .needsMore && bytes.byteCount >= maximumWait ? .none : best
  }

  private static func isPlausible(_ byte: UInt8) -> Bool {
    byte == 0x3a || byte == 0x40 || (0x41...0x5a).contains(byte.asciiUppercased)
  }

  /// Whether a line that has not ended could be one of IRC: a word of letters, or a prefix.
  private static func isBeginning(_ bytes: RawSpan) -> Bool {
    let start = bytes.extracting(first: 64).array()
    if start.first == 0x3a || start.first == 0x40 { return start.allSatisfy { $0 >= 0x20 } }
    let word = start.prefix { $0 != 0x20 }
    let known: [StaticString] = [
      "NICK", "USER", "PASS", "CAP", "NOTICE", "AUTHENTICATE", "PING", "STARTTLS", "ERROR", "WEBIRC",
    ]
    return known.contains { name in
      word.count == start.count
        ? name.description.utf8.starts(with: word.asciiUppercased) : word.equalsIgnoringCase(name)
    }
  }

  private static func judge(_ line: [UInt8], _ isOwnPort: Bool) -> Claim {
    guard let message = IRCMessage(line) else { return .none }
    let port: Claim = isOwnPort ? .port : .needsMore
    let count = message.parameters.count
    if message.prefix != nil {
      guard count > 0 else { return .none }
      if message.number != nil { return count > 1 ? .content : port }
      if message.userHost != nil || message.prefix?.contains(0x2e) == true {
        return isNamed(
          message, ["PRIVMSG", "NOTICE", "JOIN", "PART", "QUIT", "NICK", "MODE", "TOPIC", "KICK", "CAP", "PONG"])
          ? .content : port
      }
      return isNamed(message, ["PRIVMSG", "NOTICE", "MODE"]) && count > 1 ? .content : port
    }
    if message.isCommand("NOTICE"), count == 2, message.parameters[1].starts(with: Array("***".utf8)) {
      return .content
    }
    if message.isCommand("USER"), count == 4 { return .content }
    if message.isCommand("NICK"), (1...2).contains(count), isNick(message.parameters[0]) { return .content }
    if message.isCommand("CAP"), let verb = message.parameters.first,
      ["LS", "REQ", "END", "LIST"].contains(where: { verb.elementsEqual($0.utf8) })
    {
      return .content
    }
    if message.isCommand("PRIVMSG"), count == 2 { return .content }
    if message.isCommand("JOIN"), let channel = message.parameters.first, channel.first == 0x23 { return .content }
    if message.isCommand("ERROR"), let text = message.parameters.first, text.starts(with: Array("Closing Link".utf8)) {
      return .content
    }
    guard
      isNamed(message, ["PASS", "PING", "PONG", "AUTHENTICATE", "STARTTLS", "WEBIRC", "PROTOCTL", "SERVER", "ERROR"])
    else { return .none }
    return port
  }

  private static func isNamed(_ message: IRCMessage, _ names: [StaticString]) -> Bool {
    names.contains { message.isCommand($0) }
  }

  private static func isNick(_ name: [UInt8]) -> Bool {
    guard let first = name.first, name.count <= 64, !first.isDigit, first != 0x2d else { return false }
    return name.allSatisfy { $0 > 0x20 && $0 != 0x2f && $0 != 0x2e && $0 != 0x40 && $0 != 0x23 }
  }
}
