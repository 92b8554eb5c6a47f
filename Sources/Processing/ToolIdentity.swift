import EvidenceModel
import Fingerprinting
import Foundation

/// Which program ran, on what: version and SHA-256 of the binary, the loaded libraries and the type database.
struct ToolIdentity: Sendable {
  let executable: String
  let executableHash: ContentHash
  let libraries: [(path: String, hash: ContentHash)]
  let system: String

  init() throws(ProcessingError) {
    let path: String
    do { path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") } catch {
      throw ProcessingError(.defect, "/proc/self/exe", "\(error)")
    }
    executable = path
    executableHash = try OriginalIntake.read(path, into: nil) { _ in }
    var found: [(path: String, hash: ContentHash)] = []
    for library in Self.loadedLibraries() {
      if let hash = try? OriginalIntake.read(library, into: nil, progress: { _ in }) { found.append((library, hash)) }
    }
    libraries = found
    var name = utsname()
    unsafe _ = uname(&name)
    system =
      "\(Self.text(name.sysname)) \(Self.text(name.release)) \(Self.text(name.machine))"
  }

  private static func loadedLibraries() -> [String] {
    let maps = String(decoding: FileManager.default.contents(atPath: "/proc/self/maps") ?? Data(), as: UTF8.self)
    var paths = Set<String>()
    for line in maps.split(separator: "\n") {
      guard let start = line.firstIndex(of: "/") else { continue }
      let path = String(line[start...])
      if path.contains(".so") { paths.insert(path) }
    }
    for database in ["/usr/lib/file/magic.mgc", "/usr/share/file/magic.mgc"] {
      if FileManager.default.fileExists(atPath: database) {
        paths.insert(database)
        break
      }
    }
    return paths.sorted()
  }

  private static func text<T>(_ characters: T) -> String {
    // Safe: the system ends its texts with a zero inside the array.
    unsafe withUnsafeBytes(of: characters) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }

  /// The short form for custody events.
  var event: Value {
    .object([
      "name": "exhibit", "version": .text(ToolVersion.text), "sha256": .text(executableHash.hex), "os": .text(system),
    ])
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
