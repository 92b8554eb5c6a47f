import Crypto
public import EvidenceModel
import SwiftASN1
import X509

/// Makes detached signatures of the baseline form CAdES-B-B (ETSI EN 319 122-1) in CMS (RFC 5652).
///
/// Signed attributes: content type, message digest, signing time, signing-certificate-v2 (RFC 5035).
public enum CAdESSignature {
  /// Signs `content` for each of `signers`; gives a ContentInfo in DER. `time` is what the signers' computer says.
  public static func sign(
    _ content: [UInt8], by signers: [Signer], at time: CaptureTime
  ) throws(SigningError) -> [UInt8] {
    do {
      var infos: [DERForm] = []
      for signer in signers { infos.append(try information(content, signer, time)) }
      var certificates: [[UInt8]] = []
      for certificate in signers.flatMap({ [$0.certificate] + $0.chain }) where !certificates.contains(certificate) {
        certificates.append(certificate)
      }
      let digests = try DigestAlgorithm.allCases.filter { digest in
        signers.contains { $0.key.algorithm.digest == digest }
      }
      .map { try $0.form }
      let signedData = try DERForm.sequence([
        .integer(1), .set(digests), .sequence([.value(ObjectIdentifier.data)]),
        .set(certificates.map { DERForm($0) }, tag: .context(0)), .set(infos),
      ])
      return try DERForm.sequence([.value(ObjectIdentifier.signedData), .tagged(0, [signedData])]).bytes
    } catch let error as SigningError {
      throw error
    } catch {
      throw SigningError(.unsuitable, "", "the signature cannot be made: \(error)")
    }
  }

  private static func information(_ content: [UInt8], _ signer: Signer, _ time: CaptureTime) throws -> DERForm {
    let certificate = try Certificate(derEncoded: signer.certificate)
    let algorithm = signer.key.algorithm
    // ESSCertIDv2 with its default SHA-256 left out, as DER demands.
    let identified = try DERForm.sequence([.octets(SHA256.hash(data: signer.certificate))])
    let attributes = try [
      DERForm.attribute(ObjectIdentifier.contentType, .value(ObjectIdentifier.data)),
      DERForm.attribute(ObjectIdentifier.messageDigest, .octets(algorithm.digest.digest(content))),
      DERForm.attribute(ObjectIdentifier.signingTime, moment(time)),
      DERForm.attribute(ObjectIdentifier.signingCertificateV2, .sequence([.sequence([identified])])),
    ]
    // RFC 5652, 5.4: what is signed has the tag SET OF, what is sent [0].
    let signature = try signer.key.signature(over: DERForm.set(attributes).bytes)
    let issuer = try DERForm.sequence([
      .value(certificate.issuer), .integer(bytes: certificate.serialNumber.bytes),
    ])
    return try .sequence([
      .integer(1), issuer, algorithm.digest.form, .set(attributes, tag: .context(0)), algorithm.form,
      .octets(signature),
    ])
  }

  /// UTCTime until 2049, GeneralizedTime from then on (RFC 5652, 11.3).
  private static func moment(_ time: CaptureTime) throws -> DERForm {
    let civil = time.civil
    if (1950..<2050).contains(civil.year) {
      return try .value(
        UTCTime(
          year: civil.year, month: civil.month, day: civil.day, hours: civil.hour, minutes: civil.minute,
          seconds: civil.second))
    }
    return try .value(
      GeneralizedTime(
        year: civil.year, month: civil.month, day: civil.day, hours: civil.hour, minutes: civil.minute,
        seconds: civil.second, fractionalSeconds: 0))
  }
}
