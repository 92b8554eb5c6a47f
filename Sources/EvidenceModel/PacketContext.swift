/// Where some bytes of a packet stand, and when it was captured.
public struct PacketContext: Sendable {
  public var position: PacketPosition
  public var time: CaptureTime
  /// The offset in the original of the first byte that is shown.
  public var fileOffset: UInt64

  @inlinable public init(position: PacketPosition, time: CaptureTime, fileOffset: UInt64) {
    self.position = position
    self.time = time
    self.fileOffset = fileOffset
  }
}
