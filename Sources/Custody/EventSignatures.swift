import EvidenceBundle
import EvidenceModel
import Foundation
import Signing
import Synchronization

/// The signatures of a chain's events, each over its event's bytes.
struct EventSignatures {
  /// The most bytes of a signature.
  static let maximumBytes = 1 << 20

  private(set) var problems: [String] = []
  /// What else a reader must know: who signed what, and what nobody signed.
  private(set) var notes: [String] = []
  private(set) var isAnySigned = false

  /// What came of one event.
  private struct Judgement: Sendable {
    var problems: [String] = []
    /// Who signed and how that is judged.
    var lines: [String] = []
    var isSigned = false
    /// It names no signer and has no signature.
    var isUnsigned = false
  }

  /// Judges every event; certificates must have been valid at the time that `time` gives for its number.
  init(_ bundle: String, _ chain: ChainCheck, _ trust: TrustStore, at time: @Sendable (Int) -> CaptureTime) {
    let events = chain.events
    let results = Mutex<[Judgement]>(Array(repeating: Judgement(), count: events.count))
    DispatchQueue.concurrentPerform(iterations: events.count) { index in
      let judgement = Self.judge(bundle, events[index], trust, at: time(index + 1))
      results.withLock { $0[index] = judgement }
    }
    var lines: [(line: String, count: Int)] = []
    var places: [String: Int] = [:]
    for judgement in results.withLock({ $0 }) {
      problems += judgement.problems
      isAnySigned = isAnySigned || judgement.isSigned
      for line in judgement.lines {
        if let place = places[line] {
          lines[place].count += 1
        } else {
          places[line] = lines.count
          lines.append((line, 1))
        }
      }
    }
    notes = lines.map { "\($0.count) \($0.count == 1 ? "event" : "events") \($0.line)" }
    let unsigned = results.withLock { $0.count { $0.isUnsigned } }
    if unsigned > 0 { notes.append("unsigned: \(unsigned) of \(chain.names.count) events") }
  }

  private static func judge(
    _ bundle: String, _ event: ChainCheck.Event, _ trust: TrustStore, at time: CaptureTime
  ) -> Judgement {
    var judgement = Judgement()
    let path = BundleLayout.signature(of: event.name)
    guard let signature = BundleFile.read("\(bundle)/\(path)", limit: maximumBytes) else {
      if certificate(event.fields) == nil {
        judgement.isUnsigned = true
      } else {
        judgement.problems = ["unsigned: \(event.name) names a signer, and \(path) is missing or cannot be read"]
      }
      return judgement
    }
    judgement.isSigned = true
    let verdicts = SignatureCheck.verify(signature, over: event.bytes, trust: trust, at: time)
    if !verdicts.contains(where: { named(event.fields, $0) }) {
      judgement.problems.append("broken: \(path) is not by the signer whom the event names")
    }
    if case .object(let taker)? = event.fields["taker"], case .text(let hash)? = taker["cert"],
      !verdicts.contains(where: { $0.signer?.sha256 == hash })
    {
      judgement.problems.append("broken: \(path) lacks the signature of the taker whom the event names")
    }
    for verdict in verdicts {
      let who = name(verdict)
      switch verdict.word {
      case .valid,
        .untrusted where trust.isEmpty:
        let state = verdict.word == .valid ? "valid" : "untrusted: \(verdict.reason)"
        judgement.lines.append("signed by \(who), certificate \(verdict.signer?.sha256 ?? ""): \(state)")
      default: judgement.problems.append("\(verdict.word.rawValue): \(path), signed by \(who): \(verdict.reason)")
      }
    }
    return judgement
  }

  /// The SHA-256 of the certificate that an event names.
  private static func certificate(_ event: Fields) -> String? {
    guard case .object(let actor)? = event["actor"], case .text(let hash)? = actor["cert"] else { return nil }
    return hash
  }

  /// Whether a verdict is on the signer whom the event names.
  static func named(_ event: Fields, _ verdict: SignatureVerdict) -> Bool {
    guard let signer = verdict.signer else { return false }
    return certificate(event) == signer.sha256
  }

  static func name(_ verdict: SignatureVerdict) -> String {
    verdict.signer?.name ?? "nobody known"
  }
}
