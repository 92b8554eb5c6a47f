public import EvidenceModel

/// What a stream's packets tell of it: loss, order, jitter, and where each packet belongs (RFC 3550, 6.4.1, A.1, A.8).
public struct StreamAnalysis: Sendable {
  /// How much later than its place a packet may come, in nanoseconds, before it counts as late.
  public static let lateAfter: Int64 = 200_000_000
  /// How far a clock may run away from the recorder's before its packets count as late: a thousandth.
  static let maximumSkew: Int64 = 1_000

  /// A packet that is kept, with its place in units of `clockRate` from the stream's first packet.
  public struct Placed: Sendable {
    public var packet: MediaPacket
    public var position: Int64
    /// Its sequence number, extended over wraps and restarts.
    public var extended: Int64
    public var isLate: Bool
    /// How it came, when it is not a packet that was captured.
    public var recovery: Recovery?
    /// Of what came by `inBand`: which frames of the linear prediction there is a copy of, bit 0 the earliest.
    var copies: UInt8 = 0
    /// It came in a packet of another stream, which repeats it (RFC 4588).
    public var isRepeated = false
    /// What its payload holds, once that was looked at; G.711 needs no look.
    var measured: Voice?

    /// What it holds when its payload is of a format; nil when nobody looked.
    func voice(_ format: VoiceFormat) -> Voice? {
      format.isSimple ? Voice(samples: Int32(packet.payloadLength), kind: .speech) : measured
    }
  }

  /// How a payload came whose own packet is missing.
  public enum Recovery: String, Sendable {
    /// As it was sent, in a later packet (RFC 2198).
    case redundancy
    /// In a coarser form that its sender made, in the packet that follows (Opus: RFC 6716, 2.1.7).
    case inBand
  }

  /// What a payload holds.
  struct Voice: Sendable {
    /// Samples at the format's own rate, from the packet's place to the end of its last frame.
    var samples: Int32
    var kind: VoiceFrames.Kind
    /// With interleaving: samples from one frame to the next, how many there are, and samples a frame. Else 0.
    var frameStep: Int32 = 0
    var frameCount: Int16 = 0
    var frameSamples: Int32 = 0
  }

  public internal(set) var placed: [Placed] = []
  public internal(set) var expected: Int64 = 0
  public private(set) var received: Int64 = 0
  public private(set) var duplicates: Int64 = 0
  public private(set) var reordered: Int64 = 0
  public private(set) var late: Int64 = 0
  public private(set) var restarts: Int64 = 0
  /// Payloads of missing packets that came as copies in others.
  public internal(set) var recovered: Int64 = 0
  /// Those of them that came in the coarser form of Opus.
  public internal(set) var recoveredInBand: Int64 = 0
  /// Missing packets that came only in a stream that repeats them; they count as lost.
  public internal(set) var retransmitted: Int64 = 0
  /// Repeated packets that had come themselves, and those whose numbers are far from the stream's.
  public internal(set) var needlessRepeats: Int64 = 0
  public internal(set) var strayRepeats: Int64 = 0
  public private(set) var payloadTypes: [UInt8] = []
  /// Hertz of the stream's timestamps.
  public let clockRate: UInt32
  /// Units of `clockRate` by which the first placed packet stands before the first captured one.
  public private(set) var leadSamples: Int64 = 0
  private var maximumJitter: Int64 = 0
  private var jitterSum: Int64 = 0
  private var jitterCount: Int64 = 0

  /// The same in nanoseconds; what a call's audio does not reach back to is not counted.
  public var leadNanoseconds: Int64 {
    min(leadSamples.nanoseconds(at: Int64(clockRate)), CallAudio.maximumLeadSeconds * 1_000_000_000)
  }

  public var lost: Int64 { max(0, expected - (received - duplicates)) }

  /// Interarrival jitter in milliseconds with three decimals.
  public var jitterMaximum: String { Self.milliseconds(maximumJitter) }
  public var jitterMean: String { Self.milliseconds(jitterCount > 0 ? jitterSum / jitterCount : 0) }

  static func milliseconds(_ nanoseconds: Int64) -> String {
    let thousandths = (nanoseconds + 500) / 1_000
    let rest = String(thousandths % 1_000)
    return "\(thousandths / 1_000)." + String(repeating: "0", count: 3 - rest.count) + rest
  }

  /// Analyses packets in the order of the capture; `clockRate` is in hertz, `events` are the payload types of telephone events.
  public init(_ packets: [MediaPacket], clockRate: UInt32, events: Set<UInt8> = []) {
    self.clockRate = clockRate
    guard let first = packets.first, clockRate > 0 else { return }
    let rate = Int64(clockRate)
    var numbering = SequenceNumbering(first.sequence)
    var clock = MediaClock(first, rate: rate)
    var seen = SeenNumbers()
    var lateness = Lateness()
    var jitter: Int64 = 0
    var former: MediaPacket?
    placed.reserveCapacity(packets.count)
    for packet in packets {
      received += 1
      if packet.payloadType < 128, !payloadTypes.contains(packet.payloadType) {
        payloadTypes.append(packet.payloadType)
      }
      let (extended, isEarlier) = numbering.extend(packet.sequence)
      guard seen.insert(extended) else {
        duplicates += 1
        continue
      }
      if isEarlier { reordered += 1 }
      let position = clock.place(packet)
      var isLate = false
      if let arrival = clock.arrival(packet) {
        isLate = lateness.measure(arrival, position.nanoseconds(at: rate)) > Self.lateAfter
      }
      if isLate { late += 1 }
      placed.append(Placed(packet: packet, position: position, extended: extended, isLate: isLate))
      // Timestamps of events stand still, those of a clock set anew tell nothing: neither is jitter.
      if let former, former.payloadType == packet.payloadType, !clock.hasLeaped,
        let transit = Self.transit(former, packet, rate)
      {
        jitter += (abs(transit) - jitter) / 16
        maximumJitter = max(maximumJitter, jitter)
        jitterSum += jitter
        jitterCount += 1
      }
      former = clock.hasLeaped || events.contains(packet.payloadType) ? nil : packet
    }
    expected = numbering.expected
    restarts = numbering.restarts
    settlePlaces()
  }

  /// Brings packets in the order of their places, the first of which is 0.
  mutating func settlePlaces() {
    let least = placed.lazy.map(\.position).min() ?? 0
    if least < 0 {
      for index in placed.indices { placed[index].position -= least }
      leadSamples -= least
    }
    placed.sort { ($0.position, $0.extended) < ($1.position, $1.extended) }
  }

  /// How differently two packets travelled, in nanoseconds (RFC 3550, 6.4.1); nil when that is an hour or more.
  private static func transit(_ former: MediaPacket, _ packet: MediaPacket, _ rate: Int64) -> Int64? {
    guard let between = packet.time.since(former.time) else { return nil }
    let stamps = Int64(Int32(bitPattern: packet.timestamp &- former.timestamp)).nanoseconds(at: rate)
    let (transit, isOver) = between.subtractingReportingOverflow(stamps)
    return !isOver && transit.magnitude < 3_600_000_000_000 ? transit : nil
  }

  /// Measures how much later than the quickest packets one comes, while the two clocks drift apart.
  private struct Lateness {
    /// The least delay that two packets in a row kept to: one that is early alone proves nothing.
    private var quickest: Int64?
    private var formerDelay: Int64 = 0
    private var formerArrival: Int64 = 0

    mutating func measure(_ arrival: Int64, _ place: Int64) -> Int64 {
      let (delay, isOver) = arrival.subtractingReportingOverflow(place)
      guard !isOver else { return 0 }
      let passed = max(0, arrival.subtractingReportingOverflow(formerArrival).partialValue)
      let grown = quickest?.addingReportingOverflow(passed / StreamAnalysis.maximumSkew).partialValue ?? delay
      let base = min(max(delay, formerDelay), grown)
      quickest = base
      formerDelay = delay
      formerArrival = arrival
      return delay.subtractingReportingOverflow(base).partialValue
    }
  }
}

extension Int64 {
  /// This many units of a clock in nanoseconds, within what 64 bits can hold.
  func nanoseconds(at rate: Int64) -> Int64 { scaled(1_000_000_000, rate) }

  /// This number times `factor` by `divisor`, within what 64 bits can hold; both are positive.
  public func scaled(_ factor: Int64, _ divisor: Int64) -> Int64 {
    let limit: Int64 = isNegative ? .min + 1 : .max
    guard factor > 0, divisor > 0 else { return limit }
    let product = magnitude.multipliedFullWidth(by: factor.magnitude)
    guard product.high < divisor.magnitude else { return limit }
    let quotient = divisor.magnitude.dividingFullWidth(product).quotient
    guard let value = Int64(exactly: quotient) else { return limit }
    return isNegative ? -value : value
  }

  private var isNegative: Bool { self < 0 }
}

extension CaptureTime {
  /// Nanoseconds from another time to this one; nil when either is unknown or they are centuries apart.
  func since(_ other: CaptureTime) -> Int64? {
    guard isKnown, other.isKnown else { return nil }
    let (difference, isOver) = nanoseconds.subtractingReportingOverflow(other.nanoseconds)
    return isOver ? nil : difference
  }
}
