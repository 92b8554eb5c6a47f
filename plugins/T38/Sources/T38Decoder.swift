public import DecoderKit

/// Recognises fax over IP: T.38's packets in UDPTL, on any port (ITU-T T.38, 9.1).
///
/// What the packets say becomes pages and messages after the join with the signalling, as with voice and video.
public struct T38Decoder: EvidenceDecoder {
  public static let identity = DecoderIdentity(
    name: "t38", version: "1.0", summary: "Fax over IP (T.38 in UDPTL)", kinds: [],
    limits: [
      NamedLimit("earlier packets that a UDPTL packet repeats", UDPTLDatagram.maximumRepeats, "packets"),
      NamedLimit("fields of an IFP packet that are looked at to claim it", IFPShape.maximumFields, "fields"),
      NamedLimit("packets of a fax without signalling, at least", FaxEvidence.minimumPackets, "packets"),
    ])

  private static let headerOfRTP = 12

  public init() {}

  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    guard case .udp = context.carrier, let datagram = try? UDPTLDatagram(bytes) else { return .none }
    // What begins like RTP and is as long as its header (RFC 3550, 5.1) must hold data that fit to their end: there the length of
    // the packet would be the first half of a sequence number, and the end two zeros of the payload.
    if bytes[0] >> 6 == 2, bytes.byteCount >= Self.headerOfRTP, datagram.primary.count < 4 { return .none }
    return IFPShape.fits(bytes.extracting(datagram.primary)) ? .candidate : .none
  }

  public func makeSession(in context: borrowing DecodingContext) -> T38Session { T38Session() }
}
