import EvidenceModel
import Foundation

/// What a worker process is told to do, as a JSON file in the scratch directory.
struct WorkOrder: Codable, Sendable {
  struct Original: Codable, Sendable {
    var number: UInt16
    /// Where its bytes are read: the copy in the bundle, the original itself, or its expanded form.
    var path: String
  }
  struct Exclusion: Codable, Sendable, Hashable {
    /// Who is kept from what: a decoder, or `packets`, `expansion`, `witness`, `audio`, `recording`, `inspection`, `document` or `picture`.
    var part: String
    /// Where that begins; packet 0 stands for all of the original, and original 0 for everything.
    var original: UInt16
    var packet: UInt64
    /// How the worker ended, in words.
    var cause: String
    /// The SHA-256 of the one file there that is meant; nil for all of it.
    var file: String?

    init(_ part: String, _ position: PacketPosition, _ cause: String, file: String? = nil) {
      self.file = file
      self.part = part
      original = position.original
      packet = position.packet
      self.cause = cause
    }

    var position: PacketPosition { PacketPosition(original: original, packet: packet) }
  }

  /// A set of hashes that files are looked up in.
  struct HashSet: Codable, Sendable {
    var number: Int
    var path: String
    /// The path as the user gave it.
    var givenPath: String
    var name: String
    /// Its SHA-256.
    var digest: String
    var isKnownGood: Bool
  }

  /// A file of YARA rules.
  struct RuleFile: Codable, Sendable {
    var path: String
    /// The path as the user gave it.
    var givenPath: String
    var name: String
    /// Its SHA-256.
    var digest: String
  }

  /// The directory in which all workers of a run leave their results.
  var scratch: String
  /// The number of this worker; it names its files.
  var worker: Int
  var originals: [Original]
  var slices: [UInt8] = []
  var filter: String?
  /// The link types that private ones (DLT_USER0 to 15, 147 to 162) stand for.
  var userLinks: [Int: UInt16] = [:]
  var exclusions: [Exclusion] = []
  var hashSets: [HashSet] = []
  var rules: [RuleFile] = []
  /// How far a former run expanded the originals on which it crashed, for a run that repeats it.
  var expandedBytes: [UInt16: UInt64] = [:]
  /// What the sandbox of earlier stages could not hold.
  var missingProtection: [String] = []
  /// The bundle as it grows, for the report.
  var bundle: String?
  /// How many shard workers there were, for the stages behind them.
  var shardCount = 0
  var renderCount = 0
  var examineCount = 0
  var inspectCount = 0
  /// The process that the worker ends with, and whose status page it inherits; nil when another scheduler starts it.
  var supervisor: Int32?

  /// What `part` is kept from.
  func exclusions(of part: String) -> Set<PacketPosition> {
    Set(exclusions.filter { $0.part == part }.map(\.position))
  }

  /// Whether `part` is kept from a file that stands at `position`; an original itself has no hash here.
  func leavesOut(_ part: String, _ position: PacketPosition, _ file: ContentHash?) -> Bool {
    exclusions.contains {
      $0.part == part && ($0.original == 0 || $0.position == position && $0.file == file?.hex)
    }
  }

  func write(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try encoder.encode(self).write(to: URL(filePath: path))
  }

  static func read(from path: String) throws -> WorkOrder {
    try JSONDecoder().decode(WorkOrder.self, from: Data(contentsOf: URL(filePath: path)))
  }
}

/// The names of files in the scratch directory.
struct ScratchLayout: Sendable {
  let root: String
  init(_ root: String) { self.root = root }

  func order(_ stage: String, _ worker: Int) -> String { "\(root)/\(stage)-\(worker).order.json" }
  func runs(_ stage: String, _ worker: Int) -> String { "\(root)/\(stage)-\(worker).runs" }
  func facts(_ worker: Int) -> String { "\(root)/shard-\(worker).facts" }
  /// Where a shard keeps media packets that stand nowhere together in the original.
  func media(_ worker: Int) -> String { "\(root)/shard-\(worker).media" }
  func streams(_ worker: Int) -> String { "\(root)/shard-\(worker).streams" }
  func ledger(_ stage: String, _ worker: Int) -> String { "\(root)/\(stage)-\(worker).ledger.json" }
  /// Where a render worker keeps the payloads that it decrypted, one call's at a time.
  func decrypted(_ worker: Int) -> String { "\(root)/render-\(worker).decrypted" }
  /// Where a render worker keeps the frames and the file of a video, one stream's at a time.
  func video(_ worker: Int, _ part: String) -> String { "\(root)/render-\(worker).\(part)" }
  /// Where an examining worker keeps the samples of a recording's stream, one recording at a time.
  func samples(_ worker: Int, _ stream: Int) -> String { "\(root)/examine-\(worker).samples-\(stream)" }
  /// Where an examining worker leaves the acoustic fingerprints of what it heard.
  func fingerprints(_ worker: Int) -> String { "\(root)/examine-\(worker).fingerprints" }
  func expanded(_ original: UInt16) -> String { "\(root)/expanded-\(original)" }
  var preparation: String { "\(root)/prepare.json" }
  var witness: String { "\(root)/witness.json" }
  func artefacts(_ stage: String, _ worker: Int) -> String { "\(root)/\(stage)-\(worker).artefacts" }
  func sandbox(_ stage: String, _ worker: Int) -> String { "\(root)/\(stage)-\(worker).sandbox.json" }
  /// Where the index of a set of hashes stands, and what was found in it.
  func hashSet(_ number: Int) -> String { "\(root)/hash-set-\(number)" }
  func hashSetReport(_ number: Int) -> String { "\(root)/hash-set-\(number).json" }
  var records: String { "\(root)/records" }
  var ledgerDocument: String { "\(root)/ledger.json" }
  var report: String { "\(root)/report.json" }
  var picture: String { "\(root)/picture.json" }
  var merge: String { "\(root)/merge.json" }
}
