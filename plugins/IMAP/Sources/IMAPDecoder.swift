public import DecoderKit

/// IMAP4 over TCP on any port (RFC 9051, RFC 3501, RFC 7888, RFC 2177).
public struct IMAPDecoder: EvidenceDecoder {
  public static let identity = DecoderIdentity(
    name: "imap", version: "1.0",
    summary: "Internet Message Access Protocol: the dialogue and the messages read or stored",
    kinds: [
      RecordKind(
        "imap/message", "A message, or a part of one, that a client fetched from a mailbox or stored in it.",
        [
          FieldDeclaration("command", .text, "FETCH when it was read, APPEND when it was stored"),
          FieldDeclaration("mailbox", .text, "the folder; as selected, or as APPEND names it"),
          FieldDeclaration("messageNumber", .integer, "its number in the folder at that moment"),
          FieldDeclaration("uid", .integer, "its lasting number in the folder (UID)"),
          FieldDeclaration("section", .text, "which part was fetched (RFC 9051, 6.4.5); empty is the whole message"),
          FieldDeclaration("offset", .integer, "where in the section the bytes begin, of a partial fetch"),
          FieldDeclaration("flags", .list, "the flags that stood beside it"),
          FieldDeclaration("internalDate", .text, "when the server says it arrived"),
          FieldDeclaration("announcedByteCount", .integer, "the size of the whole message that the server names"),
          FieldDeclaration("fileName", .text, "the name that the message's structure gives the part"),
          FieldDeclaration("mediaType", .text, "the type that the message's structure gives the part"),
          FieldDeclaration("user", .text, "who had logged in"),
          FieldDeclaration("sha256", .text, "the bytes; of a part with its transfer coding undone"),
          FieldDeclaration("byteCount", .integer, "how many bytes are stored"),
          FieldDeclaration("isComplete", .boolean, "whether all of the section was sent and captured"),
        ]),
      RecordKind(
        "imap/command", "One command with its completion; either may be missing when the capture lacks it.",
        [
          FieldDeclaration("tag", .text, "the client's name for the command"),
          FieldDeclaration("command", .text, "the command's verb; none of the server's greeting"),
          FieldDeclaration("argument", .text, "what stood behind it; secrets withheld, long content left out"),
          FieldDeclaration("user", .text, "the user that credentials name"),
          FieldDeclaration("result", .text, "OK, NO, BAD, PREAUTH or BYE"),
          FieldDeclaration("reply", .text, "the text of the completion"),
          FieldDeclaration("untagged", .text, "what the server reported before it, a line each; long content left out"),
          FieldDeclaration("isCut", .boolean, "whether lines of `untagged` are left out because there are too many"),
        ]),
      RecordKind(
        "imap/session", "One connection.",
        [
          FieldDeclaration("user", .text, "who had logged in"),
          FieldDeclaration("messageCount", .integer, "records imap/message"),
        ] + DialogueTranscript.fields),
    ],
    limits: [
      NamedLimit("bytes of a line without its literals", LogicalLine.maximumByteCount, "bytes"),
      NamedLimit("bytes of a literal that is part of a line", LogicalLine.maximumLiteralByteCount, "bytes"),
      NamedLimit("bytes of untagged responses kept in a record", IMAPSession.maximumUntaggedByteCount, "bytes"),
      NamedLimit("commands without completion that are kept", IMAPSession.maximumPendingCount, "commands"),
      NamedLimit("message structures that are remembered", IMAPSession.maximumStructureCount, "structures"),
      NamedLimit("depth of a message's structure", SyntaxNode.maximumDepth, "levels"),
    ])

  public init() {}

  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .tcp = context.carrier else { return .none }
    let isMailPort = context.carrier.usesPort(143)
    guard let length = bytes.firstOffset(of: 0x0a, within: 1_024) else {
      guard bytes.byteCount < 1_024 else { return isMailPort && bytes.starts(with: "* ") ? .port : .none }
      return bytes.starts(with: "* ") || (isMailPort && bytes.byteCount < 64) ? .needsMore : .none
    }
    let line = bytes.extracting(first: length).array().trimmed
    let words = line.split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: true)
    guard words.count >= 2 else { return .none }
    if words[0] == [0x2a] {
      if words[1].equalsIgnoringCase("OK") || words[1].equalsIgnoringCase("PREAUTH") {
        let isNamed = line.asciiLowercased.contains(Array("imap".utf8))
        return isNamed ? .content : isMailPort ? .port : .needsMore
      }
      if words.count > 2, words[1].allSatisfy({ $0.isDigit }) {
        for name in ["FETCH", "EXISTS", "RECENT", "EXPUNGE"] as [StaticString]
        where words[2].equalsIgnoringCase(name) { return .content }
      }
      return isMailPort ? .port : .none
    }
    guard words[0].count <= 32, words[0].allSatisfy(Self.isTagByte) else { return .none }
    let verb = words[1]
    // On other ports the tag must look like one, for `EHLO fetch` does not begin IMAP.
    let isTag = words[0].count == 1 || words[0].contains { $0.isDigit }
    for name in IMAPSession.plainVerbs where verb.equalsIgnoringCase(name) {
      return isMailPort ? .content : isTag ? .port : .none
    }
    return isMailPort && IMAPSession.otherVerbs.contains { verb.equalsIgnoringCase($0) } ? .port : .none
  }

  private static func isTagByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2e, 0x2d, 0x5f: true
    default: false
    }
  }

  public func makeSession(in context: borrowing DecodingContext) -> IMAPSession { IMAPSession() }
}
