import EvidenceBundle
import EvidenceModel
import Foundation
import Signing

/// What time-stamping authorities vouch for: the seal, and everything that a renewal lists.
///
/// From the newest renewal backwards each time-stamp is judged at the time that the next newer one proves, the newest one now: an
/// authority's certificate may end once something newer vouches for what it stamped.
struct ProofOfTime {
  private(set) var problems: [String] = []
  private(set) var notes: [String] = []
  private(set) var isAnyStamped = false
  /// When the seal stood, as an authority says; nil when none says it validly.
  private(set) var sealTime: CaptureTime?
  private(set) var renewalCount = 0
  /// Lists and time-stamps that were judged; one after a gap in the numbers is not.
  private(set) var judged: Set<String> = []
  /// What renewals prove, the newest first.
  private var proofs: [(time: CaptureTime, paths: Set<String>)] = []
  private let now: CaptureTime

  private let bundle: String
  private let trust: TrustStore

  init(_ bundle: String, _ hashes: FileHashes, _ trust: TrustStore, now: CaptureTime) {
    self.bundle = bundle
    self.trust = trust
    self.now = now
    var time = now
    let lists = SealFiles.renewals(bundle)
    renewalCount = lists.count
    for list in lists.reversed() {
      judged.insert(list)
      let paths = checkList(list, hashes)
      if let proved = judge(list, at: time) {
        time = proved
        proofs.append((proved, paths))
      } else if SealFiles.existing(bundle, { SealFiles.timeStamp(of: list, $0) }).isEmpty {
        notes.append("no time-stamp yet: \(list)")
      }
    }
    sealTime = judge(BundleLayout.seal, at: time)
  }

  /// When the file stood at the latest, as the oldest renewal that lists it proves; now when none does.
  func time(of path: String) -> CaptureTime { proofs.last { $0.paths.contains(path) }?.time ?? now }

  /// Checks a list as `sha512sum` writes it, and gives the paths on it.
  private mutating func checkList(_ list: String, _ hashes: FileHashes) -> Set<String> {
    guard let lines = LongList("\(bundle)/\(list)") else {
      problems.append("cannot be read: \(list)")
      return []
    }
    problems += lines.problems(list, hashes)
    for needed in [BundleLayout.seal, BundleLayout.longTagManifest] where !lines.entries.contains(needed) {
      problems.append("\(list) does not list \(needed)")
    }
    return Set(lines.entries.keys)
  }

  /// The earliest time at which an authority saw `text`; nil when none that can be relied on did.
  private mutating func judge(_ text: String, at time: CaptureTime) -> CaptureTime? {
    guard let content = BundleFile.read("\(bundle)/\(text)", limit: BundleFile.largeLimit) else { return nil }
    var earliest: CaptureTime?
    var doubtful: [String] = []
    for path in SealFiles.existing(bundle, { SealFiles.timeStamp(of: text, $0) }) {
      isAnyStamped = true
      judged.insert(path)
      guard let bytes = BundleFile.read("\(bundle)/\(path)", limit: TimeStamp.maximumBytes) else {
        problems.append("broken: \(path): it cannot be read")
        continue
      }
      let stamp: TimeStamp
      do throws(SigningError) { stamp = try TimeStamp(bytes) } catch {
        problems.append("broken: \(path): \(error.message)")
        continue
      }
      let verdict = stamp.verify(over: content, trust: trust, at: time)
      let who = EventSignatures.name(verdict)
      let line = "\(path), at \(stamp.time.description.prefix(19))Z by \(who)"
      switch verdict.word {
      case .valid:
        notes.append("\(line): valid")
        earliest = min(earliest ?? stamp.time, stamp.time)
      case .untrusted where trust.isEmpty: notes.append("\(line): untrusted: \(verdict.reason)")
      case .broken: problems.append("broken: \(path): \(verdict.reason)")
      default: doubtful.append("\(verdict.word.rawValue): \(line): \(verdict.reason)")
      }
    }
    // Several authorities may have stamped the same text: one that holds is enough.
    if earliest == nil { problems += doubtful } else { notes += doubtful }
    return earliest
  }
}
