import CaptureReading
import DecoderHosting
import EvidenceBundle
import EvidenceModel
import Foundation

/// Expands originals that are compressed, before anything reads them as captures.
struct Preparation: Codable, Sendable {
  /// Bytes to which an original may expand, whatever its size.
  static let expansionLimit: UInt64 = 1 << 40
  /// How many times larger an original may become, once it has `expansionFloor` bytes.
  static let expansionRatio: UInt64 = 250
  static let expansionFloor: UInt64 = 1 << 30

  /// Bytes to which the original at `path` may expand.
  static func expansionLimit(of path: String) -> UInt64 {
    let (product, overflow) = fileSize(path).multipliedReportingOverflow(by: expansionRatio)
    return min(expansionLimit, overflow ? .max : max(expansionFloor, product))
  }

  struct Entry: Codable, Sendable {
    var number: UInt16
    /// Nil when the original is not compressed.
    var compression: String?
    var expandedPath: String?
    var expandedBytes: UInt64?
    var fault: String?
    /// Whether its first bytes are those of a capture, or nothing can be said of them.
    var isCapture = true
  }
  var entries: [Entry] = []

  /// Whether the file's first bytes are those of a capture, or cannot be read at all.
  private static func isCapture(_ path: String) -> Bool {
    do throws(CaptureFault) {
      _ = try CaptureReader(path: path)
      return true
    } catch { return error.code != .unknownFormat }
  }

  static func run(_ order: WorkOrder, _ hand: WorkInHand) throws {
    let layout = ScratchLayout(order.scratch)
    let excluded = order.exclusions(of: "expansion")
    var result = Preparation()
    for original in order.originals {
      var entry = Entry(number: original.number)
      let place = PacketPosition(original: original.number, packet: 0)
      if excluded.contains(place) {
        // What was expanded before the crash is there, and is used.
        let target = layout.expanded(original.number)
        if let limit = order.expandedBytes[original.number], limit > 0, !isRegularFile(target) {
          _ = hand.give(.expansion, place, place)
          defer { hand.giveBack(.nobody) }
          _ = try CompressedOriginal.expand(
            path: original.path, into: target, limit: min(limit, expansionLimit(of: original.path)))
        }
        entry.compression = "unknown"
        if isRegularFile(target) {
          entry.expandedPath = target
          entry.expandedBytes = fileSize(target)
        }
        entry.fault = "the program that expands ended on it"
        entry.isCapture = isCapture(entry.expandedPath ?? original.path)
        result.entries.append(entry)
        continue
      }
      _ = hand.give(.expansion, place, place)
      defer { hand.giveBack(.nobody) }
      if let compressed = CompressedOriginal(path: original.path) {
        let target = layout.expanded(original.number)
        let expansion = try CompressedOriginal.expand(
          path: original.path, into: target, limit: expansionLimit(of: original.path))
        entry.compression = compressed.compression
        entry.expandedPath = target
        entry.expandedBytes = expansion.byteCount
        entry.fault = expansion.fault
      }
      entry.isCapture = isCapture(entry.expandedPath ?? original.path)
      result.entries.append(entry)
    }
    try JSONEncoder().encode(result).write(to: URL(filePath: layout.preparation))
  }

  static func read(_ layout: ScratchLayout) throws -> Preparation {
    try JSONDecoder().decode(Preparation.self, from: Data(contentsOf: URL(filePath: layout.preparation)))
  }
}

/// What libpcap counted, by original.
struct WitnessReport: Codable, Sendable {
  struct Entry: Codable, Sendable {
    var number: UInt16
    var packets: UInt64?
    var bytes: UInt64?
    var fault: String?
    /// Why libpcap could not read the file at all.
    var unable: String?
  }
  var entries: [Entry] = []

  static func run(_ order: WorkOrder, _ hand: WorkInHand) throws {
    let excluded = order.exclusions(of: "witness")
    var result = WitnessReport()
    for original in order.originals {
      let place = PacketPosition(original: original.number, packet: 0)
      if excluded.contains(place) {
        result.entries.append(Entry(number: original.number, unable: "libpcap ended on it"))
        continue
      }
      _ = hand.give(.witness, place, place)
      defer { hand.giveBack(.nobody) }
      switch WitnessAccount.read(path: original.path) {
      case .counted(let packets, let bytes, let fault):
        result.entries.append(Entry(number: original.number, packets: packets, bytes: bytes, fault: fault))
      case .unable(let reason): result.entries.append(Entry(number: original.number, unable: reason))
      }
    }
    try JSONEncoder().encode(result).write(to: URL(filePath: ScratchLayout(order.scratch).witness))
  }

  static func read(_ layout: ScratchLayout) throws -> WitnessReport {
    try JSONDecoder().decode(WitnessReport.self, from: Data(contentsOf: URL(filePath: layout.witness)))
  }
}
