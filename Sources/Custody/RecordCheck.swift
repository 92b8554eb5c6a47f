import ByteReading
import EvidenceBundle
import EvidenceModel
import Foundation

/// Reads all records and looks whether they hold together.
struct RecordCheck: Sendable {
  private(set) var problems: [String] = []
  private var numbers: [Character: NumberSet] = [:]
  /// What the records of the file call their kind.
  private var kind = "" { didSet { kindBytes = Array(kind.utf8) } }
  private var kindBytes: [UInt8] = []
  private let artefacts: ArtefactTable
  /// Whether a record describes an artefact, in the order of the table.
  private var described: [Bool]

  /// The packets of each original; nil when the ledger cannot be read.
  private let packetCounts: [String: Int64]?

  /// Whether each line gets the closer look.
  private let isThorough: Bool

  init(_ payload: ManifestFile, packetCounts: [String: Int64]?, isThorough: Bool = false) {
    self.isThorough = isThorough
    self.packetCounts = packetCounts
    artefacts = ArtefactTable(payload)
    described = [Bool](repeating: false, count: artefacts.count)
  }

  mutating func run(_ bundle: String) {
    guard let files = try? RecordFile.files(inBundle: bundle) else {
      problems.append("\(BundleLayout.records) cannot be read")
      return
    }
    for (name, file) in files {
      kind = ""
      var number = 0
      var last: [Character: Int] = [:]
      let lines = file.makeIterator()
      while let () = lines.withNext({ line in
        number += 1
        let place = Place(name: name, line: number)
        if !isThorough, let facts = PlainFacts(line, kind: kindBytes, artefacts, packetCounts) {
          take(facts.letter, facts.number, place, &last, Self.identifier(line))
          if let artefact = facts.described { described[artefact] = true }
        } else if let fields = ValueReader.fields(line.array()) {
          check(fields, place, name, &last)
        } else {
          problems.append("no JSON object: \(place)")
        }
      }) {}
    }
    for (letter, found) in numbers.sorted(by: { $0.key < $1.key }) {
      if found.highest != found.count {
        problems.append("\(found.highest - found.count) of \(found.highest) identifiers \(letter)-… are missing")
      }
    }
  }

  /// A line of a file; in words only where it is asked for.
  private struct Place: CustomStringConvertible {
    let name: String
    let line: Int
    var description: String { "\(BundleLayout.records)/\(name).ndjson line \(line)" }
  }

  private mutating func check(_ fields: Fields, _ place: Place, _ name: String, _ last: inout [Character: Int]) {
    guard case .text(let kind)? = fields["kind"], !kind.isEmpty,
      kind == self.kind || kind.split(separator: "/").joined(separator: "-") == name
    else {
      problems.append("of another kind than its file: \(place)")
      return
    }
    self.kind = kind
    guard case .text(let id)? = fields["id"], let letter = id.first, id.dropFirst().first == "-",
      let number = Int(id.dropFirst(2)), number > 0
    else {
      problems.append("without identifier: \(place)")
      return
    }
    take(letter, number, place, &last, id)
    guard case .list(let provenance)? = fields["provenance"], !provenance.isEmpty else {
      problems.append("without provenance: \(place)")
      return
    }
    if let packetCounts, let problem = ProvenanceCheck.problem(provenance, packetCounts) {
      problems.append("\(problem): \(place)")
    }
    for entry in fields.entries where Self.namesHash(entry.name) {
      guard case .text(let hash) = entry.value else { continue }
      if artefacts.place(of: hash) == nil { problems.append("names an artefact that is not there: \(place)") }
    }
    if kind == "artefact", case .text(let hash)? = fields["sha256"], let artefact = artefacts.place(of: hash) {
      described[artefact] = true
      if fields["path"] != .text(artefacts.path(artefact)) { problems.append("names another path: \(place)") }
    }
  }

  private static func identifier(_ line: RawSpan) -> String {
    guard case .text(let id)? = ValueReader.fields(line.array())?["id"] else { return "" }
    return id
  }

  private mutating func take(
    _ letter: Character, _ number: Int, _ place: Place, _ last: inout [Character: Int], _ id: @autoclosure () -> String
  ) {
    if !numbers[letter, default: NumberSet()].insert(number) { problems.append("\(id()) stands twice: \(place)") }
    if number < last[letter] ?? 0 { problems.append("out of order: \(place)") }
    last[letter] = number
  }

  /// `sha256`, or a name that ends with `Sha256`; looked at as bytes, for there are many.
  private static func namesHash(_ name: String) -> Bool {
    // Safe: the view ends before the name does.
    namesHash(unsafe name.utf8.span.bytes)
  }

  static func namesHash(_ name: RawSpan) -> Bool {
    name.byteCount > 6 ? name.starts(with: "Sha256", at: name.byteCount - 6) : name.isSame(as: "sha256")
  }

  /// Artefacts that no record describes.
  var undescribed: [String] {
    described.indices.filter { !described[$0] }.map { artefacts.path($0) }.sorted().map { "no record describes \($0)" }
  }
}
