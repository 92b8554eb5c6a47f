import Foundation
import TestSupport
import Testing

/// YARA rules through the whole program.
@Suite(.enabled(if: exhibitProgram != nil)) struct RuleTests {
  private func records(_ bundle: String, _ kind: String) throws -> [[String: Any]] {
    let text = try String(contentsOfFile: "\(bundle)/data/records/\(kind).ndjson", encoding: .utf8)
    return try text.split(separator: "\n").compactMap {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
  }

  @Test func looksIntoOriginalsAndMembers() throws {
    let folder = try TemporaryFolder()
    let rules = try folder.write(
      Array(
        """
        rule Meeting : place { meta: author = "Jo <b>" strings: $a = "bridge" condition: $a }
        rule Zip { strings: $a = { 50 4b 03 04 } condition: $a at 0 }
        """.utf8), "rules.yar")
    let zip = repository.appending(path: "Tests/ArchiveReadingTests/Samples/nested.zip").path
    var manifests: [String] = []
    for jobs in ["1", "3"] {
      let bundle = folder.path("bundle-\(jobs)")
      let result = try exhibit("process", zip, "--yara", rules, "--output", bundle, "--jobs", jobs)
      #expect(result.status == 0, "\(result.errors)")
      manifests.append(try String(contentsOfFile: "\(bundle)/manifest-sha256.txt", encoding: .utf8))
    }
    #expect(manifests[0] == manifests[1])
    let bundle = folder.path("bundle-1")
    let matches = try records(bundle, "yara-match")
    #expect(
      matches.map { $0["rule"] as? String }.sorted { ($0 ?? "") < ($1 ?? "") }
        == ["Meeting", "Zip", "Zip"])
    let text = try #require(try records(bundle, "archive-member").first { $0["name"] as? String == "meeting.txt" })
    let match = try #require(matches.first { $0["rule"] as? String == "Meeting" })
    #expect(match["artefactSha256"] as? String == text["sha256"] as? String)
    #expect((match["strings"] as? [[String: Any]])?.first?["at"] as? Int == 12)
    #expect(matches.contains { $0["subject"] as? String == "original" })
    let page = try String(contentsOfFile: "\(bundle)/report/rules.html", encoding: .utf8)
    #expect(page.contains("Meeting") && !page.contains("<b>"))
    #expect(try exhibit("verify", bundle).status == 0)
    #expect(try exhibit("reproduce", bundle, "--yara", rules).status == 0)
    #expect(try exhibit("reproduce", bundle).status == 4)
  }

  /// What was compiled must be what was hashed, to the end of the run.
  @Test func rulesThatChangeWhileTheyAreUsedEndTheRun() throws {
    let folder = try TemporaryFolder()
    let program = try #require(exhibitProgram)
    let sample = repository.appending(path: "evidence-samples/first-case/input/2-web-and-names.pcapng").path
    _ = try folder.write(Array("rule a { condition: true }\n".utf8), "rules.yar")
    let script = """
      for try in $(seq 30); do
        '\(program)' process '\(sample)' --yara rules.yar -o new -q > said 2>&1 & run=$!
        until [ -s new.partial-$run/custody/000002.json ] || ! kill -0 $run 2> /dev/null; do :; done
        kill -STOP $run 2> /dev/null || { wait $run || true; rm -rf new new.*; continue; }
        [ -e new.partial-$run/scratch/merge-0.order.json ] && { kill -KILL $run; wait $run || true; rm -rf new new.*; continue; }
        printf '\n// changed\n' >> rules.yar
        kill -CONT $run; got=0; wait $run || got=$?
        cat said; ls; exit $got
      done
      exit 99
      """
    let result = try run("/bin/bash", ["-c", script], in: folder.url)
    #expect(result.status == 4, "\(result.text)")
    #expect(result.text.contains("rules.yar") && result.text.contains("changed while"), "\(result.text)")
    #expect(!FileManager.default.fileExists(atPath: folder.path("new")))
  }

  @Test func rulesThatCannotBeUsedCostNothing() throws {
    let folder = try TemporaryFolder()
    let rules = try folder.write(Array("rule a {\n  condition: nothing\n}\n".utf8), "bad.yar")
    let zip = repository.appending(path: "Tests/ArchiveReadingTests/Samples/nested.zip").path
    let result = try exhibit("process", zip, "--yara", rules, "--output", folder.path("bundle"))
    #expect(result.status == 4 && result.errors.contains("line 2"), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.path("bundle")))
  }
}
