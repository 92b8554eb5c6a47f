import ByteReading
import EvidenceModel

extension CaptureReader {
  /// The largest number of facts that one file may give.
  static let maximumFactCount = 100_000
  /// Bytes of a block that are kept in its record.
  static let maximumKeptBytes = 65_536

  /// Reads a block that is not a packet and keeps what it says.
  mutating func readOther(_ block: PcapngBlock) throws(ReadError) {
    var state = pcapng
    defer { pcapng = state }
    var reader = OrderedReader(window.view(block.length - 4), isLittleEndian: pcapng.isLittleEndian)
    try reader.skip(8, "block frame")
    var fields: Fields = [:]
    let kind: String
    switch PcapngBlockType(rawValue: block.type) {
    case .sectionHeader:
      kind = "capture/section"
      try Self.readSection(&reader, &state, &fields)
    case .interfaceDescription:
      kind = "capture/interface"
      try Self.readInterface(&reader, &state, &fields)
    case .nameResolution:
      kind = "capture/name"
      try Self.readNames(&reader, &fields)
    case .interfaceStatistics:
      kind = "capture/statistics"
      try Self.readStatistics(&reader, state, &fields)
    case .decryptionSecrets:
      kind = "capture/secret"
      fields.set("secretType", Self.secretType(try reader.read("secret type")))
      let length: UInt32 = try reader.read("secret length")
      fields.set("byteCount", length)
      try reader.skip(Int(length), "secret")
    case .custom, .customNotCopied:
      kind = "capture/block"
      fields.set("blockType", block.type)
      fields.set("byteCount", block.length)
      let enterprise: UInt32 = try reader.read("enterprise number")
      fields.set("enterpriseNumber", enterprise)
    default:
      kind = "capture/block"
      fields.set("blockType", block.type)
      fields.set("byteCount", block.length)
    }
    keep(CaptureFact(kind, fields, bytes: block.range))
  }

  private mutating func keep(_ fact: CaptureFact) {
    guard facts.count < Self.maximumFactCount else { return }
    facts.append(fact)
  }

  private static func secretType(_ code: UInt32) -> String {
    switch code {
    case 0x544c_534b: "TLS key log"
    case 0x5353_484b: "SSH key log"
    case 0x5747_4b4c: "WireGuard key log"
    case 0x5a4e_574b: "Zigbee network key"
    case 0x5a41_504b: "Zigbee APS key"
    default: "0x" + String(code, radix: 16)
    }
  }

  private static func readSection(
    _ reader: inout OrderedReader, _ state: inout PcapngState, _ fields: inout Fields
  ) throws(ReadError) {
    try reader.skip(4, "byte-order magic")
    let major: UInt16 = try reader.read("major version")
    let minor: UInt16 = try reader.read("minor version")
    guard major == 1, minor == 0 || minor == 2 else {
      throw ReadError(.unsupported, at: 12, reading: "pcapng version")
    }
    try reader.skip(8, "section length")
    state.sectionCount += 1
    state.formerInterfaceCount += UInt32(state.interfaces.count)
    state.interfaces = []
    fields.set("section", state.sectionCount)
    fields.set("byteOrder", state.isLittleEndian ? "little-endian" : "big-endian")
    for option in try PcapngOption.read(&reader) {
      switch option.code {
      case 1: fields.set("comment", wire: option.value)
      case 2: fields.set("hardware", wire: option.value)
      case 3: fields.set("operatingSystem", wire: option.value)
      case 4: fields.set("application", wire: option.value)
      default: break
      }
    }
  }

  private static func readInterface(
    _ reader: inout OrderedReader, _ state: inout PcapngState, _ fields: inout Fields
  ) throws(ReadError) {
    guard state.interfaces.count < maximumFactCount else {
      throw ReadError(.limitExceeded, at: 8, reading: "interfaces")
    }
    var interface = PcapngInterface(
      linkType: try reader.read("link type"), snapLength: 0, scale: TimeScale(ticksPerSecond: 1_000_000))
    try reader.skip(2, "reserved")
    interface.snapLength = try reader.read("snap length")
    var resolution: UInt8 = 6
    var offset: Int64 = 0
    for option in try PcapngOption.read(&reader) {
      switch option.code {
      case 1: fields.set("comment", wire: option.value)
      case 2: fields.set("name", wire: option.value)
      case 3: fields.set("description", wire: option.value)
      case 9: if option.value.count == 1 { resolution = option.value[0] }
      case 11: fields.set("filter", wire: option.value.dropFirst())
      case 12: fields.set("operatingSystem", wire: option.value)
      case 14:
        offset = Int64(bitPattern: option.number(isLittleEndian: state.isLittleEndian) ?? 0)
      case 15: fields.set("hardware", wire: option.value)
      default: break
      }
    }
    if let scale = TimeScale(resolution: resolution, offsetSeconds: offset) {
      interface.scale = scale
    } else {
      throw ReadError(.unsupported, at: 16, reading: "if_tsresol")
    }
    fields.set("format", "pcapng")
    fields.set("interface", Int(state.formerInterfaceCount) + state.interfaces.count)
    fields.set("linkType", interface.linkType)
    fields.set("snapLength", interface.snapLength)
    fields.set("timeResolution", timeResolution(resolution))
    if offset != 0 { fields.set("timeOffset", offset) }
    state.interfaces.append(interface)
  }

  private static func timeResolution(_ code: UInt8) -> String {
    switch code {
    case 0: "seconds"
    case 3: "milliseconds"
    case 6: "microseconds"
    case 9: "nanoseconds"
    case 0x80...: "2^-\(code & 0x7f) s"
    default: "10^-\(code) s"
    }
  }

  private static func readNames(
    _ reader: inout OrderedReader, _ fields: inout Fields
  ) throws(ReadError) {
    var records: [Value] = []
    while reader.remaining >= 4, records.count < PcapngOption.maximumCount {
      let type: UInt16 = try reader.read("name record type")
      let length: UInt16 = try reader.read("name record length")
      if type == 0 { break }
      let bytes = try reader.take(Int(length), "name record").array()
      let padding = (4 - Int(length) % 4) % 4
      try reader.skip(min(padding, reader.remaining), "name record padding")
      let width = type == 1 ? 4 : type == 2 ? 16 : 0
      guard width > 0, bytes.count > width else { continue }
      let word = { (part: ArraySlice<UInt8>) in part.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
      let address =
        width == 4
        ? InternetAddress(version4: UInt32(truncatingIfNeeded: word(bytes[0..<4])))
        : InternetAddress(version6: word(bytes[0..<8]), word(bytes[8..<16]))
      var entry: Fields = ["address": .text(address.description)]
      let names = bytes[width...].split(separator: 0).map { Value.text(String(decoding: $0, as: UTF8.self)) }
      entry.set("names", .list(names))
      records.append(.object(entry))
    }
    fields.set("records", .list(records))
  }

  private static func readStatistics(
    _ reader: inout OrderedReader, _ state: borrowing PcapngState, _ fields: inout Fields
  ) throws(ReadError) {
    let interface: UInt32 = try reader.read("interface")
    try reader.skip(8, "time")
    fields.set("interface", Int(state.formerInterfaceCount) + Int(interface))
    for option in try PcapngOption.read(&reader) {
      let number = option.number(isLittleEndian: state.isLittleEndian) ?? 0
      switch option.code {
      case 1: fields.set("comment", wire: option.value)
      case 4: fields.set("received", number)
      case 5: fields.set("droppedByInterface", number)
      case 6: fields.set("accepted", number)
      case 7: fields.set("droppedBySystem", number)
      case 8: fields.set("delivered", number)
      default: break
      }
    }
  }
}
