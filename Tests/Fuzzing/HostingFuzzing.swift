import BuiltInDecoders
import ByteReading
import CaptureReading
import DecoderHosting
import DecoderKit
import EvidenceModel
import FlowAssembly
import Glibc
import PacketLayers

/// Takes a capture through layers, fragments, conversations and all decoders: every packet and byte is counted in one row.
@Sendable func fuzzPackets(_ input: RawSpan) {
  withFile(input) { descriptor in
    guard var reader = try? CaptureReader(descriptor: dup(descriptor)) else { return }
    let run = PacketRun()
    while case .packet(let packet) = reader.next() { run.take(packet, reader.bytes) }
    run.finish()
    let sum = run.output.sum
    demand(sum.packets == reader.packetCount, "the rows add up: \(sum.packets) of \(reader.packetCount) packets")
    let bytes = sum.headerBytes + sum.payloadBytes
    demand(bytes == reader.packetBytes, "the rows add up: \(bytes) of \(reader.packetBytes) bytes")
  }
}

/// What a worker does with packets, without files, slices and filters.
final class PacketRun: ConversationReceiver {
  let output = CountingOutput()
  private let host: DecoderHost
  private var fragments = FragmentAssembler()
  private var assembler: FlowAssembler?
  private var isCut = false
  private var counted = LedgerSum()
  /// Gets every conversation's steps when it is over.
  var conversationEnded: ((Conversation, [HeardStep]) -> Void)?

  struct HeardStep {
    let side: Side
    let bytes: [UInt8]
  }

  final class Hosted {
    let datagrams: HostedDatagrams?
    let streams: HostedStreams?
    let messages: HostedMessages?
    var heard: [HeardStep] = []
    init(_ datagrams: HostedDatagrams? = nil, _ streams: HostedStreams? = nil, _ messages: HostedMessages? = nil) {
      self.datagrams = datagrams
      self.streams = streams
      self.messages = messages
    }
  }

  init() {
    host = DecoderHost(builtInDecoders, output: output)
    assembler = FlowAssembler(receiver: self)
  }

  func take(_ packet: CapturedPacket, _ bytes: RawSpan) {
    let position = PacketPosition(original: 1, packet: packet.number)
    let view = PacketView(bytes, linkType: packet.linkType)
    let sum = LedgerSum(captured: packet.capturedLength, payload: view.payloadCount)
    take(view, bytes, packet, [CountedPacket(position, sum)])
  }

  private func take(_ view: PacketView, _ bytes: RawSpan, _ packet: CapturedPacket, _ carriers: [CountedPacket]) {
    let payload = bytes.extracting(view.payloadStart..<(view.payloadStart + view.payloadCount))
    guard view.outcome == .fragment else {
      count(carriers.dropLast())
      counted = carriers.last?.sum ?? LedgerSum()
      return take(view, payload, packet, isScattered: carriers.count > 1)
    }
    let reception = fragments.take(view, payload, carriers, at: packet.time) { giveUp($0) }
    switch reception {
    case .waiting: break
    case .duplicate, .refused: count(carriers)
    case .whole(let whole):
      host.note(fragments: whole.packets.map(\.position))
      // Safe: the view ends before `whole` does.
      let content = unsafe whole.bytes.span.bytes
      take(whole.view.reassembled(content), content, packet, whole.packets)
    }
  }

  private func giveUp(_ packet: FragmentAssembler.Unfinished) { count(packet.packets) }

  private func count(_ carriers: some Sequence<CountedPacket>) { for carrier in carriers { output.sum += carrier.sum } }

  private func take(_ view: PacketView, _ payload: RawSpan, _ packet: CapturedPacket, isScattered: Bool) {
    guard view.outcome == .transport, let assembler else {
      output.sum += counted
      return
    }
    isCut = view.isCut
    let context = PacketContext(
      position: PacketPosition(original: 1, packet: packet.number), time: packet.time,
      fileOffset: isScattered ? PacketContext.scattered : packet.dataOffset)
    let (reception, conversation) = assembler.take(view, payload, context, counted: counted)
    switch reception {
    case .datagram: break
    case .message(let rest): output.sum += rest
    case .newBytes: hosted(conversation).streams?.account(original: 1, counted, isCut: isCut)
    default: output.sum += counted
    }
  }

  func finish() {
    fragments.finish { giveUp($0) }
    assembler?.finishAll()
    assembler = nil
  }

  // MARK: ConversationReceiver

  private func hosted(_ conversation: Conversation) -> Hosted {
    if let known = conversation.attachment as? Hosted { return known }
    let packet = PacketContext(position: conversation.firstPacket, time: conversation.lastTime, fileOffset: 0)
    let (initiator, responder) = (conversation.initiator, conversation.responder)
    let made =
      switch conversation.transport {
      case .udp, .udpLite: Hosted(HostedDatagrams(host, initiator: initiator, responder: responder, at: packet))
      case .tcp:
        Hosted(
          nil,
          HostedStreams(
            host, initiator: initiator, responder: responder, hasBeginning: conversation.hasBeginning, at: packet,
            firstPacket: conversation.firstPacket))
      case .sctp:
        Hosted(
          nil, nil,
          HostedMessages(
            host, initiator: initiator, responder: responder, firstPacket: conversation.firstPacket))
      }
    conversation.attachment = made
    return made
  }

  private func hear(_ bytes: RawSpan, _ side: Side, _ hosted: Hosted) {
    if conversationEnded != nil, hosted.heard.count < 200 {
      hosted.heard.append(HeardStep(side: side, bytes: bytes.array()))
    }
  }

  func datagram(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
    let hosted = hosted(conversation)
    hear(bytes, side, hosted)
    hosted.datagrams?.take(bytes, from: side, isCut: isCut, packet, counted: counted)
  }

  func bytes(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
    let hosted = hosted(conversation)
    hear(bytes, side, hosted)
    hosted.streams?.bytes(bytes, from: side, packet)
  }

  func gap(_ byteCount: Int, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
    hosted(conversation).streams?.gap(byteCount, from: side, packet)
  }

  func end(_ end: StreamEnd, of side: Side, _ conversation: Conversation, _ packet: PacketContext) {
    (conversation.attachment as? Hosted)?.streams?.end(end, of: side, packet)
  }

  func message(
    _ bytes: RawSpan, _ identifier: UInt32, from side: Side, of conversation: Conversation, _ parts: [MessagePart]
  ) { hosted(conversation).messages?.take(bytes, identifier: identifier, from: side, parts) }

  func incompleteMessage(_ parts: [MessagePart], from side: Side, of conversation: Conversation) {
    hosted(conversation).messages?.incomplete(parts, from: side)
  }

  func finish(_ conversation: Conversation, because end: StreamEnd) {
    guard let hosted = conversation.attachment as? Hosted else { return }
    hosted.datagrams?.finish()
    hosted.streams?.finish()
    hosted.messages?.finish()
    conversationEnded?(conversation, hosted.heard)
    if hosted.datagrams != nil { conversation.attachment = nil }
  }
}

/// Counts what a host gives out and lets it go.
final class CountingOutput: EvidenceOutput {
  var sum = LedgerSum()
  var records: [String] = []
  var keepsRecords = false
  private var artefacts: [Int] = []
  private(set) var artefactBytes = 0
  private var openStreams: Set<Int> = []
  private var streamCount = 0

  func record(_ kind: String, _ fields: Fields, _ key: RecordKey) {
    let text = CanonicalJSON.text(.object(fields))
    if keepsRecords { records.append("\(kind) \(text)") }
  }

  func beginArtefact(isComputed: Bool) -> Int {
    artefacts.append(0)
    return artefacts.count - 1
  }

  func append(_ bytes: RawSpan, toArtefact number: Int) {
    artefacts[number] += bytes.byteCount
    artefactBytes += bytes.byteCount
  }

  func endArtefact(_ number: Int) -> StoredArtefact? {
    let count = artefacts[number]
    demand(count >= 0, "an artefact ends once")
    artefacts[number] = -1
    guard count > 0, let hash = ContentHash([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 32)) else {
      return nil
    }
    return StoredArtefact(
      sha256: hash, sha1: nil, md5: nil, byteCount: count, mediaType: "", typeDescription: "", path: "")
  }

  func signal(_ signal: CallSignal) {}
  func report(_ report: MediaReport) {}

  func beginStream() -> Int {
    streamCount += 1
    openStreams.insert(streamCount)
    return streamCount
  }

  func index(_ packet: MediaPacket, inStream number: Int) {
    demand(openStreams.contains(number), "packets go to open streams")
  }

  func storeMedia(_ bytes: RawSpan, from packets: PacketSet) -> UInt64 {
    demand(!packets.isEmpty, "media comes from packets")
    return 0
  }

  func endStream(_ number: Int, _ stream: MediaStream) {
    demand(openStreams.remove(number) != nil, "a stream ends once")
  }

  func count(_ row: LedgerRow, original: UInt16, _ sum: LedgerSum) { self.sum += sum }

  func communityID(_ source: Endpoint, _ destination: Endpoint, protocolNumber: UInt8) -> String { "1:fuzz" }
}
