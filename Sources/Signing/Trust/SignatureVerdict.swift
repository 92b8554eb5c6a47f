public import EvidenceModel

/// What came of checking one signature. The words are API: programs and courts read them.
public struct SignatureVerdict: Sendable, Hashable {
  public enum Word: String, Sendable, CaseIterable {
    /// The signature fits, and a certificate that was given as trusted vouches for the signer at that time.
    case valid
    /// The signature fits; nothing that was given as trusted vouches for the signer.
    case untrusted
    /// The signature fits and the signer is known, but at that time the certificate was no longer or not yet valid.
    case expired
    /// The signature fits and the signer is known, but at that time the certificate was revoked.
    case revoked
    /// There is no signature.
    case unsigned
    /// The signature does not fit what it should be over, or cannot be read.
    case broken
  }

  public let word: Word
  /// Who signed, as the certificate says; nil when it cannot be told.
  public let signer: CertificateFacts?
  /// The time that the signer's computer gave, which nobody else vouches for.
  public let signingTime: CaptureTime?
  /// Why, in words; empty for `valid`.
  public let reason: String

  public init(_ word: Word, _ reason: String = "", signer: CertificateFacts? = nil, signingTime: CaptureTime? = nil) {
    (self.word, self.reason, self.signer, self.signingTime) = (word, reason, signer, signingTime)
  }
}
