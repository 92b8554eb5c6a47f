import EvidenceBundle
import EvidenceModel
import Foundation

/// Reads all records and looks whether they hold together.
struct RecordCheck: Sendable {
  private(set) var problems: [String] = []
  private var numbers: [Character: Set<Int>] = [:]
  private var described: Set<String> = []
  private var artefacts: [String: String] = [:]

  /// The packets of each original; nil when the ledger cannot be read.
  private let packetCounts: [String: Int64]?

  init(_ payload: ManifestFile, packetCounts: [String: Int64]?) {
    self.packetCounts = packetCounts
    for (path, hash) in payload.entries where path.hasPrefix(BundleLayout.artefacts + "/") {
      artefacts[hash.hex] = path
    }
  }

  mutating func run(_ bundle: String) {
    guard let files = try? RecordFile.files(inBundle: bundle) else {
      problems.append("\(BundleLayout.records) cannot be read")
      return
    }
    for (name, file) in files {
      var number = 0
      var last: [Character: Int] = [:]
      for line in file {
        number += 1
        let place = "\(BundleLayout.records)/\(name).ndjson line \(number)"
        guard let fields = ValueReader.fields(line) else {
          problems.append("no JSON object: \(place)")
          continue
        }
        check(fields, place, name, &last)
      }
    }
    for (letter, found) in numbers.sorted(by: { $0.key < $1.key }) {
      if let highest = found.max(), highest != found.count {
        problems.append("\(highest - found.count) of \(highest) identifiers \(letter)-… are missing")
      }
    }
  }

  private mutating func check(_ fields: Fields, _ place: String, _ name: String, _ last: inout [Character: Int]) {
    guard case .text(let kind)? = fields["kind"], kind.split(separator: "/").joined(separator: "-") == name else {
      problems.append("of another kind than its file: \(place)")
      return
    }
    guard case .text(let id)? = fields["id"], let letter = id.first, let number = Int(id.dropFirst(2)), number >= 0
    else {
      problems.append("without identifier: \(place)")
      return
    }
    if numbers[letter, default: []].insert(number).inserted == false { problems.append("\(id) stands twice: \(place)") }
    if number < last[letter] ?? 0 { problems.append("out of order: \(place)") }
    last[letter] = number
    guard case .list(let provenance)? = fields["provenance"], !provenance.isEmpty else {
      problems.append("without provenance: \(place)")
      return
    }
    if let packetCounts, let problem = ProvenanceCheck.problem(provenance, packetCounts) {
      problems.append("\(problem): \(place)")
    }
    for entry in fields.entries where entry.name == "sha256" || entry.name.hasSuffix("Sha256") {
      guard case .text(let hash) = entry.value else { continue }
      if artefacts[hash] == nil { problems.append("names an artefact that is not there: \(place)") }
    }
    if kind == "artefact", case .text(let hash)? = fields["sha256"] {
      described.insert(hash)
      if let path = artefacts[hash], fields["path"] != .text(path) { problems.append("names another path: \(place)") }
    }
  }

  /// Artefacts that no record describes.
  var undescribed: [String] {
    artefacts.filter { !described.contains($0.key) }.values.sorted().map { "no record describes \($0)" }
  }
}
