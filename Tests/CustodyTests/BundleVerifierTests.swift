import Custody
import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// A bundle of our own making, and what the verifier says when any byte of it changes.
@Suite struct BundleVerifierTests {
  let scratch: TemporaryFolder
  let bundle: String

  init() throws {
    scratch = try TemporaryFolder()
    bundle = scratch.path("bundle")
    let writer = try BundleWriter(target: bundle)
    try writer.makeDirectories(for: BundleLayout.event(1))
    var chain = CustodyChain(directory: writer.staging, bundle: "urn:uuid:test")
    try chain.append("open", at: CaptureTime(nanoseconds: 1_767_225_600_000_000_000), [:])
    try writer.write(
      Array(
        #"{"originals":[{"bytes":{"framing":24,"packetData":0,"total":24,"unreadable":0},"original":"O-0001","packets":{"rows":[{"headerBytes":0,"packets":1,"payloadBytes":0,"row":"noPayload"}],"total":1},"witness":{"verdict":"unable"}}],"version":1}"#
          .utf8), to: BundleLayout.ledger)
    try writer.write(
      Array(
        #"{"decoder":"test 1.0","id":"R-000001","kind":"test/fact","provenance":[{"original":"O-0001","packets":"1"}]}"#
          .utf8 + [0x0a]), to: BundleLayout.records(ofKind: "test/fact"))
    try writer.write(Array("{}".utf8), to: BundleLayout.bundle)
    let manifest = try writer.writeManifest(information: [("External-Identifier", "urn:uuid:test")])
    let output: Fields = ["path": .text(manifest.path), "sha256": .text(manifest.hash.hex)]
    try chain.append(
      "finish", at: CaptureTime(nanoseconds: 1_767_225_601_000_000_000),
      ["complete": true, "outputs": .list([.object(output)])])
    for entry in chain.entries { writer.list(entry) }
    try writer.complete()
  }

  var failed: [String] { BundleVerifier.verify(bundle).filter { $0.verdict == .failed }.map(\.name) }

  @Test func passesAsItWasMade() { #expect(failed == []) }

  @Test func everyChangedByteOfEveryFileIsFound() throws {
    let names = try #require(FileManager.default.enumerator(atPath: bundle)?.compactMap { $0 as? String })
    for name in names.sorted() {
      let path = "\(bundle)/\(name)"
      var isDirectory: ObjCBool = false
      _ = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
      guard !isDirectory.boolValue else { continue }
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      for place in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 40)) {
        var changed = bytes
        changed[place] ^= 1
        try Data(changed).write(to: URL(fileURLWithPath: path))
        #expect(!failed.isEmpty, "\(name) byte \(place)")
      }
      try Data(bytes).write(to: URL(fileURLWithPath: path))
    }
    #expect(failed == [])
  }

  /// Its difference to the number of records is beyond 64 bits.
  @Test func anIdentifierBelowZeroIsNone() throws {
    let path = "\(bundle)/\(BundleLayout.records(ofKind: "test/fact"))"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try text.replacing("R-000001", with: "R--9223372036854775808").write(
      toFile: path, atomically: false, encoding: .utf8)
    let records = try #require(BundleVerifier.verify(bundle).first { $0.name == "records" })
    #expect(records.details == ["without identifier: data/records/test-fact.ndjson line 1"])
  }

  @Test func anUnsealedBundleIsCalledSo() throws {
    let seal = try #require(BundleVerifier.verify(bundle).first { $0.name == "seal" })
    #expect(seal.details == ["unsealed: whoever holds it could rewrite it"])
  }

  @Test func aRewrittenBundleFailsAgainstItsReceipt() throws {
    let receipt = try #require(Receipt.take(of: bundle))
    let path = try scratch.write(receipt.bytes, "receipt.json")
    let read = try #require(Receipt(path: path))
    #expect(BundleVerifier.verify(bundle, against: read).allSatisfy { $0.verdict != .failed })
    try FileManager.default.removeItem(atPath: "\(bundle)/\(BundleLayout.event(2))")
    let checks = BundleVerifier.verify(bundle, against: read)
    #expect(checks.contains { $0.name == "receipt" && $0.verdict == .failed })
  }

  @Test func neverOverwritesWhatIsThere() throws {
    #expect(throws: BundleError.self) { try BundleWriter(target: bundle) }
  }
}
