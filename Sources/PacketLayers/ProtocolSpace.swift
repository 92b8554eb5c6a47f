/// What kind of number names a protocol that is not read.
enum ProtocolSpace: UInt32 {
  case etherType, serviceAccessPoint, ip, family, ppp, wlan, gre, nextHeader, l2tp, nlpid

  func code(_ number: some BinaryInteger) -> UInt32 { rawValue << 16 | UInt32(truncatingIfNeeded: number) & 0xffff }
}

extension PacketView {
  /// The name of the protocol that was not read, for the ledger: `ethertype 0x88cc (LLDP)`, `ip protocol 132 (SCTP)`.
  public var protocolName: String {
    let number = UInt16(truncatingIfNeeded: protocolCode)
    let hex = "0x" + String(number, radix: 16)
    return switch ProtocolSpace(rawValue: protocolCode >> 16) {
    case .serviceAccessPoint: "LLC service access point \(hex)"
    case .ip: "ip protocol \(number)" + Self.name(ofProtocol: number)
    case .family: "address family \(number)"
    case .ppp: "ppp \(hex)" + Self.name(ofPPP: number)
    case .wlan: "802.11 " + Self.name(ofWLAN: number)
    case .gre: "gre protocol \(hex)" + Self.name(ofEtherType: number)
    case .nextHeader: "nsh or gpe protocol \(number)"
    case .l2tp: "L2TPv3 session of unknown content"
    case .nlpid: "network layer protocol identifier \(hex)"
    case .etherType, nil: "ethertype \(hex)" + Self.name(ofEtherType: number)
    }
  }

  private static func name(ofProtocol number: UInt16) -> String {
    switch number {
    case 46: " (RSVP)"
    case 47: " (GRE)"
    case 50: " (ESP)"
    case 51: " (AH)"
    case 88: " (EIGRP)"
    case 89: " (OSPF)"
    case 103: " (PIM)"
    case 108: " (IPComp)"
    case 112: " (VRRP)"
    case 115: " (L2TPv3)"
    case 132: " (SCTP)"
    case 136: " (UDP-Lite)"
    default: ""
    }
  }

  private static func name(ofEtherType type: UInt16) -> String {
    switch type {
    case 0x6558: " (bridged Ethernet)"
    case 0x880b: " (PPP)"
    case 0x8847, 0x8848: " (MPLS)"
    case 0x8863, 0x8864: " (PPPoE)"
    case 0x8809: " (slow protocols)"
    case 0x888e: " (802.1X)"
    case 0x88cc: " (LLDP)"
    case 0x88e5: " (MACsec, encrypted)"
    case 0x88e7: " (PBB)"
    case 0x88f7: " (PTP)"
    case 0x894f: " (NSH)"
    default: ""
    }
  }

  private static func name(ofPPP number: UInt16) -> String {
    switch number {
    case 0x002d: " (TCP with compressed header)"
    case 0x002f: " (TCP with uncompressed header)"
    case 0x003d: " (multilink)"
    case 0x0053: " (encrypted)"
    case 0x00fd: " (compressed)"
    default: ""
    }
  }

  private static func name(ofWLAN number: UInt16) -> String {
    switch number {
    case 1: "protected frame"
    case 2: "fragment"
    case 3: "aggregated frame (A-MSDU)"
    default: "frame of type \(number & 0xff)"
    }
  }
}
