public import DecoderKit

/// DNS, multicast DNS and LLMNR over UDP and TCP (RFC 1035, RFC 6762, RFC 4795).
public struct DNSDecoder: EvidenceDecoder {
  public static let identity: DecoderIdentity = {
    let shared = [
      FieldDeclaration("transactionID", .integer, "the number that pairs a query with its answer"),
      FieldDeclaration("operation", .text, "what is asked for: QUERY, NOTIFY, UPDATE …"),
      FieldDeclaration("flags", .list, "the header's flags: AA TC RD RA Z AD CD; of LLMNR C TC T"),
      FieldDeclaration("protocol", .text, "dns, mdns or llmnr"),
      FieldDeclaration("queryName", .text, "the name in the first question, without a dot at the end"),
      FieldDeclaration("queryType", .text, "the type in the first question"),
      FieldDeclaration("questions", .list, "the questions: name, type, class"),
      FieldDeclaration("answers", .list, "the answer section: name, type, class, ttl, data as in a zone file"),
      FieldDeclaration("authorities", .list, "the authority section"),
      FieldDeclaration("additionals", .list, "the additional section"),
    ]
    return DecoderIdentity(
      name: "dns", version: "1.0", summary: "names that were asked for, and the answers",
      kinds: [
        RecordKind("dns/query", "A query.", shared),
        RecordKind(
          "dns/answer", "An answer.",
          shared + [FieldDeclaration("responseCode", .text, "NOERROR, NXDOMAIN …, with the bits of EDNS")]),
      ],
      limits: [
        NamedLimit("bytes of a name", DomainName.maximumByteCount, "bytes"),
        NamedLimit("compression pointers of a name", DomainName.maximumJumpCount, "pointers"),
      ])
  }()

  public init() {}

  public func claim(_ bytes: RawSpan, from side: Side, in context: borrowing DecodingContext) -> Claim {
    // NetBIOS names have the same form, and are not ours.
    if context.carrier.usesPort(137) { return .none }
    let isOwnPort = context.carrier.usesPort(53, 5353, 5355)
    return switch context.carrier {
    case .udp: MessageForm.judgeDatagram(bytes, isOwnPort: isOwnPort)
    case .tcp: MessageForm.judgeStream(bytes, isOwnPort: isOwnPort)
    case .sctp, .file: .none
    }
  }

  public func makeSession(in context: borrowing DecodingContext) -> DNSSession {
    DNSSession(carrier: context.carrier)
  }
}
