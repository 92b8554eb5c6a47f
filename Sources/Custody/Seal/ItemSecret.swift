import Crypto
import EvidenceBundle
import EvidenceModel
import Foundation

/// The one secret of a sealed bundle, from which every salt comes; who has it can compute the whole list of items again.
///
/// Salt of a field: the first 16 bytes of HMAC-SHA256(secret, "field" 00 item 00 name).
/// Key of an item's chunks: HMAC-SHA256(secret, "chunks" 00 item). A redacted copy holds single salts, never the secret.
struct ItemSecret: Sendable {
  private let key: SymmetricKey
  private let bytes: [UInt8]

  /// A new secret of 32 random bytes.
  static func make() -> ItemSecret {
    var generator = SystemRandomNumberGenerator()
    return ItemSecret((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
  }

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
    key = SymmetricKey(data: bytes)
  }

  /// Reads `meta/items-secret.json`; nil when it is none.
  init?(file: [UInt8]) {
    guard let fields = ValueReader.fields(file), case .text(let digits)? = fields["secret"],
      let bytes = Hexadecimal.decode(digits), bytes.count == 32
    else { return nil }
    self.init(bytes)
  }

  /// The file: canonical JSON.
  var file: [UInt8] {
    CanonicalJSON.bytes([
      "version": 1, "algorithm": "hmac-sha256", "secret": .text(Hexadecimal.encode(bytes)),
    ])
  }

  private func derive(_ parts: [String]) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: Array(parts.joined(separator: "\0").utf8), using: key))
  }

  func salt(of field: String, item: String) -> [UInt8] { Array(derive(["field", item, field]).prefix(16)) }

  func chunkKey(of item: String) -> ChunkKey { ChunkKey(derive(["chunks", item])) }
}

/// HMAC-SHA256 (RFC 2104) with one key and many short messages: the key is absorbed once.
struct ChunkKey: Sendable {
  private let inner: SHA256
  private let outer: SHA256

  /// `key` has at most 64 bytes.
  init(_ key: [UInt8]) {
    let padded = key + [UInt8](repeating: 0, count: 64 - key.count)
    var (first, second) = (SHA256(), SHA256())
    first.update(data: padded.map { $0 ^ 0x36 })
    second.update(data: padded.map { $0 ^ 0x5c })
    (inner, outer) = (first, second)
  }

  /// A leaf's hash with its salt absorbed: SHA-256 over 00 and HMAC(key, number as 64 bits, most significant byte first).
  func leaf(_ number: UInt64) -> SHA256 {
    var message = number.bigEndian
    var hash = inner
    // Safe here and below: the bytes are read within the calls.
    unsafe withUnsafeBytes(of: &message) { unsafe hash.update(bufferPointer: $0) }
    var second = outer
    unsafe hash.finalize().withUnsafeBytes { unsafe second.update(bufferPointer: $0) }
    var zero: UInt8 = 0
    var leaf = SHA256()
    unsafe withUnsafeBytes(of: &zero) { unsafe leaf.update(bufferPointer: $0) }
    unsafe second.finalize().withUnsafeBytes { unsafe leaf.update(bufferPointer: $0) }
    return leaf
  }
}
