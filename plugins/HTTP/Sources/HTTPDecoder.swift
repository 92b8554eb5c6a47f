public import DecoderKit

/// HTTP/1.0 and HTTP/1.1 over TCP on any port (RFC 9110, RFC 9112).
public struct HTTPDecoder: EvidenceDecoder {
  public static let identity = DecoderIdentity(
    name: "http", version: "1.0", summary: "HTTP/1 requests and responses with their bodies",
    kinds: [
      RecordKind(
        "http/transfer", "A request with its response; either may be missing when the capture lacks it.",
        [
          FieldDeclaration("method", .text, "the request's method"),
          FieldDeclaration("target", .text, "the request's target as it stood"),
          FieldDeclaration("version", .text, "the version that the request names, else the response"),
          FieldDeclaration("host", .text, "the host that the request names"),
          FieldDeclaration("url", .text, "the address that was asked for, put together from target and host"),
          FieldDeclaration("status", .integer, "the status code of the final response"),
          FieldDeclaration("reason", .text, "the reason phrase of the final response"),
          FieldDeclaration(
            "pairedBy", .text, "inferred, where it is a conclusion that the response answers the request"),
          FieldDeclaration("evidence", .text, "on what that conclusion rests"),
          FieldDeclaration("interimStatuses", .list, "the status codes of the responses before the final one"),
          FieldDeclaration("requestHeaders", .list, "the request's header fields: name, value; credentials withheld"),
          FieldDeclaration("user", .text, "the user named by the request's credentials"),
          FieldDeclaration("responseHeaders", .list, "the final response's header fields: name, value"),
          FieldDeclaration("requestTrailers", .list, "the fields behind the request's body: name, value"),
          FieldDeclaration("responseTrailers", .list, "the fields behind the response's body: name, value"),
          FieldDeclaration("requestedAt", .time, "when the first packet of the request was captured"),
          FieldDeclaration("respondedAt", .time, "when the first packet of the final response was captured"),
          FieldDeclaration("userAgent", .text, "the program that the client says it is"),
          FieldDeclaration("referer", .text, "the address that the client says it came from"),
          FieldDeclaration("requestMediaType", .text, "the media type that the request declares"),
          FieldDeclaration("responseMediaType", .text, "the media type that the response declares"),
          FieldDeclaration("requestSha256", .text, "the request's body"),
          FieldDeclaration("responseSha256", .text, "the response's body"),
          FieldDeclaration("requestByteCount", .integer, "bytes of the request's body as stored"),
          FieldDeclaration("responseByteCount", .integer, "bytes of the response's body as stored"),
          FieldDeclaration("requestComplete", .boolean, "whether all of the request was captured"),
          FieldDeclaration("responseComplete", .boolean, "whether all of the response was captured"),
          FieldDeclaration("contentRange", .text, "which part of the whole the response's body is"),
          FieldDeclaration("fileName", .text, "the name from Content-Disposition, else the last part of the path"),
          FieldDeclaration("isTunnel", .boolean, "another protocol took over (CONNECT or Upgrade)"),
        ])
    ],
    limits: [
      NamedLimit("bytes of a message head", MessageHead.maximumByteCount, "bytes"),
      NamedLimit("fields of a message head", MessageHead.maximumFieldCount, "fields"),
      NamedLimit("bytes of a start line looked at to know it", MessageStart.maximumLineByteCount, "bytes"),
      NamedLimit("requests without an answer that are kept", HTTPSession.maximumUnansweredCount, "requests"),
      NamedLimit("bytes of their heads that are kept", HTTPSession.maximumUnansweredByteCount, "bytes"),
      NamedLimit("bytes in a row that belong to no message and are kept", HTTPSession.maximumPassedByteCount, "bytes"),
      NamedLimit("bytes of a chunk's size line", ChunkedBody.maximumLineByteCount, "bytes"),
      NamedLimit("bytes of a trailer section", ChunkedBody.maximumTrailerByteCount, "bytes"),
    ])

  public init() {}

  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .tcp = context.carrier else { return .none }
    return switch MessageStart.judge(ByteReader(bytes)) {
    case .request, .response: .content
    case .unfinished(let isSure): isSure ? .content : .needsMore
    case .neither: .none
    }
  }

  public func makeSession(in context: borrowing DecodingContext) -> HTTPSession {
    HTTPSession(carrier: context.carrier)
  }
}
