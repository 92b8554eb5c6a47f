public import DecoderKit

/// Files that stand encoded in the middle of plain text (IEEE Std 1003.1, uuencode): in the historical form, and in base64.
public struct UuencodeDecoder: EvidenceDecoder {
  public static let identity = DecoderIdentity(
    name: "uuencode", version: "1.0", summary: "files that stand uuencoded in plain text",
    kinds: [
      RecordKind(
        "uuencode/file", "A file that stands encoded in a text.",
        [
          FieldDeclaration("fileName", .text, "the name that the line `begin` gives it"),
          FieldDeclaration("mode", .text, "its permissions, in octal digits"),
          FieldDeclaration("coding", .text, "uuencode or base64"),
          FieldDeclaration("sha256", .text, "its content"),
          FieldDeclaration("byteCount", .integer, "bytes of the content as stored"),
          FieldDeclaration("isComplete", .boolean, "whether all of it was captured, up to its end line"),
        ])
    ],
    limits: [
      NamedLimit("bytes of a line", UuencodeSession.maximumLineByteCount, "bytes"),
      NamedLimit("files of a text", UuencodeSession.maximumFileCount, "files"),
    ])

  public init() {}

  /// Any plain text may hold one; nobody else reads plain text.
  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .file("text/plain", _) = context.carrier else { return .none }
    return .candidate
  }

  public func makeSession(in context: borrowing DecodingContext) -> UuencodeSession { UuencodeSession() }
}
