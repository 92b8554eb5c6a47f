import ByteReading
import EvidenceModel

/// Tunnels over UDP: a port says where to look, the structure down to the inner IP header decides.
extension PacketView {
  /// Opens the tunnel in a UDP payload of `announced` bytes; false when it is none, and then nothing was changed.
  mutating func openTunnel(_ reader: borrowing ByteReader, _ announced: Int) -> Bool {
    guard announced >= 8 else { return false }
    var inner = self
    inner.limit = reader.offset + announced
    let isOpen: Bool
    if has(2152) {
      isOpen = inner.openGTP(reader)
    } else if has(4789) || has(4790) || has(8472) {
      isOpen = inner.openVXLAN(reader) || inner.openVXLANGPE(reader)
    } else if has(6081) {
      isOpen = inner.openGeneve(reader)
    } else if has(4754) {
      isOpen = inner.openGRE(reader)
    } else if has(9899) {
      isOpen = inner.openSCTP(reader)
    } else if has(1701) {
      isOpen = inner.openL2TP(reader)
    } else if has(3544) || reader.peek().map({ $0 >> 4 == 6 }) ?? false {
      isOpen = inner.openTeredo(reader, hasPort: has(3544))
    } else {
      return false
    }
    guard isOpen else { return false }
    self = inner
    return true
  }

  private func has(_ port: UInt16) -> Bool { sourcePort == port || destinationPort == port }

  /// Runs `body` on a reader of its own; a header that contradicts itself means that this is no such tunnel.
  private mutating func trying(
    _ reader: borrowing ByteReader, _ body: (inout PacketView, inout ByteReader) throws(ReadError) -> Bool
  ) -> Bool {
    var own = copy reader
    do throws(ReadError) { return try body(&self, &own) } catch { return false }
  }

  /// What stands inside is known to be IP or Ethernet; from here on a fault is the inner packet's.
  private mutating func settle(_ reader: inout ByteReader, isEthernet: Bool) -> Bool {
    sourcePort = 0
    destinationPort = 0
    do throws(ReadError) {
      if isEthernet { try readEthernet(&reader) } else { try readIP(&reader) }
    } catch {
      outcome = .malformed
    }
    return true
  }

  /// GTP-U version 1 (3GPP TS 29.281, 5.1): user data only; its signalling stays a datagram.
  private mutating func openGTP(_ reader: borrowing ByteReader) -> Bool {
    trying(reader) { (view, reader) throws(ReadError) in
      let flags: UInt8 = try reader.read("flags")
      let type: UInt8 = try reader.read("message type")
      let length: UInt16 = try reader.read("length")
      guard flags >> 4 == 3, flags & 8 == 0, type == 255 else { return false }
      try reader.skip(4, "tunnel endpoint")
      guard reader.offset + Int(length) <= view.limit else { return false }
      view.limit = reader.offset + Int(length)
      if flags & 7 != 0 {
        try reader.skip(3, "sequence number")
        var next: UInt8 = try reader.read("next extension")
        if flags & 4 == 0 { next = 0 }
        var count = 0
        while next != 0 {
          count += 1
          let units: UInt8 = try reader.read("extension length")
          guard units > 0, count <= Self.maximumDepth else { return false }
          try reader.skip(Int(units) * 4 - 2, "extension header")
          next = try reader.read("next extension")
        }
      }
      guard Structure.isIP(reader, view.limit) else { return false }
      try view.enter(.gtp, reader)
      return view.settle(&reader, isEthernet: false)
    }
  }

  /// VXLAN (RFC 7348, 5).
  private mutating func openVXLAN(_ reader: borrowing ByteReader) -> Bool {
    trying(reader) { (view, reader) throws(ReadError) in
      try reader.skip(4, "flags and reserved")
      let identifier: UInt32 = try reader.read("network identifier")
      // Some senders leave the flag out and fill reserved fields: the inner packet decides.
      guard Structure.isEthernet(reader, 0, view.limit) else { return false }
      try view.enter(.vxlan, reader, network: identifier >> 8 + 1)
      return view.settle(&reader, isEthernet: true)
    }
  }

  /// VXLAN with a protocol field (draft-ietf-nvo3-vxlan-gpe).
  private mutating func openVXLANGPE(_ reader: borrowing ByteReader) -> Bool {
    trying(reader) { (view, reader) throws(ReadError) in
      let flags: UInt8 = try reader.read("flags")
      let reserved: UInt16 = try reader.read("reserved")
      let next: UInt8 = try reader.read("next protocol")
      let identifier: UInt32 = try reader.read("network identifier")
      guard flags & 0xfa == 0x08, reserved == 0, identifier & 0xff == 0 else { return false }
      let isEthernet = flags & 4 == 0 || next == 3
      if isEthernet
        ? Structure.isEthernet(reader, 0, view.limit) : (next == 1 || next == 2) && Structure.isIP(reader, view.limit)
      {
        try view.enter(.vxlan, reader, network: identifier >> 8 + 1)
        return view.settle(&reader, isEthernet: isEthernet)
      }
      guard flags & 4 != 0, next == 4 else { return false }
      try view.enter(.vxlan, reader, network: identifier >> 8 + 1)
      view.sourcePort = 0
      view.destinationPort = 0
      try view.readNSH(&reader)
      return true
    }
  }

  /// GRE in UDP (RFC 8086, 3), version 0 without source routes.
  private mutating func openGRE(_ reader: borrowing ByteReader) -> Bool {
    trying(reader) { (view, reader) throws(ReadError) in
      let flags: UInt16 = try reader.read("flags")
      let type: UInt16 = try reader.read("protocol")
      guard flags & 0x4fff == 0 else { return false }
      for bit: UInt16 in [0x8000, 0x2000, 0x1000] where flags & bit != 0 { try reader.skip(4, "GRE field") }
      guard Structure.isPayload(reader, type, view.limit) else { return false }
      try view.enter(.gre, reader)
      return view.settle(&reader, isEthernet: type == 0x6558)
    }
  }

  /// Geneve (RFC 8926, 3.4).
  private mutating func openGeneve(_ reader: borrowing ByteReader) -> Bool {
    trying(reader) { (view, reader) throws(ReadError) in
      let first: UInt8 = try reader.read("version and length")
      let flags: UInt8 = try reader.read("flags")
      let type: UInt16 = try reader.read("protocol")
      let identifier: UInt32 = try reader.read("network identifier")
      guard first >> 6 == 0, flags & 0x3f == 0, identifier & 0xff == 0 else { return false }
      let end = reader.offset + Int(first & 0x3f) * 4
      while reader.offset < end {
        try reader.skip(3, "option")
        let length: UInt8 = try reader.read("option length")
        try reader.skip(Int(length & 0x1f) * 4, "option")
      }
      guard reader.offset == end else { return false }
      guard Structure.isPayload(reader, type, view.limit) else { return false }
      try view.enter(.geneve, reader, network: identifier >> 8 + 1)
      return view.settle(&reader, isEthernet: type == 0x6558)
    }
  }

  /// Teredo (RFC 4380, 5.1.1), behind its authentication and origin headers.
  ///
  /// Clients speak to each other on any port: there the sender's Teredo address must name this very packet's sender.
  private mutating func openTeredo(_ reader: borrowing ByteReader, hasPort: Bool) -> Bool {
    let outer = source
    let outerPort = sourcePort
    return trying(reader) { (view, reader) throws(ReadError) in
      if hasPort, reader.peek() == 0, reader.peek(1) == 1 {
        try reader.skip(2, "authentication")
        let client: UInt8 = try reader.read("client length")
        let value: UInt8 = try reader.read("authentication length")
        try reader.skip(Int(client) + Int(value) + 9, "authentication")
      }
      if hasPort, reader.peek() == 0, reader.peek(1) == 0 { try reader.skip(8, "origin") }
      guard reader.peek().map({ $0 >> 4 == 6 }) ?? false, Structure.isIP(reader, view.limit, isExact: !hasPort) else {
        return false
      }
      var own = copy reader
      try own.skip(8, "version")
      let from: (UInt64, UInt64) = (try own.read("source"), try own.read("source"))
      let to: (UInt64, UInt64) = (try own.read("destination"), try own.read("destination"))
      let names =
        from.0 >> 32 == 0x2001_0000
        && InternetAddress(version4: ~UInt32(truncatingIfNeeded: from.1)) == outer
        && ~UInt16(truncatingIfNeeded: from.1 >> 32) == outerPort
      let isTeredo = from.0 >> 32 == 0x2001_0000 || to.0 >> 32 == 0x2001_0000 || from.0 >> 48 == 0xfe80
      guard names || hasPort && isTeredo else { return false }
      try view.enter(.teredo, reader)
      return view.settle(&reader, isEthernet: false)
    }
  }

  /// L2TP data (RFC 2661, 3.1; RFC 3931, 4.1.2); its control messages stay datagrams.
  private mutating func openL2TP(_ reader: borrowing ByteReader) -> Bool {
    trying(reader) { (view, reader) throws(ReadError) in
      let start = reader.offset
      let flags: UInt16 = try reader.read("flags")
      guard flags & 0x8000 == 0 else { return false }
      if flags & 15 == 3 {
        try reader.skip(2, "reserved")
        let session: UInt32 = try reader.read("session")
        guard flags == 3, session != 0 else { return false }
        let depth = view.tunnels.count
        let ports = (view.sourcePort, view.destinationPort)
        view.sourcePort = 0
        view.destinationPort = 0
        try view.readL2TP3Content(&reader)
        if view.tunnels.count == depth { (view.sourcePort, view.destinationPort) = ports }
        return view.tunnels.count > depth
      }
      guard flags & 15 == 2, flags & 0x34f0 == 0 else { return false }
      if flags & 0x4000 != 0 {
        let length: UInt16 = try reader.read("length")
        guard start + Int(length) <= view.limit, length >= 8 else { return false }
        view.limit = start + Int(length)
      }
      try reader.skip(4, "tunnel and session")
      if flags & 0x0800 != 0 { try reader.skip(4, "sequence numbers") }
      if flags & 0x0200 != 0 {
        let offset: UInt16 = try reader.read("offset size")
        try reader.skip(Int(offset), "offset")
      }
      guard Structure.isPPP(reader, view.limit) else { return false }
      try view.enter(.l2tp, reader)
      view.sourcePort = 0
      view.destinationPort = 0
      do throws(ReadError) { try view.readPPP(&reader) } catch { view.outcome = .malformed }
      return true
    }
  }
}
