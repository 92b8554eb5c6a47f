import EvidenceModel

/// Counts a conversation's packets by row until they are handed to the ledger; few rows, so a list is searched.
struct ConversationTally {
  private struct Entry {
    let original: UInt16
    let row: LedgerRow
    var packets: UInt64
    var payloadBytes: UInt64
  }
  private var entries: [Entry] = []
  private var last = 0

  mutating func add(_ row: LedgerRow, original: UInt16, packets: UInt64 = 1, payloadBytes: UInt64) {
    if last < entries.count, entries[last].original == original, entries[last].row == row {
      entries[last].packets += packets
      entries[last].payloadBytes += payloadBytes
      return
    }
    if let place = entries.firstIndex(where: { $0.original == original && $0.row == row }) {
      entries[place].packets += packets
      entries[place].payloadBytes += payloadBytes
      last = place
    } else {
      entries.append(Entry(original: original, row: row, packets: packets, payloadBytes: payloadBytes))
      last = entries.count - 1
    }
  }

  mutating func flush(into output: any EvidenceOutput) {
    for entry in entries {
      output.count(
        entry.row, original: entry.original, packets: entry.packets, payloadBytes: entry.payloadBytes)
    }
    entries = []
    last = 0
  }
}
