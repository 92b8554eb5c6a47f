public import DecoderKit

/// SMTP and LMTP over TCP on any port (RFC 5321, RFC 2033), with pipelining, chunking and authentication.
public struct SMTPDecoder: EvidenceDecoder {
  public static let identity = DecoderIdentity(
    name: "smtp", version: "1.0", summary: "Simple Mail Transfer Protocol: the dialogue and the messages",
    kinds: [
      RecordKind(
        "smtp/message", "A message that was handed over, with its envelope.",
        [
          FieldDeclaration("mailFrom", .text, "the sender that the envelope names (MAIL FROM)"),
          FieldDeclaration(
            "recipients", .list, "the recipients that the envelope names (RCPT TO): address, status, reply"),
          FieldDeclaration("parameters", .text, "what stood behind the sender, such as SIZE=1000 BODY=8BITMIME"),
          FieldDeclaration("clientName", .text, "the name that the client gave itself (HELO, EHLO, LHLO)"),
          FieldDeclaration("serverName", .text, "the name in the server's greeting"),
          FieldDeclaration("user", .text, "who had logged in"),
          FieldDeclaration("status", .integer, "the server's final answer to the message"),
          FieldDeclaration("reply", .text, "its text"),
          FieldDeclaration("isChunked", .boolean, "it came in chunks (BDAT, RFC 3030)"),
          FieldDeclaration("sha256", .text, "the message, stuffed dots taken out"),
          FieldDeclaration("byteCount", .integer, "its bytes"),
          FieldDeclaration("isComplete", .boolean, "whether all of it was captured, up to its end"),
        ]),
      RecordKind(
        "smtp/command", "One command with its reply; either may be missing when the capture lacks it.",
        [
          FieldDeclaration("command", .text, "the command's verb; none of the server's greeting"),
          FieldDeclaration("argument", .text, "what stood behind it; secrets withheld"),
          FieldDeclaration("user", .text, "the user that credentials name"),
          FieldDeclaration("status", .integer, "the reply's code"),
          FieldDeclaration("reply", .text, "the reply's text, a line for each of its lines"),
        ]),
      RecordKind(
        "smtp/session", "One connection.",
        [
          FieldDeclaration("clientName", .text, "the name that the client gave itself last"),
          FieldDeclaration("serverName", .text, "the name in the server's greeting"),
          FieldDeclaration("user", .text, "who had logged in"),
          FieldDeclaration("messageCount", .integer, "records smtp/message"),
        ] + DialogueTranscript.fields),
    ],
    limits: [
      NamedLimit("bytes of a line", SMTPSession.maximumLineByteCount, "bytes"),
      NamedLimit("lines of a reply", SMTPSession.maximumReplyLineCount, "lines"),
      NamedLimit("commands without a reply that are kept", SMTPSession.maximumPendingCount, "commands"),
      NamedLimit("recipients of a message", Transaction.maximumRecipientCount, "recipients"),
    ])

  public init() {}

  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .tcp = context.carrier else { return .none }
    return Opening.judge(bytes, isMailPort: context.carrier.usesPort(25, 587, 2_525, 24))
  }

  public func makeSession(in context: borrowing DecodingContext) -> SMTPSession { SMTPSession() }
}

/// Knows SMTP by how a side begins.
enum Opening {
  /// What can be nothing else, in the client's first line.
  private static let greetings: [StaticString] = ["EHLO ", "HELO ", "LHLO ", "MAIL FROM:", "RCPT TO:"]

  static func judge(_ bytes: RawSpan, isMailPort: Bool) -> Claim {
    var reader = ByteReader(bytes)
    guard let length = reader.distance(to: 0x0a, within: 1_024) else {
      // A line that has not ended: it may still be one of these.
      guard bytes.byteCount < 1_024 else { return .none }
      let begins = greetings.contains { isPrefix(reader, of: $0) } || isPrefix(reader, of: "220 ")
      return begins || isPrefix(reader, of: "220-") ? .needsMore : .none
    }
    guard let line = try? reader.take(length, "line").array() else { return .none }
    if greetings.contains(where: { line.prefix($0.utf8CodeUnitCount).equalsIgnoringCase($0) }) { return .content }
    guard line.starts(with: [0x32, 0x32, 0x30]), line.count == 3 || line[3] == 0x20 || line[3] == 0x2d else {
      return .none
    }
    if line.asciiLowercased.contains(Array("smtp".utf8)) || line.asciiLowercased.contains(Array("lmtp".utf8)) {
      return .content
    }
    // The same greeting begins FTP: the port tells, or what the client says then.
    return isMailPort ? .port : .needsMore
  }

  private static func isPrefix(_ reader: borrowing ByteReader, of text: StaticString) -> Bool {
    for place in 0..<text.utf8CodeUnitCount {
      guard let seen = reader.peek(place) else { return place > 0 }
      // Safe: `place` is inside the static string.
      guard unsafe seen.asciiLowercased == text.utf8Start[place].asciiLowercased else { return false }
    }
    return true
  }
}
