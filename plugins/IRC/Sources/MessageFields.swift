import DecoderKit

extension IRCMessage {
  /// The message as one line again, for what is withheld of it.
  var line: [UInt8] {
    var out: [UInt8] = []
    if let prefix { out += [0x3a] + prefix + [0x20] }
    out += command
    for (place, parameter) in parameters.enumerated() {
      let isLast = place == parameters.count - 1
      let needsMark = isLast && (parameter.isEmpty || parameter.first == 0x3a || parameter.contains(0x20))
      out += (needsMark ? [0x20, 0x3a] : [0x20]) + parameter
    }
    return out
  }

  /// What all records have: who sent it, and when by the server's own clock.
  ///
  /// A client's own prefix and tags prove nothing; servers pass them over. The tags stay as they stood.
  func fields(isFromClient: Bool, ownNick: [UInt8]?) -> Fields {
    var fields: Fields = ["speaker": .text(isFromClient ? "client" : "server")]
    fields.set("command", wire: command)
    if let from = isFromClient ? ownNick : nick { fields.set("from", wire: from) }
    if !isFromClient, let userHost { fields.set("userHost", wire: userHost) }
    if !isFromClient, let account = tag("account") { fields.set("account", wire: account) }
    if let identifier = tag("msgid") { fields.set("messageID", wire: identifier) }
    if !isFromClient, let time = tag("time"),
      let moment = CaptureTime(rfc3339: String(decoding: time, as: UTF8.self))
    {
      fields.set("writtenAt", moment)
    }
    if !tags.isEmpty {
      fields.set(
        "tags",
        .list(
          tags.map { tag in
            var entry = Fields()
            entry.set("name", wire: tag.name)
            entry.set("value", wire: tag.value)
            return .object(entry)
          }))
    }
    return fields
  }

  /// Sets the parameters, and what some commands mean by them.
  func placeArguments(in fields: inout Fields) {
    if !parameters.isEmpty {
      fields.set("arguments", .list(parameters.map { .text(String(decoding: $0, as: UTF8.self)) }))
    }
    guard let first = parameters.first else { return }
    if isCommand("NICK") { fields.set("renamedTo", wire: first) }
    for name: StaticString in ["JOIN", "PART", "KICK", "TOPIC", "MODE"] where isCommand(name) {
      // A nick's own modes are of no channel.
      if let mark = first.first, [0x23, 0x26, 0x2b, 0x21].contains(mark) { fields.set("channel", wire: first) }
    }
    if parameters.count > 1, isCommand("KICK") { fields.set("target", wire: parameters[1]) }
    if parameters.count > 1, isCommand("INVITE") {
      fields.set("target", wire: first)
      fields.set("channel", wire: parameters[1])
    }
  }

  /// Sets receiver and text of what is said; gives what stands behind `DCC ` in an offer.
  func placeText(in fields: inout Fields) -> [UInt8]? {
    if let first = parameters.first, parameters.count > 1 { fields.set("to", wire: first) }
    let place = isCommand("WALLOPS") ? 0 : 1
    guard parameters.count > place, !isCommand("TAGMSG") else { return nil }
    var text = parameters[place]
    // A request between clients stands between two bytes 1; some leave the second one away.
    guard text.first == 1, text.count > 1 else {
      fields.set("text", wire: text)
      return nil
    }
    text.removeFirst()
    if text.last == 1 { text.removeLast() }
    let name = text.prefix { $0 != 0x20 }
    let rest = Array(text.dropFirst(name.count + 1))
    if name.equalsIgnoringCase("ACTION") {
      fields.set("isAction", true)
    } else {
      fields.set("request", wire: name.asciiUppercased)
    }
    fields.set("text", wire: rest)
    return name.equalsIgnoringCase("DCC") ? rest : nil
  }
}
