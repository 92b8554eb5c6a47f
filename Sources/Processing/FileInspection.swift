import ArchiveReading
import DecoderHosting
import DocumentReading
import EvidenceModel
import Foundation
import MediaReading

/// Looks into one file: what a document says of itself, what a picture looks like, and the members of an archive and of
/// archives among them.
///
/// What is opened, counted and remembered belongs to that one file, so that nothing depends on who looks into which.
final class FileInspection {
  static let decoder = "archive 1.0"

  /// A file in which others may stand.
  struct Subject {
    /// Nil of an original, which is no artefact.
    var sha256: ContentHash?
    var isComplete = true
    var depth = 0
  }

  /// Takes a record and the number of its place among the records of the file.
  typealias Writing = (_ kind: String, _ fields: Fields, _ ordinal: UInt32) throws(ProcessingError) -> Void

  private let spool: ArtefactSpool
  private let hand: WorkInHand
  private let write: Writing
  private let rules: RuleSearch?
  private let order: WorkOrder
  private var ordinal: UInt32 = 0
  private let byteLimit: UInt64
  private var byteCount: UInt64 = 0
  private var memberCount = 0
  /// What was opened already: the same bytes have the same members.
  private var opened: Set<ContentHash> = []
  private var waiting: [(stored: StoredArtefact, subject: Subject)] = []

  /// `byteCount` is the size of the file that all others stand in; `order` names what is left out after crashes.
  init(
    spool: ArtefactSpool, hand: WorkInHand, byteCount: UInt64, rules: RuleSearch?, order: WorkOrder,
    write: @escaping Writing
  ) {
    self.order = order
    self.spool = spool
    self.hand = hand
    self.write = write
    self.rules = rules
    byteLimit = ArchiveLimits.bytes(of: byteCount)
  }

  /// Looks into a file and into what is found in it; false when it is nothing that can be opened.
  @discardableResult
  func inspect(descriptor: Int32, byteCount: UInt64, _ subject: Subject) throws -> Bool {
    if let hash = subject.sha256 { opened.insert(hash) }
    let isOpened = try open(descriptor, byteCount, subject)
    while let next = waiting.popLast() {
      guard opened.insert(next.stored.sha256).inserted else { continue }
      let inner = try spool.open(next.stored)
      defer { close(inner) }
      _ = try open(inner, UInt64(next.stored.byteCount), next.subject)
    }
    return isOpened
  }

  private func open(_ descriptor: Int32, _ byteCount: UInt64, _ subject: Subject) throws -> Bool {
    // An original has its own place for this.
    if let hash = subject.sha256, let rules {
      for found in rules.records(descriptor, byteCount, artefact: hash) {
        try add(found.kind, found.fields, subject, decoder: RuleSearch.decoder)
      }
    }
    let kind = FileKind(descriptor: descriptor, byteCount: byteCount)
    if let form = kind.document {
      try reading(.document, "document", subject) {
        try DocumentExamination(self, subject).run(descriptor, byteCount, form)
      }
    }
    if let form = kind.picture {
      try reading(.picture, "picture", subject) {
        try PictureExamination(self, subject).run(descriptor, byteCount, form)
      }
    }
    // A document may have an archive behind it.
    let isArchive = try kind.archive.map { try openArchive(descriptor, $0, subject) } ?? false
    return kind.document != nil || kind.picture != nil || isArchive
  }

  /// Has a library read one file, so that a crash, or a call that does not end, costs only this file this one reading.
  private func reading(
    _ holder: WorkInHand.Holder, _ part: String, _ subject: Subject, _ body: () throws -> Void
  ) throws {
    let position = PacketPosition(rawValue: hand[.conversation])
    guard !order.leavesOut(part, position, subject.sha256) else { return }
    hand.file = subject.sha256
    let former = hand.give(holder, position, position)
    try body()
    hand.giveBack(former)
    hand.file = nil
  }

  /// Looks into a file that was found in another one, when that is done.
  func wait(for stored: StoredArtefact, _ subject: Subject) { waiting.append((stored, subject)) }

  private func openArchive(_ descriptor: Int32, _ sign: ArchiveSign, _ subject: Subject) throws -> Bool {
    let archive: ArchiveFile
    let first: ArchiveMember?
    do throws(ArchiveFault) {
      archive = try ArchiveFile(descriptor: descriptor)
      first = try archive.next()
    } catch {
      guard sign == .beginning || error.code == .encrypted else { return false }
      return try refuse(error, subject)
    }
    guard subject.depth < ArchiveLimits.depth else {
      try note(
        Finding(
          .warning, "archive/depth", "An archive stands in too many others to be opened; it is kept as it is.",
          ["limit": .integer(Int64(ArchiveLimits.depth))]), subject)
      return false
    }
    let listing = ArchiveListing(self, archive, subject)
    try listing.run(first)
    if !listing.properties.isEmpty {
      try reading(.document, "document", subject) {
        try DocumentExamination(self, subject).run(parts: listing.properties)
      }
    }
    // The first of them is next.
    waiting += listing.found.reversed()
    return true
  }

  /// Says why a file that begins as an archive does could not be opened; false when it is perhaps none at all.
  private func refuse(_ fault: ArchiveFault, _ subject: Subject) throws -> Bool {
    if fault.code == .encrypted {
      try note(
        Finding(
          .warning, "archive/encrypted", "An archive's list of members is encrypted; it was not opened.",
          ["isListEncrypted": true]), subject)
      return true
    }
    try note(
      Finding(
        .warning, "archive/damaged", "A file begins as archives do and could not be opened: \(fault.message).",
        ["reason": .text(fault.message)]), subject)
    return false
  }

  // MARK: What the listing of one archive needs

  /// Bytes that members may still have.
  var bytesLeft: UInt64 { byteLimit - byteCount }
  var membersLeft: Int { ArchiveLimits.members - memberCount }
  var bytesAllowed: UInt64 { byteLimit }

  func takeMember() { memberCount += 1 }
  func take(bytes: Int) { byteCount += min(bytesLeft, UInt64(bytes)) }
  func tick() { hand[.steps] &+= 1 }

  func takeOrdinal() -> UInt32 {
    ordinal += 1
    return ordinal
  }

  func beginArtefact() -> Int { spool.begin() }
  func append(_ bytes: RawSpan, to number: Int) throws(ProcessingError) { try spool.append(bytes, to: number) }
  func endArtefact(_ number: Int) throws(ProcessingError) -> StoredArtefact? { try spool.end(number) }

  /// Writes a record about something in `subject`.
  func add(
    _ kind: String, _ fields: Fields, _ subject: Subject, at ordinal: UInt32? = nil, decoder: String = decoder
  ) throws(ProcessingError) {
    var full = fields
    full.set("decoder", decoder)
    if let hash = subject.sha256 { full.set("parentSha256", hash.hex) }
    try write(kind, full, ordinal ?? takeOrdinal())
  }

  func note(_ finding: Finding, _ subject: Subject, decoder: String = decoder) throws(ProcessingError) {
    try add("finding", finding.recordFields, subject, decoder: decoder)
  }

  /// Opens an artefact that was made here; whoever asks closes it.
  func open(_ stored: StoredArtefact) throws(ProcessingError) -> Int32 { try spool.open(stored) }
}

/// What a file may be opened as, by its first and last bytes; it may be both.
struct FileKind {
  let document: DocumentFacts.Form?
  let picture: StillPicture.Form?
  let archive: ArchiveSign?

  init(descriptor: Int32, byteCount: UInt64) {
    archive = ArchiveSign(descriptor: descriptor, byteCount: byteCount)
    document = DocumentFacts.form(of: descriptor, isArchive: archive == .beginning)
    picture = StillPicture.form(of: descriptor)
  }
}

extension ArchiveSign {
  /// Looks at a file; nil when it has no sign of an archive.
  init?(descriptor: Int32, byteCount: UInt64) {
    let read = { (count: Int, offset: UInt64) -> [UInt8] in
      offset < byteCount ? fileBytes(descriptor, at: offset, count) : []
    }
    let tailCount = UInt64(Self.tailByteCount)
    self.init(
      head: read(Self.headByteCount, 0),
      tail: byteCount < tailCount ? [] : read(Self.tailByteCount, byteCount - tailCount),
      image: read(Self.imageByteCount, Self.imageOffset))
  }
}
