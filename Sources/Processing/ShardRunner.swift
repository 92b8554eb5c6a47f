import ByteReading
import CaptureReading
import DecoderHosting
import DecoderKit
import EvidenceModel
import FlowAssembly
import Foundation
import PacketLayers

/// Reads all originals, keeps the packets of its slices, and decodes their conversations.
final class ShardRunner: TimelineReceiver {
  private let order: WorkOrder
  private let output: ShardOutput
  let host: DecoderHost
  private let hand: WorkInHand
  /// Packets on which a worker crashed outside of any decoder.
  private let leftOut: Set<PacketPosition>
  private var assemblers: [FlowAssembler?] = Array(repeating: nil, count: Slice.count)
  private var isMine = [Bool](repeating: false, count: Slice.count)
  var isCut = false
  /// The bytes of the packet in hand.
  var counted = LedgerSum()
  private var rows: [UInt64: LedgerRow] = [:]
  private var filter: PacketFilter?
  private var quick: [QuickCounts]
  private var ledger = LedgerCount()
  private var records: [CaptureRecords]
  /// How far each original was read.
  private var offsets: [UInt64]
  private var recent: [RecentPackets?] = Array(repeating: nil, count: Slice.count)
  /// Of fragments, which every worker looks at.
  private var recentFragments: RecentPackets
  /// Packets that stand in two originals, by the numbers of both.
  private var shared: [PacketPosition: UInt64] = [:]
  private var fragments = FragmentAssembler()
  let earlier: EarlierBytes

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
    quick = Array(repeating: QuickCounts(), count: order.originals.count)
    offsets = Array(repeating: 0, count: order.originals.count)
    let isSpeaking = order.slices.contains(0)
    records = order.originals.map { CaptureRecords(original: $0.number, output: output, isSpeaking: isSpeaking) }
    recentFragments = RecentPackets(hasSeveralOriginals: order.originals.count > 1)
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
    hand.giveBack(.packets)
    let timeline = Timeline(paths: order.originals.map(\.path), receiver: self)
    timeline.run()
    ledger.hadToWait = isFirst && timeline.hadToWait
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
    ledger.shared = shared.sorted { $0.key < $1.key }.map {
      .init(first: $0.key.original, second: UInt16(truncatingIfNeeded: $0.key.packet), packets: $0.value)
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

  func unreadable(_ place: Int, _ fault: CaptureFault) {
    records[place].unreadable(fault)
    if isFirst { ledger.originals.append(records[place].emptyLedger(path: order.originals[place].path)) }
  }

  /// Takes what the capture says beside packets; only one worker keeps it.
  private func takeFacts(_ place: Int, _ reader: inout CaptureReader) {
    guard reader.hasFacts else { return }
    let facts = reader.takeFacts()
    if isFirst { records[place].take(facts) }
  }

  func packet(_ packet: CapturedPacket, of place: Int, _ reader: inout CaptureReader) {
    takeFacts(place, &reader)
    if !order.userLinks.isEmpty, let meant = order.userLinks[Int(packet.linkType)] {
      var other = packet
      other.linkType = meant
      begin(other, reader.bytes, place)
    } else {
      begin(packet, reader.bytes, place)
    }
    if isFirst { records[place].see(packet) }
    if packet.number & 0x3fff == 0 { noteProgress(place, reader.offset) }
  }

  func ended(_ place: Int, _ reader: inout CaptureReader, _ fault: CaptureFault?) {
    takeFacts(place, &reader)
    if let fault { records[place].fault(fault, after: reader.packetCount) }
    noteProgress(place, reader.offset)
    flushQuick(place)
    guard isFirst else { return }
    records[place].noteLimits(
      dropped: reader.droppedFactCount, damaged: reader.damagedBlockCount, firstAt: reader.firstDamagedBlock)
    ledger.originals.append(
      records[place].ledger(
        format: reader.formatName, offset: reader.offset, packets: reader.packetCount, bytes: reader.packetBytes,
        path: order.originals[place].path))
  }

  private func noteProgress(_ place: Int, _ offset: UInt64) {
    hand[.done] &+= offset &- offsets[place]
    offsets[place] = offset
    hand[.steps] &+= 1
  }

  /// Takes a packet, out of its serial frame where it has one.
  private func begin(_ packet: CapturedPacket, _ bytes: RawSpan, _ place: Int) {
    if packet.linkType == 50, bytes.byteCount > 0, bytes[0] == 0x7e, let frame = SerialFrame.content(bytes) {
      // Safe: the view ends before `frame` does.
      return unsafe take(packet, frame.span.bytes, place, isScattered: true)
    }
    take(packet, bytes, place, isScattered: false)
  }

  /// `isScattered` says that the bytes do not stand like this in the original.
  private func take(_ packet: CapturedPacket, _ bytes: RawSpan, _ place: Int, isScattered: Bool) {
    let original = order.originals[place].number
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
      if !isScattered,
        let first = recentFragments.original(
          of: view, bytes, appearance(packet, position), isSame: { isSame($0, bytes) })
      {
        if isMine[Int(slice.number)] { countDuplicate(of: first, position) }
        return
      }
      return takeFragment(view, bytes, packet, [CountedPacket(position, counted)])
    }
    guard isMine[Int(slice.number)] else { return }
    if order.filter != nil, let row = scope(packet, bytes) {
      output.count(row, original: original, counted)
      return
    }
    if !isScattered, let first = duplicate(view, bytes, packet, position, slice) {
      return countDuplicate(of: first, position)
    }
    guard view.outcome == .transport else {
      account(view, packet, place)
      return
    }
    let context = PacketContext(
      position: position, time: packet.time,
      fileOffset: isScattered ? PacketContext.scattered : packet.dataOffset + UInt64(view.payloadStart))
    isCut = view.isCut
    let assembler = assembler(slice)
    let payload = bytes.extracting(view.payloadStart..<(view.payloadStart + view.payloadCount))
    let (reception, conversation) = assembler.take(
      view, payload, context, checksum: view.transport == .sctp ? view.checksumVerdict(bytes) : .unknown,
      counted: counted)
    account(reception, conversation, place, payload.byteCount)
  }

  // MARK: Duplicates

  private func appearance(_ packet: CapturedPacket, _ position: PacketPosition) -> RecentPackets.Place {
    RecentPackets.Place(
      position: position, time: packet.time, offset: packet.dataOffset, count: Int(packet.capturedLength))
  }

  private func isSame(_ comparison: RecentPackets.Comparison, _ bytes: RawSpan) -> Bool {
    earlier.isSame(
      comparison.position.original, at: comparison.offset, as: bytes.extracting(comparison.range)) ?? false
  }

  /// The packet of this slice that brought the same before.
  private func duplicate(
    _ view: PacketView, _ bytes: RawSpan, _ packet: CapturedPacket, _ position: PacketPosition, _ slice: Slice
  ) -> PacketPosition? {
    if view.identification == 0, order.originals.count == 1 { return nil }
    let place = Int(slice.number)
    if recent[place] == nil { recent[place] = RecentPackets(hasSeveralOriginals: order.originals.count > 1) }
    return recent[place]?.original(of: view, bytes, appearance(packet, position)) { isSame($0, bytes) }
  }

  private func countDuplicate(of first: PacketPosition, _ position: PacketPosition) {
    let isForeign = first.original != position.original
    let detail = isForeign ? OriginalName(first.original).description : ""
    output.count(LedgerRow(.duplicate, detail), original: position.original, counted)
    if isForeign {
      shared[PacketPosition(original: first.original, packet: UInt64(position.original)), default: 0] += 1
    }
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
    let place = place(of: last.position.original)
    guard view.outcome == .transport else {
      account(view, packet, place)
      return
    }
    host.note(fragments: whole.packets.map(\.position))
    isCut = view.isCut
    let context = PacketContext(
      position: last.position, time: packet.time, fileOffset: PacketContext.scattered)
    let payload = bytes.extracting(view.payloadStart..<(view.payloadStart + view.payloadCount))
    let (reception, conversation) = assembler(slice).take(
      view, payload, context, checksum: view.transport == .sctp ? view.checksumVerdict(bytes) : .unknown,
      counted: counted)
    account(reception, conversation, place, payload.byteCount)
  }

  private func place(of original: UInt16) -> Int {
    order.originals.firstIndex { $0.number == original } ?? 0
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
    var fields = finding.recordFields
    fields.place(trace)
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

  private func account(_ view: PacketView, _ packet: CapturedPacket, _ place: Int) {
    if view.outcome == .control {
      quick[place].control += counted
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
    output.count(
      isCutHeader && !isOther ? LedgerRow(.truncated) : row, original: order.originals[place].number, counted)
  }

  private func account(
    _ reception: Reception, _ conversation: Conversation, _ place: Int, _ payloadBytes: Int
  ) {
    let original = order.originals[place].number
    switch reception {
    case .datagram: break
    case .message(let rest):
      let bytes = rest.headerBytes + rest.payloadBytes
      if bytes > 0 { output.count(LedgerRow(.noPayload), original: original, LedgerSum(headerBytes: bytes)) }
    case .unreadChunk(let type):
      output.count(LedgerRow(.otherProtocol, "sctp chunk \(type)"), original: original, counted)
    case .wrongChecksum: output.count(LedgerRow(.malformed, "sctp checksum"), original: original, counted)
    case .noPayload:
      // Chunks that carry no user data are headers.
      quick[place].noPayload += LedgerSum(packets: 1, headerBytes: counted.headerBytes + counted.payloadBytes)
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

  private func flushQuick(_ place: Int) {
    let original = order.originals[place].number
    let counts = quick[place]
    if !counts.noPayload.isEmpty { output.count(LedgerRow(.noPayload), original: original, counts.noPayload) }
    if !counts.control.isEmpty { output.count(LedgerRow(.control), original: original, counts.control) }
    quick[place] = QuickCounts()
  }
}
