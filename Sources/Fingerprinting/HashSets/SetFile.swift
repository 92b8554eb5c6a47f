import ByteReading
import Glibc

/// Reads a file of hashes from its beginning, in blocks or by lines.
@safe final class SetFile {
  /// Limit of a line, in bytes.
  static let maximumLine = 65_536
  private static let blockBytes = 1 << 18

  private let descriptor: Int32
  let byteCount: UInt64
  private var buffer: [UInt8] = []
  private var place = 0
  private var isAtEnd = false
  /// The line that was read last, without its end, and its number from 1.
  private(set) var line: [UInt8] = []
  private(set) var lineNumber: UInt64 = 0

  init(path: String) throws(HashSetFault) {
    // Safe: the path is a string of ours.
    descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(errno) }
    byteCount = UInt64(clamping: lseek(descriptor, 0, SEEK_END))
    lseek(descriptor, 0, SEEK_SET)
  }

  deinit { close(descriptor) }

  /// The first bytes of the file, at most `count`; reading begins before them.
  func beginning(_ count: Int) throws(HashSetFault) -> [UInt8] {
    if buffer.count - place < count { try fill() }
    return Array(buffer[place...].prefix(count))
  }

  /// The next block; empty at the end.
  func nextBlock() throws(HashSetFault) -> [UInt8] {
    if place == buffer.count { try fill() }
    defer { place = buffer.count }
    return place == 0 ? buffer : Array(buffer[place...])
  }

  /// Reads more behind what is still there.
  private func fill() throws(HashSetFault) {
    guard !isAtEnd else { return }
    buffer.removeFirst(place)
    place = 0
    let start = buffer.count
    buffer += repeatElement(0, count: Self.blockBytes)
    var got = 0
    repeat {
      // Safe: the range from `start` to the end was just appended.
      got = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress! + start, Self.blockBytes) }
    } while got < 0 && errno == EINTR
    let number = errno
    buffer.removeLast(Self.blockBytes - max(0, got))
    guard got >= 0 else { throw .system(number) }
    isAtEnd = got == 0
  }

  /// Reads the next line into `line`; false at the end. Throws at a line over the limit and at one with a zero byte.
  func readLine() throws(HashSetFault) -> Bool {
    line.removeAll(keepingCapacity: true)
    while true {
      if place == buffer.count {
        try fill()
        if place == buffer.count {
          guard !line.isEmpty else { return false }
          break
        }
      }
      // Safe: the view ends before `buffer` changes.
      let end = unsafe buffer.span.bytes.firstOffset(of: 0x0a, from: place)
      let stop = end.map { place + $0 } ?? buffer.count
      guard line.count + stop - place <= Self.maximumLine else {
        throw HashSetFault("it is longer than \(Self.maximumLine) bytes", at: lineNumber + 1)
      }
      line += buffer[place..<stop]
      place = min(stop + 1, buffer.count)
      if end != nil { break }
    }
    lineNumber += 1
    if line.last == 0x0d { line.removeLast() }
    // Safe: the view ends before `line` does.
    guard unsafe line.span.bytes.firstOffset(of: 0) == nil else { throw fault("it holds a zero byte") }
    return true
  }

  func fault(_ message: String) -> HashSetFault { HashSetFault(message, at: lineNumber) }
}
