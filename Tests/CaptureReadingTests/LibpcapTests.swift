import CaptureReading
import EvidenceModel
import TestSupport
import Testing

struct LibpcapTests {
  @Test func witnessAgreesWithTheReader() throws {
    let folder = try TemporaryFolder()
    var builder = PcapBuilder()
    for length in 0..<50 { builder.add([UInt8](repeating: 1, count: length), original: 60) }
    let path = try folder.write(builder.bytes, "a.pcap")
    let total = UInt64((0..<50).reduce(0, +))
    #expect(WitnessAccount.read(path: path) == .counted(packets: 50, bytes: total, fault: nil))
    let cut = try folder.write(builder.bytes.dropLast(3), "cut.pcap")
    guard case .counted(let packets, let bytes, let fault) = WitnessAccount.read(path: cut) else {
      Issue.record("no count")
      return
    }
    #expect(packets == 49 && bytes == total - 49 && fault != nil)
  }

  @Test func witnessCountsNoBlocksThatAreNoPackets() throws {
    let folder = try TemporaryFolder()
    var builder = PcapngBuilder()
    builder.section()
    builder.interface(1)
    builder.packet([1, 2])
    builder.block(9, Array("MESSAGE=x\n".utf8))
    builder.packet([3])
    let path = try folder.write(builder.bytes, "a.pcapng")
    #expect(WitnessAccount.read(path: path) == .counted(packets: 2, bytes: 3, fault: nil))
    let reading = try read(path: path)
    #expect(reading.packets.count == 3 && reading.blockCount == 1)
  }

  @Test func witnessSaysWhatItCannotRead() throws {
    let folder = try TemporaryFolder()
    let builder = PcapngTests.everything(little: true)
    let path = try folder.write(builder.bytes, "a.pcapng")
    guard case .unable(let reason) = WitnessAccount.read(path: path) else {
      Issue.record("it read two link types")
      return
    }
    #expect(reason.contains("different"))
    guard case .unable = WitnessAccount.read(path: "/nonexistent") else {
      Issue.record("it read nothing")
      return
    }
  }

  /// An Ethernet header and an IPv4 header of protocol 17 behind it, with both ports.
  private static let datagram: [UInt8] =
    [UInt8](repeating: 2, count: 12) + [8, 0]
    + [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2] + [0, 53, 0x10, 0, 0, 8, 0, 0]

  private func passes(_ expression: String, _ bytes: [UInt8], linkType: UInt16) throws -> Bool {
    var filter = try PacketFilter(expression)
    let packet = CapturedPacket(
      number: 1, time: .unknown, capturedLength: UInt32(bytes.count), originalLength: UInt32(bytes.count),
      dataOffset: 0,
      linkType: linkType, interface: 0)
    return try unsafe filter.passes(packet, bytes.span.bytes)
  }

  @Test func filterLooksAtEachLinkType() throws {
    let raw = Array(Self.datagram.dropFirst(14))
    for (linkType, bytes) in [(1, Self.datagram), (101, raw), (228, raw), (0xffff, raw)] as [(UInt16, [UInt8])] {
      #expect(try passes("udp port 53", bytes, linkType: linkType) == (linkType != 0xffff))
      #expect(try !passes("tcp", bytes, linkType: linkType))
    }
    for length in 0..<Self.datagram.count {
      _ = try passes("udp port 53 and udp[4:2] > 7", Array(Self.datagram.prefix(length)), linkType: 1)
    }
  }

  @Test func filterReportsWhatItCannotCompile() throws {
    for expression in ["port port", "host )", "tcp ="] {
      let fault = #expect(throws: CaptureFault.self) { _ = try PacketFilter(expression) }
      #expect(fault?.message.isEmpty == false)
    }
    _ = try PacketFilter("wlan type mgt")
    let fault = #expect(throws: CaptureFault.self) { try passes("wlan type mgt", Self.datagram, linkType: 1) }
    #expect(fault != nil)
  }

  @Test func namesLinkTypes() {
    #expect(linkTypeName(1) == "EN10MB")
    #expect(linkTypeName(101) == "RAW")
    #expect(linkTypeName(65_000) == "LINKTYPE_65000")
  }
}
