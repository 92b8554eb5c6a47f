import EvidenceModel
import Fingerprinting
import Foundation

/// One original of a run: what it is called, where it lies, what it was when it came.
struct OriginalIntake: Sendable {
  let number: UInt16
  /// The path as the user gave it.
  let givenPath: String
  let absolutePath: String
  var hash: ContentHash?
  private(set) var facts: FileFacts
  /// Where workers read it.
  var readingPath: String

  /// What the system says of a file; a change of any of it while a run goes on fails the run.
  struct FileFacts: Hashable, Sendable {
    var byteCount: UInt64
    var device: UInt64
    var inode: UInt64
    var modified: Int64
    var changed: Int64

    /// Throws when the path cannot be opened for reading or is no regular file.
    init(path: String) throws(ProcessingError) {
      // Safe: the path is a string of ours, and the structure a variable of ours.
      let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
      guard descriptor >= 0 else { throw ProcessingError(.input, path, ProcessingError.systemText(errno)) }
      defer { close(descriptor) }
      try self.init(descriptor: descriptor, path: path)
    }

    init(descriptor: Int32, path: String) throws(ProcessingError) {
      var status = stat()
      guard unsafe fstat(descriptor, &status) == 0 else {
        throw ProcessingError(.input, path, ProcessingError.systemText(errno))
      }
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw ProcessingError(
          .input, path, status.st_mode & S_IFMT == S_IFDIR ? "it is a directory" : "it is no regular file")
      }
      byteCount = UInt64(status.st_size)
      device = UInt64(status.st_dev)
      inode = UInt64(status.st_ino)
      modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
      changed = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
    }
  }

  init(_ number: UInt16, _ path: String) throws(ProcessingError) {
    self.number = number
    givenPath = path
    absolutePath = URL(filePath: path).standardizedFileURL.path(percentEncoded: false)
    readingPath = absolutePath
    facts = try FileFacts(path: path)
  }

  var name: OriginalName { OriginalName(number) }

  /// The name under which a copy stands in the bundle: generated, with the original's extension when it is a plain one.
  var bundlePath: String {
    let suffix = (givenPath as NSString).pathExtension.lowercased()
    let isPlain =
      (1...8).contains(suffix.utf8.count)
      && suffix.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x61...0x7a).contains($0)
      }
    return "data/originals/\(name).\(isPlain ? suffix : "bin")"
  }

  /// Copies the original and hashes it on the way.
  mutating func copy(to target: String, progress: (UInt64) -> Void) throws(ProcessingError) {
    hash = try Self.read(givenPath, into: target, progress: progress)
  }

  /// Reads a file to its end, hashing it, and writes it to `target` when there is one.
  static func read(
    _ path: String, into target: String?, progress: (UInt64) -> Void
  ) throws(ProcessingError) -> ContentHash {
    // Safe: the paths are strings of ours.
    let input = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard input >= 0 else { throw ProcessingError(.input, path, ProcessingError.systemText(errno)) }
    defer { close(input) }
    posix_fadvise(input, 0, 0, POSIX_FADV_SEQUENTIAL)
    let output = target.map { BufferedTarget($0) }
    defer { output?.close() }
    if let output, output.descriptor < 0 { throw .writing(output.path, output.errorNumber) }
    var hash = StreamingHash()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4_096)
    defer { unsafe buffer.deallocate() }
    var total: UInt64 = 0
    while true {
      // Safe: at most the buffer's size is read into it, and only what was read is used.
      let count = unsafe Foundation.read(input, buffer.baseAddress, buffer.count)
      if count == 0 { break }
      guard count > 0 else {
        if errno == EINTR { continue }
        throw ProcessingError(.input, path, "read error at byte \(total): \(ProcessingError.systemText(errno))")
      }
      let part = unsafe UnsafeRawBufferPointer(rebasing: buffer[0..<count])
      unsafe hash.update(part.bytes)
      if let output { try unsafe output.write(part) }
      total += UInt64(count)
      progress(total)
    }
    try output?.synchronise()
    return hash.finalise()
  }

  /// Checks that the file at `path` is what it was, by what the system says of it.
  func checkUnchanged() throws(ProcessingError) {
    let now: FileFacts
    do throws(ProcessingError) { now = try FileFacts(path: givenPath) } catch {
      throw ProcessingError(
        .originalChanged, givenPath, "the original is gone or cannot be opened any more: \(error.message)")
    }
    guard now == facts else {
      throw ProcessingError(.originalChanged, givenPath, "the original changed while it was used")
    }
  }
}

/// A file that is written in large pieces.
final class BufferedTarget {
  let path: String
  private(set) var descriptor: Int32
  let errorNumber: Int32

  init(_ path: String) {
    self.path = path
    // Safe: the path is a string of ours.
    descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o444)
    errorNumber = errno
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws(ProcessingError) {
    var done = 0
    while done < bytes.count {
      // Safe: the range from `done` to the end is inside the bytes.
      let step = unsafe Foundation.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      if step > 0 { done += step } else if errno != EINTR { throw .writing(path, errno) }
    }
  }

  func synchronise() throws(ProcessingError) {
    guard fdatasync(descriptor) == 0 else { throw .writing(path, errno) }
  }

  func close() {
    if descriptor >= 0 { Foundation.close(descriptor) }
    descriptor = -1
  }
}
