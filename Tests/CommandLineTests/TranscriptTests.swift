import Foundation
import TestSupport
import Testing

/// Runs the transcripts: what a user types, what is printed, and the exit status.
///
/// A line that begins with `$ ` is a shell command in an empty folder, with `exhibit` on the path and the first case in
/// `$CASE`. The lines behind it are what it prints (standard output and errors together); `...` stands for any lines, and a
/// line with `*` in it matches as in a shell. `? N` is the exit status when it is not 0. `#` begins a comment.
@Suite struct TranscriptTests {
  static let names: [String] = {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Transcripts")
    return ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
  }()

  struct Step {
    var command: String
    var output: [String] = []
    var status: Int32 = 0
  }

  static func read(_ name: String) throws -> [Step] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Transcripts")
    let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    var steps: [Step] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) where !line.hasPrefix("#") {
      if line.hasPrefix("$ ") {
        steps.append(Step(command: String(line.dropFirst(2))))
      } else if line.hasPrefix("? "), !steps.isEmpty {
        steps[steps.count - 1].status = Int32(line.dropFirst(2)) ?? -1
      } else if !steps.isEmpty, !line.isEmpty {
        steps[steps.count - 1].output.append(String(line))
      }
    }
    return steps
  }

  @Test(arguments: names) func printsWhatItPrinted(_ name: String) throws {
    guard let program = exhibitProgram else { return }
    let scratch = try TemporaryFolder()
    let path = URL(fileURLWithPath: program).deletingLastPathComponent().path
    let sample = repository.appending(path: "evidence-samples/first-case/input").path
    for step in try Self.read(name) {
      let script = "export PATH=\"\(path):$PATH\" CASE=\"\(sample)\"; exec 2>&1; " + step.command
      let result = try run("/bin/sh", ["-c", script], in: scratch.url)
      #expect(result.status == step.status, "\(step.command): \(result.text)")
      let lines = result.lines.map(String.init).filter { !$0.isEmpty }
      #expect(Self.matches(step.output[...], lines[...]), "\(step.command) printed:\n\(result.text)")
    }
  }

  /// Whether lines match a pattern in which `...` stands for any lines.
  static func matches(_ pattern: ArraySlice<String>, _ lines: ArraySlice<String>) -> Bool {
    guard let first = pattern.first else { return lines.isEmpty }
    if first == "..." {
      return matches(pattern.dropFirst(), lines) || (!lines.isEmpty && matches(pattern, lines.dropFirst()))
    }
    guard let line = lines.first else { return false }
    return unsafe fnmatch(first, line, 0) == 0 && matches(pattern.dropFirst(), lines.dropFirst())
  }
}
