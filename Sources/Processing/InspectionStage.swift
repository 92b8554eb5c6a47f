import DecoderHosting
import DecoderKit
import EvidenceBundle
import EvidenceModel
import Fingerprinting
import Foundation

/// Looks into the files that were carved out of captures; each worker takes those whose hashes are its share, and its share of the
/// files that came in pieces, which it puts together first.
///
/// Files with the same bytes are looked into once, at the place of the first in the order of the evidence.
final class InspectionStage {
  /// The place of its records behind those of the record of the file that they tell of.
  static let place: UInt16 = 0xfff4
  /// Records of files at one place in the evidence that are kept apart.
  private static let recordsPerFile: UInt32 = 1 << 20

  private let order: WorkOrder
  private let decoders: [any EvidenceDecoder.Type]
  private let layout: ScratchLayout
  private let hand: WorkInHand
  private let runs: RecordRunWriter
  private let spool: ArtefactSpool
  private let rules: RuleSearch?
  /// Places at which a worker crashed.
  private let leftOut: Set<PacketPosition>
  private var seen: Set<ContentHash> = []
  /// The number of a file among all that stand at one place in the evidence, whoever looks into them.
  private var last: (position: PacketPosition, count: UInt32)?
  /// Where the pieces of files are that came in pieces.
  private var piecePaths: [ContentHash: String] = [:]

  static func run(
    _ order: WorkOrder, _ decoders: [any EvidenceDecoder.Type], types: FileTypeIdentifier, _ hand: WorkInHand
  ) throws {
    let stage = try InspectionStage(order, decoders, types, hand)
    try stage.run()
  }

  private init(
    _ order: WorkOrder, _ decoders: [any EvidenceDecoder.Type], _ types: FileTypeIdentifier, _ hand: WorkInHand
  ) throws {
    self.order = order
    self.decoders = decoders
    self.hand = hand
    layout = ScratchLayout(order.scratch)
    leftOut = order.exclusions(of: "inspection")
    runs = try RecordRunWriter(path: layout.runs("inspect", order.worker))
    rules = try RuleSearch(order)
    spool = try ArtefactSpool(root: layout.artefacts("inspect", order.worker), types: types, origin: .carved)
  }

  private func run() throws {
    // It crashed too often: no file is looked into.
    guard !leftOut.contains(PacketPosition(rawValue: 0)) else { return try runs.finish() }
    var merge = try records()
    var pieces = RangePieces()
    var messages = MessageFiles()
    while let record = try merge.next() {
      if RangePieces.mayBe(record.kind, record.bytes), let fields = ValueReader.fields(record.bytes) {
        pieces.add(record.kind, fields, record.key)
      }
      // One worker joins them all: it reads every record anyway.
      if order.worker == 0, MessageFiles.mayBe(record.kind, record.bytes),
        let fields = ValueReader.fields(record.bytes)
      {
        messages.add(record.kind, fields, record.key)
      }
      guard record.kind == "artefact" else { continue }
      last = (record.key.position, last?.position == record.key.position ? (last?.count ?? 0) + 1 : 0)
      guard let hash = Self.hash(in: record.bytes), isMine(Int(hash.bytes[0])),
        let fields = ValueReader.fields(record.bytes), fields.text("sha256") == hash.hex,
        fields.text("origin") == "captured", seen.insert(hash).inserted
      else { continue }
      try inspect(hash, fields, record.key)
    }
    pieces.finish()
    try find(pieces)
    for (number, group) in pieces.groups.enumerated() where isMine(number) {
      try assemble(group, UInt32(clamping: number))
    }
    try tell(messages)
    if let over = pieces.overLimit, order.worker == 0 { try noteLimit(over.fields, over.key) }
    try runs.finish()
  }

  /// Tells what the signalling stated of files that message sessions moved.
  private func tell(_ messages: MessageFiles) throws {
    var number: UInt32 = 0
    var position: PacketPosition?
    for transfer in messages.transfers {
      guard let (record, finding) = messages.record(of: transfer) else { continue }
      number = position == transfer.key.position ? number + 1 : 0
      position = transfer.key.position
      let write = writing(
        behind: transfer.key, place: MessageFiles.place, number: number,
        ArtefactContext.fields(of: transfer.fields))
      for (ordinal, entry) in [("msrp/file", record), ("finding", finding?.recordFields)].enumerated() {
        guard var full = entry.1 else { continue }
        full.set("decoder", MessageFiles.decoder)
        try write(entry.0, full, UInt32(ordinal))
      }
    }
    guard let over = messages.overLimit else { return }
    let finding = Finding(
      .warning, "msrp/fileLimit",
      "The run has more files of message sessions, or statements on them, than the limit; the later ones are not joined.",
      ["limit": .integer(Int64(MessageFiles.maximumCount))])
    try add(finding, of: over.fields, over.key, decoder: MessageFiles.decoder, place: MessageFiles.place)
  }

  /// Adds a finding about a record, behind all that was made of it.
  private func add(
    _ finding: Finding, of record: Fields, _ key: RecordKey, decoder: String, place: UInt16
  ) throws {
    var full = finding.recordFields
    full.set("decoder", decoder)
    for entry in ArtefactContext.fields(of: record).entries { full.set(entry.name, entry.value) }
    try runs.add(
      "finding", full,
      RecordKey(position: key.position, datagram: key.datagram, decoder: place, ordinal: .max))
  }

  private func records() throws -> RecordMerge {
    RecordMerge(try RecordRunReader.runs(of: (0..<order.shardCount).map { layout.runs("shard", $0) }))
  }

  /// Finds where the pieces lie that this worker needs; the records are read once more only when there are any.
  private func find(_ pieces: RangePieces) throws {
    var wanted: Set<ContentHash> = []
    for (number, group) in pieces.groups.enumerated() where isMine(number) {
      if group.pieces.count > 1 { wanted.formUnion(group.pieces.map(\.sha256)) }
    }
    guard !wanted.isEmpty else { return }
    var merge = try records()
    while let record = try merge.next() {
      guard record.kind == "artefact", let hash = Self.hash(in: record.bytes), wanted.contains(hash),
        piecePaths[hash] == nil, let fields = ValueReader.fields(record.bytes)
      else { continue }
      piecePaths[hash] = fields.text("path")
    }
  }

  /// Says that the run has more pieces than are put together.
  private func noteLimit(_ record: Fields, _ key: RecordKey) throws {
    let finding = Finding(
      .warning, "http/rangeLimit",
      "The run has more pieces of files than the limit; from here on they are not put together.",
      ["limit": .integer(Int64(RangePieces.maximumCount))])
    try add(finding, of: record, key, decoder: RangeAssembly.decoder, place: RangeAssembly.place)
  }

  /// Puts a file together that came in pieces, and looks into it.
  private func assemble(_ group: RangePieces.Group, _ number: UInt32) throws {
    let key = group.last
    guard let first = group.first, !leftOut.contains(key.position) else { return }
    _ = hand.give(.inspection, key.position, key.position)
    defer { hand.giveBack(.nobody) }
    let assembly = RangeAssembly(open: { [self] hash in piecePaths[hash].flatMap { open($0) } }, spool: spool)
    guard let result = try assembly.assemble(group) else { return }
    // Its pieces may have come over several connections, of which the first is named.
    var shared = ArtefactContext.fields(of: first)
    shared.set("provenance", group.packets.value)
    if let begin = group.capturedAt { shared.set("capturedAt", begin) }
    if let end = group.endedAt, end != group.capturedAt { shared.set("endedAt", end) }
    var ordinal: UInt32 = 0
    let write = writing(behind: key, place: RangeAssembly.place, number: number, shared)
    for (kind, fields) in [
      ("http/file", result.record), ("artefact", result.artefact), ("finding", result.finding?.recordFields),
    ] {
      guard var full = fields else { continue }
      full.set("decoder", RangeAssembly.decoder)
      try write(kind, full, ordinal)
      ordinal += 1
    }
    guard let stored = result.stored else { return }
    let descriptor = try spool.open(stored)
    defer { close(descriptor) }
    let byteCount = UInt64(stored.byteCount)
    let inspection = FileInspection(
      spool: spool, hand: hand, byteCount: byteCount, rules: rules, order: order, decoders: decoders
    ) { (kind, fields, place) throws(ProcessingError) in
      try write(kind, fields, ordinal + place)
    }
    try inspection.inspect(
      descriptor: descriptor, byteCount: byteCount,
      .init(sha256: stored.sha256, isComplete: result.record.flag("isComplete") == true))
  }

  private func isMine(_ number: Int) -> Bool { number % max(1, order.inspectCount) == order.worker }

  /// Writes records behind that of `key`, with what they share; `number` tells files at that place apart.
  private func writing(
    behind key: RecordKey, place: UInt16, number: UInt32, _ shared: Fields
  ) -> FileInspection.Writing {
    let base = min(number, UInt32.max / Self.recordsPerFile - 1) * Self.recordsPerFile
    return { [runs] (kind, fields, ordinal) throws(ProcessingError) in
      var full = fields
      for entry in shared.entries { full.set(entry.name, entry.value) }
      try runs.add(
        kind, full,
        RecordKey(
          position: key.position, datagram: key.datagram, decoder: place,
          ordinal: base + min(ordinal, Self.recordsPerFile - 1)))
    }
  }

  /// The hash of the file that a line tells of; its names are sorted and quotes in texts are escaped.
  private static func hash(in line: [UInt8]) -> ContentHash? {
    guard let mark = line.offset(of: #""sha256":""#) else { return nil }
    return ContentHash(hex: String(decoding: line[mark...].dropFirst(10).prefix(64), as: UTF8.self))
  }

  private func inspect(_ hash: ContentHash, _ artefact: Fields, _ key: RecordKey) throws {
    guard !leftOut.contains(key.position), let path = artefact.text("path"),
      let byteCount = artefact.count("byteCount"),
      let descriptor = open(path)
    else { return }
    defer { close(descriptor) }
    _ = hand.give(.inspection, key.position, key.position)
    defer { hand.giveBack(.nobody) }
    let write = writing(
      behind: key, place: Self.place, number: last?.count ?? 0, ArtefactContext.fields(of: artefact))
    let inspection = FileInspection(
      spool: spool, hand: hand, byteCount: byteCount, rules: rules, order: order, decoders: decoders, write: write)
    try inspection.inspect(
      descriptor: descriptor, byteCount: byteCount,
      .init(sha256: hash, isComplete: artefact.flag("isComplete") != false))
  }

  /// Opens an artefact in the store of the worker that carved it out.
  private func open(_ path: String) -> Int32? {
    let prefix = ArtefactSpool.bundlePrefix
    guard path.hasPrefix(prefix) else { return nil }
    for worker in 0..<order.shardCount {
      let place = "\(layout.artefacts("shard", worker))/\(path.dropFirst(prefix.count))"
      // Safe: the path is a string of ours.
      let descriptor = unsafe Foundation.open(place, O_RDONLY | O_CLOEXEC)
      if descriptor >= 0 { return descriptor }
    }
    return nil
  }
}

/// What a record about something in a file takes over from the file's own: where it comes from and between whom it went.
enum ArtefactContext {
  private static let names = [
    "provenance", "capturedAt", "endedAt", "source", "destination", "transport", "tunnels", "communityID",
  ]

  static func fields(of artefact: Fields) -> Fields {
    var fields = Fields()
    for name in names { if let value = artefact[name] { fields.set(name, value) } }
    return fields
  }
}
