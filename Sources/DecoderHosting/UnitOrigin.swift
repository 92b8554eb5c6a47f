import DecoderKit
package import EvidenceModel

/// What all records of one conversation share.
final class UnitOrigin {
  let firstPacket: PacketPosition
  /// 17 for UDP, 6 for TCP, 132 for SCTP, 136 for UDP-Lite.
  let protocolNumber: UInt8
  let endpoints: (initiator: Endpoint, responder: Endpoint)
  /// The tunnels that the conversation's first packet came through, outermost first; empty without any.
  let tunnels: String
  var ordinal: UInt32 = 0
  var findingCount = 0
  private lazy var initiatorText = endpoints.initiator.description
  private lazy var responderText = endpoints.responder.description
  private var communityID: String?

  init(firstPacket: PacketPosition, protocolNumber: UInt8, initiator: Endpoint, responder: Endpoint, tunnels: String) {
    self.tunnels = tunnels
    self.firstPacket = firstPacket
    self.protocolNumber = protocolNumber
    endpoints = (initiator, responder)
  }

  /// The transport's name, as records and the ledger show it.
  static func transport(_ protocolNumber: UInt8) -> String {
    switch protocolNumber {
    case 6: "tcp"
    case 132: "sctp"
    case 136: "udplite"
    default: "udp"
    }
  }

  func takeOrdinal() -> UInt32 {
    ordinal += 1
    return ordinal
  }

  /// Adds who spoke to whom.
  func address(_ fields: inout Fields, from side: Side, _ output: any EvidenceOutput) {
    fields.set("source", side == .initiator ? initiatorText : responderText)
    fields.set("destination", side == .initiator ? responderText : initiatorText)
    fields.set("transport", Self.transport(protocolNumber))
    if !tunnels.isEmpty { fields.set("tunnels", tunnels) }
    if communityID == nil {
      communityID = output.communityID(endpoints.initiator, endpoints.responder, protocolNumber: protocolNumber)
    }
    if let communityID { fields.set("communityID", communityID) }
  }
}

extension Fields {
  /// Adds where a fact comes from and when it was captured.
  package mutating func place(_ trace: Trace) {
    set(
      "provenance",
      .list(
        trace.packets.byOriginal.map {
          .object(["original": .text($0.original.description), "packets": .text($0.packets)])
        }))
    if trace.first.isKnown { set("capturedAt", trace.first) }
    if trace.last.isKnown, trace.last != trace.first { set("endedAt", trace.last) }
  }
}
