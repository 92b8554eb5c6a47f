import ByteReading

/// The stream control transmission protocol (RFC 9260) and UDP-Lite (RFC 3828).
extension PacketView {
  /// What an SCTP packet's checksum says of it.
  public enum ChecksumVerdict: UInt8, Sendable {
    case right, wrong
    /// The field is empty: left to the network card, or not used at all (RFC 9653).
    case absent
    /// The recorder cut the packet short.
    case unknown
  }

  /// Reads the common header and checks that whole chunks follow it; they are the payload (RFC 9260, 3.1, 3.2).
  mutating func readSCTP(_ reader: inout ByteReader) throws(ReadError) {
    layer = .sctp
    let start = reader.offset
    let end = start + announced(reader)
    guard end - start >= 16 else { throw ReadError(.malformed, at: start, reading: "SCTP packet") }
    sourcePort = try reader.read("source port")
    destinationPort = try reader.read("destination port")
    verificationTag = try reader.read("verification tag")
    try reader.skip(4, "checksum")
    try Self.checkChunks(reader, end)
    transport = .sctp
    outcome = .transport
    setPayload(reader.offset, min(reader.remaining, end - reader.offset), end - reader.offset)
  }

  /// Whether chunks fill the packet up to `end`; what the recorder cut off cannot be looked at.
  private static func checkChunks(_ reader: borrowing ByteReader, _ end: Int) throws(ReadError) {
    var own = copy reader
    while own.offset < end, own.remaining >= 4 {
      let place = own.offset
      try own.skip(2, "chunk type")
      let length: UInt16 = try own.read("chunk length")
      guard length >= 4, place + Int(length) <= end else {
        throw ReadError(.malformed, at: place, reading: "chunk length")
      }
      try own.skip(min(own.remaining, (Int(length) + 3) & ~3 - 4), "chunk")
    }
  }

  /// What the checksum of an SCTP packet says; `bytes` are the whole packet's, or those put together from fragments.
  public func checksumVerdict(_ bytes: RawSpan) -> ChecksumVerdict {
    let start = payloadStart - 12
    guard transport == .sctp, !isCut, start >= 0, payloadStart + payloadCount <= bytes.byteCount else {
      return .unknown
    }
    return CRC32C.verdict(bytes.extracting(start..<(payloadStart + payloadCount)))
  }

  /// SCTP in UDP (RFC 6951): its checksum proves it.
  mutating func openSCTP(_ reader: borrowing ByteReader) -> Bool {
    var own = copy reader
    let end = limit
    guard end >= own.offset, own.remaining >= end - own.offset, end - own.offset >= 16 else { return false }
    do throws(ReadError) {
      var look = copy own
      let bytes = try look.take(end - own.offset, "SCTP packet")
      guard CRC32C.verdict(bytes) == .right else { return false }
      try enter(.udp, reader)
      try readSCTP(&own)
      return true
    } catch {
      return false
    }
  }

  /// UDP-Lite: the length field says how much the checksum covers, the IP header how long the datagram is (RFC 3828, 3.1).
  mutating func readUDPLite(_ reader: inout ByteReader) throws(ReadError) {
    layer = .udpLite
    let start = reader.offset
    let end = start + announced(reader)
    guard end - start >= 8 else { throw ReadError(.malformed, at: start, reading: "UDP-Lite header") }
    sourcePort = try reader.read("source port")
    destinationPort = try reader.read("destination port")
    let coverage: UInt16 = try reader.read("coverage")
    try reader.skip(2, "checksum")
    guard coverage == 0 || coverage >= 8, Int(coverage) <= end - start else {
      throw ReadError(.malformed, at: start + 4, reading: "UDP-Lite coverage")
    }
    transport = .udpLite
    outcome = .transport
    setPayload(reader.offset, min(reader.remaining, end - reader.offset), end - reader.offset)
  }
}

/// SCTP's checksum (RFC 9260, appendix A), and the one it had before (RFC 2960, appendix B).
enum CRC32C {
  private static let table: [UInt32] = (0..<256 as Range<UInt32>).map { index in
    (0..<8).reduce(index) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1 }
  }

  static func verdict(_ packet: RawSpan) -> PacketView.ChecksumVerdict {
    guard packet.byteCount >= 12 else { return .unknown }
    let field = (8..<12).reduce(UInt32(0)) { $0 << 8 | UInt32(packet[$1]) }
    if field == 0 { return .absent }
    var sum = UInt32.max
    var low: UInt32 = 1
    var high: UInt32 = 0
    let table = table
    for place in 0..<packet.byteCount {
      let byte = 8..<12 ~= place ? 0 : packet[place]
      sum = table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] ^ sum >> 8
      low += UInt32(byte)
      high += low
      if place & 0x7ff == 0x7ff {
        low %= 65_521
        high %= 65_521
      }
    }
    return field.byteSwapped == ~sum || field == high % 65_521 << 16 | low % 65_521 ? .right : .wrong
  }
}
