import Crypto
import EvidenceModel
import Foundation
import SwiftASN1
import X509

/// A private key that was opened, with what lay beside it.
public struct OpenedKey: Sendable {
  public let key: any SigningKey
  /// Where it is kept, in words: a file, or a token's name.
  public let place: String
  /// The certificates that lay beside the key, in DER.
  public let certificates: [[UInt8]]
  /// What is worth saying about the key, such as that others can read its file.
  public let warnings: [String]
  /// Its public half; nil when a token does not show it.
  let publicKey: Certificate.PublicKey?

  /// Opens a key: `address` is a file's path or a PKCS#11 URI (RFC 7512).
  public init(_ address: String, _ passPhrase: PassPhrase) throws(SigningError) {
    if TokenAddress.isOne(address) {
      let token = try TokenKey(TokenAddress(address), passPhrase)
      (key, publicKey, certificates) = (token, token.publicKey, token.certificates)
      place = "token \(token.name)"
      warnings = [passPhrase.warning].compactMap { $0 }
    } else {
      let file = try KeyFile(address, passPhrase)
      (key, publicKey, certificates) = (file.key, file.key.publicKey, file.certificates)
      place = address
      warnings = [KeyFile.warning(address), passPhrase.warning].compactMap { $0 }
    }
  }

  /// The SHA-256 of the public key's SubjectPublicKeyInfo in DER, in hexadecimal; nil when a token does not show it.
  public var publicKeyHash: String? {
    guard let publicKey else { return nil }
    var writer = DER.Serializer()
    guard (try? writer.serialize(publicKey)) != nil else { return nil }
    return SHA256.hash(data: writer.serializedBytes).hex
  }

  /// What the key's own certificate says: that in a file or, without one, beside the key; nil when there is none.
  ///
  /// Throws `unsuitable` when there are certificates and none is for the key.
  public func ownCertificate(in path: String?) throws(SigningError) -> CertificateSummary? {
    var candidates = certificates
    if let path { candidates = try CertificateFile.read(path) }
    guard !candidates.isEmpty else { return nil }
    guard let own = try certificate(among: candidates) else {
      throw SigningError(.unsuitable, path ?? place, "the certificate is not for this key")
    }
    return try CertificateSummary(own, subject: path ?? place)
  }

  /// The first of some certificates that is for this key; nil when none is.
  ///
  /// A key that does not show its public half signs a text, and the certificate's key has to verify that.
  func certificate(among candidates: [[UInt8]]) throws(SigningError) -> [UInt8]? {
    var proof: (text: [UInt8], signature: [UInt8])?
    for candidate in candidates {
      guard let certificate = try? Certificate(derEncoded: candidate) else { continue }
      if let publicKey {
        if certificate.publicKey == publicKey { return candidate }
        continue
      }
      if proof == nil {
        let text = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
        proof = (text, try key.signature(over: text))
      }
      if let proof, certificate.publicKey.verifies(proof.signature, over: proof.text, key.algorithm) {
        return candidate
      }
    }
    return nil
  }
}

extension Certificate.PublicKey {
  /// Whether a signature, in the form in which `SigningKey` gives it, is this key's over a message.
  func verifies(_ signature: [UInt8], over message: [UInt8], _ algorithm: SignatureAlgorithm) -> Bool {
    isValidSignature(signature, for: message, signatureAlgorithm: algorithm.inCertificates)
  }
}

extension SignatureAlgorithm {
  /// The same algorithm as swift-certificates names it.
  var inCertificates: Certificate.SignatureAlgorithm {
    switch self {
    case .ecdsaP256SHA256: .ecdsaWithSHA256
    case .ecdsaP384SHA384: .ecdsaWithSHA384
    case .rsaSHA256: .sha256WithRSAEncryption
    }
  }

  func certificateSignature(_ bytes: [UInt8]) throws -> Certificate.Signature {
    try .init(signatureAlgorithm: inCertificates, signatureBytes: ASN1BitString(bytes: bytes[...]))
  }
}

extension SHA256.Digest {
  var hex: String { Hexadecimal.encode(self) }
}
