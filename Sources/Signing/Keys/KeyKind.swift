import Crypto
import CryptoExtras

/// The kinds of keys that we make.
public enum KeyKind: String, Sendable, CaseIterable {
  case p256, p384, rsa3072, rsa4096
}

extension SoftwareKey {
  /// Makes a new key.
  init(_ kind: KeyKind) throws(SigningError) {
    do {
      switch kind {
      case .p256: form = .p256(P256.Signing.PrivateKey())
      case .p384: form = .p384(P384.Signing.PrivateKey())
      case .rsa3072: form = .rsa(try _RSA.Signing.PrivateKey(keySize: .init(bitCount: 3072)))
      case .rsa4096: form = .rsa(try _RSA.Signing.PrivateKey(keySize: .init(bitCount: 4096)))
      }
    } catch {
      throw SigningError(.unsuitable, "", "the key cannot be made")
    }
  }
}
