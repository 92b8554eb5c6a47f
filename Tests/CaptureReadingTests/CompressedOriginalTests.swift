import CaptureReading
import Foundation
import TestSupport
import Testing

struct CompressedOriginalTests {
  static let programs = [
    ("gzip", "gz", "gzip"), ("zstd", "zst", "zstd"), ("xz", "xz", "xz"), ("lz4", "lz4", "lz4"),
    ("bzip2", "bz2", "bzip2"),
  ]

  static func capture(packets: Int = 2_000) -> [UInt8] {
    var builder = PcapBuilder()
    var random = SeededGenerator(7)
    for number in 0..<packets { builder.add(random.bytes(100 + number % 200)) }
    return builder.bytes
  }

  /// Compresses with the real program; nil, with a notice, when it is not installed.
  static func compress(_ bytes: [UInt8], _ name: String) throws -> [UInt8]? {
    guard let path = program(name) else {
      print("skipped: no \(name)")
      return nil
    }
    return try run(path, name == "zstd" || name == "lz4" ? ["-q", "-c"] : ["-c"], input: bytes).output
  }

  @Test(arguments: programs) func expandsWhatTheRealProgramMade(_ name: String, _ suffix: String, _ label: String)
    throws
  {
    let original = Self.capture()
    guard let compressed = try Self.compress(original, name) else { return }
    let folder = try TemporaryFolder()
    let path = try folder.write(compressed, "c.pcap.\(suffix)")
    #expect(CompressedOriginal(path: path)?.compression == label)
    let target = folder.path("expanded")
    let expansion = try CompressedOriginal.expand(path: path, into: target, limit: 1 << 30)
    #expect(expansion.fault == nil && expansion.byteCount == UInt64(original.count))
    #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: target))) == original)
    #expect(try read(path: target).packets.count == 2_000)
  }

  @Test(arguments: programs) func keepsWhatCameBeforeTheCut(_ name: String, _ suffix: String, _ label: String) throws {
    let original = Self.capture(packets: 12_000)
    guard let compressed = try Self.compress(original, name) else { return }
    let folder = try TemporaryFolder()
    let path = try folder.write(Array(compressed.prefix(compressed.count * 3 / 4)), "cut.\(suffix)")
    let target = folder.path("expanded")
    let expansion = try CompressedOriginal.expand(path: path, into: target, limit: 1 << 30)
    #expect(expansion.fault != nil)
    let kept = [UInt8](try Data(contentsOf: URL(fileURLWithPath: target)))
    #expect(kept == Array(original.prefix(kept.count)) && UInt64(kept.count) == expansion.byteCount)
    print("\(name): of \(compressed.count * 3 / 4) bytes \(kept.count) expanded: \(expansion.fault ?? "")")
    // As much as the program itself gives, which is all up to the cut, or up to the last whole block.
    let theirs = try run(
      try #require(program(name)), ["-d", "-c", "-q"], input: Array(compressed.prefix(compressed.count * 3 / 4))
    ).output
    #expect(kept.count >= theirs.count && (kept.count > original.count / 2 || theirs.isEmpty))
  }

  /// Small originals, too: a block that is not whole is not given up.
  @Test(arguments: programs) func keepsTheBytesBeforeTheCut(_ name: String, _ suffix: String, _ label: String) throws {
    let original = Self.capture(packets: 200)
    guard let compressed = try Self.compress(original, name) else { return }
    let folder = try TemporaryFolder()
    let path = try folder.write(Array(compressed.dropLast(20)), "cut.\(suffix)")
    let target = folder.path("expanded")
    let expansion = try CompressedOriginal.expand(path: path, into: target, limit: 1 << 30)
    #expect(expansion.fault != nil)
    let kept = [UInt8](try Data(contentsOf: URL(fileURLWithPath: target)))
    #expect(kept == Array(original.prefix(kept.count)))
    if ["gzip", "xz"].contains(name) { #expect(kept.count > original.count - 1_000) }
  }

  @Test(arguments: programs) func expandsSeveralMembers(_ name: String, _ suffix: String, _ label: String) throws {
    let original = Self.capture(packets: 50)
    guard let first = try Self.compress(Array(original.prefix(500)), name),
      let second = try Self.compress(Array(original.dropFirst(500)), name)
    else { return }
    let folder = try TemporaryFolder()
    let path = try folder.write(first + second, "two.\(suffix)")
    let target = folder.path("expanded")
    let expansion = try CompressedOriginal.expand(path: path, into: target, limit: 1 << 30)
    #expect(expansion.fault == nil)
    #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: target))) == original)
  }

  @Test(arguments: programs) func tellsWhatStandsBehindTheEnd(_ name: String, _ suffix: String, _ label: String) throws
  {
    guard let compressed = try Self.compress(Self.capture(packets: 5), name) else { return }
    let folder = try TemporaryFolder()
    let path = try folder.write(compressed + Array("not compressed at all".utf8), "tail.\(suffix)")
    let expansion = try CompressedOriginal.expand(path: path, into: folder.path("expanded"), limit: 1 << 30)
    #expect(expansion.fault != nil)
  }

  @Test func stopsAtTheLimit() throws {
    guard let compressed = try Self.compress([UInt8](repeating: 0, count: 10 << 20), "gzip") else { return }
    let folder = try TemporaryFolder()
    let path = try folder.write(compressed, "bomb.gz")
    let expansion = try CompressedOriginal.expand(path: path, into: folder.path("expanded"), limit: 1 << 20)
    #expect(expansion.byteCount <= 1 << 20)
    #expect(expansion.fault?.contains("1048576") == true)
  }

  @Test func neverOverwritesAFile() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([0x1f, 0x8b], "a.gz")
    let target = try folder.write([1], "there")
    let fault = #expect(throws: CaptureFault.self) {
      try CompressedOriginal.expand(path: path, into: target, limit: 10)
    }
    #expect(fault?.code == .system)
    #expect(CompressedOriginal(path: folder.path("missing")) == nil)
    #expect(CompressedOriginal(path: target) == nil)
  }
}
