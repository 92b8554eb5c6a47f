import ByteReading
import EvidenceModel
import FlowAssembly
import PacketLayers

/// Puts segments and datagrams together that the input describes, eight bytes each.
///
/// A byte's value is the low byte of its sequence number, and its file offset the number itself, so that what is delivered
/// shows whether it is in order, once, and said to stand where it stood.
@Sendable func fuzzStreams(_ input: RawSpan) {
  var source = FuzzInput(input)
  var limits = FlowLimits()
  let small = source.byte()
  if small & 1 != 0 { limits.waitingBytesPerStream = 2_048 }
  if small & 2 != 0 { limits.waitingSegmentsPerStream = 4 }
  if small & 4 != 0 { limits.conversationsPerSlice = 4 }
  if small & 8 != 0 { limits.crowdedConversations = 2 }
  if small & 16 != 0 { limits.window = 8_192 }
  if small & 32 != 0 { limits.packetsAfterAcknowledgement = 2 }
  if small & 64 != 0 { limits.waitingBytesPerSlice = 4_096 }
  let receiver = StreamChecker()
  // The numbers below reach further than the small window.
  receiver.hasLeaps = small & 16 != 0
  let assembler = FlowAssembler(limits: limits, receiver: receiver)
  var bases: [UInt32] = [UInt32(source.byte()) << 24 | 0x00ff_ff00, 500]
  var number: UInt64 = 0
  var time: Int64 = 0
  while !source.isEmpty {
    number += 1
    let control = source.byte()
    let side = Int(control & 1)
    var view = PacketView()
    view.outcome = .transport
    view.hasAddresses = true
    view.transport = control & 2 != 0 ? .udp : .tcp
    view.flags = TCPFlags(rawValue: source.byte())
    view.source = InternetAddress(version4: UInt32(side))
    view.destination = InternetAddress(version4: UInt32(1 - side))
    let port = UInt16(control >> 2 & 7)
    (view.sourcePort, view.destinationPort) = side == 0 ? (1_000 + port, 80) : (80, 1_000 + port)
    if control & 32 != 0 {
      bases[side] = bases[side] &+ UInt32(source.byte()) << 24
      receiver.hasLeaps = true
    }
    let delta = Int16(bitPattern: source.half())
    view.sequence = bases[side] &+ UInt32(bitPattern: Int32(delta))
    view.acknowledgement = bases[1 - side] &+ UInt32(bitPattern: Int32(Int16(bitPattern: source.half())))
    let count = Int(source.byte()) * (control & 64 != 0 ? 8 : 1)
    time += control & 128 != 0 ? Int64(source.byte()) << 32 : 1_000
    let first = view.flags.contains(.syn) ? view.sequence &+ 1 : view.sequence
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: first &+ UInt32($0)) }
    view.payloadCount = count
    view.announcedPayloadCount = count
    let context = PacketContext(
      position: PacketPosition(original: 1, packet: number), time: CaptureTime(nanoseconds: time),
      fileOffset: UInt64(first))
    // Safe: the view ends with this call.
    let (reception, _) = unsafe assembler.take(view, bytes.span.bytes, context)
    if case .newBytes(let fresh) = reception {
      demand(fresh > 0 && fresh <= count, "new bytes are some of the segment's")
    }
    demand(assembler.openCount <= limits.conversationsPerSlice, "no more conversations are open than may be")
  }
  assembler.finishAll()
  demand(assembler.openCount == 0, "nothing stays open")
  demand(receiver.open == 0, "every conversation that began is over")
}

/// Looks at what the assembler delivers.
final class StreamChecker: ConversationReceiver {
  /// Numbers leapt about, so that gaps cannot be foretold.
  var hasLeaps = false
  var open = 0

  private final class Streams {
    var next: [Side: UInt8] = [:]
    var ended: Set<Side> = []
    var isOver = false
  }

  private func streams(_ conversation: Conversation) -> Streams {
    if let known = conversation.attachment as? Streams { return known }
    let made = Streams()
    conversation.attachment = made
    open += 1
    return made
  }

  func datagram(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
    demand(!streams(conversation).isOver, "nothing comes after the end")
  }

  func bytes(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
    let streams = streams(conversation)
    demand(!streams.isOver && !streams.ended.contains(side), "no bytes come after the end")
    demand(bytes.byteCount > 0, "something is delivered")
    guard bytes.byteCount > 0 else { return }
    demand(UInt8(truncatingIfNeeded: packet.fileOffset) == bytes[0], "bytes stand where they are said to stand")
    for index in 1..<max(1, bytes.byteCount) {
      demand(bytes[index] == bytes[index - 1] &+ 1, "bytes come in order")
    }
    if let next = streams.next[side], !hasLeaps { demand(bytes[0] == next, "nothing is lost or repeated in silence") }
    streams.next[side] = bytes[bytes.byteCount - 1] &+ 1
  }

  func gap(_ byteCount: Int, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
    let streams = streams(conversation)
    demand(byteCount >= 0, "a gap has a length: \(byteCount)")
    demand(!streams.isOver && !streams.ended.contains(side), "no gap comes after the end")
    if let next = streams.next[side] { streams.next[side] = next &+ UInt8(truncatingIfNeeded: byteCount) }
  }

  func end(_ end: StreamEnd, of side: Side, _ conversation: Conversation, _ packet: PacketContext) {
    demand(streams(conversation).ended.insert(side).inserted, "a side ends once")
  }

  func finish(_ conversation: Conversation, because end: StreamEnd) {
    let streams = streams(conversation)
    demand(!streams.isOver, "a conversation is over once")
    streams.isOver = true
    open -= 1
  }
}
