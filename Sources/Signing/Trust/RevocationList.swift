import EvidenceModel
import Foundation
import SwiftASN1
import X509

/// A certificate revocation list (RFC 5280, 5). Limit: a million entries.
struct RevocationList {
  static let maximumEntries = 1_000_000

  let issuer: DistinguishedName
  let thisUpdate: CaptureTime
  /// When each certificate was revoked, by its serial number without leading zeros.
  let revoked: [[UInt8]: CaptureTime]
  private let signedBytes: [UInt8]
  private let algorithm: ASN1ObjectIdentifier
  private let signature: [UInt8]

  init(_ bytes: [UInt8]) throws {
    let parts = try DER.parse(bytes).children
    guard parts.count == 3, let type = parts[1].children.first else { throw Self.malformed }
    signedBytes = Array(parts[0].encodedBytes)
    algorithm = try ASN1ObjectIdentifier(derEncoded: type)
    signature = Array(try ASN1BitString(derEncoded: parts[2]).bytes)
    var fields = parts[0].children[...]
    if fields.first?.identifier == .integer { fields.removeFirst() }
    guard fields.popFirst() != nil, let name = fields.popFirst(), let updated = fields.popFirst(),
      let moment = Self.time(updated)
    else { throw Self.malformed }
    issuer = try DistinguishedName(derEncoded: name)
    thisUpdate = moment
    if let next = fields.first, next.identifier == .utcTime || next.identifier == .generalizedTime {
      fields.removeFirst()
    }
    var found: [[UInt8]: CaptureTime] = [:]
    if let list = fields.first, list.identifier == .sequence {
      guard list.children.count <= Self.maximumEntries else { throw Self.malformed }
      for entry in list.children {
        let pair = entry.children
        guard pair.count >= 2, case .primitive(let serial) = pair[0].content, let time = Self.time(pair[1]) else {
          throw Self.malformed
        }
        found[Array(serial.drop { $0 == 0 })] = time
      }
    }
    revoked = found
  }

  private static var malformed: SigningError { SigningError(.malformed, "", "malformed revocation list") }

  static func time(_ node: ASN1Node) -> CaptureTime? {
    if let time = try? UTCTime(derEncoded: node) {
      return CaptureTime(
        CivilTime(
          year: time.year, month: time.month, day: time.day, hour: time.hours, minute: time.minutes,
          second: time.seconds))
    }
    return (try? GeneralizedTime(derEncoded: node)).flatMap { CaptureTime($0) }
  }

  /// Whether the authority itself signed it.
  func isSigned(by authority: Certificate) -> Bool {
    let scheme: Certificate.SignatureAlgorithm? =
      switch algorithm {
      case ObjectIdentifier.ecdsaWithSHA256: .ecdsaWithSHA256
      case ObjectIdentifier.ecdsaWithSHA384: .ecdsaWithSHA384
      case ObjectIdentifier.ecdsaWithSHA512: .ecdsaWithSHA512
      case ObjectIdentifier.sha256WithRSA: .sha256WithRSAEncryption
      case ObjectIdentifier.sha384WithRSA: .sha384WithRSAEncryption
      case ObjectIdentifier.sha512WithRSA: .sha512WithRSAEncryption
      default: nil
      }
    guard let scheme, authority.subject == issuer else { return false }
    return authority.publicKey.isValidSignature(signature, for: signedBytes, signatureAlgorithm: scheme)
  }

  /// When it says that the certificate was revoked; nil when it says nothing of it.
  func revocation(of certificate: Certificate) -> CaptureTime? {
    guard certificate.issuer == issuer else { return nil }
    return revoked[Array(certificate.serialNumber.bytes.drop { $0 == 0 })]
  }
}
