public import EvidenceModel

/// What the headers of a packet say: its innermost network and transport layer, and where the payload stands.
///
/// A value without references, made anew for each packet without any allocation.
public struct PacketView: Sendable {
  /// Why a packet gives nothing to assemble; the rows of the ledger are named after it.
  public enum Outcome: UInt8, Sendable {
    /// A datagram or segment with both ports.
    case transport
    /// ICMP, ICMPv6, IGMP, ARP: it says something about the network and carries no conversation.
    case control
    /// A fragment of an IP packet.
    case fragment
    /// A protocol above the link or network layer that is not read; `protocolCode` says which.
    case otherProtocol
    /// The link type is not read.
    case otherLink
    /// A header contradicts itself or is cut off; `layer` says which.
    case malformed
  }

  public enum Layer: UInt8, Sendable {
    case link, vlan, llc, ipv4, ipv6, tcp, udp, icmp, icmpv6, arp, igmp
  }

  public enum Transport: UInt8, Sendable { case none, tcp, udp }

  public var outcome: Outcome = .otherProtocol
  public var layer: Layer = .link
  /// The EtherType, LLC service access point (with bit 16 set), IP protocol number (with bit 17 set) or address
  /// family of a loopback header (with both) of what is not read.
  public var protocolCode: UInt32 = 0
  public var hasAddresses = false
  public var source = InternetAddress(version4: 0)
  public var destination = InternetAddress(version4: 0)
  public var transport: Transport = .none
  public var sourcePort: UInt16 = 0
  public var destinationPort: UInt16 = 0
  public var sequence: UInt32 = 0
  public var acknowledgement: UInt32 = 0
  public var flags: TCPFlags = []
  /// Where the payload begins in the packet, and how many bytes of it were captured.
  public var payloadStart: Int = 0
  public var payloadCount: Int = 0
  /// How many bytes of payload the headers announce; more than `payloadCount` when the recorder cut the packet short.
  public var announcedPayloadCount: Int = 0

  @inlinable public init() {}

  @inlinable public var isCut: Bool { announcedPayloadCount > payloadCount }
}

/// The control bits of TCP (RFC 9293, 3.1).
public struct TCPFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8
  @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }
  public static let fin = TCPFlags(rawValue: 1)
  public static let syn = TCPFlags(rawValue: 2)
  public static let rst = TCPFlags(rawValue: 4)
  public static let psh = TCPFlags(rawValue: 8)
  public static let ack = TCPFlags(rawValue: 16)
}

extension PacketView {
  /// The name of the protocol that was not read, for the ledger: `ethertype 0x88cc`, `ip protocol 132`.
  public var protocolName: String {
    switch protocolCode >> 16 {
    case 1: "LLC service access point 0x" + String(protocolCode & 0xff, radix: 16)
    case 2: "ip protocol \(protocolCode & 0xff)" + Self.name(ofProtocol: UInt8(protocolCode & 0xff))
    case 3: "address family \(protocolCode & 0xffff)"
    default:
      "ethertype 0x" + String(protocolCode, radix: 16)
        + Self.name(ofEtherType: UInt16(truncatingIfNeeded: protocolCode))
    }
  }

  private static func name(ofProtocol number: UInt8) -> String {
    switch number {
    case 4: " (IPv4 in IP)"
    case 41: " (IPv6 in IP)"
    case 46: " (RSVP)"
    case 47: " (GRE)"
    case 50: " (ESP)"
    case 51: " (AH)"
    case 88: " (EIGRP)"
    case 89: " (OSPF)"
    case 103: " (PIM)"
    case 112: " (VRRP)"
    case 115: " (L2TPv3)"
    case 132: " (SCTP)"
    case 136: " (UDP-Lite)"
    default: ""
    }
  }

  private static func name(ofEtherType type: UInt16) -> String {
    switch type {
    case 0x8847, 0x8848: " (MPLS)"
    case 0x8863, 0x8864: " (PPPoE)"
    case 0x8809: " (slow protocols)"
    case 0x888e: " (802.1X)"
    case 0x88cc: " (LLDP)"
    case 0x88e5: " (MACsec)"
    case 0x88e7: " (PBB)"
    case 0x894f: " (NSH)"
    default: ""
    }
  }
}
