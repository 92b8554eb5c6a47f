import ByteReading
import EvidenceModel

/// The central directory of a zip (APPNOTE 6.3.10, 4.3.12), for what libarchive does not tell: which time is universal, and names with zeros.
struct ZipDirectory {
  struct Entry: Hashable {
    var name: [UInt8]
    /// By the clock of whoever packed it (APPNOTE, 4.4.6).
    var local: String?
    /// From the extra fields of Info-ZIP (0x5455) or NTFS (0x000a).
    var universal: CaptureTime?
    fileprivate var offset: UInt64
  }

  /// In the order of the members in the file, each place once, as libarchive gives them.
  private(set) var entries: [Entry] = []
  private(set) var comment: [UInt8] = []

  /// Directories larger than this are left to libarchive.
  static let maximumByteCount: UInt64 = 64 << 20
  private static let endByteCount: UInt64 = 22
  private static let endSign: [UInt8] = [0x50, 0x4b, 0x05, 0x06]
  private static let entrySign: [UInt8] = [0x50, 0x4b, 0x01, 0x02]

  /// Reads the directory of a file; `read` gives bytes from an offset on, fewer where the file ends. Nil when there is none.
  init?(byteCount: UInt64, read: (_ offset: UInt64, _ count: Int) -> [UInt8]) {
    let tailCount = min(byteCount, Self.endByteCount + 65_535)
    let tail = read(byteCount - tailCount, Int(tailCount))
    guard let place = Self.end(in: tail) else { return nil }
    let end = byteCount - tailCount + UInt64(place)
    // Safe: the readers here end before the arrays that they read.
    var reader = unsafe ByteReader(tail.span.bytes)
    do {
      try reader.skip(place + 12, "end of directory")
      let size = UInt64(try reader.readLittleEndian("size of directory") as UInt32)
      let stated = UInt64(try reader.readLittleEndian("place of directory") as UInt32)
      let commentCount = Int(try reader.readLittleEndian("length of comment") as UInt16)
      comment = try reader.take(commentCount, "comment").array()
      // What stands before an archive moves it, so its end counts first.
      for start in [end >= size ? end - size : nil, stated, Self.largeStart(before: end, byteCount, read)] {
        guard let start, start < end, end - start <= Self.maximumByteCount else { continue }
        let bytes = read(start, Int(end - start))
        guard bytes.starts(with: Self.entrySign) else { continue }
        readEntries(bytes)
        break
      }
    } catch { return nil }
    guard !entries.isEmpty else { return nil }
    var known: Set<UInt64> = []
    entries = entries.sorted { $0.offset < $1.offset }.filter { known.insert($0.offset).inserted }
  }

  /// The last end of a directory whose comment reaches to the end of the file, or no further.
  private static func end(in tail: [UInt8]) -> Int? {
    guard tail.count >= Int(endByteCount) else { return nil }
    for place in stride(from: tail.count - Int(endByteCount), through: 0, by: -1)
    where tail[place] == 0x50 && tail[place...].starts(with: endSign) {
      if place + 22 + Int(tail[place + 20]) + Int(tail[place + 21]) << 8 <= tail.count { return place }
    }
    return nil
  }

  /// Where the directory of a large archive begins (APPNOTE, 4.3.14 and 4.3.15); nil when it is none.
  private static func largeStart(
    before end: UInt64, _ byteCount: UInt64, _ read: (UInt64, Int) -> [UInt8]
  ) -> UInt64? {
    guard end >= 20 else { return nil }
    let locator = read(end - 20, 20)
    guard locator.starts(with: [0x50, 0x4b, 0x06, 0x07]), let place = number(locator, at: 8), place < byteCount else {
      return nil
    }
    let record = read(place, 56)
    guard record.starts(with: [0x50, 0x4b, 0x06, 0x06]) else { return nil }
    return number(record, at: 48)
  }

  private static func number(_ bytes: [UInt8], at place: Int) -> UInt64? {
    // Safe: the reader ends before `bytes` does.
    var reader = unsafe ByteReader(bytes.span.bytes)
    guard (try? reader.skip(place, "number")) != nil else { return nil }
    return try? reader.readLittleEndian("number")
  }

  // MARK: Entries

  private mutating func readEntries(_ bytes: [UInt8]) {
    // Safe: the reader ends before `bytes` does.
    var reader = unsafe ByteReader(bytes.span.bytes)
    do {
      // One more than is read shows that there are more.
      while entries.count <= ArchiveLimits.members, reader.remaining >= 46 {
        guard try reader.take(4, "sign").array() == Self.entrySign else { return }
        try reader.skip(8, "versions, flags and method")
        let clock: UInt16 = try reader.readLittleEndian("time")
        let date: UInt16 = try reader.readLittleEndian("date")
        try reader.skip(4, "checksum")
        let packed: UInt32 = try reader.readLittleEndian("packed size")
        let size: UInt32 = try reader.readLittleEndian("size")
        let nameCount = Int(try reader.readLittleEndian("length of name") as UInt16)
        let extraCount = Int(try reader.readLittleEndian("length of extra fields") as UInt16)
        let commentCount = Int(try reader.readLittleEndian("length of comment") as UInt16)
        try reader.skip(8, "disk and attributes")
        let offset: UInt32 = try reader.readLittleEndian("place of member")
        var entry = Entry(
          name: try reader.take(nameCount, "name").array(), local: Self.moment(date, clock), offset: UInt64(offset))
        let extra = try reader.take(extraCount, "extra fields").array()
        Self.readExtra(
          extra, &entry, widths: (size == .max ? 8 : 0) + (packed == .max ? 8 : 0), isLarge: offset == .max)
        try reader.skip(commentCount, "comment")
        entries.append(entry)
      }
    } catch { return }
  }

  private static func readExtra(_ bytes: [UInt8], _ entry: inout Entry, widths: Int, isLarge: Bool) {
    // Safe: the reader ends before `bytes` does.
    var reader = unsafe ByteReader(bytes.span.bytes)
    do {
      while reader.remaining >= 4 {
        let kind: UInt16 = try reader.readLittleEndian("kind of extra field")
        let count = Int(try reader.readLittleEndian("length of extra field") as UInt16)
        var field = ByteReader(try reader.take(count, "extra field"))
        switch kind {
        case 0x5455:
          let flags: UInt8 = try field.read("flags")
          guard flags & 1 != 0, field.remaining >= 4 else { continue }
          let seconds = Int32(bitPattern: try field.readLittleEndian("time") as UInt32)
          entry.universal = CaptureTime(nanoseconds: Int64(seconds) * 1_000_000_000)
        case 0x000a:
          guard count >= 16, entry.universal == nil else { continue }
          try field.skip(8, "reserved and tag")
          entry.universal = CaptureTime(fileTime: try field.readLittleEndian("time"))
        case 0x0001 where isLarge:
          try field.skip(widths, "sizes")
          entry.offset = try field.readLittleEndian("place of member")
        default: break
        }
      }
    } catch { return }
  }

  /// A moment of DOS: 7 bits of years since 1980, then month, day; hours, minutes, pairs of seconds.
  private static func moment(_ date: UInt16, _ clock: UInt16) -> String? {
    let civil = CivilTime(
      year: 1980 + Int(date >> 9), month: Int(date >> 5 & 15), day: Int(date & 31), hour: Int(clock >> 11),
      minute: Int(clock >> 5 & 63), second: Int(clock & 31) * 2)
    return CaptureTime(civil).map { String($0.description.prefix(19)) }
  }
}
