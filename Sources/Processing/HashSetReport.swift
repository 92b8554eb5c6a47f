import Fingerprinting
import Foundation

/// What a worker found in a set of hashes; the index of it stands in the scratch directory.
struct HashSetReport: Codable, Sendable {
  var format: String
  var version: String?
  var title: String?
  var entryCount: UInt64
  var withoutDigest: UInt64

  /// Reads the worker's set and writes the index. Throws with the place where the set cannot be read.
  static func run(_ order: WorkOrder) throws {
    let layout = ScratchLayout(order.scratch)
    for set in order.hashSets where set.number == order.worker {
      let facts: HashSetFacts
      do throws(HashSetFault) {
        facts = try HashSetIndexing.run(set.path, into: layout.hashSet(set.number))
      } catch {
        throw ProcessingError(.input, set.givenPath, "the hash set cannot be used: \(error.text)")
      }
      let report = HashSetReport(
        format: facts.format.rawValue, version: facts.version, title: facts.title, entryCount: facts.entryCount,
        withoutDigest: facts.withoutDigest)
      try JSONEncoder().encode(report).write(to: URL(filePath: layout.hashSetReport(set.number)))
    }
  }

  static func read(_ layout: ScratchLayout, _ number: Int) throws -> HashSetReport {
    try JSONDecoder().decode(
      HashSetReport.self, from: Data(contentsOf: URL(filePath: layout.hashSetReport(number))))
  }
}
