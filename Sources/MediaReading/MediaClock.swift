import EvidenceModel

/// Places a stream's packets by their timestamps, and by their capture where the timestamps leap (RFC 3550, 5.1).
struct MediaClock {
  /// How far RTP time and capture time may drift apart, in nanoseconds, before a packet is placed by its capture.
  static let maximumDrift: Int64 = 10_000_000_000
  /// Without capture times: the longest pause that a timestamp may tell of, in seconds.
  static let maximumPause: Int64 = 3_600

  /// Places beyond this are as good as none.
  static let maximumPosition: Int64 = 1 << 48

  private struct Anchor {
    var timestamp: UInt32
    var position: Int64
  }

  private let start: CaptureTime
  private let rate: Int64
  private var anchor: Anchor
  /// Where a packet stood whose timestamp leaped; when the next agrees with it, the sender's clock was set anew.
  private var leaped: Anchor?

  /// The last packet's timestamp did not fit the former ones.
  var hasLeaped: Bool { leaped != nil }

  init(_ first: MediaPacket, rate: Int64) {
    start = first.time
    self.rate = rate
    anchor = Anchor(timestamp: first.timestamp, position: 0)
  }

  /// Nanoseconds from the capture of the first packet to that of this one; nil when not known.
  func arrival(_ packet: MediaPacket) -> Int64? { packet.time.since(start) }

  /// The place of a packet in units of the clock from that of the first.
  mutating func place(_ packet: MediaPacket) -> Int64 {
    if let position = follow(anchor, packet) {
      anchor = Anchor(timestamp: packet.timestamp, position: position)
      leaped = nil
      return position
    }
    if let other = leaped, let position = follow(other, packet) {
      anchor = Anchor(timestamp: packet.timestamp, position: position)
      leaped = nil
      return position
    }
    // 20 milliseconds, the usual packet, where nothing else is known.
    let captured = arrival(packet)?.scaled(rate, 1_000_000_000) ?? anchor.position + rate / 50
    let position = max(-Self.maximumPosition, min(captured, Self.maximumPosition))
    leaped = Anchor(timestamp: packet.timestamp, position: position)
    return position
  }

  /// Where the timestamp puts a packet; nil when that is too far from where its capture does.
  private func follow(_ anchor: Anchor, _ packet: MediaPacket) -> Int64? {
    let step = Int64(Int32(bitPattern: packet.timestamp &- anchor.timestamp))
    let position = anchor.position + step
    guard position.magnitude <= Self.maximumPosition.magnitude else { return nil }
    guard let arrival = arrival(packet) else {
      return step >= -Self.maximumDrift.scaled(rate, 1_000_000_000) && step <= Self.maximumPause * rate ? position : nil
    }
    let (drift, isFar) = arrival.subtractingReportingOverflow(position.nanoseconds(at: rate))
    return !isFar && drift.magnitude <= Self.maximumDrift.magnitude ? position : nil
  }
}
