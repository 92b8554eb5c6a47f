public import EvidenceModel

/// The Merkle tree hash of a list of leaves (RFC 9162, 2.1.1) with SHA-256, computed while the leaves come.
///
/// It keeps one hash a level: memory does not grow with the leaves.
public struct MerkleTree {
  /// Roots of complete subtrees, the largest first; their sizes are the bits of `count`.
  private var subtrees: [ContentHash] = []
  public private(set) var count: UInt64 = 0

  public init() {}

  /// SHA-256(0x00 || entry).
  public static func leaf(_ entry: [UInt8]) -> ContentHash {
    var hash = ShortHash()
    hash.update(0)
    hash.update(entry)
    return hash.finalise()
  }

  /// SHA-256(0x01 || left || right).
  private static func node(_ left: ContentHash, _ right: ContentHash) -> ContentHash {
    var hash = ShortHash()
    hash.update(1)
    hash.update(left)
    hash.update(right)
    return hash.finalise()
  }

  public mutating func append(_ leaf: ContentHash) {
    var hash = leaf
    var size = count
    while size & 1 == 1, let left = subtrees.popLast() {
      hash = Self.node(left, hash)
      size >>= 1
    }
    subtrees.append(hash)
    count += 1
  }

  /// The root; of no leaves, the SHA-256 of nothing.
  public var root: ContentHash {
    guard var hash = subtrees.last else { return ShortHash.hash(of: []) }
    for left in subtrees.dropLast().reversed() { hash = Self.node(left, hash) }
    return hash
  }
}
