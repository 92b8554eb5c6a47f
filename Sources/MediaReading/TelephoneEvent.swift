import ByteReading
public import EvidenceModel

/// A key press or signal tone that was sent as such beside the audio (RFC 4733).
public struct TelephoneEvent: Sendable {
  /// Its number: 0 to 9, 10 for the star, 11 for the hash, 12 to 15 for A to D, 16 for a flash, others for tones (RFC 4733, 3.2).
  public let number: UInt8
  /// When its first packet was captured.
  public let first: CaptureTime
  public private(set) var last: CaptureTime
  public private(set) var packets: PacketSet
  /// How long it lasted, in units of the stream's clock.
  public private(set) var duration: Int64
  /// Power in dBm0, 0 to -63; of keys only.
  public let level: Int
  /// Whether a packet said that it was over.
  public private(set) var isEnded: Bool
  fileprivate let timestamp: UInt32

  /// Events of a stream that are kept.
  public static let maximumCount = 10_000
  /// Events in a row that one packet may hold (RFC 4733, 2.5.1.2).
  static let maximumBlocks = 32

  /// The key as a telephone shows it; nil for other events.
  public var key: String? {
    switch number {
    case 0...9: String(number)
    case 10: "*"
    case 11: "#"
    case 12...15: ["A", "B", "C", "D"][Int(number) - 12]
    default: nil
    }
  }

  fileprivate init(_ block: Block, _ packet: MediaPacket, timestamp: UInt32) {
    number = block.number
    first = packet.time
    last = packet.time
    packets = PacketSet(packet.position)
    duration = block.duration
    level = -block.volume
    isEnded = block.isEnded
    self.timestamp = timestamp
  }

  fileprivate mutating func add(_ block: Block, _ packet: MediaPacket, isRepeated: Bool) {
    if !isRepeated { last = max(last, packet.time) }
    packets.insert(packet.position)
    duration = max(duration, block.duration)
    isEnded = isEnded || block.isEnded
  }

  fileprivate struct Block {
    let number: UInt8
    let isEnded: Bool
    let volume: Int
    let duration: Int64
  }

  fileprivate static func blocks(_ payload: RawSpan) -> [Block] {
    var reader = ByteReader(payload)
    var blocks: [Block] = []
    while blocks.count < maximumBlocks, let number = try? reader.read(UInt8.self, "event"),
      let second = try? reader.read(UInt8.self, "volume"), let duration = try? reader.read(UInt16.self, "duration")
    {
      blocks.append(
        Block(number: number, isEnded: second & 0x80 != 0, volume: Int(second & 63), duration: Int64(duration)))
    }
    return blocks
  }
}

extension StreamAnalysis {
  /// The events that the stream's packets of the types in `types` tell of, in the order of their time, and whether all are there.
  ///
  /// All packets of one event bear the timestamp of its beginning (RFC 4733, 2.5.1.2); an event that is longer than 65,535 units
  /// of the clock comes as several.
  public func events(
    _ types: Set<UInt8>, originals: [UInt16: Int32]
  ) -> (events: [TelephoneEvent], isComplete: Bool) {
    guard !types.isEmpty else { return ([], true) }
    let source = PayloadSource(originals)
    var events: [TelephoneEvent] = []
    var places: [UInt64: Int] = [:]
    var isComplete = true
    for entry in placed where types.contains(entry.packet.payloadType) {
      let packet = entry.packet
      var blocks: [TelephoneEvent.Block] = []
      isComplete =
        source.read(packet.payloadFile, packet.payloadOffset, Int(packet.payloadLength)) {
          blocks = TelephoneEvent.blocks($0)
        } && isComplete
      var timestamp = packet.timestamp
      for block in blocks {
        let key = UInt64(timestamp) << 8 | UInt64(block.number)
        // The same timestamp long after is another event, of a clock that was set anew.
        // Packets that were sent again come late, and say nothing of when.
        if let place = places[key],
          entry.isRepeated || (packet.time.since(events[place].last) ?? 0).magnitude < 10_000_000_000
        {
          events[place].add(block, packet, isRepeated: entry.isRepeated)
        } else if events.count < TelephoneEvent.maximumCount {
          places[key] = events.count
          events.append(TelephoneEvent(block, packet, timestamp: timestamp))
        } else {
          isComplete = false
        }
        timestamp &+= UInt32(clamping: block.duration)
      }
    }
    return (events, isComplete)
  }
}
