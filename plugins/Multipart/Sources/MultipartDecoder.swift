public import DecoderKit

/// Bodies of several parts: forms with files, byte ranges, related and mixed content (RFC 2046, 5.1; RFC 7578).
public struct MultipartDecoder: EvidenceDecoder {
  public static let identity = DecoderIdentity(
    name: "multipart", version: "1.0", summary: "the parts of multipart bodies",
    kinds: [
      RecordKind(
        "multipart/part", "A part of a multipart body.",
        [
          FieldDeclaration("name", .text, "the name of the form field"),
          FieldDeclaration("fileName", .text, "the name that the sender gave the file"),
          FieldDeclaration("mediaType", .text, "the media type that the part declares"),
          FieldDeclaration("contentRange", .text, "which part of the whole this is"),
          FieldDeclaration("headers", .list, "the part's header fields: name, value"),
          FieldDeclaration("sha256", .text, "the part's content"),
          FieldDeclaration("byteCount", .integer, "bytes of the part's content as stored"),
          FieldDeclaration("isComplete", .boolean, "whether all of the part was captured"),
        ])
    ],
    limits: [
      NamedLimit("parts of a body", MultipartSession.maximumPartCount, "parts"),
      NamedLimit("bytes of a boundary", MultipartReader.maximumBoundaryByteCount, "bytes"),
      NamedLimit("bytes of a part's head", MessageHead.maximumByteCount, "bytes"),
    ])

  public init() {}

  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .file(let mediaType, let parameters) = context.carrier, mediaType.hasPrefix("multipart/") else {
      return .none
    }
    if Self.boundary(parameters) != nil { return .content }
    // Without the parameter, the first line may still tell the boundary.
    let reader = ByteReader(bytes)
    return reader.peek() == 0x2d && (reader.peek(1) ?? 0x2d) == 0x2d ? .candidate : .none
  }

  public func makeSession(in context: borrowing DecodingContext) -> MultipartSession {
    guard case .file(let mediaType, let parameters) = context.carrier else {
      return MultipartSession(boundary: nil, isForm: false)
    }
    return MultipartSession(
      boundary: Self.boundary(parameters), isForm: mediaType.utf8.elementsEqual("multipart/form-data".utf8))
  }

  private static func boundary(_ parameters: String) -> [UInt8]? {
    FieldParameters(parametersOnly: Array(parameters.utf8)).first("boundary")
      .flatMap { MultipartReader(boundary: $0) == nil ? nil : $0 }
  }
}
