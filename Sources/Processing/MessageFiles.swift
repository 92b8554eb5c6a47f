import DecoderHosting
import EvidenceBundle
import EvidenceModel

/// Joins files that message sessions moved with what the signalling stated of them (RFC 5547): the ends of a session are named
/// by the same address in both.
struct MessageFiles {
  static let decoder = "msrp 1.0"
  /// The place of its records behind those of the transfer.
  static let place: UInt16 = 0xfff6
  /// Statements, and transfers, of a run that are remembered; the later ones are not joined, with a finding.
  static let maximumCount = 100_000

  private struct Offer {
    let fields: Fields
    let key: RecordKey
  }

  /// A transfer that waits for all statements to have passed.
  struct Transfer {
    let fields: Fields
    let key: RecordKey
    /// Whether it is text, as words between people are.
    var isText = false
  }

  private static let stated = [
    "fileName", "fileMediaType", "fileByteCount", "fileHashes", "fileCreated", "fileModified", "fileRead", "transferID",
    "disposition", "byteRange", "callID", "from", "to", "direction",
  ]

  private var offers: [String: [Offer]] = [:]
  private var offerCount = 0
  private(set) var transfers: [Transfer] = []
  /// SHA-1 and MD5 of what was transferred, by its SHA-256.
  private var hashes: [String: (sha1: String?, md5: String?)] = [:]
  /// The first record that is over a limit.
  private(set) var overLimit: Transfer?

  /// Whether a record's line may be of use; cheap, for most are not.
  static func mayBe(_ kind: String, _ line: [UInt8]) -> Bool {
    switch kind {
    case "sip/messageSession": line.offset(of: #""file"#) != nil
    case "msrp/transfer", "msrp/message": true
    case "artefact": line.offset(of: #""role":"msrp "#) != nil
    default: false
    }
  }

  mutating func add(_ kind: String, _ record: Fields, _ key: RecordKey) {
    switch kind {
    case "artefact":
      guard let hash = record.text("sha256"), hashes.count < Self.maximumCount else { return }
      hashes[hash] = (record.text("sha1"), record.text("md5"))
    case "sip/messageSession":
      guard let end = Self.end(record, "sessionPath"),
        ["fileName", "fileByteCount", "fileHashes"].contains(where: { record[$0] != nil })
      else { return }
      guard offerCount < Self.maximumCount else { return noteLimit(record, key) }
      offerCount += 1
      var kept = Fields()
      for name in Self.stated { if let value = record[name] { kept.set(name, value) } }
      if let place = record["provenance"] { kept.set("statedIn", place) }
      offers[end, default: []].append(Offer(fields: kept, key: key))
    default:
      guard transfers.count < Self.maximumCount else { return noteLimit(record, key) }
      transfers.append(Transfer(fields: record, key: key, isText: kind == "msrp/message"))
    }
  }

  private mutating func noteLimit(_ record: Fields, _ key: RecordKey) {
    if overLimit == nil { overLimit = Transfer(fields: record, key: key) }
  }

  private static func end(_ record: Fields, _ name: String) -> String? {
    guard case .list(let path)? = record[name], case .text(let end)? = path.last else { return nil }
    return end
  }

  /// The record of a transfer whose file the signalling describes, with a finding where they differ; nil when it says nothing.
  func record(of transfer: Transfer) -> (record: Fields, finding: Finding?)? {
    // What the sender states goes before what the receiver asks for.
    guard
      let offer = offer(transfer, "fromPath", except: "recvonly") ?? offer(transfer, "toPath", except: "sendonly")
    else { return nil }
    // Words beside a file are not the file, unless the file is text.
    if transfer.isText, let type = offer.text("fileMediaType"), type != transfer.fields.text("mediaType") { return nil }
    var fields = offer
    for name in ["messageID", "isComplete"] {
      if let value = transfer.fields[name] { fields.set(name, value) }
    }
    // The file is what stands in a wrapper; where that is not known as it is, nothing is compared.
    let isWrapped =
      transfer.fields["wrapperMediaType"] != nil || transfer.fields.text("mediaType") == "message/cpim"
    let isKnown = !isWrapped || transfer.fields["contentByteCount"] != nil
    let isInner = isWrapped && isKnown
    let hash = transfer.fields.text(isInner ? "contentSha256" : "sha256")
    let byteCount = transfer.fields.integer(isInner ? "contentByteCount" : "byteCount")
    if let hash { fields.set("sha256", hash) }
    if let byteCount { fields.set("byteCount", byteCount) }
    fields.set("attachedBy", "signalling")
    guard transfer.fields.flag("isComplete") == true, fields["byteRange"] == nil else { return (fields, nil) }
    var differences: [String] = []
    if isKnown, let stated = offer.integer("fileByteCount"), let byteCount {
      fields.set("isSizeEqual", stated == byteCount)
      if stated != byteCount { differences.append("size") }
    }
    if let name = transfer.fields.text("fileName"), let stated = offer.text("fileName") {
      fields.set("isNameEqual", name == stated)
      if name != stated { differences.append("name") }
    }
    if isKnown, let hash, let isEqual = isHashEqual(offer, hash) {
      fields.set("isHashEqual", isEqual)
      if !isEqual { differences.append("hash") }
    }
    guard !differences.isEmpty else { return (fields, nil) }
    return (
      fields,
      Finding(
        .warning, "msrp/fileDiffers", "A file is not what the signalling stated that it would be.",
        ["differences": .list(differences.map { .text($0) })])
    )
  }

  /// The last statement before a transfer, else the first behind it.
  ///
  /// Who only wants a file does not send it, nor does it come to who only has it (RFC 5547, 7).
  private func offer(_ transfer: Transfer, _ path: String, except direction: String) -> Fields? {
    guard let end = Self.end(transfer.fields, path), let all = offers[end] else { return nil }
    let list = all.lazy.filter { $0.fields.text("direction") != direction }
    return (list.last { $0.key.position <= transfer.key.position } ?? list.first)?.fields
  }

  /// Nil when no hash is stated that was computed too.
  private func isHashEqual(_ offer: Fields, _ sha256: String) -> Bool? {
    var result: Bool?
    for entry in offer.objects("fileHashes") {
      let computed =
        switch entry.text("algorithm") {
        case "sha-256": Optional(sha256)
        case "sha-1": hashes[sha256]?.sha1
        case "md5": hashes[sha256]?.md5
        default: String?.none
        }
      guard let computed, let digest = entry.text("digest") else { continue }
      result = (result ?? true) && computed == digest
    }
    return result
  }
}
