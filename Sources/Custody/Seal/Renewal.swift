import EvidenceBundle
public import EvidenceModel
import Foundation
public import Signing

/// Renews what vouches for a sealed bundle before an authority's certificate or an algorithm ends: a list of SHA-512 of the seal, the
/// custody chain and former renewals, with a new time-stamp over it (as RFC 4998, 5.2 does with hash trees).
public enum Renewal {
  /// What came of it.
  public struct Outcome: Sendable {
    /// The list, relative to the bundle.
    public let list: String
    public let time: CaptureTime?
    /// Why there is no time-stamp although one was asked for.
    public let stampProblem: String?
  }

  /// Renews the bundle at `path`, when all checks pass; every byte of it is read again.
  public static func renew(
    _ path: String, by act: CustodyAct, authority: String?, trust: TrustStore
  ) throws(CustodyError) -> Outcome {
    guard act.signer != nil else { throw CustodyError(.usage, path, "a renewal is signed: a key is needed") }
    var outcome: Outcome?
    try BundleChange.perform("renew", of: path, by: act) { change throws(CustodyError) in
      _ = try change.checkedSeal(trust)
      let number = SealFiles.renewals(change.bundle).count + 1
      guard number <= SealFiles.maximumRenewals else {
        throw CustodyError(.usage, change.bundle, "a bundle has at most \(SealFiles.maximumRenewals) renewals")
      }
      let list = SealFiles.renewal(number)
      let bytes = try self.list(change.bundle)
      try change.write(bytes, to: list)
      try change.record(["counts": .object(["files": .integer(Int64(bytes.count { $0 == 0x0a }))])])
      let stamp = try change.stamp(list, bytes, authority: authority, isLong: true)
      outcome = Outcome(list: list, time: stamp.time, stampProblem: stamp.problem)
      return [:]
    }
    guard let outcome else { throw CustodyError(.output, path, "nothing was renewed") }
    return outcome
  }

  /// SHA-512 of everything that grows beside the manifests, and of the tag manifest that binds the rest.
  private static func list(_ bundle: String) throws(CustodyError) -> [UInt8] {
    let tree = FileTree(bundle)
    let files = tree.files.keeping {
      $0.hasPrefix("seal/") || $0.hasPrefix("renewal/") || $0.hasPrefix("custody/")
        || $0 == BundleLayout.longTagManifest
    }
    var hashes = FileHashes(bundle)
    hashes.compute(files, .long(items: nil))
    var text = ""
    for path in files.keys {
      guard let hash = hashes.digest(path)?.sha512 else { throw CustodyError(.input, path, "it cannot be read") }
      text += "\(hash.hex)  \(path)\n"
    }
    return Array(text.utf8)
  }
}
