import DecoderHosting
import EvidenceModel
import Foundation

/// Collects records and writes them to one file as sorted runs, each small enough for memory.
final class RecordRunWriter {
  /// Bytes of records that are kept before a run is written.
  static let runBytes = 16 << 20

  /// A record that waits to be written; its line stands in the encoder.
  private struct Waiting {
    let key: RecordKey
    let kind: Int
    let place: RecordEncoder.Place
  }

  private let file: BufferedFile
  private var encoder = RecordEncoder()
  private var waiting: [Waiting] = []
  private var kinds: [String] = []
  private var kindNumbers: [String: Int] = [:]
  private var runs: [(begin: UInt64, end: UInt64)] = []
  private var head = BinaryWriter()

  init(path: String) throws(ProcessingError) { file = try BufferedFile(creating: path) }

  func add(_ kind: String, _ fields: Fields, _ key: RecordKey) throws(ProcessingError) {
    waiting.append(Waiting(key: key, kind: number(of: kind), place: encoder.encode(kind, fields)))
    if encoder.byteCount + waiting.count * 96 > Self.runBytes { try flush() }
  }

  private func number(of kind: String) -> Int {
    if let known = kindNumbers[kind] { return known }
    kinds.append(kind)
    kindNumbers[kind] = kinds.count - 1
    return kinds.count - 1
  }

  private func flush() throws(ProcessingError) {
    guard !waiting.isEmpty else { return }
    let bytes = encoder.take()
    waiting.sort { first, second in
      RecordOrder.precedes(
        (first.key, kinds[first.kind], bytes[first.place.start..<(first.place.start + first.place.count)]),
        (second.key, kinds[second.kind], bytes[second.place.start..<(second.place.start + second.place.count)]))
    }
    let begin = file.offset
    for record in waiting {
      head.removeAll()
      head.write(record.key.position.rawValue)
      head.write(record.key.datagram)
      head.write(record.key.decoder)
      head.write(record.key.ordinal)
      head.write(UInt32(record.place.identifierOffset))
      head.write(kinds[record.kind])
      head.write(UInt32(record.place.count))
      try file.write(head.bytes)
      // Safe: the view ends before `bytes` does.
      try unsafe file.write(
        bytes.span.bytes.extracting(record.place.start..<(record.place.start + record.place.count)))
    }
    runs.append((begin, file.offset))
    waiting.removeAll(keepingCapacity: true)
    encoder.reuse(bytes)
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

/// The order of the evidence; equal places are told apart by kind and content.
enum RecordOrder {
  static func precedes<Line: Sequence<UInt8>>(
    _ one: (key: RecordKey, kind: String, line: Line), _ other: (key: RecordKey, kind: String, line: Line)
  ) -> Bool {
    if one.key != other.key { return one.key < other.key }
    if one.kind != other.kind { return one.kind < other.kind }
    return one.line.lexicographicallyPrecedes(other.line)
  }
}

extension EncodedRecord {
  func precedes(_ other: EncodedRecord) -> Bool {
    RecordOrder.precedes((key, kind, bytes), (other.key, other.kind, other.bytes))
  }
}

/// The file of one worker's runs, opened once for all of them.
@safe final class RecordRunFile {
  private let descriptor: Int32
  private let path: String
  /// Where each run begins and ends.
  let runs: [(begin: UInt64, end: UInt64)]

  init(path: String) throws(ProcessingError) {
    // Safe: the path is a string of ours.
    descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw ProcessingError(.defect, path, ProcessingError.systemText(errno)) }
    self.path = path
    let size = UInt64(clamping: lseek(descriptor, 0, SEEK_END))
    var runs: [(begin: UInt64, end: UInt64)] = []
    if size >= 8 {
      let count = try Self.numbers(descriptor, path, at: size - 8, 1)[0]
      guard count <= size / 16 else { throw ProcessingError(.defect, path, "the list of runs is damaged") }
      let list = try Self.numbers(descriptor, path, at: size - 8 - count * 16, Int(count) * 2)
      for place in stride(from: 0, to: list.count, by: 2) { runs.append((list[place], list[place + 1])) }
    }
    self.runs = runs
  }

  deinit { close(descriptor) }

  /// Appends `count` bytes from `offset` on.
  func read(_ count: Int, at offset: UInt64, into bytes: inout [UInt8]) throws(ProcessingError) {
    try Self.read(descriptor, path, count, at: offset, into: &bytes)
  }

  private static func read(
    _ descriptor: Int32, _ path: String, _ count: Int, at offset: UInt64, into bytes: inout [UInt8]
  ) throws(ProcessingError) {
    let start = bytes.count
    bytes += repeatElement(0, count: count)
    var done = 0
    while done < count {
      // Safe: the range from `start + done` to the end was just appended.
      let step = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe pread(descriptor, buffer.baseAddress! + start + done, count - done, off_t(offset) + off_t(done))
      }
      if step > 0 {
        done += step
      } else if step == 0 || errno != EINTR {
        throw ProcessingError(.defect, path, step == 0 ? "a run ends too early" : ProcessingError.systemText(errno))
      }
    }
  }

  private static func numbers(
    _ descriptor: Int32, _ path: String, at offset: UInt64, _ count: Int
  ) throws(ProcessingError) -> [UInt64] {
    var bytes: [UInt8] = []
    try read(descriptor, path, count * 8, at: offset, into: &bytes)
    return (0..<count).map { index in bytes[(index * 8)..<(index * 8 + 8)].reduce(0) { $0 << 8 | UInt64($1) } }
  }
}

/// One sorted run, read through a buffer.
final class RecordRunReader {
  /// Bytes that all runs of a merge together keep in their buffers, as far as `leastBuffer` for each allows.
  private static let bufferBytes = 64 << 20
  private static let mostBuffer = 1 << 18
  private static let leastBuffer = 1 << 14

  private let file: RecordRunFile
  private var offset: UInt64
  private let end: UInt64
  private let capacity: Int
  private var buffer: [UInt8] = []
  private var place = 0
  private(set) var current: EncodedRecord?

  /// The runs of all files.
  static func runs(of paths: [String]) throws(ProcessingError) -> [RecordRunReader] {
    var files: [RecordRunFile] = []
    for path in paths { files.append(try RecordRunFile(path: path)) }
    let count = files.reduce(0) { $0 + $1.runs.count }
    let capacity = min(mostBuffer, max(leastBuffer, bufferBytes / max(1, count)))
    var readers: [RecordRunReader] = []
    for file in files {
      for run in file.runs { readers.append(try RecordRunReader(file, run.begin, run.end, capacity)) }
    }
    return readers
  }

  private init(
    _ file: RecordRunFile, _ begin: UInt64, _ end: UInt64, _ capacity: Int
  ) throws(ProcessingError) {
    self.file = file
    offset = begin
    self.end = end
    self.capacity = capacity
    try advance()
  }

  private func fill(_ count: Int) throws(ProcessingError) -> Bool {
    guard buffer.count - place < count else { return true }
    buffer.removeFirst(place)
    place = 0
    let want = Int(min(UInt64(max(capacity, count) - buffer.count), end - offset))
    try file.read(want, at: offset, into: &buffer)
    offset += UInt64(want)
    return buffer.count >= count
  }

  /// A number in network order, `distance` bytes ahead, which `fill` has found at hand.
  private func number(at distance: Int, _ width: Int) -> UInt64 {
    buffer[(place + distance)..<(place + distance + width)].reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Reads the next record; `current` is nil at the end.
  func advance() throws(ProcessingError) {
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
