import ByteReading
public import EvidenceModel

/// The packets of one side of a fax by their numbers, with those that copies or parity brought back.
public struct FaxPackets: Sendable {
  /// How the index of UDPTL names copies of earlier packets and parity over several.
  static let copyType: UInt8 = 1
  static let parityType: UInt8 = 2
  /// Packets of a side that are read, and packets that one parity covers.
  public static let maximumPackets = 500_000
  static let maximumParity = 64
  /// How often all parities are tried: what one brings back may serve another.
  static let maximumPasses = 4

  public enum Recovery: String, Sendable { case copy, parity }

  struct Entry: Sendable {
    let number: Int64
    /// Where it stands; of what parity brought back, the packet with the parity.
    let packet: MediaPacket
    /// What parity brought back.
    let bytes: [UInt8]?
    let recovery: Recovery?
  }

  public let source: Endpoint
  /// In the order of their numbers.
  private(set) var entries: [Entry] = []
  public var packetCount: Int { entries.count }
  public private(set) var recoveredByCopy: Int64 = 0
  public private(set) var recoveredByParity: Int64 = 0
  /// Packets whose numbers nothing brought.
  public private(set) var missing: Int64 = 0
  public private(set) var omitted: Int64 = 0
  /// Whether fields are written as in the version of 1998, as most packets show.
  private(set) var isFirstVersion = false

  private struct Parity {
    let number: Int64
    let packet: MediaPacket
  }

  public init(_ packets: [MediaPacket], from source: Endpoint, originals: [UInt16: Int32], step: () -> Void = {}) {
    self.source = source
    let payloads = PayloadSource(originals)
    var known: [Int64: Entry] = [:]
    var parities: [Parity] = []
    var numbering: SequenceNumbering?
    var current: Int64 = 0
    for packet in packets {
      step()
      if packet.payloadType == Self.parityType {
        if parities.count < Self.maximumPackets { parities.append(Parity(number: current, packet: packet)) }
        continue
      }
      var number = current
      let isCopy = packet.payloadType == Self.copyType
      if isCopy {
        number = current + Int64(Int16(bitPattern: packet.sequence &- UInt16(truncatingIfNeeded: current)))
      } else {
        if numbering == nil { numbering = SequenceNumbering(packet.sequence) }
        number = numbering?.extend(packet.sequence).number ?? 0
        current = number
      }
      // The packet itself goes before its copies, whichever came first.
      if let former = known[number], isCopy || former.recovery == nil { continue }
      guard known.count < Self.maximumPackets || known[number] != nil else {
        omitted += 1
        continue
      }
      known[number] = Entry(number: number, packet: packet, bytes: nil, recovery: isCopy ? .copy : nil)
    }
    repair(&known, parities, payloads, step)
    entries = known.values.sorted { $0.number < $1.number }
    for entry in entries {
      if entry.recovery == .copy { recoveredByCopy += 1 }
      if entry.recovery == .parity { recoveredByParity += 1 }
    }
    for (former, entry) in zip(entries, entries.dropFirst()) { missing += Self.lost(between: former, entry) }
    tellVersion(payloads)
  }

  /// How many packets are missing between two that follow each other; a new numbering of the sender is no loss.
  static func lost(between former: Entry, _ entry: Entry) -> Int64 {
    let step = entry.number - former.number - 1
    return step <= Int64(SequenceNumbering.maximumDropout) ? step : 0
  }

  func bytes(of entry: Entry, _ payloads: PayloadSource) -> [UInt8]? {
    if let bytes = entry.bytes { return bytes }
    var result: [UInt8]?
    let packet = entry.packet
    _ = payloads.read(packet.payloadFile, packet.payloadOffset, Int(packet.payloadLength)) { result = $0.array() }
    return result
  }

  // MARK: Parity

  /// Brings back packets that are the only missing ones under a parity (T.38, 9.1.4.2).
  private mutating func repair(
    _ known: inout [Int64: Entry], _ parities: [Parity], _ payloads: PayloadSource, _ step: () -> Void
  ) {
    for _ in 0..<Self.maximumPasses {
      var isChanged = false
      for parity in parities {
        step()
        var read: (span: Int, parts: [[UInt8]])?
        _ = payloads.read(
          parity.packet.payloadFile, parity.packet.payloadOffset, Int(parity.packet.payloadLength)
        ) { read = try? Self.parts($0) }
        guard let read else { continue }
        for (place, part) in read.parts.enumerated() {
          let covered = (1...read.span).map { parity.number + Int64(place - read.parts.count * $0) }
          let lacking = covered.filter { known[$0] == nil }
          guard lacking.count == 1, let number = lacking.first, number >= 0, known.count < Self.maximumPackets else {
            continue
          }
          var bytes = part
          var isRead = true
          for other in covered where other != number {
            guard let entry = known[other], let others = self.bytes(of: entry, payloads) else {
              isRead = false
              break
            }
            for index in bytes.indices.prefix(others.count) { bytes[index] ^= others[index] }
          }
          guard isRead else { continue }
          known[number] = Entry(number: number, packet: parity.packet, bytes: bytes, recovery: .parity)
          isChanged = true
        }
      }
      if !isChanged { break }
    }
  }

  private static func parts(_ bytes: RawSpan) throws(ReadError) -> (span: Int, parts: [[UInt8]]) {
    var reader = ByteReader(bytes)
    try reader.skip(1, "length of a number")
    let span: UInt8 = try reader.read("packets of a parity")
    let count: UInt8 = try reader.read("count of parities")
    guard (1...maximumParity).contains(Int(span)), count <= maximumParity else {
      throw ReadError(.limitExceeded, at: 1, reading: "packets of a parity")
    }
    var parts: [[UInt8]] = []
    for _ in 0..<count {
      let first: UInt8 = try reader.read("length")
      var length = Int(first)
      if first & 0x80 != 0 { length = Int(first & 0x3f) << 8 | Int(try reader.read(UInt8.self, "length")) }
      parts.append(try reader.take(length, "parity").array())
    }
    return (Int(span), parts)
  }

  // MARK: Version

  /// Tells by which version more packets are whole: what the signalling says of it is often wrong.
  private mutating func tellVersion(_ payloads: PayloadSource) {
    var first = 0
    var later = 0
    for entry in entries.prefix(1_000) {
      guard let bytes = bytes(of: entry, payloads) else { continue }
      if Self.packet(bytes, isFirstVersion: true, entry) != nil { first += 1 }
      if Self.packet(bytes, isFirstVersion: false, entry) != nil { later += 1 }
    }
    isFirstVersion = first > later
  }

  static func packet(_ bytes: [UInt8], isFirstVersion: Bool, _ entry: Entry) -> IFPPacket? {
    // Safe: the view ends before `bytes` does.
    try? unsafe IFPPacket(
      bytes.span.bytes, isFirstVersion: isFirstVersion, ignoresZeros: entry.recovery == .parity)
  }
}
