import SwiftASN1
import X509

/// Certificates in a file: one or several in PEM, or one in DER.
enum CertificateFile {
  /// Reads all certificates of a file, in DER and in their order. Throws when there is none.
  static func read(_ path: String) throws(SigningError) -> [[UInt8]] {
    let bytes = try SmallFile.read(path)
    guard let file = try PEMFile(bytes, subject: path) else {
      guard isCertificate(bytes) else { throw SigningError(.malformed, path, "it is no certificate") }
      return [bytes]
    }
    let certificates = try certificates(in: file, subject: path)
    guard !certificates.isEmpty else { throw SigningError(.malformed, path, "there is no certificate in it") }
    return certificates
  }

  static func certificates(in file: PEMFile, subject: String) throws(SigningError) -> [[UInt8]] {
    var certificates: [[UInt8]] = []
    for document in file.documents where document.discriminator == Certificate.defaultPEMDiscriminator {
      guard isCertificate(document.derBytes) else {
        throw SigningError(.malformed, subject, "a certificate in it is damaged")
      }
      certificates.append(document.derBytes)
    }
    return certificates
  }

  /// Whether bytes have a certificate's outer form (RFC 5280, 4.1).
  ///
  /// That is all that is asked of authorities' certificates: their keys may be of kinds with which we do not sign.
  private static func isCertificate(_ der: [UInt8]) -> Bool {
    guard let root = try? DER.parse(der), root.identifier == .sequence, case .constructed(let members) = root.content
    else { return false }
    return members.map(\.identifier) == [.sequence, .sequence, .bitString]
  }
}
