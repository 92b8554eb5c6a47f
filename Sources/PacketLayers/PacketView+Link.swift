import ByteReading

extension PacketView {
  /// The largest number of VLAN tags, extension headers and link headers together in one packet.
  public static let maximumDepth = 16

  /// Reads the headers of a packet, through tunnels to the innermost.
  ///
  /// Nothing is thrown: what cannot be read makes an outcome. The payload's length comes from the IP header, so that
  /// Ethernet padding is left out; an IP length of 0, as segmentation offload leaves it, means all that was captured.
  public init(_ bytes: RawSpan, linkType: UInt16) {
    self.init()
    var reader = ByteReader(bytes)
    do throws(ReadError) {
      try readLink(&reader, linkType, depth: 0)
    } catch {
      outcome = .malformed
    }
    if outcome != .transport, outcome != .fragment { setRest(reader) }
  }

  /// Counts as payload what stands behind the last header that could be read, as far as the surrounding ones reach.
  ///
  /// What tells about the network (ARP, IGMP) is header altogether, but for the data of ICMP, which `readICMP` sets.
  private mutating func setRest(_ reader: borrowing ByteReader) {
    guard outcome != .control, payloadCount == 0 else { return }
    payloadStart = reader.offset
    payloadCount = min(reader.remaining, max(0, limit - reader.offset))
    announcedPayloadCount = payloadCount
  }

  /// Link types that this reads, by their LINKTYPE number.
  public static func reads(linkType: UInt16) -> Bool {
    switch linkType {
    case 0, 1, 9, 12, 14, 50, 51, 99, 100, 101, 104, 105, 107, 108, 109, 113, 117, 119, 127, 129, 138, 149, 163, 166,
      192, 204,
      205, 206, 219, 226, 228, 229, 239, 258, 276:
      true
    default: false
    }
  }

  mutating func readLink(_ reader: inout ByteReader, _ linkType: UInt16, depth: Int) throws(ReadError) {
    layer = .link
    switch linkType {
    case 1: try readEthernet(&reader)
    case 0:  // BSD loopback, the host's byte order
      let family: UInt32 = try reader.read("family")
      try readFamily(&reader, family > 0xffff ? family.byteSwapped : family)
    case 108:  // OpenBSD loopback, network byte order
      let family: UInt32 = try reader.read("family")
      try readFamily(&reader, family)
    case 12, 14, 101: try readIP(&reader)  // raw IP
    case 228: try readIPv4(&reader)
    case 229: try readIPv6(&reader)
    case 9, 50:
      if linkType == 50, reader.peek() == 0x0f || reader.peek() == 0x8f {
        try readCiscoHDLC(&reader)
      } else {
        try readPPP(&reader)
      }
    case 166, 204:  // PPP behind a byte that tells the direction; pppd's own has the address and control fields too
      try reader.skip(1, "direction")
      try readPPP(&reader)
    case 51: try readPPPoE(&reader)
    case 104: try readCiscoHDLC(&reader)
    case 205:
      try reader.skip(1, "direction")
      try readCiscoHDLC(&reader)
    case 107: try readFrameRelay(&reader)
    case 206:
      try reader.skip(1, "direction")
      try readFrameRelay(&reader)
    case 219: try readMPLS(&reader)
    case 105: try readWLAN(&reader, isPadded: false)
    case 127: try readRadiotap(&reader)
    case 119: try readPrism(&reader)
    case 163: try readAVS(&reader)
    default: try readRareLink(&reader, linkType, depth)
    }
  }

  private mutating func readRareLink(
    _ reader: inout ByteReader, _ linkType: UInt16, _ depth: Int
  ) throws(ReadError) {
    switch linkType {
    case 113:  // Linux cooked v1
      try reader.skip(2, "packet type")
      let device: UInt16 = try reader.read("device type")
      try reader.skip(10, "address")
      let type: UInt16 = try reader.read("protocol")
      try readCooked(&reader, type, device)
    case 276:  // Linux cooked v2
      let type: UInt16 = try reader.read("protocol")
      try reader.skip(6, "interface")
      let device: UInt16 = try reader.read("device type")
      try reader.skip(10, "address")
      try readCooked(&reader, type, device)
    case 99, 129, 138: try readFixed(&reader, linkType)
    case 100: try readLLC(&reader)  // RFC 2684 with LLC
    case 109:  // OpenBSD encapsulating interface, the host's byte order
      let family: UInt32 = try reader.read("family")
      try reader.skip(8, "security association")
      try readFamily(&reader, family > 0xffff ? family.byteSwapped : family)
    case 117:  // OpenBSD packet filter log; the header is padded to four bytes
      let length: UInt8 = try reader.read("header length")
      let family: UInt8 = try reader.read("family")
      try reader.move(to: (Int(length) + 3) & ~3, "log header")
      try readFamily(&reader, UInt32(family))
    case 226:  // Solaris IPNET, version 1
      try reader.skip(1, "version")
      let family: UInt8 = try reader.read("family")
      try reader.skip(22, "zones")
      try readFamily(&reader, family == 26 ? 10 : UInt32(family))
    case 239: try readNFLOG(&reader)
    case 149 where depth == 0 && Self.isPKTAP(reader), 258 where depth == 0:  // Darwin's PKTAP, little-endian
      let length = try reader.readLittleEndian(UInt32.self, "header length")
      try reader.skip(4, "record type")
      let inner = try reader.readLittleEndian(UInt32.self, "link type")
      try reader.move(to: Int(length), "PKTAP header")
      try readLink(&reader, UInt16(clamping: inner), depth: depth + 1)
    case 192 where depth == 0:  // per-packet information, little-endian
      try reader.skip(2, "version and flags")
      let length = try reader.readLittleEndian(UInt16.self, "header length")
      let inner = try reader.readLittleEndian(UInt32.self, "link type")
      try reader.move(to: Int(length), "PPI header")
      try readLink(&reader, UInt16(clamping: inner), depth: depth + 1)
    default: outcome = .otherLink
    }
  }

  /// USER2 was Darwin's PKTAP before it got a number; its header says so by its length.
  private static func isPKTAP(_ reader: borrowing ByteReader) -> Bool {
    guard let low = reader.peek(), let high = reader.peek(1), reader.peek(2) == 0, reader.peek(3) == 0,
      let type = reader.peek(4), type == 1
    else { return false }
    return (108...1024).contains(Int(high) << 8 | Int(low))
  }

  /// Links whose header has one length and ends with an EtherType.
  private mutating func readFixed(_ reader: inout ByteReader, _ linkType: UInt16) throws(ReadError) {
    switch linkType {
    case 99:  // Symantec firewall
      try reader.skip(6, "Symantec header")
      let type: UInt16 = try reader.read("type")
      try reader.skip(36, "Symantec header")
      try readEtherType(&reader, type)
    case 129:  // Linux ARCNET
      try reader.skip(4, "ARCNET header")
      let type: UInt8 = try reader.read("type")
      if type == 0xd4 || type == 0xc4 { try reader.skip(3, "split flag and sequence") }
      if type == 0xd4 { return try readIPv4(&reader) }
      if type == 0xc4 { return try readIPv6(&reader) }
      outcome = type == 0xd5 || type == 0xd6 ? .control : .otherProtocol
      protocolCode = ProtocolSpace.etherType.code(type)
    default:  // Apple's IP over IEEE 1394
      try reader.skip(16, "addresses")
      let type: UInt16 = try reader.read("type")
      try readEtherType(&reader, type)
    }
  }

  private mutating func readCooked(
    _ reader: inout ByteReader, _ type: UInt16, _ device: UInt16
  ) throws(ReadError) {
    // Tunnel devices: GRE names its payload by an EtherType; monitor devices carry frames.
    switch device {
    case 801, 802, 803: outcome = .otherLink
    case 824:
      outcome = .otherProtocol
      protocolCode = ProtocolSpace.etherType.code(type)
    default: try readEtherType(&reader, type)
    }
  }

  /// Linux' netfilter log: the payload is one of its values (all but lengths in network order).
  private mutating func readNFLOG(_ reader: inout ByteReader) throws(ReadError) {
    let family: UInt8 = try reader.read("family")
    try reader.skip(3, "version and resource")
    while reader.remaining >= 4 {
      let length = try reader.readLittleEndian(UInt16.self, "value length")
      let type = try reader.readLittleEndian(UInt16.self, "value type")
      guard length >= 4 else { throw ReadError(.malformed, at: reader.offset - 4, reading: "value length") }
      if type & 0x7fff == 9 { return try readFamily(&reader, UInt32(family)) }
      try reader.skip(min(reader.remaining, (Int(length) + 3) & ~3 - 4), "value")
    }
    throw ReadError(.malformed, at: reader.offset, reading: "payload")
  }

  mutating func readEthernet(_ reader: inout ByteReader) throws(ReadError) {
    layer = .link
    try reader.skip(12, "addresses")
    let type: UInt16 = try reader.read("type")
    try readEtherType(&reader, type)
  }

  /// Address families of the BSDs and Linux.
  mutating func readFamily(_ reader: inout ByteReader, _ family: UInt32) throws(ReadError) {
    switch family {
    case 2: try readIPv4(&reader)
    case 10, 24, 28, 30: try readIPv6(&reader)
    default:
      outcome = .otherProtocol
      protocolCode = ProtocolSpace.family.code(family)
    }
  }

  mutating func readEtherType(_ reader: inout ByteReader, _ first: UInt16) throws(ReadError) {
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
      case 0x8903:  // Cisco FabricPath
        try reader.skip(2, "tag")
        return try readEthernet(&reader)
      case 0x893f:  // 802.1BR
        layer = .vlan
        try reader.skip(6, "tag")
        type = try reader.read("type")
      case 0x8847, 0x8848: return try readMPLS(&reader)
      case 0x8863:  // discovery
        layer = .pppoe
        outcome = .control
        return
      case 0x8864: return try readPPPoE(&reader)
      case 0x88e5: return try readMACsec(&reader)
      case 0x88e7: return try readPBB(&reader)
      case 0x894f: return try readNSH(&reader)
      case 0x0004 where reader.remaining > 3, 0...0x05dc where type != 0x0004:  // 802.2; 4 is Linux cooked's 802.2
        return try readLLC(&reader)
      default:
        outcome = .otherProtocol
        protocolCode = ProtocolSpace.etherType.code(type)
        return
      }
    }
    throw ReadError(.limitExceeded, at: reader.offset, reading: "VLAN tags")
  }

  /// Logical link control with SNAP (IEEE 802.2).
  mutating func readLLC(_ reader: inout ByteReader) throws(ReadError) {
    layer = .llc
    let destination: UInt8 = try reader.read("DSAP")
    let source: UInt8 = try reader.read("SSAP")
    let control: UInt8 = try reader.read("control")
    guard destination == 0xaa, source == 0xaa, control == 3 else {
      if destination == 0x06, source == 0x06, control == 3 { return try readIPv4(&reader) }
      outcome = .otherProtocol
      protocolCode = ProtocolSpace.serviceAccessPoint.code(destination)
      return
    }
    let organisation: UInt8 = try reader.read("OUI")
    let rest: UInt16 = try reader.read("OUI")
    let type: UInt16 = try reader.read("type")
    // RFC 2684, 4.2: Ethernet bridged over ATM, with or without its check sequence, behind two bytes of padding.
    if organisation == 0, rest == 0x80c2, type == 1 || type == 7 {
      try reader.skip(2, "padding")
      return try readEthernet(&reader)
    }
    guard type > 0x05dc else {
      outcome = .otherProtocol
      protocolCode = ProtocolSpace.etherType.code(type)
      return
    }
    try readEtherType(&reader, type)
  }
}
