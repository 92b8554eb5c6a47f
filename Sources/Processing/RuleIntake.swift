import EvidenceModel
import Foundation
import RuleMatching

/// A file of YARA rules that files are looked into with: hashed by the supervisor, compiled by workers.
struct RuleIntake: Sendable {
  /// The name under which records and the report show it.
  private(set) var name: String
  let givenPath: String
  let hash: ContentHash
  private let facts: OriginalIntake.FileFacts

  /// Hashes the file. Throws when it cannot be read.
  init(_ path: String) throws(ProcessingError) {
    givenPath = path
    name = (path as NSString).lastPathComponent
    facts = try OriginalIntake.FileFacts(path: path)
    hash = try OriginalIntake.read(path, into: nil) { _ in }
  }

  static func all(_ paths: [String]) throws(ProcessingError) -> [RuleIntake] {
    guard paths.count <= RuleLimits.files else {
      throw ProcessingError(.usage, "", "more than \(RuleLimits.files) files of rules in one run")
    }
    var rules: [RuleIntake] = []
    for path in paths { rules.append(try RuleIntake(path)) }
    return rules
  }

  /// Finds the files of a former run among those that are given, by their SHA-256, under the names that they had.
  static func find(_ wanted: [RunSettings.RuleFile], among paths: [String]) throws(ProcessingError) -> [RuleIntake] {
    guard !wanted.isEmpty else { return [] }
    let given = try all(paths)
    var found: [RuleIntake] = []
    for rules in wanted {
      guard var intake = given.first(where: { $0.hash == rules.hash }) else {
        throw ProcessingError(
          .input, rules.name,
          "the bundle was made with these rules (SHA-256 \(rules.hash)), which are not there: name them with --yara")
      }
      intake.name = rules.name
      found.append(intake)
    }
    return found
  }

  /// Checks that what workers read is what was hashed.
  func checkUnchanged() throws(ProcessingError) {
    guard try OriginalIntake.FileFacts(path: givenPath) == facts else {
      throw ProcessingError(.input, givenPath, "the rules changed while they were used")
    }
  }

  var order: WorkOrder.RuleFile {
    .init(
      path: URL(filePath: givenPath).standardizedFileURL.path(percentEncoded: false), givenPath: givenPath, name: name,
      digest: hash.hex)
  }

  var fields: Fields { ["name": .text(name), "sha256": .text(hash.hex)] }
}
