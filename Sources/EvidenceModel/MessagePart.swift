/// What one packet brought of a message that several may have carried.
public struct MessagePart: Sendable {
  public var packet: PacketContext
  public var byteCount: Int
  /// What it counts in the ledger: a packet that carries several is counted with the first of them.
  public var sum: LedgerSum
  /// Whether the recorder cut it short.
  public var isCut: Bool

  public init(packet: PacketContext, byteCount: Int, sum: LedgerSum, isCut: Bool) {
    self.packet = packet
    self.byteCount = byteCount
    self.sum = sum
    self.isCut = isCut
  }
}
