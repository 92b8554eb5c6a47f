import Crypto
import SwiftASN1

/// A request to a time-stamping authority (RFC 3161, 2.4.1), with a nonce and the wish for its certificate.
public struct TimeStampRequest: Sendable {
  public let bytes: [UInt8]

  /// Asks for a time-stamp over `content`: its SHA-256, or SHA-512 for lists that are to outlive SHA-256.
  public init(over content: [UInt8], isLong: Bool = false) throws(SigningError) {
    var nonce = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
    // A positive INTEGER without a leading zero octet.
    nonce[0] = nonce[0] & 0x3f | 0x40
    do {
      let digest: DigestAlgorithm = isLong ? .sha512 : .sha256
      let imprint = try DERForm.sequence([
        .sequence([.value(digest.identifier), .value(ASN1Null())]), .octets(digest.digest(content)),
      ])
      bytes = try DERForm.sequence([.integer(1), imprint, .integer(bytes: nonce[...]), .value(true)]).bytes
    } catch {
      throw SigningError(.unsuitable, "", "the request cannot be made: \(error)")
    }
  }

  /// The digest and the nonce of a request; nil when it is none.
  static func parts(_ bytes: [UInt8]) -> (imprint: [UInt8], nonce: [UInt8]?)? {
    guard let parts = try? DER.parse(bytes).children, parts.count >= 2, let octets = parts[1].children.last,
      let imprint = try? ASN1OctetString(derEncoded: octets)
    else { return nil }
    let nonce = parts[2...].first { $0.identifier == .integer }
    guard let nonce, case .primitive(let value) = nonce.content else { return (Array(imprint.bytes), nil) }
    return (Array(imprint.bytes), Array(value))
  }
}
