import EvidenceBundle
import EvidenceModel
import Foundation

/// A list as `sha512sum` writes it.
struct LongList {
  /// The hashes; nil where the digits are not in lower case, as no file's are.
  private(set) var entries = PathTable<LongHash.Digest?>()
  private var malformed: [String] = []

  /// Reads the file; nil when it cannot be read.
  init?(_ path: String) {
    guard let bytes = BundleFile.read(path, limit: BundleFile.largeLimit) else { return nil }
    if let last = bytes.last, last != 0x0a { malformed.append("does not end with a line feed") }
    var twice: Set<String> = []
    var lines = ListLines(bytes)
    while malformed.count <= BundleVerifier.maximumDetails, let line = lines.next() {
      let digits = line.prefix(128)
      let name = String(decoding: line.dropFirst(130), as: UTF8.self)
      let value = Hexadecimal.decodeLowerCase(digits)
      guard digits.count == 128, line.dropFirst(128).prefix(2).elementsEqual([0x20, 0x20]),
        value != nil || Hexadecimal.decode(String(decoding: digits, as: UTF8.self)) != nil
      else {
        malformed.append(Self.malformed(name))
        continue
      }
      switch entries.append(name.utf8, value.flatMap { LongHash.Digest($0) }) {
      case .behind: break
      case .same:
        malformed.append(Self.malformed(name))
        twice.insert(name)
      case .before: malformed.append("is not in the order of paths: \(name)")
      }
    }
    malformed += entries.sort().filter { !twice.contains($0) }.map { Self.malformed($0) }
  }

  private static func malformed(_ name: String) -> String {
    "has a line of another form, or lists twice: \(name.prefix(80))"
  }

  /// What is not as the list says.
  func problems(_ list: String, _ hashes: FileHashes) -> [String] {
    var problems = malformed.map { "\(list) \($0)" }
    entries.merge(hashes.digests) { place, found in
      guard let place else { return }
      guard let digest = found.flatMap({ hashes.digests.values[$0] }) else {
        return problems.append("missing or cannot be read: \(entries.key(place)), listed by \(list)")
      }
      guard let expected = entries.values[place], let actual = digest.sha512, actual == expected else {
        return problems.append("changed: \(entries.key(place)), by SHA-512 in \(list)")
      }
    }
    return problems
  }
}
