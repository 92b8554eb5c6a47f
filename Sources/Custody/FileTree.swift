import EvidenceBundle
import Synchronization

/// All files of a bundle, without following links.
struct FileTree {
  /// The sizes of plain files.
  private(set) var files = PathTable<UInt64>()
  private(set) var problems: [String] = []

  init(_ bundle: String) {
    let walk = Walk()
    // The bundle itself may be named by a link; nothing in it may be one.
    do throws(BundleError) { try walk.read(OpenDirectory("\(bundle)/."), "", 0) } catch {
      walk.note("cannot be read: \(bundle)")
    }
    for (path, byteCount) in walk.found.withLock({ $0.files }) { files.append(path.utf8, byteCount) }
    // Nothing stands twice: names of one directory differ.
    _ = files.sort()
    problems = walk.found.withLock { $0.problems.sorted() }
  }

  /// Goes through directories, several at a time.
  private final class Walk: Sendable {
    let found = Mutex<(files: [(path: String, byteCount: UInt64)], problems: [String])>(([], []))

    func note(_ problem: String) { found.withLock { $0.problems.append(problem) } }

    func read(_ directory: OpenDirectory, _ path: String, _ depth: Int) throws(BundleError) {
      let count = found.withLock { $0.files.count }
      guard depth < BundleLayout.maximumDepth, count < BundleLayout.maximumFiles else {
        return note("too deep or too many files: \(path)")
      }
      let entries = try directory.entries()
      var files: [(path: String, byteCount: UInt64)] = []
      let prefix = path.isEmpty ? "" : "\(path)/"
      for entry in entries {
        let relative = prefix + entry.name
        if !BundleLayout.isAllowed(relative) { note("name with other letters than bundles use: \(relative)") }
        switch entry.kind {
        case .directory: continue
        case .file:
          do throws(BundleError) { files.append((relative, try directory.status(of: entry.name).byteCount)) } catch {
            note("cannot be read: \(relative)")
          }
        case .other: note("link or special file: \(relative)")
        }
      }
      found.withLock { $0.files += files }
      try directory.forEachDirectory(entries) { name throws(BundleError) in
        do throws(BundleError) { try self.read(OpenDirectory(name, in: directory), prefix + name, depth + 1) } catch {
          self.note("cannot be read: \(prefix)\(name)")
        }
      }
    }
  }
}
