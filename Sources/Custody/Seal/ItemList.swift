import Crypto
import EvidenceBundle
import EvidenceModel
import Foundation

/// The list of a sealed bundle's items: one entry a payload file, in the order of their paths, each a leaf of the item tree.
///
/// Path, size and hashes of an item stand in its entry only as salted digests (RFC 9901, 4.2), so that the list can be shown whole
/// when some items are withheld.
struct ItemList: Sendable {
  /// Payload paths in the order of their bytes.
  let paths: [String]
  private let secret: ItemSecret

  init(_ paths: some Sequence<String>, _ secret: ItemSecret) {
    self.paths = paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    self.secret = secret
  }

  /// The name of the item at a place, counted from 0: `I000001`.
  static func identifier(_ index: Int) -> String { "I" + BundleLayout.padded(index + 1, 6) }

  /// The key of an item's chunk tree; nil when the path is of no item.
  func chunkKey(of path: String) -> ChunkKey? {
    var (low, high) = (0, paths.count)
    while low < high {
      let middle = (low + high) / 2
      if paths[middle].utf8.lexicographicallyPrecedes(path.utf8) { low = middle + 1 } else { high = middle }
    }
    return low < paths.count && paths[low] == path ? secret.chunkKey(of: Self.identifier(low)) : nil
  }

  /// Writes the entries, one a line, and gives the item tree. Throws also when a file's hashes are not known.
  func write(_ hashes: FileHashes, to output: HashedOutput) throws(BundleError) -> MerkleTree {
    var tree = MerkleTree()
    for (index, path) in paths.enumerated() {
      guard let digest = hashes.digest(path), !digest.sha512.isEmpty else {
        throw BundleError(.malformed, path, "it cannot be read")
      }
      let entry = self.entry(index, path, digest)
      tree.append(MerkleTree.leaf(entry))
      try output.write(entry + [0x0a])
    }
    return tree
  }

  private func entry(_ index: Int, _ path: String, _ digest: FileHashes.Digest) -> [UInt8] {
    let item = Self.identifier(index)
    let fields: [(String, Value)] = [
      ("path", .text(path)), ("size", .integer(Int64(clamping: digest.byteCount))),
      ("sha256", .text(digest.sha256.hex)), ("sha512", .text(Hexadecimal.encode(digest.sha512))),
    ]
    let digests = fields.map { name, value in Self.digest(secret.salt(of: name, item: item), name, value) }
    var entry: Fields = [
      "id": .text(item), "role": .text(Self.role(path)), "_sd_alg": "sha-256",
      "_sd": .list(digests.sorted().map { .text($0) }),
    ]
    if let chunks = digest.chunks {
      entry.set(
        "chunks",
        .object([
          "alg": "rfc9162-sha256", "scheme": .text(chunks.scheme), "n": .integer(Int64(clamping: chunks.count)),
          "root": .text(chunks.root.hex),
        ]))
    }
    return CanonicalJSON.bytes(entry)
  }

  /// The digest of a disclosure (RFC 9901, 4.2.3): base64url(SHA-256(base64url(JSON [salt, name, value]))).
  private static func digest(_ salt: [UInt8], _ name: String, _ value: Value) -> String {
    let disclosure = CanonicalJSON.text(.list([.text(base64url(salt)), .text(name), value]))
    return base64url(Array(SHA256.hash(data: base64urlDigits(Array(disclosure.utf8)))))
  }

  /// base64url without padding (RFC 4648, 5).
  static func base64url(_ bytes: [UInt8]) -> String { String(decoding: base64urlDigits(bytes), as: UTF8.self) }

  private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  private static func base64urlDigits(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity((bytes.count * 4 + 2) / 3)
    var (held, bits): (UInt32, UInt32) = (0, 0)
    for byte in bytes {
      held = (held << 8 | UInt32(byte)) & 0x3fff
      bits += 8
      while bits >= 6 {
        bits -= 6
        result.append(digits[Int(held >> bits & 63)])
      }
    }
    if bits > 0 { result.append(digits[Int(held << (6 - bits) & 63)]) }
    return result
  }

  private static func role(_ path: String) -> String {
    let roles = [
      (BundleLayout.originals, "original"), (BundleLayout.artefacts, "artefact"), (BundleLayout.records, "records"),
    ]
    return roles.first { path.hasPrefix($0.0 + "/") }?.1 ?? "account"
  }

  /// `meta/items.checkpoint`: origin, number of leaves, root in base64 (C2SP tlog-checkpoint, without a signature).
  static func checkpoint(_ bundle: String, _ tree: MerkleTree) -> [UInt8] {
    let root = tree.root
    let bytes = root.bytes.indices.map { root.bytes[$0] }
    return Array("\(bundle)/items\n\(tree.count)\n\(Data(bytes).base64EncodedString())\n".utf8)
  }
}
