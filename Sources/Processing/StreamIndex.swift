import ByteReading
import EvidenceModel
import Foundation

/// Writes the packets of media streams as chains of blocks, so that memory stays small however many streams there are.
///
/// A block is the offset of the block before it (all ones for the first), a count, and that many rows of 32 bytes.
final class StreamIndexWriter {
  private static let rowsPerBlock = 64
  private static let firstRows = 4

  private struct Chain {
    var rows: [MediaPacket] = []
    var lastBlock = UInt64.max
    var capacity = firstRows
  }
  private let file: BufferedFile
  private var chains: [Chain] = []
  private var free: [Int] = []
  private var block = BinaryWriter()

  init(path: String) throws(ProcessingError) { file = try BufferedFile(creating: path, capacity: 1 << 20) }

  func begin() -> Int {
    if let place = free.popLast() {
      chains[place] = Chain()
      return place
    }
    chains.append(Chain())
    return chains.count - 1
  }

  func append(_ packet: MediaPacket, to number: Int) throws(ProcessingError) {
    chains[number].rows.append(packet)
    if chains[number].rows.count >= chains[number].capacity { try flush(number) }
  }

  private func flush(_ number: Int) throws(ProcessingError) {
    let offset = file.offset
    block.removeAll()
    block.write(chains[number].lastBlock)
    block.write(UInt32(chains[number].rows.count))
    for row in chains[number].rows {
      block.write(row.time.nanoseconds)
      block.write(row.position.rawValue)
      // 48 bits of offset; headers are counted in words of 4 bytes.
      let head = UInt64(row.headerLength / 4) << 8 | UInt64(row.payloadType & 0x7f) | (row.marker ? 0x80 : 0)
      block.write(row.payloadOffset << 16 | head)
      block.write(row.timestamp)
      block.write(row.sequence)
      block.write(row.payloadLength)
    }
    try file.write(block.bytes)
    chains[number].lastBlock = offset
    chains[number].rows.removeAll(keepingCapacity: true)
    chains[number].capacity = Self.rowsPerBlock
  }

  /// Ends a stream; gives the offset of its last block.
  func end(_ number: Int) throws(ProcessingError) -> UInt64 {
    if !chains[number].rows.isEmpty { try flush(number) }
    let location = chains[number].lastBlock
    chains[number] = Chain()
    free.append(number)
    return location
  }

  func finish() throws(ProcessingError) { try file.flush() }
}

/// Reads a stream's packets back.
@safe final class StreamIndexReader {
  private let descriptor: Int32
  private let path: String
  static let rowLength = 32
  static let headLength = 12

  init(path: String) throws(ProcessingError) {
    // Safe: the path is a string of ours.
    descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw ProcessingError(.defect, path, ProcessingError.systemText(errno)) }
    self.path = path
  }

  deinit { close(descriptor) }

  /// The packets of the stream whose last block is at `location`, in the order of the capture.
  func packets(at location: UInt64) throws -> [MediaPacket] {
    var blocks: [[MediaPacket]] = []
    var next = location
    while next != .max {
      let head = try read(Self.headLength, at: next)
      var reader = unsafe ByteReader(head.span.bytes)
      let former: UInt64 = try reader.read("former block")
      let count: UInt32 = try reader.read("row count")
      let body = try read(Int(count) * Self.rowLength, at: next + UInt64(Self.headLength))
      // Safe: the view ends before `body` does.
      var rows = unsafe ByteReader(body.span.bytes)
      var packets: [MediaPacket] = []
      packets.reserveCapacity(Int(count))
      for _ in 0..<count {
        let time: Int64 = try rows.read("time")
        let position: UInt64 = try rows.read("position")
        let place: UInt64 = try rows.read("place")
        let timestamp: UInt32 = try rows.read("timestamp")
        let sequence: UInt16 = try rows.read("sequence")
        let length: UInt16 = try rows.read("length")
        packets.append(
          MediaPacket(
            time: CaptureTime(nanoseconds: time), position: PacketPosition(rawValue: position),
            payloadOffset: place >> 16, payloadLength: length, headerLength: UInt16(place >> 8 & 0xff) * 4,
            sequence: sequence, timestamp: timestamp,
            payloadType: UInt8(truncatingIfNeeded: place) & 0x7f, marker: place & 0x80 != 0))
      }
      blocks.append(packets)
      next = former
    }
    return blocks.reversed().flatMap { $0 }
  }

  private func read(_ count: Int, at offset: UInt64) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    // Safe: the count is that of the array.
    let got = unsafe pread(descriptor, &bytes, count, Int(offset))
    guard got == count else { throw ProcessingError(.defect, path, "the stream index is damaged") }
    return bytes
  }
}
