import Crypto
import EvidenceModel
import Foundation
import SwiftASN1
import X509

/// A certificate (RFC 5280) together with the bytes that it was read from.
struct KnownCertificate: Hashable {
  let value: Certificate
  let bytes: [UInt8]

  init(_ bytes: [UInt8]) throws {
    value = try Certificate(derEncoded: bytes)
    self.bytes = bytes
  }

  static func == (left: Self, right: Self) -> Bool { left.bytes == right.bytes }
  func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}

/// What a certificate says of its holder, for people and for records.
public struct CertificateFacts: Sendable, Hashable {
  /// SHA-256 of the certificate in DER, in hexadecimal digits.
  public let sha256: String
  public let subject: String
  /// The subject's common name; empty when it has none.
  public let commonName: String
  public let issuer: String
  /// What its holder is called: the common name, or the whole subject where there is none.
  public var name: String { commonName.isEmpty ? subject : commonName }
  /// RFC 3339, to the second.
  public let notBefore: String
  public let notAfter: String

  /// Reads a certificate in DER; nil when it is none.
  public init?(der: [UInt8]) {
    guard let known = try? KnownCertificate(der) else { return nil }
    self.init(known)
  }

  init(_ known: KnownCertificate) {
    sha256 = Hexadecimal.encode(SHA256.hash(data: known.bytes))
    subject = "\(known.value.subject)"
    issuer = "\(known.value.issuer)"
    var name = ""
    for part in known.value.subject {
      for attribute in part where attribute.type == .RDNAttributeType.commonName { name = "\(attribute.value)" }
    }
    commonName = name
    notBefore = Self.text(known.value.notValidBefore)
    notAfter = Self.text(known.value.notValidAfter)
  }

  private static func text(_ date: Date) -> String { date.formatted(.iso8601) }
}

/// Certificates and revocation lists as files hold them: PEM, several in a file, or DER.
public enum CertificateText {
  /// Certificates in DER as one PEM text, with a line feed at its end.
  public static func pem(certificates: [[UInt8]]) -> [UInt8] {
    certificates.flatMap { PEMFile.bytes("CERTIFICATE", $0) }
  }

  /// Revocation lists in DER as one PEM text, with a line feed at its end.
  public static func pem(revocationLists: [[UInt8]]) -> [UInt8] {
    revocationLists.flatMap { PEMFile.bytes("X509 CRL", $0) }
  }

  /// The certificates of a file, in DER. Throws when there is none or one cannot be read.
  public static func certificates(in bytes: [UInt8], of subject: String) throws(SigningError) -> [[UInt8]] {
    try blocks(bytes, "CERTIFICATE", subject) { der throws in _ = try KnownCertificate(der) }
  }

  /// The revocation lists (RFC 5280, 5) of a file, in DER. Throws when there is none or one cannot be read.
  public static func revocationLists(in bytes: [UInt8], of subject: String) throws(SigningError) -> [[UInt8]] {
    try blocks(bytes, "X509 CRL", subject) { der throws in _ = try RevocationList(der) }
  }

  private static func blocks(
    _ bytes: [UInt8], _ label: String, _ subject: String, _ check: ([UInt8]) throws -> Void
  ) throws(SigningError) -> [[UInt8]] {
    var found: [[UInt8]] = []
    do {
      if bytes.first == 0x30 {
        found = [bytes]
      } else {
        for document in try PEMDocument.parseMultiple(pemString: String(decoding: bytes, as: UTF8.self))
        where document.discriminator == label { found.append(document.derBytes) }
      }
      for der in found { try check(der) }
    } catch {
      throw SigningError(.malformed, subject, "it cannot be read as \(label): \(error)")
    }
    guard !found.isEmpty else { throw SigningError(.malformed, subject, "there is no \(label) in it") }
    return found
  }

  /// A block as PEM (RFC 7468), ending with a line end, so that files can be put behind each other.
  public static func pem(_ der: [UInt8], _ label: String) -> String {
    PEMDocument(type: label, derBytes: der).pemString + "\n"
  }
}
