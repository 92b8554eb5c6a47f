import Foundation

/// A key or certificate file, which is small: read at once, and written once.
enum SmallFile {
  /// The most bytes that are read.
  static let limit = 1 << 20

  /// Reads a file of at most `limit` bytes.
  static func read(_ path: String, limit: Int = limit) throws(SigningError) -> [UInt8] {
    // Safe: the path is a string of ours.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { throw SigningError(.unreadable, path, systemMessage(errno)) }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    var done = 0
    while done <= limit {
      // Safe: the range from `done` to the end is inside the array.
      let step = unsafe bytes.withUnsafeMutableBytes {
        unsafe Foundation.read(descriptor, $0.baseAddress! + done, $0.count - done)
      }
      if step < 0, errno == EINTR { continue }
      guard step >= 0 else { throw SigningError(.unreadable, path, systemMessage(errno)) }
      if step == 0 { return Array(bytes.prefix(done)) }
      done += step
    }
    throw SigningError(.malformed, path, "it has more than \(limit) bytes")
  }

  /// Writes a new file, and waits until the disk has it. Throws when something of that name is there.
  static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(SigningError) {
    // Safe: the path is a string of ours.
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw SigningError(.output, path, systemMessage(errno)) }
    defer { close(descriptor) }
    var done = 0
    while done < bytes.count {
      // Safe: the range from `done` to the end is inside the array.
      let step = unsafe bytes.withUnsafeBytes {
        unsafe Foundation.write(descriptor, $0.baseAddress! + done, $0.count - done)
      }
      if step < 0, errno == EINTR { continue }
      guard step > 0 else { throw unwritten(path) }
      done += step
    }
    guard fsync(descriptor) == 0 else { throw unwritten(path) }
  }

  /// Removes the part that was written: it is ours, as nothing was there before.
  private static func unwritten(_ path: String) -> SigningError {
    let error = SigningError(.output, path, systemMessage(errno))
    unsafe unlink(path)
    return error
  }
}
