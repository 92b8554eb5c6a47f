/// Writes integers in either byte order.
struct OrderedWriter {
  let isLittleEndian: Bool
  var bytes: [UInt8] = []

  init(little: Bool) { isLittleEndian = little }

  mutating func put(_ value: some FixedWidthInteger & UnsignedInteger) {
    let count = value.bitWidth / 8
    let big = (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - $0))) }
    bytes += isLittleEndian ? big.reversed() : big
  }
  mutating func pad() { while bytes.count % 4 != 0 { bytes.append(0) } }
}

/// Builds a classic capture.
struct PcapBuilder {
  var little = true
  var magic: UInt32 = 0xa1b2_c3d4
  var version: (UInt16, UInt16) = (2, 4)
  var snapLength: UInt32 = 65_535
  var network: UInt32 = 1
  var records: [(seconds: UInt32, fraction: UInt32, captured: UInt32?, original: UInt32?, data: [UInt8])] = []

  mutating func add(
    _ data: [UInt8], seconds: UInt32 = 1, fraction: UInt32 = 0, captured: UInt32? = nil, original: UInt32? = nil
  ) {
    records.append((seconds, fraction, captured, original, data))
  }

  var bytes: [UInt8] {
    var writer = OrderedWriter(little: little)
    writer.put(magic)
    writer.put(version.0)
    writer.put(version.1)
    writer.put(UInt32(0))
    writer.put(UInt32(0))
    writer.put(snapLength)
    writer.put(network)
    for record in records {
      writer.put(record.seconds)
      writer.put(record.fraction)
      writer.put(record.captured ?? UInt32(record.data.count))
      writer.put(record.original ?? UInt32(record.data.count))
      writer.bytes += record.data
    }
    return writer.bytes
  }
}

/// Builds the blocks of a pcapng file.
struct PcapngBuilder {
  typealias Option = (code: UInt16, value: [UInt8])
  var little = true
  var bytes: [UInt8] = []
  /// The offset behind each block.
  var ends: [Int] = []

  init(little: Bool = true) { self.little = little }

  func writer() -> OrderedWriter { OrderedWriter(little: little) }

  mutating func block(_ type: UInt32, _ body: [UInt8], trailer: UInt32? = nil, length: UInt32? = nil) {
    var writer = writer()
    let padded = (body.count + 3) / 4 * 4
    let total = length ?? UInt32(padded + 12)
    writer.put(type)
    writer.put(total)
    writer.bytes += body
    writer.pad()
    writer.put(trailer ?? total)
    bytes += writer.bytes
    ends.append(bytes.count)
  }

  func options(_ list: [Option], isEnded: Bool = true) -> [UInt8] {
    guard !list.isEmpty else { return [] }
    var writer = writer()
    for option in list {
      writer.put(option.code)
      writer.put(UInt16(option.value.count))
      writer.bytes += option.value
      writer.pad()
    }
    if isEnded { writer.put(UInt32(0)) }
    return writer.bytes
  }

  mutating func section(version: (UInt16, UInt16) = (1, 0), _ list: [Option] = []) {
    var writer = writer()
    writer.put(UInt32(0x1a2b_3c4d))
    writer.put(version.0)
    writer.put(version.1)
    writer.put(UInt64.max)
    writer.bytes += options(list)
    block(0x0a0d_0d0a, writer.bytes)
  }

  mutating func interface(_ linkType: UInt16 = 1, snapLength: UInt32 = 0, _ list: [Option] = []) {
    var writer = writer()
    writer.put(linkType)
    writer.put(UInt16(0))
    writer.put(snapLength)
    writer.bytes += options(list)
    block(1, writer.bytes)
  }

  mutating func packet(
    _ data: [UInt8], interface: UInt32 = 0, ticks: UInt64 = 0, captured: UInt32? = nil, _ list: [Option] = []
  ) {
    var writer = writer()
    writer.put(interface)
    writer.put(UInt32(ticks >> 32))
    writer.put(UInt32(truncatingIfNeeded: ticks))
    writer.put(captured ?? UInt32(data.count))
    writer.put(UInt32(data.count))
    writer.bytes += data
    writer.pad()
    writer.bytes += options(list)
    block(6, writer.bytes)
  }

  mutating func obsoletePacket(_ data: [UInt8], interface: UInt16 = 0, ticks: UInt64 = 0) {
    var writer = writer()
    writer.put(interface)
    writer.put(UInt16(3))
    writer.put(UInt32(ticks >> 32))
    writer.put(UInt32(truncatingIfNeeded: ticks))
    writer.put(UInt32(data.count))
    writer.put(UInt32(data.count))
    writer.bytes += data
    block(2, writer.bytes)
  }

  mutating func simplePacket(_ data: [UInt8], original: UInt32? = nil) {
    var writer = writer()
    writer.put(original ?? UInt32(data.count))
    writer.bytes += data
    block(3, writer.bytes)
  }

  /// A number as an option's value.
  func number(_ value: some FixedWidthInteger & UnsignedInteger) -> [UInt8] {
    var writer = writer()
    writer.put(value)
    return writer.bytes
  }
}
