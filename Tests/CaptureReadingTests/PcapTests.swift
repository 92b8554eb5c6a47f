import CaptureReading
import EvidenceModel
import Testing

struct PcapTests {
  @Test(arguments: [true, false], [0xa1b2_c3d4, 0xa1b2_3c4d] as [UInt32])
  func readsBothByteOrdersAndResolutions(_ little: Bool, _ magic: UInt32) throws {
    var builder = PcapBuilder(little: little, magic: magic)
    builder.add([1, 2, 3], seconds: 1_700_000_000, fraction: 123_456, original: 99)
    builder.add([], seconds: 0xffff_ffff, fraction: 0xffff_ffff)
    let reading = try read(builder.bytes)
    #expect(reading.fault == nil)
    #expect(reading.contents == [[1, 2, 3], []])
    let nanoseconds: Int64 = magic == 0xa1b2_c3d4 ? 123_456_000 : 123_456
    let first = reading.packets[0]
    #expect(first.time.nanoseconds == 1_700_000_000_000_000_000 + nanoseconds)
    #expect(first.number == 1 && first.capturedLength == 3 && first.originalLength == 99)
    #expect(first.dataOffset == 40 && first.linkType == 1 && first.interface == 0)
    #expect(reading.packets[1].dataOffset == 59)
    #expect(reading.facts.first?.kind == "capture/interface" && reading.facts.first?.bytes == 0...23)
  }

  @Test(arguments: [0xa1b2_cd34, 0xa1b2_34cd, 0xa12b_3c4d] as [UInt32], [true, false])
  func refusesVariantsWhoseRecordsDiffer(_ magic: UInt32, _ little: Bool) {
    let fault = #expect(throws: CaptureFault.self) { try read(PcapBuilder(little: little, magic: magic).bytes) }
    #expect(fault?.code == .unsupportedFormat && fault?.offset == 0)
  }

  @Test(arguments: [[], [0xd4], [0xd4, 0xc3, 0xb2], [0, 0, 0, 0], Array("GIF89a".utf8)] as [[UInt8]])
  func refusesWhatIsNoCapture(_ bytes: [UInt8]) {
    let fault = #expect(throws: CaptureFault.self) { try read(bytes) }
    #expect(fault?.code == (bytes.isEmpty ? .empty : .unknownFormat))
  }

  @Test func refusesAnUnknownVersion() {
    for version in [(1, 4), (3, 0), (0, 0), (543, 1)] as [(UInt16, UInt16)] {
      let fault = #expect(throws: CaptureFault.self) { try read(PcapBuilder(version: version).bytes) }
      #expect(fault?.code == .unsupportedFormat && fault?.offset == 4)
    }
  }

  @Test func swapsTheLengthsOfOldVersions() throws {
    for (version, isSwapped) in [((2, 2), true), ((2, 0), true), ((543, 0), true), ((2, 3), true), ((2, 4), false)]
      as [((UInt16, UInt16), Bool)]
    {
      var builder = PcapBuilder(version: version)
      if isSwapped {
        builder.add([7, 8], captured: 60, original: 2)
      } else {
        builder.add([7, 8], captured: 2, original: 60)
      }
      let packet = try #require(try read(builder.bytes).packets.first)
      #expect(packet.capturedLength == 2 && packet.originalLength == 60, "version \(version)")
    }
    var straight = PcapBuilder(version: (2, 3))
    straight.add([7, 8], captured: 2, original: 60)
    #expect(try read(straight.bytes).contents == [[7, 8]])
  }

  @Test func keepsWhatCameBeforeTheCut() throws {
    var builder = PcapBuilder()
    for length in [5, 0, 40] { builder.add([UInt8](repeating: 9, count: length)) }
    let whole = builder.bytes
    let ends = [24, 24 + 21, 24 + 21 + 16, whole.count]
    for cut in 0..<whole.count {
      let bytes = Array(whole.prefix(cut))
      guard cut >= 24 else {
        let fault = #expect(throws: CaptureFault.self) { try read(bytes) }
        #expect(fault?.code == (cut == 0 ? .empty : cut < 4 ? .unknownFormat : .truncated))
        #expect((fault?.offset ?? 99) <= UInt64(cut))
        continue
      }
      let reading = try read(bytes)
      let kept = ends.filter { $0 <= cut }.count - 1
      #expect(reading.packets.count == kept, "cut at \(cut)")
      if ends.contains(cut) {
        #expect(reading.fault == nil, "cut at \(cut)")
      } else {
        #expect(reading.fault?.code == .truncated && reading.fault?.offset == UInt64(ends[kept]), "cut at \(cut)")
      }
    }
  }

  @Test func refusesLengthsThatCannotBe() throws {
    for length in [262_145, 0x7fff_ffff, 0xffff_ffff] as [UInt32] {
      var builder = PcapBuilder()
      builder.add([1])
      builder.add([2], captured: length)
      let reading = try read(builder.bytes)
      #expect(reading.packets.count == 1)
      #expect(reading.fault?.code == .corrupted && reading.fault?.offset == 41)
    }
    var large = PcapBuilder(network: 220)
    large.add([1], captured: 100 << 20)
    #expect(try read(large.bytes).fault?.code == .corrupted)
    var largest = PcapBuilder()
    largest.add([UInt8](repeating: 1, count: 262_144))
    #expect(try read(largest.bytes).contents.first?.count == 262_144)
  }

  @Test func readsPacketsOverTheEdgesOfTheWindow() throws {
    var builder = PcapBuilder()
    for length in stride(from: 1, through: 200_001, by: 7_919) {
      builder.add((0..<length).map { UInt8(truncatingIfNeeded: $0 &* length) })
    }
    let reading = try read(builder.bytes)
    #expect(reading.fault == nil)
    #expect(reading.contents == builder.records.map(\.data))
    for (packet, content) in zip(reading.packets, reading.contents) {
      #expect(Array(builder.bytes[Int(packet.dataOffset)..<Int(packet.dataOffset) + content.count]) == content)
    }
  }

  @Test func tellsTheLengthOfTheCheckSequence() throws {
    // Two 16-bit words: the four bytes of Ethernet's.
    let reading = try read(PcapBuilder(network: 1 | 0x0400_0000 | 2 << 28).bytes)
    #expect(reading.facts[0].fields["checkSequenceLength"] == 4)
    #expect(reading.facts[0].fields["linkType"] == 1)
    #expect(try read(PcapBuilder().bytes).facts[0].fields["checkSequenceLength"] == nil)
  }

  @Test func reportsWhatTheSystemRefuses() {
    let missing = #expect(throws: CaptureFault.self) { try read(path: "/nonexistent/capture.pcap") }
    #expect(missing?.code == .system)
    let folder = #expect(throws: CaptureFault.self) { try read(path: "/tmp") }
    #expect(folder?.code == .system)
  }
}
