public import DecoderKit

/// Decodes Internet Relay Chat (RFC 1459, RFC 2812) with message tags, capabilities and SASL of IRCv3, CTCP and DCC's offers.
public struct IRCDecoder: EvidenceDecoder {
  public static let identity = DecoderIdentity(
    name: "irc", version: "1.0",
    summary: "Internet Relay Chat: who said what to whom, who came and went, and offers of files",
    kinds: [
      RecordKind(
        "irc/session", "One connection",
        [
          FieldDeclaration("nick", .text, "the client's last nick"),
          FieldDeclaration("userNames", .list, "all its nicks, in their order"),
          FieldDeclaration("user", .text, "the user name that the client gives (USER)"),
          FieldDeclaration("realName", .text, "the real name that it gives"),
          FieldDeclaration("account", .text, "the account that it logs in to, by SASL or at a service"),
          FieldDeclaration("mechanism", .text, "the last mechanism of SASL"),
          FieldDeclaration("serverName", .text, "the server, as it names itself"),
          FieldDeclaration("channels", .list, "channels that the client joined, each once"),
          FieldDeclaration("capabilities", .list, "capabilities that the server agreed to (IRCv3)"),
          FieldDeclaration("messageCount", .integer, "records irc/message"),
          FieldDeclaration("lineCount", .integer, "lines of both sides"),
          FieldDeclaration("withheldCount", .integer, "lines of which something is withheld"),
          FieldDeclaration("oddCount", .integer, "lines that are no messages"),
          FieldDeclaration("isEncrypted", .boolean, "it goes on in TLS, which is not read"),
          FieldDeclaration("isComplete", .boolean, "nothing is missing from the capture, and all of it was read"),
          FieldDeclaration("transcriptSha256", .text, "the dialogue as text, with times"),
        ]),
      RecordKind("irc/message", "One message that somebody says", said),
      RecordKind(
        "irc/command", "Any other message: comings and goings, nicks, topics, answers of the server",
        common + [
          FieldDeclaration("arguments", .list, "all parameters; secrets are withheld"),
          FieldDeclaration("channel", .text, "the channel of JOIN, PART, KICK, TOPIC, MODE and INVITE"),
          FieldDeclaration("target", .text, "who is kicked or invited"),
          FieldDeclaration("renamedTo", .text, "the new nick"),
        ]),
      RecordKind(
        "irc/offer", "One offer of a connection between two clients, or an answer to one (DCC)",
        common + [
          FieldDeclaration("to", .text, "to whom"),
          FieldDeclaration("operation", .text, "SEND, CHAT, RESUME, ACCEPT …"),
          FieldDeclaration("fileName", .text, "the file's name, as it stood"),
          FieldDeclaration("fileByteCount", .integer, "its size, as stated"),
          FieldDeclaration("offset", .integer, "the byte from which it is to go on"),
          FieldDeclaration("endpoint", .text, "where whoever offers it listens"),
          FieldDeclaration("addressText", .text, "an address that cannot be read"),
          FieldDeclaration("port", .integer, "the port; 0 asks the other side to listen"),
          FieldDeclaration("token", .text, "what pairs an offer with its answer"),
        ]),
    ],
    limits: [
      NamedLimit("bytes of a line", IRCSession.maximumLine, "bytes"),
      NamedLimit("parameters of a message that are told apart", IRCMessage.maximumParameters, "parameters"),
      NamedLimit("tags of a message that are kept", IRCMessage.maximumTags, "tags"),
      NamedLimit("nicks, channels and capabilities that are kept", SessionFacts.maximumNames, "names"),
      NamedLimit("bytes of a response of SASL", SecretReading.maximumResponse, "bytes"),
      NamedLimit("secrets that are looked for in answers", SecretReading.maximumKnown, "secrets"),
      NamedLimit("bytes of a transcript", Transcript.maximumByteCount, "bytes"),
    ])

  private static let common = [
    FieldDeclaration("command", .text, "the command in capitals, or the number of an answer"),
    FieldDeclaration("speaker", .text, "client or server: who sent it over this connection"),
    FieldDeclaration("from", .text, "the nick or server that it comes from"),
    FieldDeclaration("userHost", .text, "user and host behind the nick"),
    FieldDeclaration("account", .text, "the sender's account (IRCv3)"),
    FieldDeclaration("messageID", .text, "the message's identifier (IRCv3)"),
    FieldDeclaration("writtenAt", .time, "when it was sent, as the server says (IRCv3)"),
    FieldDeclaration("tags", .list, "tags of IRCv3: name, value"),
    FieldDeclaration("isWithheld", .boolean, "something of it is withheld"),
  ]

  private static let said =
    common + [
      FieldDeclaration("to", .text, "the channel, nick or service that it goes to; several stand between commas"),
      FieldDeclaration(
        "text", .text, "what is said; of an action what is done, of a request what stands behind its name"),
      FieldDeclaration("isAction", .boolean, "it is an action (/me)"),
      FieldDeclaration("request", .text, "the name of a request between clients (CTCP), or of an answer to one"),
    ]

  public init() {}

  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .tcp = context.carrier, bytes.byteCount > 0 else { return .none }
    let isOwnPort = context.carrier.usesPort(
      194, 6_660, 6_661, 6_662, 6_663, 6_664, 6_665, 6_666, 6_667, 6_668, 6_669, 7_000)
    return SessionStart.claim(bytes, isOwnPort: isOwnPort)
  }

  public func makeSession(in context: borrowing DecodingContext) -> IRCSession { IRCSession(context.carrier) }
}
