import DecoderHosting
import EvidenceModel
import Foundation

/// Puts files together that HTTP moved in pieces.
struct RangeAssembly {
  static let decoder = "ranges 1.0"
  /// The place of its records behind those of the record of the last piece.
  static let place: UInt16 = 0xfff5
  /// Bytes that may be missing in a file that is put together all the same, and never more than are there; they are zeros in it.
  static let maximumHoleBytes: UInt64 = 64 << 20

  /// Opens an artefact that was carved out of captures; nil when it is not there.
  let open: (ContentHash) -> Int32?
  let spool: ArtefactSpool

  /// A file that was put together: its records, and where it is stored.
  struct Result {
    var record: Fields
    var artefact: Fields?
    var stored: StoredArtefact?
    var finding: Finding?
  }

  /// Nil when there is nothing to put together.
  func assemble(_ group: RangePieces.Group) throws(ProcessingError) -> Result? {
    guard Set(group.pieces.map(\.from)).count > 1 else { return nil }
    let plan = group.plan
    var result = Result(record: record(group, plan))
    if !group.key.isVersionKnown {
      result.record.set("attachedBy", "inferred")
      result.record.set(
        "evidence",
        group.key.isUpload
          ? "the client, the address and the length are the same"
          : "the client, the address and the length are the same; the server does not say that they are of one version")
    }
    let missing = plan.holes.reduce(0) { $0 + $1.upperBound - $1.lowerBound + 1 }
    guard missing <= min(Self.maximumHoleBytes, plan.end - missing) else {
      result.finding = Finding(
        .notice, "http/rangeHoles",
        "More of a file that came in pieces is missing than is there; it was not put together.",
        ["missingBytes": .integer(Int64(clamping: missing))])
      return result
    }
    guard try agree(group) else {
      result.finding = Finding(
        .warning, "http/rangeConflict",
        "Pieces of a file have different bytes at the same place; it was not put together.")
      return result
    }
    for part in plan.parts {
      guard let descriptor = open(part.piece.sha256) else { return nil }
      close(descriptor)
    }
    let number = spool.begin()
    var offset: UInt64 = 0
    for part in plan.parts {
      try fill(part.from - offset, number)
      try copy(part.piece, from: part.from - part.piece.from, count: part.piece.end - part.from, to: number)
      offset = part.piece.end
    }
    try fill(plan.end - offset, number)
    guard let stored = try spool.end(number) else { return nil }
    let isComplete = plan.holes.isEmpty && group.key.total != nil
    result.record.set("sha256", stored.sha256.hex)
    result.record.set("byteCount", stored.byteCount)
    result.record.set("isComplete", isComplete)
    var artefact = stored.fields
    artefact.set("role", "file put together of ranges")
    artefact.set("origin", "captured")
    artefact.set("isComplete", isComplete)
    if let name = group.first?.text("fileName") { artefact.set("name", name) }
    if let type = group.first?.text(group.key.isUpload ? "requestMediaType" : "responseMediaType") {
      artefact.set("declaredMediaType", type)
    }
    if !plan.holes.isEmpty { artefact.set("holes", Self.value(plan.holes)) }
    result.artefact = artefact
    result.stored = stored
    return result
  }

  private func record(
    _ group: RangePieces.Group,
    _ plan: (
      parts: [(piece: RangePieces.Piece, from: UInt64)], holes: [ClosedRange<UInt64>], end: UInt64, repeated: UInt64
    )
  ) -> Fields {
    var fields: Fields = [
      "url": .text(group.key.url), "direction": .text(group.key.isUpload ? "upload" : "download"),
      "isComplete": .boolean(false), "byteCount": .integer(0), "pieceCount": .integer(Int64(group.pieces.count)),
      "repeatedBytes": .integer(Int64(clamping: plan.repeated)),
      "pieces": .list(
        plan.parts.map { part in
          .object([
            "from": .integer(Int64(clamping: part.from)),
            "byteCount": .integer(Int64(clamping: part.piece.end - part.from)), "sha256": .text(part.piece.sha256.hex),
          ])
        }),
    ]
    if let total = group.key.total { fields.set("announcedByteCount", total) }
    if group.unusedCount > 0 { fields.set("unusedCount", group.unusedCount) }
    if !plan.holes.isEmpty { fields.set("holes", Self.value(plan.holes)) }
    for (name, value) in [
      ("entityTag", group.key.entityTag), ("lastModified", group.key.lastModified),
      ("contentCoding", group.key.coding), ("host", group.first?.text("host")),
      ("fileName", group.first?.text("fileName")), ("method", group.first?.text("method")),
    ] { if let value { fields.set(name, value) } }
    return fields
  }

  private static func value(_ holes: [ClosedRange<UInt64>]) -> Value {
    .list(
      holes.map { hole in
        .object([
          "at": .integer(Int64(clamping: hole.lowerBound)),
          "byteCount": .integer(Int64(clamping: hole.upperBound - hole.lowerBound + 1)),
        ])
      })
  }

  // MARK: Bytes

  /// Whether pieces have the same bytes where they overlap: each with the one before it that reaches furthest.
  private func agree(_ group: RangePieces.Group) throws(ProcessingError) -> Bool {
    var furthest: RangePieces.Piece?
    for piece in group.pieces.sorted(by: { ($0.from, $0.end) < ($1.from, $1.end) }) {
      if let other = furthest, other.end > piece.from {
        let end = min(other.end, piece.end)
        let isSame = try isSame(other, piece.from - other.from, piece, 0, end - piece.from)
        guard isSame else { return false }
      }
      if piece.end > furthest?.end ?? 0 { furthest = piece }
    }
    return true
  }

  private func isSame(
    _ first: RangePieces.Piece, _ firstOffset: UInt64, _ second: RangePieces.Piece, _ secondOffset: UInt64,
    _ count: UInt64
  ) throws(ProcessingError) -> Bool {
    if first.sha256 == second.sha256, firstOffset == secondOffset { return true }
    guard let one = open(first.sha256) else { return false }
    defer { close(one) }
    guard let two = open(second.sha256) else { return false }
    defer { close(two) }
    var done: UInt64 = 0
    while done < count {
      let step = Int(min(count - done, 1 << 16))
      let left = fileBytes(one, at: firstOffset + done, step)
      guard left.count == step, left == fileBytes(two, at: secondOffset + done, step) else { return false }
      done += UInt64(step)
    }
    return true
  }

  private func copy(
    _ piece: RangePieces.Piece, from offset: UInt64, count: UInt64, to number: Int
  ) throws(ProcessingError) {
    guard let descriptor = open(piece.sha256) else { throw .writing(piece.sha256.hex, ENOENT) }
    defer { close(descriptor) }
    var done: UInt64 = 0
    while done < count {
      let bytes = fileBytes(descriptor, at: offset + done, Int(min(count - done, 1 << 16)))
      guard !bytes.isEmpty else { throw .writing(piece.sha256.hex, EIO) }
      // Safe: the view ends before `bytes` does.
      try unsafe spool.append(bytes.span.bytes, to: number)
      done += UInt64(bytes.count)
    }
  }

  private func fill(_ count: UInt64, _ number: Int) throws(ProcessingError) {
    var rest = count
    let zeros = [UInt8](repeating: 0, count: Int(min(rest, 1 << 16)))
    while rest > 0 {
      let step = min(Int(clamping: rest), zeros.count)
      // Safe: the view ends before `zeros` does.
      try unsafe spool.append(zeros.span.bytes.extracting(first: step), to: number)
      rest -= UInt64(step)
    }
  }
}
