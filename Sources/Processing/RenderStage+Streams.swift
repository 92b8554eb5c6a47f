import CallAssembly
import DecoderHosting
import EvidenceModel
import MediaReading

/// From the packets of a stream to what they say: opened, told apart, and put where they belong.
extension RenderStage {
  struct StreamWork {
    let planned: PlannedCall.Stream
    let stream: MediaStream
    let analysis: StreamAnalysis
    let kinds: [UInt8: PayloadKind]
    let codecs: [String]
    let damage: [PayloadDamage]
    let events: [TelephoneEvent]
    /// The packets as they were captured.
    let captured: [MediaPacket]
    let areEventsComplete: Bool
    let packings: [G726Packing]
    /// What opened it, when it was encrypted and its keys are known.
    let secure: SecureStream?
    /// The stream whose packets it repeats, where it does and that stream was captured.
    let repairs: MediaStream?
    let trace: Trace

    /// Whether it brings moving pictures and no sound.
    var isVideo: Bool {
      kinds.values.contains { if case .video = $0 { true } else { false } }
        && !kinds.values.contains { if case .audio = $0 { true } else { false } }
    }

    /// Whether it repeats packets of another stream, and has no sound of its own.
    var isRepair: Bool {
      repairs != nil
        && !kinds.values.contains {
          switch $0 {
          case .audio, .event, .comfortNoise: true
          default: false
          }
        }
    }
  }

  /// The packets of a stream, opened, before those of other streams that repeat some of them have come to it.
  struct PreparedStream {
    let planned: PlannedCall.Stream
    let stream: MediaStream
    var packets: [MediaPacket]
    let captured: [MediaPacket]
    var table: PayloadTable
    let secure: SecureStream?
    let trace: Trace
    /// Packets of it that came again in another stream (RFC 4588).
    var repeats: [MediaPacket] = []
    var damage: [PayloadDamage] = []
    var repairs: MediaStream?
  }

  func prepare(_ planned: PlannedCall.Stream, isSilenced: Bool) throws -> PreparedStream {
    let stream = streams[planned.index]
    var packets = try packets(of: stream)
    if stream.verdict == .candidate { recount(stream) }
    var trace = Trace()
    for packet in packets { trace.packets.insert(packet.position) }
    let segments = stream.channel == nil ? [] : segments(of: packets)
    for set in segments { trace.packets.formUnion(set) }
    trace.first = stream.first
    trace.last = stream.last
    var captured = packets
    let secure = isSilenced ? nil : try decrypt(packets, planned)
    packets = secure?.packets ?? packets
    var table = PayloadTable(
      offered: planned.payloads, redefinitions: planned.redefinitions,
      isEncrypted: planned.isEncrypted && secure == nil)
    if !planned.redefinitions.isEmpty {
      packets = packets.map { table.numbered($0) }
      captured = captured.map { table.numbered($0) }
    }
    for packet in packets { table.take(packet) }
    return PreparedStream(
      planned: planned, stream: stream, packets: packets, captured: captured, table: table, secure: secure,
      trace: trace)
  }

  /// Gives packets that came again in a stream of their own to the stream that they belong to (RFC 4588).
  ///
  /// The signalling says which stream that is, or there is just one from the same sender to the same receiver that has packets of the
  /// payload type. Else they stay what they are, media that is not decoded.
  func joinRepairs(_ list: inout [PreparedStream]) {
    let types = list.map(\.table.repairs)
    guard types.contains(where: { !$0.isEmpty }) else { return }
    // A stream that has more than what repeats others may be repeated itself.
    var beside: [Way: [Int]] = [:]
    for place in list.indices where types[place].isEmpty || types[place].count < list[place].table.kinds.count {
      beside[Way(list[place].stream), default: []].append(place)
    }
    for place in list.indices where !types[place].isEmpty {
      let others = (beside[Way(list[place].stream)] ?? []).filter { $0 != place }
      let targets = originals(of: list[place], types[place], in: list, others)
        .sorted { list[$0].stream.firstPacket < list[$1].stream.firstPacket }
      guard let first = targets.first else {
        list[place].table.giveUpRepairs()
        continue
      }
      let repeats = Retransmission(list[place].packets, types: types[place], originals: originals)
      list[place].repairs = list[first].stream
      list[place].damage.append(repeats.damage)
      // A stream that paused for long is several: a packet is of the one that had begun.
      for packet in repeats.packets {
        let target = targets.last { list[$0].stream.firstPacket <= packet.position } ?? first
        list[target].repeats.append(packet)
      }
    }
    for place in list.indices where !list[place].repeats.isEmpty {
      list[place].repeats.sort { $0.position < $1.position }
    }
  }

  /// Between which ends a stream goes.
  private struct Way: Hashable {
    let source: Endpoint
    let destination: Endpoint
    let channel: UInt8?
    let tunnels: String

    init(_ stream: MediaStream) {
      (source, destination, channel) = (stream.source, stream.destination, stream.channel)
      tunnels = stream.tunnels
    }
  }

  /// Of `others` the pieces of the one stream whose packets another one repeats; none when nobody can tell.
  private func originals(
    of repair: PreparedStream, _ types: [UInt8: UInt8], in list: [PreparedStream], _ others: [Int]
  ) -> [Int] {
    if let identifier = repair.planned.repairs { return others.filter { list[$0].stream.identifier == identifier } }
    let fitting = others.filter { place in types.values.contains { list[place].stream.holds(payloadType: $0) } }
    return Set(fitting.map { list[$0].stream.identifier }).count == 1 ? fitting : []
  }

  func work(_ prepared: PreparedStream, isSilenced: Bool) -> StreamWork {
    var (packets, table, repeats) = (prepared.packets, prepared.table, prepared.repeats)
    let isRedefined = !prepared.planned.redefinitions.isEmpty
    if isRedefined { repeats = repeats.map { table.numbered($0) } }
    for packet in repeats { table.take(packet) }
    var damage = prepared.damage
    var copies: [MediaPacket] = []
    let types = table.redundancy
    if !types.isEmpty, !isSilenced {
      let redundancy = Redundancy(packets, types: types, originals: originals)
      let again = Redundancy(repeats, types: types, originals: originals)
      packets = redundancy.packets
      repeats = again.packets
      copies = redundancy.copies + again.copies
      damage += [redundancy.damage, again.damage]
      if isRedefined {
        packets = packets.map { table.numbered($0) }
        repeats = repeats.map { table.numbered($0) }
        copies = copies.map { table.numbered($0) }
      }
      for packet in packets + repeats + copies { table.take(packet) }
    }
    var analysis = StreamAnalysis(packets, clockRate: table.clockRate, events: table.events)
    analysis.restore(repeats)
    analysis.recover(copies)
    var trace = prepared.trace
    var brought = PacketGathering()
    for entry in analysis.placed where entry.isRepeated { brought.insert(entry.packet.position) }
    trace.packets.formUnion(brought.packets)
    var packings: [G726Packing] = []
    for (type, kind) in table.kinds.sorted(by: { $0.key < $1.key }) where !isSilenced {
      guard case .audio(let format) = kind,
        let packing = G726Packing(analysis, type: type, format: format, originals: originals)
      else { continue }
      table.replace(type, with: packing.format)
      packings.append(packing)
    }
    if !isSilenced {
      damage.append(analysis.measure(table.kinds, originals: originals) { hand[.steps] &+= 1 })
      analysis.recoverInBand(table.kinds, originals: originals) { hand[.steps] &+= 1 }
    }
    let (events, areComplete) = isSilenced ? ([], true) : analysis.events(table.events, originals: originals)
    return StreamWork(
      planned: prepared.planned, stream: prepared.stream, analysis: analysis, kinds: table.kinds,
      codecs: table.codecs, damage: damage, events: events, captured: prepared.captured,
      areEventsComplete: areComplete, packings: packings, secure: prepared.secure, repairs: prepared.repairs,
      trace: trace)
  }
}
