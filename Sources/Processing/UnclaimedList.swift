import EvidenceModel

/// The traffic of an original that no decoder took, by what it might be; the largest first.
struct UnclaimedList {
  /// Entries of an original; what is beyond them is summed up by transport.
  static let maximumListed = 200

  private var sums: [UnclaimedTraffic: LedgerSum] = [:]

  var isEmpty: Bool { sums.isEmpty }

  /// Lists a row of unclaimed traffic, and gives back the row as the account shows it: by transport.
  mutating func take(_ row: LedgerCount.Row) -> LedgerCount.Row {
    guard row.name == LedgerRow.Name.unclaimed.rawValue else { return row }
    let traffic = UnclaimedTraffic(detail: row.detail)
    sums[traffic, default: LedgerSum()] += row.sum
    var short = row
    short.detail = traffic.transport
    return short
  }

  var value: Value {
    let all = sums.sorted {
      ($1.value.payloadBytes, $1.value.packets, $0.key.detail) < (
        $0.value.payloadBytes, $0.value.packets, $1.key.detail
      )
    }
    var list = all.prefix(Self.maximumListed).map { Value.object(Self.fields($0.key, $0.value)) }
    var others: [String: (count: Int64, sum: LedgerSum)] = [:]
    for (traffic, sum) in all.dropFirst(Self.maximumListed) {
      others[traffic.transport, default: (0, LedgerSum())].count += 1
      others[traffic.transport, default: (0, LedgerSum())].sum += sum
    }
    for (transport, rest) in others.sorted(by: { $0.key < $1.key }) {
      var fields: Fields = ["transport": .text(transport), "others": .integer(rest.count)]
      fields.place(rest.sum)
      list.append(.object(fields))
    }
    return .list(list)
  }

  private static func fields(_ traffic: UnclaimedTraffic, _ sum: LedgerSum) -> Fields {
    var fields: Fields = [
      "transport": .text(traffic.transport), "basis": .text(traffic.basis.rawValue),
      "evidence": .text(traffic.evidence),
    ]
    if let port = traffic.port { fields.set("port", port) }
    if let guess = traffic.guess { fields.set("guess", guess) }
    fields.place(sum)
    return fields
  }
}

extension Fields {
  /// Adds packets and bytes.
  mutating func place(_ sum: LedgerSum) {
    set("packets", .integer(Int64(clamping: sum.packets)))
    set("headerBytes", .integer(Int64(clamping: sum.headerBytes)))
    set("payloadBytes", .integer(Int64(clamping: sum.payloadBytes)))
  }
}
