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
    case wlan, ppp, pppoe, frameRelay, mpls, macsec, pbb, nsh, ah, gre, etherip, l2tp, sctp, udpLite
  }

  public enum Transport: UInt8, Sendable { case none, tcp, udp, sctp, udpLite }

  public var outcome: Outcome = .otherProtocol
  public var layer: Layer = .link
  /// The number of the protocol that is not read, and above bit 16 of which kind the number is (`ProtocolSpace`).
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
  /// Of SCTP, what the receiver knows the association by.
  public var verificationTag: UInt32 = 0
  /// The identification of the innermost IPv4 header; 0 of everything else.
  public var identification: UInt16 = 0
  /// The protocol that the innermost IP header names first.
  public var networkProtocol: UInt8 = 0
  /// The tunnels that the packet came through.
  public var tunnels = TunnelPath()
  /// Where a fragment belongs; of use when the outcome is `fragment`.
  public var fragment = FragmentPlace()
  /// Where the payload begins in the packet, and how many bytes of it were captured.
  public var payloadStart: Int = 0
  public var payloadCount: Int = 0
  /// How many bytes of payload the headers announce; more than `payloadCount` when the recorder cut the packet short.
  public var announcedPayloadCount: Int = 0

  /// Where the innermost header that announces a length says that its content ends, from the packet's beginning.
  var limit = Int.max

  /// Where the innermost IP header ends.
  var networkPayloadStart = 0

  public init() {}

  /// The captured bytes behind the innermost IP header, in a packet of `count` bytes; all of it without such a header.
  @inline(__always)
  public func networkPayload(of count: Int) -> Range<Int> {
    let start = min(networkPayloadStart, count)
    return start..<max(start, min(count, limit))
  }

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

/// Where a fragment stands in its IP packet (RFC 791, 3.2; RFC 8200, 4.5).
public struct FragmentPlace: Hashable, Sendable {
  public var identification: UInt32 = 0
  /// Bytes from the beginning of the packet's payload.
  public var offset: Int = 0
  public var isLast = false
  /// The protocol of the payload; the first fragment's counts.
  public var protocolNumber: UInt8 = 0
  public var isIPv6 = false
}
