import DecoderKit

/// The first line of a request or response (RFC 4975, 9): `MSRP`, the transaction, and a method or a status.
struct StartLine: Hashable {
  /// Longer lines are none.
  static let maximumLine = 1_024

  enum Kind: Hashable {
    case request(method: [UInt8])
    case response(status: Int, comment: [UInt8])
  }
  let transaction: [UInt8]
  let kind: Kind

  /// Nil when the line, without its end, is none.
  init?(_ line: [UInt8]) {
    let words = line.split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: false)
    guard words.count >= 3, words[0].elementsEqual("MSRP".utf8), Self.isIdentifier(words[1]) else { return nil }
    transaction = Array(words[1])
    if let status = words[2].decimal(digits: 3...3) {
      kind = .response(status: status, comment: words.count > 3 ? Array(words[3]) : [])
    } else {
      guard words.count == 3, (2...32).contains(words[2].count),
        words[2].allSatisfy({ (0x41...0x5a).contains($0) })
      else { return nil }
      kind = .request(method: Array(words[2]))
    }
  }

  /// Whether it is an identifier of a transaction (`ident`).
  static func isIdentifier(_ text: some Collection<UInt8>) -> Bool {
    guard (4...32).contains(text.count), let first = text.first, isAlphanumeric(first) else { return false }
    return text.dropFirst().allSatisfy {
      isAlphanumeric($0) || $0 == 0x2e || $0 == 0x2d || $0 == 0x2b || $0 == 0x25 || $0 == 0x3d
    }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    byte.isDigit || (0x61...0x7a).contains(byte.asciiLowercased)
  }

  /// Judges the beginning of what a side sends.
  static func claim(_ bytes: RawSpan) -> Claim {
    let start = bytes.extracting(first: 5).array()
    guard Array("MSRP ".utf8).starts(with: start) else { return .none }
    guard let length = bytes.firstOffset(of: 0x0a, within: maximumLine) else {
      guard bytes.byteCount < maximumLine else { return .none }
      return bytes.array().allSatisfy { $0 >= 0x20 && $0 < 0x7f || $0 == 0x0d } ? .needsMore : .none
    }
    var line = bytes.extracting(first: length).array()
    if line.last == 0x0d { line.removeLast() }
    return StartLine(line) == nil ? .none : .content
  }
}

/// Where a request or response ends (RFC 4975, 9): seven hyphens, the transaction, and what follows of its message.
enum EndLine {
  static let hyphens = [UInt8](repeating: 0x2d, count: 7)

  enum Match: Equatable {
    case none
    case unfinished
    /// How many bytes it takes, and its flag: `$` the message is whole, `+` more follows, `#` it is given up.
    case found(Int, flag: UInt8)
  }

  /// Looks for the end of one transaction at a place.
  static func match(_ bytes: RawSpan, at offset: Int, transaction: [UInt8]) -> Match {
    let pattern = hyphens + transaction
    let shown = bytes.extracting(min(offset, bytes.byteCount)..<bytes.byteCount).extracting(first: pattern.count + 3)
      .array()
    for (one, other) in zip(shown, pattern) where one != other { return .none }
    guard shown.count > pattern.count else { return .unfinished }
    let flag = shown[pattern.count]
    guard flag == 0x24 || flag == 0x2b || flag == 0x23 else { return .none }
    let end = shown.dropFirst(pattern.count + 1)
    if end.first == 0x0a { return .found(pattern.count + 2, flag: flag) }
    guard end.first ?? 0x0d == 0x0d else { return .none }
    guard end.count > 1 else { return .unfinished }
    return end.last == 0x0a ? .found(pattern.count + 3, flag: flag) : .none
  }

  /// Whether a line, without its end, is the end of any transaction.
  static func isEndLine(_ line: [UInt8]) -> Bool {
    guard line.starts(with: hyphens), let flag = line.last else { return false }
    return (flag == 0x24 || flag == 0x2b || flag == 0x23) && StartLine.isIdentifier(line.dropFirst(7).dropLast())
  }
}
