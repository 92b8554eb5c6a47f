import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// Files of a run in sets of hashes, through the whole program.
@Suite struct HashSetTests {
  let scratch: TemporaryFolder
  static let web = ReproduceTests.web

  init() throws { scratch = try TemporaryFolder() }

  private func records(_ bundle: String, _ kind: String) -> [Fields] {
    RecordFile(path: "\(bundle)/data/records/\(kind).ndjson").compactMap { ValueReader.fields($0) }
  }

  private func text(_ fields: Fields, _ name: String) -> String {
    if case .text(let text)? = fields[name] { text } else { "" }
  }

  private func process(_ name: String, _ arguments: [String]) throws -> (bundle: String, result: ProgramResult) {
    let bundle = scratch.path(name)
    let program = try #require(exhibitProgram)
    return (bundle, try run(program, ["process"] + arguments + ["--output", bundle, "--quiet"]))
  }

  private func sums(_ bundle: String) throws -> String {
    try run("/bin/sh", ["-c", "cd '\(bundle)/data' && find . -type f -print0 | sort -z | xargs -0 sha256sum"]).text
  }

  /// A list of the first two whole files of a bundle, and one known file of them.
  private func sets(_ plain: String) throws -> (list: String, good: String, wanted: [String]) {
    let whole = records(plain, "artefact").filter {
      $0["isComplete"] == .boolean(true) && $0["origin"] == .text("captured")
    }
    var wanted: [String] = []
    for artefact in whole where !wanted.contains(text(artefact, "sha256")) { wanted.append(text(artefact, "sha256")) }
    try #require(wanted.count >= 2)
    let md5 = text(try #require(whole.first { text($0, "sha256") == wanted[1] }), "md5")
    let list = try scratch.write(Array("\(wanted[0])  evil.exe\n".utf8), "wanted.txt")
    let good = try scratch.write(Array("# known\n\(md5)\n".utf8), "known.txt")
    return (list, good, wanted)
  }

  @Test func findsFilesWhateverTheNumberOfWorkers() throws {
    guard exhibitProgram != nil else { return }
    let plain = try process("plain", [Self.web])
    #expect(records(plain.bundle, "hash-set").isEmpty)
    let (list, good, wanted) = try sets(plain.bundle)
    var data: [String] = []
    for jobs in ["1", "3"] {
      let made = try process("case-\(jobs)", [Self.web, "--hash-set", list, "--known-good", good, "--jobs", jobs])
      #expect(made.result.status == plain.result.status, "\(made.result.errors)")
      data.append(try sums(made.bundle))
    }
    #expect(data[0] == data[1])
    let bundle = scratch.path("case-1")
    let hits = records(bundle, "hash-hit")
    let artefacts = records(plain.bundle, "artefact")
    for hit in hits {
      let artefact = try #require(artefacts.first { $0["sha256"] == hit["artefactSha256"] })
      #expect(hit["provenance"] != nil)
      #expect(hit["source"] == nil || artefacts.contains { $0["provenance"] == hit["provenance"] })
      let isGood = hit["isKnownGood"] == .boolean(true)
      #expect(text(hit, "artefactSha256") == wanted[isGood ? 1 : 0])
      #expect(text(hit, "set") == (isGood ? "known.txt" : "wanted.txt"))
      #expect(hit["digest"] == artefact[isGood ? "md5" : "sha256"])
      #expect(text(hit, "entryName") == (isGood ? "" : "evil.exe"))
    }
    // One for each time that the file was found.
    for hash in wanted.prefix(2) {
      let times = artefacts.filter { text($0, "sha256") == hash && $0["isComplete"] == .boolean(true) }.count
      #expect(hits.filter { text($0, "artefactSha256") == hash }.count == times)
    }
    let described = records(bundle, "hash-set")
    #expect(described.map { text($0, "set") } == ["wanted.txt", "known.txt"])
    #expect(described.allSatisfy { $0["entryCount"] == .integer(1) })
    let sum = try run("/usr/bin/sha256sum", [list]).text.prefix(64)
    #expect(text(described[0], "setDigest") == sum)
    let meta = try #require(
      ValueReader.fields([UInt8](Data(contentsOf: URL(fileURLWithPath: bundle + "/meta/bundle.json")))))
    #expect(
      CanonicalJSON.text(.object(meta)).contains(
        #""entryCount":1,"format":"list","isKnownGood":false,"name":"wanted.txt""#))
    #expect(try exhibit("verify", bundle).status == 0)
    let page = try String(contentsOfFile: bundle + "/report/files.html", encoding: .utf8)
    #expect(page.contains("class=\"known\""))
    #expect(page.contains("in set: "))
    #expect(page.contains("Fold away files"))
    let hitPage = try String(contentsOfFile: bundle + "/report/hits.html", encoding: .utf8)
    #expect(hitPage.contains("evil.exe"))
  }

  @Test func leavesOutFilesThatAreNotWhole() throws {
    guard exhibitProgram != nil else { return }
    let plain = try process("plain", [Self.web])
    let broken = records(plain.bundle, "artefact").filter { $0["isComplete"] == .boolean(false) }
    guard let first = broken.first else { return }
    let list = try scratch.write(Array((text(first, "sha256") + "\n").utf8), "broken.txt")
    let made = try process("case", [Self.web, "--hash-set", list])
    #expect(records(made.bundle, "hash-hit").isEmpty)
    #expect(records(made.bundle, "hash-set").first?["incompleteCount"] == .integer(Int64(broken.count)))
    let findings = records(made.bundle, "finding").filter { text($0, "code") == "hash/incomplete" }
    #expect(findings.count == 1)
    #expect(findings.first?["count"] == .integer(Int64(broken.count)))
  }

  @Test func looksOriginalsUpThatAreNoCaptures() throws {
    guard exhibitProgram != nil else { return }
    let note = try scratch.write(Array("neither a capture nor a recording".utf8), "note.txt")
    let list = try scratch.write(Array(run("/usr/bin/sha1sum", [note]).text.utf8), "list.txt")
    let made = try process("case", [note, "--hash-set", list])
    #expect(made.result.status == 3)
    let hit = try #require(records(made.bundle, "hash-hit").first)
    #expect(text(hit, "subject") == "original")
    #expect(text(hit, "algorithm") == "sha-1")
    #expect(hit["artefactSha256"] == nil)
  }

  @Test func reproducesWithTheSetsAndNamesOneThatIsMissing() throws {
    guard exhibitProgram != nil else { return }
    let plain = try process("plain", [Self.web])
    let (list, good, _) = try sets(plain.bundle)
    let made = try process("case", [Self.web, "--hash-set", list, "--known-good", good])
    // Another name and order: a set is known by its SHA-256.
    let other = scratch.path("renamed")
    try FileManager.default.copyItem(atPath: list, toPath: other)
    let again = try exhibit("reproduce", made.bundle, "--no-receipt", "--hash-set", good, "--hash-set", other)
    #expect(again.status == 0, "\(again.text)\(again.errors)")
    let missing = try exhibit("reproduce", made.bundle, "--no-receipt", "--hash-set", good)
    #expect(missing.status == 4)
    #expect(missing.errors.contains("wanted.txt: the bundle was made with this hash set"))
  }

  @Test func stopsAtASetThatCannotBeUsed() throws {
    guard exhibitProgram != nil else { return }
    let bad = try scratch.write(Array("\(String(repeating: "0", count: 64))\nzz\n".utf8), "bad.txt")
    let made = try process("case", [Self.web, "--hash-set", bad])
    #expect(made.result.status == 4)
    #expect(made.result.errors.contains("\(bad): the hash set cannot be used: line 2: it does not begin with"))
    #expect(!FileManager.default.fileExists(atPath: made.bundle))
    let none = try process("case", [Self.web, "--hash-set", scratch.path("not-there")])
    #expect(none.result.status == 4)
    #expect(none.result.errors.contains("not-there"))
  }
}
