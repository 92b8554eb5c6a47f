import EvidenceBundle

/// All files of a bundle, without following links.
struct FileTree {
  /// The sizes of plain files.
  private(set) var files = PathTable<UInt64>()
  private(set) var problems: [String] = []

  init(_ bundle: String) {
    do throws(BundleError) { try walk(OpenDirectory(bundle), "", 0) } catch {
      problems.append("cannot be read: \(bundle)")
    }
    // Nothing stands twice: names of one directory differ.
    _ = files.sort()
  }

  private mutating func walk(_ directory: OpenDirectory, _ path: String, _ depth: Int) throws(BundleError) {
    guard depth < BundleLayout.maximumDepth, files.count < BundleLayout.maximumFiles else {
      problems.append("too deep or too many files: \(path)")
      return
    }
    for entry in try directory.entries().sorted(by: { $0.name < $1.name }) {
      let relative = path.isEmpty ? entry.name : "\(path)/\(entry.name)"
      if !BundleLayout.isAllowed(relative) { problems.append("name with other letters than bundles use: \(relative)") }
      do throws(BundleError) {
        switch entry.kind {
        case .directory: try walk(OpenDirectory(entry.name, in: directory), relative, depth + 1)
        case .file: files.append(relative.utf8, try directory.status(of: entry.name).byteCount)
        case .other: problems.append("link or special file: \(relative)")
        }
      } catch { problems.append("cannot be read: \(relative)") }
    }
  }
}
