import EvidenceBundle
import EvidenceModel
import Foundation

/// Whether an original's rows in the ledger add up.
enum LedgerCheck {
  static func problems(_ original: Fields) -> [String] {
    var name = "an original"
    if case .text(let text)? = original["original"] { name = text }
    guard case .object(let bytes)? = original["bytes"], case .object(let packets)? = original["packets"],
      case .list(let rows)? = packets["rows"], let total = number(packets["total"]), let all = number(bytes["total"]),
      let data = number(bytes["packetData"]), let framing = number(bytes["framing"]),
      let unreadable = number(bytes["unreadable"])
    else { return ["\(name): the account cannot be read"] }
    var problems: [String] = []
    var sum: Int64 = 0
    for case .object(let row) in rows {
      guard let count = number(row["packets"]), count >= 0 else { return ["\(name): a row cannot be read"] }
      sum = sum.addingReportingOverflow(count).partialValue
    }
    if sum != total { problems.append("\(name): the rows hold \(sum) packets, the original has \(total)") }
    if data < 0 || framing < 0 || unreadable < 0 || data + framing + unreadable != all {
      problems.append("\(name): \(data) + \(framing) + \(unreadable) bytes are not \(all)")
    }
    return problems
  }

  private static func number(_ value: Value?) -> Int64? {
    guard case .integer(let number)? = value, number.magnitude < 1 << 53 else { return nil }
    return number
  }
}

/// Reads all records and looks whether they hold together.
struct RecordCheck {
  private(set) var problems: [String] = []
  private var numbers: [Character: Set<Int>] = [:]
  private var described: Set<String> = []
  private var artefacts: [String: String] = [:]

  init(_ payload: ManifestFile) {
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
    guard case .text(let id)? = fields["id"], let letter = id.first, let number = Int(id.dropFirst(2)) else {
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
