public import DecoderKit

/// Decodes RTSP over TCP on any port (RFC 2326, RFC 7826): who asked for which stream, and where its media went.
public struct RTSPDecoder: EvidenceDecoder {
  public static let identity = DecoderIdentity(
    name: "rtsp", version: "1.0", summary: "Real-Time Streaming Protocol: sessions and where their media went",
    kinds: [
      RecordKind(
        "rtsp/message", "One request or response",
        [
          FieldDeclaration("method", .text, "the request's method; of a response, that of the request it answers"),
          FieldDeclaration("requestURI", .text, "what the request is for"),
          FieldDeclaration("status", .integer, "the response's status code"),
          FieldDeclaration("reason", .text, "the response's reason phrase"),
          FieldDeclaration("cseq", .integer, "the number that pairs request and response"),
          FieldDeclaration("sessionID", .text, "the session that the server named"),
          FieldDeclaration("transport", .text, "the Transport header as it stood"),
          FieldDeclaration("range", .text, "the Range header as it stood"),
          FieldDeclaration("userAgent", .text, "User-Agent, or Server in responses"),
          FieldDeclaration("headers", .list, "all headers: name and value; secrets are withheld"),
          FieldDeclaration("mediaType", .text, "the declared type of the body"),
          FieldDeclaration("sdp", .list, "the media that the body describes"),
          FieldDeclaration("bodySha256", .text, "the stored body, where it is no session description"),
        ]),
      RecordKind(
        "rtsp/control", "One RTCP compound packet between the messages of the connection",
        RTCPCompound.declarations + [FieldDeclaration("channelNumber", .integer, "the channel that it came in")]),
    ],
    limits: [
      NamedLimit("bytes of a head", MessageHead.maximumByteCount, "bytes"),
      NamedLimit("bytes of a body", RTSPSession.maximumBody, "bytes"),
      NamedLimit("requests that wait for their answers", RTSPSession.maximumPending, "requests"),
      NamedLimit("media of a conversation that are set up", RTSPSession.maximumSetups, "media"),
      NamedLimit("streams between the messages of a conversation", InterleavedMedia.maximumStreams, "streams"),
      NamedLimit(
        "reports of a conversation that its streams' records sum up", InterleavedMedia.maximumReports, "reports"),
    ])

  public init() {}

  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .tcp = context.carrier else { return .none }
    return RTSPLine.claim(bytes)
  }

  public func makeSession(in context: borrowing DecodingContext) -> RTSPSession { RTSPSession() }
}
