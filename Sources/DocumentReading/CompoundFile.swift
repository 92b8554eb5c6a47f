import ByteReading

/// A compound file (MS-CFB), as older office documents are: streams in chains of sectors.
///
/// Limits: tables as long as the file allows, `DocumentLimits.segments` entries of the directory. Every chain ends after as many
/// steps as its table has entries.
struct CompoundFile {
  struct Stream {
    let name: String
    let start: UInt32
    let byteCount: UInt64
  }

  static let sign: [UInt8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]
  /// From this number on, an entry of a table is no sector but says why there is none (MS-CFB, 2.1).
  private static let special: UInt32 = 0xffff_fffa
  private static let entryBytes = 128

  private(set) var streams: [Stream] = []
  private let sectorBytes: Int
  private let smallBytes: Int
  /// Streams below this are kept in the small ones.
  private let cutoff: UInt64
  private var table: [UInt32] = []
  private var smallTable: [UInt32] = []
  /// The sectors of the stream in which the small ones stand.
  private var container: [UInt32] = []

  init(_ bytes: RawSpan) throws(ReadError) {
    var reader = ByteReader(bytes)
    try reader.skip(30, "header")
    let shift: UInt16 = try reader.readLittleEndian("size of a sector")
    let smallShift: UInt16 = try reader.readLittleEndian("size of a small sector")
    guard shift == 9 || shift == 12, smallShift == 6 else {
      throw ReadError(.unsupported, at: 30, reading: "size of a sector")
    }
    (sectorBytes, smallBytes) = (1 << Int(shift), 1 << Int(smallShift))
    try reader.skip(14, "reserved and counts")
    let directory: UInt32 = try reader.readLittleEndian("first sector of the directory")
    try reader.skip(4, "transaction")
    cutoff = UInt64(try reader.readLittleEndian("size of small streams") as UInt32)
    let small: UInt32 = try reader.readLittleEndian("first sector of the small table")
    try reader.skip(4, "sectors of the small table")
    var next: UInt32 = try reader.readLittleEndian("first sector of the list of tables")
    try reader.skip(4, "sectors of the list of tables")
    var places = try Self.numbers(&reader, 109)
    let maximumTables = bytes.byteCount / sectorBytes / (sectorBytes / 4) + 1
    // The list goes on in sectors of its own, whose last number names the next.
    while next < Self.special, places.count <= maximumTables {
      var list = try Self.numbers(try sector(next, in: bytes))
      next = list.popLast() ?? Self.special
      places += list
    }
    for place in places.prefix(maximumTables) where place < Self.special {
      table += try Self.numbers(try sector(place, in: bytes))
    }
    let entries = try content(
      from: directory, in: bytes, limit: DocumentLimits.segments * Self.entryBytes)
    smallTable = try Self.numbers(try content(from: small, in: bytes, limit: table.count * 4))
    try readDirectory(entries)
  }

  /// The beginning of a stream, up to `limit` bytes.
  func content(of stream: Stream, in bytes: RawSpan, limit: Int) throws(ReadError) -> [UInt8] {
    let count = Int(min(stream.byteCount, UInt64(limit)))
    guard stream.byteCount < cutoff else {
      return Array(try content(from: stream.start, in: bytes, limit: count).prefix(count))
    }
    var result: [UInt8] = []
    var next = stream.start
    var steps = 0
    while next < Self.special, result.count < count, steps < smallTable.count {
      let offset = Int(next) * smallBytes
      guard container.indices.contains(offset / sectorBytes) else {
        throw ReadError(.truncated, at: offset, reading: "small sector")
      }
      let whole = try sector(container[offset / sectorBytes], in: bytes)
      result += whole.dropFirst(offset % sectorBytes).prefix(smallBytes)
      next = smallTable.indices.contains(Int(next)) ? smallTable[Int(next)] : Self.special
      steps += 1
    }
    return Array(result.prefix(count))
  }

  private mutating func readDirectory(_ entries: [UInt8]) throws(ReadError) {
    // Safe: the reader ends before `entries` does.
    var reader = unsafe ByteReader(entries.span.bytes)
    var nodes: [Node] = []
    var root: UInt32?
    while reader.remaining >= Self.entryBytes {
      var entry = ByteReader(try reader.take(Self.entryBytes, "entry of the directory"))
      var units: [UInt16] = []
      for _ in 0..<32 { units.append(try entry.readLittleEndian("name")) }
      try entry.skip(2, "length of the name")
      let kind: UInt8 = try entry.read("kind of entry")
      try entry.skip(1, "colour")
      let before: UInt32 = try entry.readLittleEndian("sibling before")
      let behind: UInt32 = try entry.readLittleEndian("sibling behind")
      let child: UInt32 = try entry.readLittleEndian("child")
      try entry.skip(36, "class, state and times")
      let start: UInt32 = try entry.readLittleEndian("first sector")
      let low: UInt32 = try entry.readLittleEndian("size")
      let high: UInt32 = try entry.readLittleEndian("size")
      // With small sectors, the upper half may hold anything.
      let count = UInt64(low) | (sectorBytes == 512 ? 0 : UInt64(high) << 32)
      if kind == 5, root == nil {
        container = chain(from: start)
        root = child
      }
      var node = Node(before: before, behind: behind, stream: nil)
      if kind == 2 {
        node.stream = Stream(
          name: String(decoding: units.prefix { $0 != 0 }, as: UTF16.self), start: start, byteCount: count)
      }
      nodes.append(node)
    }
    streams = Self.siblings(root, nodes)
  }

  /// An entry of the directory, in the tree of its storage (MS-CFB, 2.6.4).
  private struct Node {
    let before: UInt32
    let behind: UInt32
    var stream: Stream?
  }

  /// The streams of the root itself, in the order of the entries; those of other storages belong to what is embedded.
  private static func siblings(_ root: UInt32?, _ nodes: [Node]) -> [Stream] {
    var reached = [Bool](repeating: false, count: nodes.count)
    var next = root.map { [$0] } ?? []
    while let number = next.popLast() {
      guard let place = Int(exactly: number), nodes.indices.contains(place), !reached[place] else { continue }
      reached[place] = true
      next += [nodes[place].before, nodes[place].behind]
    }
    return nodes.indices.compactMap { reached[$0] ? nodes[$0].stream : nil }
  }

  // MARK: Sectors

  /// A sector; the last of a file may be short.
  private func sector(_ number: UInt32, in bytes: RawSpan) throws(ReadError) -> [UInt8] {
    var reader = ByteReader(bytes)
    try reader.skip((Int(number) + 1) * sectorBytes, "sector")
    return try reader.take(min(sectorBytes, reader.remaining), "sector").array()
  }

  private func chain(from start: UInt32) -> [UInt32] {
    var sectors: [UInt32] = []
    var next = start
    while next < Self.special, sectors.count < table.count {
      sectors.append(next)
      next = table.indices.contains(Int(next)) ? table[Int(next)] : Self.special
    }
    return sectors
  }

  private func content(from start: UInt32, in bytes: RawSpan, limit: Int) throws(ReadError) -> [UInt8] {
    var result: [UInt8] = []
    for number in chain(from: start) {
      guard result.count < limit else { break }
      result += try sector(number, in: bytes)
    }
    return result
  }

  private static func numbers(_ bytes: [UInt8]) throws(ReadError) -> [UInt32] {
    // Safe: the reader ends before `bytes` does.
    var reader = unsafe ByteReader(bytes.span.bytes)
    return try numbers(&reader, bytes.count / 4)
  }

  private static func numbers(_ reader: inout ByteReader, _ count: Int) throws(ReadError) -> [UInt32] {
    var numbers: [UInt32] = []
    numbers.reserveCapacity(count)
    for _ in 0..<count { numbers.append(try reader.readLittleEndian("number of a sector")) }
    return numbers
  }
}
