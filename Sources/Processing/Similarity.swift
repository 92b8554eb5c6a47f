import EvidenceBundle
public import EvidenceModel
public import Fingerprinting
import Foundation
import MediaReading

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
    /// Bits of 256 in which PDQ differs; nil where one of the two is weak or no picture.
    public let pdq: Int?

    /// Sorts by likeness: the same, then by the best of the measures, then by number.
    fileprivate var rank: Int { isSame ? 101 : max(ssdeep ?? 0, 100 - (tlsh ?? 100), 100 - (pdq ?? 100)) }

    public var fields: Fields {
      var fields: Fields = [
        "id": .text(identifier), "sha256": .text(sha256), "path": .text(path), "count": .integer(Int64(count)),
        "isSame": .boolean(isSame),
      ]
      if let name { fields.set("name", name) }
      if let ssdeep { fields.set("ssdeepScore", ssdeep) }
      if let tlsh { fields.set("tlshDistance", tlsh) }
      if let pdq { fields.set("pdqDistance", pdq) }
      return fields
    }
  }

  /// Files of a bundle that are compared at the most.
  static let maximumFiles = 10_000_000

  public let file: String
  public let sha256: ContentHash
  public let digests: FuzzyDigests
  /// What the file looks like, when it is a picture.
  public let pdq: PDQHash?
  /// Why a picture is not compared by what it looks like.
  public let pictureFault: String?
  public private(set) var likenesses: [Likeness] = []
  /// Different files that were compared.
  public private(set) var comparedCount = 0

  /// Compares a file with all of a bundle. Throws when one of them cannot be read.
  ///
  /// A file is named when it is the same, when ssdeep's score is `minimum` or more, TLSH's distance 100 - `minimum` or less, or
  /// PDQ's distance that of a match. A picture is decoded by a worker in the sandbox.
  public init(of file: String, in bundle: String, minimum: Int) throws(ProcessingError) {
    self.file = file
    let isPicture: Bool
    (sha256, digests, isPicture) = try Self.fingerprints(of: file)
    let picture = isPicture ? try PictureReport.make(of: file) : PictureReport()
    pdq = picture.fingerprint.flatMap { PDQHash($0.pdq, quality: $0.quality) }
    pictureFault =
      picture.reason ?? pdq.flatMap { $0.isWeak ? "its quality is \($0.quality ?? 0) of 100, below 50" : nil }
    let records: [(name: String, file: RecordFile)]
    do throws(BundleError) { records = try RecordFile.files(inBundle: bundle) } catch {
      throw ProcessingError(.input, error.path, error.message)
    }
    // Of other files nothing is asked of them.
    let pictures = Self.pictures(pdq == nil ? [] : records)
    var places: [String: Int?] = [:]
    for line in records.first(where: { $0.name == "artefact" })?.file ?? RecordFile(path: "/dev/null") {
      guard let record = ValueReader.fields(line), let hash = record.text("sha256") else { continue }
      if let known = places[hash] {
        if let place = known { likenesses[place].count += 1 }
        continue
      }
      guard places.count < Self.maximumFiles else { break }
      comparedCount += 1
      guard let likeness = likeness(record, hash, minimum, pictures.artefacts[hash]) else {
        places[hash] = .some(nil)
        continue
      }
      places[hash] = likenesses.count
      likenesses.append(likeness)
    }
    for original in pictures.originals.prefix(Self.maximumFiles) {
      comparedCount += 1
      if let likeness = likeness(original.fields, original.sha256, minimum, original.pdq) {
        likenesses.append(likeness)
      }
    }
    likenesses.sort { ($1.rank, $0.identifier) < ($0.rank, $1.identifier) }
  }

  private func likeness(_ record: Fields, _ hash: String, _ minimum: Int, _ picture: PDQHash?) -> Likeness? {
    let isSame = hash == sha256.hex
    let score = digests.ssdeep.flatMap { own in record.text("ssdeep").flatMap { FuzzyComparison.ssdeep(own, $0) } }
    let distance = digests.tlsh.flatMap { own in record.text("tlsh").flatMap { FuzzyComparison.tlsh(own, $0) } }
    var bits: Int?
    if let pdq, let picture, !pdq.isWeak, !picture.isWeak { bits = pdq.distance(to: picture) }
    if let found = bits, found > PDQHash.matchDistance { bits = nil }
    guard isSame || (score ?? 0) >= minimum || (distance ?? .max) <= 100 - minimum || bits != nil else { return nil }
    return Likeness(
      identifier: record.text("id") ?? "", sha256: hash, path: record.text("path") ?? "", name: record.text("name"),
      count: 1, isSame: isSame, ssdeep: score, tlsh: distance, pdq: bits)
  }

  /// An original that is itself a picture.
  private struct Original {
    /// As of an artefact.
    let fields: Fields
    let sha256: String
    let pdq: PDQHash
  }

  /// The pictures of a bundle: of files by their SHA-256, and originals.
  private static func pictures(
    _ records: [(name: String, file: RecordFile)]
  ) -> (artefacts: [String: PDQHash], originals: [Original]) {
    let lines = { (name: String) in records.first { $0.name == name }?.file ?? RecordFile(path: "/dev/null") }
    var artefacts: [String: PDQHash] = [:]
    var found: [(original: String, fields: Fields, pdq: PDQHash)] = []
    for line in lines("picture-fingerprint") {
      guard let record = ValueReader.fields(line), artefacts.count + found.count < maximumFiles,
        let hash = record.text("pdq").flatMap({
          PDQHash($0, quality: record.integer("pdqQuality").flatMap { Int(exactly: $0) })
        })
      else { continue }
      if let file = record.text("parentSha256") {
        artefacts[file] = hash
      } else if let original = record.objects("provenance").first?.text("original") {
        found.append((original, ["id": .text(record.text("id") ?? ""), "path": .text(original)], hash))
      }
    }
    var digests: [String: String] = [:]
    for line in found.isEmpty ? RecordFile(path: "/dev/null") : lines("original-file") {
      guard let record = ValueReader.fields(line), digests.count < maximumFiles,
        let original = record.objects("provenance").first?.text("original")
      else { continue }
      digests[original] = record.objects("digests").first { $0.text("algorithm") == "sha-256" }?.text("digest")
    }
    return (
      artefacts, found.map { Original(fields: $0.fields, sha256: digests[$0.original] ?? "", pdq: $0.pdq) }
    )
  }

  private static func fingerprints(of path: String) throws(ProcessingError) -> (ContentHash, FuzzyDigests, Bool) {
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
    return (hash.finalise(), fuzzy.finish(), StillPicture.form(of: descriptor) != nil)
  }

  /// All of it, for programs.
  public var document: Fields {
    var fields: Fields = [
      "file": .text(file), "sha256": .text(sha256.hex), "comparedCount": .integer(Int64(comparedCount)),
      "likenesses": .list(likenesses.map { .object($0.fields) }),
    ]
    if let ssdeep = digests.ssdeep { fields.set("ssdeep", ssdeep) }
    if let tlsh = digests.tlsh { fields.set("tlsh", tlsh) }
    if let pdq {
      fields.set("pdq", pdq.text)
      fields.set("pdqQuality", pdq.quality ?? 0)
    }
    if let pictureFault { fields.set("pictureFault", pictureFault) }
    return fields
  }

  /// All of it, for people; texts from evidence are not made safe yet.
  public var lines: [String] {
    let words = likenesses.map { likeness in
      var parts = [likeness.identifier, likeness.isSame ? "the same" : "alike"]
      if let score = likeness.ssdeep { parts.append("ssdeep \(score) of 100") }
      if let distance = likeness.tlsh { parts.append("TLSH distance \(distance)") }
      if let bits = likeness.pdq { parts.append("PDQ distance \(bits) of 256") }
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
    if let pictureFault { lines.append("not compared by PDQ: \(pictureFault)") }
    return lines
  }
}
