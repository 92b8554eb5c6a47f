import ArchiveReading
import DecoderHosting
import EvidenceModel
import Foundation

/// A file of mail messages one behind the other (mbox, RFC 4155): each becomes an artefact and is read as a message.
///
/// A message begins behind a line `From `, with a time of day in it, that is the first or follows an empty line. What programs put
/// before such lines in a text (`>`) is not taken away, for the forms of mbox differ in it.
struct MailboxListing {
  static let decoder = "mailbox 1.0"
  /// Bytes of a line that begins a message.
  private static let maximumLine = 512
  private static let windowBytes = 1 << 20
  private static let pieceBytes = 65_536
  private static let word = Array("From ".utf8)

  private let inspection: FileInspection
  private let subject: FileInspection.Subject
  private var found: [FileInspection.Waiting] = []

  init(_ inspection: FileInspection, _ subject: FileInspection.Subject) {
    self.inspection = inspection
    self.subject = subject
  }

  /// Whether a file begins as a mailbox: such a line, and behind it a header field.
  static func isMailbox(head: [UInt8]) -> Bool {
    guard let end = lineEnd(head[...]), head.count > end else { return false }
    let name = head[end...].prefix { (0x21...0x7e).contains($0) && $0 != 0x3a }
    return !name.isEmpty && head.dropFirst(end + name.count).first == 0x3a
  }

  /// Where the line behind a beginning of a message stands; nil when the bytes are no such beginning.
  private static func lineEnd(_ bytes: ArraySlice<UInt8>) -> Int? {
    let line = bytes.prefix(maximumLine)
    guard line.starts(with: word), let end = line.firstIndex(of: 0x0a) else { return nil }
    let isDigit = { (place: Int) in (0x30...0x39).contains(line[place]) }
    guard end - line.startIndex > 5 else { return nil }
    let hasTime = (line.startIndex + 2..<end - 2).contains { place in
      line[place] == 0x3a && isDigit(place - 2) && isDigit(place - 1) && isDigit(place + 1) && isDigit(place + 2)
    }
    return hasTime ? end + 1 : nil
  }

  mutating func run(_ descriptor: Int32, _ byteCount: UInt64) throws {
    var start: UInt64?
    var count = 0
    var isOver = false
    var offset: UInt64 = 0
    // Windows overlap by a line, so that none is missed; each moves on.
    while offset < byteCount, !isOver {
      let window = fileBytes(descriptor, at: offset, Self.windowBytes + Self.maximumLine)
      guard !window.isEmpty else { break }
      let isLast = offset + UInt64(window.count) >= byteCount
      let limit = isLast ? window.count : min(window.count, Self.windowBytes)
      var isBlank = offset == 0
      if offset > 0 { isBlank = Self.isBehindEmptyLine(fileBytes(descriptor, at: offset - 4, 4)) }
      var place = 0
      while place < limit, !isOver {
        if isBlank, let end = Self.lineEnd(window[place...]) {
          if let begin = start { isOver = try !keep(descriptor, begin, offset + UInt64(place), &count) }
          start = offset + UInt64(end)
        }
        guard let next = window[place..<limit].firstIndex(of: 0x0a) else { break }
        inspection.tick()
        place = next + 1
        isBlank = Self.isBehindEmptyLine(Array(window[max(0, place - 4)..<place]))
      }
      offset += UInt64(limit)
    }
    if let begin = start, !isOver { isOver = try !keep(descriptor, begin, byteCount, &count) }
    inspection.wait(for: found)
    guard isOver else { return }
    try inspection.note(
      Finding(
        .warning, "mail/mailboxLimit",
        "A mailbox has more messages or bytes than the limit; what follows message \(count) was not read.",
        ["limit": .integer(Int64(ArchiveLimits.members)), "index": .integer(Int64(count))]),
      subject, decoder: Self.decoder)
  }

  private static func isBehindEmptyLine(_ bytes: [UInt8]) -> Bool {
    bytes.suffix(2) == [0x0a, 0x0a] || bytes.suffix(4) == [0x0d, 0x0a, 0x0d, 0x0a]
  }

  /// Stores a message; false when a limit is reached.
  private mutating func keep(_ descriptor: Int32, _ begin: UInt64, _ end: UInt64, _ count: inout Int) throws -> Bool {
    guard end > begin else { return true }
    guard inspection.membersLeft > 0, end - begin <= inspection.bytesLeft else { return false }
    inspection.takeMember()
    count += 1
    let number = inspection.beginArtefact()
    var offset = begin
    while offset < end {
      let piece = fileBytes(descriptor, at: offset, Int(min(UInt64(Self.pieceBytes), end - offset)))
      guard !piece.isEmpty else { break }
      inspection.take(bytes: piece.count)
      // Safe: the view ends before `piece` does.
      try unsafe inspection.append(piece.span.bytes, to: number)
      offset += UInt64(piece.count)
    }
    guard let stored = try inspection.endArtefact(number) else { return true }
    let isComplete = subject.isComplete && offset == end
    var artefact = stored.fields
    artefact.set("role", "message of a mailbox")
    artefact.set("origin", "captured")
    artefact.set("isComplete", isComplete)
    try inspection.add("artefact", artefact, subject, decoder: Self.decoder)
    found.append(
      (
        stored,
        .init(
          sha256: stored.sha256, isComplete: isComplete, depth: subject.depth + 1, mediaType: "message/rfc822")
      ))
    return true
  }
}
