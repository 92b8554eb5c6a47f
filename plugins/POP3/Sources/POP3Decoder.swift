public import DecoderKit

/// POP3 over TCP on any port (RFC 1939, RFC 2449, RFC 1734, RFC 2595).
public struct POP3Decoder: EvidenceDecoder {
  public static let identity = DecoderIdentity(
    name: "pop3", version: "1.0", summary: "Post Office Protocol 3: the dialogue and the messages that are fetched",
    kinds: [
      RecordKind(
        "pop3/message", "A message, or the beginning of one, that a client fetched from its mailbox.",
        [
          FieldDeclaration("command", .text, "with which it was fetched: RETR or TOP"),
          FieldDeclaration("messageNumber", .integer, "its number in the mailbox during this session"),
          FieldDeclaration("uniqueID", .text, "the server's lasting name for it (UIDL), where it was listed"),
          FieldDeclaration("user", .text, "whose mailbox it is"),
          FieldDeclaration("reply", .text, "the server's answer before the message"),
          FieldDeclaration("sha256", .text, "the message, stuffed dots taken out"),
          FieldDeclaration("byteCount", .integer, "its bytes"),
          FieldDeclaration("isComplete", .boolean, "whether all of it was sent and captured"),
        ]),
      RecordKind(
        "pop3/command", "One command with its reply; either may be missing when the capture lacks it.",
        [
          FieldDeclaration("command", .text, "the command's verb; none of the server's greeting"),
          FieldDeclaration("argument", .text, "what stood behind it; secrets withheld"),
          FieldDeclaration("user", .text, "the user that credentials name"),
          FieldDeclaration("isPositive", .boolean, "whether the server agreed (+OK)"),
          FieldDeclaration("reply", .text, "the reply's text, a line for each of its lines"),
        ]),
      RecordKind(
        "pop3/session", "One connection.",
        [
          FieldDeclaration("user", .text, "whose mailbox it is"),
          FieldDeclaration("messageCount", .integer, "records pop3/message"),
        ] + DialogueTranscript.fields),
    ],
    limits: [
      NamedLimit("bytes of a line", POP3Session.maximumLineByteCount, "bytes"),
      NamedLimit("bytes of a listing that are kept in a record", POP3Session.maximumListingByteCount, "bytes"),
      NamedLimit("commands without a reply that are kept", POP3Session.maximumPendingCount, "commands"),
      NamedLimit("unique identifiers that are remembered", POP3Session.maximumIdentifierCount, "identifiers"),
    ])

  public init() {}

  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .tcp = context.carrier else { return .none }
    let reader = ByteReader(bytes)
    let isMailPort = context.carrier.usesPort(110)
    // Many protocols answer +OK (Redis among them): the port must speak for it, or the line itself.
    if bytes.starts(with: "+OK") || bytes.starts(with: "-ERR") {
      guard let length = reader.distance(to: 0x0a, within: 1_024) else {
        return bytes.byteCount < 1_024 ? .needsMore : .none
      }
      let line = bytes.extracting(first: length).array().asciiLowercased
      let words: [StaticString] = ["pop3", "dovecot ready", "pop server", "qpopper"]
      if words.contains(where: { line.contains($0) }) { return .content }
      return isMailPort ? .port : .none
    }
    guard isMailPort, let length = reader.distance(to: 0x0a, within: 256) else { return .none }
    let line = bytes.extracting(first: length).array().trimmed
    let verb = line.prefix { $0 != 0x20 }
    return POP3Session.verbs.contains { verb.equalsIgnoringCase($0) } ? .port : .none
  }

  public func makeSession(in context: borrowing DecodingContext) -> POP3Session { POP3Session() }
}

extension [UInt8] {
  /// Whether these bytes, in lower case, hold `text`.
  fileprivate func contains(_ text: StaticString) -> Bool { contains(Array(text.description.utf8)) }
}
