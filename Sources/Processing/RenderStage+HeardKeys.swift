import CallAssembly
import EvidenceModel
import MediaReading

/// What the tones of keys that were heard in a call's audio become: conclusions, apart from what was sent as keys.
extension RenderStage {
  struct HeardKeyFacts {
    let key: HeardKey
    let party: PlannedCall.Party
    let source: Endpoint?
    let destination: Endpoint?
    let trace: Trace

    /// As the call's record shows it.
    var summary: Value {
      .object([
        "key": .text(key.key), "party": .text(party.rawValue), "heardAt": .time(trace.first), "origin": "inferred",
      ])
    }
  }

  /// The keys of both tracks in the order of their time, with the packets that they stand in.
  static func heardKeys(_ files: AudioFiles, _ audio: CallAudio, _ works: [StreamWork]) -> [HeardKeyFacts] {
    let all = files.heard.enumerated().flatMap { track, keys in keys.map { (track: track, key: $0) } }
      .sorted { ($0.key.from, $0.track) < ($1.key.from, $1.track) }
    return all.compactMap { track, key in
      let (packets, parts) = audio.packets(track: track, from: key.from, to: key.to)
      guard let first = parts.first, works.indices.contains(first) else { return nil }
      var trace = Trace()
      trace.packets = packets
      trace.first = audio.moment(of: key.from)
      trace.last = audio.moment(of: key.to)
      let work = works[first]
      return HeardKeyFacts(
        key: key, party: work.planned.party, source: work.stream.source, destination: work.stream.destination,
        trace: trace)
    }
  }

  func add(_ heard: HeardKeyFacts, _ call: PlannedCall) throws {
    var fields: Fields = [
      "key": .text(heard.key.key), "party": .text(heard.party.rawValue), "origin": "inferred",
      "method": .text(HeardKey.method), "lowLevel": .text(Self.tenths(heard.key.lowLevel)),
      "highLevel": .text(Self.tenths(heard.key.highLevel)),
    ]
    if !call.callID.isEmpty { fields.set("callID", call.callID) }
    if let length = heard.trace.last.milliseconds(since: heard.trace.first) {
      fields.set("duration", Self.seconds(length))
    }
    try add("audio/key", fields, heard.trace, heard.source, heard.destination, "audio 1.0")
  }

  /// Tenths as a decimal.
  private static func tenths(_ value: Int64) -> String {
    (value < 0 ? "-" : "") + "\(value.magnitude / 10).\(value.magnitude % 10)"
  }
}

extension CaptureTime {
  /// Milliseconds from another time to this one; nil when either is unknown or it is later.
  fileprivate func milliseconds(since other: CaptureTime) -> Int64? {
    guard isKnown, other.isKnown, other <= self else { return nil }
    let (difference, isOver) = nanoseconds.subtractingReportingOverflow(other.nanoseconds)
    return isOver ? nil : difference / 1_000_000
  }
}
