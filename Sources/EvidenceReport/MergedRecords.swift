import EvidenceBundle
import EvidenceModel

/// Gives the records of some kinds together, in the order of their numbers, one at a time.
struct MergedRecords {
  struct Item {
    let kind: String
    /// The line in the kind's file, from 1.
    let line: Int64
    let byteCount: Int
    /// Nil when the line is no record.
    let fields: Fields?
    fileprivate let order: UInt64
  }

  private struct Source {
    let kind: String
    let lines: RecordFile.LineIterator
    /// What a line holds to be listed; empty for all lines.
    let mark: [UInt8]
    var line: Int64 = 0
    var head: Item?

    mutating func advance() {
      head = nil
      // Each turn takes a line.
      var next: [UInt8]?
      repeat {
        next = lines.next()
        line += 1
      } while next.map({ !mark.isEmpty && !RecordTally.holds($0, mark) }) ?? false
      guard let bytes = next else { return }
      let fields = ValueReader.fields(bytes)
      let digits = (fields?.text("id") ?? "").drop { !$0.isNumber }
      head = Item(kind: kind, line: line, byteCount: bytes.count, fields: fields, order: UInt64(digits) ?? 0)
    }
  }

  private var sources: [Source]

  /// `marks` names pieces of canonical JSON without which a line of a kind is passed over.
  init(_ contents: BundleContents, _ kinds: [String], marks: [String: String] = [:]) {
    sources = kinds.map {
      Source(kind: $0, lines: contents.records($0).makeIterator(), mark: Array((marks[$0] ?? "").utf8))
    }
    for index in sources.indices { sources[index].advance() }
  }

  mutating func next() -> Item? {
    var best: (place: Int, item: Item)?
    for (place, source) in sources.enumerated() {
      guard let item = source.head else { continue }
      if best.map({ item.order < $0.item.order }) ?? true { best = (place, item) }
    }
    guard let best else { return nil }
    sources[best.place].advance()
    return best.item
  }
}
