import ByteReading
import DecoderKit
public import EvidenceModel

/// The decoders of one UDP conversation: each datagram goes to whoever claims it most surely.
public final class HostedDatagrams {
  private let host: DecoderHost
  private let origin: UnitOrigin
  private let carrier: DecodingContext.Carrier
  private var units: [DecodingUnit] = []
  private var tally = ConversationTally()
  private let rows: Rows
  /// The decoder that claimed the last datagrams, and how many in a row.
  private var steady: (decoder: Int, unit: Int, count: Int) = (-1, -1, 0)

  /// Datagrams in a row after which their decoder is asked alone, as long as it claims them.
  static let steadyAfter = 16

  struct Rows {
    let unclaimed: LedgerRow
    let decoded: [LedgerRow]
    let afterFault: [LedgerRow]
  }

  public init(
    _ host: DecoderHost, initiator: Endpoint, responder: Endpoint, at packet: PacketContext, tunnels: String = ""
  ) {
    self.host = host
    origin = UnitOrigin(
      firstPacket: packet.position, protocolNumber: 17, initiator: initiator, responder: responder, tunnels: tunnels)
    carrier = .udp(initiator: initiator, responder: responder)
    rows = Rows(
      unclaimed: LedgerRow(.unclaimed, "udp/\(min(initiator.port, responder.port))"),
      decoded: host.identities.map { LedgerRow(.decoded, $0.name) },
      afterFault: host.identities.map { LedgerRow(.afterFault, $0.name) })
  }

  /// Decodes one datagram, whose packet counts as `sum`; `isCut` tells that the recorder kept only its beginning.
  public func take(
    _ bytes: RawSpan, from side: Side, isCut: Bool, _ packet: PacketContext, counted sum: LedgerSum
  ) {
    let original = packet.position.original
    guard let (decoder, place) = choose(bytes, side, packet) else {
      tally.add(isCut ? LedgerRow(.truncated) : rows.unclaimed, original: original, sum)
      return
    }
    let unit = units[place]
    do throws(ReadError) {
      _ = try unit.decode(bytes, from: side, packet)
      if isCut {
        tally.add(LedgerRow(.truncated), original: original, sum)
      } else if !unit.tally(original: original, sum) {
        tally.add(rows.decoded[decoder], original: original, sum)
      }
    } catch {
      var finding = failure(error, unit.label)
      if isCut { finding.fields.set("isCutBySnapLength", true) }
      unit.note(finding, from: side, trace: Trace(packet.position, at: packet.time))
      tally.add(
        isCut ? LedgerRow(.truncated) : rows.afterFault[decoder], original: original, sum)
      unit.finish()
      units.remove(at: place)
      steady = (-1, -1, 0)
    }
  }

  private func choose(_ bytes: RawSpan, _ side: Side, _ packet: PacketContext) -> (decoder: Int, unit: Int)? {
    let context = DecodingContext(carrier)
    if steady.count >= Self.steadyAfter {
      let former = host.hand.give(.init(decoder: steady.decoder), origin.firstPacket, packet.position)
      defer { host.hand.giveBack(former) }
      if host.decoders[steady.decoder].claim(bytes, from: side, in: context) >= .candidate {
        return (steady.decoder, steady.unit)
      }
    }
    guard
      let found = host.claim(
        bytes, from: side, in: context, conversation: origin.firstPacket, packet: packet.position),
      found.claim >= .candidate
    else {
      steady.count = 0
      return nil
    }
    let place: Int
    if let known = units.firstIndex(where: { $0.decoder == found.decoder }) {
      place = known
    } else {
      units.append(DecodingUnit(host, origin, decoder: found.decoder, carrier: carrier, depth: 0, at: packet))
      place = units.count - 1
    }
    steady = steady.decoder == found.decoder ? (found.decoder, place, steady.count + 1) : (found.decoder, place, 1)
    return (found.decoder, place)
  }

  public func finish() {
    for unit in units { unit.finish() }
    units = []
    tally.flush(into: host.output)
  }
}
