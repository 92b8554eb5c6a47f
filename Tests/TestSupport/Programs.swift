public import Foundation

/// What a program printed and how it ended.
public struct ProgramResult {
  public let status: Int32
  public let output: [UInt8]
  public let errors: String
  public var text: String { String(decoding: output, as: UTF8.self) }
  /// The lines that it printed, without their ends.
  public var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: true) }
}

/// The full path of a program on the path; nil when it is not installed.
public func program(_ name: String) -> String? {
  (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
    .map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
}

/// Runs a program to its end, with `input` as its standard input. Throws when it cannot be started.
///
/// Output goes through files, so that no pipe can fill up.
public func run(
  _ path: String, _ arguments: [String], input: [UInt8] = [], in folder: URL? = nil
) throws -> ProgramResult {
  let scratch = try TemporaryFolder()
  try Data(input).write(to: scratch.url("in"))
  for name in ["out", "errors"] { try Data().write(to: scratch.url(name)) }
  let process = Process()
  process.executableURL = URL(fileURLWithPath: path)
  process.arguments = arguments
  process.standardInput = try FileHandle(forReadingFrom: scratch.url("in"))
  process.standardOutput = try FileHandle(forWritingTo: scratch.url("out"))
  process.standardError = try FileHandle(forWritingTo: scratch.url("errors"))
  if let folder { process.currentDirectoryURL = folder }
  try process.run()
  process.waitUntilExit()
  return ProgramResult(
    status: process.terminationStatus, output: [UInt8](try Data(contentsOf: scratch.url("out"))),
    errors: String(decoding: try Data(contentsOf: scratch.url("errors")), as: UTF8.self))
}

/// A folder that is removed with its content when nobody holds it any more.
public final class TemporaryFolder: Sendable {
  public let url: URL

  public init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "exhibit-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  public func url(_ name: String) -> URL { url.appending(path: name) }
  public func path(_ name: String) -> String { url(name).path }

  /// Writes a file and returns its path.
  public func write(_ bytes: [UInt8], _ name: String) throws -> String {
    try Data(bytes).write(to: url(name))
    return path(name)
  }
}

/// The exhibit program that this build made: EXHIBIT, or the one beside the tests; nil, with a notice, when there is none.
public let exhibitProgram: String? = {
  let folder = repository.appending(path: ".build")
  let names = [
    ProcessInfo.processInfo.environment["EXHIBIT"], "\(folder.path)/debug/exhibit", "\(folder.path)/release/exhibit",
  ]
  let found = names.compactMap { $0 }.first { FileManager.default.isExecutableFile(atPath: $0) }
  if found == nil { print("skipped: no exhibit program; set EXHIBIT") }
  return found
}()

/// Runs the exhibit program. Throws when there is none.
public func exhibit(_ arguments: String..., in folder: URL? = nil) throws -> ProgramResult {
  guard let program = exhibitProgram else { throw CocoaError(.fileNoSuchFile) }
  return try run(program, arguments, in: folder)
}
