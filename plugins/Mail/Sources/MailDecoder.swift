public import DecoderKit

/// Messages of electronic mail with their parts (RFC 5322; MIME: RFC 2045 to 2049).
public struct MailDecoder: EvidenceDecoder {
  public static let identity = DecoderIdentity(
    name: "mail", version: "1.0", summary: "mail messages: headers, bodies, attachments, messages in messages",
    kinds: [
      RecordKind(
        "mail/message", "A mail message, as its own header describes it; all of it is what the sender claims.",
        [
          FieldDeclaration("from", .text, "the author, encoded words undone"),
          FieldDeclaration("sender", .text, "who sent it for the author"),
          FieldDeclaration("to", .text, "whom it is for, encoded words undone"),
          FieldDeclaration("cc", .text, "who gets a copy"),
          FieldDeclaration("bcc", .text, "who gets a copy that the others are not told of"),
          FieldDeclaration("replyTo", .text, "where answers shall go"),
          FieldDeclaration("addresses", .list, "every address of the fields above: field, name, address"),
          FieldDeclaration("subject", .text, "the subject, encoded words undone"),
          FieldDeclaration("date", .text, "the Date field as it stood"),
          FieldDeclaration("writtenAt", .time, "the moment that the Date field names"),
          FieldDeclaration("messageID", .text, "the message's identifier"),
          FieldDeclaration("inReplyTo", .text, "the identifiers of what it answers"),
          FieldDeclaration("references", .text, "the identifiers of the conversation it belongs to"),
          FieldDeclaration("received", .list, "the route: the Received fields from the top, the last station first"),
          FieldDeclaration("userAgent", .text, "the program that wrote it, as it says"),
          FieldDeclaration("headers", .list, "all header fields: name, value"),
          FieldDeclaration("mediaType", .text, "the declared type of the body"),
          FieldDeclaration("partCount", .integer, "how many parts with content it has"),
          FieldDeclaration("attachmentCount", .integer, "how many of them are attachments"),
          FieldDeclaration("textSha256", .text, "the first part that is plain text and no attachment"),
          FieldDeclaration("charset", .text, "the character set that this part, or the part, declares"),
          FieldDeclaration("htmlSha256", .text, "the first part that is HTML and no attachment"),
          FieldDeclaration("isHeadOnly", .boolean, "only header fields were at hand, as in a mailbox's listing"),
          FieldDeclaration("isComplete", .boolean, "whether the message ended as its structure says, without holes"),
        ]),
      RecordKind(
        "mail/part", "A part of a mail message that has content of its own.",
        [
          FieldDeclaration("part", .text, "where it stands in the message, as IMAP numbers parts (RFC 9051, 6.4.5)"),
          FieldDeclaration("mediaType", .text, "the media type that the part declares, or text/plain"),
          FieldDeclaration("charset", .text, "the character set that it declares"),
          FieldDeclaration("fileName", .text, "the name that the sender gave it"),
          FieldDeclaration("disposition", .text, "whether it is to be shown or kept: inline, attachment"),
          FieldDeclaration("contentID", .text, "the name by which other parts refer to it"),
          FieldDeclaration("transferCoding", .text, "the Content-Transfer-Encoding"),
          FieldDeclaration("headers", .list, "the part's header fields: name, value"),
          FieldDeclaration("sha256", .text, "the part's content, transfer coding undone"),
          FieldDeclaration("byteCount", .integer, "bytes of the content as stored"),
          FieldDeclaration("isComplete", .boolean, "whether all of the part was captured"),
        ]),
    ],
    limits: [
      NamedLimit("parts of a message", MailSession.maximumPartCount, "parts"),
      NamedLimit("depth of multiparts in each other", MailSession.maximumDepth, "levels"),
      NamedLimit("bytes of a head", MessageHead.maximumByteCount, "bytes"),
      NamedLimit("fields of a head", MessageHead.maximumFieldCount, "fields"),
      NamedLimit("bytes of a boundary", EntityScanner.maximumBoundaryByteCount, "bytes"),
      NamedLimit("addresses of a message", AddressList.maximumCount, "addresses"),
    ])

  public init() {}

  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .file(let mediaType, _) = context.carrier else { return .none }
    return switch mediaType {
    case "message/rfc822", "message/global", "text/rfc822-headers", "message/news": .content
    default: .none
    }
  }

  public func makeSession(in context: borrowing DecodingContext) -> MailSession {
    guard case .file(let mediaType, _) = context.carrier else { return MailSession(isHeadOnly: false) }
    return MailSession(isHeadOnly: mediaType.utf8.elementsEqual("text/rfc822-headers".utf8))
  }
}
