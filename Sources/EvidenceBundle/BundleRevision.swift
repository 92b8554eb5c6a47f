import CKernel
import Foundation
import Synchronization

/// A changed copy of a complete bundle that takes the bundle's name at once, so that a killed command leaves the old state or the new one.
///
/// It grows beside the bundle as `BUNDLE.revision-PID`, with hard links to every file that stays. The two names are then
/// exchanged (renameat2, RENAME_EXCHANGE). File systems without exchange: the old one is renamed to `BUNDLE.before-PID` first, and
/// the next revision puts it back when a kill came between. One process at a time: the bundle's directory is locked (flock).
@safe public final class BundleRevision {
  /// The bundle, with links in its path resolved.
  public let bundle: String
  /// Where the changed copy grows.
  public let staging: String
  /// What former commands that were killed left beside the bundle and was removed, by name.
  public let leftovers: [String]
  private let lock: Int32
  private let stagingLock: Int32
  /// The making of the copy, which needs one core and leaves the others to whoever reads the bundle meanwhile.
  private let copying: Beside<BundleError?>
  private let isGivenUp = Flag()
  private var isDone = false
  private var isReleased = false

  /// Takes hold of the bundle at `path` and begins to make the copy. Throws when there is none, another command holds it, the file
  /// system has no hard links, or nothing can be made or removed beside the bundle.
  public init(of path: String) throws(BundleError) {
    try Self.restore(path)
    bundle = try Self.resolved(path)
    guard let lock = BundleWriter.lock(bundle) else {
      throw BundleError(.system, bundle, "it cannot be locked: another command is changing it, or it is no directory")
    }
    self.lock = lock
    guard Self.isSame(lock, bundle) else {
      close(lock)
      throw BundleError(.system, bundle, "another command has just changed it; try again")
    }
    do throws(BundleError) {
      leftovers = try Self.removeLeftovers(of: bundle)
      staging = "\(bundle).revision-\(getpid())"
      try BundleWriter.makeDirectory(staging, isNew: true)
      try Self.probe(bundle, staging)
    } catch {
      close(lock)
      throw error
    }
    stagingLock = BundleWriter.lock(staging) ?? -1
    copying = Beside { [bundle, staging, isGivenUp] in
      do throws(BundleError) {
        var copy = Copy(isGivenUp: isGivenUp)
        try copy.link(OpenDirectory(bundle), OpenDirectory(staging), bundle, 0)
        return nil
      } catch { return error }
    }
  }

  deinit { discard() }

  /// Waits until the copy is made. Throws when the bundle has links or special files in it, or the file system cannot do it.
  public func waitForCopy() throws(BundleError) {
    if let error = copying.wait() { throw error }
  }

  /// Removes the copy, unless it was committed, and lets go of the bundle.
  public func discard() {
    guard !isReleased else { return }
    isReleased = true
    isGivenUp.raise()
    _ = copying.wait()
    if !isDone { try? OpenDirectory.remove(staging) }
    if stagingLock >= 0 { close(stagingLock) }
    close(lock)
  }

  // MARK: What former commands left

  /// Puts a bundle back that a killed command had renamed; only where the file system cannot exchange names.
  private static func restore(_ path: String) throws(BundleError) {
    let target = BundleWriter.withoutLastSlashes(path)
    guard !BundleWriter.exists(target) else { return }
    for name in siblings(of: target, "before") {
      // Safe: both paths are strings of ours; nothing stands at the target.
      guard unsafe rename(name, target) == 0 else { throw .system(target, errno) }
      return
    }
  }

  private static func siblings(of target: String, _ word: String) -> [String] {
    let parent = BundleWriter.parent(of: target)
    let prefix = (target as NSString).lastPathComponent + ".\(word)-"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    return names.filter { $0.hasPrefix(prefix) && pid_t($0.dropFirst(prefix.count)) != nil }.sorted()
      .map { (parent as NSString).appendingPathComponent($0) }
  }

  /// Removes copies that no process holds: the bundle itself is whole, before a change or after it.
  private static func removeLeftovers(of bundle: String) throws(BundleError) -> [String] {
    var removed: [String] = []
    for path in siblings(of: bundle, "revision") + siblings(of: bundle, "before") {
      guard let lock = BundleWriter.lock(path) else { continue }
      defer { close(lock) }
      do { try OpenDirectory.remove(path) } catch {
        throw BundleError(.system, path, "what a killed command left cannot be removed")
      }
      removed.append((path as NSString).lastPathComponent)
    }
    return removed
  }

  private static func resolved(_ path: String) throws(BundleError) -> String {
    // Safe: the path is a string of ours; the result is ours to free.
    guard let text = unsafe realpath(path, nil) else { throw .system(path, errno) }
    defer { unsafe free(text) }
    return unsafe String(cString: text)
  }

  private static func isSame(_ descriptor: Int32, _ path: String) -> Bool {
    var (held, named) = (stat(), stat())
    // Safe: the path is a string of ours, and the structures variables of ours.
    return unsafe fstat(descriptor, &held) == 0 && lstat(path, &named) == 0 && held.st_ino == named.st_ino
      && held.st_dev == named.st_dev
  }

  // MARK: The copy

  /// Says to a thread that nobody waits for its work any more.
  private final class Flag: Sendable {
    private let value = Atomic(false)
    var isRaised: Bool { value.load(ordering: .relaxed) }
    func raise() { value.store(true, ordering: .relaxed) }
  }

  /// One thread: a second one waits for the journal of the file system most of the time.
  private struct Copy {
    let isGivenUp: Flag
    private var count = 0

    init(isGivenUp: Flag) { self.isGivenUp = isGivenUp }

    /// Links the files of a directory into another one, and so on with the directories in it.
    mutating func link(
      _ source: OpenDirectory, _ target: OpenDirectory, _ path: String, _ depth: Int
    ) throws(BundleError) {
      guard depth < BundleLayout.maximumDepth else {
        throw BundleError(.malformed, path, "directories are nested too deep")
      }
      for entry in try source.entries() {
        guard !isGivenUp.isRaised else { throw BundleError(.system, path, "its copy was given up") }
        let (name, inner) = (entry.name, "\(path)/\(entry.name)")
        switch entry.kind {
        case .directory:
          // Safe here and below: the names are strings of ours.
          guard unsafe mkdirat(target.descriptor, name, 0o755) == 0 else { throw .system(inner, errno) }
          try link(OpenDirectory(name, in: source), OpenDirectory(name, in: target), inner, depth + 1)
        case .file:
          count += 1
          guard count <= BundleLayout.maximumFiles else {
            throw BundleError(.malformed, path, "the bundle has too many files")
          }
          guard unsafe linkat(source.descriptor, name, target.descriptor, name, 0) == 0 else {
            throw BundleRevision.linkError(inner, errno)
          }
        case .other:
          throw BundleError(.malformed, inner, "a link or special file has no place in a bundle")
        }
      }
    }
  }

  /// Tries one hard link, so that nothing long is begun where there can be none: then `staging` is removed. Any other fault shows when
  /// the copy is made.
  private static func probe(_ bundle: String, _ staging: String) throws(BundleError) {
    let (source, target) = ("\(bundle)/\(BundleLayout.declaration)", "\(staging)/\(BundleLayout.declaration)")
    // Safe here and below: the paths are strings of ours.
    guard unsafe linkat(AT_FDCWD, source, AT_FDCWD, target, 0) != 0 else {
      unsafe _ = unlink(target)
      return
    }
    let number = errno
    guard lacksLinks(number) else { return }
    try? OpenDirectory.remove(staging)
    throw linkError(source, number)
  }

  private static func lacksLinks(_ number: Int32) -> Bool { [EPERM, EOPNOTSUPP, ENOSYS, EXDEV].contains(number) }

  private static func linkError(_ path: String, _ number: Int32) -> BundleError {
    guard lacksLinks(number) else { return .system(path, number) }
    return BundleError(
      .system, path,
      "this file system has no hard links; copy the bundle to one that has (ext4, xfs, btrfs) and work there")
  }

  // MARK: Changes

  /// The path of a file of the copy.
  public func path(_ name: String) -> String { "\(staging)/\(name)" }

  /// Writes a file whole, in place of one that stood there; the bundle's own file is not touched.
  public func write(_ bytes: [UInt8], to name: String) throws(BundleError) {
    try replace(name)
    try BundleWriter.write(bytes, to: path(name))
  }

  /// Makes room for a new file: the directories above it, and the name free.
  public func replace(_ name: String) throws(BundleError) {
    try waitForCopy()
    var parent = staging
    for part in name.split(separator: "/").dropLast() {
      parent += "/" + part
      try BundleWriter.makeDirectory(parent, isNew: false)
    }
    // Safe: the path is a string of ours.
    guard unsafe unlink(path(name)) == 0 || errno == ENOENT else { throw .system(path(name), errno) }
  }

  // MARK: The end

  /// Waits for the disk and gives the copy the bundle's name; the former state is then removed.
  public func commit() throws(BundleError) {
    try waitForCopy()
    try synchronise()
    let parent = BundleWriter.parent(of: bundle)
    guard Self.isSame(lock, bundle) else {
      throw BundleError(.system, bundle, "it was replaced by somebody else meanwhile")
    }
    // Safe: both paths are strings of ours.
    if unsafe exhibit_exchange(staging, bundle) == 0 {
      // From here on the bundle is the new one, and what is left the old one.
      isDone = true
      try BundleWriter.synchronise(parent)
      try? OpenDirectory.remove(staging)
    } else {
      guard [EINVAL, ENOSYS, EOPNOTSUPP].contains(errno) else { throw .system(bundle, errno) }
      try renameTwice(parent)
    }
    isDone = true
  }

  private func renameTwice(_ parent: String) throws(BundleError) {
    let before = "\(bundle).before-\(getpid())"
    // Safe here and below: the paths are strings of ours.
    guard unsafe rename(bundle, before) == 0 else { throw .system(bundle, errno) }
    guard unsafe rename(staging, bundle) == 0 else {
      let number = errno
      unsafe _ = rename(before, bundle)
      throw .system(bundle, number)
    }
    try BundleWriter.synchronise(parent)
    try? OpenDirectory.remove(before)
  }

  private func synchronise() throws(BundleError) {
    // Files were synchronised as they were written; what remains are the directories. One call for the whole file system is faster
    // than one for each of hundreds of directories.
    guard exhibit_synchronise(lock) == 0 else { throw .system(staging, errno) }
  }
}
