import EvidenceBundle
import EvidenceModel
import Foundation
import Signing

/// The signatures of a chain's events, each over its event's bytes.
struct EventSignatures {
  private(set) var problems: [String] = []
  /// What else a reader must know: who signed what, and what nobody signed.
  private(set) var notes: [String] = []
  private(set) var isAnySigned = false

  /// Judges every event; certificates must have been valid at `time`.
  init(_ bundle: String, _ chain: ChainCheck, _ trust: TrustStore, at time: CaptureTime) {
    var unsigned: [String] = []
    var signers: [(line: String, count: Int)] = []
    for event in chain.events {
      var named: String?
      if case .object(let actor)? = event.fields["actor"], case .text(let hash)? = actor["cert"] { named = hash }
      let path = BundleLayout.signature(of: event.name)
      guard let signature = BundleFile.read("\(bundle)/\(path)", limit: 1 << 20) else {
        if named == nil {
          unsigned.append(event.name)
        } else {
          problems.append("unsigned: \(event.name) names a signer, and \(path) is missing or cannot be read")
        }
        continue
      }
      isAnySigned = true
      let verdicts = SignatureCheck.verify(signature, over: event.bytes, trust: trust, at: time)
      if !verdicts.contains(where: { $0.signer != nil && $0.signer?.sha256 == named }) {
        problems.append("broken: \(path) is not by the signer whom the event names")
      }
      for verdict in verdicts {
        let who = verdict.signer.map { $0.commonName.isEmpty ? $0.subject : $0.commonName } ?? "nobody known"
        switch verdict.word {
        case .valid,
          .untrusted where trust.isEmpty:
          let state = verdict.word == .valid ? "valid" : "untrusted: \(verdict.reason)"
          let line = "signed by \(who), certificate \(verdict.signer?.sha256 ?? ""): \(state)"
          if let place = signers.firstIndex(where: { $0.line == line }) {
            signers[place].count += 1
          } else {
            signers.append((line, 1))
          }
        default: problems.append("\(verdict.word.rawValue): \(path), signed by \(who): \(verdict.reason)")
        }
      }
    }
    notes = signers.map { "\($0.count) \($0.count == 1 ? "event" : "events") \($0.line)" }
    if !unsigned.isEmpty { notes.append("unsigned: \(unsigned.count) of \(chain.names.count) events") }
  }
}
