import ArchiveReading
import EvidenceModel

/// Reads an archive: members count from one, names keep to their limit, reading ends where it is told to.
@Sendable func fuzzArchives(_ input: RawSpan) {
  // Safe: the archive ends before the input does.
  unsafe input.withUnsafeBytes { buffer in
    guard let archive = try? unsafe ArchiveFile(memory: buffer) else { return }
    var count = 0
    var total = 0
    while count < 1_000, total < 1 << 22, let member = try? archive.next() {
      count += 1
      demand(member.index == count, "members count from one")
      demand((member.name?.count ?? 0) <= ArchiveLimits.nameBytes, "a name keeps to its limit")
      _ = NameJudgement.judge(member)
      guard member.kind == .file, !member.isEncrypted else { continue }
      var taken = 0
      let content = archive.content { part in
        guard taken + part.byteCount <= 1 << 20 else { return false }
        taken += part.byteCount
        return true
      }
      demand(content.byteCount == UInt64(taken), "what is counted was handed out")
      total += taken
    }
  }
}
