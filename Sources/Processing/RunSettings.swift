import CaptureReading
import EvidenceBundle
import EvidenceModel
import Fingerprinting

/// What meta/bundle.json says of a run, as far as another run needs it to come to the same result.
struct RunSettings: Sendable {
  struct Original: Sendable {
    let number: UInt16
    /// The path as the user gave it to that run.
    let givenPath: String
    /// Where its copy stands in the bundle; nil when it was left where it was.
    let path: String?
    let byteCount: UInt64
    let hash: ContentHash
    var name: OriginalName { OriginalName(number) }
  }
  private(set) var originals: [Original] = []
  let isReference: Bool
  /// A set of hashes that files were looked up in.
  struct HashSet: Sendable {
    let name: String
    let hash: ContentHash
    let isKnownGood: Bool
  }
  private(set) var hashSets: [HashSet] = []
  /// A file of YARA rules.
  struct RuleFile: Sendable {
    let name: String
    let hash: ContentHash
  }
  private(set) var rules: [RuleFile] = []
  /// Name and version of each decoder, in order.
  let decoders: [String]
  let filter: String?
  /// The hash of what the filter meant on that machine.
  let filterProgram: ContentHash?
  private(set) var userLinks: [Int: UInt16] = [:]
  private(set) var former = FormerRun()
  /// The program that made the bundle.
  let tool: Fields

  /// Limits, which a bundle of ours cannot pass.
  static let maximumOriginals = 65_000
  static let maximumExclusions = 100_000

  /// Reads the description of the bundle at `bundle`. Throws when it lacks what a run needs.
  init(bundle: String) throws(ProcessingError) {
    let path = "\(bundle)/\(BundleLayout.bundle)"
    let fields = try Document.fields(at: path, what: "the bundle's description")
    guard fields.integer("version") == 1, let configuration = fields.object("configuration"),
      let tool = fields.object("tool")
    else { throw ProcessingError(.input, path, "it describes no run that this program knows") }
    self.tool = tool
    isReference = fields.text("mode") == "reference"
    decoders = configuration.texts("decoders")
    filter = configuration.text("filter")
    filterProgram = configuration.text("filterProgramSha256").flatMap { ContentHash(hex: $0) }
    former.missingProtection = fields.object("sandbox")?.texts("missing") ?? []
    try readOriginals(fields.objects("originals"), path)
    for link in configuration.texts("userLinks") {
      let parts = link.split(separator: "=")
      guard parts.count == 2, let user = Int(parts[0]), (0...15).contains(user), let type = UInt16(parts[1]) else {
        throw ProcessingError(.input, path, "this is no private link type and its meaning: \(link)")
      }
      userLinks[user] = type
    }
    for set in configuration.objects("hashSets") {
      guard let name = set.text("name"), let hash = set.text("sha256").flatMap({ ContentHash(hex: $0) }),
        let isKnownGood = set.flag("isKnownGood"), hashSets.count < HashSetIntake.maximumCount
      else { throw ProcessingError(.input, path, "a hash set is not complete, or there are too many") }
      hashSets.append(HashSet(name: name, hash: hash, isKnownGood: isKnownGood))
    }
    for file in configuration.objects("rules") {
      guard let name = file.text("name"), let hash = file.text("sha256").flatMap({ ContentHash(hex: $0) }) else {
        throw ProcessingError(.input, path, "a file of rules is not complete")
      }
      rules.append(RuleFile(name: name, hash: hash))
    }
    try readExclusions(configuration, path)
  }

  private mutating func readOriginals(_ list: [Fields], _ path: String) throws(ProcessingError) {
    guard (1...Self.maximumOriginals).contains(list.count) else {
      throw ProcessingError(.input, path, "it names \(list.count) originals")
    }
    for (index, entry) in list.enumerated() {
      let name = OriginalName(UInt16(index + 1))
      guard entry.text("item") == name.description, let given = entry.text("name"), let bytes = entry.count("bytes"),
        let hash = entry.text("sha256").flatMap({ ContentHash(hex: $0) })
      else { throw ProcessingError(.input, path, "its entry for \(name) is not complete") }
      let copy = entry.text("path")
      if let copy {
        guard BundleLayout.isAllowed(copy), copy.hasPrefix(BundleLayout.originals + "/") else {
          throw ProcessingError(.input, path, "\(name) is said to stand outside \(BundleLayout.originals)")
        }
      }
      originals.append(
        Original(number: name.number, givenPath: given, path: copy, byteCount: bytes, hash: hash))
    }
  }

  private mutating func readExclusions(_ configuration: Fields, _ path: String) throws(ProcessingError) {
    let list = configuration.objects("exclusions")
    guard list.count <= Self.maximumExclusions else {
      throw ProcessingError(.input, path, "it names \(list.count) exclusions")
    }
    for entry in list {
      guard let part = entry.text("part"), let cause = entry.text("cause"), let packet = entry.count("packet"),
        let original = entry.text("original").flatMap({ Self.number(ofOriginal: $0) })
      else { throw ProcessingError(.input, path, "an exclusion is not complete") }
      let file = entry.text("sha256").flatMap { ContentHash(hex: $0)?.hex }
      former.exclusions.append(.init(part, PacketPosition(original: original, packet: packet), cause, file: file))
    }
    for entry in configuration.object("expandedBytes")?.entries ?? [] {
      guard let original = Self.number(ofOriginal: entry.name), case .integer(let count) = entry.value,
        let bytes = UInt64(exactly: count)
      else { throw ProcessingError(.input, path, "it says of \(entry.name) no number of expanded bytes") }
      former.expandedBytes[original] = bytes
    }
  }

  private static func number(ofOriginal name: String) -> UInt16? {
    guard name.hasPrefix("O-"), let number = UInt16(name.dropFirst(2)), OriginalName(number).description == name
    else { return nil }
    return number
  }

  // MARK: What a run writes down

  static func value(ofExpandedBytes bytes: [UInt16: UInt64]) -> Value {
    var fields: Fields = [:]
    for (original, count) in bytes { fields.set(OriginalName(original).description, count) }
    return .object(fields)
  }

  /// The hash of what a filter means on this machine.
  static func programHash(ofFilter expression: String) -> ContentHash {
    StreamingHash.hash(of: PacketFilter.instructions(expression))
  }
}
