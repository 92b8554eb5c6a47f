import EvidenceBundle
import EvidenceModel
import Foundation
import Signing

/// The names of files in `seal/` and `renewal/`, and what several commands write there.
enum SealFiles {
  /// Signatures of one seal that are counted, and time-stamps of one text.
  static let maximumCount = 99
  static let maximumRenewals = 999

  /// The signature of one of the signers, counted from 1: `seal/seal.txt.01.p7s`.
  static func signature(_ number: Int) -> String { "\(BundleLayout.seal).\(BundleLayout.padded(number, 2)).p7s" }

  /// A time-stamp over `text`, counted from 1: `seal/seal.txt.tsr`, then `seal/seal.txt.02.tsr`.
  static func timeStamp(of text: String, _ number: Int) -> String {
    number == 1 ? "\(text).tsr" : "\(text).\(BundleLayout.padded(number, 2)).tsr"
  }

  /// The list of a renewal, counted from 1: `renewal/001/list-sha512.txt`.
  static func renewal(_ number: Int) -> String {
    "\(BundleLayout.renewal)/\(BundleLayout.padded(number, 3))/list-sha512.txt"
  }

  /// Whether a path is that of a signature, a time-stamp or a renewal by its form, whatever its number.
  static func isProof(_ path: String) -> Bool {
    let parts = path.split(separator: "/").map(String.init)
    guard let name = parts.last else { return false }
    switch parts.first {
    case "seal": return parts.count == 2 && (name.hasSuffix(".p7s") || name.hasSuffix(".tsr"))
    default: return name == "list-sha512.txt" || name.hasSuffix(".tsr")
    }
  }

  /// The numbers from 1 on whose files stand in a bundle.
  static func existing(_ bundle: String, _ name: (Int) -> String, limit: Int = maximumCount) -> [String] {
    (1...limit).lazy.map(name).prefix { isRegularFile("\(bundle)/\($0)") }.map { $0 }
  }

  /// The lists of the renewals that stand in a bundle, the oldest first.
  static func renewals(_ bundle: String) -> [String] { existing(bundle, renewal, limit: maximumRenewals) }

  /// Keeps a signer's certificates and revocation lists as `seal/trust/NN.pem` and `NN.crl`; each file ends with a line feed.
  static func writeTrust(
    _ change: inout BundleChange, _ number: Int, _ signer: Signer, _ revocationLists: [[UInt8]]
  ) throws(CustodyError) {
    let certificates = [signer.certificate] + signer.chain
    try change.write(
      CertificateText.pem(certificates: certificates), to: "\(BundleLayout.trust)/\(BundleLayout.padded(number, 2)).pem"
    )
    guard !revocationLists.isEmpty else { return }
    try change.write(
      CertificateText.pem(revocationLists: revocationLists),
      to: "\(BundleLayout.trust)/\(BundleLayout.padded(number, 2)).crl")
  }
}
