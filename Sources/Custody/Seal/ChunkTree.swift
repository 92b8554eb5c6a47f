import Crypto
import EvidenceModel
import Fingerprinting

/// The salted tree over the chunks of one file: leaf j = SHA-256(00 || salt j || bytes j), joined as RFC 9162 says.
struct ChunkTree {
  /// What an item's entry says of its chunks.
  struct Summary: Hashable, Sendable {
    let scheme: String
    let count: UInt64
    let root: ContentHash
  }

  private let scheme: ChunkScheme
  private let key: ChunkKey
  private let fileBytes: UInt64
  private var offset: UInt64 = 0
  private var tree = MerkleTree()
  private var leaf: SHA256
  /// The beginning of the chunk, until its length is known.
  private var header: [UInt8] = []
  private var isLengthKnown = false
  private var isBigEndian = false
  /// Where the chunk began, and bytes of it that are still to come.
  private var start: UInt64 = 0
  private var missing: UInt64 = 0

  init(_ scheme: ChunkScheme, _ key: ChunkKey, fileBytes: UInt64) {
    self.scheme = scheme
    self.key = key
    self.fileBytes = fileBytes
    leaf = key.leaf(0)
    header.reserveCapacity(16)
  }

  /// Takes the file's next bytes.
  mutating func update(_ bytes: RawSpan) {
    var place = 0
    while place < bytes.byteCount {
      if scheme == .line {
        place = takeLine(bytes, place)
        continue
      }
      if !isLengthKnown { place = takeHeader(bytes, place) }
      guard isLengthKnown else { continue }
      let count = Int(min(missing, UInt64(bytes.byteCount - place)))
      absorb(bytes.extracting(place..<(place + count)))
      place += count
      missing -= UInt64(count)
      if missing == 0 { endChunk() }
    }
  }

  /// The root, when all bytes came.
  mutating func finalise() -> Summary {
    if offset > start { endChunk() }
    return Summary(scheme: scheme.name, count: tree.count, root: tree.root)
  }

  private mutating func absorb(_ bytes: RawSpan) {
    // Safe: the bytes are read within the call.
    unsafe bytes.withUnsafeBytes { unsafe leaf.update(bufferPointer: $0) }
    offset += UInt64(bytes.byteCount)
  }

  private mutating func takeHeader(_ bytes: RawSpan, _ place: Int) -> Int {
    let wanted = scheme.headerBytes(at: start)
    let count = min(wanted - header.count, bytes.byteCount - place)
    let part = bytes.extracting(place..<(place + count))
    for index in 0..<count {
      // Safe: the index is below the count.
      header.append(unsafe part.unsafeLoad(fromUncheckedByteOffset: index, as: UInt8.self))
    }
    absorb(part)
    guard header.count == wanted else { return place + count }
    // A file that grew while it was read: what is too much is one chunk.
    let left = fileBytes > start ? fileBytes - start : UInt64.max
    let length = min(scheme.length(at: start, header, isBigEndian: &isBigEndian) ?? left, left)
    missing = max(length, UInt64(wanted)) - UInt64(wanted)
    isLengthKnown = true
    if missing == 0 { endChunk() }
    return place + count
  }

  private mutating func takeLine(_ bytes: RawSpan, _ place: Int) -> Int {
    let rest = bytes.extracting(place..<bytes.byteCount)
    // Safe: the search stays within the bytes.
    let found = unsafe rest.withUnsafeBytes { unsafe $0.firstIndex(of: 0x0a) }
    let count = found.map { $0 + 1 } ?? rest.byteCount
    absorb(rest.extracting(0..<count))
    if found != nil { endChunk() }
    return place + count
  }

  private mutating func endChunk() {
    tree.append(leaf.finalize().contentHash)
    leaf = key.leaf(tree.count)
    start = offset
    header.removeAll(keepingCapacity: true)
    isLengthKnown = false
  }
}
