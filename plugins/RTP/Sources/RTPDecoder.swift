public import DecoderKit

/// Recognises media streams of RTP and reports of RTCP over UDP, on any port (RFC 3550).
///
/// Without signalling a stream is accepted only when its own numbering proves it: a false stream invents a call.
public struct RTPDecoder: EvidenceDecoder {
  public static var identity: DecoderIdentity {
    DecoderIdentity(
      name: "rtp", version: "1.0", summary: "Media streams (RTP) and their reports (RTCP)",
      kinds: [
        RecordKind("rtp/control", "One RTCP compound packet", RTCPCompound.declarations)
      ],
      limits: [
        NamedLimit("streams told apart at a time", RTPSession.maximumStreams, "streams"),
        NamedLimit("streams of a conversation", RTPSession.maximumOpened, "streams"),
        NamedLimit("packets of a stream without signalling, at least", StreamEvidence.minimumPackets, "packets"),
        NamedLimit("reports of a conversation that its streams' records sum up", RTPSession.maximumReports, "reports"),
        NamedLimit("packets of an RTCP compound", RTCPCompound.maximumPackets, "packets"),
      ])
  }

  public init() {}

  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .udp = context.carrier, bytes.byteCount >= 8, bytes[0] >> 6 == 2 else { return .none }
    if RTCPCompound.isType(bytes[1]) { return RTCPCompound.isWhole(bytes) ? .content : .none }
    return RTPHeader(bytes) == nil ? .none : .candidate
  }

  public func makeSession(in context: borrowing DecodingContext) -> RTPSession { RTPSession() }
}
