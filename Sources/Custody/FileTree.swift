import EvidenceBundle
public import EvidenceModel
import Foundation

/// All files of a bundle, without following links.
struct FileTree {
  private(set) var files: Set<String> = []
  private(set) var sizes: [String: UInt64] = [:]
  private(set) var problems: [String] = []

  init(_ bundle: String) { walk(bundle, "", 0) }

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
      case S_IFREG:
        files.insert(relative)
        sizes[relative] = UInt64(status.st_size)
      default: problems.append("link or special file: \(relative)")
      }
    }
  }
}

/// A list as `sha256sum` writes it.
public struct ManifestFile: Sendable {
  public private(set) var entries: [String: ContentHash] = [:]
  private(set) var problems: [String] = []
  let exists: Bool

  /// Reads the list; one that is `sorted` must have its paths in the order of their bytes.
  public init(_ bundle: String, _ name: String, sorted isSorted: Bool = true) {
    let data = BundleFile.read("\(bundle)/\(name)", limit: BundleFile.largeLimit)
    exists = data != nil
    guard let data else {
      problems = ["\(name) is missing"]
      return
    }
    if let last = data.last, last != 0x0a { problems.append("\(name) does not end with a line feed") }
    var former = ""
    var rest = data[...]
    while !rest.isEmpty, problems.count <= BundleVerifier.maximumDetails {
      let bytes = rest.prefix { $0 != 0x0a }
      rest = rest.dropFirst(bytes.count + 1)
      let line = String(decoding: bytes, as: UTF8.self)
      // Paths within a bundle have no letters that would be escaped.
      guard let (digits, path) = SumLine.parse(line, digits: 64), let hash = ContentHash(hex: digits),
        !isSorted || line.dropFirst(64).hasPrefix("  ")
      else {
        problems.append("\(name) has a line of another form: \(line.prefix(80))")
        continue
      }
      if entries.updateValue(hash, forKey: path) != nil { problems.append("\(name) lists twice: \(path)") }
      if isSorted, path.utf8.lexicographicallyPrecedes(former.utf8) {
        problems.append("\(name) is not in the order of paths: \(path)")
      }
      former = path
    }
  }
}
