import Foundation
import TestSupport
import Testing

/// The program knows the commit that it was built from, and says nothing where it cannot know.
@Suite struct VersionTests {
  private func modified(_ path: String) -> Date {
    (try? FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date) ?? .distantFuture
  }

  @Test func theCommitIsThatOfTheSources() throws {
    guard let program = exhibitProgram, let git = TestSupport.program("git") else { return }
    let text = try exhibit("--version", "--json").text
    #expect(try exhibit("--json", "--version").text == text)
    let state = repository.appending(path: ".git")
    let isBuiltLast = ["HEAD", "index", "logs/HEAD"].allSatisfy { modified(state.path + "/" + $0) < modified(program) }
    guard isBuiltLast else { return print("skipped: the program is older than the commit, or there is no git") }
    let head = try run(git, ["rev-parse", "HEAD"], in: repository)
    try #require(head.status == 0)
    let commit = head.text.trimmingCharacters(in: .whitespacesAndNewlines)
    let tracked = ["Package.swift", "Sources", "plugins/*/Sources", "scripts/record-commit", "scripts/build-plugins"]
    let changes = try run(git, ["status", "--porcelain", "--untracked-files=all", "--"] + tracked, in: repository)
    #expect(text.contains("\"commit\":\"\(commit)\(changes.text.isEmpty ? "" : "+changes")\""), "\(text.prefix(200))")
    #expect(text.contains("\"version\":\"0.1.0\"") && text.contains("\"libraries\":["))
  }

  @Test func whatIsRecordedIsTrueOrNothing() throws {
    guard let git = TestSupport.program("git") else { return }
    let scratch = try TemporaryFolder()
    let script = repository.appending(path: "scripts/record-commit").path
    let record = { (root: String) throws -> String in
      let result = try run("/bin/sh", [script, root, scratch.path("out.swift")])
      #expect(result.status == 0, "\(result.errors)")
      let text = try String(contentsOf: scratch.url("out.swift"), encoding: .utf8)
      return text.split(separator: "\"", omittingEmptySubsequences: false).dropFirst().first.map(String.init) ?? "?"
    }
    let root = scratch.path("tree")
    try FileManager.default.createDirectory(at: scratch.url("tree/Sources"), withIntermediateDirectories: true)
    #expect(try record(root) == "" && record("") == "")
    _ = try scratch.write(Array("1".utf8), "tree/Sources/a.swift")
    let name = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for arguments in [["init", "--quiet"], ["add", "."], name + ["commit", "--quiet", "-m", "one"]] {
      try #require(run(git, ["-C", root] + arguments).status == 0)
    }
    let commit = try run(git, ["-C", root, "rev-parse", "HEAD"]).text.trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(commit.count == 40)
    #expect(try record(root) == commit)
    _ = try scratch.write(Array("2".utf8), "tree/notes.txt")
    #expect(try record(root) == commit)
    _ = try scratch.write(Array("2".utf8), "tree/Sources/b.swift")
    #expect(try record(root) == commit + "+changes")
    try FileManager.default.removeItem(at: scratch.url("tree/Sources/b.swift"))
    _ = try scratch.write(Array("3".utf8), "tree/Sources/a.swift")
    #expect(try record(root) == commit + "+changes")
    // What was unpacked inside another tree is not that tree's commit.
    try FileManager.default.createDirectory(at: scratch.url("tree/copy/Sources"), withIntermediateDirectories: true)
    #expect(try record(root + "/copy") == "")
  }
}
