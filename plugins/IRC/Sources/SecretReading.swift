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
    "SETPASSWORD", "RESETPASS", "CHANGEPASS", "CHANGEPASSWORD", "SASET", "LOGOUT", "DROP", "COOKIE",
    "HELLO", "SENDPASS", "CHALLENGEAUTH",
  ]

  /// Withholds what is secret in a message; whether there was something.
  ///
  /// Only what the client itself sends teaches anything: others must not be able to hide words of the record.
  mutating func withhold(in message: inout IRCMessage, isFromClient: Bool) -> Bool {
    if message.isCommand("PASS") || message.isCommand("WEBIRC"), !message.parameters.isEmpty {
      return hide(&message.parameters[0], isFromClient)
    }
    if message.isCommand("OPER"), message.parameters.count > 1 { return hideAll(from: 1, in: &message, isFromClient) }
    if message.isCommand("DIE") || message.isCommand("RESTART"), isFromClient, !message.parameters.isEmpty {
      return hideAll(from: 0, in: &message, isFromClient)
    }
    if message.isCommand("AUTHENTICATE"), isFromClient { return takeResponse(&message) }
    if Self.serviceCommands.contains(where: { message.command.equalsIgnoringCase($0) }), isFromClient {
      return hideWords(of: &message)
    }
    guard message.isSaid || message.isCommand("SQUERY"), message.parameters.count > 1 else { return false }
    // A text without its colon stands in several parameters.
    var text = Array(message.parameters[1...].joined(separator: [0x20]))
    let isService = Self.isService(message.parameters[0])
    if isFromClient || isService, let shown = shown(text, isService: isService, learns: isFromClient && isService) {
      text = shown
    } else {
      guard !isFromClient, hideKnown(in: &text) else { return false }
    }
    message.parameters = [message.parameters[0], text]
    return true
  }

  // MARK: Commands

  private mutating func hide(_ parameter: inout [UInt8], _ learns: Bool) -> Bool {
    guard !parameter.isEmpty else { return false }
    if learns { learn(parameter) }
    parameter = WithheldSecret.mark
    return true
  }

  private mutating func hideAll(from start: Int, in message: inout IRCMessage, _ learns: Bool) -> Bool {
    var isHidden = false
    for place in message.parameters.indices.dropFirst(start) where hide(&message.parameters[place], learns) {
      isHidden = true
    }
    return isHidden
  }

  /// `NICKSERV IDENTIFY secret`, `IDENTIFY secret`: the words of a message to a service, as parameters.
  private mutating func hideWords(of message: inout IRCMessage) -> Bool {
    let isVerb = Self.verbs.contains { message.command.equalsIgnoringCase($0) }
    let words = (isVerb ? [message.command] : []) + message.parameters
    let text = Array(words.joined(separator: [0x20]))
    guard let shown = shown(text, isService: true, learns: true) else { return false }
    message.parameters = shown.split(separator: 0x20).dropFirst(isVerb ? 1 : 0).map { Array($0) }
    return true
  }

  private mutating func takeResponse(_ message: inout IRCMessage) -> Bool {
    guard let text = message.parameters.first else { return false }
    guard !text.elementsEqual("*".utf8) || message.parameters.count > 1 else {
      endExchange()
      return false
    }
    guard var credentials else {
      // The first word of an exchange names the mechanism (RFC 4422, 3.1); behind a missing beginning it is a response.
      let isMechanism = message.parameters.count == 1 && Self.isMechanism(text)
      self.credentials = MailCredentials(mechanism: isMechanism ? text : [])
      response = []
      if !isMechanism { message.parameters = [WithheldSecret.mark] }
      return !isMechanism
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

  /// One to twenty capitals, digits, hyphens and low lines.
  private static func isMechanism(_ text: [UInt8]) -> Bool {
    (1...20).contains(text.count)
      && text.allSatisfy { (0x41...0x5a).contains($0) || $0.isDigit || $0 == 0x2d || $0 == 0x5f }
  }

  /// The mechanism that the client chose.
  var mechanism: [UInt8]? { credentials.flatMap { $0.mechanism.isEmpty ? nil : $0.mechanism } }

  /// The exchange is over (answers 900 to 908).
  mutating func endExchange() {
    credentials = nil
    response = []
  }

  // MARK: Messages to services

  private static func isService(_ targets: [UInt8]) -> Bool {
    targets.split(separator: 0x2c).contains { target in
      let name = target.prefix { $0 != 0x40 && $0 != 0x25 }
      return services.contains { name.equalsIgnoringCase($0) }
    }
  }

  private static func isOne(of names: [StaticString], _ word: [UInt8]) -> Bool {
    names.contains { word.equalsIgnoringCase($0) }
  }

  /// Verbs behind which exactly two words are an account and its secret.
  private static let accountVerbs: [StaticString] = [
    "IDENTIFY", "ID", "IDENT", "SIDENTIFY", "LOGIN", "AUTH", "AUTHENTICATE",
  ]
  /// Verbs behind which exactly two words are a nick and the secret of its account.
  private static let nickVerbs: [StaticString] = ["GHOST", "RECOVER", "RELEASE", "REGAIN", "RECLAIM", "GROUP", "DROP"]
  private static let settings: [StaticString] = ["PASSWORD", "PASS", "PASSWD", "NEWPASS"]

  /// What may be shown of a text; nil when nothing of it is secret.
  private mutating func shown(_ text: [UInt8], isService: Bool, learns: Bool) -> [UInt8]? {
    let words = text.split(separator: 0x20).map { Array($0) }
    guard let verb = words.first, words.count > 1 else { return nil }
    let hidden: ArraySlice<[UInt8]>
    if isService, verb.equalsIgnoringCase("SET") {
      guard words.count > 2, words[1...].contains(where: { Self.isOne(of: Self.settings, $0) }) else { return nil }
      hidden = words[(Self.isOne(of: Self.settings, words[1]) ? 2 : 1)...]
    } else if isService, Self.isOne(of: Self.verbs, verb) {
      guard words.count > 2 || !Self.isOne(of: ["DROP", "LOGOUT"], verb) else { return nil }
      let isChannel = words[1].first == 0x23 || words[1].first == 0x26
      guard words.count > 2 || !isChannel else { return nil }
      let isAccount = words.count == 3 && !isChannel && Self.isOne(of: Self.accountVerbs, verb)
      let isNick = words.count == 3 && Self.isOne(of: Self.nickVerbs, verb)
      if isAccount, learns { account = words[1] }
      hidden = words[(isAccount || isNick || isChannel ? 2 : 1)...]
    } else {
      // To somebody who is no service, only the words that have no other meaning count.
      guard Self.isOne(of: ["IDENTIFY", "SIDENTIFY"], verb), words.count <= 3 else { return nil }
      hidden = words[(words.count - 1)...]
    }
    // What stands behind old and new secret are no secrets, but words that others say, too.
    let isRegistration = Self.isOne(of: ["REGISTER", "REG"], verb)
    if learns { for word in hidden.prefix(isRegistration ? 1 : 2) { learn(word) } }
    return Array((words[..<hidden.startIndex] + [WithheldSecret.mark]).joined(separator: [0x20]))
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
