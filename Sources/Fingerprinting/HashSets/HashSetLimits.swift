/// What reading a set of hashes may cost.
public struct HashSetLimits: Sendable {
  /// Bytes of a set that an entry takes at the least; a database whose views make more rows than that is refused.
  static let bytesOfAnEntry: UInt64 = 4

  public var entries: UInt64 = 2_000_000_000
  /// Digests that are sorted in memory at once, of each algorithm.
  public var rowsInMemory = 1 << 20
  /// Steps of SQLite's machine from one row to the next, in millions.
  public var millionsOfSteps = 20_000

  public init() {}
}
