import DecoderHosting
import EvidenceModel
import Foundation

/// Collects records and writes them to one file as sorted runs, each small enough for memory.
final class RecordRunWriter {
  /// Bytes of records that are kept before a run is written.
  static let runBytes = 24 << 20

  private let file: BufferedFile
  private var encoder = RecordEncoder()
  private var records: [EncodedRecord] = []
  private var bytes = 0
  private var runs: [(begin: UInt64, end: UInt64)] = []

  init(path: String) throws(ProcessingError) { file = try BufferedFile(creating: path) }

  func add(_ kind: String, _ fields: Fields, _ key: RecordKey) throws(ProcessingError) {
    let record = encoder.encode(kind, fields, key)
    bytes += record.bytes.count + 96
    records.append(record)
    if bytes > Self.runBytes { try flush() }
  }

  private func flush() throws(ProcessingError) {
    guard !records.isEmpty else { return }
    records.sort { $0.precedes($1) }
    let begin = file.offset
    for record in records {
      var writer = BinaryWriter()
      writer.write(record.key.position.rawValue)
      writer.write(record.key.datagram)
      writer.write(record.key.decoder)
      writer.write(record.key.ordinal)
      writer.write(UInt32(record.identifierOffset))
      writer.write(record.kind)
      writer.write(UInt32(record.bytes.count))
      try file.write(writer.bytes)
      try file.write(record.bytes)
    }
    runs.append((begin, file.offset))
    records.removeAll(keepingCapacity: true)
    bytes = 0
  }

  /// Writes what is left, and behind it the list of runs.
  func finish() throws(ProcessingError) {
    try flush()
    var writer = BinaryWriter()
    for run in runs {
      writer.write(run.begin)
      writer.write(run.end)
    }
    writer.write(UInt64(runs.count))
    try file.write(writer.bytes)
    try file.flush()
  }
}

extension EncodedRecord {
  /// The order of the evidence; equal places are told apart by kind and content.
  func precedes(_ other: EncodedRecord) -> Bool {
    if key != other.key { return key < other.key }
    if kind != other.kind { return kind < other.kind }
    return bytes.lexicographicallyPrecedes(other.bytes)
  }
}

/// One sorted run, read through a buffer.
final class RecordRunReader {
  private let handle: FileHandle
  private var offset: UInt64
  private let end: UInt64
  private var buffer: [UInt8] = []
  private var place = 0
  private(set) var current: EncodedRecord?

  /// The runs of a file.
  static func runs(of path: String) throws -> [RecordRunReader] {
    let handle = try FileHandle(forReadingFrom: URL(filePath: path))
    let size = try handle.seekToEnd()
    guard size >= 8 else { return [] }
    let count = try number(handle, at: size - 8)
    guard count <= size / 16 else { throw ProcessingError(.defect, path, "the list of runs is damaged") }
    return try (0..<count).map { index in
      let entry = size - 8 - (count - index) * 16
      return try RecordRunReader(path, number(handle, at: entry), number(handle, at: entry + 8))
    }
  }

  private static func number(_ handle: FileHandle, at offset: UInt64) throws -> UInt64 {
    try handle.seek(toOffset: offset)
    return [UInt8](try handle.read(upToCount: 8) ?? Data()).reduce(0) { $0 << 8 | UInt64($1) }
  }

  private init(_ path: String, _ begin: UInt64, _ end: UInt64) throws {
    handle = try FileHandle(forReadingFrom: URL(filePath: path))
    offset = begin
    self.end = end
    try advance()
  }

  private func fill(_ count: Int) throws -> Bool {
    while buffer.count - place < count {
      buffer.removeFirst(place)
      place = 0
      let want = min(UInt64(max(1 << 18, count)), end - offset)
      guard want > 0 else { return false }
      try handle.seek(toOffset: offset)
      guard let data = try handle.read(upToCount: Int(want)), !data.isEmpty else { return false }
      offset += UInt64(data.count)
      buffer += data
    }
    return true
  }

  /// A number in network order, `distance` bytes ahead, which `fill` has found at hand.
  private func number(at distance: Int, _ width: Int) -> UInt64 {
    buffer[(place + distance)..<(place + distance + width)].reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Reads the next record; `current` is nil at the end.
  func advance() throws {
    current = nil
    guard try fill(24) else { return }
    let key = RecordKey(
      position: PacketPosition(rawValue: number(at: 0, 8)), datagram: UInt16(number(at: 8, 2)),
      decoder: UInt16(number(at: 10, 2)), ordinal: UInt32(number(at: 12, 4)))
    let offset = Int(number(at: 16, 4))
    let kindCount = Int(number(at: 20, 4))
    guard try fill(24 + kindCount + 4) else { return }
    let kindStart = place + 24
    let kind = String(decoding: buffer[kindStart..<(kindStart + kindCount)], as: UTF8.self)
    let count = Int(number(at: 24 + kindCount, 4))
    guard try fill(28 + kindCount + count) else { return }
    let start = place + 28 + kindCount
    current = EncodedRecord(
      key: key, kind: kind, identifierOffset: offset, bytes: Array(buffer[start..<(start + count)]))
    place = start + count
  }
}

/// Gives the records of several sorted runs in one order.
struct RecordMerge {
  private var heap: [RecordRunReader]

  init(_ readers: [RecordRunReader]) {
    heap = readers.filter { $0.current != nil }
    for place in stride(from: heap.count / 2 - 1, through: 0, by: -1) { sink(place) }
  }

  private func precedes(_ left: Int, _ right: Int) -> Bool {
    guard let one = heap[left].current, let two = heap[right].current else { return heap[left].current != nil }
    return one.precedes(two)
  }

  private mutating func sink(_ start: Int) {
    var place = start
    while true {
      var least = place
      for child in [2 * place + 1, 2 * place + 2] where child < heap.count && precedes(child, least) { least = child }
      if least == place { return }
      heap.swapAt(place, least)
      place = least
    }
  }

  mutating func next() throws -> EncodedRecord? {
    guard let first = heap.first, let record = first.current else { return nil }
    try first.advance()
    if first.current == nil {
      heap[0] = heap[heap.count - 1]
      heap.removeLast()
    }
    if !heap.isEmpty { sink(0) }
    return record
  }
}
