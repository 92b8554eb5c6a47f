/// Sorts the digests of one algorithm on disk and writes the index that they are looked up in.
///
/// A row is the digest, the offset of the first entry's description (8 bytes) and how many entries there are (4 bytes).
/// Behind all rows stand 65,537 numbers of 8 bytes: the row at which digests with these first two bytes begin.
final class DigestSorting {
  static let fanOut = 65_536
  private static let rowBytes = 44
  private static let bufferRows = 512

  struct Row {
    var words: (UInt64, UInt64, UInt64, UInt64)
    var description: UInt64
    var count: UInt32

    static func precedes(_ left: Row, _ right: Row) -> Bool {
      if left.words.0 != right.words.0 { return left.words.0 < right.words.0 }
      if left.words.1 != right.words.1 { return left.words.1 < right.words.1 }
      if left.words.2 != right.words.2 { return left.words.2 < right.words.2 }
      if left.words.3 != right.words.3 { return left.words.3 < right.words.3 }
      return left.description < right.description
    }

    func isSameDigest(_ other: Row) -> Bool {
      words.0 == other.words.0 && words.1 == other.words.1 && words.2 == other.words.2 && words.3 == other.words.3
    }
  }

  private let algorithm: FileDigest.Algorithm
  private let runs: IndexFile
  private let path: String
  private var ranges: [Range<UInt64>] = []
  private var rows: [Row] = []

  private let rowsInMemory: Int

  init(_ algorithm: FileDigest.Algorithm, path: String, rowsInMemory: Int) throws(HashSetFault) {
    self.algorithm = algorithm
    self.rowsInMemory = rowsInMemory
    self.path = path
    runs = try IndexFile(creating: "\(path).runs")
    rows.reserveCapacity(rowsInMemory)
  }

  func add(_ digest: FileDigest, description: UInt64) throws(HashSetFault) {
    let words = digest.words
    rows.append(Row(words: (words[0], words[1], words[2], words[3]), description: description, count: 1))
    if rows.count == rowsInMemory { try flush() }
  }

  private func flush() throws(HashSetFault) {
    rows.sort(by: Row.precedes)
    let begin = runs.offset
    for row in rows { try write(row, to: runs, digestBytes: 32) }
    try runs.flush()
    ranges.append(begin..<runs.offset)
    rows.removeAll(keepingCapacity: true)
  }

  private func write(_ row: Row, to file: IndexFile, digestBytes: Int) throws(HashSetFault) {
    var rest = digestBytes
    for word in [row.words.0, row.words.1, row.words.2, row.words.3] where rest > 0 {
      try file.write(word, first: min(8, rest))
      rest -= 8
    }
    try file.write(row.description)
    try file.write(UInt64(row.count) << 32, first: 4)
  }

  /// Merges the runs into the index; gives the number of different digests.
  func finish() throws(HashSetFault) -> UInt64 {
    try flush()
    rows = []
    let index = try IndexFile(creating: path)
    var readers: [RunReader] = []
    for range in ranges where !range.isEmpty { readers.append(try RunReader(runs, range)) }
    var heap = Heap(readers)
    var starts: [UInt64] = []
    starts.reserveCapacity(Self.fanOut + 1)
    var written: UInt64 = 0
    var waiting: Row?
    while let row = try heap.next() {
      guard var held = waiting else {
        waiting = row
        continue
      }
      if held.isSameDigest(row) {
        held.count = held.count.addingReportingOverflow(row.count).overflow ? .max : held.count + row.count
        waiting = held
      } else {
        try put(held, index, &starts, &written)
        waiting = row
      }
    }
    if let held = waiting { try put(held, index, &starts, &written) }
    while starts.count <= Self.fanOut { starts.append(written) }
    for start in starts { try index.write(start) }
    try index.flush()
    return written
  }

  private func put(
    _ row: Row, _ index: IndexFile, _ starts: inout [UInt64], _ written: inout UInt64
  ) throws(HashSetFault) {
    let first = Int(row.words.0 >> 48)
    while starts.count <= first { starts.append(written) }
    try write(row, to: index, digestBytes: algorithm.byteCount)
    written += 1
  }

  /// Gives the rows of one run.
  private final class RunReader {
    private let file: IndexFile
    private var offset: UInt64
    private let end: UInt64
    private var bytes: [UInt8] = []
    private var place = 0
    private(set) var current: Row?

    init(_ file: IndexFile, _ range: Range<UInt64>) throws(HashSetFault) {
      self.file = file
      offset = range.lowerBound
      end = range.upperBound
      try advance()
    }

    func advance() throws(HashSetFault) {
      current = nil
      if place == bytes.count {
        bytes.removeAll(keepingCapacity: true)
        place = 0
        let want = min(UInt64(DigestSorting.bufferRows * DigestSorting.rowBytes), end - offset)
        guard want > 0 else { return }
        try file.read(Int(want), at: offset, into: &bytes)
        offset += want
      }
      let words = (number(0, 8), number(8, 8), number(16, 8), number(24, 8))
      current = Row(words: words, description: number(32, 8), count: UInt32(truncatingIfNeeded: number(40, 4)))
      place += DigestSorting.rowBytes
    }

    private func number(_ distance: Int, _ width: Int) -> UInt64 {
      var value: UInt64 = 0
      for offset in 0..<width { value = value << 8 | UInt64(bytes[place + distance + offset]) }
      return value
    }
  }

  /// Gives the rows of all runs in order.
  private struct Heap {
    private var readers: [RunReader]

    init(_ readers: [RunReader]) {
      self.readers = readers.filter { $0.current != nil }
      for place in stride(from: self.readers.count / 2 - 1, through: 0, by: -1) { sink(place) }
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
      guard let one = readers[left].current, let two = readers[right].current else { return false }
      return Row.precedes(one, two)
    }

    private mutating func sink(_ start: Int) {
      var place = start
      while true {
        var least = place
        for child in [2 * place + 1, 2 * place + 2] where child < readers.count && precedes(child, least) {
          least = child
        }
        if least == place { return }
        readers.swapAt(place, least)
        place = least
      }
    }

    mutating func next() throws(HashSetFault) -> Row? {
      guard let first = readers.first, let row = first.current else { return nil }
      try first.advance()
      if first.current == nil {
        readers[0] = readers[readers.count - 1]
        readers.removeLast()
      }
      if !readers.isEmpty { sink(0) }
      return row
    }
  }
}
