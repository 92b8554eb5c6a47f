import EvidenceModel
import Glibc

/// Reads a set of hashes, of whatever format it shows to be, and writes an index of it into a directory.
public final class HashSetIndexing: HashSetSink {
  private let directory: String
  private let descriptions: IndexFile
  private var sortings: [FileDigest.Algorithm: DigestSorting] = [:]
  private var facts: HashSetFacts
  private var writer = CanonicalJSON()

  static func index(_ algorithm: FileDigest.Algorithm, in directory: String) -> String {
    "\(directory)/\(algorithm.rawValue).index"
  }
  static func descriptions(in directory: String) -> String { "\(directory)/descriptions" }

  private let limits: HashSetLimits
  /// Entries that the set may have, by its size.
  private let maximumEntries: UInt64

  /// Makes the index of the set at `path` in `directory`, a directory that does not exist yet.
  public static func run(
    _ path: String, into directory: String, limits: HashSetLimits = HashSetLimits()
  ) throws(HashSetFault) -> HashSetFacts {
    // Safe: the path is a string of ours.
    guard unsafe mkdir(directory, 0o700) == 0 else { throw .system(errno) }
    let file = try SetFile(path: path)
    let head = try file.beginning(4_096)
    guard !head.isEmpty else { throw HashSetFault("it is empty") }
    let indexing = try HashSetIndexing(directory, Self.format(head), limits, file.byteCount)
    try indexing.read(path, file)
    return try indexing.finish()
  }

  /// What a set is by its first bytes.
  private static func format(_ head: [UInt8]) -> HashSetFacts.Format {
    if head.starts(with: Array("SQLite format 3\0".utf8)) { return .referenceDataSet }
    if head.starts(with: Array("%%%% HASHDEEP-".utf8)) { return .hashdeep }
    let text = head.starts(with: [0xef, 0xbb, 0xbf]) ? head.dropFirst(3) : head[...]
    let first = text.first { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }
    return first == 0x7b || first == 0x5b ? .vics : .list
  }

  private init(
    _ directory: String, _ format: HashSetFacts.Format, _ limits: HashSetLimits, _ byteCount: UInt64
  ) throws(HashSetFault) {
    self.directory = directory
    self.limits = limits
    maximumEntries = min(limits.entries, byteCount / HashSetLimits.bytesOfAnEntry)
    facts = HashSetFacts(format: format)
    descriptions = try IndexFile(creating: Self.descriptions(in: directory))
    // So that no description stands at 0, which says that there is none.
    try descriptions.write([0x0a])
  }

  private func read(_ path: String, _ file: SetFile) throws(HashSetFault) {
    switch facts.format {
    case .list: try DigestListReader(file: file).read(into: self)
    case .hashdeep: try HashdeepReader(file: file).read(into: self)
    case .vics:
      var reader = VICSReader(file: file, sink: self)
      try reader.read()
    case .referenceDataSet:
      let reader = try ReferenceDataReader(path: path, millionsOfSteps: limits.millionsOfSteps)
      defer { reader.close() }
      try reader.read(into: self)
      if let stated = reader.version {
        facts.version = stated.version.isEmpty ? nil : stated.version
        facts.title = stated.description.isEmpty ? nil : stated.description
      }
    }
  }

  func add(_ entry: HashSetEntry) throws(HashSetFault) {
    guard facts.entryCount + facts.withoutDigest < maximumEntries else {
      throw HashSetFault("it has more than \(maximumEntries) entries")
    }
    guard let digest = entry.digest else {
      facts.withoutDigest += 1
      return
    }
    facts.entryCount += 1
    var place: UInt64 = 0
    let fields = entry.fields
    if !fields.entries.isEmpty {
      place = descriptions.offset
      writer.write(.object(fields))
      try descriptions.write(writer.bytes)
      try descriptions.write([0x0a])
      var bytes = writer.take()
      bytes.removeAll(keepingCapacity: true)
      writer.reuse(bytes)
    }
    if let sorting = sortings[digest.algorithm] { return try sorting.add(digest, description: place) }
    let sorting = try DigestSorting(
      digest.algorithm, path: Self.index(digest.algorithm, in: directory), rowsInMemory: limits.rowsInMemory)
    sortings[digest.algorithm] = sorting
    try sorting.add(digest, description: place)
  }

  private func finish() throws(HashSetFault) -> HashSetFacts {
    try descriptions.flush()
    guard facts.entryCount > 0 else { throw HashSetFault("it holds no hash") }
    for algorithm in FileDigest.Algorithm.allCases {
      guard let sorting = sortings.removeValue(forKey: algorithm) else { continue }
      facts.digestCounts[algorithm] = try sorting.finish()
      // Safe: the path is a string of ours.
      unsafe _ = unlink("\(Self.index(algorithm, in: directory)).runs")
    }
    return facts
  }
}
