import ArchiveReading
import DecoderHosting
import DocumentReading
import EvidenceModel

/// Reads the members of one archive into records, artefacts and findings.
final class ArchiveListing {
  /// Files that were found and may themselves be archives, in the order of the archive.
  private(set) var found: [(stored: StoredArtefact, subject: FileInspection.Subject)] = []

  /// Members in which an office document tells of itself, if it is one.
  var properties: [(name: String, stored: StoredArtefact)] {
    parts.filter { part in
      DocumentFacts.parts[part.name].flatMap { DocumentFacts.marks[$0.form] }.map(marks.contains) == true
    }
  }

  private let inspection: FileInspection
  private let archive: ArchiveFile
  private let subject: FileInspection.Subject
  private var parts: [(name: String, stored: StoredArtefact)] = []
  /// Names that make a zip an office document.
  private var marks: Set<String> = []
  private var memberCount = 0
  private var totalBytes: UInt64 = 0
  private var fault: ArchiveFault?
  private var limit: (name: String, value: UInt64)?
  private var remarks: [Remark: (count: Int, members: [Int])] = [:]

  /// What is told once an archive, with how many members and which.
  private enum Remark: Hashable, Comparable { case encrypted, damaged, size, name, link, device }

  init(_ inspection: FileInspection, _ archive: ArchiveFile, _ subject: FileInspection.Subject) {
    self.inspection = inspection
    self.archive = archive
    self.subject = subject
  }

  func run(_ first: ArchiveMember?) throws {
    let place = inspection.takeOrdinal()
    var next = first
    // Each turn takes a member; their number is limited.
    while let member = next {
      guard inspection.membersLeft > 0 else {
        limit = ("members", UInt64(ArchiveLimits.members))
        break
      }
      inspection.takeMember()
      inspection.tick()
      memberCount += 1
      try take(member)
      guard limit == nil else { break }
      do throws(ArchiveFault) { next = try archive.next() } catch {
        fault = error
        break
      }
    }
    var fields: Fields = [
      "format": .text(archive.format), "memberCount": .integer(Int64(memberCount)),
      "memberBytes": .integer(Int64(clamping: totalBytes)), "depth": .integer(Int64(subject.depth)),
      "isComplete": .boolean(fault == nil && limit == nil && archive.gapCount == 0 && subject.isComplete),
    ]
    let compressions = archive.compressions
    if !compressions.isEmpty { fields.set("compressions", .list(compressions.map { .text($0) })) }
    if !archive.comment.isEmpty { fields.set("comment", wire: archive.comment) }
    try inspection.add("archive/file", fields, subject, at: place)
    try writeFindings()
  }

  // MARK: Members

  private func take(_ member: ArchiveMember) throws {
    var fields = fields(of: member)
    judge(member)
    if let name = member.name.map({ String(decoding: $0, as: UTF8.self) }), DocumentFacts.marks.values.contains(name) {
      marks.insert(name)
    }
    if member.isEncrypted {
      remark(.encrypted, member)
    } else {
      try keep(member, &fields)
    }
    try inspection.add("archive/member", fields, subject)
  }

  /// Stores the content of a member, as far as it can be had; of links and the like, only when there is any.
  private func keep(_ member: ArchiveMember, _ fields: inout Fields) throws {
    let isFile = member.kind == .file
    var begun = isFile ? inspection.beginArtefact() : nil
    var failure: ProcessingError?
    var content = archive.content { bytes in
      inspection.tick()
      guard UInt64(bytes.byteCount) <= inspection.bytesLeft else { return false }
      inspection.take(bytes: bytes.byteCount)
      let number = begun ?? inspection.beginArtefact()
      begun = number
      do throws(ProcessingError) { try inspection.append(bytes, to: number) } catch { failure = error }
      return failure == nil
    }
    if let failure { throw failure }
    guard begun != nil || content.fault != nil || content.isStopped else { return }
    totalBytes += content.byteCount
    if content.isStopped {
      limit = ("bytes", inspection.bytesAllowed)
      content.fault = "it is over the limit of \(inspection.bytesAllowed) bytes"
    } else if content.fault != nil {
      remark(.damaged, member)
    } else if isFile, let stated = member.statedByteCount, stated != content.byteCount {
      remark(.size, member)
    }
    let isComplete = content.fault == nil && subject.isComplete
    fields.set("byteCount", content.byteCount)
    fields.set("isComplete", isComplete)
    if let fault = content.fault { fields.set("fault", fault) }
    guard let number = begun, let stored = try inspection.endArtefact(number) else { return }
    fields.set("sha256", stored.sha256.hex)
    var artefact = stored.fields
    artefact.set("role", archive.format == "compressed" ? "content of a compressed file" : "member of an archive")
    artefact.set("origin", "captured")
    artefact.set("isComplete", isComplete)
    if let name = member.name { artefact.set("name", wire: name) }
    try inspection.add("artefact", artefact, subject)
    if archive.format == "zip", let name = member.name.map({ String(decoding: $0, as: UTF8.self) }),
      DocumentFacts.parts[name] != nil, parts.count < DocumentFacts.parts.count
    {
      parts.append((name, stored))
    }
    found.append(
      (
        stored,
        .init(
          sha256: stored.sha256, isComplete: isComplete, depth: subject.depth + 1, mediaType: stored.mediaType,
          name: member.name)
      ))
  }

  private func fields(of member: ArchiveMember) -> Fields {
    var fields: Fields = [
      "index": .integer(Int64(member.index)), "memberType": .text(member.kind.rawValue),
      "method": .text(member.method), "isEncrypted": .boolean(member.isEncrypted),
      "depth": .integer(Int64(subject.depth)),
    ]
    if let name = member.name { fields.set("name", wire: name) }
    if let stated = member.statedByteCount { fields.set("statedByteCount", stated) }
    if let time = member.modified { fields.set("modifiedAt", time) }
    if let time = member.modifiedLocal { fields.set("modifiedLocal", time) }
    if let mode = member.mode {
      let digits = String(mode, radix: 8)
      fields.set("mode", String(repeating: "0", count: max(0, 4 - digits.count)) + digits)
    }
    if let owner = member.userID { fields.set("userNumber", owner) }
    if let group = member.groupID { fields.set("groupNumber", group) }
    if let owner = member.userName { fields.set("userName", wire: owner) }
    if let group = member.groupName { fields.set("groupName", wire: group) }
    if let target = member.linkTarget { fields.set("linkTarget", wire: target) }
    if let warning = member.warning { fields.set("warning", warning) }
    return fields
  }

  private func judge(_ member: ArchiveMember) {
    // A compressed file need not say what it was called.
    if archive.format != "compressed", !NameJudgement.judge(member).isEmpty { remark(.name, member) }
    if let target = member.linkTarget, !NameJudgement.path(target).isEmpty { remark(.link, member) }
    if [.characterDevice, .blockDevice, .fifo, .socket].contains(member.kind) { remark(.device, member) }
  }

  private func remark(_ remark: Remark, _ member: ArchiveMember) {
    var known = remarks[remark] ?? (0, [])
    known.count += 1
    if known.members.count < ArchiveLimits.namedMembers { known.members.append(member.index) }
    remarks[remark] = known
  }

  // MARK: Findings

  private func writeFindings() throws {
    if !subject.isComplete {
      try note(
        Finding(
          .warning, "archive/incomplete",
          "The archive itself lacks bytes: what stands behind them may be missing or wrong."))
    }
    for (remark, known) in remarks.sorted(by: { $0.key < $1.key }) { try note(remark, known.count, known.members) }
    if let first = archive.gaps.first {
      try note(
        Finding(
          .warning, "archive/gap",
          "The heads of members behind \(Self.words(archive.gaps.map(\.after))) could not be read, and nothing is known of these members: \(first.reason). What was found behind them may stand inside them.",
          [
            "count": .integer(Int64(archive.gapCount)), "reason": .text(first.reason),
            "members": .list(archive.gaps.map { .integer(Int64($0.after)) }),
          ]))
    }
    if let fault {
      try note(
        Finding(
          .warning, "archive/damaged",
          "An archive could not be read further than its member \(memberCount): \(fault.message).",
          ["reason": .text(fault.message), "index": .integer(Int64(memberCount))]))
    }
    if let limit {
      try note(
        Finding(
          .warning, "archive/limit",
          "An archive has more \(limit.name) than the limit of \(limit.value); what follows member \(memberCount) was not read.",
          [
            "limitName": .text(limit.name), "limit": .integer(Int64(clamping: limit.value)),
            "index": .integer(Int64(memberCount)),
          ]))
    }
  }

  private static func words(_ members: [Int]) -> String {
    "member " + members.map { String($0) }.joined(separator: ", ")
  }

  private func note(_ remark: Remark, _ count: Int, _ members: [Int]) throws {
    let fields: Fields = [
      "count": .integer(Int64(count)), "members": .list(members.map { .integer(Int64($0)) }),
    ]
    let finding =
      switch remark {
      case .encrypted:
        Finding(
          .warning, "archive/encrypted", "\(count) members of an archive are encrypted; their content was not read.",
          fields)
      case .damaged:
        Finding(
          .warning, "archive/damagedMember",
          "\(count) members of an archive could not be read to their end, or do not have the checksum that they state.",
          fields)
      case .size:
        Finding(
          .warning, "archive/size", "\(count) members of an archive have another size than the archive states.", fields)
      case .name:
        Finding(
          .warning, "archive/name",
          "\(count) members of an archive have names that lead out of a directory, have control characters, turn the direction of writing, or are too long or missing.",
          fields)
      case .link:
        Finding(
          .warning, "archive/link", "\(count) links in an archive lead out of its directory; none was followed.", fields
        )
      case .device:
        Finding(
          .notice, "archive/device", "\(count) members of an archive are devices, pipes or sockets; none was made.",
          fields)
      }
    try note(finding)
  }

  private func note(_ finding: Finding) throws(ProcessingError) { try inspection.note(finding, subject) }
}
