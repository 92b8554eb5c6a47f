import Foundation

/// A key for SRTP as SDP's `a=crypto` brings it (RFC 4568).
public struct SecurityDescription: Hashable, Sendable {
  /// How packets are protected: the suite's lengths in bytes.
  struct Suite: Hashable, Sendable {
    let name: String
    let keyLength: Int
    let saltLength: Int
    /// The authentication tag at the packet's end.
    let tagLength: Int
    /// AES-GCM (RFC 7714) rather than AES in counter mode with HMAC-SHA-1 (RFC 3711).
    let isGCM: Bool

    init?(_ name: String) {
      let gcm = ["AEAD_AES_128_GCM": 16, "AEAD_AES_256_GCM": 32]
      let counter = [
        "AES_CM_128_HMAC_SHA1_80": (16, 10), "AES_CM_128_HMAC_SHA1_32": (16, 4), "AES_192_CM_HMAC_SHA1_80": (24, 10),
        "AES_192_CM_HMAC_SHA1_32": (24, 4), "AES_256_CM_HMAC_SHA1_80": (32, 10), "AES_256_CM_HMAC_SHA1_32": (32, 4),
      ]
      self.name = name
      if let length = gcm[name] {
        (keyLength, saltLength, tagLength, isGCM) = (length, 12, 16, true)
      } else if let (key, tag) = counter[name] {
        (keyLength, saltLength, tagLength, isGCM) = (key, 14, tag, false)
      } else {
        return nil
      }
    }
  }

  let suite: Suite
  let masterKey: [UInt8]
  let masterSalt: [UInt8]
  /// Bytes of the master key identifier in each packet, before the tag.
  let identifierLength: Int
  /// The sender may leave the payload in the clear (RFC 4568, 6.3.2).
  let isEncrypted: Bool

  public var suiteName: String { suite.name }

  /// Keys of an attribute's value, as in `1 AES_CM_128_HMAC_SHA1_80 inline:…|2^20|1:4`; none when it is not understood.
  ///
  /// Not understood are other suites, key derivation rates, and packets without authentication, for which nothing proves the key.
  public static func keys(_ attribute: String) -> [SecurityDescription] {
    let words = attribute.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
    guard words.count >= 3, let suite = Suite(words[1].uppercased()) else { return [] }
    let parameters = words.dropFirst(3).map { $0.uppercased() }
    if parameters.contains(where: { $0.hasPrefix("UNAUTHENTICATED_SRTP") || ($0.hasPrefix("KDR=") && $0 != "KDR=0") }) {
      return []
    }
    return words[2].split(separator: ";").prefix(16).compactMap { text in
      guard text.lowercased().hasPrefix("inline:") else { return nil }
      let parts = text.dropFirst(7).split(separator: "|")
      var digits = String(parts.first ?? "")
      while digits.utf8.count % 4 != 0, digits.utf8.count < 512 { digits += "=" }
      guard let bytes = Data(base64Encoded: digits).map([UInt8].init),
        bytes.count == suite.keyLength + suite.saltLength
      else { return nil }
      var identifierLength = 0
      if let last = parts.dropFirst().last, let colon = last.firstIndex(of: ":") {
        guard let length = Int(last[last.index(after: colon)...]), (1...128).contains(length) else { return nil }
        identifierLength = length
      }
      return SecurityDescription(
        suite: suite, masterKey: Array(bytes.prefix(suite.keyLength)),
        masterSalt: Array(bytes.dropFirst(suite.keyLength)), identifierLength: identifierLength,
        isEncrypted: !parameters.contains("UNENCRYPTED_SRTP"))
    }
  }
}
