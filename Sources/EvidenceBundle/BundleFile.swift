import Foundation

/// Reads files of a bundle, which may come from an enemy: plain files only, links are not followed, and never more than a limit.
public enum BundleFile {
  /// The most bytes of a custody event, a seal or a document that a person might write.
  public static let smallLimit = 16 << 20
  /// The most bytes of a list or of a document that grows with the case.
  public static let largeLimit = 2 << 30

  /// All bytes of the file at `path`; nil when it is no plain file, cannot be read or has more than `limit` bytes.
  public static func read(_ path: String, limit: Int = smallLimit) -> [UInt8]? {
    // Safe: the path is a string of ours. NONBLOCK: a pipe must not hold us up.
    let descriptor = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    // Safe: the structure is a variable of ours.
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else {
      return nil
    }
    // Safe: the system fills the part that it reports, which is never longer than what was asked for.
    return unsafe [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
      count = 0
      while count < buffer.count {
        let step = unsafe Foundation.read(descriptor, buffer.baseAddress! + count, buffer.count - count)
        if step < 0, errno == EINTR { continue }
        guard step > 0 else { return }
        count += step
      }
    }
  }
}
