import CallAssembly
import DecoderHosting
import EvidenceBundle
import EvidenceModel
import MediaReading

/// What a call, its streams and its files become as records.
extension RenderStage {
  func add(
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

  func add(_ event: TelephoneEvent, _ work: StreamWork, _ call: PlannedCall) throws {
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

  func describe(_ stored: StoredArtefact, _ role: String, _ trace: Trace, _ call: PlannedCall, isComplete: Bool = true)
    throws
  {
    var fields = stored.fields
    fields.set("role", role)
    fields.set("origin", "computed")
    fields.set("isComplete", isComplete)
    try add("artefact", fields, trace, call.source, call.destination, "audio 1.0")
  }

  func note(_ finding: Finding, _ trace: Trace, _ call: PlannedCall, _ label: String = "audio 1.0") throws {
    try add("finding", finding.recordFields, trace, call.source, call.destination, label)
  }

  static func description(_ work: StreamWork) -> Fields {
    [
      "identifier": .text(hexadecimal(work.stream.identifier)), "source": .text(work.stream.source.description),
      "destination": .text(work.stream.destination.description), "party": .text(work.planned.party.rawValue),
    ]
  }

  static func hexadecimal(_ identifier: UInt32) -> String {
    let digits = String(identifier, radix: 16)
    return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
  }

  static func fields(_ work: StreamWork, _ files: AudioFiles) -> Fields {
    var fields = description(work)
    let analysis = work.analysis
    fields.set("codecs", .list(work.codecs.map { .text($0) }))
    if let secure = work.secure {
      fields.set("encryption", secure.suites.joined(separator: ", "))
      fields.set("packetsNotOpened", secure.unopenedCount)
    }
    fields.set("payloadTypes", .list(analysis.payloadTypes.map { .integer(Int64($0)) }))
    fields.set("packetsExpected", analysis.expected)
    fields.set("packetsReceived", analysis.received)
    fields.set("packetsLost", analysis.lost)
    fields.set("packetsDuplicate", analysis.duplicates)
    fields.set("packetsReordered", analysis.reordered)
    fields.set("packetsLate", analysis.late)
    if analysis.recovered > 0 { fields.set("packetsRecovered", analysis.recovered) }
    if analysis.recoveredInBand > 0 { fields.set("packetsRecoveredInBand", analysis.recoveredInBand) }
    if analysis.retransmitted > 0 { fields.set("packetsRetransmitted", analysis.retransmitted) }
    if analysis.needlessRepeats > 0 { fields.set("packetsRepeated", analysis.needlessRepeats) }
    if analysis.strayRepeats > 0 { fields.set("retransmissionsNotPlaced", analysis.strayRepeats) }
    if let repaired = work.repairs { fields.set("repairs", hexadecimal(repaired.identifier)) }
    if analysis.restarts > 0 { fields.set("sequenceRestarts", analysis.restarts) }
    fields.set("jitterMax", analysis.jitterMaximum)
    fields.set("jitterMean", analysis.jitterMean)
    fields.set("attachedBy", work.planned.attachment.rawValue)
    fields.set("evidence", work.planned.evidence)
    if !work.stream.tunnels.isEmpty { fields.set("tunnels", work.stream.tunnels) }
    if !work.planned.kind.isEmpty { fields.set("mediaKind", work.planned.kind) }
    if !work.planned.label.isEmpty { fields.set("mediaLabel", work.planned.label) }
    if !work.planned.participants.isEmpty { fields.set("participants", .list(work.planned.participants.map(value))) }
    guard !work.isVideo, !work.isRepair else { return fields }
    if let stored = files[work.planned.track == 1 ? .right : .left] { fields.set("audioSha256", stored.sha256.hex) }
    if let map = files.timeMap { fields.set("timeMapSha256", map.sha256.hex) }
    return fields
  }

  private static func value(_ participant: PlannedCall.Speaker) -> Value {
    var fields: Fields = ["address": .text(participant.address)]
    if !participant.name.isEmpty { fields.set("name", participant.name) }
    if let since = participant.since, since.isKnown { fields.set("since", since) }
    return .object(fields)
  }

  /// The keys of a call, by signalling and beside its audio, in the order in which they were pressed.
  static func keys(_ call: PlannedCall, _ events: [(party: PlannedCall.Party, events: [TelephoneEvent])]) -> [Value] {
    let first = PacketPosition(rawValue: 0)
    var keys = call.keys.map { (key: $0.key, party: $0.party, at: $0.pressedAt, place: $0.packets.first ?? first) }
    for (party, list) in events {
      for event in list {
        guard let key = event.key else { continue }
        keys.append((key, party, event.first, event.packets.first ?? first))
      }
    }
    keys.sort { ($0.at, $0.place, $0.key) < ($1.at, $1.place, $1.key) }
    return keys.map {
      .object(["key": .text($0.key), "party": .text($0.party.rawValue), "pressedAt": .time($0.at)])
    }
  }

  /// Seconds with three decimals.
  static func seconds(_ milliseconds: Int64) -> String {
    "\(milliseconds / 1_000).\(BundleLayout.padded(Int(milliseconds % 1_000), 3))"
  }
}
