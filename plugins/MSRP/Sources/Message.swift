import DecoderKit

/// A message whose chunks come (RFC 4975, 7.1 and 7.3.1).
final class Message {
  /// Bytes of a message that are remembered, to show it as text and to look into CPIM.
  static let maximumBeginning = 1 << 20
  /// A longer text stands in its artefact only.
  static let maximumText = 65_536
  static let maximumHoles = 1_000

  let side: Side
  let identifier: [UInt8]
  let head: MessageHead
  let content: ContentAssembly
  /// Bytes that its chunks announce; nil when none does.
  var total: UInt64?
  var chunkCount = 0
  /// Chunks whose response has not come.
  var unansweredCount = 0
  /// Statuses of responses, with how many there were of each.
  var answers: [(status: Int, comment: [UInt8], count: Int)] = []
  /// `$`: its last chunk came. `#`: it was given up.
  var flag: UInt8?
  var hasOddRange = false
  var trace = Trace()
  /// Set once its content is stored.
  var isClosed = false
  /// Set once its record is written; responses that come later stand in records of their own.
  var isTold = false
  /// Whether others took its place before all of it came.
  var isCrowdedOut = false

  init(_ head: MessageHead, identifier: [UInt8], from side: Side) {
    self.head = head
    self.identifier = identifier
    self.side = side
    var description = ContentDescription(
      role: "msrp message", mediaType: MediaType(head.first("Content-Type") ?? []).name)
    description.parameters = MediaType(head.first("Content-Type") ?? []).parameters
    description.name = Self.fileName(head)
    content = ContentAssembly(from: side, beginningLimit: Self.maximumBeginning) { description }
  }

  var mediaType: MediaType { MediaType(head.first("Content-Type") ?? []) }

  /// Whether nothing of it is missing, and its last chunk came.
  var isWhole: Bool { flag == 0x24 && (content.isComplete || total == 0 && content.end == 0) }

  /// Whether all of it came that will come.
  var isDone: Bool {
    if flag == 0x23 { return true }
    guard flag == 0x24 else { return false }
    return total.map { content.base ?? 0 == 0 && content.end >= $0 && !content.hasHole } ?? true
  }

  /// The name in Content-Disposition (RFC 5547, 8.3; RFC 2183).
  static func fileName(_ head: MessageHead) -> [UInt8]? {
    head.first("Content-Disposition").flatMap { FieldParameters($0).extended("filename") }
  }

  /// What is missing, as records list it: `at` from 0, and how many bytes.
  var holes: [Value] {
    var list: [Range<UInt64>] = []
    if let base = content.base, base > 0 { list.append(0..<base) }
    list += content.missing
    if let total, total > content.end { list.append(content.end..<total) }
    return list.prefix(Self.maximumHoles).map {
      .object([
        "at": .integer(Int64(clamping: $0.lowerBound)),
        "byteCount": .integer(Int64(clamping: $0.upperBound - $0.lowerBound)),
      ])
    }
  }
}

extension MessageHead {
  /// The addresses of a path, the next or last hop first (RFC 4975, 7.1; RFC 4976, 5).
  func path(_ name: StaticString) -> [[UInt8]] {
    (first(name) ?? []).split(whereSeparator: { $0 == 0x20 || $0 == 0x09 }).prefix(64).map { Array($0) }
  }

  /// Sets both paths, and the other end of the one and the beginning of the other: those between are relays.
  func placePaths(in fields: inout Fields) {
    for (name, path) in [("toPath", path("To-Path")), ("fromPath", path("From-Path"))] where !path.isEmpty {
      fields.set(name, .list(path.map { .text(String(decoding: $0, as: UTF8.self)) }))
    }
  }
}
