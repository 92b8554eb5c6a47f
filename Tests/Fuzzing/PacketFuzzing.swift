import ByteReading
import EvidenceModel
import FlowAssembly
import PacketLayers

/// Reads the headers of one packet, whose link type stands in front.
@Sendable func fuzzLayers(_ input: RawSpan) {
  var source = FuzzInput(input)
  let linkType = source.half()
  let packet = source.rest()
  check(packet, PacketView(packet, linkType: linkType), depth: 0)
}

private func check(_ bytes: RawSpan, _ view: PacketView, depth: Int) {
  if view.outcome == .transport || view.outcome == .fragment {
    demand(view.payloadStart >= 0 && view.payloadCount >= 0, "places are not negative")
    demand(view.payloadStart <= bytes.byteCount - view.payloadCount, "the payload lies inside the packet")
  }
  _ = Slice(view)
  _ = view.protocolName
  _ = view.tunnels.name
  _ = "\(view.layer)"
  switch view.outcome {
  case .transport:
    demand(view.transport != .none && view.hasAddresses, "a transport has addresses and ports")
    demand(view.announcedPayloadCount >= view.payloadCount, "no more is captured than is announced")
  case .fragment where depth < 8:
    demand(view.fragment.offset >= 0 && view.fragment.offset <= 65_535 * 8, "a fragment has a place")
    let payload = bytes.extracting(view.payloadStart..<(view.payloadStart + view.payloadCount))
    check(payload, view.reassembled(payload), depth: depth + 1)
  default: break
  }
}

/// Gathers fragments that the input describes, four bytes each.
@Sendable func fuzzFragments(_ input: RawSpan) {
  var source = FuzzInput(input)
  var limits = FragmentAssembler.Limits()
  let small = source.byte()
  if small & 1 != 0 { limits.packets = 4 }
  if small & 2 != 0 { limits.waitingBytes = 4_096 }
  if small & 4 != 0 { limits.pieces = 8 }
  if small & 8 != 0 { limits.recentBytes = 1_024 }
  var assembler = FragmentAssembler(limits: limits)
  var number: UInt64 = 0
  var settled: UInt64 = 0
  var time: Int64 = 0
  while !source.isEmpty {
    number += 1
    let control = source.byte()
    let place = source.byte()
    let length = Int(source.byte())
    var view = PacketView()
    view.outcome = .fragment
    view.hasAddresses = true
    view.source = InternetAddress(version4: UInt32(control & 1))
    view.fragment.identification = UInt32(control >> 1 & 3)
    view.fragment.isLast = control & 8 != 0
    view.fragment.offset = Int(place) * (control & 16 != 0 ? 256 : 8)
    view.fragment.isIPv6 = control & 32 != 0
    time += control & 64 != 0 ? 700_000_000 : control & 128 != 0 ? 61_000_000_000 : 1
    let content = source.byte()
    let bytes = [UInt8](repeating: content, count: length)
    let carriers = [
      CountedPacket(
        PacketPosition(original: 1, packet: number), LedgerSum(captured: UInt32(length), payload: length))
    ]
    // Safe: the view ends with this call.
    let reception = unsafe assembler.take(view, bytes.span.bytes, carriers, at: CaptureTime(nanoseconds: time)) {
      settled += UInt64($0.packets.count)
    }
    switch reception {
    case .waiting: break
    case .duplicate, .refused: settled += 1
    case .whole(let whole):
      settled += UInt64(whole.packets.count)
      demand(whole.bytes.count <= limits.packetBytes, "a packet is no longer than one can be")
      demand(whole.packets.last?.position.packet == number, "what completes a packet comes last")
    }
  }
  assembler.finish { settled += UInt64($0.packets.count) }
  demand(settled == number, "every fragment is settled once: \(settled) of \(number)")
}
