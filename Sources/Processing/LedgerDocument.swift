import EvidenceModel

/// Puts data/ledger.json together from what the workers counted (docs/records.md).
struct LedgerDocument {
  private(set) var originals: [Fields] = []
  private(set) var packetCount: UInt64 = 0
  /// Packets of which a decoder made something, and those on which something failed; the rest was passed over.
  private(set) var decodedCount: UInt64 = 0
  private(set) var failedCount: UInt64 = 0
  /// Where our count and libpcap's differ, in words.
  private(set) var differences: [(original: UInt16, message: String)] = []
  private(set) var expansionFaults: [(original: UInt16, fault: String)] = []
  private(set) var hasUnreadable = false
  /// Pairs of originals that hold the same packets, and how many.
  private(set) var shared: [(first: UInt16, second: UInt16, packets: UInt64)] = []
  private(set) var hadToWait = false

  /// Reads what the workers of a run left.
  init(_ order: WorkOrder, _ layout: ScratchLayout) throws {
    let shards = try (0..<order.shardCount).map { try LedgerCount.read(from: layout.ledger("shard", $0)) }
    let rendered = try (0..<order.renderCount).map { try LedgerCount.read(from: layout.ledger("render", $0)) }
    let examined = try (0..<order.examineCount).map { try LedgerCount.read(from: layout.ledger("examine", $0)) }
    try self.init(shards + rendered + examined, WitnessReport.read(layout), Preparation.read(layout))
  }

  init(_ counts: [LedgerCount], _ witness: WitnessReport, _ preparation: Preparation) {
    hadToWait = counts.contains(where: \.hadToWait)
    var sums: [PacketPosition: UInt64] = [:]
    for pair in counts.flatMap(\.shared) {
      sums[PacketPosition(original: pair.first, packet: UInt64(pair.second)), default: 0] += pair.packets
    }
    shared = sums.sorted { $0.key < $1.key }.map {
      ($0.key.original, UInt16(truncatingIfNeeded: $0.key.packet), $0.value)
    }
    let numbers = Set(counts.flatMap { $0.originals.map(\.number) }).sorted()
    for number in numbers {
      let parts = counts.flatMap { $0.originals.filter { $0.number == number } }
      guard let totals = parts.compactMap(\.totals).first else { continue }
      add(
        number, totals, parts.flatMap(\.rows), parts.compactMap(\.media).first,
        witness.entries.first { $0.number == number },
        preparation.entries.first { $0.number == number })
    }
  }

  private mutating func add(
    _ number: UInt16, _ totals: LedgerCount.Totals, _ rows: [LedgerCount.Row], _ media: [LedgerCount.MediaRow]?,
    _ witness: WitnessReport.Entry?, _ preparation: Preparation.Entry?
  ) {
    packetCount += totals.packetCount
    if totals.unreadableBytes > 0 || preparation?.fault != nil { hasUnreadable = true }
    var fields: Fields = ["original": .text(OriginalName(number).description), "format": .text(totals.format)]
    let framing = totals.byteCount - totals.packetBytes - totals.unreadableBytes
    fields.set(
      "bytes",
      .object([
        "total": integer(totals.byteCount), "packetData": integer(totals.packetBytes), "framing": integer(framing),
        "unreadable": integer(totals.unreadableBytes),
      ]))
    if let first = totals.firstTime { fields.set("firstPacketAt", CaptureTime(nanoseconds: first)) }
    if let last = totals.lastTime { fields.set("lastPacketAt", CaptureTime(nanoseconds: last)) }
    if !totals.linkTypes.isEmpty { fields.set("linkTypes", .list(totals.linkTypes.map { .text($0) })) }
    var unclaimed = UnclaimedList()
    let merged = Self.merged(rows.map { unclaimed.take($0) })
    for row in merged {
      switch LedgerRow.Name(rawValue: row.name) {
      case .decoded: decodedCount &+= row.packets
      case .crashed, .malformed, .afterFault: failedCount &+= row.packets
      default: break
      }
    }
    fields.set("packets", .object(["total": integer(totals.packetCount), "rows": .list(merged.map(Self.value))]))
    if !unclaimed.isEmpty { fields.set("unclaimed", unclaimed.value) }
    if let media { fields.set("media", Self.value(media)) }
    if preparation?.isCapture == false {
      fields.set("witness", .object(["verdict": "unable", "reason": "it is no capture"]))
    } else {
      fields.set("witness", .object(compare(number, totals, witness)))
    }
    if let compression = preparation?.compression {
      var expansion: Fields = [
        "compression": .text(compression), "expandedBytes": integer(preparation?.expandedBytes ?? 0),
      ]
      if let fault = preparation?.fault {
        expansion.set("fault", fault)
        expansionFaults.append((number, fault))
      }
      fields.set("expansion", .object(expansion))
    }
    originals.append(fields)
  }

  private func integer(_ value: UInt64) -> Value { .integer(Int64(clamping: value)) }

  private static func merged(_ rows: [LedgerCount.Row]) -> [LedgerCount.Row] {
    var sums: [LedgerRow: LedgerCount.Row] = [:]
    for row in rows {
      let key = LedgerRow(LedgerRow.Name(rawValue: row.name) ?? .unclaimed, row.detail)
      if sums[key] == nil {
        sums[key] = row
      } else {
        sums[key]?.packets &+= row.packets
        sums[key]?.headerBytes &+= row.headerBytes
        sums[key]?.payloadBytes &+= row.payloadBytes
      }
    }
    let order = Dictionary(
      uniqueKeysWithValues: LedgerRow.Name.allCases.enumerated().map { ($0.element.rawValue, $0.offset) })
    return sums.values.filter { !$0.sum.isEmpty }.sorted {
      (order[$0.name] ?? 0, $0.detail) < (order[$1.name] ?? 0, $1.detail)
    }
  }

  /// A recording's packets by stream; each stands once.
  private static func value(_ media: [LedgerCount.MediaRow]) -> Value {
    .object([
      "packets": .integer(Int64(clamping: media.reduce(0) { $0 &+ $1.packets })),
      "streams": .list(
        media.map {
          .object([
            "stream": .integer(Int64($0.stream)), "medium": .text($0.medium), "codec": .text($0.codec),
            "packets": .integer(Int64(clamping: $0.packets)), "mediaBytes": .integer(Int64(clamping: $0.bytes)),
            "isDecoded": .boolean($0.isDecoded), "damagedPackets": .integer(Int64(clamping: $0.damaged)),
          ])
        }),
    ])
  }

  private static func value(_ row: LedgerCount.Row) -> Value {
    var fields: Fields = ["row": .text(row.name)]
    fields.place(row.sum)
    if !row.detail.isEmpty { fields.set("detail", row.detail) }
    return .object(fields)
  }

  private mutating func compare(
    _ number: UInt16, _ totals: LedgerCount.Totals, _ witness: WitnessReport.Entry?
  ) -> Fields {
    guard let witness, let packets = witness.packets, let bytes = witness.bytes else {
      return ["verdict": "unable", "reason": .text(witness?.unable ?? "libpcap was not asked")]
    }
    var fields: Fields = ["packets": integer(packets), "bytes": integer(bytes)]
    if let fault = witness.fault { fields.set("reason", fault) }
    if packets == totals.packetCount, bytes == totals.packetBytes {
      fields.set("verdict", "agrees")
    } else {
      fields.set("verdict", "differs")
      differences.append(
        (
          number,
          "libpcap counts \(packets) packets with \(bytes) bytes where \(totals.packetCount) with \(totals.packetBytes) were read"
            + (witness.fault.map { " (libpcap says: \($0))" } ?? "") + "."
        ))
    }
    return fields
  }

  var bytes: [UInt8] {
    CanonicalJSON.bytes(["version": 1, "originals": .list(originals.map { .object($0) })])
  }
}
