public import EvidenceModel

/// A time without a fix that is longer than the limit.
public struct TrackGap: Hashable, Sendable {
  /// When the last fix before it was, and the first one behind it; for an open gap the last time at which the file says that there was none.
  public let from: CaptureTime
  public let to: CaptureTime
  /// The track ends in it.
  public let isOpen: Bool
  /// How often the file says in it that there was no fix, and why; none when it only has nothing to say.
  public let missingCount: Int
  public let reasons: [String]
  /// Where the fixes on both sides stand in the file; an open gap has none behind it.
  public let before: [FileRange]
  public let after: [FileRange]

  public var nanoseconds: Int64 { to.nanoseconds(since: from) }
}

/// Two fixes that follow each other, and what lies between them.
public struct TrackLeg: Hashable, Sendable {
  public let from: CaptureTime
  public let to: CaptureTime
  public let millimetres: Int64
  public let before: [FileRange]
  public let after: [FileRange]

  /// Tenths of a kilometre an hour, rounded down; nil when no time passed.
  public var speedTenths: Int64? {
    let passed = to.nanoseconds(since: from)
    guard passed > 0 else { return nil }
    // No leg is longer than half of the globe, so this stays within 64 bits.
    return millimetres * 36_000_000 / passed
  }

  /// Kilometres an hour with one decimal, rounded down; nil when no time passed.
  public var speedText: String? { speedTenths.map { "\($0 / 10).\($0 % 10)" } }
}
