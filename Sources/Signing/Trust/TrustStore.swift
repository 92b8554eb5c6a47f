import EvidenceModel
import Foundation
import SwiftASN1
@_spi(FixedExpiryValidationTime) @_spi(DisableValidityCheck) import X509

/// What a verifier was given from elsewhere: certificates that it trusts, and what a bundle brought to build chains with.
public struct TrustStore: Sendable {
  private let roots: [KnownCertificate]
  private let intermediates: [KnownCertificate]
  private let lists: [RevocationList]

  /// `trusted` vouch for signers; `others` only help to build chains. All in DER; what cannot be read is passed over.
  public init(trusted: [[UInt8]], others: [[UInt8]] = [], revocationLists: [[UInt8]] = []) {
    roots = trusted.compactMap { try? KnownCertificate($0) }
    intermediates = others.prefix(1_000).compactMap { try? KnownCertificate($0) }
    lists = revocationLists.prefix(1_000).compactMap { try? RevocationList($0) }
  }

  /// Reads trusted certificates and revocation lists from files, PEM or DER; a list may have 64 MiB.
  public static func load(trusted: [String], revocationLists: [String]) throws(SigningError) -> TrustStore {
    var certificates: [[UInt8]] = []
    for path in trusted { certificates += try CertificateText.certificates(in: SmallFile.read(path), of: path) }
    return TrustStore(trusted: certificates, revocationLists: try Self.revocationLists(revocationLists))
  }

  /// The revocation lists of files, in DER.
  public static func revocationLists(_ paths: [String]) throws(SigningError) -> [[UInt8]] {
    var lists: [[UInt8]] = []
    for path in paths {
      lists += try CertificateText.revocationLists(in: SmallFile.read(path, limit: 64 << 20), of: path)
    }
    return lists
  }

  private init(roots: [KnownCertificate], intermediates: [KnownCertificate], lists: [RevocationList]) {
    (self.roots, self.intermediates, self.lists) = (roots, intermediates, lists)
  }

  /// With what a bundle brings besides: certificates that only help to build chains, and revocation lists, which their authorities
  /// signed. PEM or DER; what cannot be read is passed over.
  public func adding(certificates: [[UInt8]], revocationLists: [[UInt8]]) -> TrustStore {
    let others = certificates.flatMap { (try? CertificateText.certificates(in: $0, of: "")) ?? [] }
    let more = revocationLists.flatMap { (try? CertificateText.revocationLists(in: $0, of: "")) ?? [] }
    return TrustStore(
      roots: roots, intermediates: intermediates + others.prefix(1_000).compactMap { try? KnownCertificate($0) },
      lists: lists + more.prefix(1_000).compactMap { try? RevocationList($0) })
  }

  /// Whether anything at all is trusted.
  public var isEmpty: Bool { roots.isEmpty }

  /// What a certificate is needed for.
  enum Purpose {
    case signing
    case timeStamping
  }

  /// Whether the certificate may be relied on for `purpose` at `time`; the reason says why not.
  func judge(
    _ leaf: KnownCertificate, with others: [KnownCertificate], for purpose: Purpose, at time: CaptureTime
  ) -> (word: SignatureVerdict.Word, reason: String) {
    guard !roots.isEmpty else { return (.untrusted, "no certificate was given that could vouch for the signer") }
    let date = Date(timeIntervalSince1970: Double(time.nanoseconds) / 1e9)
    if leaf.value.issuer == leaf.value.subject, roots.contains(where: { $0.bytes == leaf.bytes }) {
      return judgePinned(leaf, for: purpose, at: time, date)
    }
    let store = CertificateStore((intermediates + others).map(\.value))
    let anchors = CertificateStore(roots.map(\.value))
    var reason = "no certificate that was given as trusted vouches for it"
    if let chain = Self.chain(
      leaf.value, store, anchors, purpose, RFC5280Policy(fixedExpiryValidationTime: date), &reason)
    {
      return revocation(of: chain, at: time)
    }
    if Self.chain(leaf.value, store, anchors, purpose, .withValidityCheckDisabled(), &reason) != nil {
      return Self.expired(leaf, at: time)
    }
    return (.untrusted, reason)
  }

  /// A certificate that signed itself and is trusted as such needs no authority, and need not be one.
  private func judgePinned(
    _ leaf: KnownCertificate, for purpose: Purpose, at time: CaptureTime, _ date: Date
  ) -> (word: SignatureVerdict.Word, reason: String) {
    guard leaf.value.publicKey.isValidSignature(leaf.value.signature, for: leaf.value) else {
      return (.untrusted, "its certificate does not bear its own signature")
    }
    if let problem = PurposePolicy(purpose: purpose).leafProblem(leaf.value) { return (.untrusted, problem) }
    guard leaf.value.notValidBefore <= date, date <= leaf.value.notValidAfter else {
      return Self.expired(leaf, at: time)
    }
    return revocation(of: [leaf.value], at: time)
  }

  private static func expired(
    _ leaf: KnownCertificate, at time: CaptureTime
  ) -> (word: SignatureVerdict.Word, reason: String) {
    let facts = CertificateFacts(leaf)
    return (
      .expired,
      "not valid at \(time.description.prefix(19))Z: its certificate is valid from \(facts.notBefore) to \(facts.notAfter)"
    )
  }

  private static func chain(
    _ leaf: Certificate, _ store: CertificateStore, _ anchors: CertificateStore, _ purpose: Purpose,
    _ basic: RFC5280Policy, _ reason: inout String
  ) -> [Certificate]? {
    let outcome = Completion<CertificateValidationResult>()
    // Not on the threads that tasks share: whoever waits here may hold the last of them.
    Task.detached(executorPreference: ValidationExecutor.shared) {
      var verifier = Verifier(rootCertificates: anchors) {
        basic
        PurposePolicy(purpose: purpose)
      }
      outcome.set(await verifier.validate(leaf: leaf, intermediates: store))
    }
    switch outcome.wait() {
    case .validCertificate(let chain): return Array(chain)
    case .couldNotValidate(let failures):
      if let last = failures.last { reason = "\(last.policyFailureReason)" }
      return nil
    }
  }

  private func revocation(
    of chain: [Certificate], at time: CaptureTime
  ) -> (word: SignatureVerdict.Word, reason: String) {
    for (index, certificate) in chain.enumerated() {
      for list in lists {
        guard let revoked = list.revocation(of: certificate), revoked <= time,
          chain[index...].contains(where: { list.isSigned(by: $0) })
        else { continue }
        return (.revoked, "revoked on \(revoked.description.prefix(19))Z by the revocation list of its authority")
      }
    }
    return (.valid, "")
  }
}

/// Runs the validation on a thread of its own.
private final class ValidationExecutor: TaskExecutor {
  static let shared = ValidationExecutor()
  private let queue = DispatchQueue(label: "certificate validation", attributes: .concurrent)

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    // Safe: the executor is shared and never goes away.
    queue.async { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}

/// A value that one thread waits for and another gives.
private final class Completion<Value: Sendable>: @unchecked Sendable {
  private let semaphore = DispatchSemaphore(value: 0)
  private var value: Value?

  func set(_ value: Value) {
    self.value = value
    semaphore.signal()
  }

  func wait() -> Value {
    semaphore.wait()
    guard let value else { preconditionFailure("signalled without a value") }
    return value
  }
}

/// Holds key usages to what they are for (RFC 5280, 4.2.1.3 and 4.2.1.12; RFC 3161, 2.3), as openssl does.
private struct PurposePolicy: VerifierPolicy {
  let purpose: TrustStore.Purpose
  let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
    .X509ExtensionID.extendedKeyUsage, [2, 5, 29, 32],
  ]

  func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) -> PolicyEvaluationResult {
    for (index, certificate) in chain.enumerated() {
      guard let problem = index == 0 ? leafProblem(certificate) : Self.authorityProblem(certificate) else { continue }
      return .failsToMeetPolicy(reason: problem)
    }
    return .meetsPolicy
  }

  func leafProblem(_ certificate: Certificate) -> String? {
    if let usage = try? certificate.extensions.keyUsage, !usage.digitalSignature, !usage.nonRepudiation {
      return "its certificate is not for signatures"
    }
    let purposes = try? certificate.extensions.extendedKeyUsage
    switch purpose {
    case .signing:
      guard let purposes, !purposes.contains(.emailProtection), !purposes.contains(.any) else { return nil }
      return "its certificate is for another purpose than signing documents"
    case .timeStamping:
      let isCritical = certificate.extensions[oid: .X509ExtensionID.extendedKeyUsage]?.critical == true
      guard let purposes, purposes.count == 1, purposes.contains(.timeStamping), isCritical else {
        return "its certificate is not for time-stamps alone"
      }
      return nil
    }
  }

  private static func authorityProblem(_ certificate: Certificate) -> String? {
    guard let usage = try? certificate.extensions.keyUsage, !usage.keyCertSign else { return nil }
    return "a certificate that is not for signing certificates vouches for it"
  }
}
