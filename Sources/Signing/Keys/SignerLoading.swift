import Foundation
import X509

extension Signer {
  /// Opens a key with its certificate: the one way in which every command does it.
  ///
  /// `key` is a file's path or a PKCS#11 URI. `certificate` is a file; without it the certificate that lies beside the
  /// key is taken, in its file or on its token. In it the first certificate that is for the key is the signer's; all
  /// others, and those in `chain`, are authorities'. `warn` gets what is worth saying and does not prevent signing.
  /// Throws `unsuitable` when no certificate is for the key, or the certificate is not for signatures.
  public static func load(
    key: String, certificate: String? = nil, chain: [String] = [], passPhrase: PassPhrase = .prompt,
    warn: (String) -> Void = { _ in }
  ) throws(SigningError) -> Signer {
    // Everything that needs no secret first.
    var given: [[UInt8]] = []
    if let certificate { given = try CertificateFile.read(certificate) }
    var authorities: [[UInt8]] = []
    for path in chain { authorities += try CertificateFile.read(path) }

    let opened = try OpenedKey(key, passPhrase)
    for text in opened.warnings { warn(text) }
    let candidates = certificate == nil ? opened.certificates : given
    let subject = certificate ?? opened.place
    guard !candidates.isEmpty else {
      throw SigningError(.unsuitable, subject, "there is no certificate for the key: name one with --cert")
    }
    guard let own = try opened.certificate(among: candidates) else {
      throw SigningError(.unsuitable, subject, "the certificate is not for this key")
    }
    let summary = try CertificateSummary(own, subject: subject)
    guard summary.isForSignatures else {
      throw SigningError(.unsuitable, subject, "the certificate's key usage does not allow signatures")
    }
    if let text = summary.validityWarning(at: Date()) { warn("\(subject): \(text)") }

    var others: [[UInt8]] = []
    for authority in candidates + authorities where authority != own && !others.contains(authority) {
      others.append(authority)
    }
    return Signer(key: opened.key, certificate: own, chain: others)
  }
}
