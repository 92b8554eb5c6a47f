import EvidenceModel
import PacketLayers
import Testing

private typealias H = Headers

struct PacketViewTests {
  static let data: [UInt8] = [1, 2, 3]
  static let tcp4 = H.ipv4(6, H.tcp(data))
  static let udp4 = H.ipv4(17, H.udp(data))
  static let udp6 = H.ipv6(17, H.udp(data))

  private func expectDatagram(_ bytes: [UInt8], _ linkType: UInt16 = 1, isVersion6: Bool = false, _ note: String = "") {
    let found = view(bytes, linkType)
    #expect(found.outcome == .transport && found.transport == .udp, "\(note) link \(linkType): \(found)")
    #expect(found.source.isVersion6 == isVersion6 && found.sourcePort == 5_060 && found.destinationPort == 53)
    #expect(payload(bytes, linkType) == Self.data, "\(note) link \(linkType)")
  }

  @Test func readsEthernetWithAnyTags() {
    expectDatagram(H.ethernet(0x0800, Self.udp4))
    expectDatagram(H.ethernet(0x86dd, Self.udp6), isVersion6: true)
    for type in [0x8100, 0x88a8, 0x9100, 0x9200] {
      expectDatagram(H.ethernet(type, H.tag(0x0800, Self.udp4)))
      expectDatagram(H.ethernet(type, H.tag(0x8100, H.tag(0x86dd, Self.udp6))), isVersion6: true)
    }
    var deep = Self.udp4
    for _ in 0..<14 { deep = H.tag(deep == Self.udp4 ? 0x0800 : 0x8100, deep) }
    expectDatagram(H.ethernet(0x8100, deep))
    for _ in 0..<4 { deep = H.tag(0x8100, deep) }
    #expect(view(H.ethernet(0x8100, deep)).outcome == .malformed)
  }

  @Test func readsLogicalLinkControl() {
    let snap: [UInt8] = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0]
    expectDatagram(H.ethernet(snap.count + Self.udp4.count, snap + Self.udp4))
    expectDatagram(H.ethernet(0x8100, H.tag(snap.count + Self.udp4.count, snap + Self.udp4)))
    expectDatagram(H.ethernet(60, [6, 6, 3] + Self.udp4))
    let spanningTree = view(H.ethernet(38, [0x42, 0x42, 3, 0, 0, 0]))
    #expect(spanningTree.outcome == .otherProtocol && spanningTree.layer == .llc)
    #expect(spanningTree.protocolName == "LLC service access point 0x42")
    #expect(view(H.ethernet(38, [0xaa, 0xaa, 3, 0, 0, 0xc, 1, 0x0b, 0])).outcome == .otherProtocol)
    #expect(view(H.ethernet(2, [0xaa, 0xaa])).outcome == .malformed)
  }

  @Test func readsEveryLinkType() {
    for linkType in [12, 14, 101, 228] as [UInt16] { expectDatagram(Self.udp4, linkType) }
    for linkType in [12, 14, 101, 229] as [UInt16] { expectDatagram(Self.udp6, linkType, isVersion6: true) }
    for family in [[2, 0, 0, 0], [0, 0, 0, 2]] as [[UInt8]] { expectDatagram(family + Self.udp4, 0) }
    expectDatagram([0, 0, 0, 2] + Self.udp4, 108)
    for family in [10, 24, 28, 30] as [UInt8] {
      expectDatagram([family, 0, 0, 0] + Self.udp6, 0, isVersion6: true)
      expectDatagram([0, 0, 0, family] + Self.udp6, 0, isVersion6: true)
      expectDatagram([0, 0, 0, family] + Self.udp6, 108, isVersion6: true)
    }
    let cooked = [UInt8](repeating: 0, count: 14)
    expectDatagram(cooked + [8, 0] + Self.udp4, 113)
    expectDatagram(cooked + [0x86, 0xdd] + Self.udp6, 113, isVersion6: true)
    expectDatagram(cooked + [0x81, 0] + H.tag(0x0800, Self.udp4), 113)
    expectDatagram([8, 0] + [UInt8](repeating: 0, count: 18) + Self.udp4, 276)
    #expect(view(Self.udp4, 177).outcome == .otherLink)
    #expect(view(Self.udp4, 0xffff).outcome == .otherLink)
    let unknown = view([0, 0, 0, 7] + Self.udp4, 108)
    #expect(unknown.outcome == .otherProtocol && unknown.protocolName == "address family 7")
    #expect(view([0x50], 101).outcome == .malformed && view([], 101).outcome == .malformed)
  }

  @Test func readsIPv4WithOptionsAndPadding() {
    expectDatagram(H.ethernet(0x0800, H.ipv4(17, H.udp(Self.data), options: [7, 4, 4, 0, 0, 0, 0, 0])))
    expectDatagram(H.ethernet(0x0800, Self.udp4 + [UInt8](repeating: 0, count: 18)), "Ethernet's padding is left out")
    let offloaded = H.ethernet(0x0800, H.ipv4(6, H.tcp(Self.data), totalLength: 0))
    #expect(payload(offloaded) == Self.data)
    for bad in [0x35, 0x44, 0x40, 0x65] as [UInt8] {
      #expect(view(H.ethernet(0x0800, H.ipv4(17, H.udp([]), versionAndLength: bad))).outcome == .malformed)
    }
    #expect(view(H.ethernet(0x0800, H.ipv4(17, H.udp([]), totalLength: 19))).outcome == .malformed)
  }

  private func expectDatagram(_ bytes: [UInt8], _ note: String) { expectDatagram(bytes, 1, isVersion6: false, note) }

  @Test func tellsFragmentsFromWholePackets() {
    for (fragment, isFragment) in [(0x2000, true), (0x0001, true), (0x3fff, true), (0x4000, false), (0x8000, false)] {
      let found = view(H.ethernet(0x0800, H.ipv4(17, H.udp(Self.data), fragment: fragment)))
      #expect(found.outcome == (isFragment ? .fragment : .transport), "\(fragment)")
      #expect(found.payloadCount == (isFragment ? 11 : 3) && found.hasAddresses)
    }
    for (fragment, isFragment) in [(0, false), (1, true), (8, true), (6, false)] {
      let found = view(H.ipv6(44, H.fragmentHeader(17, fragment, H.udp(Self.data))), 229)
      #expect(found.outcome == (isFragment ? .fragment : .transport), "\(fragment)")
      #expect(found.payloadCount == (isFragment ? 11 : 3))
    }
  }

  @Test func readsExtensionHeaders() {
    for number in [0, 43, 60, 135, 139, 140] as [UInt8] {
      expectDatagram(H.ipv6(number, H.extensionHeader(17, units: 1, H.udp(Self.data))), 101, isVersion6: true)
    }
    var deep = H.extensionHeader(17, H.udp(Self.data))
    for _ in 0..<3 { deep = H.extensionHeader(60, deep) }
    expectDatagram(H.ipv6(0, deep), 101, isVersion6: true)
    for _ in 0..<20 { deep = H.extensionHeader(60, deep) }
    #expect(view(H.ipv6(0, deep), 101).outcome == .malformed)
    #expect(view(H.ipv6(59, [1, 2]), 101).outcome == .control)
    expectDatagram(H.ipv6(17, H.udp(Self.data), payloadLength: 0), 101, isVersion6: true)
    #expect(view(H.ipv6(0, H.extensionHeader(6, H.tcp([])), payloadLength: 8), 101).outcome == .malformed)
  }

  @Test func readsTCP() {
    let found = view(H.ethernet(0x0800, Self.tcp4))
    #expect(found.outcome == .transport && found.transport == .tcp)
    #expect(found.sequence == 0x0102_0304 && found.acknowledgement == 0x0506_0708)
    #expect(found.flags == [.psh, .ack] && found.sourcePort == 80 && found.destinationPort == 40_000)
    let options = [UInt8](repeating: 1, count: 40)
    #expect(payload(H.ipv4(6, H.tcp(Self.data, options: options)), 101) == Self.data)
    for offset in [0, 4, 15] as [UInt8] {
      #expect(view(H.ipv4(6, H.tcp(Self.data, offset: offset)), 101).outcome == .malformed)
    }
    #expect(view(H.ipv4(6, [0, 80]), 101).outcome == .malformed)
  }

  @Test func readsUDPLengths() {
    #expect(payload(H.ipv4(17, H.udp(Self.data, length: 0)), 101) == Self.data, "0 means what IP says")
    #expect(payload(H.ipv4(17, H.udp(Self.data, length: 9)), 101) == [1], "the rest is padding")
    #expect(payload(H.ipv4(17, H.udp(Self.data, length: 5_000)), 101) == Self.data)
    for length in 1...7 { #expect(view(H.ipv4(17, H.udp(Self.data, length: length)), 101).outcome == .malformed) }
    #expect(view(H.ipv4(17, [0, 53, 0, 53]), 101).outcome == .malformed)
  }

  @Test func namesWhatItDoesNotRead() {
    #expect(view(H.ethernet(0x0806, [UInt8](repeating: 0, count: 28))).outcome == .control)
    #expect(view(H.ipv4(1, [8, 0, 0, 0]), 101).outcome == .control)
    #expect(view(H.ipv6(58, [128, 0, 0, 0]), 101).outcome == .control)
    #expect(view(H.ipv4(2, []), 101).outcome == .control)
    #expect(view(H.ipv4(132, [0]), 101).outcome == .malformed)
    #expect(view(H.ipv4(253, [0]), 101).protocolName == "ip protocol 253")
    #expect(view(H.ethernet(0x88cc, [])).protocolName == "ethertype 0x88cc (LLDP)")
    #expect(view(H.ethernet(0xffff, [])).protocolName == "ethertype 0xffff")
  }

  @Test func tellsHowMuchTheRecorderCut() {
    let whole = H.ethernet(0x0800, H.ipv4(17, H.udp([UInt8](repeating: 7, count: 100))))
    let found = view(Array(whole.prefix(60)))
    #expect(found.isCut && found.announcedPayloadCount == 100 && found.payloadCount == 60 - 42)
    #expect(!view(whole).isCut)
    let segment = H.ethernet(0x0800, H.ipv4(6, H.tcp([UInt8](repeating: 7, count: 100))))
    #expect(view(Array(segment.prefix(54))).announcedPayloadCount == 100)
  }

  @Test func neverTrapsOnAnyCutOrChange() {
    let samples: [(UInt16, [UInt8])] = [
      (1, H.ethernet(0x8100, H.tag(0x0800, Self.tcp4))), (1, H.ethernet(0x86dd, Self.udp6)),
      (1, H.ethernet(50, [0xaa, 0xaa, 3, 0, 0, 0, 8, 0] + Self.udp4)), (0, [2, 0, 0, 0] + Self.udp4),
      (113, [UInt8](repeating: 0, count: 14) + [8, 0] + Self.tcp4),
      (276, [8, 0] + [UInt8](repeating: 0, count: 18) + Self.udp4),
      (229, H.ipv6(0, H.extensionHeader(44, H.fragmentHeader(6, 0, H.tcp(Self.data))))),
    ]
    for (linkType, bytes) in samples { expectNoTrap(bytes, linkType) }
  }
}
