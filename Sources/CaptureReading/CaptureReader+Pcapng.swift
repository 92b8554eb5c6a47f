import ByteReading
import EvidenceModel

/// The frame of a block: its type, its length with both length fields, and where it begins.
struct PcapngBlock {
  let type: UInt32
  let length: Int
  let offset: UInt64
  /// First and last offset.
  var range: ClosedRange<UInt64> { offset...(offset + UInt64(length) - 1) }
}

extension CaptureReader {
  static let maximumBlockLength: UInt32 = 64 * 1024 * 1024
  /// The shortest block: type, length, length.
  static let minimumBlockLength: UInt32 = 12

  mutating func nextOfPcapng() -> CaptureStep {
    if pendingTail > 0 {
      window.pass(UInt64(pendingTail))
      pendingTail = 0
    }
    while true {
      let block: PcapngBlock
      do throws(CaptureFault) {
        guard let found = try nextBlock() else { return .end(nil) }
        block = found
      } catch { return .end(error) }
      do throws(ReadError) {
        if let packet = try packet(in: block) {
          window.advance(Int(packet.dataOffset - block.offset))
          pendingTail = block.length - Int(packet.dataOffset - block.offset) - Int(packet.capturedLength)
          lastPacket = packet
          return .packet(packet)
        }
        try readOther(block)
        window.advance(block.length)
      } catch {
        return .end(
          CaptureFault(
            .corrupted, at: block.offset + UInt64(error.offset),
            "block of type \(block.type) after packet \(packetCount): \(error)"))
      }
    }
  }

  /// Finds the next block whole in the window; nil at the end of the file.
  private mutating func nextBlock() throws(CaptureFault) -> PcapngBlock? {
    guard window.ensure(12) else {
      let left = window.remaining(upTo: 12)
      if left == 0, window.readErrorNumber == nil { return nil }
      throw truncation("the file ends inside the frame of the block after packet \(packetCount)")
    }
    if PcapngState.isMagic(window.view(4)) {
      switch bigEndian(at: 8) {
      case 0x1a2b_3c4d: pcapng.isLittleEndian = false
      case 0x4d3c_2b1a: pcapng.isLittleEndian = true
      default:
        throw CaptureFault(.corrupted, at: window.offset + 8, "a section header has no byte-order magic")
      }
    } else if pcapng.sectionCount == 0 {
      throw CaptureFault(.corrupted, at: window.offset, "the file does not begin with a section header")
    }
    let type = word(at: 0)
    let length = word(at: 4)
    guard length >= Self.minimumBlockLength, length % 4 == 0 else {
      throw CaptureFault(
        .corrupted, at: window.offset + 4, "a block after packet \(packetCount) claims \(length) bytes")
    }
    guard length <= Self.maximumBlockLength else {
      throw CaptureFault(
        .corrupted, at: window.offset + 4,
        "a block after packet \(packetCount) claims \(length) bytes, more than the limit of \(Self.maximumBlockLength)")
    }
    guard window.ensure(Int(length)) else {
      throw truncation("the file ends inside the block after packet \(packetCount)")
    }
    let trailer = word(at: Int(length) - 4)
    guard trailer == length else {
      throw CaptureFault(
        .corrupted, at: window.offset + UInt64(length) - 4,
        "a block after packet \(packetCount) gives its length as \(length) in front and \(trailer) behind")
    }
    return PcapngBlock(type: type, length: Int(length), offset: window.offset)
  }

  private func bigEndian(at distance: Int) -> UInt32 {
    var reader = ByteReader(window.view(4, at: distance))
    return (try? reader.read(UInt32.self, "word")) ?? 0
  }

  private func word(at distance: Int) -> UInt32 {
    let value = bigEndian(at: distance)
    return pcapng.isLittleEndian ? value.byteSwapped : value
  }

  /// The packet of an enhanced, simple or obsolete packet block; nil for every other block.
  private mutating func packet(in block: PcapngBlock) throws(ReadError) -> CapturedPacket? {
    if let found = numberedBlock(block) { return found }
    var reader = OrderedReader(window.view(block.length - 4, at: 0), isLittleEndian: pcapng.isLittleEndian)
    try reader.skip(8, "block frame")
    let interfaceNumber: UInt32
    var high: UInt32 = 0
    var low: UInt32 = 0
    var captured: UInt32
    let original: UInt32
    var hasOptions = true
    switch PcapngBlockType(rawValue: block.type) {
    case .enhancedPacket:
      interfaceNumber = try reader.read("interface")
      high = try reader.read("time, upper half")
      low = try reader.read("time, lower half")
      captured = try reader.read("captured length")
      original = try reader.read("original length")
    case .obsoletePacket:
      let number: UInt16 = try reader.read("interface")
      interfaceNumber = UInt32(number)
      try reader.skip(2, "drops")
      high = try reader.read("time, upper half")
      low = try reader.read("time, lower half")
      captured = try reader.read("captured length")
      original = try reader.read("original length")
    case .simplePacket:
      interfaceNumber = 0
      original = try reader.read("original length")
      captured = min(original, UInt32(reader.remaining))
      hasOptions = false
    default: return nil
    }
    guard pcapng.interfaces.indices.contains(Int(interfaceNumber)) else {
      throw ReadError(.malformed, at: 8, reading: "interface number without its description")
    }
    let interface = pcapng.interfaces[Int(interfaceNumber)]
    if !hasOptions, interface.snapLength > 0 { captured = min(captured, interface.snapLength) }
    let dataOffset = reader.offset
    guard captured <= Self.maximumLength(ofLinkType: interface.linkType) else {
      throw ReadError(.limitExceeded, at: dataOffset - 8, reading: "captured length")
    }
    try reader.skip(Int(captured), "packet data")
    if hasOptions, reader.remaining >= 4 + padding(captured) {
      try reader.skip(padding(captured), "padding")
      keepComments(PcapngOption.read(&reader).list, block, packet: packetCount + 1)
    }
    return CapturedPacket(
      number: packetCount + 1,
      time: hasOptions ? interface.scale.time(ticks: UInt64(high) << 32 | UInt64(low)) : .unknown,
      capturedLength: captured, originalLength: original, dataOffset: block.offset + UInt64(dataOffset),
      linkType: interface.linkType, interface: pcapng.formerInterfaceCount + interfaceNumber)
  }

  func padding(_ count: UInt32) -> Int { Int((4 - count % 4) % 4) }

  /// A block that is no packet but has a number in Wireshark; its bytes are all between the lengths.
  private mutating func numberedBlock(_ block: PcapngBlock) -> CapturedPacket? {
    switch PcapngBlockType(rawValue: block.type) {
    case .systemdJournal, .custom, .customNotCopied, .sysdigEvent, .sysdigEventV2, .sysdigEventV2Large: break
    default: return nil
    }
    var fields: Fields = [:]
    fields.set("blockType", block.type)
    fields.set("byteCount", block.length)
    let isCustom =
      block.type == PcapngBlockType.custom.rawValue
      || block.type == PcapngBlockType.customNotCopied.rawValue
    if isCustom, block.length >= 16 { fields.set("enterpriseNumber", word(at: 8)) }
    keep(CaptureFact("capture/block", fields, bytes: block.range, packet: packetCount + 1))
    let length = UInt32(block.length - 12)
    return CapturedPacket(
      number: packetCount + 1, time: .unknown, capturedLength: length, originalLength: length,
      dataOffset: block.offset + 8, linkType: CapturedPacket.blockLinkType, interface: 0)
  }
}
