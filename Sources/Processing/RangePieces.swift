import DecoderHosting
import EvidenceBundle
import EvidenceModel

/// Pieces of files that HTTP moved by ranges (RFC 9110, 14), in the order of the evidence, grouped by the file that they are of.
///
/// A file is one URL for one client in one direction, with the same length and, of a download, the same entity tag and time of the last
/// change; a download without either, or with a weak tag alone, is put together by inference.
struct RangePieces {
  /// Pieces of a run, and of a file.
  static let maximumCount = 100_000
  static let maximumOfFile = 10_000

  struct Key: Hashable {
    let isUpload: Bool
    let client: String
    let url: String
    /// Nil when the sender did not know it (`*`).
    let total: UInt64?
    let entityTag: String?
    let lastModified: String?
    let coding: String?

    /// Whether the server says that all pieces are of one version (RFC 9110, 8.8.1 and 15.3.7.3).
    var isVersionKnown: Bool { entityTag.map { !$0.hasPrefix("W/") } ?? false || lastModified != nil }
  }

  struct Piece {
    let from: UInt64
    /// Behind the last byte.
    let end: UInt64
    let sha256: ContentHash
  }

  /// A piece as a record states it.
  private struct Part: Hashable {
    let from: UInt64
    let end: UInt64
    let byteCount: UInt64?
    let isWhole: Bool
    let sha256: ContentHash?
  }

  /// One file.
  struct Group {
    let key: Key
    var pieces: [Piece] = []
    /// Pieces that are not whole, or over the limit.
    var unusedCount = 0
    /// The packets of each piece.
    fileprivate var sets: [PacketSet] = []
    /// What is taken over of the first of its records; nil before there is a piece.
    var first: Fields?
    var capturedAt: String?
    var endedAt: String?
    /// Where the last of them stands in the evidence.
    var last: RecordKey

    /// All packets; sets are joined in pairs, for each is as long as its piece.
    var packets: PacketSet {
      var sets = sets
      while sets.count > 1 {
        var joined: [PacketSet] = []
        for place in stride(from: 0, to: sets.count, by: 2) {
          var one = sets[place]
          if place + 1 < sets.count { one.formUnion(sets[place + 1]) }
          joined.append(one)
        }
        sets = joined
      }
      return sets.first ?? PacketSet()
    }
  }

  /// An answer of several ranges.
  private struct Several {
    let body: ContentHash
    /// Without the length, which each part states.
    let file: Key
    let kept: Fields
    let record: RecordKey
  }

  private(set) var groups: [Group] = []
  private var places: [Key: Int] = [:]
  private var count = 0
  /// Answers of several ranges, and the parts of multipart bodies by the body.
  private var several: [Several] = []
  private var held: [ContentHash: [(part: Part, total: UInt64?)]] = [:]
  private var known: Set<HeldPart> = []
  private struct HeldPart: Hashable {
    let body: ContentHash
    let part: Part
  }
  /// The first piece that is over the limit of a run: where it comes from, and its place.
  private(set) var overLimit: (fields: Fields, key: RecordKey)?

  /// Whether a record's line may be about a piece; cheap, for most are not.
  static func mayBe(_ kind: String, _ line: [UInt8]) -> Bool {
    switch kind {
    case "http/transfer":
      line.offset(of: "bytes ") != nil || line.offset(of: "multipart/byteranges") != nil
    case "multipart/part": line.offset(of: #""contentRange":"#) != nil
    default: false
    }
  }

  mutating func add(_ kind: String, _ record: Fields, _ key: RecordKey) {
    guard kind == "http/transfer" else { return hold(record) }
    if record.text("responseMediaType") == "multipart/byteranges", record.integer("status") == 206,
      let body = record.text("responseSha256").flatMap({ ContentHash(hex: $0) }), let url = record.text("url"),
      let source = record.text("source")
    {
      let headers = record.objects("responseHeaders")
      let file = Key(
        isUpload: false, client: Self.host(source), url: url, total: nil, entityTag: Self.header("etag", headers),
        lastModified: Self.header("last-modified", headers), coding: Self.header("content-encoding", headers))
      guard several.count < Self.maximumOfFile else { return noteLimit(Self.kept(of: record), key) }
      several.append(Several(body: body, file: file, kept: Self.kept(of: record), record: key))
      return
    }
    for isUpload in [false, true] {
      let names = isUpload ? ("requestHeaders", "requestSha256") : ("responseHeaders", "responseSha256")
      let headers = record.objects(names.0)
      guard let text = Self.header("content-range", headers), let range = Self.range(text),
        let url = record.text("url"), let source = record.text("source"),
        isUpload || record.integer("status") == 206
      else { continue }
      let group = Key(
        isUpload: isUpload, client: Self.host(source), url: url, total: range.total,
        entityTag: isUpload ? nil : Self.header("etag", headers),
        lastModified: isUpload ? nil : Self.header("last-modified", headers),
        coding: Self.header("content-encoding", headers))
      let part = Part(
        from: range.from, end: range.end, byteCount: record.count(isUpload ? "requestByteCount" : "responseByteCount"),
        isWhole: record.flag(isUpload ? "requestComplete" : "responseComplete") == true,
        sha256: record.text(names.1).flatMap { ContentHash(hex: $0) })
      add(part, to: group, Self.kept(of: record), key)
    }
  }

  private mutating func noteLimit(_ kept: Fields, _ key: RecordKey) { if overLimit == nil { overLimit = (kept, key) } }

  /// Fields of a record that are still needed when all have passed.
  private static func kept(of record: Fields) -> Fields {
    var fields = ArtefactContext.fields(of: record)
    for name in ["host", "fileName", "method", "requestMediaType", "responseMediaType"] {
      if let value = record[name] { fields.set(name, value) }
    }
    return fields
  }

  private mutating func add(_ part: Part, to group: Key, _ kept: Fields, _ key: RecordKey) {
    guard count < Self.maximumCount else { return noteLimit(kept, key) }
    count += 1
    let place =
      places[group]
      ?? {
        groups.append(Group(key: group, last: key))
        places[group] = groups.count - 1
        return groups.count - 1
      }()
    guard part.isWhole, part.byteCount == part.end - part.from, groups[place].pieces.count < Self.maximumOfFile,
      let hash = part.sha256
    else {
      groups[place].unusedCount += 1
      return
    }
    groups[place].pieces.append(Piece(from: part.from, end: part.end, sha256: hash))
    if groups[place].first == nil { groups[place].first = kept }
    if groups[place].last.position < key.position { groups[place].last = key }
    groups[place].add(kept)
  }

  // MARK: Several ranges in one answer

  /// Keeps a part of a multipart body until all records have passed.
  private mutating func hold(_ record: Fields) {
    guard let body = record.text("parentSha256").flatMap({ ContentHash(hex: $0) }), known.count < Self.maximumCount,
      let text = record.text("contentRange"), let range = Self.range(text)
    else { return }
    let part = Part(
      from: range.from, end: range.end, byteCount: record.count("byteCount"),
      isWhole: record.flag("isComplete") == true, sha256: record.text("sha256").flatMap { ContentHash(hex: $0) })
    // The same body may have come more than once, with the same parts.
    guard known.insert(HeldPart(body: body, part: part)).inserted else { return }
    held[body, default: []].append((part, range.total))
  }

  /// Takes the parts of multipart answers for pieces (RFC 9110, 14.6).
  mutating func finish() {
    for answer in several {
      for (part, total) in held[answer.body] ?? [] {
        guard count < Self.maximumCount else {
          noteLimit(answer.kept, answer.record)
          break
        }
        let file = answer.file
        let group = Key(
          isUpload: false, client: file.client, url: file.url, total: total, entityTag: file.entityTag,
          lastModified: file.lastModified, coding: file.coding)
        add(part, to: group, answer.kept, answer.record)
      }
    }
    several = []
    held = [:]
    known = []
  }

  /// Reads `bytes 0-999/5000`; nil when it is malformed or names no bytes (RFC 9110, 14.4).
  static func range(_ text: String) -> (from: UInt64, end: UInt64, total: UInt64?)? {
    let words = text.split(separator: " ", omittingEmptySubsequences: true)
    guard words.count == 2, words[0].lowercased() == "bytes" else { return nil }
    let parts = words[1].split(separator: "/", omittingEmptySubsequences: false)
    let ends = parts.first?.split(separator: "-", omittingEmptySubsequences: false) ?? []
    guard parts.count == 2, ends.count == 2, let from = number(ends[0]), let last = number(ends[1]), from <= last else {
      return nil
    }
    if parts[1] == "*" { return (from, last + 1, nil) }
    guard let total = number(parts[1]), last < total else { return nil }
    return (from, last + 1, total)
  }

  private static func number(_ digits: Substring) -> UInt64? {
    guard (1...15).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return nil
    }
    return UInt64(digits)
  }

  private static func header(_ name: String, _ headers: [Fields]) -> String? {
    headers.first { $0.text("name")?.lowercased() == name }?.text("value")
  }

  private static func host(_ endpoint: String) -> String {
    endpoint.lastIndex(of: ":").map { String(endpoint[..<$0]) } ?? endpoint
  }
}

extension RangePieces.Group {
  /// Takes over where a record comes from.
  fileprivate mutating func add(_ record: Fields) {
    var packets = PacketSet()
    for entry in record.objects("provenance") {
      guard let original = entry.text("original").flatMap({ UInt16($0.dropFirst(2)) }), let list = entry.text("packets")
      else { continue }
      for range in list.split(separator: ",") {
        let ends = range.split(separator: "-").compactMap { UInt64($0) }
        guard let first = ends.first, let last = ends.last else { continue }
        packets.insert(
          from: PacketPosition(original: original, packet: first),
          through: PacketPosition(original: original, packet: last))
      }
    }
    sets.append(packets)
    // Both are as RFC 3339 has them, with all their digits.
    let begin = record.text("capturedAt")
    let end = record.text("endedAt") ?? begin
    if let begin { capturedAt = min(capturedAt ?? begin, begin) }
    if let end { endedAt = max(endedAt ?? end, end) }
  }

  /// The pieces that make up the file, each with the part that is taken of it, and what is missing between them.
  var plan:
    (parts: [(piece: RangePieces.Piece, from: UInt64)], holes: [ClosedRange<UInt64>], end: UInt64, repeated: UInt64)
  {
    var parts: [(piece: RangePieces.Piece, from: UInt64)] = []
    var holes: [ClosedRange<UInt64>] = []
    var end: UInt64 = 0
    var repeated: UInt64 = 0
    let sorted = pieces.enumerated().sorted { ($0.element.from, $0.offset) < ($1.element.from, $1.offset) }
    for (_, piece) in sorted {
      if piece.from > end { holes.append(end...(piece.from - 1)) }
      repeated += min(end, piece.end) - min(end, piece.from)
      guard piece.end > end else { continue }
      parts.append((piece, max(end, piece.from)))
      end = piece.end
    }
    if let total = key.total, total > end {
      holes.append(end...(total - 1))
      end = total
    }
    return (parts, holes, end, repeated)
  }
}
