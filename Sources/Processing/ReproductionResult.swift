public import EvidenceModel

/// What came of making a bundle's content again from its originals.
public struct ReproductionResult: Sendable {
  /// One file that is not what the bundle says.
  struct Difference: Sendable {
    enum Kind: String, Sendable {
      /// An original is not the one that the bundle was made from.
      case originalChanged
      /// A file in the bundle is not what its manifest lists, or is gone.
      case bundleChanged, bundleMissing
      /// What was made now has other bytes; was not made again; is not in the bundle.
      case changed, notMadeAgain, notInBundle

      var words: String {
        switch self {
        case .originalChanged: "it is not the original that the bundle was made from"
        case .bundleChanged: "the file in the bundle is not what its manifest lists"
        case .bundleMissing: "the file is not in the bundle, though its manifest lists it"
        case .changed: "made again with other bytes"
        case .notMadeAgain: "in the bundle, and not made again"
        case .notInBundle: "made now, and not in the bundle"
        }
      }
    }
    let path: String
    let kind: Kind
    var expected: ContentHash?
    var found: ContentHash?

    var value: Value {
      var fields: Fields = ["path": .text(path), "kind": .text(kind.rawValue)]
      if let expected { fields.set("expected", expected.hex) }
      if let found { fields.set("found", found.hex) }
      return .object(fields)
    }
  }

  /// Differing files that are named; all are counted.
  static let maximumNamed = 500

  let bundlePath: String
  let identifier: String
  let tagManifest: String
  let manifest: ContentHash
  let head: String
  let tool: ToolComparison
  let time: String
  private(set) var differences: [Difference] = []
  private(set) var differenceCount: UInt64 = 0
  var records: [RecordComparison] = []
  /// Crashes of this run that the bundle's run did not have.
  var newExclusions: Value?
  /// What else a reader must know to judge the comparison.
  var notes: [String] = []
  var comparedFiles: UInt64 = 0
  var comparedBytes: UInt64 = 0

  init(
    bundlePath: String, identifier: String, tagManifest: String, manifest: ContentHash, head: String,
    tool: ToolComparison, time: String
  ) {
    self.bundlePath = bundlePath
    self.identifier = identifier
    self.tagManifest = tagManifest
    self.manifest = manifest
    self.head = head
    self.tool = tool
    self.time = time
  }

  mutating func note(_ difference: Difference) {
    differenceCount += 1
    if differences.count < Self.maximumNamed { differences.append(difference) }
  }

  public var isSame: Bool { differenceCount == 0 }

  /// The result as a document; docs/format.md describes it.
  public var document: Fields {
    var fields: Fields = ["version": 1, "type": "reproduce", "bundle": .text(identifier)]
    fields.set("tagManifestSha256", tagManifest)
    fields.set("manifestSha256", manifest.hex)
    fields.set("headSha256", head)
    fields.set("tool", .object(tool.here))
    fields.set("madeBy", .object(tool.madeBy))
    fields.set("comparedTools", tool.value)
    fields.set("same", isSame)
    var compared: Fields = [:]
    compared.set("files", comparedFiles)
    compared.set("bytes", comparedBytes)
    fields.set("compared", .object(compared))
    fields.set("differences", .list(differences.map(\.value)))
    fields.set("differenceCount", differenceCount)
    if !records.isEmpty { fields.set("records", .list(records.map(\.value))) }
    if let newExclusions { fields.set("newExclusions", newExclusions) }
    fields.set("notes", .list(notes.map { .text($0) }))
    fields.set("time", time)
    return fields
  }

  /// The result for people.
  public var lines: [String] {
    var lines = tool.lines + notes.map { "note: \($0)" }
    for difference in differences.prefix(300) {
      lines.append("DIFFERS  \(difference.path): \(difference.kind.words)")
      if let expected = difference.expected, let found = difference.found {
        lines.append("           expected \(expected.hex)")
        lines.append("           found    \(found.hex)")
      }
    }
    if differenceCount > 300 { lines.append("DIFFERS  and \(differenceCount - 300) more files") }
    lines += records.map(\.words)
    let amount = "\(comparedFiles) \(comparedFiles == 1 ? "file" : "files") of \(comparedBytes) bytes"
    lines.append(
      isSame
        ? "\(bundlePath): reproduced; \(amount) made again from the originals, all equal"
        : "\(bundlePath): not reproduced; \(amount) compared, \(differenceCount) differ")
    return lines
  }
}
