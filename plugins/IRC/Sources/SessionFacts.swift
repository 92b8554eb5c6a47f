import DecoderKit

/// Who the client is and where it is, as both sides tell it.
struct SessionFacts {
  static let maximumNames = 1_024

  private(set) var nick: [UInt8]?
  private(set) var nicks: [[UInt8]] = []
  private(set) var user: [UInt8]?
  private(set) var realName: [UInt8]?
  private(set) var serverName: [UInt8]?
  private(set) var channels: [[UInt8]] = []
  private(set) var capabilities: [[UInt8]] = []
  private var known: Set<[UInt8]> = []
  /// The server has welcomed the client: nicks count once it confirms them.
  private var isWelcome = false

  mutating func learn(fromClient message: IRCMessage) {
    guard let first = message.parameters.first else { return }
    if message.isCommand("NICK"), !isWelcome {
      call(first)
    } else if message.isCommand("USER"), message.parameters.count >= 4 {
      user = first
      realName = message.parameters[3]
    }
  }

  mutating func learn(fromServer message: IRCMessage) {
    if let number = message.number {
      if number < 400, serverName == nil { serverName = message.prefix }
      // 001 to 003 are the welcome.
      if (1...3).contains(number), let name = message.parameters.first {
        isWelcome = true
        call(name)
      }
      // The nick is odd, in use, in use elsewhere, or not to be had now (RFC 2812, 5.2).
      if [432, 433, 436, 437].contains(number), !isWelcome, message.parameters.count > 1 {
        refuse(message.parameters[1])
      }
      return
    }
    if message.isCommand("CAP"), message.parameters.count > 2, message.parameters[1].equalsIgnoringCase("ACK") {
      for name in message.parameters[2].split(separator: 0x20) where capabilities.count < Self.maximumNames {
        if name.first != 0x2d, !capabilities.contains(Array(name)) { capabilities.append(Array(name)) }
      }
      return
    }
    guard let name = message.nick, let first = message.parameters.first, isOwn(name) else { return }
    if message.isCommand("NICK") {
      call(first)
    } else if message.isCommand("JOIN") {
      for channel in first.split(separator: 0x2c) where channels.count < Self.maximumNames {
        if known.insert(Array(channel)).inserted { channels.append(Array(channel)) }
      }
    }
  }

  private func isOwn(_ name: [UInt8]) -> Bool { nick.map { $0.asciiLowercased == name.asciiLowercased } ?? false }

  private mutating func call(_ name: [UInt8]) {
    guard nick != name, !name.isEmpty else { return }
    nick = name
    if nicks.count < Self.maximumNames { nicks.append(name) }
  }

  private mutating func refuse(_ name: [UInt8]) {
    nicks.removeAll { $0 == name }
    if nick == name { nick = nicks.last }
  }

  func place(in fields: inout Fields) {
    let texts = { (list: [[UInt8]]) in Value.list(list.map { .text(String(decoding: $0, as: UTF8.self)) }) }
    if let nick { fields.set("nick", wire: nick) }
    if !nicks.isEmpty { fields.set("userNames", texts(nicks)) }
    if let user { fields.set("user", wire: user) }
    if let realName { fields.set("realName", wire: realName) }
    if let serverName { fields.set("serverName", wire: serverName) }
    if !channels.isEmpty { fields.set("channels", texts(channels)) }
    if !capabilities.isEmpty { fields.set("capabilities", texts(capabilities)) }
  }
}
