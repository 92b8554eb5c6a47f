import ArchiveReading
import DecoderHosting
import DecoderKit
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
    /// What libmagic says of a member of an archive, and what the archive calls it; nil of other files.
    var mediaType: String?
    var name: [UInt8]?
  }

  /// Takes a record and the number of its place among the records of the file.
  typealias Writing = (_ kind: String, _ fields: Fields, _ ordinal: UInt32) throws(ProcessingError) -> Void

  private let spool: ArtefactSpool
  private let hand: WorkInHand
  private let write: Writing
  private let rules: RuleSearch?
  private let order: WorkOrder
  private let decoders: [any EvidenceDecoder.Type]
  private var ordinal: UInt32 = 0
  private let byteLimit: UInt64
  private var byteCount: UInt64 = 0
  private var memberCount = 0
  /// What was opened already: the same bytes have the same members.
  private var opened: Set<ContentHash> = []
  /// The last of them is next.
  private var waiting: [Waiting] = []

  /// `byteCount` is the size of the file that all others stand in; `order` names what is left out after crashes.
  init(
    spool: ArtefactSpool, hand: WorkInHand, byteCount: UInt64, rules: RuleSearch?, order: WorkOrder,
    decoders: [any EvidenceDecoder.Type], write: @escaping Writing
  ) {
    self.order = order
    self.decoders = decoders
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
    if kind.isCapture, subject.sha256 != nil {
      try note(
        Finding(
          .warning, "file/capture",
          "A file in the evidence is itself a capture; its packets were not read. Process it as an original of its own."
        ), subject)
    }
    if let mediaType = kind.mailType(of: subject) {
      try MemberExamination(self, subject).run(descriptor, byteCount, as: mediaType)
    }
    if kind.isMailbox, subject.sha256 != nil {
      var listing = MailboxListing(self, subject)
      try listing.run(descriptor, byteCount)
    }
    // A document may have an archive behind it.
    let isArchive = try kind.archive.map { try openArchive(descriptor, $0, subject) } ?? false
    return kind.document != nil || kind.picture != nil || isArchive
  }

  /// Has a library read one file, so that a crash, or a call that does not end, costs only this file this one reading.
  private func reading(
    _ holder: WorkInHand.Holder, _ part: String, _ subject: Subject, _ body: () throws -> Void
  ) throws {
    guard !order.leavesOut(part, position, subject.sha256) else { return }
    hand.file = subject.sha256
    let former = hand.give(holder, position, position)
    try body()
    hand.giveBack(former)
    hand.file = nil
  }

  /// Where the file that all others stand in ends.
  var position: PacketPosition { PacketPosition(rawValue: hand[.conversation]) }

  /// The decoders, for a file that stands in this one.
  func host(for output: any EvidenceOutput) -> DecoderHost {
    let exclusions = order.exclusions.map {
      DecoderHost.Exclusion(decoder: $0.part, conversation: $0.original == 0 ? nil : $0.position)
    }
    return DecoderHost(decoders, exclusions: Set(exclusions), output: output, hand: hand)
  }

  typealias Waiting = (stored: StoredArtefact, subject: Subject)

  /// Looks into files that were found in another one, when that is done, in their order and before those that wait already.
  func wait(for found: [Waiting]) { waiting += found.reversed() }

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
    wait(for: listing.found)
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
    // What stands in a part of the file names that part.
    if full["parentSha256"] == nil, let hash = subject.sha256 { full.set("parentSha256", hash.hex) }
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
  let isCapture: Bool
  /// Whether mail messages stand in it one behind the other.
  let isMailbox: Bool
  private let head: [UInt8]
  private static let headByteCount = 1_024

  init(descriptor: Int32, byteCount: UInt64) {
    archive = ArchiveSign(descriptor: descriptor, byteCount: byteCount)
    document = DocumentFacts.form(of: descriptor, isArchive: archive == .beginning)
    picture = StillPicture.form(of: descriptor)
    head = fileBytes(descriptor, at: 0, Self.headByteCount)
    let beginning = head
    isCapture =
      Self.captures.contains { beginning.starts(with: $0) }
      || beginning.starts(with: Self.firstBlock)
        && Self.orders.contains { beginning.dropFirst(8).starts(with: $0) }
    isMailbox = archive == nil && MailboxListing.isMailbox(head: head)
  }

  /// pcap in both orders of bytes, with microseconds and nanoseconds; pcapng by its first block.
  private static let captures: [[UInt8]] = [
    [0xa1, 0xb2, 0xc3, 0xd4], [0xd4, 0xc3, 0xb2, 0xa1], [0xa1, 0xb2, 0x3c, 0x4d], [0x4d, 0x3c, 0xb2, 0xa1],
  ]
  private static let firstBlock: [UInt8] = [0x0a, 0x0d, 0x0d, 0x0a]
  private static let orders: [[UInt8]] = [[0x1a, 0x2b, 0x3c, 0x4d], [0x4d, 0x3c, 0x2b, 0x1a]]

  /// The media type of a member of an archive that is a mail message, by libmagic or by its name and first line; nil when it
  /// is none.
  func mailType(of subject: FileInspection.Subject) -> String? {
    guard let mediaType = subject.mediaType, document == nil, archive == nil else { return nil }
    if ["message/rfc822", "message/news"].contains(mediaType) { return mediaType }
    guard let name = subject.name, name.suffix(4).map({ $0 | 0x20 }) == Array(".eml".utf8), hasFieldName else {
      return nil
    }
    return "message/rfc822"
  }

  /// Whether it begins with the name of a header field and a colon (RFC 5322, 2.2).
  private var hasFieldName: Bool {
    let name = head.prefix { (0x21...0x7e).contains($0) && $0 != 0x3a }
    return !name.isEmpty && head.dropFirst(name.count).first == 0x3a
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
