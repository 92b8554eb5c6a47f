public import EvidenceModel

/// What a stream's packets tell of it: loss, order, jitter, and where each packet belongs (RFC 3550, 6.4.1, A.1, A.8).
public struct StreamAnalysis: Sendable {
  /// A jump of the sequence number beyond this is a restart of the sender (RFC 3550, A.1).
  static let maximumDropout = 3_000
  /// How much later than its place a packet may come, in nanoseconds, before it counts as late.
  public static let lateAfter: Int64 = 200_000_000
  /// How far RTP time and capture time may drift apart, in nanoseconds, before a packet is placed by capture time.
  static let maximumDrift: Int64 = 10_000_000_000

  /// A packet that is kept, with its place in samples from the stream's first packet.
  public struct Placed: Sendable {
    public var packet: MediaPacket
    public var position: Int64
    /// Its sequence number, extended over wraps and restarts.
    public var extended: Int64
    public var isLate: Bool
  }

  public private(set) var placed: [Placed] = []
  public private(set) var expected: Int64 = 0
  public private(set) var received: Int64 = 0
  public private(set) var duplicates: Int64 = 0
  public private(set) var reordered: Int64 = 0
  public private(set) var late: Int64 = 0
  public private(set) var restarts: Int64 = 0
  public private(set) var payloadTypes: [UInt8] = []
  private var maximumJitter: Int64 = 0
  private var jitterSum: Int64 = 0
  private var jitterCount: Int64 = 0

  public var lost: Int64 { max(0, expected - (received - duplicates)) }

  /// Interarrival jitter in milliseconds with three decimals.
  public var jitterMaximum: String { Self.milliseconds(maximumJitter) }
  public var jitterMean: String { Self.milliseconds(jitterCount > 0 ? jitterSum / jitterCount : 0) }

  static func milliseconds(_ nanoseconds: Int64) -> String {
    let thousandths = (nanoseconds + 500) / 1_000
    let rest = String(thousandths % 1_000)
    return "\(thousandths / 1_000)." + String(repeating: "0", count: 3 - rest.count) + rest
  }

  /// Analyses packets in the order of the capture; `clockRate` is in hertz.
  public init(_ packets: [MediaPacket], clockRate: UInt32) {
    guard let first = packets.first, clockRate > 0 else { return }
    let rate = Int64(clockRate)
    var base: Int64 = Int64(first.sequence)
    var highest = base
    var seen = Set<Int64>()
    var lastTime = first.timestamp
    var lastPosition: Int64 = 0
    var baseline: Int64 = 0
    var lastArrival: Int64 = 0
    var jitter: Int64 = 0
    var former: MediaPacket?
    placed.reserveCapacity(packets.count)
    for packet in packets {
      received += 1
      if !payloadTypes.contains(packet.payloadType), payloadTypes.count < 128 {
        payloadTypes.append(packet.payloadType)
      }
      var extended = highest + Int64(Int16(bitPattern: packet.sequence &- UInt16(truncatingIfNeeded: highest)))
      if abs(extended - highest) > Self.maximumDropout {
        restarts += 1
        expected += highest - base + 1
        // A new numbering begins behind all that were used.
        extended = (highest / 65_536 + 2) * 65_536 + Int64(packet.sequence)
        base = extended
        highest = extended
      }
      guard seen.insert(extended).inserted else {
        duplicates += 1
        continue
      }
      if extended < highest { reordered += 1 }
      highest = max(highest, extended)
      base = min(base, extended)
      var position = lastPosition + Int64(Int32(bitPattern: packet.timestamp &- lastTime))
      var isLate = false
      if packet.time.isKnown, first.time.isKnown {
        let arrival = Self.clamped(packet.time.nanoseconds(since: first.time))
        var transit = arrival - Self.nanoseconds(position, rate)
        if abs(transit) > Self.maximumDrift {
          position = Self.samples(arrival, rate)
          transit = 0
          baseline = 0
        }
        // The recorder's and the sender's clocks drift apart by up to 100 parts in a million; that is no delay.
        baseline = min(baseline + max(0, arrival - lastArrival) / 10_000, transit)
        lastArrival = max(lastArrival, arrival)
        isLate = transit - baseline > Self.lateAfter
      }
      if isLate { late += 1 }
      placed.append(Placed(packet: packet, position: position, extended: extended, isLate: isLate))
      if packet.timestamp != lastTime || lastPosition == 0 {
        lastTime = packet.timestamp
        lastPosition = position
      }
      if let former, former.time.isKnown, packet.time.isKnown {
        let transit =
          Self.clamped(packet.time.nanoseconds(since: former.time))
          - Self.nanoseconds(Int64(Int32(bitPattern: packet.timestamp &- former.timestamp)), rate)
        if abs(transit) < 3_600_000_000_000 {
          jitter += (abs(transit) - jitter) / 16
          maximumJitter = max(maximumJitter, jitter)
          jitterSum += jitter
          jitterCount += 1
        }
      }
      former = packet
    }
    expected += highest - base + 1
    let least = placed.map(\.position).min() ?? 0
    if least < 0 {
      for index in placed.indices { placed[index].position -= least }
    }
    leadSamples = least < 0 ? -least : 0
    placed.sort { ($0.position, $0.extended) < ($1.position, $1.extended) }
  }

  /// Samples by which the first placed packet stands before the first captured one.
  public private(set) var leadSamples: Int64 = 0

  /// Times beyond ten years are no times; they must not overflow what is computed from them.
  private static func clamped(_ nanoseconds: Int64) -> Int64 {
    min(max(nanoseconds, -maximumSpan), maximumSpan)
  }

  private static let maximumSpan: Int64 = 315_360_000_000_000_000

  /// The samples of a time, and the time of samples, by parts, so that nothing overflows.
  private static func samples(_ nanoseconds: Int64, _ rate: Int64) -> Int64 {
    nanoseconds / 1_000_000_000 * rate + nanoseconds % 1_000_000_000 * rate / 1_000_000_000
  }

  private static func nanoseconds(_ samples: Int64, _ rate: Int64) -> Int64 {
    let seconds = samples / rate
    guard abs(seconds) < maximumSpan / 1_000_000_000 else { return seconds < 0 ? -maximumSpan : maximumSpan }
    return seconds * 1_000_000_000 + samples % rate * 1_000_000_000 / rate
  }
}
