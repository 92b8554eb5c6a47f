public import DecoderKit

/// Decodes SIP over UDP and TCP on any port (RFC 3261), with the sessions it offers and answers (RFC 8866, RFC 3264).
public struct SIPDecoder: EvidenceDecoder {
  public static var identity: DecoderIdentity {
    DecoderIdentity(
      name: "sip", version: "1.0", summary: "Session Initiation Protocol: calls, messages, registrations",
      kinds: [
        RecordKind(
          "sip/message", "One request or response",
          [
            FieldDeclaration("method", .text, "the request's method"),
            FieldDeclaration("requestURI", .text, "whom the request is for"),
            FieldDeclaration("status", .integer, "the response's status code"),
            FieldDeclaration("reason", .text, "the response's reason phrase"),
            FieldDeclaration("callID", .text, "what all messages of one call or registration share"),
            FieldDeclaration("from", .text, "the address in From"),
            FieldDeclaration("fromName", .text, "the display name in From"),
            FieldDeclaration("fromTag", .text, "the tag in From"),
            FieldDeclaration("to", .text, "the address in To"),
            FieldDeclaration("toName", .text, "the display name in To"),
            FieldDeclaration("toTag", .text, "the tag in To"),
            FieldDeclaration("cseq", .integer, "the sequence number"),
            FieldDeclaration("cseqMethod", .text, "the method that the sequence number belongs to"),
            FieldDeclaration("contact", .text, "the Contact headers as they stood"),
            FieldDeclaration("userAgent", .text, "User-Agent, or Server in responses"),
            FieldDeclaration("via", .list, "the Via headers from the top"),
            FieldDeclaration("headers", .list, "all headers: name and value"),
            FieldDeclaration("mediaType", .text, "the declared type of the body"),
            FieldDeclaration("sdp", .list, "the media that the body describes"),
            FieldDeclaration("text", .text, "the body where it is plain text, as in a MESSAGE"),
            FieldDeclaration("key", .text, "the key of the telephone that an INFO request tells of"),
            FieldDeclaration("keyMilliseconds", .integer, "how long it was pressed, in milliseconds"),
            FieldDeclaration("bodySha256", .text, "the stored body, where it is more than a session description"),
            FieldDeclaration("isRetransmission", .boolean, "the same message was seen before"),
          ] + CPIMMessage.declarations + ComposingState.declarations),
        RecordKind(
          "sip/messageSession", "One end of a message session that a session description sets up (MSRP)",
          parties + MessageSessionOffer.declarations),
        RecordKind(
          "sip/recording", "What a recording session says of what it records (SIPREC)",
          parties + RecordingMetadata.declarations),
      ],
      limits: [
        NamedLimit("bytes of a head", MessageHead.maximumByteCount, "bytes"),
        NamedLimit("bytes of a start line", StartLine.maximumLine, "bytes"),
        NamedLimit("bytes of a body in a stream", MessageFraming.maximumBody, "bytes"),
        NamedLimit("messages remembered for retransmissions", SIPSession.maximumRemembered, "messages"),
        NamedLimit("calls of a conversation whose parties are remembered", CallTracking.maximumCalls, "calls"),
        NamedLimit(
          "recording sessions of a conversation that are remembered", SIPSession.maximumRecordings, "sessions"),
        NamedLimit("participants and streams of a recording", RecordingMetadata.maximumCount, "of each"),
        NamedLimit(
          "associations of a recording, and entries of its record", RecordingMetadata.maximumEntries, "of each"),
        NamedLimit("message sessions of a description", MessageSessionOffer.maximumCount, "sessions"),
        NamedLimit("media of a description", SessionDescription.maximumMedia, "media"),
        NamedLimit("payload types of a medium", SessionDescription.maximumPayloads, "types"),
        NamedLimit("codings of a body", SIPMessage.maximumCodings, "codings"),
        NamedLimit("depth of multipart bodies", BodyReading.maximumDepth, "levels"),
      ])
  }

  private static let parties = [
    FieldDeclaration("callID", .text, "the call that it is of"),
    FieldDeclaration("from", .text, "the address in From"),
    FieldDeclaration("to", .text, "the address in To"),
    FieldDeclaration("method", .text, "the request's method"),
    FieldDeclaration("cseqMethod", .text, "in a response, the method that it answers"),
  ]

  public init() {}

  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    if case .file = context.carrier { return .none }
    guard let first = bytes.byteCount > 0 ? bytes[0] : nil else { return .none }
    if first > 0x20 { return StartLine.claim(bytes) }
    let start = KeepAlive.prefix(of: bytes)
    if start > 0, start < bytes.byteCount { return StartLine.claim(bytes.extracting(start..<bytes.byteCount)) }
    guard start > 0 || KeepAlive.isZeros(bytes) else { return .none }
    if case .tcp = context.carrier { return start > 0 ? .needsMore : .none }
    return context.carrier.usesPort(5_060, 5_061) ? .port : .none
  }

  public func makeSession(in context: borrowing DecodingContext) -> SIPSession {
    SIPSession(isDatagram: context.carrier.isOfMessages)
  }
}
