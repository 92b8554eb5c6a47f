import Glibc

/// A new file of an index, written through a buffer.
@safe final class IndexFile {
  private static let capacity = 1 << 18
  private let descriptor: Int32
  private var buffer: [UInt8] = []
  private(set) var offset: UInt64 = 0

  init(creating path: String) throws(HashSetFault) {
    // Safe: the path is a string of ours.
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system(errno) }
    buffer.reserveCapacity(Self.capacity)
  }

  deinit { close(descriptor) }

  func write(_ bytes: some Collection<UInt8>) throws(HashSetFault) {
    offset += UInt64(bytes.count)
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.capacity { try flush() }
  }

  /// Writes the first `count` bytes of a number in network order.
  func write(_ number: UInt64, first count: Int = 8) throws(HashSetFault) {
    offset += UInt64(count)
    for place in 0..<count { buffer.append(UInt8(truncatingIfNeeded: number >> UInt64(56 - place * 8))) }
    if buffer.count >= Self.capacity { try flush() }
  }

  func flush() throws(HashSetFault) {
    var done = 0
    while done < buffer.count {
      // Safe: the range from `done` to the end is inside the buffer.
      let step = unsafe buffer.withUnsafeBytes {
        unsafe Glibc.write(descriptor, $0.baseAddress! + done, buffer.count - done)
      }
      if step > 0 { done += step } else if errno != EINTR { throw .system(errno) }
    }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Appends bytes that were written and flushed before.
  func read(_ count: Int, at place: UInt64, into bytes: inout [UInt8]) throws(HashSetFault) {
    let start = bytes.count
    bytes += repeatElement(0, count: count)
    var done = 0
    while done < count {
      // Safe: the range from `start + done` to the end was just appended.
      let step = unsafe bytes.withUnsafeMutableBytes {
        unsafe pread(descriptor, $0.baseAddress! + start + done, count - done, off_t(place) + off_t(done))
      }
      if step > 0 { done += step } else if step == 0 || errno != EINTR { throw .system(step == 0 ? EIO : errno) }
    }
  }
}
