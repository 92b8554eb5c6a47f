import CKeyFiles
import EvidenceModel
import Foundation

/// The SHA-512 (FIPS 180-4) of bytes that come in pieces, by libcrypto.
///
/// (swift-crypto computes it without vector instructions on some processors, which takes half as long again; sealing is bound by it.)
struct LongHash {
  /// The 64 bytes of a SHA-512.
  struct Digest: Sendable {
    fileprivate(set) var bytes = [64 of UInt8](repeating: 0)

    fileprivate init() {}

    /// Makes a hash from its 64 bytes; nil for any other number of them.
    init?(_ source: [UInt8]) {
      guard source.count == 64 else { return nil }
      for (place, byte) in source.enumerated() { bytes[place] = byte }
    }

    static func == (left: Self, right: Self) -> Bool {
      left.bytes.indices.allSatisfy { left.bytes[$0] == right.bytes[$0] }
    }

    /// The 128 lower-case hexadecimal digits that `sha512sum` prints.
    var hex: String {
      var digits: [UInt8] = []
      digits.reserveCapacity(128)
      for index in bytes.indices {
        digits.append(Hexadecimal.digit(bytes[index] >> 4))
        digits.append(Hexadecimal.digit(bytes[index] & 15))
      }
      return String(decoding: digits, as: UTF8.self)
    }
  }

  private var context = SHA512_CTX()

  init() {
    // Safe here and below: the context is a variable of ours, and bytes are read or written within the call. No call can fail.
    unsafe _ = SHA512_Init(&context)
  }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    unsafe _ = SHA512_Update(&context, bytes.baseAddress, bytes.count)
  }

  /// The hash; nothing may be added afterwards.
  mutating func finalise() -> Digest {
    var digest = Digest()
    // Safe: SHA-512 writes 64 bytes.
    var span = digest.bytes.mutableSpan
    unsafe span.withUnsafeMutableBufferPointer { unsafe _ = SHA512_Final($0.baseAddress, &context) }
    return digest
  }
}
