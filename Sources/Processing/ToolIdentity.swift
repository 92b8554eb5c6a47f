import EvidenceModel
import Fingerprinting
import Foundation

/// Which program ran, on what: version and SHA-256 of the binary, the loaded libraries and the type database.
struct ToolIdentity: Sendable {
  let executable: String
  let executableHash: ContentHash
  let libraries: [(path: String, hash: ContentHash)]
  let system: String

  /// Who only needs `event` says `isWhole: false`: hashing a hundred libraries takes longer than most commands.
  init(isWhole: Bool = true) throws(ProcessingError) {
    let path: String
    do { path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") } catch {
      throw ProcessingError(.defect, "/proc/self/exe", "\(error)")
    }
    executable = path
    executableHash = try OriginalIntake.read(path, into: nil) { _ in }
    var found: [(path: String, hash: ContentHash)] = []
    for library in isWhole ? Self.loadedLibraries() : [] {
      if let hash = try? OriginalIntake.read(library, into: nil, progress: { _ in }) { found.append((library, hash)) }
    }
    libraries = found
    var name = utsname()
    unsafe _ = uname(&name)
    system =
      "\(Self.text(name.sysname)) \(Self.text(name.release)) \(Self.text(name.machine))"
  }

  private static func loadedLibraries() -> [String] {
    var paths = Set<String>()
    for line in memoryMaps.split(separator: "\n") {
      guard let start = line.firstIndex(of: "/") else { continue }
      let path = String(line[start...])
      if path.contains(".so") { paths.insert(path) }
    }
    for database in FileTypeIdentifier.databasePaths {
      paths.insert(Self.onDisk(database))
    }
    return paths.sorted()
  }

  /// What the kernel says of this process's memory; proc(5).
  ///
  /// (`FileManager.contents` takes the file's size from the system, which says 0, and reads the first 4,096 bytes.)
  private static var memoryMaps: String {
    // Safe: the path is a string of ours.
    let descriptor = unsafe open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      // Safe: the count is that of the array.
      let count = unsafe read(descriptor, &buffer, buffer.count)
      guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
      bytes += buffer.prefix(count)
    }
  }

  private static func onDisk(_ path: String) -> String {
    URL(filePath: path).resolvingSymlinksInPath().path(percentEncoded: false)
  }

  private static func text<T>(_ characters: T) -> String {
    // Safe: the system ends its texts with a zero inside the array.
    unsafe withUnsafeBytes(of: characters) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  /// The short form for custody events.
  var event: Value {
    var fields: Fields = [
      "name": "exhibit", "version": .text(ToolVersion.text), "sha256": .text(executableHash.hex), "os": .text(system),
    ]
    if let commit = ToolVersion.commit { fields.set("commit", commit) }
    return .object(fields)
  }

  /// The long form for meta/bundle.json.
  var document: Value {
    guard case .object(var fields) = event else { return event }
    fields.set(
      "libraries",
      .list(libraries.map { .object(["path": .text($0.path), "sha256": .text($0.hash.hex)]) }))
    return .object(fields)
  }
}
