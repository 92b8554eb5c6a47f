/// How a side of a stream ended.
public enum StreamEnd: String, Hashable, Sendable {
  /// It said so (FIN), or the file ended.
  case finished
  /// It was broken off (RST).
  case reset
  /// Nothing came for the idle time.
  case idle
  /// The capture ended first.
  case captureEnd
}

/// Who sent the bytes; `initiator` is the side that began, as far as the capture tells.
public enum Side: UInt8, Hashable, Sendable {
  case initiator, responder
  @inlinable public var other: Side { self == .initiator ? .responder : .initiator }
}
