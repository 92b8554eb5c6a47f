import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// Receipts and validation reports with signatures beside them, with openssl as the other side.
@Suite struct SignedResultTests {
  let scratch: TemporaryFolder
  static let input = SignedEventTests.input
  static let signing = ["--key", "a12.key", "--cert", "a12.pem", "--pass-file", "secret"]

  init() throws {
    scratch = try TemporaryFolder()
    _ = try scratch.write(Array("a long phrase\n".utf8), "secret")
    guard exhibitProgram != nil else { return }
    let made = try run("key", "new", "--output", "a12.key", "--name", "A12", "--certificate", "a12.pem")
    try #require(made.status == 0, "\(made.errors)")
  }

  private func run(_ arguments: String...) throws -> ProgramResult {
    let program = try #require(exhibitProgram)
    let pass = arguments.first == "key" ? ["--pass-file", "secret"] : []
    return try TestSupport.run(program, arguments + pass, in: scratch.url)
  }

  private func signed(_ arguments: String...) throws -> ProgramResult {
    try TestSupport.run(try #require(exhibitProgram), arguments + Self.signing, in: scratch.url)
  }

  private func openssl(_ file: String) throws -> Bool {
    let tool = try #require(program("openssl"))
    let arguments = ["cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "\(file).p7s", "-content", file]
    return try TestSupport.run(tool, arguments + ["-CAfile", "a12.pem", "-out", "/dev/null"], in: scratch.url).status
      == 0
  }

  private func document(_ name: String) throws -> Fields {
    try #require(ValueReader.fields([UInt8](Data(contentsOf: scratch.url(name)))))
  }

  private func isThere(_ name: String) -> Bool { FileManager.default.fileExists(atPath: scratch.path(name)) }

  @Test func aReceiptIsSignedAndAChangeIsFound() throws {
    guard exhibitProgram != nil else { return }
    #expect(try run("process", Self.input, "-o", "case", "--quiet").status == 0)
    let result = try signed("reproduce", "case", "--role", "reviewer")
    #expect(result.status == 0, "\(result.text)\(result.errors)")
    #expect(result.text.contains("signature: case.reproduced.json.p7s"))
    #expect(try openssl("case.reproduced.json"))
    guard case .object(let actor)? = try document("case.reproduced.json")["actor"] else {
      throw CocoaError(.coderValueNotFound)
    }
    #expect(actor["id"] == .text("A12") && actor["role"] == .text("reviewer") && actor["cert"] != nil)
    let text = try String(contentsOf: scratch.url("case.reproduced.json"), encoding: .utf8)
    try text.replacing("\"same\":true", with: "\"same\":null").write(
      to: scratch.url("case.reproduced.json"), atomically: true, encoding: .utf8)
    #expect(try !openssl("case.reproduced.json"))

    // The signature of another file is never taken for the new one's.
    try FileManager.default.removeItem(at: scratch.url("case.reproduced.json"))
    let named = try run("reproduce", "case", "--receipt", "case.reproduced.json")
    #expect(named.status == 5 && named.errors.contains("case.reproduced.json.p7s"), "\(named.errors)")
    #expect(try run("reproduce", "case", "--quiet").status == 0)
    #expect(isThere("case.reproduced-2.json") && !isThere("case.reproduced-2.json.p7s"))
    #expect(try document("case.reproduced-2.json")["actor"] == nil)
  }

  @Test func aKeyThatCannotBeUsedStopsBeforeTheWork() throws {
    guard exhibitProgram != nil else { return }
    #expect(try run("process", Self.input, "-o", "case", "--quiet").status == 0)
    _ = try scratch.write(Array("wrong\n".utf8), "secret")
    for arguments in [["reproduce", "case", "--receipt", "x.json"], ["validate", "--output", "x.json"]] {
      let samples = arguments[0] == "validate" ? ["--cases", repository.appending(path: "evidence-samples").path] : []
      let result = try TestSupport.run(
        try #require(exhibitProgram), arguments + samples + Self.signing, in: scratch.url)
      #expect(result.status == 4 && result.errors.contains("pass-phrase"), "\(result.errors)")
      #expect(result.text.isEmpty && !isThere("x.json") && !isThere("x.json.p7s"))
    }
    #expect(try signed("reproduce", "case", "--no-receipt").status == 2)
    #expect(try run("reproduce", "case", "--pass-fd", "3").status == 2)
  }

  @Test func aSignedValidationReportIsNamedInTheBundle() throws {
    guard exhibitProgram != nil else { return }
    let result = try signed(
      "validate", "--cases", repository.appending(path: "evidence-samples").path, "--output", "report.json", "--role",
      "head of the laboratory")
    #expect(result.status == 0, "\(result.text)\(result.errors)")
    #expect(try openssl("report.json"))
    #expect(try run("process", Self.input, "-o", "case", "--validation", "report.json", "--quiet").status == 0)
    #expect(try openssl("case/meta/validation.json"))
    #expect(try run("verify", "case", "--quiet").status == 0)
    let page = try String(contentsOf: scratch.url("case/report/index.html"), encoding: .utf8)
    #expect(page.contains("signed by <bdi class=\"captured\">A12</bdi>, not checked here"))

    // Another file's signature: the bundle is made, and its first page warns.
    try FileManager.default.removeItem(at: scratch.url("report.json.p7s"))
    try FileManager.default.copyItem(
      at: scratch.url("case/meta/bundle.json"), to: scratch.url("report.json.p7s"))
    #expect(try run("process", Self.input, "-o", "second", "--validation", "report.json", "--quiet").status == 0)
    let second = try String(contentsOf: scratch.url("second/report/index.html"), encoding: .utf8)
    #expect(second.contains("the signature in meta/validation.json.p7s does not fit the report"))
  }
}
