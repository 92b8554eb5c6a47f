import ByteReading
import Foundation
import TestSupport
import Testing

@testable import LocationReading

/// Reads a file of 100 MB in a process of its own, whose memory stays small.
@Suite struct LargeFileTests {
  static let variable = "EXHIBIT_LARGE_TRACK"

  @Test func readsALargeFileInBoundedMemory() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("large.gpx")
    _ = try folder.write([], "large.gpx")
    let text = String(repeating: "lorem ipsum dolor ", count: 60)
    let point = "<trkpt lat='48.2082' lon='16.3738'><desc>\(text)</desc><time>2026-01-02T03:04:05Z</time></trkpt>\n"
    let block = Data(String(repeating: point, count: 1_000).utf8)
    let count = 100_000_000 / block.count + 1
    let (head, tail) = try Self.frame()
    let writer = try #require(FileHandle(forWritingAtPath: path))
    try writer.write(contentsOf: head)
    for _ in 0..<count { try writer.write(contentsOf: block) }
    try writer.write(contentsOf: tail)
    try writer.close()
    let done = try runInOwnProcess("readsTheFileThatIsNamed", [Self.variable: "\(path):\(count * 1_000)"])
    #expect(done.status == 0 && (done.text + done.errors).contains("readsTheFileThatIsNamed() passed"))
  }

  /// What stands around the points of a document.
  static func frame() throws -> (Data, Data) {
    let parts = gpx("|").split(separator: "|")
    return (Data(try #require(parts.first).utf8), Data(try #require(parts.last).utf8))
  }

  /// Kibibytes of memory that this process has held at most.
  static func peak() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
    return try #require(Int(line.filter(\.isNumber)))
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment[variable] != nil, "runs in a process of its own"))
  func readsTheFileThatIsNamed() throws {
    let parts = (ProcessInfo.processInfo.environment[Self.variable] ?? "").split(separator: ":")
    let expected = try #require(parts.last.flatMap { Int($0) })
    let path = String(try #require(parts.first))
    let handle = try #require(FileHandle(forReadingAtPath: path))
    let before = try Self.peak()
    var count = 0
    try LocationTrackReader(.gpx).read(descriptor: handle.fileDescriptor) { event in
      if case .point = event { count += 1 }
    }
    #expect(count == expected)
    #expect(try Self.peak() - before < 16_384)
  }
}
