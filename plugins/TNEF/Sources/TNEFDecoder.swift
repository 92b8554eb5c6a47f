public import DecoderKit

/// Messages as Outlook and Exchange wrap them for each other: `winmail.dat`, application/ms-tnef (MS-OXTNEF).
public struct TNEFDecoder: EvidenceDecoder {
  public static let identity = DecoderIdentity(
    name: "tnef", version: "1.0", summary: "messages and attachments in winmail.dat (TNEF)",
    kinds: [
      RecordKind(
        "tnef/message", "A message in TNEF, as its own properties describe it; all of it is what the sender claims.",
        [
          FieldDeclaration("messageClass", .text, "what kind of message it is: IPM.Note is mail"),
          FieldDeclaration("subject", .text, "the subject"),
          FieldDeclaration("from", .text, "the author"),
          FieldDeclaration("to", .text, "whom it is for, by their displayed names"),
          FieldDeclaration("cc", .text, "who gets a copy"),
          FieldDeclaration("bcc", .text, "who gets a copy that the others are not told of"),
          FieldDeclaration("addresses", .list, "the author and every recipient: field, name, address"),
          FieldDeclaration("date", .text, "when it was sent, without a zone (attDateSent)"),
          FieldDeclaration("submittedAt", .time, "when its author submitted it (PidTagClientSubmitTime)"),
          FieldDeclaration("deliveredAt", .time, "when it was delivered (PidTagMessageDeliveryTime)"),
          FieldDeclaration("messageID", .text, "the message's identifier"),
          FieldDeclaration("codePage", .integer, "the code page of its 8-bit texts (attOemCodepage)"),
          FieldDeclaration("textSha256", .text, "the plain text"),
          FieldDeclaration("htmlSha256", .text, "the text in HTML"),
          FieldDeclaration("rtfSha256", .text, "the rich text, its compression undone"),
          FieldDeclaration("attachmentCount", .integer, "how many attachments it has"),
          FieldDeclaration("isComplete", .boolean, "whether all of it was captured and could be read"),
        ]),
      RecordKind(
        "tnef/attachment", "An attachment of a message in TNEF.",
        [
          FieldDeclaration("fileName", .text, "the name that the sender gave it"),
          FieldDeclaration("shortName", .text, "its name in 8.3 form, where it is another"),
          FieldDeclaration("displayName", .text, "what is shown in its place, where it is another name"),
          FieldDeclaration("mediaType", .text, "the media type that the sender declared"),
          FieldDeclaration("contentID", .text, "the name by which the text refers to it"),
          FieldDeclaration("createdAt", .time, "when the file was made, as its sender's system had it"),
          FieldDeclaration("modifiedAt", .time, "when it was changed last"),
          FieldDeclaration("sha256", .text, "its content"),
          FieldDeclaration("objectSha256", .text, "the object that it holds besides"),
          FieldDeclaration("byteCount", .integer, "bytes of the content as stored"),
          FieldDeclaration("isMessage", .boolean, "whether it is a message, which is read in its turn"),
          FieldDeclaration("isComplete", .boolean, "whether all of it was captured"),
        ]),
    ],
    limits: [
      NamedLimit("attachments of a message", TNEFSession.maximumAttachmentCount, "attachments"),
      NamedLimit("recipients of a message", TNEFSession.maximumRecipientCount, "recipients"),
      NamedLimit("bytes of an attribute that is no content", TNEFSession.maximumAttributeByteCount, "bytes"),
      NamedLimit("bytes of a property that is no content", PropertyList.maximumValueByteCount, "bytes"),
    ])

  static let signature: [UInt8] = [0x78, 0x9f, 0x3e, 0x22]

  public init() {}

  /// By the signature in any file, for many programs send it as `application/octet-stream`.
  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .file = context.carrier else { return .none }
    let isOurs = bytes.extracting(first: min(4, bytes.byteCount)).array() == Self.signature
    return isOurs ? .content : .none
  }

  public func makeSession(in context: borrowing DecodingContext) -> TNEFSession { TNEFSession() }
}
