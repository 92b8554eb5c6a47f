/// Packets and their captured bytes, as a row of the ledger sums them up.
///
/// A packet's captured bytes are its payload and everything else: headers, padding and check sequences.
public struct LedgerSum: Hashable, Sendable {
  public var packets: UInt64
  public var headerBytes: UInt64
  public var payloadBytes: UInt64

  @inlinable public init(packets: UInt64 = 0, headerBytes: UInt64 = 0, payloadBytes: UInt64 = 0) {
    self.packets = packets
    self.headerBytes = headerBytes
    self.payloadBytes = payloadBytes
  }

  /// One packet, of whose captured bytes `payload` are payload.
  @inlinable public init(captured: UInt32, payload: Int) {
    let payload = min(UInt64(clamping: payload), UInt64(captured))
    self.init(packets: 1, headerBytes: UInt64(captured) - payload, payloadBytes: payload)
  }

  @inlinable public static func += (sum: inout Self, other: Self) {
    sum.packets &+= other.packets
    sum.headerBytes &+= other.headerBytes
    sum.payloadBytes &+= other.payloadBytes
  }

  /// What takes a sum away when it is added, modulo 2^64.
  public static prefix func - (sum: Self) -> Self {
    LedgerSum(
      packets: 0 &- sum.packets, headerBytes: 0 &- sum.headerBytes, payloadBytes: 0 &- sum.payloadBytes)
  }

  public var isEmpty: Bool { packets == 0 && headerBytes == 0 && payloadBytes == 0 }
}

/// A packet and how its captured bytes divide.
public struct CountedPacket: Hashable, Sendable {
  public let position: PacketPosition
  public let headerBytes: UInt32
  public let payloadBytes: UInt32

  @inlinable public init(_ position: PacketPosition, _ sum: LedgerSum) {
    self.position = position
    headerBytes = UInt32(clamping: sum.headerBytes)
    payloadBytes = UInt32(clamping: sum.payloadBytes)
  }

  @inlinable public var sum: LedgerSum {
    LedgerSum(packets: 1, headerBytes: UInt64(headerBytes), payloadBytes: UInt64(payloadBytes))
  }
}
