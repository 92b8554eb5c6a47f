import Crypto
public import EvidenceModel
import Fingerprinting

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
    var hash = SHA256()
    // Safe: the bytes are read within the call.
    unsafe [0 as UInt8].withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
    unsafe entry.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
    return hash.finalize().contentHash
  }

  /// SHA-256(0x01 || left || right).
  private static func node(_ left: ContentHash, _ right: ContentHash) -> ContentHash {
    var input = [65 of UInt8](repeating: 1)
    for index in 0..<32 {
      input[1 + index] = left.bytes[index]
      input[33 + index] = right.bytes[index]
    }
    var hash = SHA256()
    // Safe: the bytes are read within the call.
    unsafe input.span.bytes.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
    return hash.finalize().contentHash
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
    guard var hash = subtrees.last else { return SHA256().finalize().contentHash }
    for left in subtrees.dropLast().reversed() { hash = Self.node(left, hash) }
    return hash
  }
}
