import CSandbox
import Foundation

/// A file in memory, for what a worker tells its supervisor: a disk that is full or taken away does not silence it.
final class MemoryFile {
  let descriptor: Int32

  init(_ name: String) throws(ProcessingError) {
    // Safe: the name is a string of ours.
    descriptor = unsafe exhibit_memory_file(name)
    guard descriptor >= 0 else { throw ProcessingError(.defect, name, ProcessingError.systemText(errno)) }
  }

  deinit { close(descriptor) }

  /// Its last bytes, at most `count`.
  func suffix(_ count: Int) -> [UInt8] {
    let size = Int(lseek(descriptor, 0, SEEK_END))
    guard size > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: min(count, size))
    let wanted = bytes.count
    // Safe: the count is that of the array.
    let got = unsafe pread(descriptor, &bytes, wanted, off_t(size - wanted))
    return Array(bytes.prefix(max(0, got)))
  }
}
