import DecoderKit

/// A request or a response: its head, and what is known of its body.
struct Message {
  enum Start {
    case request(method: [UInt8], target: [UInt8], version: [UInt8])
    /// The status is nil when its line is damaged.
    case response(status: Int?, reason: [UInt8], version: [UInt8])
    /// A response without a head, as in HTTP/0.9.
    case bare
  }

  let start: Start
  let head: MessageHead
  /// Where the head came from.
  let trace: Trace
  let mediaType: MediaType
  var body: ContentReference?
  var trailers: [MessageHead.Field] = []
  var isDone = false
  var isComplete = false

  init(_ start: Start, _ head: MessageHead, _ trace: Trace) {
    self.start = start
    self.head = head
    self.trace = trace
    mediaType = MediaType(head.first("Content-Type") ?? [])
  }

  var method: [UInt8]? {
    if case .request(let method, _, _) = start { method } else { nil }
  }
  var status: Int? {
    if case .response(let status, _, _) = start { status } else { nil }
  }

  /// Reads a start line (RFC 9112, 3 and 4); nil when it is none.
  ///
  /// With `isCut`, the end of a request's line may be missing.
  static func start(_ line: [UInt8], isCut: Bool = false) -> Start? {
    let parts = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
    guard let first = parts.first, parts.count >= 2 else { return nil }
    if first.prefix(5).equalsIgnoringCase("HTTP/") {
      let digits = parts[1]
      guard digits.count == 3, digits.allSatisfy(\.isDigit), digits.first != 0x30, first.allSatisfy({ $0 > 0x20 })
      else { return nil }
      let status = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
      return .response(status: status, reason: parts.count > 2 ? parts[2].trimmed : [], version: Array(first))
    }
    // The target reaches up to the last space: some clients do not encode spaces in it.
    let rest = line[parts[1].startIndex...].trimmed
    guard let space = rest.lastIndex(of: 0x20) else {
      guard isCut, !rest.isEmpty, MessageStart.methods.contains(where: { first.equals($0) }) else { return nil }
      return .request(method: Array(first), target: rest, version: [])
    }
    let version = Array(rest[(space + 1)...])
    guard version.starts(with: Array("HTTP/1.".utf8)) else {
      guard isCut, MessageStart.methods.contains(where: { first.equals($0) }) else { return nil }
      return .request(method: Array(first), target: rest[..<space].trimmed, version: [])
    }
    return .request(method: Array(first), target: rest[..<space].trimmed, version: version)
  }

  /// Reads a status line that is damaged: `HTTP/` and, where three digits stand behind the version, a status; nil when it is none.
  static func damagedStatus(_ line: [UInt8]) -> Start? {
    guard line.prefix(5).equalsIgnoringCase("HTTP/") else { return nil }
    let version = line.prefix { $0 > 0x20 && $0 != 0x7f }
    let rest = line[version.endIndex...].drop { $0 <= 0x20 }
    let digits = rest.prefix { $0.isDigit }
    let reason = Array(rest.dropFirst(digits.count)).trimmed
    let isStatus = digits.count == 3 && digits.first != 0x30 && (reason.isEmpty || rest[digits.endIndex] <= 0x20)
    let status = isStatus ? digits.reduce(0) { $0 * 10 + Int($1 - 0x30) } : nil
    return .response(status: status, reason: isStatus ? reason : Array(rest).trimmed, version: Array(version))
  }

  /// The name that the sender gave the body (RFC 6266, 4.3).
  var dispositionName: [UInt8]? {
    guard let value = head.first("Content-Disposition") else { return nil }
    return FieldParameters(value).extended("filename").flatMap { $0.isEmpty ? nil : $0 }
  }
}

extension Collection<UInt8> {
  /// Whether these bytes are `text`, case and all.
  func equals(_ text: StaticString) -> Bool {
    // Safe: a static string's bytes live as long as the program.
    unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount).elementsEqual(self)
  }
}

extension Trace {
  /// Adds what mostly lies behind: cheap also when this trace has many ranges.
  mutating func extend(_ other: Trace) {
    guard let first = other.packets.first, let last = other.packets.last else { return }
    if let mine = packets.last, first == last, first >= mine {
      insert(first, at: other.first)
      if other.last.isKnown { insert(first, at: other.last) }
    } else {
      formUnion(other)
    }
  }
}
