import ByteReading
public import EvidenceModel

/// Takes apart payloads that hold copies of earlier ones (RFC 2198).
public struct Redundancy {
  /// Packets with their newest payload, in the order in which they came; others as they were.
  public private(set) var packets: [MediaPacket] = []
  /// Copies of earlier payloads, each as the packet that it would have been.
  public private(set) var copies: [MediaPacket] = []
  /// Packets whose blocks contradict their lengths, or that cannot be read; nothing of them is used.
  public private(set) var damage = PayloadDamage()

  /// Blocks of a packet that are looked at.
  static let maximumBlocks = 32

  private struct Block {
    let type: UInt8
    let timestampOffset: UInt32
    let length: Int
  }

  /// `types` are the payload types of the redundancy; `originals` gives an open descriptor for each original.
  public init(_ list: [MediaPacket], types: Set<UInt8>, originals: [UInt16: Int32]) {
    let source = PayloadSource(originals)
    packets.reserveCapacity(list.count)
    for packet in list {
      guard types.contains(packet.payloadType) else {
        packets.append(packet)
        continue
      }
      var failure: ReadError?
      var blocks: [Block] = []
      var start = 0
      let isRead = source.read(packet.payloadFile, packet.payloadOffset, Int(packet.payloadLength)) { bytes in
        do throws(ReadError) { (blocks, start) = try Self.blocks(bytes) } catch { failure = error }
      }
      if let failure { damage.note(failure, packet) }
      if !isRead { damage.unreadable += 1 }
      // The packet itself stays, so that its number is not taken for lost.
      if blocks.isEmpty { packets.append(packet) }
      for (number, block) in blocks.enumerated() {
        var part = packet
        part.payloadType = block.type
        part.payloadOffset += UInt64(start)
        part.payloadLength = UInt16(clamping: block.length)
        part.timestamp &-= block.timestampOffset
        part.sequence &-= UInt16(blocks.count - 1 - number)
        start += block.length
        if number == blocks.count - 1 { packets.append(part) } else if block.length > 0 { copies.append(part) }
      }
    }
  }

  /// The blocks and where the first one's bytes begin.
  private static func blocks(_ payload: RawSpan) throws(ReadError) -> (blocks: [Block], start: Int) {
    var reader = ByteReader(payload)
    var blocks: [Block] = []
    while true {
      let first: UInt8 = try reader.read("block header")
      guard first & 0x80 != 0 else {
        let rest = blocks.reduce(reader.remaining) { $0 - $1.length }
        guard rest >= 0 else { throw ReadError(.truncated, at: reader.offset, reading: "redundant blocks") }
        blocks.append(Block(type: first & 0x7f, timestampOffset: 0, length: rest))
        return (blocks, reader.offset)
      }
      guard blocks.count < maximumBlocks else {
        throw ReadError(.limitExceeded, at: reader.offset, reading: "redundant blocks")
      }
      let high: UInt8 = try reader.read("timestamp offset")
      let low: UInt16 = try reader.read("block length")
      blocks.append(
        Block(
          type: first & 0x7f, timestampOffset: UInt32(high) << 6 | UInt32(low >> 10), length: Int(low & 0x3ff)))
    }
  }
}

extension StreamAnalysis {
  /// Puts copies of payloads where the packets that should have brought them are missing.
  public mutating func recover(_ copies: [MediaPacket]) {
    guard !copies.isEmpty, !placed.isEmpty else { return }
    var known = Set(placed.map(\.packet.timestamp))
    // A copy stands before the packet that brought it as far as their timestamps differ.
    var carriers: [PacketPosition: (position: Int64, timestamp: UInt32, extended: Int64, sequence: UInt16)] = [:]
    for entry in placed {
      carriers[entry.packet.position] = (
        entry.position, entry.packet.timestamp, entry.extended, entry.packet.sequence
      )
    }
    for copy in copies {
      guard let carrier = carriers[copy.position], !known.contains(copy.timestamp) else { continue }
      let before = Int64(carrier.timestamp &- copy.timestamp)
      guard before > 0, before <= carrier.position else { continue }
      known.insert(copy.timestamp)
      var entry = Placed(
        packet: copy, position: carrier.position - before,
        extended: carrier.extended - Int64(carrier.sequence &- copy.sequence), isLate: false)
      entry.recovery = .redundancy
      placed.append(entry)
      recovered += 1
    }
    settlePlaces()
  }
}
