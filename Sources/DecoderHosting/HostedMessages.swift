import ByteReading
import DecoderKit
public import EvidenceModel

/// The decoders of one SCTP association: its messages by payload protocol identifier.
public final class HostedMessages {
  /// Identifiers of an association whose messages are decoded apart; those of further ones go together.
  static let maximumIdentifiers = 16

  private let host: DecoderHost
  private let origin: UnitOrigin
  private var parts: [(identifier: UInt32, datagrams: HostedDatagrams)] = []
  private var tally = ConversationTally()

  public init(
    _ host: DecoderHost, initiator: Endpoint, responder: Endpoint, firstPacket: PacketPosition, tunnels: String = ""
  ) {
    self.host = host
    origin = UnitOrigin(
      firstPacket: firstPacket, protocolNumber: 132, initiator: initiator, responder: responder, tunnels: tunnels)
  }

  /// Decodes one message; `pieces` says which packets brought it.
  public func take(_ bytes: RawSpan, identifier: UInt32, from side: Side, _ pieces: [MessagePart]) {
    datagrams(identifier).take(bytes, from: side, pieces)
  }

  private func datagrams(_ identifier: UInt32) -> HostedDatagrams {
    if let known = parts.first(where: { $0.identifier == identifier }) { return known.datagrams }
    if parts.count >= Self.maximumIdentifiers, let last = parts.last { return last.datagrams }
    let (initiator, responder) = origin.endpoints
    let made = HostedDatagrams(
      host, origin, .sctp(initiator: initiator, responder: responder, protocolIdentifier: identifier),
      declared: identifier == 0 ? nil : PayloadProtocol.name(identifier))
    parts.append((identifier, made))
    return made
  }

  /// Notes pieces of a message whose others are missing.
  public func incomplete(_ pieces: [MessagePart], from side: Side) {
    guard let last = pieces.last else { return }
    for piece in pieces {
      tally.add(LedgerRow(.fragment, "incomplete"), original: piece.packet.position.original, piece.sum)
    }
    var trace = Trace()
    for piece in pieces { trace.insert(piece.packet.position, at: piece.packet.time) }
    note(
      Finding(
        .warning, "sctp/incompleteMessage", "Pieces of a message are missing; nothing was made of the others.",
        ["byteCount": .integer(Int64(pieces.reduce(0) { $0 + $1.byteCount }))]), side, last.packet, trace)
  }

  /// Notes chunks that are missing before a packet.
  public func gap(_ count: Int, from side: Side, _ packet: PacketContext) {
    note(
      Finding(
        .warning, "sctp/gap", "\(count) chunks of an association are missing from the capture.",
        ["missingChunks": .integer(Int64(count))]), side, packet, Trace(packet.position, at: packet.time))
  }

  /// Notes how many packets of a side have a wrong checksum.
  public func wrongChecksums(_ count: UInt64, unused: UInt64, from side: Side, first packet: PacketContext) {
    note(
      Finding(
        .warning, "sctp/checksum",
        unused == 0
          ? "\(count) packets of an association have a wrong checksum; none of this side has a right one before them, so they were used."
          : "\(count) packets of an association have a wrong checksum; \(unused) of them, behind right ones, were left out.",
        ["count": .integer(Int64(clamping: count)), "leftOut": .integer(Int64(clamping: unused))]), side, packet,
      Trace(packet.position, at: packet.time))
  }

  private func note(_ finding: Finding, _ side: Side, _ packet: PacketContext, _ trace: Trace) {
    let (initiator, responder) = origin.endpoints
    DecodingUnit.speaker(
      host, origin, .sctp(initiator: initiator, responder: responder, protocolIdentifier: 0), packet
    ).note(finding, from: side, trace: trace)
  }

  public func finish() {
    for part in parts { part.datagrams.finish() }
    parts = []
    tally.flush(into: host.output)
  }
}
