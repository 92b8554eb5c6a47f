import ByteReading
import DecoderKit
public import EvidenceModel

/// The decoders of one UDP conversation, or of one kind of an association's messages: each datagram goes to whoever claims it most surely.
public final class HostedDatagrams {
  private let host: DecoderHost
  private let origin: UnitOrigin
  private let carrier: DecodingContext.Carrier
  private let declared: String?
  private var units: [DecodingUnit] = []
  /// The unit that was expected to get this conversation: it gets all of it.
  private var given: Int?
  private var tally = ConversationTally()
  /// What no decoder took, until it is known what it looks like.
  private var unclaimed: [MediaStream.Count] = []
  private var signs: SignReader
  /// The decoder that claimed the last datagrams, and how many in a row.
  private var steady: (decoder: Int, unit: Int, count: Int) = (-1, -1, 0)

  /// Datagrams in a row after which their decoder is asked alone, as long as it claims them.
  static let steadyAfter = 16

  public convenience init(
    _ host: DecoderHost, initiator: Endpoint, responder: Endpoint, at packet: PacketContext, tunnels: String = "",
    protocolNumber: UInt8 = 17
  ) {
    let origin = UnitOrigin(
      firstPacket: packet.position, protocolNumber: protocolNumber, initiator: initiator, responder: responder,
      tunnels: tunnels)
    self.init(host, origin, .udp(initiator: initiator, responder: responder), declared: nil)
  }

  /// Decodes the messages of a part of a conversation; `declared` is the protocol that they say they are of.
  init(_ host: DecoderHost, _ origin: UnitOrigin, _ carrier: DecodingContext.Carrier, declared: String?) {
    self.host = host
    self.origin = origin
    self.carrier = carrier
    self.declared = declared
    let (initiator, responder) = origin.endpoints
    signs = SignReader(initiator.port, responder.port)
  }

  /// What became of a datagram or message.
  private enum Verdict {
    case decoded(DecodingUnit)
    case row(LedgerRow)
    case unclaimed
  }

  /// Decodes one datagram, whose packet counts as `sum`; `isCut` tells that the recorder kept only its beginning.
  public func take(
    _ bytes: RawSpan, from side: Side, isCut: Bool, _ packet: PacketContext, counted sum: LedgerSum
  ) {
    count(decode(bytes, from: side, isCut: isCut, packet, runs: nil), packet.position.original, sum)
  }

  /// Decodes one message that `parts` brought.
  func take(_ bytes: RawSpan, from side: Side, _ parts: [MessagePart]) {
    guard let last = parts.last else { return }
    var packet = last.packet
    if parts.count > 1 { packet.fileOffset = PacketContext.scattered }
    let verdict = decode(
      bytes, from: side, isCut: parts.contains(where: \.isCut), packet,
      runs: parts.count == 1 ? nil : parts.map { DecodingUnit.Run(count: $0.byteCount, packet: $0.packet) })
    for part in parts { count(verdict, part.packet.position.original, part.sum) }
  }

  private func decode(
    _ bytes: RawSpan, from side: Side, isCut: Bool, _ packet: PacketContext, runs: [DecodingUnit.Run]?
  ) -> Verdict {
    guard let (decoder, place) = choose(bytes, side, packet) else {
      signs.see(bytes, from: side, isTCP: false)
      return isCut ? .row(LedgerRow(.truncated)) : .unclaimed
    }
    let unit = units[place]
    do throws(ReadError) {
      if let runs {
        _ = try unit.decode(bytes, from: side, packet, runs: runs)
      } else {
        _ = try unit.decode(bytes, from: side, packet)
      }
      return isCut ? .row(LedgerRow(.truncated)) : .decoded(unit)
    } catch {
      var finding = failure(error, unit.label)
      if isCut { finding.fields.set("isCutBySnapLength", true) }
      unit.note(finding, from: side, trace: Trace(packet.position, at: packet.time))
      unit.finish()
      units.remove(at: place)
      given = nil
      steady = (-1, -1, 0)
      return .row(isCut ? LedgerRow(.truncated) : host.afterFaultRows[decoder])
    }
  }

  private func count(_ verdict: Verdict, _ original: UInt16, _ sum: LedgerSum) {
    switch verdict {
    case .decoded(let unit):
      if !unit.tally(original: original, sum) { tally.add(host.decodedRows[unit.decoder], original: original, sum) }
    case .row(let row): tally.add(row, original: original, sum)
    case .unclaimed:
      if let place = unclaimed.firstIndex(where: { $0.original == original }) {
        unclaimed[place].sum += sum
      } else {
        unclaimed.append(.init(original: original, sum: sum))
      }
    }
  }

  private func choose(_ bytes: RawSpan, _ side: Side, _ packet: PacketContext) -> (decoder: Int, unit: Int)? {
    let context = DecodingContext(carrier)
    if let given { return (units[given].decoder, given) }
    if units.isEmpty, let met = host.takeExpected(carrier, conversation: origin.firstPacket) {
      units = [
        DecodingUnit(
          host, origin, decoder: met.decoder, carrier: carrier, depth: 0, at: packet, purpose: met.purpose)
      ]
      given = 0
      return (met.decoder, 0)
    }
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
      let transport = UnitOrigin.transport(origin.protocolNumber)
      let traffic =
        declared.map { UnclaimedTraffic(transport: transport, declared: $0) }
        ?? UnclaimedTraffic(
          transport: transport, initiator: initiator.port, responder: responder.port, sign: signs.sign)
      let row = LedgerRow(.unclaimed, traffic.detail)
      for count in unclaimed { tally.add(row, original: count.original, count.sum) }
      unclaimed = []
    }
    tally.flush(into: host.output)
  }
}
