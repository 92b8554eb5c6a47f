public import Foundation

/// The folder that holds Package.swift.
public let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent()

/// The folder of real captures: EXHIBIT_CAPTURES, or `../shared/captures` beside the repository; nil when there is none.
public let captureFolder: URL? = {
  let named = ProcessInfo.processInfo.environment["EXHIBIT_CAPTURES"].map { URL(fileURLWithPath: $0) }
  let folder = named ?? repository.deletingLastPathComponent().appending(path: "shared/captures")
  guard FileManager.default.fileExists(atPath: folder.path) else {
    print("skipped: no captures at \(folder.path); set EXHIBIT_CAPTURES")
    return nil
  }
  return folder
}()

/// All captures of a part of that folder, by name, in order; empty, with a notice, when the folder is not there.
public func captures(_ part: String = "") -> [String] {
  guard let folder = captureFolder else { return [] }
  let root = folder.appending(path: part).path
  let names = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
  let suffixes = [".pcap", ".pcapng", ".cap", ".ntar", ".pcap.gz", ".pcapng.gz"]
  return names.filter { name in suffixes.contains { name.hasSuffix($0) } }.sorted().map { "\(root)/\($0)" }
}

/// Numbers that look random and are the same for the same seed (SplitMix64).
public struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  public init(_ seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  public mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
}

/// The seed for a property test: EXHIBIT_SEED, or one of today's; printed, so that a failure can be repeated.
public func testSeed(_ name: String) -> UInt64 {
  let given = ProcessInfo.processInfo.environment["EXHIBIT_SEED"].flatMap { UInt64($0) }
  let seed = given ?? UInt64.random(in: 0...UInt64.max)
  print("\(name): EXHIBIT_SEED=\(seed)")
  return seed
}
