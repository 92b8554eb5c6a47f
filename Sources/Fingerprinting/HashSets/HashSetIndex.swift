import Glibc

/// Looks digests up in the index of a set; the index is mapped, not loaded.
@safe public final class HashSetIndex {
  public struct Hit: Hashable, Sendable {
    public let algorithm: FileDigest.Algorithm
    /// Entries with this digest.
    public let count: UInt32
    /// What the first of them says of itself: canonical JSON of an object; nil when it says nothing.
    public let description: [UInt8]?
  }

  /// The rows of one algorithm.
  @safe private final class Table {
    let algorithm: FileDigest.Algorithm
    private let map: UnsafeMutableRawPointer
    private let byteCount: Int
    private let rowBytes: Int
    private let rowCount: UInt64

    init?(_ algorithm: FileDigest.Algorithm, path: String) throws(HashSetFault) {
      self.algorithm = algorithm
      rowBytes = algorithm.byteCount + 12
      // Safe: the path is a string of ours.
      let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
      if descriptor < 0, errno == ENOENT { return nil }
      guard descriptor >= 0 else { throw .system(errno) }
      defer { close(descriptor) }
      byteCount = Int(lseek(descriptor, 0, SEEK_END))
      let fan = (DigestSorting.fanOut + 1) * 8
      guard byteCount >= fan, (byteCount - fan) % rowBytes == 0 else { throw HashSetFault("its index is damaged") }
      rowCount = UInt64((byteCount - fan) / rowBytes)
      // Safe: the mapping is as long as the file, which nobody changes any more, and is unmapped when this object ends.
      let start = unsafe mmap(nil, byteCount, PROT_READ, MAP_SHARED, descriptor, 0)
      guard let start = unsafe start, unsafe start != MAP_FAILED else { throw .system(errno) }
      unsafe map = start
      unsafe madvise(map, byteCount, MADV_RANDOM)
    }

    deinit { unsafe munmap(map, byteCount) }

    private func number(_ offset: Int, _ width: Int) -> UInt64 {
      guard offset >= 0, offset + width <= byteCount else { return 0 }
      // Safe: the bounds were checked above.
      if width == 8 { return unsafe UInt64(bigEndian: map.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
      return unsafe UInt64(UInt32(bigEndian: map.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }

    /// Below 0, 0 or above 0, as a row's digest is less, the same or more.
    private func compare(_ row: UInt64, _ digest: FileDigest) -> Int {
      let start = Int(row) * rowBytes
      var rest = algorithm.byteCount
      for word in 0..<4 where rest > 0 {
        let theirs = rest >= 8 ? number(start + word * 8, 8) : number(start + word * 8, 4) << 32
        let ours = digest.words[word]
        if theirs != ours { return theirs < ours ? -1 : 1 }
        rest -= 8
      }
      return 0
    }

    func find(_ digest: FileDigest) -> (description: UInt64, count: UInt32)? {
      let fan = Int(rowCount) * rowBytes + Int(digest.words[0] >> 48) * 8
      var low = number(fan, 8)
      var high = min(rowCount, number(fan + 8, 8))
      while low < high {
        let middle = low + (high - low) / 2
        let order = compare(middle, digest)
        if order == 0 {
          let end = Int(middle) * rowBytes + algorithm.byteCount
          return (number(end, 8), UInt32(truncatingIfNeeded: number(end + 8, 4)))
        }
        if order < 0 { low = middle + 1 } else { high = middle }
      }
      return nil
    }
  }

  /// Bytes of a description at the most; what an entry may say is far below it.
  private static let maximumDescription = 16_384

  private let tables: [Table]
  private let descriptions: Int32

  /// Opens the index that stands in `directory`.
  public init(directory: String) throws(HashSetFault) {
    var tables: [Table] = []
    for algorithm in FileDigest.Algorithm.allCases {
      let path = HashSetIndexing.index(algorithm, in: directory)
      if let table = try Table(algorithm, path: path) { tables.append(table) }
    }
    self.tables = tables
    // Safe: the path is a string of ours.
    descriptions = unsafe open(HashSetIndexing.descriptions(in: directory), O_RDONLY | O_CLOEXEC)
    guard descriptions >= 0 else { throw .system(errno) }
  }

  deinit { close(descriptions) }

  /// Looks a file up by its digests, by the strongest algorithm first; each entry stands under the strongest that it has.
  public func find(_ digests: [FileDigest]) -> Hit? {
    for table in tables {
      for digest in digests where digest.algorithm == table.algorithm {
        guard let row = table.find(digest) else { continue }
        return Hit(algorithm: table.algorithm, count: row.count, description: description(row.description))
      }
    }
    return nil
  }

  private func description(_ offset: UInt64) -> [UInt8]? {
    guard offset > 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: Self.maximumDescription)
    // Safe: the count is that of the array.
    let got = unsafe pread(descriptions, &bytes, Self.maximumDescription, off_t(offset))
    guard got > 0, let end = bytes.prefix(got).firstIndex(of: 0x0a) else { return nil }
    return Array(bytes[..<end])
  }
}
