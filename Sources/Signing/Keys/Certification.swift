import Crypto
public import Foundation
import SwiftASN1
import X509

/// A key whose holder asks an authority for a certificate, or practises with one of their own.
public struct Certification: Sendable {
  let key: any SigningKey
  let publicKey: Certificate.PublicKey

  init(key: any SigningKey, publicKey: Certificate.PublicKey) { (self.key, self.publicKey) = (key, publicKey) }

  /// Takes an opened key. Throws `unsuitable` when its token does not show the public half.
  public init(_ opened: OpenedKey) throws(SigningError) {
    guard let publicKey = opened.publicKey else {
      throw SigningError(.unsuitable, opened.place, "the token shows no public key for it")
    }
    self.init(key: opened.key, publicKey: publicKey)
  }

  /// The most characters of a name (X.520, ub-common-name and ub-organization-name).
  public static let longestName = 64

  /// What stands in the OU of every practice certificate, so that nobody takes it for a real one.
  public static let practiceMark = "practice only, not for court"

  /// A certificate request (PKCS#10, RFC 2986) as a PEM file.
  public func request(name: String, organisation: String?) throws(SigningError) -> [UInt8] {
    let subject = try Self.subject(name, organisation, unit: nil)
    do {
      let request = try CertificateSigningRequest(
        version: .v1, subject: subject, privateKey: .init(CertifyingKey(key: key, publicKey: publicKey)),
        attributes: .init(), signatureAlgorithm: key.algorithm.inCertificates)
      var writer = DER.Serializer()
      try writer.serialize(request)
      return PEMFile.bytes("CERTIFICATE REQUEST", writer.serializedBytes)
    } catch let error as SigningError {
      throw error
    } catch {
      throw SigningError(.unsuitable, name, "the request cannot be made")
    }
  }

  /// A certificate that the key's holder signs themselves, as a PEM file: for practice and trials only.
  ///
  /// `name` may be a pseudonym. It is valid for `days` days from `start`, whose fraction of a second is dropped.
  public func practiceCertificate(
    name: String, organisation: String?, days: Int, from start: Date = Date()
  ) throws(SigningError) -> [UInt8] {
    let subject = try Self.subject(name, organisation, unit: Self.practiceMark)
    let from = Date(timeIntervalSince1970: start.timeIntervalSince1970.rounded(.down))
    do {
      let extensions = try Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true, nonRepudiation: true))
        try ExtendedKeyUsage([.emailProtection])
        SubjectKeyIdentifier(hash: publicKey)
      }
      let certificate = try Certificate(
        version: .v3, serialNumber: .init(bytes: Self.serial()), publicKey: publicKey, notValidBefore: from,
        notValidAfter: from.addingTimeInterval(Double(days) * 86_400), issuer: subject, subject: subject,
        signatureAlgorithm: key.algorithm.inCertificates, extensions: extensions,
        issuerPrivateKey: .init(CertifyingKey(key: key, publicKey: publicKey)))
      var writer = DER.Serializer()
      try writer.serialize(certificate)
      return PEMFile.bytes(Certificate.defaultPEMDiscriminator, writer.serializedBytes)
    } catch let error as SigningError {
      throw error
    } catch {
      throw SigningError(.unsuitable, name, "the certificate cannot be made")
    }
  }

  /// A positive serial number of 126 random bits (RFC 5280, 4.1.2.2).
  private static func serial() -> [UInt8] {
    var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
    bytes[0] = bytes[0] & 0x3f | 0x40
    return bytes
  }

  private static func subject(
    _ name: String, _ organisation: String?, unit: String?
  ) throws(SigningError) -> DistinguishedName {
    for text in [name, organisation].compactMap({ $0 }) {
      guard !text.isEmpty, text.unicodeScalars.count <= longestName,
        text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
      else { throw SigningError(.unsuitable, text, "a name has 1 to \(longestName) characters and no control ones") }
    }
    typealias Attribute = RelativeDistinguishedName.Attribute
    var attributes: [Attribute] = []
    if let organisation {
      attributes.append(Attribute(type: .RDNAttributeType.organizationName, utf8String: organisation))
    }
    if let unit { attributes.append(Attribute(type: .RDNAttributeType.organizationalUnitName, utf8String: unit)) }
    attributes.append(Attribute(type: .RDNAttributeType.commonName, utf8String: name))
    return DistinguishedName(attributes.map { RelativeDistinguishedName($0) })
  }
}

/// A signing key as swift-certificates takes one.
private struct CertifyingKey: CustomPrivateKey {
  let key: any SigningKey
  let publicKey: Certificate.PublicKey

  var defaultSignatureAlgorithm: Certificate.SignatureAlgorithm { key.algorithm.inCertificates }
  var supportedSignatureAlgorithms: [Certificate.SignatureAlgorithm] { [defaultSignatureAlgorithm] }

  func signSynchronously(
    bytes: some DataProtocol, signatureAlgorithm: Certificate.SignatureAlgorithm
  ) throws -> Certificate.Signature {
    guard signatureAlgorithm == defaultSignatureAlgorithm else {
      throw SigningError(.unsuitable, "", "the key does not sign with \(signatureAlgorithm)")
    }
    return try key.algorithm.certificateSignature(try key.signature(over: [UInt8](bytes)))
  }

  static func == (left: Self, right: Self) -> Bool { left.publicKey == right.publicKey }
  func hash(into hasher: inout Hasher) { hasher.combine(publicKey) }

  static var defaultPEMDiscriminator: String { "PRIVATE KEY" }
  func serialize(into coder: inout DER.Serializer) throws {
    throw SigningError(.unsuitable, "", "a private key is not written here")
  }
}
