import DecoderKit

/// What a stream's own numbering says of it.
///
/// A false stream invents a call, so a stream stands without signalling only when all of these hold: at least
/// `minimumPackets` packets, that is seven steps of two counters that must agree; nine of ten steps of the sequence number
/// forward by no more than `maximumStep`, half of them by one; timestamps that go forward with it, as clocks of media do;
/// few payload types; and sizes that the static types allow. Copies of a packet are passed over: a mirror port makes them.
struct StreamEvidence {
  let identifier: UInt32
  let side: Side
  let handle: StreamHandle
  private(set) var packetCount = 0
  private var lastSequence: UInt16
  private var lastTimestamp: UInt32
  private var lastWord: UInt32?
  private var stepCount = 0
  private var singleSteps = 0
  private var smallSteps = 0
  /// Steps by which the timestamp did not go backwards nor leap.
  private var steadyTimes = 0
  /// Steps by which the timestamp went on as far as a packet of media lasts.
  private var advances = 0
  private var eventCount = 0
  private var payloadTypes: (UInt64, UInt64) = (0, 0)
  private var emptyCount = 0
  private var sizeMismatches = 0

  /// Packets, copies left out, that a stream must have to stand without signalling.
  static let minimumPackets = 8
  /// How many packets may be lost between two that count as a step.
  static let maximumStep = 20
  /// Ten seconds at 90 kHz, nearly two minutes at 8 kHz: silence may last that long.
  static let maximumAdvance = 900_000
  /// Five milliseconds at 8 kHz are 40; text over RTP ticks a thousand times a second.
  static let minimumAdvance = 10
  static let maximumTypes = 4
  /// The types 35 to 63, a bit each: seldom used, so that they prove nothing (RFC 5761, 4).
  static let spareTypes: UInt64 = ~0 << 35

  init(_ header: RTPHeader, _ side: Side, _ handle: StreamHandle) {
    identifier = header.identifier
    self.side = side
    self.handle = handle
    lastSequence = header.sequence
    lastTimestamp = header.timestamp
    note(header)
  }

  @inline(__always)
  mutating func add(_ header: RTPHeader) {
    let step = Int(Int16(bitPattern: header.sequence &- lastSequence))
    let advance = Int(Int32(bitPattern: header.timestamp &- lastTimestamp))
    if step != 0 || advance != 0 {
      stepCount += 1
      if step == 1 { singleSteps += 1 }
      // A little backwards is a packet that was overtaken.
      if abs(step) <= Self.maximumStep, step != 0 { smallSteps += 1 }
      if abs(step) <= Self.maximumStep, step < 0 ? advance <= 0 : advance >= 0, abs(advance) <= Self.maximumAdvance {
        steadyTimes += 1
      }
      if step > 0, advance >= Self.minimumAdvance { advances += 1 }
    }
    if step >= 0 || step < -Self.maximumStep {
      lastSequence = header.sequence
      lastTimestamp = header.timestamp
    }
    note(header)
  }

  @inline(__always)
  private mutating func note(_ header: RTPHeader) {
    packetCount += 1
    if header.payloadType < 64 {
      payloadTypes.0 |= 1 << UInt64(header.payloadType)
    } else {
      payloadTypes.1 |= 1 << UInt64(header.payloadType - 64)
    }
    if header.payload.isEmpty { emptyCount += 1 }
    if !fits(header) { sizeMismatches += 1 }
    if let word = header.word, isEvent(word, header) { eventCount += 1 }
    lastWord = header.word
  }

  /// Whether a payload has a size that its static type allows (RFC 3551, 4.5, 6).
  @inline(__always)
  private func fits(_ header: RTPHeader) -> Bool {
    let count = header.payload.count
    switch header.payloadType {
    case 0, 8, 9: return count > 0 && count <= 1_200 && count % 8 == 0
    case 3: return count > 0 && count % 33 == 0
    case 4: return count > 0 && count % 4 == 0
    case 13, 19: return (1...32).contains(count)
    case 18: return count > 0 && (count % 10 == 0 || count % 10 == 2)
    default: return true
    }
  }

  /// Whether four bytes are a telephone event that goes on from the packet before (RFC 4733, 2.3).
  private func isEvent(_ word: UInt32, _ header: RTPHeader) -> Bool {
    guard header.payloadType >= 96, word >> 24 <= 16, word & 0x40_0000 == 0 else { return false }
    guard let lastWord, lastWord >> 24 == word >> 24, header.timestamp == lastTimestamp else { return true }
    return word & 0xffff >= lastWord & 0xffff
  }

  /// Whether it has too few packets to be a stream.
  var isStray: Bool { packetCount < Self.minimumPackets }

  private var typeCount: Int { payloadTypes.0.nonzeroBitCount + payloadTypes.1.nonzeroBitCount }

  /// Whether the stream stands without signalling, and why.
  var verdict: (MediaStream.Verdict, String) {
    let facts =
      "\(packetCount) packets, \(singleSteps) of \(stepCount) steps of the sequence number by one, "
      + "\(steadyTimes) with a timestamp in step, \(typeCount) payload \(typeCount == 1 ? "type" : "types")"
    if let doubt { return (.candidate, doubt + ": " + facts) }
    return (.accepted, eventCount == packetCount ? "telephone events: " + facts : facts)
  }

  /// What speaks against the stream; nil when nothing does.
  private var doubt: String? {
    if stepCount < Self.minimumPackets - 1 { return "too few packets" }
    if identifier == 0 || identifier == .max { return "no identifier" }
    if singleSteps * 2 < stepCount || smallSteps * 10 < stepCount * 9 { return "the sequence numbers do not go on" }
    if steadyTimes * 10 < stepCount * 9 { return "the timestamps do not go with the sequence numbers" }
    // Video has many packets of one time, and a telephone event has one time as long as it lasts.
    if eventCount < packetCount, advances * 100 < stepCount || advances < 3 { return "the timestamps stand still" }
    if typeCount > Self.maximumTypes { return "too many payload types" }
    if payloadTypes.1 == 0, payloadTypes.0 & ~Self.spareTypes == 0 {
      return "payload types that only signalling gives a meaning"
    }
    if emptyCount * 2 > packetCount { return "no payload" }
    if sizeMismatches * 5 > packetCount { return "sizes that the payload type does not have" }
    return nil
  }
}
