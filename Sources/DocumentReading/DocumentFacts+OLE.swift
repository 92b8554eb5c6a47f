import ByteReading
import EvidenceModel

/// The property sets of older office documents (MS-OLEPS), by the names of the standard without `PIDSI_` and `PIDDSI_`.
extension DocumentFacts {
  private static let sets: [String: (group: String, names: [UInt32: String])] = [
    "\u{5}SummaryInformation": (
      "SummaryInformation",
      [
        1: "CODEPAGE", 2: "TITLE", 3: "SUBJECT", 4: "AUTHOR", 5: "KEYWORDS", 6: "COMMENTS", 7: "TEMPLATE",
        8: "LASTAUTHOR", 9: "REVNUMBER", 10: "EDITTIME", 11: "LASTPRINTED", 12: "CREATE_DTM", 13: "LASTSAVE_DTM",
        14: "PAGECOUNT", 15: "WORDCOUNT", 16: "CHARCOUNT", 18: "APPNAME", 19: "DOC_SECURITY",
      ]
    ),
    "\u{5}DocumentSummaryInformation": (
      "DocumentSummaryInformation",
      [
        1: "CODEPAGE", 2: "CATEGORY", 3: "PRESFORMAT", 4: "BYTECOUNT", 5: "LINECOUNT", 6: "PARCOUNT", 7: "SLIDECOUNT",
        8: "NOTECOUNT", 9: "HIDDENCOUNT", 10: "MMCLIPCOUNT", 11: "SCALE", 14: "MANAGER", 15: "COMPANY",
        16: "LINKSDIRTY", 17: "CCHWITHSPACES", 23: "VERSION", 26: "CONTENTTYPE", 27: "CONTENTSTATUS", 28: "LANGUAGE",
        29: "DOCVERSION",
      ]
    ),
  ]
  private static let editTime: UInt32 = 10
  private static let unicodePage: UInt16 = 1_200

  mutating func readOLE(_ bytes: RawSpan) {
    do throws(ReadError) {
      let file = try CompoundFile(bytes)
      var known: Set<String> = []
      // Documents inside of it have sets of the same names; that of the document itself stands first.
      for stream in file.streams {
        guard let set = Self.sets[stream.name], known.insert(stream.name).inserted else { continue }
        let content = try file.content(of: stream, in: bytes, limit: DocumentLimits.partBytes)
        do throws(ReadError) { try readPropertySet(content, set) } catch {
          faults.append("\(set.group): \(error.field) cannot be read")
        }
      }
      if known.isEmpty { faults.append("the compound file has no summary of a document") }
    } catch { faults.append("the compound file cannot be read: \(error.field)") }
  }

  private mutating func readPropertySet(
    _ bytes: [UInt8], _ set: (group: String, names: [UInt32: String])
  ) throws(ReadError) {
    // Safe: the reader, and those that begin at places in it, end before `bytes` does.
    var reader = unsafe ByteReader(bytes.span.bytes)
    try reader.skip(44, "header of a property set")
    // A second set holds what users added, under numbers of their own.
    let start = Int(try reader.readLittleEndian("place of a property set") as UInt32)
    var list = unsafe ByteReader(bytes.span.bytes)
    try list.skip(start + 4, "property set")
    let count: UInt32 = try list.readLittleEndian("number of properties")
    var entries: [(number: UInt32, place: Int)] = []
    for _ in 0..<min(Int(count), DocumentLimits.properties) {
      let number: UInt32 = try list.readLittleEndian("number of a property")
      entries.append((number, start + Int(try list.readLittleEndian("place of a property") as UInt32)))
    }
    if Int(count) > DocumentLimits.properties { noteTooMany() }
    var page: UInt16?
    for entry in entries {
      guard let name = set.names[entry.number] else { continue }
      var value = unsafe ByteReader(bytes.span.bytes)
      try value.skip(entry.place, "property")
      if let text = try Self.value(&value, page: page, isDuration: entry.number == Self.editTime) {
        if entry.number == 1 { page = UInt16(String(decoding: text, as: UTF8.self)) }
        add(set.group, name, text)
      }
    }
  }

  /// A value as text (MS-OLEPS, 2.15); nil of types that are none, such as pictures and lists.
  private static func value(
    _ reader: inout ByteReader, page: UInt16?, isDuration: Bool
  ) throws(ReadError) -> [UInt8]? {
    let type: UInt16 = try reader.readLittleEndian("type of a property")
    try reader.skip(2, "padding")
    switch type {
    case 0x02:
      let number: UInt16 = try reader.readLittleEndian("number")
      return Array(String(number).utf8)
    case 0x03: return Array(String(Int32(bitPattern: try reader.readLittleEndian("number") as UInt32)).utf8)
    case 0x0b:
      let flag: UInt16 = try reader.readLittleEndian("flag")
      return Array((flag == 0 ? "false" : "true").utf8)
    case 0x1e:
      let count = Int(try reader.readLittleEndian("length of a text") as UInt32)
      let text = try reader.take(count, "text").array()
      if page == unicodePage { return utf16(text) }
      return Array(text.prefix { $0 != 0 })
    case 0x1f:
      let (count, overflow) = Int(try reader.readLittleEndian("length of a text") as UInt32)
        .multipliedReportingOverflow(by: 2)
      guard !overflow else { throw ReadError(.malformed, at: 0, reading: "length of a text") }
      return utf16(try reader.take(count, "text").array())
    case 0x40:
      let units: UInt64 = try reader.readLittleEndian("time")
      return isDuration ? Array("\(units / 10_000_000) s".utf8) : moment(units)
    default: return nil
    }
  }

  private static func utf16(_ bytes: [UInt8]) -> [UInt8] {
    var units: [UInt16] = []
    for place in stride(from: 0, to: bytes.count - 1, by: 2) {
      units.append(UInt16(bytes[place]) | UInt16(bytes[place + 1]) << 8)
    }
    return Array(String(decoding: units.prefix { $0 != 0 }, as: UTF16.self).utf8)
  }

  /// Units of 100 ns since 1601, in universal time; nil of zero, which says that there is none.
  private static func moment(_ units: UInt64) -> [UInt8]? {
    guard units > 0 else { return nil }
    guard let time = CaptureTime(fileTime: units) else { return Array("\(units) × 100 ns since 1601".utf8) }
    return Array(time.description.utf8)
  }
}
