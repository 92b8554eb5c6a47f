import ByteReading

extension PacketView {
  /// The point-to-point protocol, with or without its address and control fields (RFC 1661, 2; RFC 1662, 3.1).
  mutating func readPPP(_ reader: inout ByteReader) throws(ReadError) {
    layer = .ppp
    if reader.peek() == 0xff, reader.peek(1) == 3 { try reader.skip(2, "address and control") }
    for _ in 0..<Self.maximumDepth {
      let number = try readPPPNumber(&reader)
      switch number {
      case 0x0021: return try readIPv4(&reader)
      case 0x0057: return try readIPv6(&reader)
      case 0x0281, 0x0283: return try readMPLS(&reader)
      case 0x8000...0xffff:  // control protocols
        outcome = .control
        return
      case 0x003d where reader.peek().map({ $0 & 0xc0 == 0xc0 }) ?? false:
        // Multilink, whole in one piece (RFC 1990, 3).
        try reader.skip(4, "multilink header")
      default:
        outcome = .otherProtocol
        protocolCode = ProtocolSpace.ppp.code(number)
        return
      }
    }
    throw ReadError(.limitExceeded, at: reader.offset, reading: "PPP headers")
  }

  /// A protocol number, of one byte when its lowest bit is set (RFC 1661, 2).
  private func readPPPNumber(_ reader: inout ByteReader) throws(ReadError) -> UInt16 {
    let first: UInt8 = try reader.read("protocol")
    if first & 1 == 1 { return UInt16(first) }
    let second: UInt8 = try reader.read("protocol")
    return UInt16(first) << 8 | UInt16(second)
  }

  /// PPP over Ethernet, session stage (RFC 2516, 4).
  mutating func readPPPoE(_ reader: inout ByteReader) throws(ReadError) {
    layer = .pppoe
    let version: UInt8 = try reader.read("version")
    let code: UInt8 = try reader.read("code")
    try reader.skip(2, "session")
    let length: UInt16 = try reader.read("length")
    guard version == 0x11 else { throw ReadError(.malformed, at: reader.offset - 6, reading: "PPPoE version") }
    guard code == 0 else {
      outcome = .control
      return
    }
    try enter(.pppoe, reader)
    limit = min(limit, reader.offset + Int(length))
    try readPPP(&reader)
  }

  /// Cisco's HDLC: address, control, EtherType.
  mutating func readCiscoHDLC(_ reader: inout ByteReader) throws(ReadError) {
    layer = .ppp
    let address: UInt8 = try reader.read("address")
    if address == 0xff { return try readPPPAfterAddress(&reader) }
    try reader.skip(1, "control")
    let type: UInt16 = try reader.read("type")
    if type == 0x8035 || type == 0x2000 {  // keep-alives (SLARP), discovery
      outcome = .control
      return
    }
    if type == 0xfefe {  // OSI behind a byte of padding
      outcome = .otherProtocol
      protocolCode = ProtocolSpace.serviceAccessPoint.code(0xfe)
      return
    }
    try readEtherType(&reader, type)
  }

  private mutating func readPPPAfterAddress(_ reader: inout ByteReader) throws(ReadError) {
    try reader.skip(1, "control")
    try readPPP(&reader)
  }

  /// Frame Relay with RFC 2427's network layer identifiers or Cisco's EtherType.
  mutating func readFrameRelay(_ reader: inout ByteReader) throws(ReadError) {
    layer = .frameRelay
    var count = 0
    while true {
      let part: UInt8 = try reader.read("address")
      count += 1
      if part & 1 == 1 { break }
      guard count < 4 else { throw ReadError(.malformed, at: reader.offset, reading: "Frame Relay address") }
    }
    guard count >= 2 else { throw ReadError(.malformed, at: reader.offset, reading: "Frame Relay address") }
    guard reader.peek() == 3 else {
      let type: UInt16 = try reader.read("type")
      return try readEtherType(&reader, type)
    }
    try reader.skip(1, "control")
    var identifier: UInt8 = try reader.read("protocol")
    if identifier == 0 { identifier = try reader.read("protocol") }
    switch identifier {
    case 0xcc: try readIPv4(&reader)
    case 0x8e: try readIPv6(&reader)
    case 0xcf: try readPPP(&reader)
    case 0x80:  // SNAP
      let organisation: UInt8 = try reader.read("OUI")
      let rest: UInt16 = try reader.read("OUI")
      let type: UInt16 = try reader.read("type")
      if organisation == 0, rest == 0x80c2 {
        if type == 7 { return try readEthernet(&reader) }
        if type == 1 { return try readEthernet(&reader) }
      }
      try readEtherType(&reader, type)
    default:
      outcome = .otherProtocol
      protocolCode = ProtocolSpace.nlpid.code(identifier)
    }
  }
}
