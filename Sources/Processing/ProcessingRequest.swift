import EvidenceModel
public import Signing

/// What a run is asked to do.
public struct ProcessingRequest: Sendable {
  /// The originals, in order.
  public var inputs: [String]
  /// The bundle to make.
  public var output: String
  public var caseID: String?
  public var examiner: String?
  /// What the examiner is in the case: examiner, technician, ...
  public var role = "examiner"
  /// Signs every event; nil leaves them unsigned.
  public var signer: Signer?
  public var authorityPath: String?
  /// Originals stay where they are.
  public var isReference = false
  /// Worker processes; the result does not depend on it.
  public var jobs = 1
  /// Seconds of CPU time after which a decoder that gives nothing back is stopped and kept from that conversation.
  public var callSeconds = 60.0
  /// An expression of pcap-filter(7).
  public var filter: String?
  /// Which link type each private one (USER0 to USER15, by its number) stands for.
  public var userLinks: [Int: UInt16] = [:]
  /// A list of hashes as `sha256sum` writes it.
  public var expectPath: String?
  /// Sets of hashes that files are looked up in; what stands in those of `knownGoodPaths` is known and of no interest.
  public var hashSetPaths: [String] = []
  public var knownGoodPaths: [String] = []
  /// Files of YARA rules that files are looked into with.
  public var rulePaths: [String] = []
  public var receivedFrom: String?
  /// Seconds that the recorder's clock was ahead, as declared.
  public var clockOffset: String?
  /// A validation report that the bundle is to name; without one, that of this program is looked for.
  public var validationPath: String?
  /// The run is part of a validation, so there is no report of it yet.
  var isValidating = false
  /// The command line, for the custody chain.
  public var arguments: [String] = []

  public init(inputs: [String], output: String) {
    self.inputs = inputs
    self.output = output
  }
}

/// How far a run is.
public struct ProcessingProgress: Sendable {
  /// What is being done, in words.
  public var stage: String
  public var done: UInt64
  public var total: UInt64

  public init(stage: String, done: UInt64, total: UInt64) { (self.stage, self.done, self.total) = (stage, done, total) }
}

/// What a run made.
public struct ProcessingSummary: Sendable {
  public var bundle: String
  public var originals: Int
  public var packets: UInt64
  /// Records by kind.
  public var records: [(kind: String, count: UInt64)]
  /// Findings by severity.
  public var findings: [String: UInt64]
  /// Whether part of the input could not be used.
  public var isPartial: Bool
  /// SHA-256 of the seal, when it was sealed afterwards.
  public var seal: String?
  /// Why the seal has no time-stamp although one was asked for.
  public var stampProblem: String?

  /// The summary as canonical JSON.
  public var json: String {
    var kinds: Fields = [:]
    for (kind, count) in records { kinds.set(kind, count) }
    var severities: Fields = [:]
    for severity in Finding.Severity.allCases {
      severities.set(severity.rawValue, findings[severity.rawValue] ?? 0)
    }
    var fields: Fields = [
      "bundle": .text(bundle), "originals": .integer(Int64(originals)), "packets": .integer(Int64(clamping: packets)),
      "records": .object(kinds), "findings": .object(severities), "isPartial": .boolean(isPartial),
    ]
    if let seal { fields.set("sealSha256", seal) }
    return CanonicalJSON.text(.object(fields))
  }

  /// The summary for people.
  public var lines: [String] {
    var lines = ["\(bundle): \(packets) packets of \(originals) \(originals == 1 ? "original" : "originals")"]
    for (kind, count) in records where kind != "finding" && !kind.hasPrefix("capture/") {
      lines.append("  \(count) \(kind)")
    }
    let errors = findings["error"] ?? 0
    let warnings = findings["warning"] ?? 0
    let notices = findings["notice"] ?? 0
    lines.append("  findings: \(errors) errors, \(warnings) warnings, \(notices) notices")
    if isPartial { lines.append("  part of the input could not be used; the findings say what") }
    if let seal { lines.append("  sealed; SHA-256 of seal/seal.txt: \(seal)") }
    lines.append("  report: \(bundle)/report/index.html")
    return lines
  }
}
