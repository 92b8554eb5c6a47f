import EvidenceBundle
public import EvidenceModel
import Fingerprinting
import Foundation
public import Signing

/// Adds another person's signature to a seal: a second examiner, a judge.
public enum Cosigning {
  /// Signs the seal of the bundle at `path`, when all checks pass. Returns the seal's SHA-256.
  public static func cosign(
    _ path: String, by act: CustodyAct, trust: TrustStore, revocationLists: [[UInt8]]
  ) throws(CustodyError) -> ContentHash {
    guard let signer = act.signer else { throw CustodyError(.usage, path, "a co-signature needs a key") }
    var seal: [UInt8] = []
    try BundleChange.perform("cosign", of: path, by: act) { change throws(CustodyError) in
      seal = try change.checkedSeal(trust)
      let number = SealFiles.existing(change.bundle, SealFiles.signature).count + 1
      guard number <= SealFiles.maximumCount else {
        throw CustodyError(.usage, change.bundle, "a seal has at most \(SealFiles.maximumCount) signatures")
      }
      // Nobody's key is used for what cannot be kept.
      try change.waitForCopy()
      let signature = try CustodyError.signing { [seal, time = change.time] () throws(SigningError) in
        try CAdESSignature.sign(seal, by: [signer], at: time)
      }
      try change.write(signature, to: SealFiles.signature(number))
      try SealFiles.writeTrust(&change, number, signer, revocationLists)
      return ["seal": .object(["sha256": .text(StreamingHash.hash(of: seal).hex)])]
    }
    return StreamingHash.hash(of: seal)
  }
}

extension BundleChange {
  /// Checks all of the bundle as it stands and gives its seal. Throws when a check fails or it is not sealed.
  func checkedSeal(_ trust: TrustStore) throws(CustodyError) -> [UInt8] {
    guard let seal = BundleFile.read("\(bundle)/\(BundleLayout.seal)") else {
      throw CustodyError(.input, bundle, "it is not sealed; exhibit seal does that")
    }
    guard let failure = BundleVerifier.failure(BundleVerifier.verify(bundle, trust: trust)) else { return seal }
    throw CustodyError(.checkFailed, bundle, failure)
  }
}
