import EvidenceModel
import Foundation

/// What one worker counted, by original and row.
struct LedgerCount: Codable, Sendable {
  struct Row: Codable, Sendable {
    var name: String
    var detail: String
    var packets: UInt64
    var headerBytes: UInt64
    var payloadBytes: UInt64

    var sum: LedgerSum { LedgerSum(packets: packets, headerBytes: headerBytes, payloadBytes: payloadBytes) }
  }
  struct Original: Codable, Sendable {
    var number: UInt16
    /// Only the worker that has slice 0 knows these.
    var totals: Totals?
    var rows: [Row] = []
    /// Of a recording.
    var media: [MediaRow]?
  }
  /// Packets of one stream of a recording.
  struct MediaRow: Codable, Sendable {
    var stream: Int
    var medium: String
    var codec: String
    var packets: UInt64
    var bytes: UInt64
    var isDecoded: Bool
    var damaged: UInt64
  }
  struct Totals: Codable, Sendable {
    var format: String
    var byteCount: UInt64
    var packetCount: UInt64
    var packetBytes: UInt64
    /// Bytes from the fault to the end that could not be read.
    var unreadableBytes: UInt64
    var firstTime: Int64?
    var lastTime: Int64?
    var linkTypes: [String]
  }
  /// How many packets of one original stand in another one, too.
  struct Shared: Codable, Sendable {
    var first: UInt16
    var second: UInt16
    var packets: UInt64
  }
  var originals: [Original] = []
  var shared: [Shared] = []
  /// Whether originals were not read in the order of time because too many overlap.
  var hadToWait = false

  func write(to path: String) throws { try JSONEncoder().encode(self).write(to: URL(filePath: path)) }
  static func read(from path: String) throws -> LedgerCount {
    try JSONDecoder().decode(LedgerCount.self, from: Data(contentsOf: URL(filePath: path)))
  }
}

/// Counts packets by row while a worker runs.
struct LedgerCounter {
  private struct Key: Hashable {
    let original: UInt16
    let row: LedgerRow
  }
  private var counts: [Key: LedgerSum] = [:]

  mutating func add(_ row: LedgerRow, original: UInt16, _ sum: LedgerSum) {
    counts[Key(original: original, row: row), default: LedgerSum()] += sum
  }

  func rows(of original: UInt16) -> [LedgerCount.Row] {
    counts.filter { $0.key.original == original }
      .map {
        LedgerCount.Row(
          name: $0.key.row.name.rawValue, detail: $0.key.row.detail, packets: $0.value.packets,
          headerBytes: $0.value.headerBytes, payloadBytes: $0.value.payloadBytes)
      }
      .sorted { ($0.name, $0.detail) < ($1.name, $1.detail) }
  }
}
