import Crypto
import CryptoExtras
import SwiftASN1
import X509

/// The ways in which a private key stands in a file, in DER.
enum PrivateKeyForm {
  /// PKCS#8 without encryption (RFC 5958).
  case pkcs8
  /// ECPrivateKey (RFC 5915).
  case sec1
  /// RSAPrivateKey (RFC 8017, A.1.2).
  case pkcs1
  /// PKCS#8 encrypted with a pass-phrase (RFC 5958, 3).
  case encrypted
  /// PFX (RFC 7292), which may be BER.
  case pkcs12

  /// Says which form bytes have, by the types of their first members; nil when they have none.
  init?(_ bytes: [UInt8]) {
    guard let root = (try? DER.parse(bytes)) ?? (try? BER.parse(bytes)), root.identifier == .sequence,
      case .constructed(let members) = root.content
    else { return nil }
    var iterator = members.makeIterator()
    guard let first = iterator.next(), let second = iterator.next() else { return nil }
    switch (first.identifier, second.identifier) {
    case (.integer, .sequence):
      guard let version = try? Int(derEncoded: first) else { return nil }
      self = version == 3 ? .pkcs12 : .pkcs8
    case (.integer, .octetString): self = .sec1
    case (.integer, .integer): self = .pkcs1
    case (.sequence, .octetString): self = .encrypted
    default: return nil
    }
  }
}

extension SoftwareKey {
  /// Reads an unencrypted key. Throws `malformed` or `unsuitable`, never with anything of the key in it.
  init(_ der: [UInt8], as kind: PrivateKeyForm, subject: String) throws(SigningError) {
    do {
      switch kind {
      case .pkcs8: form = try Self.pkcs8(der, subject)
      case .sec1: form = try Self.ellipticCurve(ECPrivateKey(der), curve: nil, subject)
      case .pkcs1: form = try Self.rsa(der, subject)
      case .encrypted, .pkcs12: throw SigningError(.passPhrase, subject, "the key is encrypted")
      }
    } catch let error as SigningError {
      throw error
    } catch {
      throw SigningError(.malformed, subject, "the private key is damaged")
    }
  }

  private static func pkcs8(_ der: [UInt8], _ subject: String) throws -> Form {
    let (algorithm, parameters, key) = try DER.sequence(DER.parse(der), identifier: .sequence) { members in
      _ = try Int(derEncoded: &members)
      let (algorithm, parameters) = try members.nested { members in
        (try ASN1ObjectIdentifier(derEncoded: &members), members.next())
      }
      let key = try ASN1OctetString(derEncoded: &members)
      // Attributes and, in version 2, the public key.
      while members.next() != nil {}
      return (algorithm, parameters, [UInt8](key.bytes))
    }
    switch algorithm {
    case ASN1ObjectIdentifier.AlgorithmIdentifier.idEcPublicKey:
      guard let parameters, parameters.identifier == .objectIdentifier else {
        throw unsuitable(subject, "its curve is written out instead of named")
      }
      return try ellipticCurve(ECPrivateKey(key), curve: ASN1ObjectIdentifier(derEncoded: parameters), subject)
    case ASN1ObjectIdentifier.AlgorithmIdentifier.rsaEncryption: return try rsa(key, subject)
    case ASN1ObjectIdentifier.AlgorithmIdentifier.rsaPSS: throw unsuitable(subject, "it is an RSA key for PSS only")
    case .ed25519, .ed448: throw unsuitable(subject, "it is an Edwards-curve key")
    default: throw unsuitable(subject, "its algorithm is \(algorithm)")
    }
  }

  private static func ellipticCurve(
    _ key: ECPrivateKey, curve outer: ASN1ObjectIdentifier?, _ subject: String
  ) throws -> Form {
    guard let curve = outer ?? key.curve else { throw unsuitable(subject, "it does not name its curve") }
    if let outer, let inner = key.curve, inner != outer {
      throw SigningError(.malformed, subject, "the private key names two curves")
    }
    let form: Form
    let point: [UInt8]
    switch curve {
    case ASN1ObjectIdentifier.NamedCurves.secp256r1:
      let secret = try P256.Signing.PrivateKey(rawRepresentation: key.scalar)
      (form, point) = (.p256(secret), [UInt8](secret.publicKey.x963Representation))
    case ASN1ObjectIdentifier.NamedCurves.secp384r1:
      let secret = try P384.Signing.PrivateKey(rawRepresentation: key.scalar)
      (form, point) = (.p384(secret), [UInt8](secret.publicKey.x963Representation))
    default: throw unsuitable(subject, "its curve is \(curve.curveName)")
    }
    // A compressed point is not compared.
    if let stated = key.point, stated.first == 4, stated != point {
      throw SigningError(.malformed, subject, "the private key does not fit the public key beside it")
    }
    return form
  }

  private static func rsa(_ der: [UInt8], _ subject: String) throws -> Form {
    let modulus = try DER.sequence(DER.parse(der), identifier: .sequence) { members in
      guard try Int(derEncoded: &members) == 0, let modulus = members.next() else {
        throw ASN1Error.invalidASN1Object(reason: "version")
      }
      while members.next() != nil {}
      return modulus
    }
    guard case .primitive(let bytes) = modulus.content else { throw ASN1Error.invalidASN1Object(reason: "modulus") }
    let significant = bytes.drop { $0 == 0 }
    let bits = significant.count * 8 - (significant.first?.leadingZeroBitCount ?? 0)
    guard bits >= 2048 else { throw unsuitable(subject, "it is an RSA key of \(bits) bits, and 2048 are the least") }
    return .rsa(try _RSA.Signing.PrivateKey(derRepresentation: der))
  }

  static func unsuitable(_ subject: String, _ why: String) -> SigningError {
    SigningError(
      .unsuitable, subject, "the key cannot be used: \(why) (usable: P-256, P-384, and RSA of 2048 bits or more)")
  }
}

/// An ECPrivateKey (RFC 5915, 3).
private struct ECPrivateKey {
  let scalar: [UInt8]
  let curve: ASN1ObjectIdentifier?
  let point: [UInt8]?

  init(_ der: [UInt8]) throws {
    (scalar, curve, point) = try DER.sequence(DER.parse(der), identifier: .sequence) { members in
      guard try Int(derEncoded: &members) == 1 else { throw ASN1Error.invalidASN1Object(reason: "version") }
      let scalar = try ASN1OctetString(derEncoded: &members)
      let curve = try DER.optionalExplicitlyTagged(&members, tagNumber: 0, tagClass: .contextSpecific) { node in
        // Parameters that are written out are no identifier: the curve then counts as unnamed.
        node.identifier == .objectIdentifier ? try ASN1ObjectIdentifier(derEncoded: node) : nil
      }
      let point = try DER.optionalExplicitlyTagged(&members, tagNumber: 1, tagClass: .contextSpecific) { node in
        try ASN1BitString(derEncoded: node)
      }
      return ([UInt8](scalar.bytes), curve ?? nil, point.map { [UInt8]($0.bytes) })
    }
  }
}

extension ASN1NodeCollection.Iterator {
  /// Reads the next member, which is a SEQUENCE.
  mutating func nested<Result>(_ body: (inout Self) throws -> Result) throws -> Result {
    guard let member = next() else { throw ASN1Error.invalidASN1Object(reason: "it ends early") }
    return try DER.sequence(member, identifier: .sequence, body)
  }
}

extension ASN1ObjectIdentifier {
  static let ed25519: ASN1ObjectIdentifier = [1, 3, 101, 112]
  static let ed448: ASN1ObjectIdentifier = [1, 3, 101, 113]

  /// The curve's usual name, where it is one that people try (SEC 2).
  var curveName: String {
    switch self {
    case ASN1ObjectIdentifier.NamedCurves.secp521r1: "P-521"
    case [1, 3, 132, 0, 10]: "secp256k1"
    case [1, 3, 132, 0, 33]: "P-224"
    default: "\(self)"
    }
  }
}
