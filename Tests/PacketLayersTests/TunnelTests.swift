import EvidenceModel
import PacketLayers
import Testing

private typealias H = Headers

struct TunnelTests {
  private static let inner4 = H.ipv4(17, H.udp([1, 2, 3]))
  private static let inner6 = H.ipv6(17, H.udp([1, 2, 3]))
  private static let frame = H.ethernet(0x0800, inner4)
  private static let ppp: [UInt8] = [0xff, 3, 0, 0x21] + inner4

  private static func gre(_ flags: Int, _ type: Int, _ rest: [UInt8]) -> [UInt8] {
    H.ipv4(47, H.big16(flags) + H.big16(type) + rest)
  }
  private static func over(_ port: Int, _ rest: [UInt8]) -> [UInt8] { H.ipv4(17, H.udp(rest, to: port)) }
  private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

  /// ESP with a trailer for `next`, `check` bytes of integrity check value behind it.
  private static func esp(_ body: [UInt8], next: UInt8, check: Int = 12) -> [UInt8] {
    let padding = (4 - (body.count + 2) % 4) % 4
    let pad = (0..<padding).map { UInt8($0 + 1) }
    return H.ipv4(
      50, [0, 0, 1, 0, 0, 0, 0, 1] + body + pad + [UInt8(padding), next] + [UInt8](repeating: 0x5a, count: check))
  }

  /// The sender's Teredo address, naming 192.0.2.1 and port 5060.
  private static let teredo: [UInt8] = {
    var bytes: [UInt8] = [0x60, 0, 0, 0] + H.big16(11) + [17, 64]
    bytes += [0x20, 1, 0, 0, 1, 2, 3, 4, 0, 0] + H.big16(0xffff - 5_060) + [255 - 192, 255, 255 - 2, 255 - 1]
    return bytes + H.address6 + [2] + H.udp([1, 2, 3])
  }()

  /// From the IPv6 address that 192.0.2.1 makes.
  private static let sixToFour: [UInt8] = {
    var bytes: [UInt8] = [0x60, 0, 0, 0] + H.big16(11) + [17, 64, 0x20, 2, 192, 0, 2, 1] + zeros(10)
    bytes += H.address6 + [2]
    return bytes + H.udp([1, 2, 3])
  }()

  /// A chunk of three bytes (DATA without its fields would do as well), with the checksum that tshark agrees with.
  static func sctp(_ chunks: [UInt8], wrong: Bool = false) -> [UInt8] {
    var bytes = H.big16(5_060) + H.big16(53) + [1, 2, 3, 4, 0, 0, 0, 0] + chunks
    var sum = UInt32.max
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0x82f6_3b78 : sum >> 1 }
    }
    sum = ~sum
    for place in 0..<4 { bytes[8 + place] = UInt8(truncatingIfNeeded: sum >> (8 * UInt32(place))) }
    if wrong { bytes[8] ^= 1 }
    return bytes
  }
  private static let sctp: [UInt8] = sctp([10, 0, 0, 7, 1, 2, 3, 0])

  private static let gtp: [UInt8] = [0x30, 255] + H.big16(inner4.count) + [0, 0, 0, 7] + inner4
  private static let gtpExtended: [UInt8] =
    [0x34, 255] + H.big16(inner6.count + 12) + [0, 0, 0, 7, 0, 0, 0, 0x85, 2, 1, 1, 1, 1, 1, 1, 0] + inner6

  /// What comes through, with the tunnels that records name.
  private static let tunnels: [(String, UInt16, [UInt8])] = [
    ("IP-in-IP", 101, H.ipv4(4, inner4)),
    ("IP-in-IP", 101, H.ipv6(4, inner4)),
    ("6in4", 101, H.ipv4(41, inner6)),
    ("6to4", 101, H.ipv4(41, sixToFour)),
    ("UDP", 101, over(9899, sctp)),
    ("6in4/IP-in-IP", 101, H.ipv4(41, H.ipv6(4, inner4))),
    ("GRE", 101, gre(0, 0x0800, inner4)),
    ("GRE", 101, gre(0, 0x86dd, inner6)),
    ("GRE", 101, gre(0, 0x6558, frame)),
    ("GRE", 101, gre(0xb000, 0x0800, zeros(12) + inner4)),
    ("GRE", 101, gre(0x4000, 0x0800, zeros(4) + zeros(4) + inner4)),
    ("GRE/MPLS", 101, gre(0, 0x8847, [0, 1, 1, 64] + inner4)),
    ("GRE", 101, gre(0, 0x883e, [0, 0, 0, 0] + inner4)),
    ("GRE", 101, gre(0, 0x883e, inner4)),
    ("PPTP", 101, gre(0x3081, 0x880b, H.big16(ppp.count) + zeros(10) + ppp)),
    ("ERSPAN", 101, gre(0x1000, 0x88be, zeros(4) + [0x10] + zeros(7) + frame)),
    ("ERSPAN", 101, gre(0, 0x88be, frame)),
    ("ERSPAN", 101, gre(0x1000, 0x22eb, zeros(4) + [0x20] + zeros(11) + frame)),
    ("ERSPAN", 101, gre(0x1000, 0x22eb, zeros(4) + [0x20] + zeros(10) + [1] + zeros(8) + frame)),
    ("AH", 101, H.ipv4(51, [17, 4] + zeros(22) + H.udp([1, 2, 3]))),
    ("ESP (NULL)/IP-in-IP", 101, esp(inner4, next: 4)),
    ("ESP (NULL)/6in4", 101, esp(inner6, next: 41, check: 16)),
    ("ESP (NULL)", 101, esp(H.udp([1, 2, 3]), next: 17)),
    ("EtherIP", 101, H.ipv4(97, [0x30, 0] + frame)),
    ("EtherIP", 101, H.ipv6(143, frame)),
    ("L2TP", 101, H.ipv4(115, [0, 0, 0, 9] + frame)),
    ("L2TP", 101, H.ipv4(115, [0, 0, 0, 9] + zeros(8) + frame)),
    ("MPLS", 101, H.ipv4(137, [0, 1, 0, 64, 0, 2, 1, 64] + inner4)),
    ("MPLS", 1, H.ethernet(0x8847, [0, 1, 1, 64] + inner6)),
    ("MPLS/pseudowire", 1, H.ethernet(0x8847, [0, 1, 1, 64, 0, 0, 0, 0] + frame)),
    ("MPLS/pseudowire", 1, H.ethernet(0x8848, [0, 1, 1, 64] + frame)),
    ("PPPoE", 1, H.ethernet(0x8864, [0x11, 0, 0, 7] + H.big16(inner4.count + 2) + [0, 0x21] + inner4)),
    ("PBB", 1, H.ethernet(0x88e7, [0, 0, 0, 9] + frame)),
    ("MACsec", 1, H.ethernet(0x88e5, [0, 0, 0, 0, 0, 1, 8, 0] + inner4)),
    ("NSH", 1, H.ethernet(0x894f, [0, 2, 1, 1] + zeros(4) + inner4)),
    ("GTP-U", 101, over(2152, gtp)),
    ("GTP-U", 101, over(2152, gtpExtended)),
    ("GTP-U/IP-in-IP", 101, over(2152, [0x30, 255] + H.big16(inner4.count + 20) + [0, 0, 0, 7] + H.ipv4(4, inner4))),
    ("VXLAN", 101, over(4789, [8, 0, 0, 0, 0, 0, 7, 0] + frame)),
    ("VXLAN", 101, over(8472, [8, 0, 0, 0, 0, 0, 7, 0] + frame)),
    ("VXLAN", 101, over(4790, [0x0c, 0, 0, 1, 0, 0, 7, 0] + inner4)),
    ("VXLAN/NSH", 101, over(4790, [0x0c, 0, 0, 4, 0, 0, 7, 0] + [0, 2, 1, 1] + zeros(4) + inner4)),
    ("VXLAN", 101, over(4789, [0xff, 1, 2, 3, 0, 0, 7, 9] + frame)),
    ("GRE", 101, over(4754, [0, 0, 8, 0] + inner4)),
    ("GRE", 101, over(4754, [0xb0, 0, 0x65, 0x58] + zeros(12) + frame)),
    ("Geneve", 101, over(6081, [1, 0, 0x65, 0x58, 0, 0, 7, 0] + zeros(4) + frame)),
    ("Geneve", 101, over(6081, [0, 0, 0x08, 0, 0, 0, 7, 0] + inner4)),
    ("Teredo", 101, over(3544, teredo)),
    ("Teredo", 101, over(3544, [0, 1, 0, 0] + zeros(9) + [0, 0] + zeros(6) + teredo)),
    ("Teredo", 101, over(40_000, teredo)),
    ("L2TP", 101, over(1701, [0, 2, 0, 1, 0, 1] + ppp)),
    ("L2TP", 101, over(1701, [0x4a, 2] + H.big16(14 + ppp.count) + zeros(10) + ppp)),
    ("L2TP", 101, over(1701, [0, 3, 0, 0, 0, 0, 0, 5] + frame)),
  ]

  @Test func opensEveryTunnel() {
    for (name, linkType, bytes) in Self.tunnels {
      let found = view(bytes, linkType)
      #expect(found.outcome == .transport && found.tunnels.name == name, "\(name): \(found)")
      #expect(found.sourcePort == 5_060 && found.destinationPort == 53, "\(name)")
      #expect(payload(bytes, linkType) == (name == "UDP" ? [10, 0, 0, 7, 1, 2, 3, 0] : [1, 2, 3]), "\(name)")
    }
    // IPv4's checksum of 0 is right only by chance; with the right one the total length may be shorter than the room.
    let names = Set(Self.tunnels.flatMap { $0.0.split(separator: "/").map(String.init) })
    #expect(names == Set(TunnelPath.Kind.allCases.map(\.name)), "every kind is tried")
  }

  /// A port alone opens nothing: a false packet would invent a conversation.
  @Test func opensNothingOnAPortAlone() {
    let noise = (0..<60).map { UInt8($0 * 37 % 251) }
    for port in [2_152, 4_754, 4_789, 4_790, 8_472, 6_081, 1_701, 3_544, 40_000] {
      for bytes in [
        noise, [0x60] + noise, [0x30, 255, 0, 52, 0, 0, 0, 1] + noise, Self.zeros(60), [8] + Self.zeros(60),
      ] {
        let found = view(Self.over(port, bytes), 101)
        #expect(found.outcome == .transport && found.tunnels.isEmpty, "\(port)")
        #expect(found.sourcePort == 5_060 && found.destinationPort == port && found.payloadCount == bytes.count)
      }
    }
    #expect(
      view(Self.over(2152, [0x30, 1] + H.big16(Self.inner4.count) + [0, 0, 0, 7] + Self.inner4), 101).tunnels.isEmpty)
    #expect(view(Self.over(2152, [0x30, 255, 0xff, 0, 0, 0, 0, 7] + Self.inner4), 101).tunnels.isEmpty)
    #expect(view(Self.over(1701, [0xc8, 2, 0, 12] + Self.zeros(8) + Self.ppp), 101).tunnels.isEmpty, "control message")
    var foreign = Self.teredo
    foreign[23] ^= 1
    #expect(view(Self.over(40_000, foreign), 101).tunnels.isEmpty, "the Teredo address names another sender")
    let inside = view(Self.over(2152, Self.gtpWith(Self.over(1701, [0, 3, 0, 0, 0, 0, 0, 5] + noise))), 101)
    #expect(inside.tunnels.name == "GTP-U" && inside.destinationPort == 1_701 && inside.outcome == .transport)
  }

  private static func gtpWith(_ packet: [UInt8]) -> [UInt8] {
    [0x30, 255] + H.big16(packet.count) + [0, 0, 0, 7] + packet
  }

  /// Each kind's number or port in front of what it is not: no conversation comes of it.
  @Test func inventsNoConversation() {
    let noise = (0..<60).map { UInt8($0 * 37 % 251) }
    let high = (0..<60).map { UInt8(0x80 | $0) }
    var falseFrames: [(TunnelPath.Kind, UInt16, [UInt8])] = []
    for bytes in [noise, high, Self.zeros(60), [0x45] + Self.zeros(59), [0x60] + high] {
      falseFrames += [
        (.ipip, 101, H.ipv4(4, bytes)), (.sixInFour, 101, H.ipv4(41, bytes)), (.sixToFour, 101, H.ipv4(41, bytes)),
        (.gre, 101, Self.gre(0, 0x0800, bytes)), (.gre, 101, Self.gre(0, 0x6558, bytes)),
        (.gre, 101, Self.over(4754, [0, 0, 8, 0] + bytes)),
        (.pptp, 101, Self.gre(0x3081, 0x880b, H.big16(bytes.count) + Self.zeros(10) + bytes)),
        (.erspan, 101, Self.gre(0x1000, 0x88be, Self.zeros(4) + bytes)),
        (.erspan, 101, Self.gre(0x1000, 0x22eb, Self.zeros(4) + bytes)),
        (.gtp, 101, Self.over(2152, [0x30, 255] + H.big16(bytes.count) + [0, 0, 0, 7] + bytes)),
        (.vxlan, 101, Self.over(4789, [8, 0, 0, 0, 0, 0, 7, 0] + bytes)),
        (.vxlan, 101, Self.over(4790, [0x0c, 0, 0, 1, 0, 0, 7, 0] + bytes)),
        (.geneve, 101, Self.over(6081, [0, 0, 0x65, 0x58, 0, 0, 7, 0] + bytes)),
        (.teredo, 101, Self.over(3544, bytes)), (.l2tp, 101, Self.over(1701, [0, 2, 0, 1, 0, 1] + bytes)),
        (.l2tp, 101, H.ipv4(115, [0, 0, 0, 9] + bytes)), (.esp, 101, H.ipv4(50, bytes)),
        (.ah, 101, H.ipv4(51, [99, 4] + Self.zeros(22) + bytes)),
        (.mpls, 1, H.ethernet(0x8847, [0, 1, 1, 64] + bytes)),
        (.pseudowire, 1, H.ethernet(0x8847, [0, 1, 1, 64, 0, 0, 0, 0] + bytes)),
        (.pppoe, 1, H.ethernet(0x8864, [0x11, 0, 0, 7] + H.big16(bytes.count) + bytes)),
        (.pppoe, 1, H.ethernet(0x8864, bytes)),
        (.macsec, 1, H.ethernet(0x88e5, [0x0c, 0, 0, 0, 0, 1] + bytes)),
        (.pbb, 1, H.ethernet(0x88e7, [0, 0, 0, 9] + bytes)),
        (.nsh, 1, H.ethernet(0x894f, bytes)), (.etherip, 101, H.ipv4(97, bytes)), (.udp, 101, Self.over(9899, bytes)),
      ]
    }
    falseFrames.append((.udp, 101, Self.over(9899, Self.sctp([10, 0, 0, 7, 1, 2, 3, 0], wrong: true))))
    falseFrames.append((.udp, 101, Self.over(9899, Self.sctp([10, 0, 0, 9, 1, 2, 3, 0]))))
    for (kind, linkType, bytes) in falseFrames {
      let found = view(bytes, linkType)
      #expect(found.outcome != .transport || found.tunnels.isEmpty, "\(kind): \(found)")
    }
    #expect(Set(falseFrames.map(\.0)) == Set(TunnelPath.Kind.allCases), "every kind is tried")
  }

  @Test func readsSCTPAndItsChecksum() {
    let chunk: [UInt8] = [10, 0, 0, 7, 1, 2, 3, 0]
    for (wrong, verdict) in [(false, PacketView.ChecksumVerdict.right), (true, .wrong)] {
      let bytes = H.ipv4(132, Self.sctp(chunk, wrong: wrong))
      let found = view(bytes, 101)
      #expect(found.outcome == .transport && found.transport == .sctp && found.verificationTag == 0x0102_0304)
      // Safe: the view ends with this call.
      let said = unsafe found.checksumVerdict(bytes.span.bytes)
      #expect(said == verdict)
    }
    for chunks in [[10, 0, 0, 3], [10, 0, 0, 99, 1, 2, 3, 0], [10, 0, 0, 4, 9]] as [[UInt8]] {
      #expect(view(H.ipv4(132, Self.sctp(chunks)), 101).outcome == (chunks.count == 5 ? .transport : .malformed))
    }
    #expect(view(H.ipv4(132, [1, 2, 3, 4]), 101).outcome == .malformed)
    expectNoTrap(H.ipv4(132, Self.sctp(chunk)), 101)
  }

  @Test func readsUDPLite() {
    let lite = { (coverage: Int) in H.ipv4(136, H.big16(5_060) + H.big16(53) + H.big16(coverage) + [0, 0, 1, 2, 3]) }
    for coverage in [0, 8, 9, 11] {
      #expect(view(lite(coverage), 101).transport == .udpLite && payload(lite(coverage), 101) == [1, 2, 3])
    }
    for coverage in [1, 7, 12] { #expect(view(lite(coverage), 101).outcome == .malformed) }
  }

  private static func content(_ record: [UInt8]) -> [UInt8]? {
    // Safe: the view ends with this call.
    unsafe SerialFrame.content(record.span.bytes)
  }

  @Test func takesPPPOutOfItsSerialFrame() {
    var frame = Self.ppp
    var sum: UInt16 = 0xffff
    for byte in frame {
      sum ^= UInt16(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0x8408 : sum >> 1 }
    }
    frame += [UInt8(truncatingIfNeeded: ~sum), UInt8(truncatingIfNeeded: ~sum >> 8)]
    let escaped = frame.flatMap { $0 < 0x20 || $0 == 0x7d || $0 == 0x7e ? [0x7d, $0 ^ 0x20] : [$0] }
    #expect(Self.content(([0x7e] + escaped + [0x7e])) == Self.ppp)
    #expect(Self.content(([0x7e, 0x7e] + escaped)) == Self.ppp)
    #expect(view(Self.ppp, 50).outcome == .transport)
    #expect(
      Self.content(([0x7e] + escaped.dropLast() + [1, 0x7e])) == nil, "the sum is wrong")
    #expect(Self.content(([0x7e] + escaped + [0x7e] + escaped + [0x7e])) == nil, "two frames")
    #expect(Self.content(([0x7e] + escaped + [0x7d])) == nil)
    for count in 0...escaped.count { _ = Self.content(([0x7e] + escaped.prefix(count))) }
  }

  @Test func saysWhatItCouldNotOpen() {
    let secret = (0..<64).map { UInt8(($0 * 89 + 7) % 256) }
    #expect(view(H.ipv4(50, secret), 101).protocolName == "ip protocol 50 (ESP)")
    #expect(view(H.ethernet(0x88e5, [0x0c] + Self.zeros(40))).outcome == .otherProtocol)
    #expect(view(Self.gre(0, 0x1234, secret), 101).outcome == .otherProtocol)
    #expect(view(Self.gre(2, 0x0800, secret), 101).outcome == .malformed)
    #expect(view(Self.gre(0x3081, 0x880b, [0, 0] + Self.zeros(10)), 101).outcome == .control, "an acknowledgement")
    #expect(view(H.ipv4(115, [0, 0, 0, 0] + secret), 101).outcome == .control)
    #expect(view(H.ethernet(0x8847, [0, 1, 1, 64] + secret)).outcome == .otherProtocol)
    #expect(view(H.ethernet(0x8847, [0, 0, 0xd1, 64] + secret)).outcome == .control)
    #expect(view(H.ethernet(0x8847, [0, 1, 0, 64])).outcome == .malformed)
    #expect(view(H.ethernet(0x8863, Self.zeros(20))).outcome == .control)
    #expect(view(H.ethernet(0x8864, [0x11, 0, 0, 7, 0, 4, 0xc0, 0x21, 1, 1])).outcome == .control)
  }

  @Test func tunnelsInTunnelsEndSomewhere() {
    var deep = Self.inner4
    for _ in 0..<TunnelPath.maximumCount { deep = H.ipv4(4, deep) }
    #expect(view(deep, 101).outcome == .transport)
    #expect(view(H.ipv4(4, deep), 101).outcome == .malformed)
  }

  @Test func identifiersTellNetworksApart() {
    let networks = (0..<4).map { identifier in
      view(Self.over(4789, [8, 0, 0, 0, 0, 0, UInt8(identifier), 0] + Self.frame), 101).tunnels.network
    }
    #expect(Set(networks).count == 4 && !networks.contains(0))
    #expect(view(Self.over(2152, Self.gtp), 101).tunnels.network == 0)
  }

  /// What a fragment's packet holds is read on with the headers of the first.
  @Test func readsOnInAReassembledPacket() {
    let whole = H.udp([1, 2, 3])
    let first = view(H.ipv4(17, Array(whole.prefix(8)), fragment: 0x2000), 101)
    // Safe: the view ends with this call.
    let read = unsafe first.reassembled(whole.span.bytes)
    #expect(read.outcome == .transport && read.sourcePort == 5_060 && read.payloadCount == 3 && read.payloadStart == 8)
    let options = H.extensionHeader(17, whole)
    let six = view(H.ipv6(44, H.fragmentHeader(60, 1, Array(options.prefix(8)))), 229)
    // Safe: the view ends with this call.
    let read6 = unsafe six.reassembled(options.span.bytes)
    #expect(read6.outcome == .transport && read6.destinationPort == 53 && read6.payloadStart == 16)
    let outer = view(H.ipv4(4, Array(Self.inner4.prefix(8)), fragment: 0x2000), 101)
    // Safe: the view ends with this call.
    let inner = unsafe outer.reassembled(Self.inner4.span.bytes)
    #expect(inner.outcome == .transport && inner.tunnels.name == "IP-in-IP" && inner.payloadStart == 28)
    #expect(unsafe outer.reassembled([1, 2].span.bytes).outcome == .malformed)
  }

  @Test func readsRarerLinks() {
    let wlan: [UInt8] = [8, 0] + Self.zeros(22) + [0xaa, 0xaa, 3, 0, 0, 0, 8, 0] + Self.inner4
    let links: [(UInt16, [UInt8])] = [
      (9, Self.ppp), (9, [0x21] + Self.inner4), (50, Self.ppp), (50, [0x0f, 0, 8, 0] + Self.inner4),
      (166, [1] + Self.ppp), (204, [0] + Self.ppp),
      (51, [0x11, 0, 0, 7] + H.big16(Self.inner4.count + 2) + [0, 0x21] + Self.inner4),
      (104, [0x0f, 0, 8, 0] + Self.inner4), (205, [0, 0x8f, 0, 8, 0] + Self.inner4),
      (107, [0x18, 0x41, 3, 0xcc] + Self.inner4), (107, [0x18, 0x41, 8, 0] + Self.inner4),
      (206, [1, 0x18, 0x41, 3, 0, 0xcc] + Self.inner4), (219, [0, 1, 1, 64] + Self.inner4),
      (105, wlan), (127, [0, 0, 8, 0, 0, 0, 0, 0] + wlan),
      (127, [0, 0, 9, 0, 2, 0, 0, 0, 0x20, 0x88, 0] + Self.zeros(24) + [0, 0] + wlan.dropFirst(24)),
      (119, [0, 0, 0, 0x44, 0, 0, 0, 16] + Self.zeros(8) + wlan),
      (119, [0x44, 0, 0, 0, 16, 0, 0, 0] + Self.zeros(8) + wlan),
      (163, [0x80, 0x21, 0x10, 1, 0, 0, 0, 12] + Self.zeros(4) + wlan),
      (99, Self.zeros(6) + [8, 0] + Self.zeros(36) + Self.inner4),
      (129, Self.zeros(4) + [0xd4] + Self.zeros(3) + Self.inner4),
      (138, Self.zeros(16) + [8, 0] + Self.inner4), (100, [0xaa, 0xaa, 3, 0, 0, 0, 8, 0] + Self.inner4),
      (109, [2, 0, 0, 0] + Self.zeros(8) + Self.inner4), (117, [61, 2] + Self.zeros(62) + Self.inner4),
      (226, [1, 2] + Self.zeros(22) + Self.inner4),
      (239, [2, 0, 0, 0, 8, 0, 1, 0, 0, 0, 0, 0] + [UInt8(Self.inner4.count + 4), 0, 9, 0] + Self.inner4),
      (258, [12, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0] + Self.frame), (192, [0, 0, 8, 0, 1, 0, 0, 0] + Self.frame),
    ]
    for (linkType, bytes) in links {
      let found = view(bytes, linkType)
      #expect(found.outcome == .transport && payload(bytes, linkType) == [1, 2, 3], "link \(linkType): \(found)")
    }
    #expect(view([8, 0x40] + Self.zeros(60), 105).protocolName.contains("protected"))
    #expect(view([0x80, 0] + Self.zeros(60), 105).outcome == .control, "a beacon")
  }

  @Test func neverTrapsOnAnyCutOrChange() {
    for (_, linkType, bytes) in Self.tunnels { expectNoTrap(bytes, linkType) }
  }
}
