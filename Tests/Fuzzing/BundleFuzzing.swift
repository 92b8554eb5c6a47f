import ByteReading
import Custody
import EvidenceBundle
import EvidenceModel
import EvidenceReport
import Foundation

/// Reads JSON; what it reads is written in canonical form and read again as the same.
@Sendable func fuzzValues(_ input: RawSpan) {
  guard let value = ValueReader.read(input.array()) else { return }
  let text = CanonicalJSON.text(value)
  guard let again = ValueReader.read(Array(text.utf8)) else { return demand(false, "canonical form is JSON: \(text)") }
  demand(CanonicalJSON.text(again) == text, "canonical form stays as it is: \(text)")
}

/// Verifies a bundle and writes its report, some of its files being the input's parts.
///
/// A part's first byte chooses the file, what follows is all of its content.
@Sendable func fuzzBundles(_ input: RawSpan) {
  let bundle = "/dev/shm/exhibit-fuzz-\(getpid()).exhibit"
  let output = "/dev/shm/exhibit-fuzz-\(getpid()).report"
  let files = FileManager.default
  defer {
    try? files.removeItem(atPath: bundle)
    try? files.removeItem(atPath: output)
  }
  try? files.removeItem(atPath: bundle)
  for folder in ["data/records", "data/artefacts", "meta", "custody"] {
    try? files.createDirectory(atPath: "\(bundle)/\(folder)", withIntermediateDirectories: true)
  }
  for part in parts(input.array()) {
    guard let first = part.first else { continue }
    let name = fuzzedFiles[Int(first) % fuzzedFiles.count]
    _ = files.createFile(atPath: "\(bundle)/\(name)", contents: Data(part.dropFirst()))
  }
  if !files.fileExists(atPath: "\(bundle)/meta/bundle.json") {
    _ = files.createFile(atPath: "\(bundle)/meta/bundle.json", contents: Data("{}".utf8))
  }
  let checks = BundleVerifier.verify(bundle)
  demand(checks.contains { $0.verdict == .failed }, "a bundle without its lists does not verify")
  _ = Receipt.take(of: bundle)
  _ = Receipt(path: "\(bundle)/meta/bundle.json")
  _ = try? ReportWriter(bundle: bundle, output: output).write()
}

/// Files of a bundle whose content a program of ours reads; a seed says which by its place.
let fuzzedFiles = [
  "meta/bundle.json", "data/ledger.json", "custody/000001.json", "custody/000002.json", "manifest-sha256.txt",
  "tagmanifest-sha256.txt", "bag-info.txt", "bagit.txt", "meta/external-sha256.txt",
  "data/records/finding.ndjson", "data/records/artefact.ndjson", "data/records/sip-call.ndjson",
  "data/records/sip-message.ndjson", "data/records/http-transfer.ndjson", "data/records/dns-query.ndjson",
  "data/records/dns-answer.ndjson", "data/records/capture-interface.ndjson", "data/records/capture-comment.ndjson",
  "data/records/rtp-control.ndjson", "data/records/rtp-stream.ndjson", "custody/000003.json", "custody/000004.json",
]
