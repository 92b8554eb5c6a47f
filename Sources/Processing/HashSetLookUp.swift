import EvidenceBundle
import EvidenceModel
import Fingerprinting

/// Looks files up in the sets of hashes, while their records pass in the order of the evidence.
///
/// Whole files only: what is not complete is counted and not looked up. What exhibit computed is none of anybody's files.
final class HashSetLookUp {
  private static let decoder = "hashset 1.0"

  private struct Opened {
    let order: WorkOrder.HashSet
    let report: HashSetReport
    let index: HashSetIndex
    var hits: UInt64 = 0
  }

  private var sets: [Opened] = []
  private let originals: [UInt16]
  private var lookedUp: UInt64 = 0
  private var incomplete: UInt64 = 0
  private var computed: UInt64 = 0

  /// Opens the indexes of all sets; nil when there are none.
  init?(_ order: WorkOrder, _ layout: ScratchLayout) throws {
    guard !order.hashSets.isEmpty else { return nil }
    originals = order.originals.map(\.number)
    for set in order.hashSets {
      let report = try HashSetReport.read(layout, set.number)
      do throws(HashSetFault) {
        let index = try HashSetIndex(directory: layout.hashSet(set.number))
        sets.append(Opened(order: set, report: report, index: index))
      } catch {
        throw ProcessingError(.defect, set.givenPath, "its index cannot be used: \(error.text)")
      }
    }
  }

  /// The hits of one record's file, one for each set that holds it.
  func hits(of record: EncodedRecord) -> [Fields] {
    guard record.kind == "artefact" || record.kind == "original/file", let fields = ValueReader.fields(record.bytes)
    else { return [] }
    if record.kind == "artefact" {
      if fields.text("origin") == "computed" {
        computed += 1
        return []
      }
      guard fields.flag("isComplete") == true else {
        incomplete += 1
        return []
      }
    }
    let digests = Self.digests(fields)
    guard !digests.isEmpty else { return [] }
    lookedUp += 1
    var hits: [Fields] = []
    for place in sets.indices {
      guard let hit = sets[place].index.find(digests.map(\.digest)) else { continue }
      sets[place].hits += 1
      let text = digests.first { $0.digest.algorithm == hit.algorithm }?.text ?? ""
      hits.append(Self.record(sets[place].order, sets[place].report, hit, text, fields))
    }
    return hits
  }

  private static func digests(_ fields: Fields) -> [(digest: FileDigest, text: String)] {
    var texts: [(FileDigest.Algorithm, String)] = []
    for (name, algorithm) in [("sha256", FileDigest.Algorithm.sha256), ("sha1", .sha1), ("md5", .md5)] {
      if let text = fields.text(name) { texts.append((algorithm, text)) }
    }
    for entry in fields.objects("digests") {
      if let name = entry.text("algorithm"), let algorithm = FileDigest.Algorithm(rawValue: name),
        let text = entry.text("digest")
      {
        texts.append((algorithm, text))
      }
    }
    return texts.compactMap { algorithm, text in FileDigest(algorithm, hex: text.utf8).map { ($0, text) } }
  }

  private static func record(
    _ set: WorkOrder.HashSet, _ report: HashSetReport, _ hit: HashSetIndex.Hit, _ digest: String, _ file: Fields
  ) -> Fields {
    var fields = description(set, report)
    for entry in ArtefactContext.fields(of: file).entries { fields.set(entry.name, entry.value) }
    if let artefact = file.text("sha256") { fields.set("artefactSha256", artefact) }
    fields.set("subject", file.text("sha256") == nil ? "original" : "artefact")
    fields.set("algorithm", hit.algorithm.rawValue)
    fields.set("digest", digest)
    fields.set("entryMatches", UInt64(hit.count))
    for entry in hit.description.flatMap({ ValueReader.fields($0) })?.entries ?? [] {
      fields.set(entry.name, entry.value)
    }
    // An entry whose size is another one says of itself that it is another file.
    if let stated = fields.integer("entryByteCount"), let size = file.integer("byteCount"), stated != size {
      fields.set("isSizeDifferent", true)
    }
    return fields
  }

  private static func description(_ set: WorkOrder.HashSet, _ report: HashSetReport) -> Fields {
    var fields: Fields = [
      "decoder": .text(decoder), "setNumber": .integer(Int64(set.number)), "set": .text(set.name),
      "setDigest": .text(set.digest), "isKnownGood": .boolean(set.isKnownGood),
    ]
    if let version = report.version { fields.set("setVersion", version) }
    return fields
  }

  private var provenance: Value {
    .list(originals.map { .object(["original": .text(OriginalName($0).description)]) })
  }

  /// A record for each set: what it is, what was looked up, and how often it was found.
  var summaries: [Fields] {
    sets.map { set in
      var fields = Self.description(set.order, set.report)
      fields.set("provenance", provenance)
      fields.set("setFormat", set.report.format)
      if let title = set.report.title { fields.set("setTitle", title) }
      fields.set("entryCount", set.report.entryCount)
      if set.report.withoutDigest > 0 { fields.set("withoutDigestCount", set.report.withoutDigest) }
      fields.set("lookedUpCount", lookedUp)
      fields.set("hitCount", set.hits)
      fields.set("incompleteCount", incomplete)
      fields.set("computedCount", computed)
      return fields
    }
  }

  /// Says that files were not looked up; nil when all were.
  var finding: Fields? {
    guard incomplete > 0 else { return nil }
    let finding = Finding(
      .notice, "hash/incomplete",
      "\(incomplete) files that are not complete were not looked up in the hash sets: their hashes are not those of whole files.",
      ["count": .integer(Int64(clamping: incomplete))])
    var fields = finding.recordFields
    fields.set("decoder", Self.decoder)
    fields.set("provenance", provenance)
    return fields
  }
}
