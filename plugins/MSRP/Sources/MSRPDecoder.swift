public import DecoderKit

/// Decodes the Message Session Relay Protocol over TCP (RFC 4975, with relays of RFC 4976), on any port.
public struct MSRPDecoder: EvidenceDecoder {
  public static let identity = DecoderIdentity(
    name: "msrp", version: "1.0", summary: "Message Session Relay Protocol: messages and files of SIP sessions",
    kinds: [
      RecordKind(
        "msrp/session", "One connection",
        [
          FieldDeclaration("messageCount", .integer, "records msrp/message, msrp/transfer and msrp/composing"),
          FieldDeclaration("requestCount", .integer, "requests of both sides, each chunk one"),
          FieldDeclaration("responseCount", .integer, "responses of both sides"),
          FieldDeclaration("unreadByteCount", .integer, "bytes that were passed over"),
          FieldDeclaration("isComplete", .boolean, "nothing is missing from the capture, and all of it was read"),
          FieldDeclaration("transcriptSha256", .text, "the dialogue as text, with times"),
        ]),
      RecordKind(
        "msrp/message", "One message of text, put together of its chunks",
        sent + [FieldDeclaration("text", .text, "what is said, when it is text of 64 KiB at the most")]),
      RecordKind("msrp/transfer", "One message that is a file, or no text", sent),
      RecordKind(
        "msrp/composing", "Somebody writes a message, or no longer (RFC 3994)", sent + ComposingState.declarations),
      RecordKind(
        "msrp/report", "What a receiver or relay says of a message that was sent",
        paths + [
          FieldDeclaration("messageID", .text, "the message that it is about"),
          FieldDeclaration("byteRange", .text, "the bytes of it that it is about, from 1"),
          FieldDeclaration("status", .integer, "200 when it came"),
          FieldDeclaration("reason", .text, "the status in words"),
          FieldDeclaration("requestSha256", .text, "what it carries"),
        ]),
      RecordKind(
        "msrp/request", "One request without a message and its response: AUTH, NICKNAME, an empty SEND …",
        paths + [
          FieldDeclaration("method", .text, "the method; absent when the request was not captured"),
          FieldDeclaration("messageID", .text, "its Message-ID"),
          FieldDeclaration("nick", .text, "the nick that is asked for (RFC 7701)"),
          FieldDeclaration("user", .text, "the user that its credentials name"),
          FieldDeclaration("isWithheld", .boolean, "what proves a password is withheld"),
          FieldDeclaration("requestHeaders", .list, "its header fields: name, value"),
          FieldDeclaration("requestSha256", .text, "what it carries"),
          FieldDeclaration("status", .integer, "the response's status"),
          FieldDeclaration("reason", .text, "its comment"),
          FieldDeclaration("responseHeaders", .list, "its header fields: name, value"),
        ]),
    ],
    limits: [
      NamedLimit("bytes of a head", Framing.maximumHead, "bytes"),
      NamedLimit("bytes behind a gap whose chunk must be proved", Framing.maximumProof, "bytes"),
      NamedLimit("messages that are not whole or not answered", MSRPSession.maximumOpen, "messages"),
      NamedLimit("requests that wait for a response", MSRPSession.maximumWaiting, "requests"),
      NamedLimit("bytes held until those before them come", ContentAssembly.maximumHeldBytes, "bytes"),
      NamedLimit("bytes of a message that are looked into", Message.maximumBeginning, "bytes"),
      NamedLimit("bytes of a message that are shown as text", Message.maximumText, "bytes"),
      NamedLimit("holes of a message that are listed", Message.maximumHoles, "holes"),
      NamedLimit("bytes of a transcript", Transcript.maximumByteCount, "bytes"),
    ])

  private static let paths = [
    FieldDeclaration("speaker", .text, "client or server: who sent it over this connection"),
    FieldDeclaration("fromPath", .list, "From-Path: relays, and last the session of the sender"),
    FieldDeclaration("toPath", .list, "To-Path: relays, and last the session of the receiver"),
  ]

  private static let sent =
    paths + CPIMMessage.declarations + [
      FieldDeclaration("messageID", .text, "its Message-ID"),
      FieldDeclaration("mediaType", .text, "its declared type; of CPIM that of what it is around"),
      FieldDeclaration("wrapperMediaType", .text, "message/cpim, where that is around it"),
      FieldDeclaration("fileName", .text, "the name in Content-Disposition"),
      FieldDeclaration("sha256", .text, "all its bytes"),
      FieldDeclaration("contentSha256", .text, "what CPIM is around, where that is no plain text"),
      FieldDeclaration("contentByteCount", .integer, "its bytes, where they are not coded"),
      FieldDeclaration("byteCount", .integer, "bytes as stored"),
      FieldDeclaration("announcedByteCount", .integer, "bytes that its chunks announce"),
      FieldDeclaration("chunkCount", .integer, "its chunks that were captured"),
      FieldDeclaration("repeatedBytes", .integer, "bytes that came again"),
      FieldDeclaration("lateBytes", .integer, "bytes that came after they had been taken for missing, not used"),
      FieldDeclaration("holes", .list, "what is missing: at, byteCount"),
      FieldDeclaration("isAborted", .boolean, "its sender gave it up (#)"),
      FieldDeclaration("isComplete", .boolean, "nothing of it is missing, and its last chunk came"),
      FieldDeclaration("statuses", .list, "responses to its chunks: status, reason, count"),
      FieldDeclaration("unansweredCount", .integer, "chunks whose response was not captured"),
      FieldDeclaration("failureReport", .text, "which failures its sender wants to know of"),
      FieldDeclaration("successReport", .text, "whether its sender wants to know that it came"),
    ]

  public init() {}

  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .tcp = context.carrier, bytes.byteCount > 0 else { return .none }
    return StartLine.claim(bytes)
  }

  public func makeSession(in context: borrowing DecodingContext) -> MSRPSession { MSRPSession() }
}
