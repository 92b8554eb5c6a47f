import Dispatch
import Foundation
import Synchronization

/// A directory that is held open: what is in it is reached by name alone, and no link is followed.
@safe public final class OpenDirectory: Sendable {
  public enum Kind: Sendable { case directory, file, other }

  public struct Entry: Sendable {
    public let name: String
    public let kind: Kind
  }

  let descriptor: Int32
  private let path: String

  /// Throws when there is no directory of that path, or it is a link.
  public init(_ path: String) throws(BundleError) {
    self.path = path
    // Safe: the path is a string of ours.
    descriptor = unsafe open(path, Self.flags)
    guard descriptor >= 0 else { throw .system(path, errno) }
  }

  /// Opens a directory in another one.
  public init(_ name: String, in directory: OpenDirectory) throws(BundleError) {
    path = "\(directory.path)/\(name)"
    // Safe: the name is a string of ours.
    descriptor = unsafe openat(directory.descriptor, name, Self.flags)
    guard descriptor >= 0 else { throw .system(path, errno) }
  }

  deinit { close(descriptor) }

  private static let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

  /// What is in it, in no order; names that are not UTF-8 are repaired, and then nothing has that name.
  public func entries() throws(BundleError) -> [Entry] {
    let copy = dup(descriptor)
    guard copy >= 0 else { throw .system(path, errno) }
    // Safe: the stream is ours until it is closed, and takes the descriptor with it.
    guard let stream = unsafe fdopendir(copy) else {
      close(copy)
      throw .system(path, errno)
    }
    defer { unsafe _ = closedir(stream) }
    unsafe rewinddir(stream)
    var found: [Entry] = []
    while true {
      errno = 0
      guard let entry = unsafe readdir(stream) else { break }
      // Safe: the kernel ends the name with a zero inside of the entry.
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        unsafe pointer.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { unsafe String(cString: $0) }
      }
      guard name != ".", name != ".." else { continue }
      found.append(Entry(name: name, kind: try unsafe kind(of: name, entry.pointee.d_type)))
    }
    guard errno == 0 else { throw .system(path, errno) }
    return found
  }

  /// What the entry says it is, or the file where the file system does not tell.
  private func kind(of name: String, _ type: UInt8) throws(BundleError) -> Kind {
    switch Int(type) {
    case Int(DT_DIR): .directory
    case Int(DT_REG): .file
    case Int(DT_UNKNOWN): try status(of: name).kind
    default: .other
    }
  }

  /// Kind and size of an entry; a link is told as what it is.
  public func status(of name: String) throws(BundleError) -> (kind: Kind, byteCount: UInt64) {
    var status = stat()
    // Safe: the name is a string of ours, and the structure a variable of ours.
    guard unsafe fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      throw .system("\(path)/\(name)", errno)
    }
    let kind: Kind =
      switch status.st_mode & S_IFMT {
      case S_IFDIR: .directory
      case S_IFREG: .file
      default: .other
      }
    return (kind, UInt64(clamping: status.st_size))
  }

  /// Does something with each directory of `entries`, several at a time; throws what the first of them that failed threw.
  public func forEachDirectory(
    _ entries: [Entry], _ body: @Sendable (String) throws(BundleError) -> Void
  ) throws(BundleError) {
    let names = entries.filter { $0.kind == .directory }.map(\.name)
    guard names.count > 1 else {
      for name in names { try body(name) }
      return
    }
    let failed = Mutex<[String: BundleError]>([:])
    DispatchQueue.concurrentPerform(iterations: names.count) { place in
      do throws(BundleError) { try body(names[place]) } catch { failed.withLock { $0[names[place]] = error } }
    }
    if let first = failed.withLock({ $0.min { $0.key < $1.key } }) { throw first.value }
  }

  /// Removes everything in it.
  private func empty() throws(BundleError) {
    let entries = try entries()
    try forEachDirectory(entries) { name throws(BundleError) in
      try OpenDirectory(name, in: self).empty()
      try self.remove(name, AT_REMOVEDIR)
    }
    for entry in entries where entry.kind != .directory { try remove(entry.name, 0) }
  }

  private func remove(_ name: String, _ flags: Int32) throws(BundleError) {
    // Safe: the name is a string of ours.
    guard unsafe unlinkat(descriptor, name, flags) == 0 else { throw .system("\(path)/\(name)", errno) }
  }

  /// Removes a directory with everything in it.
  static func remove(_ path: String) throws(BundleError) {
    try OpenDirectory(path).empty()
    // Safe: the path is a string of ours.
    guard unsafe rmdir(path) == 0 else { throw .system(path, errno) }
  }
}
