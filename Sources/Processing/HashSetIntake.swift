import EvidenceModel
import Fingerprinting
import Foundation

/// A set of hashes that files are looked up in: hashed by the supervisor, read by a worker.
struct HashSetIntake: Sendable {
  /// Limit of sets in one run.
  static let maximumCount = 64

  /// From 1, in the order in which the sets were named.
  private(set) var number: Int
  let givenPath: String
  let absolutePath: String
  /// The name under which records and the report show it.
  private(set) var name: String
  /// What stands in it is known and of no interest, as whoever named it says.
  private(set) var isKnownGood: Bool
  let hash: ContentHash
  private let facts: OriginalIntake.FileFacts

  /// Hashes the set. Throws when it cannot be read.
  init(_ number: Int, _ path: String, isKnownGood: Bool) throws(ProcessingError) {
    self.number = number
    givenPath = path
    absolutePath = URL(filePath: path).standardizedFileURL.path(percentEncoded: false)
    name = (path as NSString).lastPathComponent
    self.isKnownGood = isKnownGood
    facts = try OriginalIntake.FileFacts(path: path)
    hash = try OriginalIntake.read(path, into: nil) { _ in }
  }

  /// The same file in the place and under the name that a former run gave it.
  func renamed(_ number: Int, _ name: String, isKnownGood: Bool) -> HashSetIntake {
    var set = self
    (set.number, set.name, set.isKnownGood) = (number, name, isKnownGood)
    return set
  }

  /// Opens and hashes the sets that a run is to use; `knownGood` come last.
  static func all(_ paths: [String], knownGood: [String]) throws(ProcessingError) -> [HashSetIntake] {
    guard paths.count + knownGood.count <= maximumCount else {
      throw ProcessingError(.usage, "", "more than \(maximumCount) hash sets in one run")
    }
    var sets: [HashSetIntake] = []
    for (list, isKnownGood) in [(paths, false), (knownGood, true)] {
      for path in list { sets.append(try HashSetIntake(sets.count + 1, path, isKnownGood: isKnownGood)) }
    }
    return sets
  }

  /// Checks that what the worker read is what was hashed.
  func checkUnchanged() throws(ProcessingError) {
    guard try OriginalIntake.FileFacts(path: givenPath) == facts else {
      throw ProcessingError(.input, givenPath, "the hash set changed while it was read")
    }
  }

  var order: WorkOrder.HashSet {
    .init(
      number: number, path: absolutePath, givenPath: givenPath, name: name, digest: hash.hex, isKnownGood: isKnownGood)
  }

  /// What was asked for.
  var fields: Fields {
    ["name": .text(name), "sha256": .text(hash.hex), "isKnownGood": .boolean(isKnownGood)]
  }

  /// What was asked for, and what the set turned out to hold.
  func fields(_ layout: ScratchLayout) throws -> Fields {
    var result = fields
    let report = try HashSetReport.read(layout, number)
    result.set("format", report.format)
    if let version = report.version { result.set("version", version) }
    result.set("entryCount", report.entryCount)
    return result
  }
}
