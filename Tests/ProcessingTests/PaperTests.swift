import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// The drafts to sign in a real bundle agree with what sha256sum and the program itself say.
@Suite struct PaperTests {
  @Test func papersHoldWhatTheBundleHolds() throws {
    guard exhibitProgram != nil else { return }
    let scratch = try TemporaryFolder()
    let bundle = scratch.path("case")
    let made = try exhibit(
      "process", SignedEventTests.input, "-o", bundle, "--examiner", "A12", "--received-from", "Provider <X>", "-q")
    try #require(made.status == 0, "\(made.errors)")
    let sum = { (path: String) throws -> String in String(try run("/usr/bin/sha256sum", [path]).text.prefix(64)) }
    let decode = try #require(
      ValueReader.fields([UInt8](Data(contentsOf: URL(fileURLWithPath: bundle + "/custody/000003.json")))))
    guard case .object(let counts)? = decode["counts"], case .integer(let packets)? = counts["packets"],
      case .object(let tool)? = decode["tool"]
    else { throw CocoaError(.coderValueNotFound) }
    for name in ["statement.html", "certificate-902.html"] {
      let page = try String(contentsOfFile: "\(bundle)/report/\(name)", encoding: .utf8)
      #expect(page.contains(try sum(bundle + "/manifest-sha256.txt")))
      #expect(page.contains(try sum(SignedEventTests.input)))
      #expect(page.contains(try sum(try #require(exhibitProgram))))
      #expect(page.contains("Provider &lt;X&gt;"))
      #expect(page.contains("No validation report exists for this very program."))
      if case .text(let commit)? = tool["commit"] {
        #expect(page.contains(commit))
        #expect(try exhibit("--version", "--json").text.contains("\"commit\":\"\(commit)\""))
      }
    }
    let statement = try String(contentsOfFile: bundle + "/report/statement.html", encoding: .utf8)
    let digits = String(packets)
    let grouped = digits.count > 3 ? "\(digits.dropLast(3)),\(digits.suffix(3))" : digits
    #expect(statement.contains("<dt>Packets in the originals</dt><dd><bdi class=\"captured\">\(grouped)</bdi></dd>"))
    #expect(statement.contains("magic.mgc"))

    // The same pages again, from the finished bundle.
    #expect(try exhibit("report", bundle, "--output", scratch.path("again")).status == 0)
    for name in ["statement.html", "certificate-902.html", "custody.html"] {
      #expect(
        FileManager.default.contentsEqual(atPath: "\(bundle)/report/\(name)", andPath: scratch.path("again/\(name)")))
    }
    #expect(try exhibit("verify", bundle, "-q").status == 0)
  }
}
