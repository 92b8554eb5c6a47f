/// Bytes of a file that follow each other: where a fact stands.
public struct FileRange: Hashable, Sendable, CustomStringConvertible {
  /// The offset of the first byte.
  public let first: UInt64
  /// The offset of the last byte.
  public let last: UInt64

  /// Takes `count` bytes from `first` on; at least one, and none beyond 64 bits.
  public init(from first: UInt64, count: UInt64) {
    self.first = first
    let (last, isOver) = first.addingReportingOverflow(max(count, 1) - 1)
    self.last = isOver ? .max : last
  }

  /// Takes the bytes from `first` up to and without `end`; at least one.
  public init(from first: UInt64, to end: UInt64) {
    self.first = first
    last = end > first ? end - 1 : first
  }

  /// As provenance writes it: `24-51`.
  public var description: String { "\(first)-\(last)" }
}
