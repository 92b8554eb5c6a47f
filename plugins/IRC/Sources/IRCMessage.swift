import DecoderKit

/// One line of IRC (RFC 2812, 2.3.1) with the tags of IRCv3.
struct IRCMessage {
  /// Parameters that are told apart; the last one holds the rest. RFC 1459 has 15.
  static let maximumParameters = 64
  /// Tags of a line that are kept.
  static let maximumTags = 128

  private(set) var tags: [(name: [UInt8], value: [UInt8])] = []
  /// Who it comes from, without the colon; nil where the line does not say.
  private(set) var prefix: [UInt8]?
  /// In capitals; digits of an answer.
  let command: [UInt8]
  var parameters: [[UInt8]] = []

  /// Nil when there is no command of letters, or of three digits.
  init?(_ line: some Collection<UInt8>) {
    var rest = Array(line)[...]
    while let last = rest.last, last == 0x0d || last == 0x0a { rest.removeLast() }
    if rest.first == 0x40 {
      tags = Self.tags(Self.word(&rest).dropFirst())
    }
    Self.passSpaces(&rest)
    if rest.first == 0x3a { prefix = Array(Self.word(&rest).dropFirst()) }
    Self.passSpaces(&rest)
    let verb = Self.word(&rest)
    guard Self.isCommand(verb) else { return nil }
    command = verb.asciiUppercased
    // Each turn takes a parameter.
    while parameters.count < Self.maximumParameters {
      Self.passSpaces(&rest)
      guard let first = rest.first else { break }
      if first == 0x3a || parameters.count == Self.maximumParameters - 1 {
        parameters.append(Array(first == 0x3a ? rest.dropFirst() : rest))
        break
      }
      parameters.append(Array(Self.word(&rest)))
    }
  }

  static func isCommand(_ verb: some Collection<UInt8>) -> Bool {
    guard let first = verb.first, verb.count <= 32 else { return false }
    if first.isDigit { return verb.count == 3 && verb.allSatisfy { $0.isDigit } }
    return verb.allSatisfy { (0x61...0x7a).contains($0.asciiLowercased) || $0.isDigit || $0 == 0x5f }
      && !first.isDigit && first != 0x5f
  }

  private static func word(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let word = rest.prefix { $0 != 0x20 }
    rest = rest.dropFirst(word.count)
    return word
  }

  private static func passSpaces(_ rest: inout ArraySlice<UInt8>) { rest = rest.drop { $0 == 0x20 } }

  private static func tags(_ text: ArraySlice<UInt8>) -> [(name: [UInt8], value: [UInt8])] {
    text.split(separator: 0x3b).prefix(maximumTags).map { tag in
      let name = tag.prefix { $0 != 0x3d }
      return (Array(name), unescaped(tag.dropFirst(name.count + 1)))
    }
  }

  /// `\:` is a semicolon, `\s` a space, `\r` and `\n` are ends of lines; any other letter stands for itself.
  private static func unescaped(_ value: ArraySlice<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    var isEscaped = false
    for byte in value {
      if isEscaped {
        isEscaped = false
        switch byte {
        case 0x3a: out.append(0x3b)
        case 0x73: out.append(0x20)
        case 0x72: out.append(0x0d)
        case 0x6e: out.append(0x0a)
        default: out.append(byte)
        }
      } else if byte == 0x5c {
        isEscaped = true
      } else {
        out.append(byte)
      }
    }
    return out
  }

  /// The number of an answer; nil of other commands.
  var number: Int? { command.decimal(digits: 3...3) }

  /// The nick, or the server's name: what stands before `!` and `@` of the prefix.
  var nick: [UInt8]? {
    prefix.map { prefix in Array(prefix.prefix { $0 != 0x21 && $0 != 0x40 }) }
  }

  /// `user@host` behind the nick; nil when the prefix has none.
  var userHost: [UInt8]? {
    guard let prefix, let mark = prefix.firstIndex(where: { $0 == 0x21 || $0 == 0x40 }) else { return nil }
    return Array(prefix[(mark + 1)...])
  }

  func tag(_ name: String) -> [UInt8]? { tags.last { $0.name.elementsEqual(name.utf8) }?.value }

  func isCommand(_ name: StaticString) -> Bool { command.equalsIgnoringCase(name) }

  /// Whether it is something that somebody says.
  var isSaid: Bool { isCommand("PRIVMSG") || isCommand("NOTICE") || isCommand("TAGMSG") || isCommand("WALLOPS") }
}
