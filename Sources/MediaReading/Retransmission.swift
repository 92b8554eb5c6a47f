import ByteReading
public import EvidenceModel

/// Takes apart packets that repeat those of another stream (RFC 4588, 4).
public struct Retransmission {
  /// The packets that they repeat, each with its own number, type and payload, and the place of the packet that brought it.
  public private(set) var packets: [MediaPacket] = []
  /// Packets that are too short, or cannot be read.
  public private(set) var damage = PayloadDamage()

  /// The payload type that another one repeats, by its parameter `apt` (RFC 4588, 8.1).
  public static func type(repeatedBy payload: MediaOffer.Payload) -> UInt8? {
    FormatParameters(payload.parameters)["apt"].flatMap { UInt8($0) }.flatMap { $0 < 128 ? $0 : nil }
  }

  /// `types` gives the payload type that each type of the stream repeats; `originals` an open descriptor for each original.
  ///
  /// Packets without a payload, with which senders probe a path, repeat nothing.
  public init(_ list: [MediaPacket], types: [UInt8: UInt8], originals: [UInt16: Int32]) {
    let source = PayloadSource(originals)
    for packet in list where packet.payloadLength > 0 {
      guard let type = types[packet.payloadType] else { continue }
      var number: UInt16?
      var failure: ReadError?
      let isRead = source.read(packet.payloadFile, packet.payloadOffset, min(2, Int(packet.payloadLength))) { bytes in
        var reader = ByteReader(bytes)
        do throws(ReadError) { number = try reader.read("original sequence number") } catch { failure = error }
      }
      if let failure { damage.note(failure, packet) }
      if !isRead { damage.unreadable += 1 }
      // Two bytes alone are the number of a packet without a payload, which fills its place, too.
      guard let number, packet.payloadLength >= 2 else { continue }
      var repeated = packet
      repeated.sequence = number
      repeated.payloadType = type
      repeated.payloadOffset += 2
      repeated.payloadLength -= 2
      packets.append(repeated)
    }
  }
}

extension StreamAnalysis {
  /// How far a repeated packet's time may be from that of the stream's packets around it: a minute.
  private static let maximumDistance: Int64 = 60

  /// Puts repeated packets where the packets that they repeat are missing; they are in the order of the capture.
  ///
  /// A number means the one that is nearest to those that the stream itself had reached by then.
  public mutating func restore(_ repeats: [MediaPacket]) {
    guard !repeats.isEmpty, !placed.isEmpty else { return }
    let anchors = placed.sorted { ($0.packet.position, $0.extended) < ($1.packet.position, $1.extended) }
    var known = Dictionary(placed.map { ($0.extended, $0.packet.timestamp) }) { first, _ in first }
    let missing = Self.missing(known.keys)
    for packet in repeats {
      var low = 0
      var high = anchors.count
      while low < high {
        let middle = (low + high) / 2
        if anchors[middle].packet.position <= packet.position { low = middle + 1 } else { high = middle }
      }
      let anchor = anchors[max(0, low - 1)]
      let step = Int64(Int16(bitPattern: packet.sequence &- anchor.packet.sequence))
      let units = Int64(Int32(bitPattern: packet.timestamp &- anchor.packet.timestamp))
      guard abs(step) <= SequenceNumbering.maximumDropout,
        abs(units) <= Self.maximumDistance.scaled(Int64(clockRate), 1)
      else {
        strayRepeats += 1
        continue
      }
      let extended = anchor.extended + step
      if let timestamp = known[extended] {
        // What contradicts the packet that came is no repetition of it.
        if timestamp == packet.timestamp { needlessRepeats += 1 } else { strayRepeats += 1 }
        continue
      }
      if let before = known[extended - 1], before == known[extended + 1], before != packet.timestamp {
        // It would tear the frame apart that it stands in.
        strayRepeats += 1
        continue
      }
      known[extended] = packet.timestamp
      var entry = Placed(packet: packet, position: anchor.position + units, extended: extended, isLate: false)
      entry.isRepeated = true
      placed.append(entry)
      retransmitted += 1
    }
    // Nobody had known of packets that are missing at the ends of the stream.
    expected += Self.missing(known.keys) - missing + retransmitted
    settlePlaces()
  }

  /// How many numbers are missing between those that are known.
  private static func missing(_ known: some Collection<Int64>) -> Int64 {
    let sorted = known.sorted()
    return zip(sorted, sorted.dropFirst()).reduce(0) { sum, pair in
      let step = pair.1 - pair.0
      return step <= Int64(SequenceNumbering.maximumDropout) ? sum + step - 1 : sum
    }
  }
}
