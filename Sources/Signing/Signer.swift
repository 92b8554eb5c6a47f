/// The algorithms with which we sign; RFC 5754 and RFC 3370 name them for CMS.
public enum SignatureAlgorithm: String, Sendable, CaseIterable {
  /// ECDSA on P-256 with SHA-256.
  case ecdsaP256SHA256 = "ecdsa-p256-sha256"
  /// ECDSA on P-384 with SHA-384.
  case ecdsaP384SHA384 = "ecdsa-p384-sha384"
  /// RSASSA-PKCS1-v1_5 with SHA-256, on keys of 2048 bits or more (RFC 8017, 8.2).
  case rsaSHA256 = "rsa-sha256"
}

/// A private key, wherever it is kept: in memory, on a smart card, in a hardware security module.
public protocol SigningKey: Sendable {
  var algorithm: SignatureAlgorithm { get }

  /// Signs `message`, which it hashes itself with the algorithm's digest.
  ///
  /// ECDSA gives an ECDSA-Sig-Value in DER (RFC 3279, 2.2.3), RSA the signature's octets.
  func signature(over message: [UInt8]) throws(SigningError) -> [UInt8]
}

/// A person who signs: a key with the certificate that says whose it is.
public struct Signer: Sendable {
  public let key: any SigningKey
  /// The certificate in DER (RFC 5280).
  public let certificate: [UInt8]
  /// Certificates of authorities that came with it, in DER.
  public let chain: [[UInt8]]

  public init(key: any SigningKey, certificate: [UInt8], chain: [[UInt8]] = []) {
    (self.key, self.certificate, self.chain) = (key, certificate, chain)
  }
}
