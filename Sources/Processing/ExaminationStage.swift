import ArchiveReading
import CSandbox
import DecoderHosting
import DecoderKit
import DocumentReading
import EvidenceBundle
import EvidenceModel
import Fingerprinting
import Foundation
import LocationReading
import MediaReading

/// Examines originals that are no captures: recordings and other files; each worker does its share of them.
final class ExaminationStage {
  /// What is at hand for the records and files of one original.
  let order: WorkOrder
  private let decoders: [any EvidenceDecoder.Type]
  let layout: ScratchLayout
  let hand: WorkInHand
  private let runs: RecordRunWriter
  /// Files that stood in originals, and files that were made of them.
  let carved: ArtefactSpool
  let computed: ArtefactSpool
  let fingerprints: BufferedFile
  private let types: FileTypeIdentifier
  private let rules: RuleSearch?
  /// Originals on which a worker crashed.
  private let leftOut: Set<PacketPosition>
  private var ordinal: UInt32 = 0
  /// What first could not be written.
  var failure: ProcessingError?

  static func run(
    _ order: WorkOrder, _ decoders: [any EvidenceDecoder.Type], types: FileTypeIdentifier, _ hand: WorkInHand
  ) throws {
    let stage = try ExaminationStage(order, decoders, types, hand)
    try stage.run()
  }

  private init(
    _ order: WorkOrder, _ decoders: [any EvidenceDecoder.Type], _ types: FileTypeIdentifier, _ hand: WorkInHand
  ) throws {
    self.order = order
    self.decoders = decoders
    self.hand = hand
    self.types = types
    leftOut = order.exclusions(of: "recording")
    rules = try RuleSearch(order)
    layout = ScratchLayout(order.scratch)
    runs = try RecordRunWriter(path: layout.runs("examine", order.worker))
    carved = try ArtefactSpool(root: layout.artefacts("examine", order.worker), types: types, origin: .carved)
    fingerprints = try BufferedFile(creating: layout.fingerprints(order.worker))
    computed = try ArtefactSpool(root: layout.artefacts("examine-made", order.worker), types: types, origin: .computed)
  }

  private func run() throws {
    var count = LedgerCount()
    for (place, original) in order.originals.enumerated() where place % max(1, order.examineCount) == order.worker {
      ordinal = 0
      count.originals.append(try examine(original))
    }
    try runs.finish()
    try fingerprints.flush()
    try count.write(to: layout.ledger("examine", order.worker))
  }

  private func examine(_ original: WorkOrder.Original) throws -> LedgerCount.Original {
    let place = PacketPosition(original: original.number, packet: 0)
    let byteCount = fileSize(original.path)
    // Safe: the path is a string of ours.
    let descriptor = unsafe open(original.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      try note(
        Finding(.error, "capture/system", "The original could not be read: \(ProcessingError.systemText(errno))."),
        original.number)
      return ledger(original, byteCount, format: "unknown", unreadable: byteCount)
    }
    defer { close(descriptor) }
    let identity = FileIdentity(descriptor: descriptor, types)
    guard !leftOut.contains(place) else {
      try describe(identity, original.number, byteCount, takenFor: "unknown")
      return ledger(original, byteCount, format: "unknown", unreadable: byteCount)
    }
    _ = hand.give(.recording, place, place)
    defer { hand.giveBack(.nobody) }
    for found in rules?.records(descriptor, byteCount, artefact: nil) ?? [] {
      try add(found.kind, found.fields, original.number, decoder: RuleSearch.decoder)
    }
    if let format = Self.locationFormat(descriptor) {
      try describe(identity, original.number, byteCount, takenFor: "track")
      let examination = LocationExamination(self, format, original.number)
      try examination.run(descriptor: descriptor)
      let read = examination.fault.map { min($0.offset, byteCount) } ?? byteCount
      return ledger(original, byteCount, format: "\(format)", unreadable: byteCount - read)
    }
    let found = try inspect(descriptor, original.number, byteCount)
    if let found, !found.isBehind {
      try describe(identity, original.number, byteCount, takenFor: found.kind, found)
      return ledger(original, byteCount, format: found.kind, unreadable: 0)
    }
    let file: RecordingFile
    do throws(RecordingFault) { file = try RecordingFile(descriptor: descriptor, byteCount: byteCount) } catch {
      let isUnknown = error.code == .unknownFormat
      if isUnknown, let found {
        try describe(identity, original.number, byteCount, takenFor: found.kind, found)
        return ledger(original, byteCount, format: found.kind, unreadable: 0)
      }
      try describe(identity, original.number, byteCount, takenFor: isUnknown ? "unknown" : "recording", found)
      try note(
        isUnknown
          ? Finding(
            .error, "capture/unknownFormat",
            "The original is neither a capture nor a recording of a format that is known; it is fingerprinted and not examined.",
            ["byteOffset": 0])
          : Finding(
            .error, "recording/damaged", "The recording could not be opened: \(error.message).",
            ["reason": .text(error.message)]), original.number)
      return ledger(original, byteCount, format: "unknown", unreadable: byteCount)
    }
    try describe(identity, original.number, byteCount, takenFor: "recording", found)
    let reader = RecordingReader(file, byteCount: byteCount)
    let examination = RecordingExamination(self, reader, original.number, byteCount)
    try examination.run()
    var result = ledger(original, byteCount, format: file.facts.format, unreadable: examination.unreadableBytes)
    result.media = examination.mediaRows
    return result
  }

  /// What was found in an original that was looked into.
  private struct Found {
    /// `document`, `picture` or `archive`.
    let kind: String
    /// Whether it is an archive inside or behind something else.
    let isBehind: Bool
    /// The last place of its records; `original/file` stands before them.
    let ordinal: UInt32
  }

  /// Looks into an original that is an archive, a document or a picture, or has an archive in it; nil when it is none.
  private func inspect(_ descriptor: Int32, _ original: UInt16, _ byteCount: UInt64) throws -> Found? {
    let file = FileKind(descriptor: descriptor, byteCount: byteCount)
    let isOne = file.document != nil || file.picture != nil
    guard isOne || file.archive != nil else { return nil }
    let base = ordinal + 1
    var last = base
    let inspection = FileInspection(
      spool: carved, hand: hand, byteCount: byteCount, rules: rules, order: order, decoders: decoders
    ) { (kind, fields, place) throws(ProcessingError) in
      last = max(last, base + place)
      try self.add(kind, fields, original, decoder: fields.text("decoder") ?? FileInspection.decoder, at: base + place)
    }
    guard try inspection.inspect(descriptor: descriptor, byteCount: byteCount, .init()) else {
      ordinal = last
      return nil
    }
    let kind = file.document != nil ? "document" : file.picture != nil ? "picture" : "archive"
    return Found(kind: kind, isBehind: !isOne && file.archive == .inside, ordinal: last)
  }

  /// What kind of track of places the file is, by its first bytes; nil when it is none.
  private static func locationFormat(_ descriptor: Int32) -> LocationFormat? {
    var head = [UInt8](repeating: 0, count: LocationFormat.headByteCount)
    // Safe: the count is that of the array.
    let count = unsafe pread(descriptor, &head, head.count, 0)
    guard count > 0 else { return nil }
    // Safe: the view ends before `head` does, and is within it.
    return unsafe LocationFormat(recognising: head.span.bytes.extracting(0..<count))
  }

  /// Bytes of an original that is no capture: what was read stands under the file's own structure.
  private func ledger(
    _ original: WorkOrder.Original, _ byteCount: UInt64, format: String, unreadable: UInt64
  ) -> LedgerCount.Original {
    LedgerCount.Original(
      number: original.number,
      totals: .init(
        format: format, byteCount: byteCount, packetCount: 0, packetBytes: 0, unreadableBytes: unreadable, linkTypes: []
      ))
  }

  // MARK: Records

  /// Writes what the original is as a file, before what was found in it.
  private func describe(
    _ identity: FileIdentity, _ original: UInt16, _ byteCount: UInt64, takenFor: String, _ found: Found? = nil
  ) throws(ProcessingError) {
    var fields = identity.fields
    fields.set("byteCount", byteCount)
    fields.set("takenFor", takenFor)
    try add("original/file", fields, original)
    if let found { ordinal = found.ordinal }
  }

  /// The decoder that the records name, unless they come from a track of places.
  static let decoder = "recording 1.0"

  /// Adds a record about an original, or about some of its bytes.
  func add(
    _ kind: String, _ fields: Fields, _ original: UInt16, bytes: String? = nil, decoder: String = decoder,
    at place: UInt32? = nil
  ) throws(ProcessingError) {
    var full = fields
    full.set("decoder", decoder)
    full.set("provenance", CaptureRecords.provenance(original, packet: nil, bytes: bytes))
    if place == nil { ordinal += 1 }
    try runs.add(
      kind, full,
      RecordKey(position: PacketPosition(original: original, packet: 0), decoder: 0xfff3, ordinal: place ?? ordinal))
  }

  func note(
    _ finding: Finding, _ original: UInt16, bytes: String? = nil, decoder: String = decoder
  ) throws(ProcessingError) {
    try add("finding", finding.recordFields, original, bytes: bytes, decoder: decoder)
  }

  /// Does what a callback asks for that cannot throw; after the first failure nothing more.
  func attempt(_ body: () throws(ProcessingError) -> Void) {
    guard failure == nil else { return }
    do throws(ProcessingError) { try body() } catch { failure = error }
  }

  /// Throws what a callback could not.
  func throwFailure() throws(ProcessingError) {
    if let failure { throw failure }
  }
}

/// What a file is by its bytes: its hashes and what libmagic says.
private struct FileIdentity {
  let fields: Fields

  init(descriptor: Int32, _ types: FileTypeIdentifier) {
    var hash = ArtefactHash(isLookedUp: true)
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var offset: off_t = 0
    while true {
      // Safe: the count is that of the array.
      let got = unsafe pread(descriptor, &buffer, buffer.count, offset)
      if got < 0, errno == EINTR { continue }
      guard got > 0 else { break }
      // Safe: the view ends before `buffer` changes, and is within it.
      unsafe hash.update(buffer.span.bytes.extracting(0..<got))
      offset += off_t(got)
    }
    let type = types.identify(descriptor: descriptor)
    let hashes = hash.finalise()
    // Not under the names of artefacts' hashes: an original is none.
    let digests = [("sha-256", hashes.sha256.hex), ("sha-1", hashes.sha1 ?? ""), ("md5", hashes.md5 ?? "")]
    fields = [
      "digests": .list(
        digests.filter { !$0.1.isEmpty }.map { .object(["algorithm": .text($0.0), "digest": .text($0.1)]) }),
      "mediaType": .text(type.mediaType), "typeDescription": .text(type.description),
    ]
  }
}
