import EvidenceBundle
import EvidenceModel
import Foundation
import Testing

@testable import EvidenceReport

/// The drafts that people sign: they say what the bundle holds, name what is missing, and leave room for a hand.
@Suite struct PaperTests {
  static let papers = ["statement.html", "certificate-902.html"]

  private func write(_ bundle: FixtureBundle, _ scratch: Scratch) throws -> (statement: String, certificate: String) {
    try ReportWriter(bundle: bundle.path, output: bundle.path + "/report").write()
    return (try scratch.text("bundle/report/statement.html"), try scratch.text("bundle/report/certificate-902.html"))
  }

  /// The words of a page without its tags.
  private func words(_ page: String) -> String {
    var text = ""
    var isTag = false
    for character in page {
      switch character {
      case "<": isTag = true
      case ">": isTag = false
      default: if !isTag { text.append(character) }
      }
    }
    return text
  }

  @Test func saysThatItIsADraftAndLeavesBlanks() throws {
    let scratch = try Scratch()
    let bundle = try FixtureBundle.complete(path: scratch.path + "/bundle")
    let (statement, certificate) = try write(bundle, scratch)
    for page in [statement, certificate] {
      #expect(page.contains("<strong>Draft: a qualified person reads, corrects and signs it. </strong>"))
      #expect(page.contains("<span class=\"blanktitle\">Signature</span><span class=\"line\"></span>"))
      #expect(page.contains("<code>sha256sum seal/seal.txt</code>"))
      #expect(page.contains("SHA-256 of seal/seal.txt</span><span class=\"line\">"))
      #expect(page.contains(FixtureBundle.hash(1)) && page.contains(FixtureBundle.hash(2)))
      #expect(words(page).contains("4 events by A. Examiner (examiner): not signed"))
      // What this bundle does not hold.
      #expect(
        words(page).contains("SHA-256 of manifest-sha256.txt, as the finish event names itnot stated in the bundle"))
      #expect(words(page).contains("Commit of its sourcesnot recorded when the program was built"))
      #expect(words(page).contains("Received fromnot stated in the bundle"))
      #expect(page.contains("No validation report exists for this very program.") && page.contains("Warning: "))
    }
    #expect(words(statement).contains("the chain of custody holds no counts"))
    #expect(certificate.contains("902(13)") && certificate.contains("902(14)"))
    let index = try scratch.text("bundle/report/index.html")
    for name in Self.papers { #expect(index.contains("<a href=\"\(name)\">")) }
  }

  @Test func tellsMeasurementFromConclusion() throws {
    let scratch = try Scratch()
    let (statement, certificate) = try write(FixtureBundle.complete(path: scratch.path + "/bundle"), scratch)
    for page in [statement, certificate].map(words) {
      #expect(page.contains("1 call has voice whose addresses the signalling does not name."))
      #expect(page.contains("voice of called: same two hosts, begins 40 ms after the answer, nothing else fits"))
      #expect(page.contains("TLS: 900 packets, from the first bytes"))
      #expect(page.contains("SSH: 60 packets, from the port alone"))
      #expect(page.contains("The original ends in the middle of a packet."))
      #expect(page.contains("A finding names every coding of voice and video that was not decoded"))
      #expect(!page.contains("Packets outside the filter"))
    }
    #expect(words(statement).contains("1 error (lost or unusable), 1 warning (odd), 9 notices (to note)"))
  }

  @Test func namesWhoSignedWhichEvent() throws {
    let scratch = try Scratch()
    let bundle = try FixtureBundle.complete(path: scratch.path + "/bundle")
    let certificate = FixtureBundle.hash(0x77)
    for number in 1...3 {
      let path = "custody/00000\(number).json"
      let event = try #require(ValueReader.fields([UInt8](Data(contentsOf: URL(filePath: "\(bundle.path)/\(path)")))))
      let actor: Fields = ["id": "A12", "role": "technician", "cert": .text(certificate)]
      try bundle.write(path, CanonicalJSON.bytes(event.with(["actor": .object(actor)])))
      if number < 3 { try bundle.write(path + ".p7s", [0x30, 0]) }
    }
    let (statement, _) = try write(bundle, scratch)
    for page in [statement, try scratch.text("bundle/report/custody.html")].map(words) {
      #expect(
        page.contains(
          "2 events by A12 (technician): signed with the certificate \(certificate.prefix(16))…, not checked here"))
      #expect(page.contains("1 event by A12 (technician): names a certificate, but the signature is not there"))
      #expect(page.contains("1 event by A. Examiner (examiner): not signed"))
    }
  }

  @Test func showsEnormousAndHostileTextWholeAndHarmless() throws {
    let scratch = try Scratch()
    let bundle = try FixtureBundle.complete(path: scratch.path + "/bundle")
    let path = "custody/000001.json"
    let event = try #require(ValueReader.fields([UInt8](Data(contentsOf: URL(filePath: "\(bundle.path)/\(path)")))))
    let words: [Value] = ["process", .text(FixtureBundle.script), .text(FixtureBundle.long), .text("it's"), ""]
    let many = words + Array(repeating: "x.pcap", count: 300)
    try bundle.write(path, CanonicalJSON.bytes(event.with(["argv": .list(many)])))
    let (statement, certificate) = try write(bundle, scratch)
    for page in [statement, certificate] {
      #expect(!page.contains("<details") && !page.contains("<script>alert"))
      #expect(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
      #expect(page.contains(" … and 8,000 further characters"))
      #expect(page.contains("it&#39;\\&#39;&#39;s") && page.contains(" … and 106 further words"))
    }
  }

  @Test func anEmptyBundleSaysWhatIsMissing() throws {
    let scratch = try Scratch()
    let bundle = try FixtureBundle(path: scratch.path + "/bundle")
    try bundle.write("meta/bundle.json", Array("{}".utf8))
    let (statement, certificate) = try write(bundle, scratch)
    for page in [statement, certificate].map(words) {
      #expect(page.contains("this bundle has no chain of custody that can be read"))
      #expect(page.contains("the bundle does not list its originals"))
      #expect(page.contains("the chain of custody names no command"))
      #expect(page.contains("Nothing in this bundle is a conclusion."))
    }
  }
}
