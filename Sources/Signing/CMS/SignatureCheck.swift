public import EvidenceModel
import SwiftASN1
import X509

/// Checks detached CMS signatures (RFC 5652) with ECDSA or RSA, by one or several people.
public enum SignatureCheck {
  /// One verdict for each signer of `signature` over `content`; `time` is when the certificates must have been valid.
  ///
  /// A message that cannot be read or has no signer gives one verdict, `broken`.
  public static func verify(
    _ signature: [UInt8], over content: [UInt8], trust: TrustStore, at time: CaptureTime
  ) -> [SignatureVerdict] {
    let message: SignedMessage
    do throws(SigningError) { message = try SignedMessage(signature) } catch {
      return [SignatureVerdict(.broken, error.message)]
    }
    guard message.content == nil else { return [SignatureVerdict(.broken, "it holds content of its own")] }
    guard message.contentType == ObjectIdentifier.data, !message.signers.isEmpty else {
      return [SignatureVerdict(.broken, "it is no signature over plain bytes")]
    }
    return message.signers.map { signer in
      judge(signer, message, content, ObjectIdentifier.data, .signing, trust, time)
    }
  }

  static func judge(
    _ signer: SignerInformation, _ message: SignedMessage, _ content: [UInt8], _ type: ASN1ObjectIdentifier,
    _ purpose: TrustStore.Purpose, _ trust: TrustStore, _ time: CaptureTime
  ) -> SignatureVerdict {
    guard let certificate = signer.certificate(in: message.certificates) else {
      return SignatureVerdict(.broken, "the signer's certificate is not in the message")
    }
    let facts = CertificateFacts(certificate)
    do {
      if let problem = try signer.problem(content, type: type, certificate: certificate) {
        return SignatureVerdict(.broken, problem, signer: facts, signingTime: signer.signingTime)
      }
    } catch {
      return SignatureVerdict(.broken, "malformed signature: \(error)", signer: facts)
    }
    let (word, reason) = trust.judge(certificate, with: message.certificates, for: purpose, at: time)
    return SignatureVerdict(word, reason, signer: facts, signingTime: signer.signingTime)
  }

  /// The certificates that a message brings, in DER; none when it cannot be read.
  public static func certificates(in signature: [UInt8]) -> [[UInt8]] {
    ((try? SignedMessage(signature))?.certificates ?? []).map(\.bytes)
  }
}
