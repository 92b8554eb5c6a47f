import Crypto
import EvidenceModel
public import Foundation
import SwiftASN1
import X509

/// What a certificate says, in words: whose it is, who says so, and from when to when.
public struct CertificateSummary: Hashable, Sendable {
  /// The SHA-256 of the certificate in DER, in hexadecimal.
  public let hash: String
  public let subject: String
  public let issuer: String
  /// The serial number in hexadecimal.
  public let serial: String
  public let notBefore: Date
  public let notAfter: Date
  /// Whether it is signed by nobody but its own key's holder.
  public let isSelfIssued: Bool
  /// Whether its key usage allows signatures, or is not limited (RFC 5280, 4.2.1.3).
  public let isForSignatures: Bool

  /// Reads a certificate in DER; `name` stands in errors.
  public init(_ der: [UInt8], subject name: String) throws(SigningError) {
    guard let certificate = try? Certificate(derEncoded: der) else {
      throw SigningError(.malformed, name, "the certificate is damaged")
    }
    hash = SHA256.hash(data: der).hex
    subject = "\(certificate.subject)"
    issuer = "\(certificate.issuer)"
    serial = Hexadecimal.encode(certificate.serialNumber.bytes)
    notBefore = certificate.notValidBefore
    notAfter = certificate.notValidAfter
    isSelfIssued = certificate.subject == certificate.issuer
    do {
      let usage = try certificate.extensions.keyUsage
      isForSignatures = usage.map { $0.digitalSignature || $0.nonRepudiation } ?? true
    } catch {
      throw SigningError(.malformed, name, "the certificate's key usage is damaged")
    }
  }

  /// Says that the certificate is not valid at a time; nil when it is.
  public func validityWarning(at time: Date) -> String? {
    if time < notBefore { return "the certificate is valid only from \(Self.text(notBefore))" }
    if time > notAfter { return "the certificate expired at \(Self.text(notAfter))" }
    return nil
  }

  /// A time in UTC to the second, such as 2026-01-31T12:00:00Z.
  public static func text(_ time: Date) -> String { time.formatted(.iso8601) }
}
