import EvidenceModel
import Fingerprinting
import Foundation

/// A file that stays where it is, outside the bundle, and that an event names by its SHA-256.
struct NamedFile {
  let fields: Fields

  /// Reads the whole file. Throws `input` when it is no plain file, cannot be read or grows meanwhile.
  init(_ path: String) throws(CustodyError) {
    // Safe here and below: the path is a string of ours, the structure and the array are variables of ours.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw Self.system(path) }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw Self.system(path) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw CustodyError(.input, path, "it is no plain file") }
    var hash = StreamingHash()
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var size: Int64 = 0
    while true {
      let count = unsafe read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Self.system(path) }
      if count == 0 { break }
      size += Int64(count)
      guard size <= status.st_size else { break }
      unsafe hash.update(buffer.span.bytes.extracting(first: count))
    }
    guard size == Int64(status.st_size) else { throw CustodyError(.input, path, "it changed while it was read") }
    fields = [
      "name": .text(String((path as NSString).lastPathComponent.unicodeScalars.prefix(StatedText.longestName))),
      "sha256": .text(hash.finalise().hex), "bytes": .integer(size),
    ]
  }

  private static func system(_ path: String) -> CustodyError {
    // Safe: strerror gives a string that stays.
    CustodyError(.input, path, unsafe String(cString: strerror(errno)))
  }
}
