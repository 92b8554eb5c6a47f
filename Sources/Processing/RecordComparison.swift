import EvidenceBundle
import EvidenceModel
import Fingerprinting

/// How two files of records differ, record by record, whatever numbers the records have.
struct RecordComparison: Sendable {
  /// Records of a file that are compared one by one, and differing ones whose fields are.
  static let maximumRecords = 5_000_000
  static let maximumDetailed = 20_000

  let path: String
  private(set) var equal: UInt64 = 0
  private(set) var added: UInt64 = 0
  private(set) var removed: UInt64 = 0
  /// Records of the same packets whose content differs.
  private(set) var changed: UInt64 = 0
  /// Fields by how many changed records differ in them.
  private(set) var fields: [String: UInt64] = [:]
  /// Whether there were more records than are compared.
  private(set) var isCut = false

  /// Compares the file of the bundle with the one that was made now; a missing file has no records.
  init(path: String, old: RecordFile?, new: RecordFile?) {
    self.path = path
    var balance: [ContentHash: Int32] = [:]
    var total: UInt64 = 0
    for (file, step) in [(old, Int32(1)), (new, -1)] {
      var count = 0
      for line in file ?? RecordFile(path: "") {
        count += 1
        guard count <= Self.maximumRecords else {
          isCut = true
          break
        }
        balance[Self.content(line).hash, default: 0] += step
        if step > 0 { total += 1 }
      }
    }
    let lost = balance.filter { $0.value > 0 }
    let gained = balance.filter { $0.value < 0 }.mapValues { -$0 }
    removed = lost.values.reduce(0) { $0 + UInt64($1) }
    added = gained.values.reduce(0) { $0 + UInt64($1) }
    equal = total - removed
    pair(Self.details(old, lost), Self.details(new, gained))
  }

  /// Takes records of the same packets for one record that changed.
  private mutating func pair(_ lost: [Fields], _ gained: [Fields]) {
    var waiting: [String: [Fields]] = [:]
    for record in gained.reversed() { waiting[Self.place(record), default: []].append(record) }
    for record in lost {
      guard let other = waiting[Self.place(record)]?.popLast() else { continue }
      changed += 1
      removed -= 1
      added -= 1
      for name in Set(record.entries.map(\.name)).union(other.entries.map(\.name)) where record[name] != other[name] {
        fields[name, default: 0] += 1
      }
    }
  }

  private static func place(_ record: Fields) -> String {
    CanonicalJSON.text(.list([record["provenance"] ?? "", record["capturedAt"] ?? "", record["role"] ?? ""]))
  }

  private static func details(_ file: RecordFile?, _ wanted: [ContentHash: Int32]) -> [Fields] {
    guard let file, !wanted.isEmpty else { return [] }
    var open = wanted
    var result: [Fields] = []
    for line in file {
      let (hash, fields) = content(line)
      guard let count = open[hash], count > 0 else { continue }
      open[hash] = count - 1
      result.append(fields ?? [:])
      if result.count >= maximumDetailed { break }
    }
    return result
  }

  /// A record without its number; a line that is none stands for itself.
  private static func content(_ line: [UInt8]) -> (hash: ContentHash, fields: Fields?) {
    var bytes = line
    var fields = ValueReader.fields(line)
    if let entries = fields?.entries {
      fields = Fields(distinct: entries.filter { $0.name != "id" })
      bytes = CanonicalJSON.bytes(fields ?? [:])
    }
    return (StreamingHash.hash(of: bytes), fields)
  }

  var value: Value {
    var counts: Fields = [:]
    for (name, count) in fields { counts.set(name, count) }
    var result: Fields = ["path": .text(path)]
    result.set("equal", equal)
    result.set("added", added)
    result.set("removed", removed)
    result.set("changed", changed)
    if !fields.isEmpty { result.set("changedFields", .object(counts)) }
    if isCut { result.set("comparedOnly", Self.maximumRecords) }
    return .object(result)
  }

  var words: String {
    var parts = ["\(added) added", "\(removed) removed", "\(changed) changed"]
    if !fields.isEmpty {
      let names = fields.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(8).map { "\($0.key) \($0.value)" }
      parts[2] += " (\(names.joined(separator: ", ")))"
    }
    if added == 0, removed == 0, changed == 0 { parts = ["the same records in another order or with other numbers"] }
    return "\(path): \(parts.joined(separator: ", ")), \(equal) equal\(isCut ? "; not all were compared" : "")"
  }
}
