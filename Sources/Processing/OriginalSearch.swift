import EvidenceModel
import Fingerprinting
import Foundation

/// Finds originals again: in a bundle, where they lay, or in a directory, by their SHA-256.
struct OriginalSearch {
  /// Files of a directory that are looked at, and how deep.
  static let maximumFiles = 1_000_000
  static let maximumDepth = 32

  private let bundle: String
  private let directory: String?
  private var files: [UInt64: [String]] = [:]
  private var count = 0
  private var known: [String: ContentHash] = [:]

  /// `directory` is looked through for originals when it is given; otherwise they are taken from the bundle, or from where they lay.
  init(bundle: String, directory: String?) throws(ProcessingError) {
    self.bundle = bundle
    self.directory = directory
    guard let directory else { return }
    var isDirectory: ObjCBool = false
    // Safe: the flag is a variable of ours.
    guard unsafe FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue
    else { throw ProcessingError(.input, directory, "there is no directory here") }
    walk(directory, 0)
  }

  private mutating func walk(_ directory: String, _ depth: Int) {
    guard depth < Self.maximumDepth else { return }
    for name in ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).sorted() {
      guard count < Self.maximumFiles else { return }
      let path = "\(directory)/\(name)"
      var status = stat()
      // Safe: the path is a string of ours, and the structure a variable of ours.
      guard unsafe lstat(path, &status) == 0 else { continue }
      if status.st_mode & S_IFMT == S_IFLNK, unsafe stat(path, &status) != 0 || status.st_mode & S_IFMT != S_IFREG {
        continue
      }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: walk(path, depth + 1)
      case S_IFREG:
        count += 1
        files[UInt64(status.st_size), default: []].append(path)
      default: continue
      }
    }
  }

  /// What became of the search for one original.
  enum Found {
    case same(OriginalIntake)
    /// It is there under its name and is not what it was.
    case other(path: String, hash: ContentHash)
  }

  /// Finds one original and hashes it. Throws when it is not there.
  mutating func find(_ original: RunSettings.Original, progress: (UInt64) -> Void) throws(ProcessingError) -> Found {
    let path: String
    if directory != nil {
      guard let found = try look(for: original, progress) else {
        let words = "\(original.name) is not in \(directory ?? ""): \(original.byteCount) bytes with the SHA-256"
        throw ProcessingError(.input, original.givenPath, "\(words) \(original.hash.hex)")
      }
      path = found
    } else if let copy = original.path {
      path = "\(bundle)/\(copy)"
    } else {
      path = try place(of: original)
    }
    return try take(original, path, progress)
  }

  private func take(
    _ original: RunSettings.Original, _ path: String, _ progress: (UInt64) -> Void
  ) throws(ProcessingError) -> Found {
    var intake = try OriginalIntake(original.number, path)
    let hash: ContentHash
    if let read = known[path] {
      hash = read
    } else {
      hash = try OriginalIntake.read(path, into: nil, progress: progress)
    }
    guard hash == original.hash else { return .other(path: path, hash: hash) }
    intake.hash = hash
    return .same(intake)
  }

  /// Where an original lay that was not copied, when it still lies there.
  private func place(of original: RunSettings.Original) throws(ProcessingError) -> String {
    let lines = String(
      decoding: try Document.bytes(at: "\(bundle)/meta/external-sha256.txt", what: "the list of originals"),
      as: UTF8.self)
    for line in lines.split(separator: "\n") where line.hasPrefix("\(original.hash.hex)  ") {
      let path = String(line.dropFirst(66))
      if FileManager.default.fileExists(atPath: path) { return path }
    }
    throw ProcessingError(
      .input, original.givenPath,
      "\(original.name) is not in the bundle and no longer where it lay; name its directory with --originals")
  }

  /// A file with the original's content; or else one with its name, for what became of it; nil when there is neither.
  private mutating func look(
    for original: RunSettings.Original, _ progress: (UInt64) -> Void
  ) throws(ProcessingError) -> String? {
    let names = [original.givenPath, original.path].compactMap { $0.map { ($0 as NSString).lastPathComponent } }
    let isNamed = { (path: String) in names.contains((path as NSString).lastPathComponent) }
    let fitting = files[original.byteCount] ?? []
    for path in fitting.filter(isNamed) + fitting.filter({ !isNamed($0) }) {
      if known[path] == nil { known[path] = try OriginalIntake.read(path, into: nil, progress: progress) }
      if known[path] == original.hash { return path }
    }
    return files.values.joined().filter(isNamed).min()
  }
}
