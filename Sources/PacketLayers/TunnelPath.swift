/// The tunnels that a packet came through, outermost first; a value without references.
public struct TunnelPath: Hashable, Sendable {
  /// Tunnels that are opened, one inside the other.
  public static let maximumCount = 8

  public enum Kind: UInt8, Sendable, CaseIterable {
    case ipip = 1
    case sixInFour, gre, pptp, erspan, gtp, vxlan, geneve, teredo, l2tp, esp, ah, mpls, pseudowire, pppoe, macsec, pbb
    case nsh, etherip, sixToFour, udp

    /// The name that records show.
    public var name: String {
      switch self {
      case .ipip: "IP-in-IP"
      case .sixInFour: "6in4"
      case .gre: "GRE"
      case .pptp: "PPTP"
      case .erspan: "ERSPAN"
      case .gtp: "GTP-U"
      case .vxlan: "VXLAN"
      case .geneve: "Geneve"
      case .teredo: "Teredo"
      case .l2tp: "L2TP"
      case .esp: "ESP (NULL)"
      case .ah: "AH"
      case .mpls: "MPLS"
      case .pseudowire: "pseudowire"
      case .pppoe: "PPPoE"
      case .macsec: "MACsec"
      case .pbb: "PBB"
      case .nsh: "NSH"
      case .etherip: "EtherIP"
      case .sixToFour: "6to4"
      case .udp: "UDP"
      }
    }
  }

  private var kinds: UInt64 = 0
  public private(set) var count = 0
  /// Tells networks apart that may use the same addresses: the identifiers of VXLAN, Geneve and PBB, mixed; 0 without any.
  public private(set) var network: UInt64 = 0

  public init() {}

  public var isEmpty: Bool { count == 0 }

  /// Adds a tunnel inside the others; false when there are too many.
  mutating func enter(_ kind: Kind, network identifier: UInt32 = 0) -> Bool {
    guard count < Self.maximumCount else { return false }
    kinds |= UInt64(kind.rawValue) << UInt64(8 * count)
    count += 1
    if identifier != 0 {
      network = (network ^ (UInt64(kind.rawValue) << 32 | UInt64(identifier))) &* 0x9e37_79b9_7f4a_7c15
    }
    return true
  }

  /// The tunnels' names from the outermost on, such as `GTP-U` or `MPLS/pseudowire`.
  public var name: String {
    (0..<count).map { Kind(rawValue: UInt8(truncatingIfNeeded: kinds >> UInt64(8 * $0)))?.name ?? "?" }
      .joined(separator: "/")
  }
}
