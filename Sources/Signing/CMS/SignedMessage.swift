import Crypto
import EvidenceModel
import SwiftASN1
import X509

/// A CMS SignedData (RFC 5652, 5) as it was read: certificates, signers and, where it is not detached, the content.
///
/// Everything in it may come from an adversary. Limits: 16 MiB, 64 signers, 64 certificates.
struct SignedMessage {
  static let maximumBytes = 16 << 20
  static let maximumSigners = 64
  static let maximumCertificates = 64

  let contentType: ASN1ObjectIdentifier
  /// What is signed, when it is inside.
  let content: [UInt8]?
  let certificates: [KnownCertificate]
  let signers: [SignerInformation]

  init(_ bytes: [UInt8]) throws(SigningError) {
    guard bytes.count <= Self.maximumBytes else { throw Self.malformed("it is larger than 16 MiB") }
    do { try self.init(node: DER.parse(bytes)) } catch let error as SigningError { throw error } catch {
      throw Self.malformed("\(error)")
    }
  }

  init(node: ASN1Node) throws {
    let outer = node.children
    guard outer.count == 2, try ASN1ObjectIdentifier(derEncoded: outer[0]) == ObjectIdentifier.signedData,
      outer[1].identifier == .context(0), let signedData = outer[1].children.first, outer[1].children.count == 1
    else { throw Self.malformed("it is no SignedData") }
    let parts = signedData.children
    guard parts.count >= 4, let last = parts.last, last.identifier == .set else {
      throw Self.malformed("SignedData has too few parts")
    }
    let encapsulated = parts[2].children
    guard let type = encapsulated.first else { throw Self.malformed("it names no content type") }
    contentType = try ASN1ObjectIdentifier(derEncoded: type)
    if encapsulated.count > 1, let octets = encapsulated[1].children.first {
      content = Array(try ASN1OctetString(derEncoded: octets).bytes)
    } else {
      content = nil
    }
    var found: [KnownCertificate] = []
    for part in parts[3...] where part.identifier == .context(0) {
      guard part.children.count <= Self.maximumCertificates else {
        throw Self.malformed("it has too many certificates")
      }
      for choice in part.children where choice.identifier == .sequence {
        found.append(try KnownCertificate(Array(choice.encodedBytes)))
      }
    }
    certificates = found
    guard last.children.count <= Self.maximumSigners else { throw Self.malformed("it has too many signers") }
    signers = try last.children.map { try SignerInformation($0) }
  }

  static func malformed(_ text: String) -> SigningError { SigningError(.malformed, "", "malformed signature: \(text)") }
}

/// What a CMS message says of one signer (RFC 5652, 5.3).
struct SignerInformation {
  enum Identifier {
    case issuer(DistinguishedName, serial: [UInt8])
    case keyIdentifier([UInt8])
  }

  let identifier: Identifier
  let digest: ASN1ObjectIdentifier
  let algorithm: ASN1ObjectIdentifier
  let signature: [UInt8]
  /// The signed attributes by type, and their bytes as they are signed; nil when there are none.
  let attributes: [ASN1ObjectIdentifier: ASN1Node]
  let signedBytes: [UInt8]?

  init(_ node: ASN1Node) throws {
    var parts = node.children[...]
    guard parts.popFirst() != nil, let signer = parts.popFirst(), let digestNode = parts.popFirst(),
      let digestType = digestNode.children.first
    else { throw SignedMessage.malformed("a signer has too few parts") }
    if signer.identifier == .context(0) {
      guard case .primitive(let bytes) = signer.content else { throw SignedMessage.malformed("unknown signer") }
      identifier = .keyIdentifier(Array(bytes))
    } else {
      let names = signer.children
      guard names.count == 2, case .primitive(let serial) = names[1].content else {
        throw SignedMessage.malformed("unknown signer")
      }
      identifier = .issuer(try DistinguishedName(derEncoded: names[0]), serial: Array(serial))
    }
    digest = try ASN1ObjectIdentifier(derEncoded: digestType)
    var found: [ASN1ObjectIdentifier: ASN1Node] = [:]
    var signed: [UInt8]?
    if let set = parts.first, set.identifier == .context(0) {
      parts.removeFirst()
      // RFC 5652, 5.4: the signature is over the same bytes with the tag SET OF.
      signed = [0x31] + set.encodedBytes.dropFirst()
      for attribute in set.children {
        let pair = attribute.children
        guard pair.count == 2, let value = pair[1].children.first, pair[1].children.count == 1 else {
          throw SignedMessage.malformed("a signed attribute has not exactly one value")
        }
        let type = try ASN1ObjectIdentifier(derEncoded: pair[0])
        guard found.updateValue(value, forKey: type) == nil else {
          throw SignedMessage.malformed("a signed attribute stands twice")
        }
      }
    }
    (attributes, signedBytes) = (found, signed)
    guard let algorithmNode = parts.popFirst(), let type = algorithmNode.children.first, let value = parts.popFirst()
    else { throw SignedMessage.malformed("a signer has no signature") }
    algorithm = try ASN1ObjectIdentifier(derEncoded: type)
    signature = Array(try ASN1OctetString(derEncoded: value).bytes)
  }

  /// The signer's certificate among `certificates`.
  func certificate(in certificates: [KnownCertificate]) -> KnownCertificate? {
    certificates.first { known in
      let certificate = known.value
      switch identifier {
      case .issuer(let name, let serial):
        return certificate.issuer == name && Self.trimmed(Array(certificate.serialNumber.bytes)) == Self.trimmed(serial)
      case .keyIdentifier(let identifier):
        guard let extended = try? certificate.extensions.subjectKeyIdentifier else { return false }
        return Array(extended.keyIdentifier) == identifier
      }
    }
  }

  private static func trimmed(_ serial: [UInt8]) -> [UInt8] { Array(serial.drop { $0 == 0 }) }

  /// The time that the signer's computer gave, which nobody else vouches for.
  var signingTime: CaptureTime? {
    guard let node = attributes[ObjectIdentifier.signingTime] else { return nil }
    if let time = try? UTCTime(derEncoded: node) {
      return CaptureTime(
        CivilTime(
          year: time.year, month: time.month, day: time.day, hour: time.hours, minute: time.minutes,
          second: time.seconds))
    }
    return (try? GeneralizedTime(derEncoded: node)).flatMap { CaptureTime($0) }
  }

  /// What is wrong with the signature over `content`, as the certificate's key sees it; nil when nothing is.
  func problem(_ content: [UInt8], type: ASN1ObjectIdentifier, certificate: KnownCertificate) throws -> String? {
    guard let digestAlgorithm = DigestAlgorithm(digest) else { return "the digest \(digest) is not accepted" }
    guard let signedBytes else { return "it has no signed attributes" }
    guard let named = attributes[ObjectIdentifier.contentType],
      try ASN1ObjectIdentifier(derEncoded: named) == type
    else { return "the content type is not the signed one" }
    guard let octets = attributes[ObjectIdentifier.messageDigest] else { return "it signs no digest" }
    guard Array(try ASN1OctetString(derEncoded: octets).bytes) == digestAlgorithm.digest(content) else {
      return "it is a signature over other bytes"
    }
    if let problem = try certificateProblem(certificate) { return problem }
    guard let scheme = Self.scheme(algorithm, digestAlgorithm) else {
      return "the signature algorithm \(algorithm) is not accepted"
    }
    guard certificate.value.publicKey.isValidSignature(signature, for: signedBytes, signatureAlgorithm: scheme) else {
      return "the signature does not fit the key of its certificate"
    }
    return nil
  }

  /// The signed reference to the certificate (RFC 5035), without which another with the same key could take its place.
  private func certificateProblem(_ certificate: KnownCertificate) throws -> String? {
    let bytes = certificate.bytes
    if let value = attributes[ObjectIdentifier.signingCertificateV2] {
      guard let first = value.children.first?.children.first else { return "its certificate reference is empty" }
      var parts = first.children[...]
      var hash = DigestAlgorithm.sha256
      if let head = parts.first, head.identifier == .sequence {
        parts.removeFirst()
        guard let type = head.children.first, let named = DigestAlgorithm(try ASN1ObjectIdentifier(derEncoded: type))
        else { return "its certificate reference has a digest that is not accepted" }
        hash = named
      }
      guard let octets = parts.first else { return "its certificate reference is empty" }
      let isSame = Array(try ASN1OctetString(derEncoded: octets).bytes) == hash.digest(bytes)
      return isSame ? nil : "it names another certificate than the one that came with it"
    }
    if let value = attributes[ObjectIdentifier.signingCertificate] {
      guard let octets = value.children.first?.children.first?.children.first else {
        return "its certificate reference is empty"
      }
      let isSame = Array(try ASN1OctetString(derEncoded: octets).bytes) == Array(Insecure.SHA1.hash(data: bytes))
      return isSame ? nil : "it names another certificate than the one that came with it"
    }
    return "it does not say which certificate it was made with (no signing-certificate attribute)"
  }

  private static func scheme(
    _ algorithm: ASN1ObjectIdentifier, _ digest: DigestAlgorithm
  ) -> Certificate.SignatureAlgorithm? {
    switch (algorithm, digest) {
    case (ObjectIdentifier.ecdsaWithSHA256, .sha256): .ecdsaWithSHA256
    case (ObjectIdentifier.ecdsaWithSHA384, .sha384): .ecdsaWithSHA384
    case (ObjectIdentifier.ecdsaWithSHA512, .sha512): .ecdsaWithSHA512
    case (ObjectIdentifier.rsaEncryption, .sha256), (ObjectIdentifier.sha256WithRSA, .sha256): .sha256WithRSAEncryption
    case (ObjectIdentifier.rsaEncryption, .sha384), (ObjectIdentifier.sha384WithRSA, .sha384): .sha384WithRSAEncryption
    case (ObjectIdentifier.rsaEncryption, .sha512), (ObjectIdentifier.sha512WithRSA, .sha512): .sha512WithRSAEncryption
    default: nil
    }
  }
}

extension CaptureTime {
  /// The moment of a GeneralizedTime; fractions are kept to nine digits.
  init?(_ time: GeneralizedTime) {
    var fraction: Int64 = 0
    var scale: Int64 = 100_000_000
    for digit in time.rawFractionalSeconds.prefix(9) where (0x30...0x39).contains(digit) {
      fraction += Int64(digit - 0x30) * scale
      scale /= 10
    }
    self.init(
      CivilTime(
        year: time.year, month: time.month, day: time.day, hour: time.hours, minute: time.minutes, second: time.seconds),
      nanoseconds: fraction)
  }
}
