import Crypto
import CryptoExtras
import Foundation
import SwiftASN1
import X509

/// A private key in memory.
struct SoftwareKey: SigningKey {
  enum Form {
    case p256(P256.Signing.PrivateKey)
    case p384(P384.Signing.PrivateKey)
    case rsa(_RSA.Signing.PrivateKey)
  }

  let form: Form

  var algorithm: SignatureAlgorithm {
    switch form {
    case .p256: .ecdsaP256SHA256
    case .p384: .ecdsaP384SHA384
    case .rsa: .rsaSHA256
    }
  }

  var publicKey: Certificate.PublicKey {
    switch form {
    case .p256(let key): .init(key.publicKey)
    case .p384(let key): .init(key.publicKey)
    case .rsa(let key): .init(key.publicKey)
    }
  }

  /// The unencrypted PKCS#8 form (RFC 5958) in DER.
  var pkcs8: [UInt8] {
    switch form {
    case .p256(let key): [UInt8](key.derRepresentation)
    case .p384(let key): [UInt8](key.derRepresentation)
    case .rsa(let key): [UInt8](key.pkcs8DERRepresentation)
    }
  }

  func signature(over message: [UInt8]) throws(SigningError) -> [UInt8] {
    do {
      switch form {
      case .p256(let key): return [UInt8](try key.signature(for: SHA256.hash(data: message)).derRepresentation)
      case .p384(let key): return [UInt8](try key.signature(for: SHA384.hash(data: message)).derRepresentation)
      case .rsa(let key):
        let signature = try key.signature(for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5)
        return [UInt8](signature.rawRepresentation)
      }
    } catch {
      throw SigningError(.unsuitable, "", "the key does not sign")
    }
  }
}
