import DecoderKit

/// Finds what would let somebody log in, in commands and in messages to services, and remembers it for what repeats it.
struct SecretReading {
  /// Secrets that are looked for in what the server says later.
  static let maximumKnown = 16
  /// Shorter secrets would be found in ordinary words.
  static let minimumSought = 4

  /// The account that credentials name, as last seen.
  private(set) var account: [UInt8]?
  private var credentials: MailCredentials?
  /// A response of SASL comes in pieces of 400 letters (IRCv3, SASL 3.1).
  private var response: [UInt8] = []
  private var known: [[UInt8]] = []

  static let maximumResponse = 65_536
  private static let services: [StaticString] = [
    "NickServ", "ChanServ", "AuthServ", "UserServ", "OperServ", "BotServ", "HostServ", "NickOP", "ChanOP", "Q", "X",
    "K9", "L",
    "W", "LoginServ", "SaslServ", "Themis",
  ]
  /// Commands of servers that stand for a message to a service.
  private static let serviceCommands: [StaticString] = [
    "NICKSERV", "NS", "CHANSERV", "CS", "AUTHSERV", "AS", "OPERSERV", "OS", "USERSERV", "US", "IDENTIFY", "LOGIN",
    "AUTH", "ID",
    "REGISTER", "VERIFY",
  ]
  private static let verbs: [StaticString] = [
    "IDENTIFY", "ID", "IDENT", "SIDENTIFY", "LOGIN", "AUTH", "AUTHENTICATE", "REGISTER", "REG", "GHOST", "RECOVER",
    "RELEASE",
    "REGAIN", "RECLAIM", "GROUP", "LINK", "VERIFY", "CONFIRM", "ACTIVATE", "NEWPASS", "PASS", "PASSWD", "PASSWORD",
    "SETPASS",
    "SETPASSWORD", "RESETPASS", "CHANGEPASS", "LOGOUT", "DROP", "COOKIE", "HELLO", "SENDPASS", "CHALLENGEAUTH",
  ]

  /// Withholds what is secret in a message; whether there was something.
  mutating func withhold(in message: inout IRCMessage, isFromClient: Bool) -> Bool {
    if message.isCommand("PASS"), !message.parameters.isEmpty {
      return hide(&message.parameters[0])
    }
    if message.isCommand("OPER"), message.parameters.count > 1 { return hideAll(from: 1, in: &message) }
    if message.isCommand("WEBIRC"), !message.parameters.isEmpty { return hide(&message.parameters[0]) }
    if message.isCommand("DIE") || message.isCommand("RESTART"), isFromClient, !message.parameters.isEmpty {
      return hideAll(from: 0, in: &message)
    }
    if message.isCommand("AUTHENTICATE"), isFromClient { return takeResponse(&message) }
    if Self.serviceCommands.contains(where: { message.command.equalsIgnoringCase($0) }), isFromClient {
      return hideWords(of: &message)
    }
    guard message.isSaid || message.isCommand("SQUERY"), message.parameters.count > 1 else { return false }
    let place = message.parameters.count - 1
    let isService = Self.isService(message.parameters[0])
    if let text = shown(message.parameters[place], isService: isService) {
      message.parameters[place] = text
      return true
    }
    return !isFromClient && hideKnown(in: &message.parameters[place])
  }

  // MARK: Commands

  private mutating func hide(_ parameter: inout [UInt8]) -> Bool {
    guard !parameter.isEmpty else { return false }
    learn(parameter)
    parameter = WithheldSecret.mark
    return true
  }

  private mutating func hideAll(from start: Int, in message: inout IRCMessage) -> Bool {
    var isHidden = false
    for place in message.parameters.indices.dropFirst(start) where hide(&message.parameters[place]) { isHidden = true }
    return isHidden
  }

  /// `NICKSERV IDENTIFY secret`, `IDENTIFY secret`: the words of a message to a service, as parameters.
  private mutating func hideWords(of message: inout IRCMessage) -> Bool {
    let isVerb = Self.verbs.contains { message.command.equalsIgnoringCase($0) }
    let words = (isVerb ? [message.command] : []) + message.parameters
    let text = Array(words.joined(separator: [0x20]))
    guard let shown = shown(text, isService: true) else { return false }
    message.parameters = shown.split(separator: 0x20).dropFirst(isVerb ? 1 : 0).map { Array($0) }
    return true
  }

  private mutating func takeResponse(_ message: inout IRCMessage) -> Bool {
    guard let text = message.parameters.first else { return false }
    guard !text.elementsEqual("*".utf8) else {
      credentials = nil
      return false
    }
    guard var credentials else {
      self.credentials = MailCredentials(mechanism: text)
      response = []
      return false
    }
    if !text.elementsEqual("+".utf8), response.count + text.count <= Self.maximumResponse { response += text }
    if text.count < 400 {
      credentials.take(response)
      response = []
      if let user = credentials.user { account = user }
      self.credentials = credentials
    }
    message.parameters = [WithheldSecret.mark]
    return true
  }

  /// The mechanism that the client chose.
  var mechanism: [UInt8]? { credentials?.mechanism }

  /// The exchange is over (answers 900 to 908).
  mutating func endExchange() {
    credentials = nil
    response = []
  }

  // MARK: Messages to services

  private static func isService(_ target: [UInt8]) -> Bool {
    let name = target.prefix { $0 != 0x40 && $0 != 0x25 }
    return services.contains { name.equalsIgnoringCase($0) }
  }

  /// What may be shown of a text; nil when nothing of it is secret.
  private mutating func shown(_ text: [UInt8], isService: Bool) -> [UInt8]? {
    let words = text.split(separator: 0x20).map { Array($0) }
    guard let verb = words.first, words.count > 1 else { return nil }
    // To somebody who is no service, only the words that have no other meaning count.
    let isIdentifying = verb.equalsIgnoringCase("IDENTIFY") || verb.equalsIgnoringCase("SIDENTIFY")
    if verb.equalsIgnoringCase("SET"), isService, words.count > 2,
      words[1...].contains(where: { $0.equalsIgnoringCase("PASSWORD") || $0.equalsIgnoringCase("PASS") })
    {
      for word in words[2...] { learn(word) }
      return Array([verb, words[1], WithheldSecret.mark].joined(separator: [0x20]))
    }
    guard isService && Self.verbs.contains(where: { verb.equalsIgnoringCase($0) }) || isIdentifying && words.count <= 3
    else { return nil }
    let isOther = verb.equalsIgnoringCase("DROP") || verb.equalsIgnoringCase("LOGOUT")
    guard !isOther || words.count > 2 else { return nil }
    // One word behind the verb is the secret; of several the first names an account or channel, but of REGISTER.
    let isRegistration = verb.equalsIgnoringCase("REGISTER") || verb.equalsIgnoringCase("REG")
    let isChannel = words[1].first == 0x23 || words[1].first == 0x26
    let keeps = isChannel || words.count > 2 && !isRegistration ? 2 : 1
    guard words.count > keeps else { return nil }
    for word in words[keeps...] { learn(word) }
    if keeps == 2, !isChannel { account = words[1] }
    return Array((words[..<keeps] + [WithheldSecret.mark]).joined(separator: [0x20]))
  }

  private mutating func learn(_ secret: [UInt8]) {
    guard secret.count >= Self.minimumSought, !known.contains(secret) else { return }
    if known.count >= Self.maximumKnown { known.removeFirst() }
    known.append(secret)
  }

  private func hideKnown(in text: inout [UInt8]) -> Bool {
    var isHidden = false
    for secret in known where WithheldSecret.mark.firstRange(of: secret) == nil {
      // Each turn takes a place of the secret away.
      while let place = text.firstRange(of: secret) {
        text.replaceSubrange(place, with: WithheldSecret.mark)
        isHidden = true
      }
    }
    return isHidden
  }
}
