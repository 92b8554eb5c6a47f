import Custody
public import DecoderKit
import EvidenceModel
import Foundation

/// Runs the practice cases on this very program and measures what it promises (docs/validation.md).
public final class Validation {
  private let cases: [ValidationCase]
  private let decoders: [any EvidenceDecoder.Type]
  private let tool: ToolIdentity

  /// Reads the cases in a directory. Throws when there are none, or one cannot be used.
  public init(cases directory: String, decoders: [any EvidenceDecoder.Type]) throws(ProcessingError) {
    cases = try ValidationCase.all(in: directory)
    self.decoders = decoders
    tool = try ToolIdentity()
  }

  /// Measures everything; nothing is left behind.
  public func run(progress: @escaping (ProcessingProgress) -> Void) throws(ProcessingError) -> ValidationReport {
    let started = SystemClock.now.description
    let scratch = try ScratchDirectory(in: nil, named: "exhibit-validate")
    var entries: [ValidationReport.Entry] = []
    var shown: [Value] = []
    for trial in cases {
      let results = try CaseTrial(case: trial, decoders: decoders, scratch: scratch.path, progress: progress).run()
      for (requirement, measurement) in results {
        entries.append(.init(requirement, trial.name, measurement))
      }
      shown.append(.object(["name": .text(trial.name), "files": .list(try trial.files())]))
    }
    let order = Dictionary(
      Requirement.all.enumerated().map { ($0.element.identifier, $0.offset) }, uniquingKeysWith: { first, _ in first })
    entries.sort {
      (order[$0.identifier] ?? .max, $0.case, $0.identifier) < (order[$1.identifier] ?? .max, $1.case, $1.identifier)
    }
    for requirement in Requirement.all where !entries.contains(where: { $0.identifier == requirement.identifier }) {
      entries.append(.init(requirement, "", Measurement("facts", expected: [], found: [])))
    }
    var fields: Fields = ["version": 1, "type": "validation", "tool": tool.document]
    fields.set("system", .object(["os": .text(tool.system), "processors": .integer(Int64(processors))]))
    fields.set("decoders", .list(decoders.map { .text($0.identity.label) }))
    fields.set("startedAt", started)
    fields.set("finishedAt", SystemClock.now)
    fields.set("cases", .list(shown))
    fields.set("limits", .list(Requirement.limits.map { .text($0) }))
    return ValidationReport(entries, fields)
  }

  private var processors: Int { ProcessInfo.processInfo.activeProcessorCount }
}
