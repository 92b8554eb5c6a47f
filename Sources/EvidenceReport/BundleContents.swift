import EvidenceBundle
import EvidenceModel
import Foundation

/// What a bundle holds, as far as the report needs it; a bundle may be damaged or hostile, so nothing here is trusted.
struct BundleContents {
  let path: String

  /// Documents larger than this are not shown.
  static let maximumDocument = 64 << 20

  /// The kinds of records, in order.
  ///
  /// They are the files' names without `.ndjson`; names that bundles do not use are left out.
  func kinds() -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path + "/data/records")) ?? []
    return names.filter { $0.hasSuffix(".ndjson") }.map { String($0.dropLast(7)) }
      .filter { !$0.isEmpty && $0.utf8.count <= 64 && LocalLink.isPlain($0) }.sorted()
  }

  func records(_ kind: String) -> RecordFile { RecordFile(path: "\(path)/\(BundleLayout.records)/\(kind).ndjson") }

  /// Reads a JSON document; nil when there is none or it cannot be used.
  func document(_ name: String) -> Fields? {
    let whole = "\(path)/\(name)"
    guard let size = size(name), size <= Self.maximumDocument, let data = FileManager.default.contents(atPath: whole)
    else { return nil }
    return ValueReader.fields([UInt8](data))
  }

  /// The size of a file in bytes; nil when there is none.
  func size(_ name: String) -> Int64? {
    let whole = "\(path)/\(name)"
    return isRegularFile(whole) ? Int64(clamping: fileSize(whole)) : nil
  }

  /// The custody events' names in order; limit: 999,999.
  func events() -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path + "/custody")) ?? []
    return names.filter { name in
      name.utf8.count == 11 && name.hasSuffix(".json") && name.utf8.prefix(6).allSatisfy { (0x30...0x39).contains($0) }
    }.sorted()
  }

  /// Whether anybody has sealed it so far.
  var isSealed: Bool { size("seal/seal.txt") != nil }

  /// Where an artefact that we made lies, by its SHA-256; nil when it is not there.
  func artefact(_ sha256: String, extensions: [String]) -> String? {
    guard sha256.utf8.count == 64, LocalLink.isPlain(sha256) else { return nil }
    return extensions.lazy.map { "data/artefacts/\(sha256.prefix(2))/\(sha256).\($0)" }.first { size($0) != nil }
  }

  /// The way from a directory to the bundle, as it stands in links, with a slash at its end; both as they are on disk.
  func prefix(from output: String) -> String {
    let home = URL(filePath: path).resolvingSymlinksInPath().standardizedFileURL.pathComponents
    let start = URL(filePath: output).resolvingSymlinksInPath().standardizedFileURL.pathComponents
    let shared = zip(home, start).prefix { $0 == $1 }.count
    let steps =
      Array(repeating: "..", count: start.count - shared) + home.dropFirst(shared).map { LocalLink.encoded($0) }
    return steps.joined(separator: "/") + (steps.isEmpty ? "" : "/")
  }
}
