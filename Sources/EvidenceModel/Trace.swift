/// Which packets some bytes came from, and when the first and the last of them were captured.
public struct Trace: Hashable, Sendable {
  public var packets: PacketSet
  public var first: CaptureTime
  public var last: CaptureTime

  public init() {
    packets = PacketSet()
    first = .unknown
    last = .unknown
  }

  public init(_ position: PacketPosition, at time: CaptureTime) {
    packets = PacketSet(position)
    first = time
    last = time
  }

  public var isEmpty: Bool { packets.isEmpty }

  public mutating func insert(_ position: PacketPosition, at time: CaptureTime) {
    packets.insert(position)
    widen(to: time, time)
  }

  public mutating func formUnion(_ other: Trace) {
    packets.formUnion(other.packets)
    widen(to: other.first, other.last)
  }

  private mutating func widen(to earliest: CaptureTime, _ latest: CaptureTime) {
    if earliest.isKnown, !first.isKnown || earliest < first { first = earliest }
    if latest.isKnown, !last.isKnown || latest > last { last = latest }
  }
}
