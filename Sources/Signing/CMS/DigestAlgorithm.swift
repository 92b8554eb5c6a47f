import Crypto
import SwiftASN1

/// The digests that signatures and time-stamps may use; weaker ones are refused.
enum DigestAlgorithm: String, CaseIterable {
  case sha256
  case sha384
  case sha512

  init?(_ identifier: ASN1ObjectIdentifier) {
    switch identifier {
    case ObjectIdentifier.sha256: self = .sha256
    case ObjectIdentifier.sha384: self = .sha384
    case ObjectIdentifier.sha512: self = .sha512
    default: return nil
    }
  }

  var identifier: ASN1ObjectIdentifier {
    switch self {
    case .sha256: ObjectIdentifier.sha256
    case .sha384: ObjectIdentifier.sha384
    case .sha512: ObjectIdentifier.sha512
    }
  }

  /// The AlgorithmIdentifier, parameters absent (RFC 5754, 2).
  var form: DERForm { get throws { try .sequence([.value(identifier)]) } }

  func digest(_ bytes: [UInt8]) -> [UInt8] {
    switch self {
    case .sha256: Array(SHA256.hash(data: bytes))
    case .sha384: Array(SHA384.hash(data: bytes))
    case .sha512: Array(SHA512.hash(data: bytes))
    }
  }
}

extension SignatureAlgorithm {
  var digest: DigestAlgorithm {
    switch self {
    case .ecdsaP256SHA256, .rsaSHA256: .sha256
    case .ecdsaP384SHA384: .sha384
    }
  }

  /// The AlgorithmIdentifier (RFC 5754, 3.2 and 3.3): no parameters for ECDSA, NULL for RSA.
  var form: DERForm {
    get throws {
      switch self {
      case .ecdsaP256SHA256: try .sequence([.value(ObjectIdentifier.ecdsaWithSHA256)])
      case .ecdsaP384SHA384: try .sequence([.value(ObjectIdentifier.ecdsaWithSHA384)])
      case .rsaSHA256: try .sequence([.value(ObjectIdentifier.sha256WithRSA), .value(ASN1Null())])
      }
    }
  }
}
