public import DecoderKit

/// Decodes TFTP (RFC 1350) with its options (RFC 2347, 2348, 2349, 7440).
///
/// A request goes to port 69; the server answers from a port of its own, in a conversation that the request's session expects.
public struct TFTPDecoder: EvidenceDecoder {
  public static let identity = DecoderIdentity(
    name: "tftp", version: "1.0", summary: "Trivial File Transfer Protocol: files that were read and written",
    kinds: [
      RecordKind(
        "tftp/transfer", "One file that was asked for or sent",
        [
          FieldDeclaration("name", .text, "the file's name as the request gives it"),
          FieldDeclaration("mode", .text, "octet, netascii or mail, as the request gives it"),
          FieldDeclaration("direction", .text, "download (read request) or upload (write request)"),
          FieldDeclaration("options", .list, "the options: name, requested, accepted"),
          FieldDeclaration("blockSize", .integer, "bytes of a block that is not the last"),
          FieldDeclaration("announcedByteCount", .integer, "the file's size as announced (option tsize)"),
          FieldDeclaration("repeatedBlocks", .integer, "blocks that were sent again"),
          FieldDeclaration("sha256", .text, "the stored file; in netascii as it was sent, with CR LF and CR NUL"),
          FieldDeclaration("byteCount", .integer, "bytes of the stored file"),
          FieldDeclaration("isComplete", .boolean, "every block to the last, short one was captured"),
          FieldDeclaration("errorCode", .integer, "the code of the message that ended it (RFC 1350, 5)"),
          FieldDeclaration("error", .text, "what that message says"),
        ])
    ],
    limits: [
      NamedLimit("options of a request", Message.maximumOptionCount, "options"),
      NamedLimit("blocks held until those before them come", Transfer.maximumHeldCount, "blocks"),
      NamedLimit("bytes held until those before them come", Transfer.maximumHeldBytes, "bytes"),
      NamedLimit("ranges of missing blocks that are remembered", Transfer.maximumMissingRanges, "ranges"),
    ])

  public init() {}

  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .udp = context.carrier, bytes.byteCount >= 4, bytes[0] == 0 else { return .none }
    if bytes[1] == 1 || bytes[1] == 2, Message.isRequest(bytes) { return .content }
    return (1...6).contains(bytes[1]) && context.carrier.usesPort(69) ? .port : .none
  }

  public func makeSession(in context: borrowing DecodingContext) -> TFTPSession { TFTPSession(nil) }

  public func makeSession(in context: borrowing DecodingContext, expectedFor purpose: AnyObject) -> TFTPSession {
    TFTPSession(purpose as? Transfer)
  }
}
