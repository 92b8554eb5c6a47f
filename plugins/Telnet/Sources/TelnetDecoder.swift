public import DecoderKit

/// Decodes Telnet (RFC 854) with its options (RFC 855 and those of IANA's registry).
public struct TelnetDecoder: EvidenceDecoder {
  public static let identity = DecoderIdentity(
    name: "telnet", version: "1.0", summary: "Telnet: what was typed and shown, and the options of the terminal",
    kinds: [
      RecordKind(
        "telnet/session", "One connection",
        [
          FieldDeclaration("user", .text, "the last name typed at a prompt for one, else that of the options"),
          FieldDeclaration("userNames", .list, "every name typed at a prompt or named by an option, in their order"),
          FieldDeclaration("terminalType", .text, "the first terminal that the client names (RFC 1091)"),
          FieldDeclaration("terminalSpeed", .text, "the terminal's speed (RFC 1079)"),
          FieldDeclaration("windowWidth", .integer, "columns of the window, as last told (RFC 1073)"),
          FieldDeclaration("windowHeight", .integer, "its rows"),
          FieldDeclaration("displayLocation", .text, "the client's X display (RFC 1096)"),
          FieldDeclaration("environment", .list, "variables of the client (RFC 1572, RFC 1408): name, value"),
          FieldDeclaration("negotiation", .list, "what both sides said of options, each once, in its first place"),
          FieldDeclaration("lineCount", .integer, "lines of both sides"),
          FieldDeclaration("withheldCount", .integer, "lines of which something is withheld"),
          FieldDeclaration("unclosedCount", .integer, "subnegotiations that do not end"),
          FieldDeclaration("unreadByteCount", .integer, "their bytes, which are not read"),
          FieldDeclaration("isEncrypted", .boolean, "a part of it was encrypted and is not read"),
          FieldDeclaration("isComplete", .boolean, "nothing is missing from the capture, and all of it was read"),
          FieldDeclaration("transcriptSha256", .text, "the dialogue as text, with times"),
        ]),
      RecordKind(
        "telnet/line", "One line that a side sent",
        [
          FieldDeclaration("speaker", .text, "client or server"),
          FieldDeclaration("text", .text, "the line without its end; what is typed at prompts for secrets is withheld"),
          FieldDeclaration("isWhole", .boolean, "false of a line that was cut, or whose end is missing"),
          FieldDeclaration("isWithheld", .boolean, "something of it is withheld"),
        ]),
    ],
    limits: [
      NamedLimit("bytes of a line", TerminalDialogue.maximumLineByteCount, "bytes"),
      NamedLimit("bytes of a subnegotiation", CommandReading.maximumSubnegotiation, "bytes"),
      NamedLimit("statements on options that are kept", TelnetOptions.maximumStatements, "statements"),
      NamedLimit("variables of the client that are kept", TelnetOptions.maximumVariables, "variables"),
      NamedLimit("names of users that are kept", TerminalDialogue.maximumUserCount, "names"),
      NamedLimit("bytes of a transcript", Transcript.maximumByteCount, "bytes"),
    ])

  public init() {}

  /// On port 23 text is enough, elsewhere two commands of Telnet have to come first.
  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .tcp = context.carrier, bytes.byteCount > 0 else { return .none }
    let isOwnPort = context.carrier.usesPort(23)
    if bytes[0] == CommandReading.iac { return Self.claimCommands(bytes, isOwnPort) }
    guard isOwnPort else { return .none }
    var reader = ByteReader(bytes)
    for _ in 0..<min(bytes.byteCount, 256) {
      guard let byte: UInt8 = try? reader.read("text") else { break }
      guard Self.isText(byte) else { return .none }
    }
    // Other protocols are told at once by what they begin with.
    for start: StaticString in ["SSH-", "GET ", "POST ", "HTTP/", "220 ", "+OK", "* OK"] where bytes.starts(with: start)
    {
      return .none
    }
    return .port
  }

  private static func claimCommands(_ bytes: RawSpan, _ isOwnPort: Bool) -> Claim {
    var reader = ByteReader(bytes)
    // Each turn takes a command; two are enough.
    for count in 0..<2 {
      guard let first = reader.peek(), let verb = reader.peek(1), let option = reader.peek(2) else {
        guard let verb = reader.peek(1) else { return count == 0 ? .needsMore : rank(isOwnPort, count) }
        return (0xf0...0xfe).contains(verb)
          ? (isOwnPort ? .port : .needsMore) : count == 0 ? .none : rank(isOwnPort, count)
      }
      guard first == CommandReading.iac else { return rank(isOwnPort, count) }
      switch verb {
      case 0xfa...0xfe where TelnetOptions.name(option) != nil: break
      case 0xf1...0xf9 where isOwnPort: return .port
      case 0xfa...0xff where isOwnPort: return .port
      default: return count == 0 ? .none : rank(isOwnPort, count)
      }
      guard (try? reader.skip(3, "command")) != nil else { return .none }
    }
    return .content
  }

  private static func rank(_ isOwnPort: Bool, _ count: Int) -> Claim {
    isOwnPort ? .port : count > 0 ? .candidate : .none
  }

  private static func isText(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x00, 0x03...0x1f, 0x20...0x7f, 0x80...0xf4, CommandReading.iac: true
    default: false
    }
  }

  public func makeSession(in context: borrowing DecodingContext) -> TelnetSession { TelnetSession(context.carrier) }
}
