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
  /// What no decoder took, until it is known what it looks like.
  private var unclaimed: [MediaStream.Count] = []
  private var signs: SignReader
  /// The decoder that claimed the last datagrams, and how many in a row.
  private var steady: (decoder: Int, unit: Int, count: Int) = (-1, -1, 0)

  /// Datagrams in a row after which their decoder is asked alone, as long as it claims them.
  static let steadyAfter = 16

  public init(
    _ host: DecoderHost, initiator: Endpoint, responder: Endpoint, at packet: PacketContext, tunnels: String = ""
  ) {
    self.host = host
    origin = UnitOrigin(
      firstPacket: packet.position, protocolNumber: 17, initiator: initiator, responder: responder, tunnels: tunnels)
    carrier = .udp(initiator: initiator, responder: responder)
    signs = SignReader(initiator.port, responder.port)
  }

  /// Decodes one datagram, whose packet counts as `sum`; `isCut` tells that the recorder kept only its beginning.
  public func take(
    _ bytes: RawSpan, from side: Side, isCut: Bool, _ packet: PacketContext, counted sum: LedgerSum
  ) {
    let original = packet.position.original
    guard let (decoder, place) = choose(bytes, side, packet) else {
      return leave(bytes, side, isCut, original, sum)
    }
    let unit = units[place]
    do throws(ReadError) {
      _ = try unit.decode(bytes, from: side, packet)
      if isCut {
        tally.add(LedgerRow(.truncated), original: original, sum)
      } else if !unit.tally(original: original, sum) {
        tally.add(host.decodedRows[decoder], original: original, sum)
      }
    } catch {
      var finding = failure(error, unit.label)
      if isCut { finding.fields.set("isCutBySnapLength", true) }
      unit.note(finding, from: side, trace: Trace(packet.position, at: packet.time))
      tally.add(
        isCut ? LedgerRow(.truncated) : host.afterFaultRows[decoder], original: original, sum)
      unit.finish()
      units.remove(at: place)
      steady = (-1, -1, 0)
    }
  }

  /// Counts a datagram that nobody claimed.
  private func leave(_ bytes: RawSpan, _ side: Side, _ isCut: Bool, _ original: UInt16, _ sum: LedgerSum) {
    signs.see(bytes, from: side, isTCP: false)
    if isCut { return tally.add(LedgerRow(.truncated), original: original, sum) }
    if let place = unclaimed.firstIndex(where: { $0.original == original }) {
      unclaimed[place].sum += sum
    } else {
      unclaimed.append(.init(original: original, sum: sum))
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
    if !unclaimed.isEmpty {
      let (initiator, responder) = origin.endpoints
      let traffic = UnclaimedTraffic(
        isTCP: false, initiator: initiator.port, responder: responder.port, sign: signs.sign)
      let row = LedgerRow(.unclaimed, traffic.detail)
      for count in unclaimed { tally.add(row, original: count.original, count.sum) }
      unclaimed = []
    }
    tally.flush(into: host.output)
  }
}
