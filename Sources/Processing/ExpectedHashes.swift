import EvidenceBundle
import EvidenceModel
import Foundation

/// Hashes that came with the originals, as `sha256sum` writes them.
struct ExpectedHashes {
  private var hashes: [(name: String, hash: ContentHash)] = []

  /// Reads a list. Throws when a line is none.
  init(path: String) throws(ProcessingError) {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ProcessingError(.input, path, "the list of expected hashes cannot be read")
    }
    for line in String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
      guard let (digits, name) = SumLine.parse(line, digits: 64), let hash = ContentHash(hex: digits) else {
        throw ProcessingError(
          .expectation, path, "this line is not of the form that sha256sum writes: \(line.prefix(100))")
      }
      hashes.append((name, hash))
    }
  }

  /// The hash for an original, by its whole name, or else by its last part.
  func hash(for path: String) -> ContentHash? {
    let last = (path as NSString).lastPathComponent
    return (hashes.first { $0.name == path } ?? hashes.first { ($0.name as NSString).lastPathComponent == last })?.hash
  }

  /// Compares; throws when an original is not listed or differs.
  func check(_ original: OriginalIntake) throws(ProcessingError) {
    guard let expected = hash(for: original.givenPath) else {
      throw ProcessingError(.expectation, original.givenPath, "no expected hash is listed for it")
    }
    guard original.hash == expected else {
      throw ProcessingError(
        .expectation, original.givenPath,
        "its SHA-256 is \(original.hash?.hex ?? "unknown"), expected was \(expected.hex)")
    }
  }
}
