import DecoderKit

/// How a message's body is delimited, and what codings it has (RFC 9112, 6; RFC 9110, 8.4).
struct BodyFraming {
  enum Length: Hashable {
    case none
    case exactly(Int)
    case chunked
    case untilClose
  }
  var length = Length.none
  /// The same for a body that says it is chunked and is not; `none` when nobody can tell.
  var unchunked = Length.none
  /// In the order in which to undo them.
  var codings: [ContentCoding] = []
  var findings: [Finding] = []

  /// A request's body.
  init(request head: MessageHead) {
    read(head, isRequest: true)
  }

  /// A response's body; `method` is nil when the request is not known.
  init(response head: MessageHead, status: Int, method: [UInt8]?) {
    if (100..<200).contains(status) || status == 204 || status == 304 || method?.equals("HEAD") == true { return }
    if method?.equals("CONNECT") == true, (200..<300).contains(status) { return }
    read(head, isRequest: false, isPiece: status == 206)
  }

  private mutating func read(_ head: MessageHead, isRequest: Bool, isPiece: Bool = false) {
    let transfer = head.all("Transfer-Encoding").flatMap(Self.tokens).filter { !$0.equals("identity") }
    let lengths = head.all("Content-Length").flatMap { Self.list($0) }
    let numbers = lengths.compactMap(Self.number)
    if !transfer.isEmpty {
      if !lengths.isEmpty {
        findings.append(
          Finding(
            .warning, "http/conflictingLength",
            "A message has both Transfer-Encoding and Content-Length; the first counts."))
      }
      unchunked = numbers.first.map { .exactly($0) } ?? (isRequest ? .none : .untilClose)
      length = transfer.contains { $0.equals("chunked") } ? .chunked : isRequest ? unchunked : .untilClose
      if transfer.last?.equals("chunked") != true {
        findings.append(
          Finding(.warning, "http/unknownTransferCoding", "The last transfer coding of a message is not chunked."))
      }
    } else if let first = numbers.first {
      length = .exactly(first)
    } else {
      length = isRequest ? .none : .untilClose
    }
    if numbers.count != lengths.count {
      findings.append(Finding(.warning, "http/malformedLength", "A Content-Length is not a number."))
    }
    if Set(numbers).count > 1 {
      findings.append(
        Finding(.warning, "http/conflictingLength", "A message has several Content-Lengths; the first counts."))
    }
    let isKnown = append(transfer.filter { !$0.equals("chunked") })
    // A piece of an encoded whole cannot be undone by itself: it is kept as it is.
    if isKnown, !isPiece { _ = append(head.all("Content-Encoding").flatMap(Self.tokens)) }
  }

  /// Adds codings, the last applied first; false when one is not known.
  private mutating func append(_ applied: [[UInt8]]) -> Bool {
    for token in applied.reversed() {
      if token.equals("identity") || token.equals("none") || token.isEmpty { continue }
      guard codings.count < 8, let coding = Self.coding(token) else {
        var finding = Finding(
          .notice, "http/unknownCoding", "A coding of a body is not known; the body is kept as it is.")
        finding.fields.set("coding", wire: token)
        findings.append(finding)
        return false
      }
      codings.append(coding)
    }
    return true
  }

  private static func coding(_ token: [UInt8]) -> ContentCoding? {
    if token.equals("gzip") || token.equals("x-gzip") { return .gzip }
    if token.equals("deflate") || token.equals("x-deflate") { return .deflate }
    if token.equals("br") { return .brotli }
    return nil
  }

  private static func list(_ value: [UInt8]) -> [[UInt8]] { value.split(separator: 0x2c).map(\.trimmed) }

  /// The elements of a list in lower case, without parameters.
  private static func tokens(_ value: [UInt8]) -> [[UInt8]] {
    list(value).map { element in
      // Control characters around a name are passed over, as browsers do.
      let name = element.prefix { $0 != 0x3b }.drop { $0 <= 0x20 || $0 == 0x7f }
      return Array(name.reversed().drop { $0 <= 0x20 || $0 == 0x7f }.reversed()).asciiLowercased
    }
  }

  /// Decimal digits below 2^53; nil for anything else.
  static func number(_ digits: [UInt8]) -> Int? {
    guard (1...15).contains(digits.count) else { return nil }
    var value = 0
    for digit in digits {
      guard (0x30...0x39).contains(digit) else { return nil }
      value = value * 10 + Int(digit - 0x30)
    }
    return value
  }
}
