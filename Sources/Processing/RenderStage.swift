import CallAssembly
import DecoderHosting
import EvidenceModel
import Fingerprinting
import Foundation
import MediaReading

/// Joins signalling with media and decodes the audio of every call; each render worker does its share of the calls.
final class RenderStage {
  private let order: WorkOrder
  private let layout: ScratchLayout
  private let runs: RecordRunWriter
  private let spool: ArtefactSpool
  private var ledger = LedgerCounter()
  private var streams: [MediaStream] = []
  private var indexes: [Int: StreamIndexReader] = [:]
  private var originals: [UInt16: Int32] = [:]
  private var ordinal: UInt32 = 0
  private let hand: WorkInHand
  /// Calls, by their first packet, on whose audio a worker crashed.
  private let silenced: Set<PacketPosition>

  static func run(_ order: WorkOrder, types: FileTypeIdentifier, _ hand: WorkInHand) throws {
    let stage = try RenderStage(order, types, hand)
    try stage.run()
  }

  private init(_ order: WorkOrder, _ types: FileTypeIdentifier, _ hand: WorkInHand) throws {
    self.order = order
    self.hand = hand
    silenced = order.exclusions(of: "audio")
    layout = ScratchLayout(order.scratch)
    runs = try RecordRunWriter(path: layout.runs("render", order.worker))
    spool = try ArtefactSpool(root: layout.artefacts("render", order.worker), types: types, origin: .computed)
  }

  private func run() throws {
    var signals: [CallSignal] = []
    for shard in 0..<order.shardCount {
      let bytes = [UInt8](FileManager.default.contents(atPath: layout.facts(shard)) ?? Data())
      for fact in try FactCodec.read(bytes) {
        switch fact {
        case .signal(let signal): signals.append(signal)
        case .stream(let stream): streams.append(stream)
        }
      }
    }
    // Which shard wrote a fact first must not matter.
    streams.sort { ($0.firstPacket, $0.identifier, $0.packetCount) < ($1.firstPacket, $1.identifier, $1.packetCount) }
    let plan = CallPlanner.plan(signals: signals, streams: streams)
    for original in order.originals {
      // Safe: the path is a string of ours.
      originals[original.number] = unsafe open(original.path, O_RDONLY | O_CLOEXEC)
    }
    for (number, call) in plan.calls.enumerated() where number % max(1, order.renderCount) == order.worker {
      try render(call)
    }
    for descriptor in originals.values { close(descriptor) }
    try runs.finish()
    var count = LedgerCount()
    for original in order.originals {
      count.originals.append(.init(number: original.number, totals: nil, rows: ledger.rows(of: original.number)))
    }
    try count.write(to: layout.ledger("render", order.worker))
  }

  // MARK: One call

  private struct StreamWork {
    let planned: PlannedCall.Stream
    let stream: MediaStream
    let analysis: StreamAnalysis
    let kinds: [UInt8: PayloadKind]
    let codecs: [String]
    let damage: [PayloadDamage]
    let events: [TelephoneEvent]
    let areEventsComplete: Bool
    let packings: [G726Packing]
    let trace: Trace
  }

  private func render(_ call: PlannedCall) throws {
    let place =
      (call.streams.map { streams[$0.index].firstPacket } + (call.trace.packets.first.map { [$0] } ?? [])).min()
      ?? PacketPosition(rawValue: 0)
    let isSilenced = silenced.contains(place)
    // From here on captured payloads are looked into.
    _ = hand.give(.audio, place, place)
    defer { hand.giveBack(.nobody) }
    var works: [StreamWork] = []
    for planned in call.streams { works.append(try work(planned, isSilenced: isSilenced)) }
    works.sort { $0.stream.firstPacket < $1.stream.firstPacket }
    var trace = call.trace
    for work in works { trace.formUnion(work.trace) }
    let start =
      works.filter { $0.stream.first.isKnown }
      .map { $0.stream.first.earlier(by: $0.analysis.leadNanoseconds) }
      .min() ?? .unknown
    var audio = CallAudio(start: start)
    for work in works {
      audio.add(
        work.analysis, track: work.planned.track, first: work.stream.first, kinds: work.kinds,
        description: Self.description(work))
    }
    audio.settle()
    let files = isSilenced ? AudioFiles() : try write(audio, works, trace, call)
    var fields = Self.fields(call)
    let list = works.map { Self.fields($0, files) }
    if !list.isEmpty { fields.set("streams", .list(list.map { .object($0) })) }
    if let stereo = files[.stereo] { fields.set("audioSha256", stereo.sha256.hex) }
    if let map = files.timeMap { fields.set("timeMapSha256", map.sha256.hex) }
    let keys = works.flatMap { work in work.events.map { (work, $0) } }.filter { $0.1.key != nil }
      .sorted { ($0.1.first, $0.1.packets.first ?? place) < ($1.1.first, $1.1.packets.first ?? place) }
    if !keys.isEmpty {
      fields.set(
        "keys",
        .list(
          keys.map { work, event in
            [
              "key": .text(event.key ?? ""), "party": .text(work.planned.party.rawValue),
              "pressedAt": .time(event.first),
            ]
          }.map { .object($0) }))
    }
    let label = call.signalling.map { "\($0) 1.0" } ?? "rtp 1.0"
    try add(call.signalling.map { "\($0)/call" } ?? "rtp/call", fields, trace, call.source, call.destination, label)
    for (work, entry) in zip(works, list) {
      var stream = entry
      if !call.callID.isEmpty { stream.set("callID", call.callID) }
      try add("rtp/stream", stream, work.trace, work.stream.source, work.stream.destination, "rtp 1.0")
      for event in work.events { try add(event, work, call) }
    }
  }

  private func work(_ planned: PlannedCall.Stream, isSilenced: Bool) throws -> StreamWork {
    let stream = streams[planned.index]
    var packets = try packets(of: stream)
    if stream.verdict == .candidate { recount(stream) }
    var table = PayloadTable(offered: planned.payloads, isEncrypted: planned.isEncrypted)
    var trace = Trace()
    for packet in packets {
      trace.packets.insert(packet.position)
      table.take(packet)
    }
    trace.first = stream.first
    trace.last = stream.last
    var damage: [PayloadDamage] = []
    var copies: [MediaPacket] = []
    if let type = table.redundancy, !isSilenced {
      let redundancy = Redundancy(packets, type: type, originals: originals)
      packets = redundancy.packets
      copies = redundancy.copies
      damage.append(redundancy.damage)
      for packet in packets + copies { table.take(packet) }
    }
    var analysis = StreamAnalysis(packets, clockRate: table.clockRate, events: table.events)
    analysis.recover(copies)
    var packings: [G726Packing] = []
    for (type, kind) in table.kinds.sorted(by: { $0.key < $1.key }) where !isSilenced {
      guard case .audio(let format) = kind,
        let packing = G726Packing(analysis, type: type, format: format, originals: originals)
      else { continue }
      table.replace(type, with: packing.format)
      packings.append(packing)
    }
    if !isSilenced { damage.append(analysis.measure(table.kinds, originals: originals)) }
    let (events, areComplete) = isSilenced ? ([], true) : analysis.events(table.events, originals: originals)
    return StreamWork(
      planned: planned, stream: stream, analysis: analysis, kinds: table.kinds, codecs: table.codecs, damage: damage,
      events: events, areEventsComplete: areComplete, packings: packings, trace: trace)
  }

  private func packets(of stream: MediaStream) throws -> [MediaPacket] {
    guard stream.indexLocation != .max else { return [] }
    let shard = Int(stream.indexLocation >> 48)
    if indexes[shard] == nil { indexes[shard] = try StreamIndexReader(path: layout.streams(shard)) }
    return try indexes[shard]?.packets(at: stream.indexLocation & 0xffff_ffff_ffff) ?? []
  }

  /// Moves a candidate's packets, now that signalling names it, from their row to the decoder's.
  private func recount(_ stream: MediaStream) {
    for count in stream.counts {
      ledger.add(LedgerRow(.decoded, "rtp"), original: count.original, count.sum)
      ledger.add(LedgerRow(.candidate, "rtp"), original: count.original, -count.sum)
    }
  }

  // MARK: Files

  private struct AudioFiles {
    var audio: [CallAudio.File: StoredArtefact] = [:]
    var timeMap: StoredArtefact?
    subscript(file: CallAudio.File) -> StoredArtefact? { audio[file] }
  }

  private func write(
    _ audio: CallAudio, _ works: [StreamWork], _ trace: Trace, _ call: PlannedCall
  ) throws -> AudioFiles {
    var files = AudioFiles()
    guard !works.isEmpty else { return files }
    for name in Self.undecoded(works) {
      try note(
        Finding(
          .warning, "audio/codecNotSupported",
          "The media is \(name), which is not decoded; its packets stand in the original.",
          ["codec": .text(name)]), trace, call)
    }
    if let cut = audio.tracks.first(where: \.isCut) {
      let limit = (samples: cut.maximumSamples, rate: cut.sampleRate)
      try note(
        Finding(
          .warning, "audio/tooLong",
          "Audio beyond \(limit.samples / limit.rate / 60) minutes from the call's first packet is not rendered.",
          ["limitSamples": .integer(limit.samples), "sampleRate": .integer(limit.rate)]), trace, call)
    }
    if audio.isSparse {
      try note(
        Finding(
          .warning, "audio/sparse",
          "The call's packets span more than an hour and bring less than a hundredth of it; its audio is not rendered.",
          ["samples": .integer(audio.sampleCount)]), trace, call)
    }
    let overlap = audio.tracks.reduce(Int64(0)) { $0 + $1.overlappingSamples }
    if overlap > 0 {
      try note(
        Finding(
          .warning, "audio/overlap",
          "\(overlap) samples were sent for moments that other packets of the same party fill already; they are not in the audio.",
          ["samples": .integer(overlap)]), trace, call)
    }
    for damage in works.flatMap(\.damage) where damage.packetCount > 0 {
      var part = Trace()
      part.packets = damage.packets
      try note(
        Finding(
          .warning, "audio/malformedPayload",
          "Payloads of \(damage.packetCount) packets contradict their format; what stands before is in the audio.",
          ["count": .integer(damage.packetCount), "first": .text(damage.first)]), part, call)
    }
    for work in works {
      for packing in work.packings {
        try note(
          Finding(
            .warning, "audio/g726Packing",
            "The codes of G.726 stand in their bytes the other way round than the signalling's name says, as the smoother audio shows; they were read so.",
            [
              "identifier": .text(Self.hexadecimal(work.stream.identifier)),
              "roughnessAsNamed": .integer(packing.namedRoughness), "roughnessAsRead": .integer(packing.otherRoughness),
              "origin": "inferred",
            ]), work.trace, call)
      }
    }
    let unreadable = works.flatMap(\.damage).reduce(Int64(0)) { $0 + $1.unreadable }
    if works.contains(where: { !$0.areEventsComplete }) {
      try note(
        Finding(
          .warning, "audio/eventsIncomplete",
          "A stream has more telephone events than the limit, or some could not be read.",
          ["limit": .integer(Int64(TelephoneEvent.maximumCount))]), trace, call)
    }
    var open: [CallAudio.File: Int] = [:]
    var failure: ProcessingError?
    let failures = audio.render(originals: originals) { file, bytes in
      let number = open[file] ?? spool.begin()
      open[file] = number
      hand[.steps] &+= 1
      do throws(ProcessingError) { try spool.append(bytes, to: number) } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
    if failures > 0 || unreadable > 0 {
      try note(
        Finding(
          .error, "audio/unreadable",
          "\(failures) parts of the call's audio could not be decoded and \(unreadable) packets not be read; they are silent.",
          ["count": .integer(Int64(failures) + unreadable)]), trace, call)
    }
    for file in CallAudio.File.allCases {
      guard let number = open[file], let stored = try spool.end(number, class: "wav-\(file == .stereo ? 2 : 1)") else {
        continue
      }
      files.audio[file] = stored
      let sides = works.filter { file == .stereo || $0.planned.track == file.rawValue }
      var part = Trace()
      for side in sides { part.formUnion(side.trace) }
      try describe(stored, Self.role(file, call), part, call)
    }
    let map = spool.begin()
    let bytes = audio.timeMapBytes
    // Safe: the view ends before `bytes` does.
    try unsafe spool.append(bytes.span.bytes, to: map)
    files.timeMap = try spool.end(map, class: nil)
    if let stored = files.timeMap { try describe(stored, "time map of a call", trace, call) }
    return files
  }

  private static func undecoded(_ works: [StreamWork]) -> [String] {
    var names: [String] = []
    for case .other(let name) in works.flatMap({ $0.kinds.sorted { $0.key < $1.key }.map(\.value) })
    where !names.contains(name) { names.append(name) }
    return names
  }

  private static func role(_ file: CallAudio.File, _ call: PlannedCall) -> String {
    switch file {
    case .left: call.signalling == nil ? "audio of one side" : "audio of the caller"
    case .right: call.signalling == nil ? "audio of the other side" : "audio of the called party"
    case .stereo: "audio of both sides"
    }
  }

  // MARK: Records

  private func add(
    _ kind: String, _ fields: Fields, _ trace: Trace, _ source: Endpoint?, _ destination: Endpoint?, _ label: String
  ) throws {
    var full = fields
    full.place(trace)
    full.set("decoder", label)
    if let source { full.set("source", source.description) }
    if let destination { full.set("destination", destination.description) }
    ordinal += 1
    try runs.add(
      kind, full,
      RecordKey(position: trace.packets.last ?? PacketPosition(rawValue: 0), decoder: 0xffe0, ordinal: 0))
  }

  private func add(_ event: TelephoneEvent, _ work: StreamWork, _ call: PlannedCall) throws {
    var fields = Fields()
    fields.set("event", Int64(event.number))
    if let key = event.key { fields.set("key", key) }
    fields.set("party", work.planned.party.rawValue)
    fields.set("identifier", Self.hexadecimal(work.stream.identifier))
    if !call.callID.isEmpty { fields.set("callID", call.callID) }
    fields.set("duration", Self.seconds(event.duration.scaled(1_000, Int64(max(1, work.analysis.clockRate)))))
    if event.key != nil { fields.set("level", Int64(event.level)) }
    fields.set("isEnded", event.isEnded)
    var trace = Trace()
    trace.packets = event.packets
    trace.first = event.first
    trace.last = event.last
    try add("rtp/event", fields, trace, work.stream.source, work.stream.destination, "rtp 1.0")
  }

  private func describe(_ stored: StoredArtefact, _ role: String, _ trace: Trace, _ call: PlannedCall) throws {
    var fields = stored.fields
    fields.set("role", role)
    fields.set("origin", "computed")
    fields.set("isComplete", true)
    try add("artefact", fields, trace, call.source, call.destination, "audio 1.0")
  }

  private func note(_ finding: Finding, _ trace: Trace, _ call: PlannedCall) throws {
    var fields = finding.fields
    fields.set("severity", finding.severity.rawValue)
    fields.set("code", finding.code)
    fields.set("message", finding.message)
    try add("finding", fields, trace, call.source, call.destination, "audio 1.0")
  }

  private static func description(_ work: StreamWork) -> Fields {
    [
      "identifier": .text(hexadecimal(work.stream.identifier)), "source": .text(work.stream.source.description),
      "destination": .text(work.stream.destination.description), "party": .text(work.planned.party.rawValue),
    ]
  }

  private static func hexadecimal(_ identifier: UInt32) -> String {
    let digits = String(identifier, radix: 16)
    return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
  }

  private static func fields(_ work: StreamWork, _ files: AudioFiles) -> Fields {
    var fields = description(work)
    let analysis = work.analysis
    fields.set("codecs", .list(work.codecs.map { .text($0) }))
    fields.set("payloadTypes", .list(analysis.payloadTypes.map { .integer(Int64($0)) }))
    fields.set("packetsExpected", analysis.expected)
    fields.set("packetsReceived", analysis.received)
    fields.set("packetsLost", analysis.lost)
    fields.set("packetsDuplicate", analysis.duplicates)
    fields.set("packetsReordered", analysis.reordered)
    fields.set("packetsLate", analysis.late)
    if analysis.recovered > 0 { fields.set("packetsRecovered", analysis.recovered) }
    if analysis.restarts > 0 { fields.set("sequenceRestarts", analysis.restarts) }
    fields.set("jitterMax", analysis.jitterMaximum)
    fields.set("jitterMean", analysis.jitterMean)
    fields.set("attachedBy", work.planned.attachment.rawValue)
    fields.set("evidence", work.planned.evidence)
    if !work.stream.tunnels.isEmpty { fields.set("tunnels", work.stream.tunnels) }
    if !work.planned.kind.isEmpty { fields.set("mediaKind", work.planned.kind) }
    if let stored = files[work.planned.track == 0 ? .left : .right] { fields.set("audioSha256", stored.sha256.hex) }
    if let map = files.timeMap { fields.set("timeMapSha256", map.sha256.hex) }
    return fields
  }

  private static func fields(_ call: PlannedCall) -> Fields {
    var fields = Fields()
    for (name, text) in [
      ("callID", call.callID), ("caller", call.caller), ("callerName", call.callerName), ("called", call.called),
      ("calledName", call.calledName), ("reason", call.reason),
    ] where !text.isEmpty { fields.set(name, text) }
    for (name, time) in [
      ("invitedAt", call.invitedAt), ("ringingAt", call.ringingAt), ("answeredAt", call.answeredAt),
      ("hungUpAt", call.endedAt),
    ] {
      if let time { fields.set(name, time) }
    }
    fields.set("outcome", call.outcome.rawValue)
    if let party = call.endedBy { fields.set("endedBy", party.rawValue) }
    if call.statusCode > 0 { fields.set("status", call.statusCode) }
    if call.branches > 1 { fields.set("branches", call.branches) }
    if let answered = call.answeredAt, let ended = call.endedAt, ended >= answered {
      fields.set("duration", Self.seconds(ended.nanoseconds(since: answered) / 1_000_000))
    }
    return fields
  }

  /// Seconds with three decimals.
  private static func seconds(_ milliseconds: Int64) -> String {
    let rest = String(milliseconds % 1_000)
    return "\(milliseconds / 1_000)." + String(repeating: "0", count: 3 - rest.count) + rest
  }
}
