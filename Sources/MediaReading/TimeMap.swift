import EvidenceModel

/// Says for each range of samples what stands there and which packets it came from.
enum TimeMap {
  private struct Range {
    var from: Int64
    var to: Int64
    var kind: String
    var packets = PacketGathering()
    /// How what is `recovered` came.
    var recovery: StreamAnalysis.Recovery?
  }

  /// The longest telephone event, in nanoseconds (RFC 4733, 2.3.5: 16 bits, at 8,000 hertz).
  static let maximumEvent: Int64 = 65_535 * 125_000

  /// Hertz of the samples that ranges are told in, and of the stream's timestamps.
  struct Scale {
    let sampleRate: Int64
    let clockRate: Int64

    func samples(_ position: Int64) -> Int64 { position.scaled(to: sampleRate, from: clockRate) }
  }

  /// Ranges of one stream: `received`, `recovered`, `retransmitted`, `late`, `damaged`, `event`, `notDecoded`, and between them `lost`,
  /// `restarted` or `silenceSuppressed`.
  ///
  /// Missing numbers make a gap `lost`, though part of it may have been silence; where the sender's numbering began anew
  /// nobody can tell, and the gap is `restarted`. What a copy inside of Opus does not bring back of its packet is `lost`, too.
  static func ranges(
    _ placed: [StreamAnalysis.Placed], at start: Int64, _ scale: Scale, kinds: [UInt8: PayloadKind]
  ) -> [Value] {
    var ranges: [Range] = []
    var end = start + scale.samples(placed.first?.position ?? 0)
    var highest: Int64?
    var eventStart: StreamAnalysis.Placed?
    var known = KnownKind(kinds)
    for (index, entry) in placed.enumerated() {
      let from = start + scale.samples(entry.position)
      if from > end, let highest {
        let kind = entry.recovery == .inBand ? "lost" : gap(entry.extended - highest)
        append(from: end, to: from, kind, nil, nil, &ranges)
      }
      if eventStart?.position != entry.position { eventStart = entry }
      let next = index + 1 < placed.count ? placed[index + 1] : nil
      let (kind, length) = meaning(entry, next, eventStart ?? entry, scale, known[entry.packet.payloadType])
      let begin = max(from, min(end, from + length))
      end = max(end, from + length)
      if entry.recovery == .inBand {
        for part in parts(entry, from, length) {
          let (from, to) = (max(begin, part.from), max(begin, part.to))
          if part.isLost {
            append(from: from, to: to, "lost", nil, nil, &ranges)
          } else {
            append(from: from, to: to, kind, entry.packet.position, entry.recovery, &ranges)
          }
        }
      } else {
        let recovery = kind == "recovered" ? entry.recovery : nil
        append(from: begin, to: max(begin, from + length), kind, entry.packet.position, recovery, &ranges)
      }
      highest = max(highest ?? entry.extended, entry.extended)
    }
    return ranges.map(value)
  }

  /// The parts of what copies inside of Opus bring back: the frames that there are copies of, and those that are lost.
  private static func parts(
    _ entry: StreamAnalysis.Placed, _ from: Int64, _ length: Int64
  ) -> [(from: Int64, to: Int64, isLost: Bool)] {
    let count = max(1, Int64(entry.measured?.samples ?? 0) / Int64(OpusPacket.silkFrameSamples))
    return (0..<count).map { number in
      (
        from: from + length * number / count, to: from + length * (number + 1) / count,
        isLost: entry.copies >> UInt8(number) & 1 == 0
      )
    }
  }

  private static func arrival(_ entry: StreamAnalysis.Placed) -> String {
    if entry.recovery != nil { return "recovered" }
    return entry.isRepeated ? "retransmitted" : entry.isLate ? "late" : "received"
  }

  private static func gap(_ step: Int64) -> String {
    if step > Int64(SequenceNumbering.maximumDropout) { return "restarted" }
    return step > 1 ? "lost" : "silenceSuppressed"
  }

  private static func meaning(
    _ entry: StreamAnalysis.Placed, _ next: StreamAnalysis.Placed?, _ eventStart: StreamAnalysis.Placed,
    _ scale: Scale, _ payload: PayloadKind?
  ) -> (kind: String, length: Int64) {
    switch payload {
    case .audio(let format):
      guard let voice = entry.voice(format) else { break }
      let length = Int64(voice.samples).scaled(to: scale.sampleRate, from: Int64(format.sampleRate))
      switch voice.kind {
      case .speech: return (Self.arrival(entry), length)
      case .damaged: return ("damaged", length)
      case .comfortNoise, .noData: return ("silenceSuppressed", length)
      }
    case .comfortNoise: return ("silenceSuppressed", 0)
    case .event:
      // All packets of an event tell of its beginning; it lasts at least until they stop coming.
      let isTimed = !entry.isRepeated && !eventStart.isRepeated
      let lasted = !isTimed ? 0 : max(0, min(entry.packet.time.since(eventStart.packet.time) ?? 0, maximumEvent))
      return ("event", lasted.scaled(scale.sampleRate, 1_000_000_000))
    case .video, .repair, .other, nil: break
    }
    guard let next, next.extended - entry.extended == 1 else { return ("notDecoded", 0) }
    // How long a packet of undecoded media lasts is not known: it reaches to the next one.
    return ("notDecoded", max(0, scale.samples(next.position) - scale.samples(entry.position)))
  }

  private static func append(
    from: Int64, to: Int64, _ kind: String, _ packet: PacketPosition?, _ recovery: StreamAnalysis.Recovery?,
    _ ranges: inout [Range]
  ) {
    let last = ranges.count - 1
    if last < 0 || ranges[last].to != from || ranges[last].kind != kind || ranges[last].recovery != recovery {
      var range = Range(from: from, to: to, kind: kind, recovery: recovery)
      if let packet { range.packets.insert(packet) }
      ranges.append(range)
      return
    }
    ranges[last].to = to
    if let packet { ranges[last].packets.insert(packet) }
  }

  private static func value(_ range: Range) -> Value {
    var fields: Fields = [
      "from": .integer(range.from), "to": .integer(range.to), "kind": .text(range.kind),
    ]
    if let recovery = range.recovery { fields.set("recovery", recovery.rawValue) }
    let packets = range.packets.packets
    if !packets.isEmpty {
      fields.set(
        "provenance",
        .list(
          packets.byOriginal.map {
            .object(["original": .text($0.original.description), "packets": .text($0.packets)])
          }))
    }
    return .object(fields)
  }
}
