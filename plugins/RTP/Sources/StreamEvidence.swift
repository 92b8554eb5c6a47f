import DecoderKit

/// What a stream's own numbering says of it.
struct StreamEvidence {
  let identifier: UInt32
  let side: Side
  let handle: StreamHandle
  private(set) var packetCount = 0
  private var lastSequence: UInt16
  private var lastTimestamp: UInt32
  /// Steps of the sequence number by one, or by a few after a loss.
  private var smallSteps = 0
  private var singleSteps = 0
  /// Steps by which the timestamp did not go far backwards or leap.
  private var steadyTimes = 0
  private var payloadTypes: (UInt64, UInt64) = (0, 0)
  private var emptyCount = 0
  private var sizeMismatches = 0

  /// Packets that a stream must have to stand without signalling.
  static let minimumPackets = 10

  init(_ header: RTPHeader, _ side: Side, _ handle: StreamHandle) {
    identifier = header.identifier
    self.side = side
    self.handle = handle
    lastSequence = header.sequence
    lastTimestamp = header.timestamp
    note(header)
  }

  mutating func add(_ header: RTPHeader) {
    let step = header.sequence &- lastSequence
    if step == 1 { singleSteps += 1 }
    if (1...64).contains(step) || step == 0 || step > 0xfff0 { smallSteps += 1 }
    let time = Int32(bitPattern: header.timestamp &- lastTimestamp)
    // Two minutes at 90 kHz; a little backwards when packets overtake each other.
    if time >= -90_000, time <= 10_800_000 { steadyTimes += 1 }
    if step < 0x8000 {
      lastSequence = header.sequence
      lastTimestamp = header.timestamp
    }
    note(header)
  }

  private mutating func note(_ header: RTPHeader) {
    packetCount += 1
    if header.payloadType < 64 {
      payloadTypes.0 |= 1 << UInt64(header.payloadType)
    } else {
      payloadTypes.1 |= 1 << UInt64(header.payloadType - 64)
    }
    if header.payload.isEmpty { emptyCount += 1 }
    if !fits(header) { sizeMismatches += 1 }
  }

  /// Whether a payload has a size that its static type allows (RFC 3551, 4.5, 6).
  private func fits(_ header: RTPHeader) -> Bool {
    let count = header.payload.count
    switch header.payloadType {
    case 0, 8, 9: return count > 0 && count <= 1_200 && count % 8 == 0
    case 3: return count > 0 && count % 33 == 0
    case 4: return count > 0 && (count % 4 == 0 || count % 24 == 0)
    case 13, 19: return (1...32).contains(count)
    case 18: return count > 0 && (count % 10 == 0 || count % 10 == 2)
    default: return true
    }
  }

  private var typeCount: Int { payloadTypes.0.nonzeroBitCount + payloadTypes.1.nonzeroBitCount }

  /// Whether the stream stands without signalling, and why.
  var verdict: (MediaStream.Verdict, String) {
    let steps = packetCount - 1
    let facts =
      "\(packetCount) packets, \(singleSteps) of \(steps) steps of the sequence number by one, "
      + "\(typeCount) payload \(typeCount == 1 ? "type" : "types")"
    guard packetCount >= Self.minimumPackets else { return (.candidate, "too few packets: " + facts) }
    guard identifier != 0, singleSteps * 2 >= steps, smallSteps * 10 >= steps * 9, steadyTimes * 10 >= steps * 9,
      typeCount <= 6, emptyCount * 2 <= packetCount, sizeMismatches * 5 <= packetCount
    else { return (.candidate, "numbering, types or sizes are not those of media: " + facts) }
    return (.accepted, facts)
  }
}
