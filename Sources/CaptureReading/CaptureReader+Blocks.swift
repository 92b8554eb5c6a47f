import ByteReading
import EvidenceModel

extension CaptureReader {
  /// The largest number of facts that wait to be taken.
  public static let maximumFactCount = 100_000
  /// The largest number of interfaces of a section.
  static let maximumInterfaceCount = 1 << 20

  /// Reads a block that is not a packet and keeps what it says.
  ///
  /// Only what packets depend on throws: a section's byte order and version, an interface's fixed fields. Any other damage
  /// stands in the fact as `isDamaged`, and reading goes on behind the block.
  mutating func readOther(_ block: PcapngBlock) throws(ReadError) {
    var state = pcapng
    // Given away, so that adding one does not copy all.
    pcapng.interfaces = []
    defer { pcapng = state }
    var reader = OrderedReader(window.view(block.length - 4), isLittleEndian: state.isLittleEndian)
    try reader.skip(8, "block frame")
    var fields: Fields = [:]
    var kind = "capture/block"
    var isDamaged = false
    switch PcapngBlockType(rawValue: block.type) {
    case .sectionHeader:
      kind = "capture/section"
      try Self.readSection(&reader, &state, &fields)
    case .interfaceDescription:
      kind = "capture/interface"
      try Self.readInterface(&reader, &state, &fields)
    case .nameResolution:
      kind = "capture/name"
      isDamaged = !Self.readNames(&reader, &fields)
    case .interfaceStatistics:
      kind = "capture/statistics"
      isDamaged = (try? Self.readStatistics(&reader, state, &fields)) == nil
    case .decryptionSecrets:
      kind = "capture/secret"
      isDamaged = (try? Self.readSecret(&reader, &fields)) == nil
    default:
      fields.set("blockType", block.type)
      fields.set("byteCount", block.length)
    }
    let hasOptions = kind != "capture/block" && !isDamaged
    if hasOptions {
      let options = PcapngOption.read(&reader)
      isDamaged = options.isDamaged
      for option in options.list { Self.set(option, kind, state.isLittleEndian, &fields) }
      if kind == "capture/interface" { finishInterface(options.list, &state, &fields) }
      keepComments(options.list, block)
    }
    if isDamaged {
      fields.set("isDamaged", true)
      if damagedBlockCount == 0 { firstDamagedBlock = block.offset }
      damagedBlockCount += 1
    }
    keep(CaptureFact(kind, fields, bytes: block.range))
  }

  /// Keeps a fact, or counts it where too many wait.
  mutating func keep(_ fact: CaptureFact) {
    guard facts.count < Self.maximumFactCount else {
      droppedFactCount += 1
      return
    }
    facts.append(fact)
  }

  /// Keeps the comments of a block, with the number of its packet.
  mutating func keepComments(_ options: [PcapngOption], _ block: PcapngBlock, packet: UInt64? = nil) {
    for option in options where option.code == 1 {
      var fields: Fields = [:]
      fields.set("text", wire: option.value)
      keep(CaptureFact("capture/comment", fields, bytes: block.range, packet: packet))
    }
  }

  /// Adds what an option says to the fact of its block.
  private static func set(_ option: PcapngOption, _ kind: String, _ isLittleEndian: Bool, _ fields: inout Fields) {
    let text: String? =
      switch (kind, option.code) {
      case ("capture/section", 2), ("capture/interface", 15): "hardware"
      case ("capture/section", 3), ("capture/interface", 12): "operatingSystem"
      case ("capture/section", 4): "application"
      case ("capture/interface", 2): "name"
      case ("capture/interface", 3): "description"
      default: nil
      }
    if let text { return fields.set(text, wire: option.value) }
    if kind == "capture/interface", option.code == 11 { fields.set("filter", wire: option.value.dropFirst()) }
    guard kind == "capture/statistics", let number = option.number(isLittleEndian: isLittleEndian) else { return }
    switch option.code {
    case 4: fields.set("received", number)
    case 5: fields.set("droppedByInterface", number)
    case 6: fields.set("accepted", number)
    case 7: fields.set("droppedBySystem", number)
    case 8: fields.set("delivered", number)
    default: break
    }
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
  }

  private static func readInterface(
    _ reader: inout OrderedReader, _ state: inout PcapngState, _ fields: inout Fields
  ) throws(ReadError) {
    guard state.interfaces.count < maximumInterfaceCount else {
      throw ReadError(.limitExceeded, at: 8, reading: "interfaces")
    }
    let linkType: UInt16 = try reader.read("link type")
    try reader.skip(2, "reserved")
    let snapLength: UInt32 = try reader.read("snap length")
    fields.set("format", "pcapng")
    fields.set("interface", Int(state.formerInterfaceCount) + state.interfaces.count)
    fields.set("linkType", linkType)
    fields.set("snapLength", snapLength)
    state.interfaces.append(
      PcapngInterface(linkType: linkType, snapLength: snapLength, scale: TimeScale(ticksPerSecond: 1_000_000)))
  }

  /// Learns from the options how the interface that was read last counts time.
  ///
  /// A resolution that cannot be counted leaves its packets without times.
  private func finishInterface(_ options: [PcapngOption], _ state: inout PcapngState, _ fields: inout Fields) {
    var resolution: UInt8 = 6
    var offset: Int64 = 0
    for option in options {
      if option.code == 9, let first = option.value.first, option.value.count == 1 { resolution = first }
      if option.code == 14, option.value.count == 8 {
        offset = Int64(bitPattern: option.number(isLittleEndian: state.isLittleEndian) ?? 0)
      }
    }
    let scale = TimeScale(resolution: resolution, offsetSeconds: offset)
    state.interfaces[state.interfaces.count - 1].scale = scale ?? .none
    fields.set("timeResolution", Self.timeResolution(resolution))
    if scale == nil { fields.set("isDamaged", true) }
    if offset != 0 { fields.set("timeOffset", offset) }
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

  /// Reads name resolution records; false when they are damaged.
  private static func readNames(_ reader: inout OrderedReader, _ fields: inout Fields) -> Bool {
    var records: [Value] = []
    defer { fields.set("records", .list(records)) }
    while reader.remaining >= 4 {
      guard records.count < PcapngOption.maximumCount, let type: UInt16 = try? reader.read("name record type"),
        let length: UInt16 = try? reader.read("name record length")
      else { return false }
      if type == 0 { return true }
      guard Int(length) <= reader.remaining, let bytes = try? reader.take(Int(length), "name record").array()
      else { return false }
      let padding = (4 - Int(length) % 4) % 4
      try? reader.skip(min(padding, reader.remaining), "name record padding")
      let width = type == 1 ? 4 : type == 2 ? 16 : 0
      guard width > 0, bytes.count > width else { continue }
      records.append(.object(nameRecord(bytes.prefix(width), bytes.dropFirst(width))))
    }
    return true
  }

  private static func nameRecord(_ address: ArraySlice<UInt8>, _ list: ArraySlice<UInt8>) -> Fields {
    let word = { (part: ArraySlice<UInt8>) in part.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
    let parsed =
      address.count == 4
      ? InternetAddress(version4: UInt32(truncatingIfNeeded: word(address)))
      : InternetAddress(version6: word(address.prefix(8)), word(address.dropFirst(8)))
    var entry: Fields = ["address": .text(parsed.description)]
    let names = list.split(separator: 0)
    entry.set("names", .list(names.map { .text(String(decoding: $0, as: UTF8.self)) }))
    if names.contains(where: { String(validating: $0, as: UTF8.self) == nil }) {
      entry.set("namesHex", .list(names.map { .text(Hexadecimal.encode($0)) }))
    }
    return entry
  }

  private static func readStatistics(
    _ reader: inout OrderedReader, _ state: borrowing PcapngState, _ fields: inout Fields
  ) throws(ReadError) {
    let interface: UInt32 = try reader.read("interface")
    try reader.skip(8, "time")
    fields.set("interface", Int(state.formerInterfaceCount) + Int(interface))
  }

  private static func readSecret(_ reader: inout OrderedReader, _ fields: inout Fields) throws(ReadError) {
    fields.set("secretType", secretType(try reader.read("secret type")))
    let length: UInt32 = try reader.read("secret length")
    fields.set("byteCount", length)
    try reader.skip(Int(length), "secret")
    try reader.skip(min(Int((4 - length % 4) % 4), reader.remaining), "secret padding")
  }
}
