import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// The program measures itself on the shipped cases, and its bundles say so.
@Suite struct ValidationTests {
  let scratch: TemporaryFolder
  static let samples = repository.appending(path: "evidence-samples").path
  static let web = "\(samples)/first-case/input/2-web-and-names.pcapng"

  init() throws { scratch = try TemporaryFolder() }

  func document(_ path: String) throws -> Fields {
    try #require(ValueReader.fields([UInt8](Data(contentsOf: URL(fileURLWithPath: path)))))
  }

  func object(_ fields: Fields, _ name: String) -> Fields {
    if case .object(let object)? = fields[name] { object } else { [:] }
  }

  func objects(_ fields: Fields, _ name: String) -> [Fields] {
    guard case .list(let list)? = fields[name] else { return [] }
    return list.compactMap { if case .object(let object) = $0 { object } else { nil } }
  }

  /// Makes a directory of cases with one small one, which measures a single requirement.
  func smallCase(_ name: String, _ file: String, _ requirement: String, edit: String = "") throws -> String {
    let script = """
      mkdir -p '\(name)/small/input' '\(name)/small/expected' && cp '\(Self.web)' '\(name)/small/input/' &&
      sed '\(edit)' '\(Self.samples)/first-case/expected/\(file)' > '\(name)/small/expected/\(file)' &&
      printf '{"measures":{"\(file)":["\(requirement)"]},"version":1}' > '\(name)/small/expected/requirements.json'
      """
    let result = try run("/bin/sh", ["-c", script], in: scratch.url)
    try #require(result.status == 0, "\(result.errors)")
    return scratch.path(name)
  }

  @Test func everyRequirementPassesAndBundlesSaySo() throws {
    let report = scratch.path("report.json")
    let result = try exhibit("validate", "--cases", Self.samples, "--output", report)
    #expect(result.status == 0, "\(result.text)\(result.errors)")
    let fields = try document(report)
    #expect(object(fields, "summary")["verdict"] == .text("passed"))
    let requirements = objects(fields, "requirements")
    #expect(requirements.count >= 16)
    #expect(requirements.allSatisfy { $0["verdict"] == .text("passed") && $0["missed"] == 0 && $0["false"] == 0 })
    #expect(requirements.contains { $0["id"] == .text("REQ-HTTP-1") && $0["n"] == 11 && $0["exact"] == 11 })
    let sum = try run("/usr/bin/sha256sum", [try #require(exhibitProgram)]).text.prefix(64)
    #expect(object(fields, "tool")["sha256"] == .text(String(sum)))
    #expect(CanonicalJSON.bytes(fields) == [UInt8](try Data(contentsOf: URL(fileURLWithPath: report))))

    // A bundle that names it, with the signature beside it.
    _ = try scratch.write([0x30, 0], "report.json.p7s")
    let bundle = scratch.path("case")
    #expect(try exhibit("process", Self.web, "-o", bundle, "--validation", report, "--quiet").status == 0)
    let named = object(try document(bundle + "/meta/bundle.json"), "validation")
    #expect(named["binaryMatches"] == .boolean(true) && named["verdict"] == .text("passed"))
    #expect(named["path"] == .text("meta/validation.json"))
    #expect(FileManager.default.contentsEqual(atPath: report, andPath: bundle + "/meta/validation.json"))
    #expect(FileManager.default.fileExists(atPath: bundle + "/meta/validation.json.p7s"))
    #expect(try exhibit("verify", bundle, "--quiet").status == 0)
    let page = try String(contentsOfFile: bundle + "/report/index.html", encoding: .utf8)
    let total = Set(requirements.map { $0["id"] }).count
    #expect(page.contains("This program was validated: \(total) of \(total) requirements passed, on "))

    // The same report of another program does not count.
    let other = scratch.path("other.json")
    #expect(
      try run("/bin/sh", ["-c", "sed 's/\(sum)/\(String(repeating: "0", count: 64))/' '\(report)' > '\(other)'"]).status
        == 0)
    let second = scratch.path("second")
    #expect(try exhibit("process", Self.web, "-o", second, "--validation", other, "--quiet").status == 0)
    #expect(object(try document(second + "/meta/bundle.json"), "validation")["binaryMatches"] == .boolean(false))
    let warning = try String(contentsOfFile: second + "/report/index.html", encoding: .utf8)
    #expect(warning.contains("No validation report exists for this very program"))
    #expect(!warning.contains("This program was validated"))

    // Beside the program, one of another program is passed over.
    let copy = scratch.path("bin/exhibit")
    try FileManager.default.createDirectory(at: scratch.url("bin"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: try #require(exhibitProgram), toPath: copy)
    for (file, name) in [(other, "third"), (report, "fourth")] {
      let kept = scratch.path("bin/exhibit.validation.json")
      try? FileManager.default.removeItem(atPath: kept)
      try FileManager.default.copyItem(atPath: file, toPath: kept)
      let made = try run(copy, ["process", Self.web, "-o", scratch.path(name), "--quiet"])
      #expect(made.status == 0, "\(made.errors)")
    }
    #expect(try document(scratch.path("third/meta/bundle.json"))["validation"] == nil)
    let found = object(try document(scratch.path("fourth/meta/bundle.json")), "validation")
    #expect(found["binaryMatches"] == .boolean(true))

    // A report that is none stops the run before anything is made.
    let none = try exhibit(
      "process", Self.web, "-o", scratch.path("fifth"), "--validation", bundle + "/meta/bundle.json")
    #expect(none.status == 4)
    #expect(!FileManager.default.fileExists(atPath: scratch.path("fifth")))
  }

  @Test func whatDiffersFailsAndWhatGotWorseIsListed() throws {
    let good = try smallCase("good", "transfers.json", "REQ-HTTP-1")
    let old = scratch.path("old.json")
    let first = try exhibit("validate", "--cases", good, "--output", old)
    // All that was measured passed, and what no case measures did not.
    #expect(first.status == 1)
    #expect(first.lines.last == "6 of 16 requirements passed, 0 failed, 10 not tested", "\(first.text)")

    let bad = try smallCase("bad", "transfers.json", "REQ-HTTP-1", edit: "0,/\"sha256\": \"36/s//\"sha256\": \"46/")
    let new = scratch.path("new.json")
    let second = try exhibit("validate", "--cases", bad, "--output", new, "--compare", old)
    #expect(second.status == 1)
    #expect(second.text.contains("10 of 11 files, 1 not expected"), "\(second.text)")
    #expect(second.text.contains("the program is the same"))
    #expect(
      second.text.contains(
        "WORSE  REQ-HTTP-1 small: passed, n 11, exact 11, missed 0, false 0 -> failed, n 11, exact 10, missed 1, false 1"
      ))
    let entry = objects(try document(new), "requirements").first { $0["id"] == .text("REQ-HTTP-1") }
    #expect(entry?["missed"] == 1 && entry?["false"] == 1 && entry?["verdict"] == .text("failed"))
  }

  @Test func whatCannotBeMeasuredIsNamed() throws {
    let report = scratch.path("report.json")
    let missing = try exhibit("validate", "--output", report, in: scratch.url)
    #expect(missing.status == 4)
    #expect(missing.errors.contains("evidence-samples: there is no directory of cases here"), "\(missing.errors)")
    let unknown = try smallCase("unknown", "transfers.json", "REQ-NOTHING-1")
    let result = try exhibit("validate", "--cases", unknown, "--output", report)
    #expect(result.status == 4)
    #expect(result.errors.contains("requirements.json: this program knows no requirement REQ-NOTHING-1"))
    let damaged = try smallCase("damaged", "transfers.json", "REQ-HTTP-1", edit: "1s/\\[/{/")
    let facts = try exhibit("validate", "--cases", damaged, "--output", report)
    #expect(facts.status == 4)
    #expect(facts.errors.contains("transfers.json"), "\(facts.errors)")
    #expect(!FileManager.default.fileExists(atPath: report))
    let old = try exhibit("validate", "--cases", Self.samples, "--output", report, "--compare", Self.web)
    #expect(old.status == 4)
    let taken = try scratch.write([], "taken.json")
    #expect(try exhibit("validate", "--cases", Self.samples, "--output", taken).status == 5)
    #expect(try exhibit("validate", "--cases", Self.samples).status == 2)
  }
}
