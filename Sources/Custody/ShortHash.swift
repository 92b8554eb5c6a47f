import CKeyFiles
import EvidenceModel
import Foundation

/// The SHA-256 (FIPS 180-4) of bytes that come in pieces, by libcrypto.
///
/// All of its state is in it, so that a beginning that many hashes share is copied as it is (swift-crypto takes memory for each).
struct ShortHash: Sendable {
  private var context = SHA256_CTX()

  init() {
    // Safe here and below: the context is a variable of ours, and bytes are read or written within the call. No call can fail.
    unsafe _ = SHA256_Init(&context)
  }

  /// The SHA-256 of bytes that are all there.
  static func hash(of bytes: [UInt8]) -> ContentHash {
    var hash = ShortHash()
    hash.update(bytes)
    return hash.finalise()
  }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    unsafe _ = SHA256_Update(&context, bytes.baseAddress, bytes.count)
  }

  mutating func update(_ bytes: RawSpan) {
    unsafe bytes.withUnsafeBytes { unsafe update($0) }
  }

  mutating func update(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe update($0) }
  }

  mutating func update(_ byte: UInt8) {
    var byte = byte
    unsafe withUnsafeBytes(of: &byte) { unsafe update($0) }
  }

  mutating func update(_ hash: ContentHash) {
    unsafe hash.bytes.span.bytes.withUnsafeBytes { unsafe update($0) }
  }

  /// The hash; nothing may be added afterwards.
  mutating func finalise() -> ContentHash {
    var digest = [32 of UInt8](repeating: 0)
    // Safe: SHA-256 writes 32 bytes.
    var span = digest.mutableSpan
    unsafe span.withUnsafeMutableBufferPointer { unsafe _ = SHA256_Final($0.baseAddress, &context) }
    return ContentHash(digest)
  }
}
