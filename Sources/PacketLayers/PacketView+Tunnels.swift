import ByteReading
import EvidenceModel

/// Tunnels that an EtherType or an IP protocol number names.
extension PacketView {
  /// Notes a tunnel; what follows belongs to the packet inside.
  mutating func enter(
    _ kind: TunnelPath.Kind, _ reader: borrowing ByteReader, network: UInt32 = 0
  ) throws(ReadError) {
    guard tunnels.enter(kind, network: network) else {
      throw ReadError(.limitExceeded, at: reader.offset, reading: "tunnels")
    }
  }

  /// The label stack (RFC 3032, 2.1), and behind it IP or a pseudowire with Ethernet (RFC 4448).
  mutating func readMPLS(_ reader: inout ByteReader) throws(ReadError) {
    layer = .mpls
    try enter(.mpls, reader)
    var bottom: UInt32 = 0
    var count = 0
    repeat {
      count += 1
      guard count <= Self.maximumDepth else {
        throw ReadError(.limitExceeded, at: reader.offset, reading: "labels")
      }
      bottom = try reader.read("label")
    } while bottom & 0x100 == 0
    let label = bottom >> 12
    if label == 13 || label == 14 {  // a channel of the network's own (RFC 5586; RFC 3429)
      outcome = .control
      return
    }
    if Structure.isIP(reader, limit) { return try readIP(&reader) }
    // A pseudowire's control word begins with a zero nibble; without one an address may begin with anything.
    if let first = reader.peek(), first >> 4 == 0, Structure.isEthernet(reader, 4, limit) {
      try enter(.pseudowire, reader)
      try reader.skip(4, "control word")
      return try readEthernet(&reader)
    }
    if Structure.isEthernet(reader, 0, limit) {
      try enter(.pseudowire, reader)
      return try readEthernet(&reader)
    }
    // Nothing shows what it is: most routers would go by the first nibble, too (RFC 4928).
    if Structure.isIP(reader, limit, hasChecksum: false) { return try readIP(&reader) }
    outcome = .otherProtocol
    protocolCode = ProtocolSpace.etherType.code(0x8847)
  }

  /// MACsec (IEEE 802.1AE, 9.3): what is only protected against change is read on.
  mutating func readMACsec(_ reader: inout ByteReader) throws(ReadError) {
    layer = .macsec
    let control: UInt8 = try reader.read("control information")
    guard control & 0x80 == 0 else { throw ReadError(.malformed, at: reader.offset, reading: "MACsec version") }
    try reader.skip(5, "short length and packet number")
    if control & 0x20 != 0 { try reader.skip(8, "channel identifier") }
    guard control & 0x0c == 0 else {
      outcome = .otherProtocol
      protocolCode = ProtocolSpace.etherType.code(0x88e5)
      return
    }
    try enter(.macsec, reader)
    let type: UInt16 = try reader.read("type")
    try readEtherType(&reader, type)
  }

  /// Provider backbone bridging (IEEE 802.1Q, 9.7).
  mutating func readPBB(_ reader: inout ByteReader) throws(ReadError) {
    layer = .pbb
    let tag: UInt32 = try reader.read("service tag")
    try enter(.pbb, reader, network: (tag & 0xff_ffff) + 1)
    try readEthernet(&reader)
  }

  /// The network service header (RFC 8300, 2).
  mutating func readNSH(_ reader: inout ByteReader) throws(ReadError) {
    layer = .nsh
    let start = reader.offset
    let first: UInt16 = try reader.read("version and length")
    try reader.skip(1, "metadata type")
    let next: UInt8 = try reader.read("next protocol")
    let length = Int(first & 0x3f) * 4
    guard first >> 14 == 0, length >= 8 else { throw ReadError(.malformed, at: start, reading: "NSH length") }
    try enter(.nsh, reader)
    try reader.skip(length - 4, "service path and metadata")
    try readNext(&reader, next)
  }

  /// The next protocol of NSH and VXLAN-GPE (RFC 8300, 11.2.5; draft-ietf-nvo3-vxlan-gpe).
  mutating func readNext(_ reader: inout ByteReader, _ next: UInt8) throws(ReadError) {
    switch next {
    case 1: try readIPv4(&reader)
    case 2: try readIPv6(&reader)
    case 3: try readEthernet(&reader)
    case 4: try readNSH(&reader)
    case 5: try readMPLS(&reader)
    default:
      outcome = .otherProtocol
      protocolCode = ProtocolSpace.nextHeader.code(next)
    }
  }

  /// Generic routing encapsulation (RFC 2784, RFC 2890), PPTP's version of it (RFC 2637, 4.1), ERSPAN.
  mutating func readGRE(_ reader: inout ByteReader) throws(ReadError) {
    layer = .gre
    let start = reader.offset
    let flags: UInt16 = try reader.read("flags")
    let type: UInt16 = try reader.read("protocol")
    if flags & 7 == 1 { return try readPPTP(&reader, flags, type) }
    guard flags & 7 == 0 else { throw ReadError(.malformed, at: start, reading: "GRE version") }
    if flags & 0xc000 != 0 { try reader.skip(4, "checksum and offset") }
    let hasKey = flags & 0x2000 != 0
    let hasSequence = flags & 0x1000 != 0
    if hasKey { try reader.skip(4, "key") }
    if hasSequence { try reader.skip(4, "sequence number") }
    if flags & 0x4000 != 0 { try skipRoutes(&reader) }
    switch type {
    case 0x88be: return try readERSPAN(&reader, hasHeader: hasSequence)
    case 0x22eb: return try readERSPAN3(&reader)
    default: break
    }
    try enter(.gre, reader)
    switch type {
    case 0x0800: try readIPv4(&reader)
    case 0x86dd: try readIPv6(&reader)
    case 0x6558: try readEthernet(&reader)
    case 0x8847, 0x8848: try readMPLS(&reader)
    case 0x880b: try readPPP(&reader)
    case 0x894f: try readNSH(&reader)
    case 0x8200...0x82ff where Structure.isWLANData(reader): try readWLAN(&reader, isPadded: false)  // Aruba
    case 0x883e:  // WCCP, from version 2 on with a header of its own
      if let first = reader.peek(), first >> 4 != 4 { try reader.skip(4, "WCCP header") }
      try readIPv4(&reader)
    default:
      outcome = .otherProtocol
      protocolCode = ProtocolSpace.gre.code(type)
    }
  }

  /// Source routes (RFC 1701).
  private func skipRoutes(_ reader: inout ByteReader) throws(ReadError) {
    for _ in 0..<Self.maximumDepth {
      let family: UInt16 = try reader.read("address family")
      try reader.skip(1, "offset")
      let length: UInt8 = try reader.read("route length")
      if family == 0, length == 0 { return }
      try reader.skip(Int(length), "route")
    }
    throw ReadError(.limitExceeded, at: reader.offset, reading: "source routes")
  }

  private mutating func readPPTP(
    _ reader: inout ByteReader, _ flags: UInt16, _ type: UInt16
  ) throws(ReadError) {
    guard type == 0x880b, flags & 0x2000 != 0 else {
      throw ReadError(.malformed, at: reader.offset - 4, reading: "GRE version 1")
    }
    let length: UInt16 = try reader.read("payload length")
    try reader.skip(2, "call")
    if flags & 0x1000 != 0 { try reader.skip(4, "sequence number") }
    if flags & 0x80 != 0 { try reader.skip(4, "acknowledgement number") }
    guard length > 0 else {
      outcome = .control
      return
    }
    try enter(.pptp, reader)
    limit = min(limit, reader.offset + Int(length))
    try readPPP(&reader)
  }

  /// ERSPAN of types I (no header of its own) and II (draft-foschiano-erspan).
  private mutating func readERSPAN(_ reader: inout ByteReader, hasHeader: Bool) throws(ReadError) {
    try enter(.erspan, reader)
    if hasHeader {
      guard reader.peek().map({ $0 >> 4 }) == 1 else {
        throw ReadError(.malformed, at: reader.offset, reading: "ERSPAN version")
      }
      try reader.skip(8, "ERSPAN header")
    }
    try readEthernet(&reader)
  }

  private mutating func readERSPAN3(_ reader: inout ByteReader) throws(ReadError) {
    try enter(.erspan, reader)
    guard reader.peek().map({ $0 >> 4 }) == 2 else {
      throw ReadError(.malformed, at: reader.offset, reading: "ERSPAN version")
    }
    try reader.skip(10, "ERSPAN header")
    let last: UInt16 = try reader.read("ERSPAN header")
    if last & 1 != 0 { try reader.skip(8, "platform header") }
    if last >> 10 & 0x1f == 2 { return try readIP(&reader) }
    try readEthernet(&reader)
  }

  /// Ethernet behind an IPv6 header (RFC 8986, 10.1).
  mutating func readEthernetInIP(_ reader: inout ByteReader) throws(ReadError) {
    try enter(.etherip, reader)
    try readEthernet(&reader)
  }

  /// Ethernet in IP (RFC 3378, 3).
  mutating func readEtherIP(_ reader: inout ByteReader) throws(ReadError) {
    layer = .etherip
    let version: UInt16 = try reader.read("version")
    guard version >> 12 == 3 else { throw ReadError(.malformed, at: reader.offset - 2, reading: "EtherIP version") }
    try enter(.etherip, reader)
    try readEthernet(&reader)
  }

  /// The authentication header (RFC 4302, 2).
  mutating func readAH(_ reader: inout ByteReader) throws(ReadError) {
    layer = .ah
    let next: UInt8 = try reader.read("next header")
    let length: UInt8 = try reader.read("payload length")
    try enter(.ah, reader)
    try reader.skip((Int(length) + 2) * 4 - 2, "authentication header")
    try readTransport(&reader, next)
  }

  /// ESP (RFC 4303) without encryption, recognised by its content alone; anything else stays ESP.
  mutating func readESP(_ reader: inout ByteReader) throws(ReadError) {
    let start = reader.offset
    let end = limit == .max ? start + reader.remaining : limit
    if let found = Structure.plainESP(reader, end: end, source, destination) {
      try enter(.esp, reader)
      try reader.skip(8 + found.vector, "ESP header")
      limit = found.end
      return try readTransport(&reader, found.next)
    }
    outcome = .otherProtocol
    protocolCode = ProtocolSpace.ip.code(50)
  }

  /// L2TPv3 over IP (RFC 3931, 4.1.1); the cookie's length was agreed elsewhere, so what fits is taken.
  mutating func readL2TP3(_ reader: inout ByteReader) throws(ReadError) {
    layer = .l2tp
    let session: UInt32 = try reader.read("session")
    guard session != 0 else {
      outcome = .control
      return
    }
    try readL2TP3Content(&reader)
  }

  mutating func readL2TP3Content(_ reader: inout ByteReader) throws(ReadError) {
    for skipped in [0, 4, 8, 12] {
      if Structure.isEthernet(reader, skipped, limit) {
        try enter(.l2tp, reader)
        try reader.skip(skipped, "cookie")
        return try readEthernet(&reader)
      }
      if Structure.isIP(reader, limit, at: skipped) {
        try enter(.l2tp, reader)
        try reader.skip(skipped, "cookie")
        return try readIP(&reader)
      }
      if Structure.isPPP(reader, limit, at: skipped) {
        try enter(.l2tp, reader)
        try reader.skip(skipped, "cookie")
        return try readPPP(&reader)
      }
    }
    outcome = .otherProtocol
    protocolCode = ProtocolSpace.l2tp.code(0)
  }
}
