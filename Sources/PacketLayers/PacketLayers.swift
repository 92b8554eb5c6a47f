import ByteReading
import EvidenceModel

extension PacketView {
  /// The largest number of VLAN tags, extension headers and link headers together in one packet.
  public static let maximumDepth = 16

  /// Reads the headers of a packet.
  ///
  /// Nothing is thrown: what cannot be read makes an outcome. The payload's length comes from the IP header, so that
  /// Ethernet padding is left out; an IP length of 0, as segmentation offload leaves it, means all that was captured.
  public init(_ bytes: RawSpan, linkType: UInt16) {
    self.init()
    var reader = ByteReader(bytes)
    do throws(ReadError) {
      try readLink(&reader, linkType)
    } catch {
      outcome = .malformed
    }
  }

  private mutating func readLink(_ reader: inout ByteReader, _ linkType: UInt16) throws(ReadError) {
    layer = .link
    switch linkType {
    case 1:  // Ethernet
      try reader.skip(12, "addresses")
      let type: UInt16 = try reader.read("type")
      try readEtherType(&reader, type)
    case 0:  // BSD loopback, the host's byte order
      let family: UInt32 = try reader.read("family")
      try readFamily(&reader, family > 0xffff ? family.byteSwapped : family)
    case 108:  // OpenBSD loopback, network byte order
      let family: UInt32 = try reader.read("family")
      try readFamily(&reader, family)
    case 12, 14, 101: try readIP(&reader)  // raw IP
    case 228: try readIPv4(&reader)
    case 229: try readIPv6(&reader)
    case 113:  // Linux cooked v1
      try reader.skip(14, "cooked header")
      let type: UInt16 = try reader.read("protocol")
      try readEtherType(&reader, type)
    case 276:  // Linux cooked v2
      let type: UInt16 = try reader.read("protocol")
      try reader.skip(18, "cooked header")
      try readEtherType(&reader, type)
    default: outcome = .otherLink
    }
  }

  /// Address families of the BSDs and Linux.
  private mutating func readFamily(_ reader: inout ByteReader, _ family: UInt32) throws(ReadError) {
    switch family {
    case 2: try readIPv4(&reader)
    case 10, 24, 28, 30: try readIPv6(&reader)
    default:
      outcome = .otherProtocol
      protocolCode = 3 << 16 | family & 0xffff
    }
  }

  private mutating func readEtherType(_ reader: inout ByteReader, _ first: UInt16) throws(ReadError) {
    var type = first
    for _ in 0..<Self.maximumDepth {
      switch type {
      case 0x0800: return try readIPv4(&reader)
      case 0x86dd: return try readIPv6(&reader)
      case 0x0806, 0x8035:
        layer = .arp
        outcome = .control
        try reader.skip(8, "ARP header")
        return
      case 0x8100, 0x88a8, 0x9100, 0x9200:  // 802.1Q, 802.1ad and its forerunners
        layer = .vlan
        try reader.skip(2, "tag")
        type = try reader.read("type")
      case 0x0004 where reader.remaining > 3, 0...0x05dc where type != 0x0004:  // 802.2; 4 is Linux cooked's 802.2
        return try readLLC(&reader)
      default:
        outcome = .otherProtocol
        protocolCode = UInt32(type)
        return
      }
    }
    throw ReadError(.limitExceeded, at: reader.offset, reading: "VLAN tags")
  }

  /// Logical link control with SNAP (IEEE 802.2).
  private mutating func readLLC(_ reader: inout ByteReader) throws(ReadError) {
    layer = .llc
    let destination: UInt8 = try reader.read("DSAP")
    let source: UInt8 = try reader.read("SSAP")
    let control: UInt8 = try reader.read("control")
    guard destination == 0xaa, source == 0xaa, control == 3 else {
      if destination == 0x06, source == 0x06, control == 3 { return try readIPv4(&reader) }
      outcome = .otherProtocol
      protocolCode = 1 << 16 | UInt32(destination)
      return
    }
    try reader.skip(3, "OUI")
    let type: UInt16 = try reader.read("type")
    guard type > 0x05dc else {
      outcome = .otherProtocol
      protocolCode = UInt32(type)
      return
    }
    try readEtherType(&reader, type)
  }

  private mutating func readIP(_ reader: inout ByteReader) throws(ReadError) {
    switch reader.peek().map({ $0 >> 4 }) {
    case 4: try readIPv4(&reader)
    case 6: try readIPv6(&reader)
    default: throw ReadError(.malformed, at: reader.offset, reading: "IP version")
    }
  }

  private mutating func readIPv4(_ reader: inout ByteReader) throws(ReadError) {
    layer = .ipv4
    let start = reader.offset
    let versionAndLength: UInt8 = try reader.read("version")
    let headerLength = Int(versionAndLength & 15) * 4
    guard versionAndLength >> 4 == 4, headerLength >= 20 else {
      throw ReadError(.malformed, at: start, reading: "IPv4 header length")
    }
    try reader.skip(1, "type of service")
    let totalLength: UInt16 = try reader.read("total length")
    try reader.skip(2, "identification")
    let fragment: UInt16 = try reader.read("fragment offset")
    try reader.skip(1, "time to live")
    let number: UInt8 = try reader.read("protocol")
    try reader.skip(2, "checksum")
    source = InternetAddress(version4: try reader.read("source address"))
    destination = InternetAddress(version4: try reader.read("destination address"))
    hasAddresses = true
    try reader.skip(headerLength - 20, "options")
    let available = reader.remaining
    guard totalLength == 0 || Int(totalLength) >= headerLength else {
      throw ReadError(.malformed, at: start + 2, reading: "total length")
    }
    let announced = totalLength == 0 ? available : Int(totalLength) - headerLength
    if fragment & 0x3fff != 0 {
      outcome = .fragment
      setPayload(reader.offset, min(available, announced), announced)
      return
    }
    try readTransport(&reader, number, announced)
  }

  private mutating func readIPv6(_ reader: inout ByteReader) throws(ReadError) {
    layer = .ipv6
    let first: UInt32 = try reader.read("version")
    guard first >> 28 == 6 else { throw ReadError(.malformed, at: reader.offset - 4, reading: "IPv6 version") }
    let payloadLength: UInt16 = try reader.read("payload length")
    var next: UInt8 = try reader.read("next header")
    try reader.skip(1, "hop limit")
    source = InternetAddress(version6: try reader.read("source address"), try reader.read("source address"))
    destination = InternetAddress(
      version6: try reader.read("destination address"), try reader.read("destination address"))
    hasAddresses = true
    let begin = reader.offset
    let announced = payloadLength == 0 ? reader.remaining : Int(payloadLength)
    for _ in 0..<Self.maximumDepth {
      switch next {
      case 0, 43, 60, 135, 139, 140:  // hop-by-hop, routing, destination options, mobility, HIP, shim6
        next = try reader.read("next header")
        let length: UInt8 = try reader.read("extension length")
        try reader.skip(Int(length) * 8 + 6, "extension header")
      case 44:
        next = try reader.read("next header")
        try reader.skip(1, "reserved")
        let fragment: UInt16 = try reader.read("fragment offset")
        try reader.skip(4, "identification")
        if fragment & 0xfff9 != 0 {
          outcome = .fragment
          let rest = max(0, announced - (reader.offset - begin))
          setPayload(reader.offset, min(reader.remaining, rest), rest)
          return
        }
      case 59:  // no next header
        outcome = .control
        return
      default:
        return try readTransport(&reader, next, max(0, announced - (reader.offset - begin)))
      }
    }
    throw ReadError(.limitExceeded, at: reader.offset, reading: "extension headers")
  }

  private mutating func readTransport(
    _ reader: inout ByteReader, _ number: UInt8, _ announced: Int
  ) throws(ReadError) {
    let end = reader.offset + announced
    switch number {
    case 6: try readTCP(&reader, end)
    case 17: try readUDP(&reader, end)
    case 1:
      layer = .icmp
      try reader.skip(4, "ICMP header")
      outcome = .control
    case 58:
      layer = .icmpv6
      try reader.skip(4, "ICMPv6 header")
      outcome = .control
    case 2:
      layer = .igmp
      outcome = .control
    default:
      outcome = .otherProtocol
      protocolCode = 2 << 16 | UInt32(number)
    }
  }

  private mutating func readTCP(_ reader: inout ByteReader, _ end: Int) throws(ReadError) {
    layer = .tcp
    let start = reader.offset
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

  private mutating func readUDP(_ reader: inout ByteReader, _ end: Int) throws(ReadError) {
    layer = .udp
    let start = reader.offset
    sourcePort = try reader.read("source port")
    destinationPort = try reader.read("destination port")
    let length: UInt16 = try reader.read("length")
    try reader.skip(2, "checksum")
    // A length of 0 is a jumbogram's, or an offload's; the IP header's then counts (RFC 2675, 4).
    guard length == 0 || length >= 8, end - start >= 8 else {
      throw ReadError(.malformed, at: start + 4, reading: "UDP length")
    }
    let announced = length == 0 ? end - start - 8 : min(Int(length), end - start) - 8
    transport = .udp
    outcome = .transport
    setPayload(reader.offset, min(reader.remaining, announced), announced)
  }

  private mutating func setPayload(_ start: Int, _ count: Int, _ announced: Int) {
    payloadStart = start
    payloadCount = count
    announcedPayloadCount = announced
  }
}
