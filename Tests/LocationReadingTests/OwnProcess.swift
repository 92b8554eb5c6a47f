import Foundation
import TestSupport

/// Runs one test of this build in a process of its own, with variables that it looks at.
func runInOwnProcess(_ test: String, _ variables: [String: String]) throws -> ProgramResult {
  let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
  let settings = variables.map { "\($0.key)=\($0.value)" }.sorted()
  return try run("/usr/bin/env", settings + [program, "--testing-library", "swift-testing", "--filter", test])
}
