import ByteReading
import CaptureReading
import DecoderHosting
import DecoderKit
import EvidenceModel
import FlowAssembly
import Foundation
import PacketLayers

/// Reads all originals, keeps the packets of its slices, and decodes their conversations.
final class ShardRunner: ConversationReceiver {
  private let order: WorkOrder
  private let output: ShardOutput
  private let host: DecoderHost
  private let hand: WorkInHand
  /// Packets on which a worker crashed outside of any decoder.
  private let leftOut: Set<PacketPosition>
  private var assemblers: [FlowAssembler?] = Array(repeating: nil, count: Slice.count)
  private var isMine = [Bool](repeating: false, count: Slice.count)
  private var isCut = false
  /// The bytes of the packet in hand.
  private var counted = LedgerSum()
  private var rows: [UInt64: LedgerRow] = [:]
  private var filter: PacketFilter?
  private var quick = QuickCounts()
  private var ledger = LedgerCount()
  private var fragments = FragmentAssembler()
  private let earlier: EarlierBytes

  /// Rows that most packets of a capture fall into, counted without looking anything up.
  private struct QuickCounts {
    var noPayload = LedgerSum()
    var control = LedgerSum()
  }

  init(
    _ order: WorkOrder, decoders: [any EvidenceDecoder.Type], filter: consuming PacketFilter?, output: ShardOutput,
    hand: WorkInHand
  ) {
    self.order = order
    self.output = output
    self.filter = filter
    self.hand = hand
    earlier = EarlierBytes(paths: Dictionary(order.originals.map { ($0.number, $0.path) }) { first, _ in first })
    leftOut = order.exclusions(of: "packets")
    let exclusions = order.exclusions.map {
      DecoderHost.Exclusion(decoder: $0.part, conversation: $0.original == 0 ? nil : $0.position)
    }
    host = DecoderHost(decoders, exclusions: Set(exclusions), output: output, hand: hand)
    for slice in order.slices { isMine[Int(slice)] = true }
  }

  private var isFirst: Bool { isMine[0] }

  func run() throws -> LedgerCount {
    for original in order.originals { read(original) }
    hand.giveBack(.nobody)
    fragments.finish { giveUp($0) }
    for assembler in assemblers { assembler?.finishAll() }
    noteCrowding()
    for original in order.originals {
      let place = ledger.originals.firstIndex { $0.number == original.number }
      let rows = output.ledger.rows(of: original.number)
      if let place {
        ledger.originals[place].rows = rows
      } else {
        ledger.originals.append(.init(number: original.number, totals: nil, rows: rows))
      }
    }
    try output.finish()
    return ledger
  }

  private func noteCrowding() {
    // One for each slice: which slices a worker has must not show.
    for (slice, assembler) in assemblers.enumerated() {
      guard let count = assembler?.crowdedOut, count > 0 else { continue }
      CaptureRecords.finding(
        Finding(
          .warning, "flow/crowded", "\(count) conversations were ended early because too many were open at once.",
          ["count": .integer(Int64(count)), "slice": .integer(Int64(slice))]), original: 1, packet: nil, bytes: nil,
        ordinal: 0xffff_0000 + UInt32(slice), output)
    }
  }

  // MARK: Reading

  private func read(_ original: WorkOrder.Original) {
    var records = CaptureRecords(original: original.number, output: output, isSpeaking: isFirst)
    var reader: CaptureReader
    do throws(CaptureFault) {
      reader = try CaptureReader(path: original.path)
    } catch {
      records.unreadable(error)
      if isFirst { ledger.originals.append(records.emptyLedger(path: original.path)) }
      return
    }
    hand.giveBack(.packets)
    while true {
      let step = reader.next()
      if reader.hasFacts {
        let facts = reader.takeFacts()
        if isFirst { records.take(facts) }
      }
      guard case .packet(let packet) = step else {
        if case .end(let fault?) = step { records.fault(fault, after: reader.packetCount) }
        break
      }
      take(packet, reader.bytes, original.number)
      if isFirst { records.see(packet) }
      if packet.number & 0x3fff == 0 { noteProgress(reader.offset) }
    }
    noteProgress(reader.offset)
    flushQuick(original.number)
    if isFirst {
      records.noteLimits(
        dropped: reader.droppedFactCount, damaged: reader.damagedBlockCount, firstAt: reader.firstDamagedBlock)
      ledger.originals.append(
        records.ledger(
          format: reader.formatName, offset: reader.offset, packets: reader.packetCount, bytes: reader.packetBytes,
          path: original.path))
    }
  }

  private func noteProgress(_ offset: UInt64) {
    hand[.done] = offset
    hand[.steps] &+= 1
  }

  private func take(_ packet: CapturedPacket, _ bytes: RawSpan, _ original: UInt16) {
    let position = PacketPosition(original: original, packet: packet.number)
    hand[.reading] = position.rawValue
    guard leftOut.isEmpty || !leftOut.contains(position) else {
      // Whose slice it belongs to cannot be told without looking at it.
      if isFirst {
        output.count(
          LedgerRow(.crashed), original: original,
          LedgerSum(captured: packet.capturedLength, payload: Int(packet.capturedLength)))
      }
      return
    }
    let view = PacketView(bytes, linkType: packet.linkType)
    let slice = Slice(view)
    counted = LedgerSum(captured: packet.capturedLength, payload: view.payloadCount)
    if view.outcome == .fragment, order.filter == nil || scope(packet, bytes) == nil {
      return takeFragment(view, bytes, packet, [CountedPacket(position, counted)])
    }
    guard isMine[Int(slice.number)] else { return }
    if order.filter != nil, let row = scope(packet, bytes) {
      output.count(row, original: original, counted)
      return
    }
    guard view.outcome == .transport else {
      account(view, packet, original)
      return
    }
    let context = PacketContext(
      position: position, time: packet.time,
      fileOffset: packet.dataOffset + UInt64(view.payloadStart))
    isCut = view.isCut
    let assembler = assembler(slice)
    let payload = bytes.extracting(view.payloadStart..<(view.payloadStart + view.payloadCount))
    let (reception, conversation) = assembler.take(view, payload, context)
    account(reception, conversation, original, payload.byteCount)
  }

  // MARK: Fragments

  /// Gathers fragments, whichever slice they belong to: only the whole packet shows its innermost addresses.
  private func takeFragment(
    _ view: PacketView, _ bytes: RawSpan, _ packet: CapturedPacket, _ carriers: [CountedPacket]
  ) {
    let payload = bytes.extracting(view.payloadStart..<(view.payloadStart + view.payloadCount))
    let reception = fragments.take(view, payload, carriers, at: packet.time) { giveUp($0) }
    switch reception {
    case .waiting: break
    case .duplicate: countFragments(carriers, LedgerRow(.fragment, "duplicate"), Slice(view))
    case .refused: countFragments(carriers, LedgerRow(.malformed, "\(view.layer)"), Slice(view))
    case .whole(let whole): take(whole, packet)
    }
  }

  private func countFragments(_ carriers: some Sequence<CountedPacket>, _ row: LedgerRow, _ slice: Slice) {
    guard isMine[Int(slice.number)] else { return }
    for carrier in carriers { output.count(row, original: carrier.position.original, carrier.sum) }
  }

  /// Takes a packet that was put together, as if its last fragment had brought all of it.
  private func take(_ whole: FragmentAssembler.Whole, _ packet: CapturedPacket) {
    guard let last = whole.packets.last else { return }
    // Safe: the view ends before `whole` does.
    let bytes = unsafe whole.bytes.span.bytes
    let view = whole.view.reassembled(bytes)
    if view.outcome == .fragment { return takeFragment(view, bytes, packet, whole.packets) }
    let slice = Slice(view)
    guard isMine[Int(slice.number)] else { return }
    countFragments(whole.packets.dropLast(), LedgerRow(.fragment, "reassembled"), slice)
    counted = last.sum
    if whole.hasConflict { noteConflict(whole, packet.time) }
    guard view.outcome == .transport else {
      account(view, packet, last.position.original)
      return
    }
    host.note(fragments: whole.packets.map(\.position))
    isCut = view.isCut
    let context = PacketContext(
      position: last.position, time: packet.time, fileOffset: PacketContext.scattered)
    let payload = bytes.extracting(view.payloadStart..<(view.payloadStart + view.payloadCount))
    let (reception, conversation) = assembler(slice).take(view, payload, context)
    account(reception, conversation, last.position.original, payload.byteCount)
  }

  private func noteConflict(_ whole: FragmentAssembler.Whole, _ time: CaptureTime) {
    note(
      Finding(
        .warning, "ip/fragmentConflict",
        "Fragments of a packet overlap and bring different bytes; what came first was used."),
      whole.view, whole.packets, time)
  }

  private func giveUp(_ packet: FragmentAssembler.Unfinished) {
    let slice = Slice(packet.view)
    guard isMine[Int(slice.number)] else { return }
    countFragments(packet.packets, LedgerRow(.fragment, "incomplete"), slice)
    var fields: Fields = ["byteCount": .integer(Int64(packet.byteCount))]
    if let missing = packet.missingBytes { fields.set("missingBytes", missing) }
    note(
      Finding(
        .warning, "ip/fragmentsMissing",
        "Fragments of a packet are missing from the capture; nothing was made of the others.", fields),
      packet.view, packet.packets, packet.time)
  }

  private func note(_ finding: Finding, _ view: PacketView, _ packets: [CountedPacket], _ time: CaptureTime) {
    var trace = Trace()
    for packet in packets { trace.insert(packet.position, at: time) }
    var fields = finding.fields
    fields.place(trace)
    fields.set("severity", finding.severity.rawValue)
    fields.set("code", finding.code)
    fields.set("message", finding.message)
    fields.set("decoder", "flow 1.0")
    fields.set("source", view.source.description)
    fields.set("destination", view.destination.description)
    output.record(
      "finding", fields,
      RecordKey(position: trace.packets.last ?? PacketPosition(rawValue: 0), decoder: 0xffd0, ordinal: 0))
  }

  /// The ledger's row of a packet that the filter does not let pass; nil when it does.
  ///
  /// Where the expression does not fit the link type, nobody can say that it lets the packet pass.
  private func scope(_ packet: CapturedPacket, _ bytes: RawSpan) -> LedgerRow? {
    do throws(CaptureFault) {
      return try filter?.passes(packet, bytes) ?? true ? nil : LedgerRow(.outsideFilter)
    } catch {
      return LedgerRow(.outsideFilter, "the filter does not fit link type \(linkTypeName(packet.linkType))")
    }
  }

  private func assembler(_ slice: Slice) -> FlowAssembler {
    if let known = assemblers[Int(slice.number)] { return known }
    let made = FlowAssembler(receiver: self)
    assemblers[Int(slice.number)] = made
    return made
  }

  // MARK: The ledger

  private func account(_ view: PacketView, _ packet: CapturedPacket, _ original: UInt16) {
    if view.outcome == .control {
      quick.control += counted
      return
    }
    let isOther = view.outcome == .otherProtocol || view.outcome == .otherLink
    let code =
      UInt64(view.outcome.rawValue) << 56 | UInt64(view.layer.rawValue) << 48
      | (view.outcome == .otherLink ? UInt64(packet.linkType) : UInt64(view.protocolCode))
    let row: LedgerRow
    if let known = rows[code] {
      row = known
    } else {
      switch view.outcome {
      case .malformed:
        row = LedgerRow(.malformed, "\(view.layer)")
      case .otherLink: row = LedgerRow(.otherProtocol, "link type \(linkTypeName(packet.linkType))")
      case .otherProtocol: row = LedgerRow(.otherProtocol, view.protocolName)
      default: row = LedgerRow(.fragment)
      }
      rows[code] = row
    }
    let isCutHeader = view.outcome == .malformed && packet.capturedLength < packet.originalLength
    output.count(isCutHeader && !isOther ? LedgerRow(.truncated) : row, original: original, counted)
  }

  private func account(
    _ reception: Reception, _ conversation: Conversation, _ original: UInt16, _ payloadBytes: Int
  ) {
    switch reception {
    case .datagram: break
    case .noPayload: quick.noPayload += counted
    case .newBytes(let count):
      if count < payloadBytes { countRepeated(counted.payloadBytes, new: UInt64(count), original) }
      hosted(conversation).account(original: original, counted, isCut: isCut)
    case .repetition(let repetition):
      output.count(LedgerRow(.retransmission, repetition.detail), original: original, counted)
    case .outOfWindow: output.count(LedgerRow(.outOfWindow), original: original, counted)
    case .afterEnd: output.count(LedgerRow(.afterEnd), original: original, counted)
    }
  }

  /// Counts those bytes of the packet in hand that were seen before; the packet, with its new bytes, stands in another row.
  private func countRepeated(_ payloadBytes: UInt64, new: UInt64, _ original: UInt16) {
    guard payloadBytes > new else { return }
    output.count(LedgerRow(.retransmission), original: original, LedgerSum(payloadBytes: payloadBytes - new))
    counted.payloadBytes = new
  }

  private func flushQuick(_ original: UInt16) {
    if !quick.noPayload.isEmpty { output.count(LedgerRow(.noPayload), original: original, quick.noPayload) }
    if !quick.control.isEmpty { output.count(LedgerRow(.control), original: original, quick.control) }
    quick = QuickCounts()
  }

  // MARK: ConversationReceiver

  /// The decoders of a TCP conversation.
  private func hosted(_ conversation: Conversation) -> HostedStreams {
    // Safe: only this function makes the attachment of a TCP conversation.
    if let known = conversation.attachment { return unsafe unsafeDowncast(known, to: HostedStreams.self) }
    let made = HostedStreams(
      host, initiator: conversation.initiator, responder: conversation.responder,
      hasBeginning: conversation.hasBeginning,
      at: PacketContext(position: conversation.firstPacket, time: conversation.lastTime, fileOffset: 0),
      firstPacket: conversation.firstPacket, tunnels: conversation.tunnels.name)
    conversation.attachment = made
    return made
  }

  func datagram(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
    let datagrams: HostedDatagrams
    if let known = conversation.attachment {
      // Safe: only this line makes the attachment of a UDP conversation.
      datagrams = unsafe unsafeDowncast(known, to: HostedDatagrams.self)
    } else {
      datagrams = HostedDatagrams(
        host, initiator: conversation.initiator, responder: conversation.responder, at: packet,
        tunnels: conversation.tunnels.name)
      conversation.attachment = datagrams
    }
    datagrams.take(bytes, from: side, isCut: isCut, packet, counted: counted)
  }

  func bytes(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
    hosted(conversation).bytes(bytes, from: side, packet)
  }

  func gap(_ byteCount: Int, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
    hosted(conversation).gap(byteCount, from: side, packet)
  }

  func repeated(
    _ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext, first: PacketContext
  ) -> Repetition {
    guard first.fileOffset != PacketContext.scattered else { return .notCompared }
    let found = earlier.read(first.position.original, at: first.fileOffset, bytes.byteCount) { known -> Repetition in
      if known.isSame(as: bytes) { return .same }
      hosted(conversation).conflict(known, first, with: bytes, packet, from: side)
      return .different
    }
    return found ?? .notCompared
  }

  func conflict(
    _ first: RawSpan, _ firstPacket: PacketContext, with other: RawSpan, _ packet: PacketContext, from side: Side,
    of conversation: Conversation
  ) {
    hosted(conversation).conflict(first, firstPacket, with: other, packet, from: side)
  }

  func late(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
    hosted(conversation).late(bytes, from: side, packet)
  }

  func end(_ end: StreamEnd, of side: Side, _ conversation: Conversation, _ packet: PacketContext) {
    guard conversation.attachment != nil else { return }
    hosted(conversation).end(end, of: side, packet)
  }

  func finish(_ conversation: Conversation, because end: StreamEnd) {
    guard conversation.attachment != nil else { return }
    if conversation.transport == .tcp {
      hosted(conversation).finish()
    } else {
      (conversation.attachment as? HostedDatagrams)?.finish()
      conversation.attachment = nil
    }
  }
}
