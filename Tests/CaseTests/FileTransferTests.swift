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

  /// A file that others say is in a public capture.
  struct Answer: CustomTestStringConvertible, Sendable {
    let capture: String
    let kind: String
    let name: String
    var byteCount: Int64?
    var sha256: String?
    var testDescription: String { "\(capture) \(name)" }
  }

  /// What test.yaml beside Suricata's captures, and the file that Arkime's and tcpdump's captures carry, say.
  private static let answers: [Answer] = [
    Answer(
      capture: "suricata-verify/tests/filestore-filecontainer-smb1-data-offset/input.pcap", kind: "smb-transfer",
      name: "",
      sha256: "367964b64b83363362805824fae6732858f74f0e9fe527d6e9e05fe2f9e46645"),
    Answer(
      capture: "suricata-verify/tests/filestore-filecontainer-smb1-data-offset/input.pcap", kind: "smb-transfer",
      name: "",
      sha256: "cf99990bee6c378cbf56239b3cc88276eec348d82740f84e9d5c343751f82560"),
    Answer(
      capture: "suricata-verify/tests/smb1-01/smb1.pcap", kind: "smb-transfer", name: "Test\\2009-12 Payroll.xlsx",
      byteCount: 25_940),
    Answer(
      capture: "suricata-verify/tests/smb2-03-rule/smb2.pcap", kind: "smb-transfer", name: "WP_SMBPlugin.pdf",
      byteCount: 1_508_939),
    Answer(
      capture: "suricata-verify/tests/smb2-05/20171220_smb_mimikatz_copy_to_host.pcap", kind: "smb-transfer",
      name: "temp\\mimikatz.exe", byteCount: 804_352),
    Answer(
      capture: "suricata-verify/tests/smb-eicar-andx/smbandx.pcap", kind: "smb-transfer", name: "\\test.txt",
      sha256: "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"),
    Answer(
      capture: "suricata-verify/tests/ftp/ftp-download-passive/input.pcap", kind: "ftp-transfer", name: "index.html"),
    Answer(
      capture: "suricata-verify/tests/firewall/ruletype-firewall-116-ftp-all-data-ipv4/input.pcap",
      kind: "ftp-transfer",
      name: "all-data-ipv4-passive-stor-appe.txt"),
    Answer(
      capture: "arkime/tests/pcap/tftp_rrq.pcap", kind: "tftp-transfer", name: "rfc1350.txt", byteCount: 24_599),
    Answer(
      capture: "suricata-verify/tests/tftp-tx-handling-wrq/input.pcap", kind: "tftp-transfer", name: "rfc1350.txt",
      byteCount: 24_599),
    Answer(capture: "tcpdump/tests/tftp.pcap", kind: "tftp-transfer", name: "file1", byteCount: 1_129),
  ]

  @Test(arguments: answers) func findsWhatOthersFind(_ answer: Answer) throws {
    guard exhibitProgram != nil, let folder = captureFolder else { return }
    let bundle = scratch.path("bundle")
    let result = try exhibit(
      "process", folder.appending(path: answer.capture).path, "--output", bundle, "--quiet", "--jobs", "1")
    try #require(result.status == 0, "\(result.errors)")
    let records = RecordFile(path: "\(bundle)/data/records/\(answer.kind).ndjson").compactMap { ValueReader.fields($0) }
    let found = records.filter { record in
      guard record["isComplete"] == true else { return false }
      let name = record["path"] ?? record["name"] ?? ""
      return (answer.name.isEmpty || name == .text(answer.name))
        && answer.byteCount.map { record["byteCount"] == .integer($0) } ?? true
        && answer.sha256.map { record["sha256"] == .text($0) } ?? true
    }
    #expect(!found.isEmpty, "\(records.map { CanonicalJSON.text(.object($0)) })")
  }
}
