import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// Fuzzy hashes in records, and files that are like others, through the whole program.
@Suite struct SimilarTests {
  let scratch: TemporaryFolder

  init() throws { scratch = try TemporaryFolder() }

  private func records(_ bundle: String) -> [Fields] {
    RecordFile(path: "\(bundle)/data/records/artefact.ndjson").compactMap { ValueReader.fields($0) }
  }

  private func text(_ fields: Fields, _ name: String) -> String? {
    if case .text(let text)? = fields[name] { text } else { nil }
  }

  @Test func capturedFilesHaveFuzzyHashesAndAreFoundByThem() throws {
    guard exhibitProgram != nil else { return }
    let ssdeep = try #require(program("ssdeep"), "install the packages of the group test")
    let bundle = scratch.path("case")
    let made = try exhibit("process", ReproduceTests.web, ReproduceTests.calls, "--output", bundle, "--quiet")
    try #require(made.status == 0 || made.status == 3, "\(made.errors)")
    var count = 0
    for record in records(bundle) {
      guard case .integer(let size)? = record["byteCount"] else { continue }
      let isCaptured = text(record, "origin") == "captured"
      #expect(isCaptured || (record["ssdeep"] == nil && record["tlsh"] == nil))
      guard isCaptured else { continue }
      #expect((record["ssdeep"] != nil) == (size >= 4_096))
      #expect(size >= 256 || record["tlsh"] == nil)
      guard let ours = text(record, "ssdeep"), let path = text(record, "path") else { continue }
      count += 1
      let line = try #require(run(ssdeep, ["-s", "-b", "\(bundle)/\(path)"]).lines.last)
      #expect(ours == String(line.prefix { $0 != "," }))
    }
    try #require(count > 0, "the sample holds no file that is large enough")
    let target = try #require(records(bundle).first { $0["ssdeep"] != nil && $0["tlsh"] != nil })
    let path = "\(bundle)/\(try #require(text(target, "path")))"
    let before = try run("/bin/sh", ["-c", "cd '\(bundle)' && find . | sort | sha256sum"]).text
    let same = try exhibit("similar", bundle, path, "--json")
    #expect(same.status == 0, "\(same.errors)")
    let document = try #require(ValueReader.fields(same.output.dropLast()))
    #expect(document["sha256"] == target["sha256"])
    guard case .list(let list)? = document["likenesses"], case .object(let first)? = list.first else {
      Issue.record("nothing is like itself")
      return
    }
    #expect(first["isSame"] == .boolean(true))
    #expect(first["ssdeepScore"] == .integer(100))
    #expect(first["tlshDistance"] == .integer(0))
    var changed = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    changed.append(contentsOf: Array("and a little more".utf8))
    let alike = try exhibit("similar", bundle, scratch.write(changed, "changed"))
    #expect(alike.lines.contains { $0.hasPrefix("\(text(target, "id") ?? "")  alike") }, "\(alike.text)")
    let small = try exhibit("similar", bundle, scratch.write([1, 2, 3], "small"))
    #expect(small.text.contains("none of "))
    #expect(small.text.contains("not compared by ssdeep and TLSH"))
    #expect(try run("/bin/sh", ["-c", "cd '\(bundle)' && find . | sort | sha256sum"]).text == before)
    #expect(try exhibit("similar", bundle, scratch.path("not-there")).status == 4)
    #expect(try exhibit("similar", scratch.path("no-bundle"), path).status == 4)
    #expect(try exhibit("similar", bundle, path, "--minimum", "0").status != 0)
  }
}
