import EvidenceBundle
import Foundation

/// All files of a bundle, without following links.
struct FileTree {
  /// The sizes of plain files.
  private(set) var files = PathTable<UInt64>()
  private(set) var problems: [String] = []

  init(_ bundle: String) {
    walk(bundle, "", 0)
    // Nothing stands twice: names of one directory differ.
    _ = files.sort()
  }

  private mutating func walk(_ bundle: String, _ directory: String, _ depth: Int) {
    guard depth < BundleLayout.maximumDepth, files.count < BundleLayout.maximumFiles else {
      problems.append("too deep or too many files: \(directory)")
      return
    }
    let path = directory.isEmpty ? bundle : "\(bundle)/\(directory)"
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
      problems.append("cannot be read: \(directory.isEmpty ? bundle : directory)")
      return
    }
    for name in names.sorted() {
      let relative = directory.isEmpty ? name : "\(directory)/\(name)"
      var status = stat()
      // Safe: the path is a string of ours, and the structure a variable of ours.
      guard unsafe lstat("\(path)/\(name)", &status) == 0 else {
        problems.append("cannot be read: \(relative)")
        continue
      }
      if !BundleLayout.isAllowed(relative) { problems.append("name with other letters than bundles use: \(relative)") }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: walk(bundle, relative, depth + 1)
      case S_IFREG: files.append(relative.utf8, UInt64(status.st_size))
      default: problems.append("link or special file: \(relative)")
      }
    }
  }
}
