import EvidenceModel

/// Counts a conversation's packets by row until they are handed to the ledger; few rows, so a list is searched.
struct ConversationTally {
  private struct Entry {
    let original: UInt16
    let row: LedgerRow
    var sum: LedgerSum
  }
  private var entries: [Entry] = []
  private var last = 0

  mutating func add(_ row: LedgerRow, original: UInt16, _ sum: LedgerSum) {
    if last < entries.count, entries[last].original == original, entries[last].row == row {
      entries[last].sum += sum
      return
    }
    if let place = entries.firstIndex(where: { $0.original == original && $0.row == row }) {
      entries[place].sum += sum
      last = place
    } else {
      entries.append(Entry(original: original, row: row, sum: sum))
      last = entries.count - 1
    }
  }

  mutating func flush(into output: any EvidenceOutput) {
    for entry in entries { output.count(entry.row, original: entry.original, entry.sum) }
    entries = []
    last = 0
  }
}
