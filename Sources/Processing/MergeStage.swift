import CaptureReading
import DecoderHosting
import EvidenceBundle
import EvidenceModel
import Fingerprinting
import Foundation

/// Merges the records of all workers in the order of the evidence, gives them their numbers and writes a file a kind.
struct MergeResult: Codable, Sendable {
  struct File: Codable, Sendable {
    var kind: String
    var name: String
    var sha256: String
    var byteCount: UInt64
    var count: UInt64
  }
  var files: [File] = []
  var findings: [String: UInt64] = [:]
  var packetCount: UInt64 = 0
  var decodedCount: UInt64 = 0
  var failedCount: UInt64 = 0
  var hasUnreadable = false

  static func run(_ order: WorkOrder) throws {
    let layout = ScratchLayout(order.scratch)
    var paths = (0..<order.shardCount).map { layout.runs("shard", $0) }
    paths += (0..<order.renderCount).map { layout.runs("render", $0) }
    paths += (0..<order.examineCount).map { layout.runs("examine", $0) }
    paths += (0..<order.inspectCount).map { layout.runs("inspect", $0) }
    paths.append(layout.runs("merge", 0))
    let ledger = try LedgerDocument(order, layout)
    try writeFindings(ledger, order, layout)
    try BundleWriter.write(ledger.bytes, to: layout.ledgerDocument)
    var merge = RecordMerge(try RecordRunReader.runs(of: paths))
    var writers: [String: KindWriter] = [:]
    var numbering = Numbering()
    var result = MergeResult()
    result.packetCount = ledger.packetCount
    result.decodedCount = ledger.decodedCount
    result.failedCount = ledger.failedCount
    result.hasUnreadable = ledger.hasUnreadable
    let write = { (record: EncodedRecord) in
      if writers[record.kind] == nil { writers[record.kind] = try KindWriter(record.kind, layout.records) }
      try writers[record.kind]?.write(record.line(numbering.next(record.kind)))
      if record.kind == "finding" { result.findings[Self.severity(of: record.bytes), default: 0] += 1 }
    }
    let sets = try HashSetLookUp(order, layout)
    while let record = try merge.next() {
      try write(record)
      for hit in sets?.hits(of: record) ?? [] { try write(EncodedRecord("hash/hit", hit, record.key)) }
    }
    let end = RecordKey(position: PacketPosition(rawValue: .max), decoder: .max, ordinal: .max)
    for summary in sets?.summaries ?? [] { try write(EncodedRecord("hash/set", summary, end)) }
    if let finding = sets?.finding { try write(EncodedRecord("finding", finding, end)) }
    for (_, writer) in writers.sorted(by: { $0.key < $1.key }) { result.files.append(try writer.finish()) }
    try JSONEncoder().encode(result).write(to: URL(filePath: layout.merge))
  }

  /// Writes what only shows when all workers are done: witness, expansion, crashes.
  private static func writeFindings(_ ledger: LedgerDocument, _ order: WorkOrder, _ layout: ScratchLayout) throws {
    let writer = try RecordRunWriter(path: layout.runs("merge", 0))
    var ordinal: UInt32 = 0
    let write = { (finding: Finding, original: UInt16, packet: UInt64?, decoder: String) in
      ordinal += 1
      try writer.add(
        "finding", CaptureRecords.fields(finding, original, packet: packet, bytes: nil, decoder: decoder),
        RecordKey(
          position: PacketPosition(original: original, packet: packet ?? 0xff_ffff_ffff), decoder: 0xfff2,
          ordinal: ordinal))
    }
    for difference in ledger.differences {
      try write(
        Finding(.warning, "capture/witness", difference.message), difference.original, nil, "capture 1.0")
    }
    for (number, fault) in ledger.expansionFaults {
      try write(
        Finding(.error, "capture/expansion", "The compressed original could not be expanded to its end: \(fault)."),
        number, nil, "capture 1.0")
    }
    for pair in ledger.shared {
      try write(
        Finding(
          .notice, "capture/sameTraffic",
          "\(pair.packets) packets of this original stand in \(OriginalName(pair.first)) as well; there they were used.",
          [
            "otherOriginal": .text(OriginalName(pair.first).description),
            "count": .integer(Int64(clamping: pair.packets)),
          ]),
        pair.second, nil, "capture 1.0")
    }
    if ledger.hadToWait {
      try write(
        Finding(
          .warning, "capture/manyAtOnce",
          "More than \(Timeline.maximumOpen) originals overlap in time; some were read behind others.",
          ["limit": .integer(Int64(Timeline.maximumOpen))]), 1, nil, "capture 1.0")
    }
    try SoundComparison(order, layout).write(
      record: { kind, fields, original in
        ordinal += 1
        var full = fields
        full.set("decoder", "recording 1.0")
        try writer.add(
          kind, full,
          RecordKey(
            position: PacketPosition(original: original, packet: 0xff_ffff_ffff), decoder: 0xfff2, ordinal: ordinal))
      }, finding: { try write($0, $1, nil, "recording 1.0") })
    for exclusion in order.exclusions {
      var fields: Fields = ["crashedPart": .text(exclusion.part)]
      if let file = exclusion.file { fields.set("artefactSha256", file) }
      try write(
        Finding(.error, "host/crash", Self.words(exclusion), fields), max(1, exclusion.original),
        exclusion.packet == 0 ? nil : exclusion.packet, "host 1.0")
    }
    if !order.missingProtection.isEmpty {
      try write(
        Finding(
          .warning, "host/sandbox",
          "This machine could not shut the workers in completely; it lacks: \(order.missingProtection.joined(separator: ", ")).",
          ["missing": .list(order.missingProtection.map { .text($0) })]), 1, nil, "host 1.0")
    }
    try writer.finish()
  }

  private static func words(_ exclusion: WorkOrder.Exclusion) -> String {
    switch exclusion.part {
    case "packets": "The program crashed on this packet and left it out (\(exclusion.cause))."
    case "expansion":
      "The program crashed while it expanded this original; what it had expanded is used (\(exclusion.cause))."
    case "witness": "libpcap crashed on this original and is no witness of it (\(exclusion.cause))."
    case "audio":
      "The program crashed on the audio of the call that begins here; it is not rendered (\(exclusion.cause))."
    case "recording":
      "The program crashed while it examined this original; it is fingerprinted and not examined (\(exclusion.cause))."
    case "inspection" where exclusion.original == 0:
      "The program crashed too often while it looked into files; none was opened in this run (\(exclusion.cause))."
    case "inspection":
      "The program crashed while it looked into files that end at this packet; they are kept and not opened (\(exclusion.cause))."
    case "document" where exclusion.original == 0:
      "The program crashed too often on what documents say of themselves; it was read of none in this run (\(exclusion.cause))."
    case "document":
      "The program crashed while it read what a document says of itself; that document was not read (\(exclusion.cause))."
    case "picture" where exclusion.original == 0:
      "The program crashed too often on pictures; none in this run has a perceptual hash (\(exclusion.cause))."
    case "picture":
      "The program crashed while it decoded a picture; that picture has no perceptual hash (\(exclusion.cause))."
    case let decoder where exclusion.original == 0:
      "The decoder \(decoder) was kept from the whole run (\(exclusion.cause))."
    case let decoder:
      "The decoder \(decoder) crashed on the conversation that begins here and was kept from it (\(exclusion.cause))."
    }
  }

  private static func severity(of line: [UInt8]) -> String {
    let text = String(decoding: line, as: UTF8.self)
    for severity in Finding.Severity.allCases where text.contains("\"severity\":\"\(severity.rawValue)\"") {
      return severity.rawValue
    }
    return "notice"
  }

  static func read(_ layout: ScratchLayout) throws -> MergeResult {
    try JSONDecoder().decode(MergeResult.self, from: Data(contentsOf: URL(filePath: layout.merge)))
  }
}

/// Counts records, findings and artefacts, each by itself.
private struct Numbering {
  private var counts: [Character: Int64] = [:]

  mutating func next(_ kind: String) -> String {
    let letter: Character = kind == "finding" ? "F" : kind == "artefact" ? "A" : "R"
    counts[letter, default: 0] += 1
    var digits: [UInt8] = []
    digits.appendDecimal(counts[letter] ?? 0, width: 6)
    return "\(letter)-" + String(decoding: digits, as: UTF8.self)
  }
}

/// One file of records while it is written.
private final class KindWriter {
  private let kind: String
  private let name: String
  private let file: BufferedFile
  private var hash = StreamingHash()
  private var count: UInt64 = 0

  init(_ kind: String, _ directory: String) throws(ProcessingError) {
    self.kind = kind
    name = kind.replacing("/", with: "-") + ".ndjson"
    file = try BufferedFile(creating: "\(directory)/\(name)")
  }

  func write(_ line: [UInt8]) throws(ProcessingError) {
    // Safe: the view ends before `line` does.
    unsafe hash.update(line.span.bytes)
    try file.write(line)
    count += 1
  }

  func finish() throws(ProcessingError) -> MergeResult.File {
    try file.flush()
    return .init(kind: kind, name: name, sha256: hash.finalise().hex, byteCount: file.offset, count: count)
  }
}
