import CTokens
import Crypto
import CryptoExtras
import Foundation
import SwiftASN1
import X509

/// A private key on a token: a smart card or a hardware security module. It never leaves it.
struct TokenKey: SigningKey {
  let algorithm: SignatureAlgorithm
  /// The public half; nil when the token shows neither it nor a certificate.
  let publicKey: Certificate.PublicKey?
  /// The token's certificates that have the key's identifier, in DER.
  let certificates: [[UInt8]]
  private let session: TokenSession
  private let key: CK_OBJECT_HANDLE
  private let asksEachTime: Bool

  /// The token's label.
  var name: String { session.name }

  /// Opens the key that a URI names. Throws when there is none, or several.
  init(_ address: TokenAddress, _ passPhrase: PassPhrase) throws(SigningError) {
    session = try TokenSession(address, passPhrase)
    let keys = try session.keys()
    guard let key = keys.first else {
      throw SigningError(.unreadable, address.text, "there is no such private key on the token \(session.name)")
    }
    guard keys.count == 1 else {
      throw SigningError(
        .unsuitable, address.text, "several private keys fit: name one with object= or id= in the URI")
    }
    self.key = key
    asksEachTime = session.value(CKA_ALWAYS_AUTHENTICATE, of: key) == [1]
    let identifier = session.value(CKA_ID, of: key) ?? []
    certificates = try Self.certificates(session, identifier)
    let kind = session.number(CKA_KEY_TYPE, of: key)
    publicKey = try Self.publicKey(session, key, kind, identifier) ?? Self.publicKey(of: certificates)
    algorithm = try Self.algorithm(session, key, kind, publicKey, address.text)
  }

  func signature(over message: [UInt8]) throws(SigningError) -> [UInt8] {
    let signature =
      switch algorithm {
      case .ecdsaP256SHA256: try ellipticCurve(Array(SHA256.hash(data: message)), size: 32)
      case .ecdsaP384SHA384: try ellipticCurve(Array(SHA384.hash(data: message)), size: 48)
      case .rsaSHA256:
        try session.sign(
          Self.digestInfo + Array(SHA256.hash(data: message)), key, CKM_RSA_PKCS, asks: asksEachTime)
      }
    // A token that is broken, or not the one that it says, must not be noticed only in court.
    if let publicKey, !publicKey.verifies(signature, over: message, algorithm) {
      throw SigningError(.unsuitable, name, "the token's signature does not fit its own public key")
    }
    return signature
  }

  /// What stands before a SHA-256 in a DigestInfo (RFC 8017, 9.2, note 1).
  private static let digestInfo: [UInt8] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
  ]

  /// Signs a digest; the token gives r and s one after the other, and we their DER.
  private func ellipticCurve(_ digest: [UInt8], size: Int) throws(SigningError) -> [UInt8] {
    let raw = try session.sign(digest, key, CKM_ECDSA, asks: asksEachTime)
    guard raw.count == 2 * size else {
      throw SigningError(.unsuitable, name, "the token's signature has \(raw.count) bytes instead of \(2 * size)")
    }
    do {
      return size == 32
        ? [UInt8](try P256.Signing.ECDSASignature(rawRepresentation: raw).derRepresentation)
        : [UInt8](try P384.Signing.ECDSASignature(rawRepresentation: raw).derRepresentation)
    } catch {
      throw SigningError(.unsuitable, name, "the token's signature is damaged")
    }
  }

  private static func certificates(_ session: TokenSession, _ identifier: [UInt8]) throws(SigningError) -> [[UInt8]] {
    guard !identifier.isEmpty else { return [] }
    return try session.objects(CKO_CERTIFICATE, identifier: identifier).compactMap {
      session.value(CKA_VALUE, of: $0)
    }.filter { !$0.isEmpty }
  }

  private static func publicKey(of certificates: [[UInt8]]) -> Certificate.PublicKey? {
    certificates.lazy.compactMap { try? Certificate(derEncoded: $0).publicKey }.first
  }

  /// The public half as the token has it beside the private key, or in it.
  private static func publicKey(
    _ session: TokenSession, _ key: CK_OBJECT_HANDLE, _ kind: CK_ULONG?, _ identifier: [UInt8]
  ) throws(SigningError) -> Certificate.PublicKey? {
    let objects = identifier.isEmpty ? [] : try session.objects(CKO_PUBLIC_KEY, identifier: identifier)
    for object in [key] + objects {
      switch kind {
      case CKK_EC:
        guard let stated = session.value(CKA_EC_POINT, of: object) else { continue }
        // PKCS#11 wants an OCTET STRING; some tokens give the point itself.
        let point = (try? ASN1OctetString(derEncoded: stated)).map { [UInt8]($0.bytes) } ?? stated
        if let public256 = try? P256.Signing.PublicKey(x963Representation: point) { return .init(public256) }
        if let public384 = try? P384.Signing.PublicKey(x963Representation: point) { return .init(public384) }
      case CKK_RSA:
        guard let modulus = session.value(CKA_MODULUS, of: object), !modulus.isEmpty,
          let exponent = session.value(CKA_PUBLIC_EXPONENT, of: object), !exponent.isEmpty
        else { continue }
        if let rsa = try? _RSA.Signing.PublicKey(n: modulus, e: exponent) { return .init(rsa) }
      default: return nil
      }
    }
    return nil
  }

  private static func algorithm(
    _ session: TokenSession, _ key: CK_OBJECT_HANDLE, _ kind: CK_ULONG?, _ publicKey: Certificate.PublicKey?,
    _ subject: String
  ) throws(SigningError) -> SignatureAlgorithm {
    switch kind {
    case CKK_EC:
      if let parameters = session.value(CKA_EC_PARAMS, of: key), !parameters.isEmpty {
        switch try? ASN1ObjectIdentifier(derEncoded: parameters) {
        case .NamedCurves.secp256r1?: return .ecdsaP256SHA256
        case .NamedCurves.secp384r1?: return .ecdsaP384SHA384
        case let curve?: throw SoftwareKey.unsuitable(subject, "its curve is \(curve.curveName)")
        case nil: throw SoftwareKey.unsuitable(subject, "it does not name its curve")
        }
      }
      if let publicKey, P256.Signing.PublicKey(publicKey) != nil { return .ecdsaP256SHA256 }
      if let publicKey, P384.Signing.PublicKey(publicKey) != nil { return .ecdsaP384SHA384 }
      throw SoftwareKey.unsuitable(subject, "it does not name its curve")
    case CKK_RSA:
      // A modulus of fewer bits makes no public key.
      guard let publicKey, let rsa = _RSA.Signing.PublicKey(publicKey), rsa.keySizeInBits >= 2048 else {
        throw SoftwareKey.unsuitable(subject, "it is an RSA key of fewer than 2048 bits")
      }
      return .rsaSHA256
    default: throw SoftwareKey.unsuitable(subject, "it is neither an EC nor an RSA key")
    }
  }
}
