/// Where some bytes of a packet stand, and when it was captured.
public struct PacketContext: Sendable {
  public var position: PacketPosition
  public var time: CaptureTime
  /// The offset in the original of the first byte that is shown; `scattered` when the bytes come from several places.
  public var fileOffset: UInt64

  /// The offset of bytes that do not stand together, as those of a packet that came in fragments.
  public static let scattered = UInt64.max

  @inlinable public init(position: PacketPosition, time: CaptureTime, fileOffset: UInt64) {
    self.position = position
    self.time = time
    self.fileOffset = fileOffset
  }

  /// Moves on within the bytes.
  @inlinable public mutating func advance(_ count: Int) {
    if fileOffset != Self.scattered { fileOffset &+= UInt64(truncatingIfNeeded: count) }
  }
}
