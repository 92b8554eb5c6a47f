import EvidenceBundle
import EvidenceModel
import Foundation

/// The one secret of a sealed bundle, from which every salt comes; who has it can compute the whole list of items again.
///
/// Salt of a field: the first 16 bytes of HMAC-SHA256(secret, "field" 00 item 00 name).
/// Key of an item's chunks: HMAC-SHA256(secret, "chunks" 00 item). A redacted copy holds single salts, never the secret.
struct ItemSecret: Sendable {
  private let key: ShortKey
  private let bytes: [UInt8]

  /// A new secret of 32 random bytes.
  static func make() -> ItemSecret {
    var generator = SystemRandomNumberGenerator()
    return ItemSecret((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
  }

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
    key = ShortKey(bytes)
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

  private func derive(_ parts: [String]) -> ContentHash { key.code(of: Array(parts.joined(separator: "\0").utf8)) }

  func salt(of field: String, item: String) -> [UInt8] {
    let code = derive(["field", item, field])
    return (0..<16).map { code.bytes[$0] }
  }

  func chunkKey(of item: String) -> ShortKey {
    let code = derive(["chunks", item])
    return ShortKey(code.bytes.indices.map { code.bytes[$0] })
  }
}

/// HMAC-SHA256 (RFC 2104) with one key and many short messages: the key is absorbed once.
struct ShortKey: Sendable {
  private let inner: ShortHash
  private let outer: ShortHash

  /// `key` has at most 64 bytes.
  init(_ key: [UInt8]) {
    let padded = key + [UInt8](repeating: 0, count: 64 - key.count)
    var (first, second) = (ShortHash(), ShortHash())
    first.update(padded.map { $0 ^ 0x36 })
    second.update(padded.map { $0 ^ 0x5c })
    (inner, outer) = (first, second)
  }

  func code(of message: [UInt8]) -> ContentHash {
    // Safe: the view ends before `message` does.
    code(of: unsafe message.span.bytes)
  }

  private func code(of message: RawSpan) -> ContentHash {
    var (first, second) = (inner, outer)
    first.update(message)
    second.update(first.finalise())
    return second.finalise()
  }

  /// The hash of chunk `number` with its salt absorbed: SHA-256 over 00 and HMAC(key, number as 64 bits, most significant byte first).
  func leaf(_ number: UInt64) -> ShortHash {
    let message: InlineArray = [number.bigEndian]
    var leaf = ShortHash()
    leaf.update(0)
    // Safe: the view ends before `message` does.
    leaf.update(code(of: unsafe message.span.bytes))
    return leaf
  }
}
