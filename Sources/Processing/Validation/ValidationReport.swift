import EvidenceBundle
public import EvidenceModel
import Foundation

/// What a validation measured: a document that is kept beside the program and named in the bundles it makes.
public struct ValidationReport: Sendable {
  /// One requirement as one case measured it.
  struct Entry: Sendable {
    let identifier: String
    let text: String
    let `case`: String
    let verdict: Measurement.Verdict
    let n: UInt64
    let exact: UInt64
    let missed: UInt64
    let surplus: UInt64
    let expected: String
    let actual: String
    let details: [String]
    let decoder: String?

    init(_ requirement: Requirement, _ name: String, _ measurement: Measurement) {
      identifier = requirement.identifier
      text = requirement.text
      decoder = requirement.decoder
      `case` = name
      verdict = measurement.verdict
      n = measurement.expected
      exact = measurement.exact
      missed = measurement.missed
      surplus = measurement.surplus
      expected = verdict == .notTested ? "no case measures it" : measurement.expectedWords
      actual = verdict == .notTested ? "nothing" : measurement.actualWords
      details = measurement.details
    }

    init?(_ fields: Fields) {
      guard let identifier = fields.text("id"),
        let verdict = Measurement.Verdict(rawValue: fields.text("verdict") ?? ""),
        let n = fields.count("n"), let exact = fields.count("exact"), let missed = fields.count("missed"),
        let surplus = fields.count("false")
      else { return nil }
      self.identifier = identifier
      self.verdict = verdict
      (self.n, self.exact, self.missed, self.surplus) = (n, exact, missed, surplus)
      text = fields.text("text") ?? ""
      `case` = fields.text("case") ?? ""
      expected = fields.text("expected") ?? ""
      actual = fields.text("actual") ?? ""
      details = fields.texts("details")
      decoder = fields.text("decoder")
    }

    var value: Value {
      var fields: Fields = [
        "id": .text(identifier), "text": .text(text), "expected": .text(expected), "actual": .text(actual),
        "verdict": .text(verdict.rawValue), "details": .list(details.map { .text($0) }),
      ]
      if !`case`.isEmpty { fields.set("case", `case`) }
      if let decoder { fields.set("decoder", decoder) }
      for (name, count) in [("n", n), ("exact", exact), ("missed", missed), ("false", surplus)] {
        fields.set(name, count)
      }
      return .object(fields)
    }

    /// The verdict and the numbers.
    var figures: String { "\(verdict.rawValue), n \(n), exact \(exact), missed \(missed), false \(surplus)" }
  }

  let entries: [Entry]
  /// The whole document.
  public let document: Fields

  init(_ entries: [Entry], _ fields: Fields) {
    self.entries = entries
    var document = fields
    document.set("requirements", .list(entries.map(\.value)))
    document.set("byDecoder", .list(Self.byDecoder(entries)))
    document.set("summary", .object(Self.summary(entries)))
    self.document = document
  }

  /// Reads a report. Throws when it is none.
  public init(path: String) throws(ProcessingError) {
    try self.init(Document.bytes(at: path, what: "the validation report"), path)
  }

  init(_ bytes: [UInt8], _ path: String) throws(ProcessingError) {
    guard let fields = ValueReader.fields(bytes), fields.integer("version") == 1,
      fields.text("type") == "validation", fields.object("tool")?.text("sha256") != nil,
      fields.object("summary")?.text("verdict") != nil
    else { throw ProcessingError(.input, path, "this is no validation report") }
    document = fields
    entries = fields.objects("requirements").compactMap { Entry($0) }
    guard entries.count == fields.objects("requirements").count else {
      throw ProcessingError(.input, path, "a requirement of this validation report is not complete")
    }
    guard CanonicalJSON.bytes(fields.object("summary") ?? [:]) == CanonicalJSON.bytes(Self.summary(entries)) else {
      throw ProcessingError(.input, path, "the summary of this validation report is not that of its requirements")
    }
  }

  private static func summary(_ entries: [Entry]) -> Fields {
    let verdicts = verdicts(entries)
    var summary: Fields = [:]
    for verdict in [Measurement.Verdict.failed, .notTested, .passed] {
      summary.set(verdict.rawValue, verdicts.values.count { $0 == verdict })
    }
    summary.set("requirements", verdicts.count)
    summary.set("verdict", verdicts.values.allSatisfy { $0 == .passed } ? "passed" : "failed")
    return summary
  }

  /// The verdict on each requirement over all cases: the worst.
  private static func verdicts(_ entries: [Entry]) -> [String: Measurement.Verdict] {
    var verdicts: [String: Measurement.Verdict] = [:]
    for entry in entries where verdicts[entry.identifier] != .failed { verdicts[entry.identifier] = entry.verdict }
    return verdicts
  }

  private static func byDecoder(_ entries: [Entry]) -> [Value] {
    Set(entries.compactMap(\.decoder)).sorted().map { decoder in
      let own = entries.filter { $0.decoder == decoder }
      var fields: Fields = ["decoder": .text(decoder)]
      fields.set("n", own.reduce(UInt64(0)) { $0 &+ $1.n })
      fields.set("exact", own.reduce(UInt64(0)) { $0 &+ $1.exact })
      fields.set("missed", own.reduce(UInt64(0)) { $0 &+ $1.missed })
      fields.set("false", own.reduce(UInt64(0)) { $0 &+ $1.surplus })
      return .object(fields)
    }
  }

  public var verdict: String { document.object("summary")?.text("verdict") ?? "failed" }
  public var hasPassed: Bool { verdict == "passed" }
  var programHash: String { document.object("tool")?.text("sha256") ?? "" }

  /// The report for people.
  public var lines: [String] {
    var lines: [String] = []
    for entry in entries {
      let mark =
        switch entry.verdict {
        case .passed: "ok  "
        case .failed: "FAIL"
        case .notTested: "--  "
        }
      lines.append("\(mark)  \(entry.identifier) \(entry.case.isEmpty ? "" : "\(entry.case): ")\(entry.text)")
      lines.append("        \(entry.actual)")
      lines += entry.details.map { "        \($0)" }
    }
    let summary = document.object("summary") ?? [:]
    lines.append(
      "\(summary.integer("passed") ?? 0) of \(summary.integer("requirements") ?? 0) requirements passed, "
        + "\(summary.integer("failed") ?? 0) failed, \(summary.integer("notTested") ?? 0) not tested")
    return lines
  }
}

/// What changed between two validations.
public struct ValidationComparison: Sendable {
  public let isSameProgram: Bool
  /// Each change in words; what got worse first.
  public private(set) var worse: [String] = []
  public private(set) var others: [String] = []

  public init(old: ValidationReport, new: ValidationReport) {
    isSameProgram = old.programHash == new.programHash
    let key = { (entry: ValidationReport.Entry) in "\(entry.identifier) \(entry.case)" }
    let former = Dictionary(old.entries.map { (key($0), $0) }, uniquingKeysWith: { first, _ in first })
    let current = Dictionary(new.entries.map { (key($0), $0) }, uniquingKeysWith: { first, _ in first })
    for name in Set(former.keys).union(current.keys).sorted() {
      switch (former[name], current[name]) {
      case (let before?, let after?):
        guard before.figures != after.figures else {
          if let words = Self.otherWords(before, after) { others.append("\(name): \(words)") }
          continue
        }
        let words = "\(name): \(before.figures) -> \(after.figures)"
        let isWorse =
          before.verdict == .passed && after.verdict != .passed || after.missed > before.missed
          || after.surplus > before.surplus
        if isWorse { worse.append(words) } else { others.append(words) }
      case (let before?, nil):
        let words = "\(name): \(before.figures) -> no longer measured"
        if before.verdict == .notTested { others.append(words) } else { worse.append(words) }
      case (nil, let after?): others.append("\(name): new, \(after.figures)")
      case (nil, nil): break
      }
    }
  }

  /// What differs where the figures are the same; nil when nothing does.
  private static func otherWords(_ before: ValidationReport.Entry, _ after: ValidationReport.Entry) -> String? {
    if before.actual != after.actual { return "found \(before.actual) -> \(after.actual)" }
    if before.expected != after.expected { return "expected \(before.expected) -> \(after.expected)" }
    return before.details == after.details ? nil : "the same figures, but other facts differ; the reports list them"
  }

  public var lines: [String] {
    [isSameProgram ? "the program is the same" : "the program is another"] + worse.map { "WORSE  \($0)" }
      + others.map { "change \($0)" }
      + (worse.isEmpty && others.isEmpty ? ["no verdict, no figure and no result changed"] : [])
  }

  public var value: Value {
    .object([
      "isSameProgram": .boolean(isSameProgram), "worse": .list(worse.map { .text($0) }),
      "changed": .list(others.map { .text($0) }),
    ])
  }
}
