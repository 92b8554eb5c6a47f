import CaptureReading
import EvidenceModel
import Testing

struct PcapngTests {
  /// A file with every kind of block.
  static func everything(little: Bool) -> PcapngBuilder {
    var builder = PcapngBuilder(little: little)
    builder.section([
      (1, Array("hello".utf8)), (2, Array("PC".utf8)), (3, Array("Linux".utf8)), (4, Array("tool".utf8)),
    ])
    builder.interface(1, snapLength: 4, [(2, Array("eth0".utf8)), (11, [0] + Array("tcp".utf8))])
    builder.interface(101, [(9, [9]), (14, builder.number(UInt64(100)))])
    builder.packet([1, 2, 3, 4, 5], interface: 0, ticks: 1_500_000, [(1, Array("first".utf8)), (1, [0xff, 0x41])])
    builder.packet([6], interface: 1, ticks: 1_000_000_001)
    builder.simplePacket([1, 2, 3, 4, 5, 6, 7, 8], original: 8)
    builder.obsoletePacket([9, 9, 9], interface: 1, ticks: 2_000_000_000)
    var names = builder.writer()
    names.put(UInt16(1))
    names.put(UInt16(4 + 4))
    names.bytes += [192, 0, 2, 1] + Array("a\0b\0".utf8)
    names.put(UInt16(2))
    names.put(UInt16(18))
    names.bytes += [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0]
    names.pad()
    names.put(UInt32(0))
    builder.block(4, names.bytes)
    var statistics = builder.writer()
    statistics.put(UInt32(1))
    statistics.put(UInt64(0))
    builder.block(
      5, statistics.bytes + builder.options([(4, builder.number(UInt64(7))), (7, [1, 2, 3]), (1, Array("busy".utf8))]))
    builder.block(0xa, builder.number(UInt32(0x544c_534b)) + builder.number(UInt32(3)) + [1, 2, 3])
    builder.block(0xbad, builder.number(UInt32(32_473)) + [1, 2, 3, 4])
    builder.block(0x4000_0bad, builder.number(UInt32(32_473)) + [5, 6, 7, 8])
    builder.block(9, Array("MESSAGE=started\n".utf8))
    builder.block(0x7777, [1, 2, 3, 4])
    builder.packet([0xee], interface: 0, ticks: 3_000_000)
    return builder
  }

  @Test(arguments: [true, false]) func readsEveryKindOfBlock(_ little: Bool) throws {
    let reading = try read(Self.everything(little: little).bytes)
    #expect(reading.fault == nil)
    #expect(reading.packets.map(\.number) == Array(1...8))
    #expect(
      reading.contents.map { $0.prefix(4) } == [
        [1, 2, 3, 4], [6], [1, 2, 3, 4], [9, 9, 9], reading.contents[4].prefix(4), reading.contents[5].prefix(4),
        Array("MESS".utf8)[...], [0xee],
      ])
    #expect(reading.packets.map(\.linkType) == [1, 101, 1, 101, 0xffff, 0xffff, 0xffff, 1])
    #expect(reading.packets.map(\.interface) == [0, 1, 0, 1, 0, 0, 0, 0])
    let times: [Int64] = [1_500_000_000, 101_000_000_001, .min, 102_000_000_000, .min, .min, .min, 3_000_000_000]
    #expect(reading.packets.map(\.time.nanoseconds) == times)
    #expect(reading.packets[2].capturedLength == 4 && reading.packets[2].originalLength == 8)
    #expect(reading.blockCount == 3)
    let bytes = Self.everything(little: little).bytes
    for (packet, content) in zip(reading.packets, reading.contents) {
      #expect(Array(bytes[Int(packet.dataOffset)...].prefix(content.count)) == content)
    }
  }

  @Test(arguments: [true, false]) func keepsWhatTheFileSaysBesideItsPackets(_ little: Bool) throws {
    let reading = try read(Self.everything(little: little).bytes)
    let section = try #require(reading.facts("capture/section").first)
    #expect(section["application"] == "tool" && section["operatingSystem"] == "Linux" && section["hardware"] == "PC")
    #expect(section["byteOrder"] == .text(little ? "little-endian" : "big-endian"))
    let interfaces = reading.facts("capture/interface")
    #expect(interfaces.map { $0["linkType"] } == [1, 101])
    #expect(interfaces[0]["name"] == "eth0" && interfaces[0]["filter"] == "tcp" && interfaces[0]["snapLength"] == 4)
    #expect(interfaces[1]["timeResolution"] == "nanoseconds" && interfaces[1]["timeOffset"] == 100)
    let comments = reading.facts.filter { $0.kind == "capture/comment" }
    #expect(comments.map(\.packet) == [nil, 1, 1, nil])
    #expect(comments[0].fields["text"] == "hello" && comments[1].fields["text"] == "first")
    #expect(comments[2].fields["text"] == "\u{fffd}A" && comments[2].fields["textHex"] == "ff41")
    let names = try #require(reading.facts("capture/name").first?["records"])
    #expect(
      CanonicalJSON.text(names)
        == "[{\"address\":\"192.0.2.1\",\"names\":[\"a\",\"b\"]},"
        + "{\"address\":\"2001:db8::1\",\"names\":[\"\u{fffd}\"],\"namesHex\":[\"ff\"]}]")
    let statistics = try #require(reading.facts("capture/statistics").first)
    #expect(statistics["received"] == 7 && statistics["interface"] == 1)
    #expect(statistics["droppedBySystem"] == nil, "a number of a wrong size says nothing, not 0")
    let secret = try #require(reading.facts("capture/secret").first)
    #expect(secret["secretType"] == "TLS key log" && secret["byteCount"] == 3 && secret["isDamaged"] == nil)
    let blocks = reading.facts.filter { $0.kind == "capture/block" }
    #expect(blocks.map(\.packet) == [5, 6, 7, nil])
    #expect(blocks[0].fields["enterpriseNumber"] == 32_473 && blocks[3].fields["blockType"] == 0x7777)
  }

  @Test(arguments: [true, false]) func keepsWhatCameBeforeTheCut(_ little: Bool) throws {
    let builder = Self.everything(little: little)
    let all = try read(builder.bytes)
    for cut in 4..<builder.bytes.count {
      let reading = try read(Array(builder.bytes.prefix(cut)))
      let begin = builder.ends.last { $0 <= cut } ?? 0
      let kept = all.packets.prefix { packet in builder.ends.contains { $0 <= cut && UInt64($0) > packet.dataOffset } }
      #expect(reading.packets.count == kept.count, "cut at \(cut)")
      if begin == cut {
        #expect(reading.fault == nil, "cut at \(cut)")
      } else {
        #expect(reading.fault?.code == .truncated && reading.fault?.offset == UInt64(begin), "cut at \(cut)")
      }
    }
  }

  @Test func survivesEveryChangedByte() throws {
    let whole = Self.everything(little: true).bytes
    for place in whole.indices {
      for value: UInt8 in [0, 1, 4, 0x7f, 0x80, 0xff] {
        var bytes = whole
        bytes[place] = value
        guard let reading = try? read(bytes) else { continue }
        #expect(reading.packets.count <= 9)
        #expect((reading.fault?.offset ?? 0) <= UInt64(whole.count))
      }
    }
  }

  @Test func readsSectionsOfDifferentByteOrder() throws {
    var builder = PcapngBuilder(little: true)
    builder.section()
    builder.interface(1)
    builder.interface(113)
    builder.packet([1], interface: 1)
    builder.little = false
    builder.section(version: (1, 2))
    builder.interface(101)
    builder.packet([2], interface: 0, ticks: 5)
    let reading = try read(builder.bytes)
    #expect(reading.fault == nil)
    #expect(reading.packets.map(\.linkType) == [113, 101])
    #expect(reading.packets.map(\.interface) == [1, 2], "counted over all sections")
    #expect(reading.packets[1].time.nanoseconds == 5_000)
    builder.packet([3], interface: 1)
    #expect(try read(builder.bytes).fault?.code == .corrupted, "interfaces end with their section")
  }

  @Test(
    arguments: [
      (0, 7, 7_000_000_000), (3, 1_234, 1_234_000_000), (6, 1, 1_000), (9, 1, 1), (12, 1_999, 1),
      (19, 9_999_999_999, 0),
      (0x80, 3, 3_000_000_000), (0x80 | 10, 512, 500_000_000), (0x80 | 32, 1 << 31, 500_000_000),
      (0x80 | 63, 1 << 62, 500_000_000), (20, 1, Int64.min), (0xff, 1, Int64.min), (0, 1 << 62, Int64.min),
    ] as [(UInt8, UInt64, Int64)])
  func countsTimeAsTheInterfaceSays(_ resolution: UInt8, _ ticks: UInt64, _ nanoseconds: Int64) throws {
    var builder = PcapngBuilder()
    builder.section()
    builder.interface(1, [(9, [resolution])])
    builder.packet([1], ticks: ticks)
    let reading = try read(builder.bytes)
    #expect(reading.fault == nil)
    #expect(reading.packets.map(\.time.nanoseconds) == [nanoseconds])
  }

  @Test func addsANegativeTimeOffset() throws {
    var builder = PcapngBuilder(little: false)
    builder.section()
    builder.interface(1, [(14, builder.number(UInt64(bitPattern: -10)))])
    builder.packet([1], ticks: 3_500_000)
    #expect(try read(builder.bytes).packets[0].time.nanoseconds == -6_500_000_000)
  }

  @Test func readsOnBehindDamageThatPacketsDoNotNeed() throws {
    let bad: [(UInt16, [UInt8])] = [(1, Array("ok".utf8))]
    for kind in 0..<5 {
      var builder = PcapngBuilder()
      builder.section()
      builder.interface(1)
      // An option that claims more bytes than its block has.
      let damaged = builder.options(bad, isEnded: false) + builder.number(UInt16(1)) + builder.number(UInt16(300))
      switch kind {
      case 0:
        var writer = builder.writer()
        for value in [0, 0, 0, 4, 4] as [UInt32] { writer.put(value) }
        builder.block(6, writer.bytes + [1, 2, 3, 4] + damaged)
      case 1: builder.block(5, builder.number(UInt32(0)) + builder.number(UInt64(0)) + damaged)
      case 2: builder.block(4, damaged)
      case 3: builder.block(0xa, builder.number(UInt32(1)) + builder.number(UInt32(999)))
      default: builder.block(5, [1])
      }
      builder.packet([9])
      let reading = try read(builder.bytes)
      #expect(reading.fault == nil, "kind \(kind)")
      #expect(reading.packets.count == (kind == 0 ? 2 : 1), "kind \(kind)")
      if kind > 0 { #expect(reading.facts.contains { $0.fields["isDamaged"] == true }, "kind \(kind)") }
    }
  }

  @Test func refusesFramesThatContradictThemselves() throws {
    for length in [0, 4, 8, 11, 13, 64 << 20 + 4, 0xffff_fffc] as [UInt32] {
      var builder = PcapngBuilder()
      builder.section()
      builder.interface(1)
      builder.packet([1])
      let begin = UInt64(builder.bytes.count)
      builder.block(0x7777, [1, 2, 3, 4], length: length)
      let reading = try read(builder.bytes)
      #expect(reading.packets.count == 1)
      #expect(reading.fault?.code == .corrupted && reading.fault?.offset == begin + 4, "length \(length)")
    }
    var builder = PcapngBuilder()
    builder.section()
    builder.block(0x7777, [1, 2, 3, 4], trailer: 20)
    let reading = try read(builder.bytes)
    #expect(reading.fault?.code == .corrupted && reading.fault?.offset == 28 + 12)
  }

  @Test func refusesWhatPacketsCannotDoWithout() throws {
    let makers: [(inout PcapngBuilder) -> Void] = [
      { $0.packet([1], interface: 1) }, { $0.packet([1], captured: 400) }, { $0.section(version: (2, 0)) },
      { $0.section(version: (1, 1)) }, { $0.block(6, [0, 0, 0, 0]) }, { $0.block(1, [1]) },
    ]
    for (place, make) in makers.enumerated() {
      var builder = PcapngBuilder()
      builder.section()
      builder.interface(1)
      builder.packet([7])
      let begin = UInt64(builder.bytes.count)
      make(&builder)
      builder.packet([8])
      let reading = try read(builder.bytes)
      #expect(reading.packets.count == 1, "case \(place)")
      #expect(reading.fault?.code == .corrupted && (reading.fault?.offset ?? 0) >= begin, "case \(place)")
    }
    var without = PcapngBuilder()
    without.section()
    without.simplePacket([1])
    #expect(try read(without.bytes).fault?.code == .corrupted)
    var magic = PcapngBuilder()
    magic.section()
    magic.bytes[8] = 0
    #expect(try read(magic.bytes).fault?.offset == 8)
  }
}
