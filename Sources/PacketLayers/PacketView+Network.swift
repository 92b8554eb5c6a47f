import ByteReading
import EvidenceModel

extension PacketView {
  mutating func readIP(_ reader: inout ByteReader) throws(ReadError) {
    switch reader.peek().map({ $0 >> 4 }) {
    case 4: try readIPv4(&reader)
    case 6: try readIPv6(&reader)
    default: throw ReadError(.malformed, at: reader.offset, reading: "IP version")
    }
  }

  /// Bytes from the reader's place to the end that the surrounding headers announce.
  func announced(_ reader: borrowing ByteReader) -> Int {
    limit == .max ? reader.remaining : max(0, limit - reader.offset)
  }

  mutating func readIPv4(_ reader: inout ByteReader) throws(ReadError) {
    layer = .ipv4
    let start = reader.offset
    let versionAndLength: UInt8 = try reader.read("version")
    let headerLength = Int(versionAndLength & 15) * 4
    guard versionAndLength >> 4 == 4, headerLength >= 20 else {
      throw ReadError(.malformed, at: start, reading: "IPv4 header length")
    }
    try reader.skip(1, "type of service")
    let totalLength: UInt16 = try reader.read("total length")
    let identification: UInt16 = try reader.read("identification")
    let place: UInt16 = try reader.read("fragment offset")
    try reader.skip(1, "time to live")
    let number: UInt8 = try reader.read("protocol")
    try reader.skip(2, "checksum")
    source = InternetAddress(version4: try reader.read("source address"))
    destination = InternetAddress(version4: try reader.read("destination address"))
    hasAddresses = true
    try reader.skip(headerLength - 20, "options")
    guard totalLength == 0 || Int(totalLength) >= headerLength else {
      throw ReadError(.malformed, at: start + 2, reading: "total length")
    }
    if totalLength != 0 { limit = min(limit, start + Int(totalLength)) }
    self.identification = identification
    networkProtocol = number
    networkPayloadStart = reader.offset
    if place & 0x3fff != 0 {
      fragment = FragmentPlace(
        identification: UInt32(identification), offset: Int(place & 0x1fff) * 8, isLast: place & 0x2000 == 0,
        protocolNumber: number, isIPv6: false)
      return setFragment(reader)
    }
    try readTransport(&reader, number)
  }

  mutating func readIPv6(_ reader: inout ByteReader) throws(ReadError) {
    layer = .ipv6
    let first: UInt32 = try reader.read("version")
    guard first >> 28 == 6 else { throw ReadError(.malformed, at: reader.offset - 4, reading: "IPv6 version") }
    let payloadLength: UInt16 = try reader.read("payload length")
    let next: UInt8 = try reader.read("next header")
    try reader.skip(1, "hop limit")
    source = InternetAddress(version6: try reader.read("source address"), try reader.read("source address"))
    destination = InternetAddress(
      version6: try reader.read("destination address"), try reader.read("destination address"))
    hasAddresses = true
    // A length of 0 is a jumbogram's or an offload's.
    if payloadLength != 0 { limit = min(limit, reader.offset + Int(payloadLength)) }
    identification = 0
    networkProtocol = next
    networkPayloadStart = reader.offset
    try readExtensions(&reader, next)
  }

  /// Passes over IPv6 extension headers (RFC 8200, 4).
  private mutating func readExtensions(_ reader: inout ByteReader, _ first: UInt8) throws(ReadError) {
    var next = first
    for _ in 0..<Self.maximumDepth {
      switch next {
      case 0, 43, 60, 135, 139, 140:  // hop-by-hop, routing, destination options, mobility, HIP, shim6
        next = try reader.read("next header")
        let length: UInt8 = try reader.read("extension length")
        try reader.skip(Int(length) * 8 + 6, "extension header")
      case 44:
        next = try reader.read("next header")
        try reader.skip(1, "reserved")
        let place: UInt16 = try reader.read("fragment offset")
        let identification: UInt32 = try reader.read("identification")
        if place & 0xfff9 != 0 {
          fragment = FragmentPlace(
            identification: identification, offset: Int(place & 0xfff8), isLast: place & 1 == 0, protocolNumber: next,
            isIPv6: true)
          return setFragment(reader)
        }
      case 59:  // no next header
        outcome = .control
        return
      default: return try readTransport(&reader, next)
      }
    }
    throw ReadError(.limitExceeded, at: reader.offset, reading: "extension headers")
  }

  private mutating func setFragment(_ reader: borrowing ByteReader) {
    outcome = .fragment
    let count = announced(reader)
    setPayload(reader.offset, min(reader.remaining, count), count)
  }

  /// Reads on in the payload of a packet that was put together from fragments, whose headers this view has read.
  ///
  /// Offsets are those of `bytes` from now on.
  public func reassembled(_ bytes: RawSpan) -> PacketView {
    var view = self
    var reader = ByteReader(bytes)
    view.limit = bytes.byteCount
    do throws(ReadError) {
      if fragment.isIPv6 {
        try view.readExtensions(&reader, fragment.protocolNumber)
      } else {
        try view.readTransport(&reader, fragment.protocolNumber)
      }
    } catch {
      view.outcome = .malformed
    }
    return view
  }

  mutating func readTransport(_ reader: inout ByteReader, _ number: UInt8) throws(ReadError) {
    switch number {
    case 6: try readTCP(&reader)
    case 17: try readUDP(&reader)
    case 1:
      layer = .icmp
      try readICMP(&reader, isError: { [3, 4, 5, 11, 12].contains($0) })
    case 58:
      layer = .icmpv6
      try readICMP(&reader, isError: { (1...4).contains($0) })
    case 2:
      layer = .igmp
      outcome = .control
    case 4:
      try enter(.ipip, reader)
      try readIPv4(&reader)
    case 41:
      try enter(is6to4(reader) ? .sixToFour : .sixInFour, reader)
      try readIPv6(&reader)
    case 47: try readGRE(&reader)
    case 50: try readESP(&reader)
    case 51: try readAH(&reader)
    case 97: try readEtherIP(&reader)
    case 115: try readL2TP3(&reader)
    case 132: try readSCTP(&reader)
    case 136: try readUDPLite(&reader)
    case 137: try readMPLS(&reader)
    case 143: try readEthernetInIP(&reader)
    default:
      outcome = .otherProtocol
      protocolCode = ProtocolSpace.ip.code(number)
    }
  }

  /// Whether an IPv6 address of what follows is made of this packet's IPv4 address (RFC 3056, 2).
  private func is6to4(_ reader: borrowing ByteReader) -> Bool {
    guard !source.isVersion6, !destination.isVersion6 else { return false }
    let word = { (reader: borrowing ByteReader, place: Int) -> UInt64 in
      (0..<6).reduce(UInt64(0)) { $0 << 8 | UInt64(reader.peek(place + $1) ?? 0) }
    }
    return word(reader, 8) == 0x2002 << 32 | source.words.1 || word(reader, 24) == 0x2002 << 32 | destination.words.1
  }

  /// An error belongs to the pair of addresses that its quotation names (RFC 792; RFC 4443, 3).
  private mutating func readICMP(
    _ reader: inout ByteReader, isError: (UInt8) -> Bool
  ) throws(ReadError) {
    let type: UInt8 = try reader.read("type")
    try reader.skip(3, "code and checksum")
    outcome = .control
    let count = min(reader.remaining, announced(reader))
    setPayload(reader.offset, count, count)
    guard isError(type), reader.remaining >= 24 else { return }
    try reader.skip(4, "unused")
    var quoted = PacketView()
    // A quotation is cut off behind its first bytes.
    try? quoted.readIP(&reader)
    if quoted.hasAddresses {
      source = quoted.source
      destination = quoted.destination
    }
  }

  private mutating func readTCP(_ reader: inout ByteReader) throws(ReadError) {
    layer = .tcp
    let start = reader.offset
    let end = start + announced(reader)
    guard end - start >= 20 else { throw ReadError(.malformed, at: start, reading: "TCP header") }
    sourcePort = try reader.read("source port")
    destinationPort = try reader.read("destination port")
    sequence = try reader.read("sequence number")
    acknowledgement = try reader.read("acknowledgement number")
    let lengthAndFlags: UInt16 = try reader.read("data offset")
    let headerLength = Int(lengthAndFlags >> 12) * 4
    guard headerLength >= 20, start + headerLength <= end else {
      throw ReadError(.malformed, at: start + 12, reading: "data offset")
    }
    flags = TCPFlags(rawValue: UInt8(truncatingIfNeeded: lengthAndFlags) & 0x1f)
    try reader.skip(headerLength - 14, "options")
    transport = .tcp
    outcome = .transport
    setPayload(reader.offset, min(reader.remaining, end - reader.offset), end - reader.offset)
  }

  private mutating func readUDP(_ reader: inout ByteReader) throws(ReadError) {
    layer = .udp
    let start = reader.offset
    let end = start + announced(reader)
    let from: UInt16 = try reader.read("source port")
    let to: UInt16 = try reader.read("destination port")
    let length: UInt16 = try reader.read("length")
    try reader.skip(2, "checksum")
    // A length of 0 is a jumbogram's, or an offload's; the IP header's then counts (RFC 2675, 4).
    guard length == 0 || length >= 8, end - start >= 8 else {
      throw ReadError(.malformed, at: start + 4, reading: "UDP length")
    }
    let announced = length == 0 ? end - start - 8 : min(Int(length), end - start) - 8
    sourcePort = from
    destinationPort = to
    if openTunnel(reader, announced) { return }
    transport = .udp
    outcome = .transport
    setPayload(reader.offset, min(reader.remaining, announced), announced)
  }

  mutating func setPayload(_ start: Int, _ count: Int, _ announced: Int) {
    payloadStart = start
    payloadCount = count
    announcedPayloadCount = announced
  }
}
