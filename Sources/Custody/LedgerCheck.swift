import EvidenceBundle
import EvidenceModel

/// Adds the ledger up again, and compares it with what else the bundle says of its originals.
struct LedgerCheck: Sendable {
  private(set) var problems: [String] = []
  /// How many packets each original has.
  private(set) var packetCounts: [String: Int64] = [:]
  /// The decoders that the bundle names; nil when it names none.
  private let decoders: Set<String>?
  /// The size of each original that the bundle names.
  private let sizes: [String: Int64]

  /// `description` is meta/bundle.json.
  init(_ ledger: Fields, description: Fields?) {
    var decoders: Set<String>?
    if description == nil { problems.append("meta/bundle.json cannot be read") }
    if case .object(let configuration)? = description?["configuration"],
      case .list(let list)? = configuration["decoders"]
    {
      decoders = Set(list.compactMap { Self.text($0)?.split(separator: " ").first.map(String.init) })
    }
    self.decoders = decoders
    var sizes: [String: Int64] = [:]
    if case .list(let list)? = description?["originals"] {
      for case .object(let item) in list {
        if let name = Self.text(item["item"]) { sizes[name] = Self.number(item["bytes"]) }
      }
    }
    self.sizes = sizes
    guard case .list(let originals)? = ledger["originals"] else {
      problems.append("the ledger lists no originals")
      return
    }
    for value in originals {
      guard case .object(let original) = value, let name = Self.text(original["original"]) else {
        problems.append("an entry of the ledger names no original")
        continue
      }
      if packetCounts[name] != nil { problems.append("\(name): stands twice in the ledger") }
      packetCounts[name] = 0
      check(original, name)
    }
    for name in sizes.keys.sorted() where packetCounts[name] == nil { problems.append("\(name): has no account") }
    guard !sizes.isEmpty else { return }
    for name in packetCounts.keys.sorted() where sizes[name] == nil { problems.append("\(name): is no original here") }
  }

  private mutating func check(_ original: Fields, _ name: String) {
    guard case .object(let bytes)? = original["bytes"], case .object(let packets)? = original["packets"],
      case .list(let rows)? = packets["rows"], let total = Self.number(packets["total"]),
      let all = Self.number(bytes["total"]), let data = Self.number(bytes["packetData"]),
      let framing = Self.number(bytes["framing"]), let unreadable = Self.number(bytes["unreadable"])
    else { return problems.append("\(name): the account cannot be read") }
    packetCounts[name] = total
    if data + framing + unreadable != all {
      problems.append("\(name): \(data) + \(framing) + \(unreadable) bytes are not \(all)")
    }
    var sum = Sum()
    var unclaimed: [String: Sum] = [:]
    var seen: Set<[String]> = []
    for value in rows {
      guard case .object(let row) = value, let kind = Self.text(row["row"]), let one = Sum(row) else {
        problems.append("\(name): a row cannot be read")
        continue
      }
      let detail = Self.text(row["detail"]) ?? ""
      if !seen.insert([kind, detail]).inserted { problems.append("\(name): the row \(kind) \(detail) stands twice") }
      checkName(kind, detail, name)
      sum.add(one)
      if kind == LedgerRow.Name.unclaimed.rawValue { unclaimed[detail, default: Sum()].add(one) }
    }
    if sum.packets != total {
      problems.append("\(name): the rows hold \(sum.packets) packets, the original has \(total)")
    }
    if sum.headers.addingReportingOverflow(sum.payload).partialValue != data {
      problems.append(
        "\(name): the rows hold \(sum.headers) + \(sum.payload) bytes, the original's packets have \(data)")
    }
    checkUnclaimed(original, name, unclaimed)
    checkSize(original, name, all)
    checkWitness(original, name, total, data)
  }

  private mutating func checkName(_ kind: String, _ detail: String, _ name: String) {
    guard let known = LedgerRow.Name(rawValue: kind) else {
      return problems.append("\(name): no row is called \(kind)")
    }
    guard known == .decoded || known == .afterFault, let decoders, !decoders.contains(detail) else { return }
    problems.append("\(name): the row \(kind) names a decoder that this run did not have: \(detail)")
  }

  /// The list of guesses has the same sums as the rows that it explains.
  private mutating func checkUnclaimed(_ original: Fields, _ name: String, _ rows: [String: Sum]) {
    var listed: [String: Sum] = [:]
    if case .list(let entries)? = original["unclaimed"] {
      for value in entries {
        guard case .object(let entry) = value, let transport = Self.text(entry["transport"]), let one = Sum(entry)
        else {
          problems.append("\(name): an entry of what no decoder took cannot be read")
          continue
        }
        listed[transport, default: Sum()].add(one)
      }
    }
    for transport in Set(rows.keys).union(listed.keys).sorted() where rows[transport] != listed[transport] {
      problems.append(
        "\(name): the list of what no decoder took does not have the sums of the row unclaimed \(transport)")
    }
  }

  /// What was read is as large as the original that the bundle names, or as its expansion.
  private mutating func checkSize(_ original: Fields, _ name: String, _ all: Int64) {
    guard var size = sizes[name] else { return }
    if case .object(let expansion)? = original["expansion"] { size = Self.number(expansion["expandedBytes"]) ?? -1 }
    if size != all { problems.append("\(name): the account is of \(all) bytes, the original has \(size)") }
  }

  /// Whoever says that the witness agrees must have its numbers.
  private mutating func checkWitness(_ original: Fields, _ name: String, _ packets: Int64, _ bytes: Int64) {
    guard case .object(let witness)? = original["witness"], let verdict = Self.text(witness["verdict"]) else {
      return problems.append("\(name): says nothing of the second count")
    }
    let agrees = Self.number(witness["packets"]) == packets && Self.number(witness["bytes"]) == bytes
    switch verdict {
    case "agrees" where !agrees: problems.append("\(name): the second count is called equal and is not")
    case "differs" where agrees: problems.append("\(name): the second count is called different and is equal")
    case "agrees", "differs", "unable": break
    default: problems.append("\(name): the second count has no known verdict: \(verdict)")
    }
  }

  private struct Sum: Equatable {
    var packets: Int64 = 0
    var headers: Int64 = 0
    var payload: Int64 = 0

    init() {}

    init?(_ row: Fields) {
      guard let packets = LedgerCheck.number(row["packets"]), let headers = LedgerCheck.number(row["headerBytes"]),
        let payload = LedgerCheck.number(row["payloadBytes"])
      else { return nil }
      (self.packets, self.headers, self.payload) = (packets, headers, payload)
    }

    mutating func add(_ other: Sum) {
      packets = packets.addingReportingOverflow(other.packets).partialValue
      headers = headers.addingReportingOverflow(other.headers).partialValue
      payload = payload.addingReportingOverflow(other.payload).partialValue
    }
  }

  /// A count: never negative, and small enough that a few of them can be added.
  private static func number(_ value: Value?) -> Int64? {
    guard case .integer(let number)? = value, (0..<(1 << 53)).contains(number) else { return nil }
    return number
  }

  private static func text(_ value: Value?) -> String? {
    guard case .text(let text)? = value else { return nil }
    return text
  }
}
