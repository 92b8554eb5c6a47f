import EvidenceBundle
public import EvidenceModel
import Foundation

/// A list as `sha256sum` writes it.
public struct ManifestFile: Sendable {
  public private(set) var entries = PathTable<ContentHash>()
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
    var twice: Set<String> = []
    var lines = ListLines(data)
    while problems.count <= BundleVerifier.maximumDetails, let bytes = lines.next() {
      let order: PathOrder
      if let (hash, path) = Self.plain(bytes) {
        order = entries.append(path, hash)
      } else {
        let line = String(decoding: bytes, as: UTF8.self)
        // Paths within a bundle have no letters that would be escaped.
        guard let (digits, path) = SumLine.parse(line, digits: 64), let hash = ContentHash(hex: digits),
          !isSorted || line.dropFirst(64).hasPrefix("  ")
        else {
          problems.append("\(name) has a line of another form: \(line.prefix(80))")
          continue
        }
        order = entries.append(path.utf8, hash)
      }
      switch order {
      case .behind: break
      case .same:
        problems.append("\(name) lists twice: \(entries.lastKey)")
        twice.insert(entries.lastKey)
      case .before: if isSorted { problems.append("\(name) is not in the order of paths: \(entries.lastKey)") }
      }
    }
    problems += entries.sort().filter { !twice.contains($0) }.map { "\(name) lists twice: \($0)" }
  }

  /// The hash and the path of a line that needs no closer look: two spaces, and nothing but printable ASCII without a backslash.
  private static func plain(_ line: ArraySlice<UInt8>) -> (ContentHash, ArraySlice<UInt8>)? {
    let path = line.dropFirst(66)
    guard !path.isEmpty, path.allSatisfy({ $0 >= 0x20 && $0 < 0x7f && $0 != 0x5c }),
      line[line.startIndex + 64] == 0x20, line[line.startIndex + 65] == 0x20,
      // Safe: the view ends before the line does.
      let hash = ContentHash(lowerCaseDigits: unsafe line.span.bytes.extracting(first: 64))
    else { return nil }
    return (hash, path)
  }
}

/// The lines of a list, without their line feeds.
struct ListLines: IteratorProtocol {
  private let bytes: [UInt8]
  private var start = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func next() -> ArraySlice<UInt8>? {
    guard start < bytes.count else { return nil }
    let end = bytes[start...].firstIndex(of: 0x0a) ?? bytes.count
    defer { start = end + 1 }
    return bytes[start..<end]
  }
}
