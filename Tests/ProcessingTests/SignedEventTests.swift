import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// Events that were signed while a bundle was made, with openssl as the other side.
@Suite struct SignedEventTests {
  let scratch: TemporaryFolder
  static let input = repository.appending(path: "evidence-samples/first-case/input/2-web-and-names.pcapng").path

  init() throws {
    scratch = try TemporaryFolder()
    guard exhibitProgram != nil else { return }
    for name in ["a12", "b77"] {
      let made = try exhibit(
        "key", "new", "--output", scratch.path("\(name).key"), "--name", name.uppercased(), "--certificate",
        scratch.path("\(name).pem"), "--pass-file", try scratch.write(Array("a long phrase\n".utf8), "secret"))
      try #require(made.status == 0, "\(made.errors)")
    }
  }

  private func make(_ name: String, _ options: String...) throws -> String {
    let bundle = scratch.path(name)
    let program = try #require(exhibitProgram)
    let signing = ["--key", "a12.key", "--cert", "a12.pem", "--pass-file", "secret"]
    let result = try run(
      program, ["process", Self.input, "--output", bundle, "--quiet", "--no-seal"] + signing + options, in: scratch.url)
    try #require(result.status == 0, "\(result.errors)")
    return bundle
  }

  private func verify(_ bundle: String, _ options: [String]) throws -> (status: Int32, text: String) {
    let program = try #require(exhibitProgram)
    let result = try run(program, ["verify", bundle] + options, in: scratch.url)
    return (result.status, result.text)
  }

  private func openssl(_ event: String, _ trusted: String) throws -> Bool {
    let tool = try #require(program("openssl"))
    let arguments = ["cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "\(event).p7s", "-content", event]
    return try run(tool, arguments + ["-CAfile", scratch.path(trusted), "-out", "/dev/null"]).status == 0
  }

  @Test func opensslAndVerifyAgreeOnWhoSigned() throws {
    guard exhibitProgram != nil else { return }
    let bundle = try make("case", "--role", "technician")
    for number in 1...4 {
      let event = "\(bundle)/\(BundleLayout.event(number))"
      #expect(try openssl(event, "a12.pem"))
      #expect(try !openssl(event, "b77.pem"))
      let fields = try #require(ValueReader.fields([UInt8](Data(contentsOf: URL(fileURLWithPath: event)))))
      guard case .object(let actor)? = fields["actor"] else { throw CocoaError(.coderValueNotFound) }
      #expect(actor["id"] == .text("A12") && actor["role"] == .text("technician"))
      #expect(fields["config"] != nil && fields["clock"] != nil)
    }
    let page = try String(contentsOfFile: bundle + "/report/custody.html", encoding: .utf8)
    #expect(page.contains("4 events by <bdi class=\"captured\">A12</bdi>") && page.contains(", not checked here"))
    #expect(try String(contentsOfFile: bundle + "/report/verify.html", encoding: .utf8).contains("-CAfile TRUSTED.pem"))
    let trusted = try verify(bundle, ["--trust", "a12.pem"])
    #expect(trusted.status == 0 && trusted.text.contains("4 events signed by A12") && trusted.text.contains(": valid"))
    let stranger = try verify(bundle, ["--trust", "b77.pem"])
    #expect(stranger.status == 1 && stranger.text.contains("untrusted: custody/000001.json.p7s"))
    let nobody = try verify(bundle, [])
    #expect(nobody.status == 0 && nobody.text.contains("untrusted"))
  }

  @Test func countsAddUpAndSecretsAreWithheld() throws {
    guard exhibitProgram != nil else { return }
    let bundle = try make("case")
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(bundle)/\(BundleLayout.event(3))")))
    let fields = try #require(ValueReader.fields(bytes))
    guard case .object(let counts)? = fields["counts"], case .integer(let packets)? = counts["packets"],
      case .integer(let decoded)? = counts["decoded"], case .integer(let failed)? = counts["failed"],
      case .integer(let skipped)? = counts["skipped"]
    else { throw CocoaError(.coderValueNotFound) }
    #expect(packets > 0 && decoded > 0 && decoded + failed + skipped == packets)
    #expect(!String(decoding: bytes, as: UTF8.self).contains("a long phrase"))
  }

  /// Rewrites the lists, so that only the signature can tell.
  private func relist(_ bundle: String) throws {
    let script = """
      cd '\(bundle)' && cut -c 67- tagmanifest-sha256.txt | while read -r name; do [ -e "$name" ] && sha256sum "$name"; done > list
      mv list tagmanifest-sha256.txt
      """
    #expect(try run("/bin/bash", ["-c", script]).status == 0)
  }

  @Test func whatWasDoneToASignatureHasItsOwnWord() throws {
    guard exhibitProgram != nil else { return }
    let bundle = try make("case")
    let last = "\(bundle)/\(BundleLayout.event(4))"
    let signature = try Data(contentsOf: URL(fileURLWithPath: last + ".p7s"))
    try FileManager.default.removeItem(atPath: last + ".p7s")
    try relist(bundle)
    #expect(try verify(bundle, ["--trust", "a12.pem"]).text.contains("unsigned: custody/000004.json names a signer"))

    // Another person's signature over the same event.
    let tool = try #require(program("openssl"))
    let key = try run(
      tool, ["pkey", "-in", "b77.key", "-passin", "file:secret", "-out", "plain.key"], in: scratch.url)
    #expect(key.status == 0)
    let foreign = try run(
      tool,
      [
        "cms", "-sign", "-cades", "-binary", "-in", last, "-outform", "DER", "-signer", "b77.pem", "-inkey",
        "plain.key",
        "-out", last + ".p7s",
      ], in: scratch.url)
    #expect(foreign.status == 0, "\(foreign.errors)")
    let path = "tagmanifest-sha256.txt"
    let line =
      "printf '%s\\n' \"$(sha256sum custody/000004.json.p7s)\" >> \(path); LC_ALL=C sort -k 2 -o \(path) \(path)"
    #expect(try run("/bin/bash", ["-c", "cd '\(bundle)' && \(line)"]).status == 0)
    let judged = try verify(bundle, ["--trust", "a12.pem"])
    #expect(judged.status == 1 && judged.text.contains("is not by the signer whom the event names"))

    // The right one, over an event that was changed afterwards.
    try signature.write(to: URL(fileURLWithPath: last + ".p7s"))
    let text = try String(contentsOfFile: last, encoding: .utf8)
    try text.replacing("\"synced\":", with: "\"synced\" :").write(toFile: last, atomically: true, encoding: .utf8)
    try relist(bundle)
    let broken = try verify(bundle, ["--trust", "a12.pem"])
    #expect(broken.status == 1 && broken.text.contains("broken: custody/000004.json.p7s"))
    #expect(try !self.openssl(last, "a12.pem"))
  }

  @Test func aWrongPassPhraseStopsBeforeAnythingIsTouched() throws {
    guard let program = exhibitProgram else { return }
    _ = try scratch.write(Array("wrong\n".utf8), "wrong")
    let result = try run(
      program,
      ["process", Self.input, "-o", "x", "--key", "a12.key", "--cert", "a12.pem", "--pass-file", "wrong"],
      in: scratch.url)
    #expect(result.status == 4 && result.errors.contains("pass-phrase"))
    #expect(!FileManager.default.fileExists(atPath: scratch.path("x")))
  }
}
