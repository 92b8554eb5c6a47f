import ByteReading
import EvidenceModel
import Foundation

/// The salted tree over the chunks of one file: leaf j = SHA-256(00 || salt j || bytes j), joined as RFC 9162 says.
struct ChunkTree {
  /// What an item's entry says of its chunks.
  struct Summary: Hashable, Sendable {
    let scheme: ChunkScheme.Name
    let count: UInt64
    let root: ContentHash
  }

  private let scheme: ChunkScheme
  private let key: ShortKey
  private let fileBytes: UInt64
  private var offset: UInt64 = 0
  private var tree = MerkleTree()
  private var leaf: ShortHash
  /// The beginning of the chunk, until its length is known.
  private var header: [UInt8] = []
  private var isLengthKnown = false
  private var isBigEndian = false
  /// Where the chunk began, and bytes of it that are still to come.
  private var start: UInt64 = 0
  private var missing: UInt64 = 0

  init(_ scheme: ChunkScheme, _ key: ShortKey, fileBytes: UInt64) {
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
    leaf.update(bytes)
    offset += UInt64(bytes.byteCount)
  }

  private mutating func takeHeader(_ bytes: RawSpan, _ place: Int) -> Int {
    let wanted = scheme.headerBytes(at: start)
    let count = min(wanted - header.count, bytes.byteCount - place)
    let part = bytes.extracting(place..<(place + count))
    absorb(part)
    if count == wanted {
      takeLength(part)
    } else {
      // Safe here and below: the views end before what they are of.
      unsafe part.withUnsafeBytes { unsafe header.append(contentsOf: $0) }
      let whole = header
      if whole.count == wanted { takeLength(unsafe whole.span.bytes) }
    }
    return place + count
  }

  private mutating func takeLength(_ header: RawSpan) {
    // A file that grew while it was read: what is too much is one chunk.
    let left = fileBytes > start ? fileBytes - start : UInt64.max
    let length = min(scheme.length(at: start, header, isBigEndian: &isBigEndian) ?? left, left)
    let wanted = UInt64(header.byteCount)
    missing = max(length, wanted) - wanted
    isLengthKnown = true
    if missing == 0 { endChunk() }
  }

  private mutating func takeLine(_ bytes: RawSpan, _ place: Int) -> Int {
    let found = bytes.firstOffset(of: 0x0a, from: place)
    let count = found.map { $0 + 1 } ?? (bytes.byteCount - place)
    absorb(bytes.extracting(place..<(place + count)))
    if found != nil { endChunk() }
    return place + count
  }

  private mutating func endChunk() {
    tree.append(leaf.finalise())
    leaf = key.leaf(tree.count)
    start = offset
    header.removeAll(keepingCapacity: true)
    isLengthKnown = false
  }
}
