import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// Files that real programs moved, from captures to the bundle, with one worker and with several.
@Suite struct FileTransferTests {
  private static let samples = [
    "TFTP/Samples/transfers", "FTP/Samples/anonymous", "FTP/Samples/session", "SMB/Samples/files",
    "SMB/Samples/version1",
    "SMB/Samples/encrypted",
  ]
  /// `sha256sum` of what the recipe wrote: table.bin, note.txt, and note.txt with CR LF.
  private static let table = "eabfe070008f9ddc3e02f408d8c54eb977aa9fc5359255c23e64b6ff7ac3b38a"
  private static let note = "f15a647bc742ff3bae3734dc4555cbdc3591a27b7222e88310db7cf5392fa210"
  private static let noteWithReturns = "4fd66d208e029af363df6c2bbb2ae977e8b5e5181cf0770fce9f12e39f56c62c"

  private let scratch: TemporaryFolder

  init() throws { scratch = try TemporaryFolder() }

  private func process(_ jobs: Int) throws -> String {
    let bundle = scratch.path("bundle-\(jobs)")
    let paths = Self.samples.map { repository.appending(path: "plugins/\($0).pcapng").path }
    let result = try run(
      try #require(exhibitProgram), ["process"] + paths + ["--output", bundle, "--quiet", "--jobs", "\(jobs)"])
    try #require(result.status == 0, "\(result.errors)")
    return bundle
  }

  private func hashes(_ bundle: String, _ kind: String) -> [String: Int] {
    var counts: [String: Int] = [:]
    for line in RecordFile(path: "\(bundle)/data/records/\(kind).ndjson") {
      guard let fields = ValueReader.fields(line), fields["isComplete"] == true else { continue }
      if case .text(let hash)? = fields["sha256"] { counts[hash, default: 0] += 1 }
    }
    return counts
  }

  @Test func carvesTheSameFilesWithAnyNumberOfWorkers() throws {
    guard exhibitProgram != nil else { return }
    let bundle = try process(1)
    let tftp = hashes(bundle, "tftp-transfer")
    #expect(tftp == [Self.table: 3, Self.note: 1, Self.noteWithReturns: 1])
    let ftp = hashes(bundle, "ftp-transfer")
    #expect(ftp[Self.table] == 2 && ftp[Self.note] == 5)
    let smb = hashes(bundle, "smb-transfer")
    #expect(smb == [Self.table: 2, Self.note: 3])
    let manifest = try Data(contentsOf: URL(filePath: "\(bundle)/manifest-sha256.txt"))
    #expect(try Data(contentsOf: URL(filePath: "\(process(3))/manifest-sha256.txt")) == manifest)
    #expect(try exhibit("verify", bundle, "--quiet").status == 0)
    let findings = RecordFile(path: "\(bundle)/data/records/finding.ndjson").compactMap { ValueReader.fields($0) }
    #expect(findings.map { $0["code"] } == ["ftp/encrypted", "smb/encrypted"])
  }
}
