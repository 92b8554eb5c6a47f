public import EvidenceModel
import Fingerprinting
import Foundation

/// Builds a bundle beside its final name and renames it when it is complete, so that a killed run leaves nothing that verifies.
///
/// Hashes of files that were made elsewhere are taken as given; nothing is read twice.
@safe public final class BundleWriter {
  /// One file and its SHA-256.
  public struct Entry: Hashable, Sendable {
    public let path: String
    public let hash: ContentHash
    public let byteCount: UInt64
    public init(path: String, hash: ContentHash, byteCount: UInt64) {
      self.path = path
      self.hash = hash
      self.byteCount = byteCount
    }
  }

  public let target: String
  /// The directory in which the bundle grows; on the same file system as the target.
  public let staging: String
  private let lock: Int32
  private var payload: [Entry] = []
  private var tags: [Entry] = []

  /// Makes the staging directory. Throws when the target exists, or its directory does not or may not be written.
  public init(target: String) throws(BundleError) {
    let trimmed = Self.withoutLastSlashes(target)
    self.target = trimmed
    if Self.exists(trimmed) { throw BundleError(.exists, trimmed, "it exists already; a bundle is never overwritten") }
    staging = "\(trimmed).partial-\(getpid())"
    try Self.makeDirectory(staging, isNew: true)
    lock = Self.lock(staging) ?? -1
  }

  deinit { if lock >= 0 { close(lock) } }

  /// Holds a directory for this process until the descriptor is closed; nil when another process holds it.
  static func lock(_ directory: String) -> Int32? {
    // Safe: the path is a string of ours.
    let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return descriptor }
    close(descriptor)
    return nil
  }

  /// Keeps what runs that were killed left beside `target` as `BUNDLE.failed-N`, and removes those that had not begun.
  ///
  /// A run that still goes on holds its directory and is left alone. Gives the old and the new names.
  public static func takeKilled(target: String, removing names: [String]) -> [(old: String, new: String)] {
    let trimmed = Self.withoutLastSlashes(target)
    let parent = parent(of: trimmed)
    let prefix = (trimmed as NSString).lastPathComponent + ".partial-"
    var taken: [(old: String, new: String)] = []
    for name in (try? Self.names(in: parent)) ?? [] where name.hasPrefix(prefix) {
      let path = (parent as NSString).appendingPathComponent(name)
      guard let process = pid_t(name.dropFirst(prefix.count)), let lock = lock(path) else { continue }
      defer { close(lock) }
      if exists("\(path)/\(BundleLayout.event(1))") {
        if let new = setAside(path, of: trimmed, removing: names) { taken.append((path, new)) }
      } else if kill(process, 0) != 0 {
        try? FileManager.default.removeItem(atPath: path)
      }
    }
    return taken
  }

  /// A path without the slashes at its end, so that names can be made beside what it names; `/` stays.
  public static func withoutLastSlashes(_ path: String) -> String {
    var trimmed = path
    while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed.removeLast() }
    return trimmed
  }

  static func exists(_ path: String) -> Bool {
    var status = stat()
    // Safe: the path is a string of ours, and the structure a variable of ours.
    return unsafe lstat(path, &status) == 0
  }

  static func makeDirectory(_ path: String, isNew: Bool) throws(BundleError) {
    // Safe: the path is a string of ours.
    guard unsafe mkdir(path, 0o755) == 0 || (!isNew && errno == EEXIST) else { throw .system(path, errno) }
  }

  /// The absolute or relative path of a file of the bundle while it grows.
  public func path(_ name: String) -> String { "\(staging)/\(name)" }

  /// Makes the directories above a file of the bundle.
  public func makeDirectories(for name: String) throws(BundleError) {
    var path = staging
    for part in name.split(separator: "/").dropLast() {
      path += "/" + part
      try Self.makeDirectory(path, isNew: false)
    }
  }

  // MARK: Files

  /// Writes a file whole, to the disk; a tag file unless it is in `data/`.
  @discardableResult
  public func write(_ bytes: [UInt8], to name: String) throws(BundleError) -> Entry {
    try makeDirectories(for: name)
    try Self.write(bytes, to: path(name))
    let entry = Entry(path: name, hash: StreamingHash.hash(of: bytes), byteCount: UInt64(bytes.count))
    list(entry)
    return entry
  }

  /// Writes a new file and waits until the disk has it.
  public static func write(_ bytes: [UInt8], to path: String) throws(BundleError) {
    // Safe: the path is a string of ours.
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .system(path, errno) }
    defer { close(descriptor) }
    try write(bytes, into: descriptor, of: path)
    guard fsync(descriptor) == 0 else { throw .system(path, errno) }
  }

  /// Writes all bytes into the open file of `path`.
  public static func write(_ bytes: [UInt8], into descriptor: Int32, of path: String) throws(BundleError) {
    var done = 0
    while done < bytes.count {
      // Safe: the range from `done` to the end is inside the array.
      let step = unsafe bytes.withUnsafeBytes {
        unsafe Foundation.write(descriptor, $0.baseAddress! + done, $0.count - done)
      }
      if step > 0 { done += step } else if errno != EINTR { throw .system(path, errno) }
    }
  }

  /// Takes a file into the bundle by renaming it; its hash is known. A file of that name stays: it has the same bytes.
  public func adopt(_ source: String, as name: String, hash: ContentHash, byteCount: UInt64) throws(BundleError) {
    try makeDirectories(for: name)
    // Safe: both paths are strings of ours.
    guard unsafe rename(source, path(name)) == 0 else { throw .system(path(name), errno) }
    unsafe _ = chmod(path(name), 0o644)
    list(Entry(path: name, hash: hash, byteCount: byteCount))
  }

  /// Takes artefacts into the bundle by renaming them; in each of the directories they lie under `aa/`, named after their hash.
  ///
  /// Directories that do not exist are passed over; what several hold is taken once. Throws when anything else lies there.
  public func adoptArtefacts(from sources: [String]) throws(BundleError) {
    try makeDirectories(for: BundleLayout.artefacts + "/aa")
    for source in sources where FileManager.default.fileExists(atPath: source) {
      for folder in try Self.names(in: source) {
        let target = path("\(BundleLayout.artefacts)/\(folder)")
        // Safe: the path is a string of ours.
        guard unsafe mkdir(target, 0o755) == 0 || errno == EEXIST else { throw .system(target, errno) }
        for name in try Self.names(in: "\(source)/\(folder)") {
          try adoptArtefact("\(source)/\(folder)/\(name)", as: "\(BundleLayout.artefacts)/\(folder)/\(name)")
        }
      }
    }
  }

  private func adoptArtefact(_ source: String, as name: String) throws(BundleError) {
    guard let hash = ContentHash(hex: (name as NSString).lastPathComponent.prefix(64)) else {
      throw BundleError(.malformed, source, "an artefact is not named after its hash")
    }
    var status = stat()
    // Safe here and below: the paths are strings of ours, and the structure a variable of ours.
    guard unsafe lstat(source, &status) == 0 else { throw .system(source, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw BundleError(.malformed, source, "an artefact is no regular file")
    }
    let target = path(name)
    guard unsafe access(target, F_OK) != 0 else { return }
    guard unsafe rename(source, target) == 0 else { throw .system(target, errno) }
    unsafe _ = chmod(target, 0o644)
    list(Entry(path: name, hash: hash, byteCount: UInt64(status.st_size)))
  }

  static func names(in directory: String) throws(BundleError) -> [String] {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
      throw .system(directory, errno)
    }
    return names.sorted()
  }

  /// Takes note of a file that was written into the staging directory by others.
  public func list(_ entry: Entry) {
    if entry.path.hasPrefix("data/") { payload.append(entry) } else { tags.append(entry) }
  }

  // MARK: The end

  public var payloadByteCount: UInt64 { payload.reduce(0) { $0 + $1.byteCount } }
  public var payloadCount: Int { payload.count }

  /// Writes bagit.txt, bag-info.txt and the payload manifest (RFC 8493, 2.1, 2.2.2). Returns the manifest's entry.
  public func writeManifest(information: [(String, String)]) throws(BundleError) -> Entry {
    try write(Array("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n".utf8), to: BundleLayout.declaration)
    var text = ""
    for (label, value) in information + [("Payload-Oxum", "\(payloadByteCount).\(payloadCount)")] {
      text += "\(label): \(Self.oneLine(value))\n"
    }
    try write(Array(text.utf8), to: BundleLayout.information)
    return try write(Self.list(payload), to: BundleLayout.manifest)
  }

  private static func oneLine(_ value: String) -> String {
    String(String.UnicodeScalarView(value.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : $0 }))
  }

  private static func list(_ entries: [Entry]) -> [UInt8] {
    let sorted = entries.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    return Array(sorted.map { "\($0.hash.hex)  \($0.path)\n" }.joined().utf8)
  }

  /// Writes the tag manifest (RFC 8493, 2.2.1), waits for the disk, and gives the bundle its name.
  public func complete() throws(BundleError) {
    let bytes = Self.list(tags)
    try makeDirectories(for: BundleLayout.tagManifest)
    try Self.write(bytes, to: path(BundleLayout.tagManifest))
    try Self.synchronise(staging)
    if Self.exists(target) { throw BundleError(.exists, target, "it came into being meanwhile") }
    // Safe: both paths are strings of ours; a directory that is not empty is never replaced.
    guard unsafe rename(staging, target) == 0 else { throw .system(target, errno) }
    try Self.synchronise(Self.parent(of: target))
  }

  static func parent(of path: String) -> String {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    let parent = parts.joined(separator: "/")
    return parent.isEmpty ? (path.hasPrefix("/") ? "/" : ".") : parent
  }

  static func synchronise(_ directory: String) throws(BundleError) {
    // Safe: the path is a string of ours.
    let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(directory, errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .system(directory, errno) }
  }

  /// Keeps what a failed run leaves as `BUNDLE.failed-N`; it has no manifest and never verifies as complete.
  public func fail(removing names: [String]) -> String? { Self.setAside(staging, of: target, removing: names) }

  private static func setAside(_ staging: String, of target: String, removing names: [String]) -> String? {
    for name in names { try? FileManager.default.removeItem(atPath: "\(staging)/\(name)") }
    for number in 1...9_999 {
      let name = "\(target).failed-\(number)"
      if exists(name) { continue }
      // Safe: both paths are strings of ours.
      return unsafe rename(staging, name) == 0 ? name : nil
    }
    return nil
  }

  /// Removes everything: nothing was done yet that anybody must know of.
  public func discard() { try? FileManager.default.removeItem(atPath: staging) }
}
