import Custody
import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// What a receipt knows, in the least that has one: a chain and a tag manifest.
@Suite struct ReceiptTests {
  let scratch: TemporaryFolder
  let bundle: String

  init() throws {
    scratch = try TemporaryFolder()
    bundle = scratch.path("bundle")
    for name in ["custody", "seal"] {
      try FileManager.default.createDirectory(atPath: "\(bundle)/\(name)", withIntermediateDirectories: true)
    }
    var chain = CustodyChain(directory: bundle, bundle: "urn:uuid:test")
    try chain.append("open", at: CaptureTime(nanoseconds: 1_767_225_600_000_000_000), [:])
    _ = try scratch.write([], "bundle/\(BundleLayout.tagManifest)")
  }

  /// What the receipt's check finds.
  private func details(_ receipt: Receipt) throws -> [String] {
    try #require(BundleVerifier.verify(bundle, against: receipt).first { $0.name == "receipt" }).details
  }

  private func written(_ receipt: Receipt) throws -> Receipt {
    try #require(Receipt(path: try scratch.write(receipt.bytes, "receipt.json")))
  }

  @Test func aSealThatWasChangedOrTakenAwayIsFound() throws {
    _ = try scratch.write(Array("sealed\n".utf8), "bundle/seal/seal.txt")
    let receipt = try written(try #require(Receipt.take(of: bundle)))
    // printf 'sealed\n' | sha256sum
    #expect(receipt.seal == "24f2f924f16716eeae930dfc7ca01dd50e4b58754997d9ac3c7e630a0c9d3b71")
    #expect(try details(receipt).isEmpty)
    _ = try scratch.write(Array("sealed anew\n".utf8), "bundle/seal/seal.txt")
    #expect(try details(receipt).contains { $0.hasPrefix("seal/seal.txt") })
    try FileManager.default.removeItem(atPath: "\(bundle)/seal/seal.txt")
    #expect(try details(receipt).contains { $0.hasPrefix("seal/seal.txt") })
  }

  @Test func aFormerReceiptKnowsNoSeal() throws {
    let taken = try #require(Receipt.take(of: bundle))
    let text = String(decoding: taken.bytes, as: UTF8.self)
    #expect(!text.contains("sealSha256") && !text.contains("receivedBy"))
    let former = try written(taken)
    #expect(former.seal == nil && former.acceptance == nil)
    _ = try scratch.write(Array("sealed\n".utf8), "bundle/seal/seal.txt")
    #expect(try details(former).isEmpty)
  }

  @Test(arguments: [
    "", "[]", "{}", #"{"bundle":"x","seq":0,"headSha256":"","tagManifestSha256":""}"#,
    #"{"bundle":"x","seq":9007199254740991,"headSha256":"","tagManifestSha256":""}"#,
    #"{"bundle":"x","seq":1,"headSha256":"","tagManifestSha256":"","sealSha256":5}"#,
  ])
  func whatIsNoReceiptIsRefused(_ text: String) throws {
    #expect(Receipt(path: try scratch.write(Array(text.utf8), "receipt.json")) == nil)
  }
}
