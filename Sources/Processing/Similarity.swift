import EvidenceBundle
public import EvidenceModel
public import Fingerprinting
import Foundation

/// Finds the files of a bundle that are like another file, by their fingerprints; writes nothing.
public struct Similarity: Sendable {
  /// A file of the bundle that is like the other one.
  public struct Likeness: Sendable {
    /// The first artefact record of the file.
    public let identifier: String
    public let sha256: String
    public let path: String
    public let name: String?
    /// How often the file was found.
    public var count: Int
    public let isSame: Bool
    /// ssdeep's score, 0 to 100.
    public let ssdeep: Int?
    /// TLSH's distance, from 0 on.
    public let tlsh: Int?

    /// Sorts by likeness: the same, then by the better of both measures, then by number.
    fileprivate var rank: Int { isSame ? 101 : max(ssdeep ?? 0, 100 - (tlsh ?? 100)) }

    public var fields: Fields {
      var fields: Fields = [
        "id": .text(identifier), "sha256": .text(sha256), "path": .text(path), "count": .integer(Int64(count)),
        "isSame": .boolean(isSame),
      ]
      if let name { fields.set("name", name) }
      if let ssdeep { fields.set("ssdeepScore", ssdeep) }
      if let tlsh { fields.set("tlshDistance", tlsh) }
      return fields
    }
  }

  /// Files of a bundle that are compared at the most.
  static let maximumFiles = 10_000_000

  public let file: String
  public let sha256: ContentHash
  public let digests: FuzzyDigests
  public private(set) var likenesses: [Likeness] = []
  /// Different files that were compared.
  public private(set) var comparedCount = 0

  /// Compares a file with all of a bundle. Throws when one of them cannot be read.
  ///
  /// A file is named when it is the same, when ssdeep's score is `minimum` or more, or TLSH's distance 100 - `minimum` or less.
  public init(of file: String, in bundle: String, minimum: Int) throws(ProcessingError) {
    self.file = file
    (sha256, digests) = try Self.fingerprints(of: file)
    let records: [(name: String, file: RecordFile)]
    do throws(BundleError) { records = try RecordFile.files(inBundle: bundle) } catch {
      throw ProcessingError(.input, error.path, error.message)
    }
    var places: [String: Int?] = [:]
    for line in records.first(where: { $0.name == "artefact" })?.file ?? RecordFile(path: "/dev/null") {
      guard let record = ValueReader.fields(line), let hash = record.text("sha256") else { continue }
      if let known = places[hash] {
        if let place = known { likenesses[place].count += 1 }
        continue
      }
      guard places.count < Self.maximumFiles else { break }
      comparedCount += 1
      guard let likeness = likeness(record, hash, minimum) else {
        places[hash] = .some(nil)
        continue
      }
      places[hash] = likenesses.count
      likenesses.append(likeness)
    }
    likenesses.sort { ($1.rank, $0.identifier) < ($0.rank, $1.identifier) }
  }

  private func likeness(_ record: Fields, _ hash: String, _ minimum: Int) -> Likeness? {
    let isSame = hash == sha256.hex
    let score = digests.ssdeep.flatMap { own in record.text("ssdeep").flatMap { FuzzyComparison.ssdeep(own, $0) } }
    let distance = digests.tlsh.flatMap { own in record.text("tlsh").flatMap { FuzzyComparison.tlsh(own, $0) } }
    guard isSame || (score ?? 0) >= minimum || (distance ?? .max) <= 100 - minimum else { return nil }
    return Likeness(
      identifier: record.text("id") ?? "", sha256: hash, path: record.text("path") ?? "", name: record.text("name"),
      count: 1, isSame: isSame, ssdeep: score, tlsh: distance)
  }

  private static func fingerprints(of path: String) throws(ProcessingError) -> (ContentHash, FuzzyDigests) {
    _ = try OriginalIntake.FileFacts(path: path)
    // Safe: the path is a string of ours.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { throw ProcessingError(.input, path, ProcessingError.systemText(errno)) }
    defer { close(descriptor) }
    var hash = StreamingHash()
    let fuzzy = FuzzyHashing()
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      // Safe: the count is that of the array.
      let got = unsafe read(descriptor, &buffer, buffer.count)
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw ProcessingError(.input, path, ProcessingError.systemText(errno)) }
      guard got > 0 else { break }
      // Safe: the views end before `buffer` changes, and are within it.
      unsafe hash.update(buffer.span.bytes.extracting(0..<got))
      unsafe fuzzy.update(buffer.span.bytes.extracting(0..<got))
    }
    return (hash.finalise(), fuzzy.finish())
  }

  /// All of it, for programs.
  public var document: Fields {
    var fields: Fields = [
      "file": .text(file), "sha256": .text(sha256.hex), "comparedCount": .integer(Int64(comparedCount)),
      "likenesses": .list(likenesses.map { .object($0.fields) }),
    ]
    if let ssdeep = digests.ssdeep { fields.set("ssdeep", ssdeep) }
    if let tlsh = digests.tlsh { fields.set("tlsh", tlsh) }
    return fields
  }

  /// All of it, for people; texts from evidence are not made safe yet.
  public var lines: [String] {
    let words = likenesses.map { likeness in
      var parts = [likeness.identifier, likeness.isSame ? "the same" : "alike"]
      if let score = likeness.ssdeep { parts.append("ssdeep \(score) of 100") }
      if let distance = likeness.tlsh { parts.append("TLSH distance \(distance)") }
      if likeness.count > 1 { parts.append("found \(likeness.count) times") }
      parts.append(likeness.path)
      if let name = likeness.name { parts.append(name) }
      return parts.joined(separator: "  ")
    }
    let missing = [(digests.ssdeep, "ssdeep"), (digests.tlsh, "TLSH")].filter { $0.0 == nil }.map(\.1)
    var lines = words.isEmpty ? ["none of \(comparedCount) files is like it"] : words
    if !missing.isEmpty {
      lines.append(
        "not compared by \(missing.joined(separator: " and ")): the file is too small, or too much alike in itself")
    }
    return lines
  }
}
