import CSandbox
import EvidenceModel
import Foundation

/// A new file that is written through a buffer.
@safe final class BufferedFile {
  private let descriptor: Int32
  private let path: String
  private var buffer: [UInt8] = []
  private let capacity: Int
  private(set) var offset: UInt64 = 0

  init(creating path: String, capacity: Int = 1 << 18) throws(ProcessingError) {
    // Safe: the path is a string of ours.
    descriptor = unsafe exhibit_sandbox_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .writing(path, errno) }
    self.path = path
    self.capacity = capacity
    buffer.reserveCapacity(capacity)
  }

  deinit { close(descriptor) }

  func write(_ bytes: RawSpan) throws(ProcessingError) {
    offset += UInt64(bytes.byteCount)
    if buffer.count + bytes.byteCount > capacity { try flush() }
    // Safe: both uses read within the closure.
    let failure = unsafe bytes.withUnsafeBytes { part -> Int32 in
      if part.count >= capacity { return unsafe Self.writeAll(descriptor, part) }
      unsafe buffer.append(contentsOf: part)
      return 0
    }
    guard failure == 0 else { throw .writing(path, failure) }
  }

  func write(_ bytes: [UInt8]) throws(ProcessingError) {
    // Safe: the view ends before `bytes` does.
    try unsafe write(bytes.span.bytes)
  }

  func flush() throws(ProcessingError) {
    guard !buffer.isEmpty else { return }
    // Safe: the bytes are read within the closure.
    let failure = unsafe buffer.withUnsafeBytes { unsafe Self.writeAll(descriptor, $0) }
    guard failure == 0 else { throw .writing(path, failure) }
    buffer.removeAll(keepingCapacity: true)
  }

  private static func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int32 {
    var done = 0
    while done < bytes.count {
      // Safe: the range from `done` to the end is inside the buffer.
      let step = unsafe Foundation.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      if step > 0 { done += step } else if errno != EINTR { return errno }
    }
    return 0
  }
}
