import EvidenceBundle
import EvidenceModel
import Foundation

/// The list of a sealed bundle's items: one entry a payload file, in the order of their paths, each a leaf of the item tree.
///
/// Path, size and hashes of an item stand in its entry only as salted digests (RFC 9901, 4.2), so that the list can be shown whole
/// when some items are withheld.
struct ItemList: Sendable {
  /// The payload manifest: its paths are the items, in the order of their bytes.
  let payload: PathTable<ContentHash>
  private let secret: ItemSecret

  init(_ payload: ManifestFile, _ secret: ItemSecret) { (self.payload, self.secret) = (payload.entries, secret) }

  /// The name of the item at a place, counted from 0: `I000001`.
  static func identifier(_ index: Int) -> String { "I" + BundleLayout.padded(index + 1, 6) }

  /// The key of an item's chunk tree; nil when the path is of no item.
  func chunkKey(of path: String) -> ShortKey? {
    payload.place(of: path).map { secret.chunkKey(of: Self.identifier($0)) }
  }

  /// Writes the entries, one a line, and gives the item tree. Throws also when a file's hashes are not known.
  func write(_ hashes: FileHashes, to output: HashedOutput) throws(BundleError) -> MerkleTree {
    var tree = MerkleTree()
    let places = try places(in: hashes)
    for start in stride(from: 0, to: places.count, by: Self.batchCount) {
      let entries = onAllCores(start..<min(start + Self.batchCount, places.count)) { index in
        let digest = hashes.digests.values[places[index]]
        let entry = digest.flatMap { self.entry(index, $0) } ?? []
        return (bytes: entry, leaf: MerkleTree.leaf(entry))
      }
      for entry in entries {
        tree.append(entry.leaf)
        try output.write(entry.bytes)
        try output.write([0x0a])
      }
    }
    return tree
  }

  /// Entries that are made at the same time, and then written.
  private static let batchCount = 4_096

  /// Where the items stand among the hashes. Throws when one is not there.
  private func places(in hashes: FileHashes) throws(BundleError) -> [Int] {
    var places: [Int] = []
    places.reserveCapacity(payload.count)
    try payload.merge(hashes.digests) { item, place throws(BundleError) in
      guard let item else { return }
      guard let place, hashes.digests.values[place]?.sha512 != nil else {
        throw BundleError(.malformed, payload.key(item), "it cannot be read")
      }
      places.append(place)
    }
    return places
  }

  private func entry(_ index: Int, _ digest: FileHashes.Digest) -> [UInt8]? {
    guard let sha512 = digest.sha512 else { return nil }
    let (item, path) = (Self.identifier(index), payload.key(index))
    let fields: [(String, Value)] = [
      ("path", .text(path)), ("size", .integer(Int64(clamping: digest.byteCount))),
      ("sha256", .text(digest.sha256.hex)), ("sha512", .text(sha512.hex)),
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
          "alg": "rfc9162-sha256", "scheme": .text(chunks.scheme.rawValue),
          "n": .integer(Int64(clamping: chunks.count)), "root": .text(chunks.root.hex),
        ]))
    }
    return CanonicalJSON.bytes(entry)
  }

  /// The digest of a disclosure (RFC 9901, 4.2.3): base64url(SHA-256(base64url(JSON [salt, name, value]))).
  private static func digest(_ salt: [UInt8], _ name: String, _ value: Value) -> String {
    var disclosure = CanonicalJSON()
    disclosure.write(.list([.text(base64url(salt)), .text(name), value]))
    let hash = ShortHash.hash(of: base64urlDigits(disclosure.bytes.span))
    return String(decoding: base64urlDigits(hash.bytes.span), as: UTF8.self)
  }

  /// base64url without padding (RFC 4648, 5).
  static func base64url(_ bytes: [UInt8]) -> String {
    String(decoding: base64urlDigits(bytes.span), as: UTF8.self)
  }

  private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  private static func base64urlDigits(_ bytes: Span<UInt8>) -> [UInt8] {
    [UInt8](capacity: (bytes.count * 4 + 2) / 3) { result in
      let digits = digits.span
      for start in stride(from: 0, to: bytes.count, by: 3) {
        let left = bytes.count - start
        let second = left > 1 ? bytes[start + 1] : 0
        let third = left > 2 ? bytes[start + 2] : 0
        let group = Int(bytes[start]) << 16 | Int(second) << 8 | Int(third)
        result.append(digits[group >> 18])
        result.append(digits[group >> 12 & 63])
        if left > 1 { result.append(digits[group >> 6 & 63]) }
        if left > 2 { result.append(digits[group & 63]) }
      }
    }
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
