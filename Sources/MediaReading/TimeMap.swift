import EvidenceModel

/// Says for each range of samples what stands there and which packets it came from.
enum TimeMap {
  private struct Range {
    var from: Int64
    var to: Int64
    var kind: String
    var packets: PacketSet
  }

  /// Ranges of one stream: `received`, `late`, `event`, `notDecoded`, and between them `lost` or `silenceSuppressed`.
  static func ranges(
    _ placed: [StreamAnalysis.Placed], at start: Int64, kinds: [UInt8: PayloadKind]
  ) -> [Value] {
    var ranges: [Range] = []
    var end = start + (placed.first?.position ?? 0)
    var former: Int64?
    for entry in placed {
      let from = start + entry.position
      let (kind, length) = meaning(entry, kinds)
      if from > end, let former {
        let isLost = entry.extended - former > 1
        // How long a packet of undecoded media lasts is not known: it reaches to the next one.
        let kind = isLost ? "lost" : ranges.last?.kind == "notDecoded" ? "notDecoded" : "silenceSuppressed"
        append(Range(from: end, to: from, kind: kind, packets: PacketSet()), &ranges)
      }
      let to = max(from + length, end)
      append(
        Range(from: max(from, min(end, to)), to: to, kind: kind, packets: PacketSet(entry.packet.position)), &ranges)
      end = max(end, to)
      former = max(former ?? entry.extended, entry.extended)
    }
    return ranges.map(value)
  }

  private static func meaning(
    _ entry: StreamAnalysis.Placed, _ kinds: [UInt8: PayloadKind]
  ) -> (kind: String, length: Int64) {
    switch kinds[entry.packet.payloadType] {
    case .aLaw, .muLaw: (entry.isLate ? "late" : "received", Int64(entry.packet.payloadLength))
    case .comfortNoise: ("silenceSuppressed", 0)
    case .event: ("event", 0)
    default: ("notDecoded", 0)
    }
  }

  private static func append(_ range: Range, _ ranges: inout [Range]) {
    if let last = ranges.last, last.kind == range.kind, last.to == range.from {
      ranges[ranges.count - 1].to = range.to
      ranges[ranges.count - 1].packets.formUnion(range.packets)
    } else {
      ranges.append(range)
    }
  }

  private static func value(_ range: Range) -> Value {
    var fields: Fields = [
      "from": .integer(range.from), "to": .integer(range.to), "kind": .text(range.kind),
    ]
    if !range.packets.isEmpty {
      fields.set(
        "provenance",
        .list(
          range.packets.byOriginal.map {
            .object(["original": .text($0.original.description), "packets": .text($0.packets)])
          }))
    }
    return .object(fields)
  }
}
