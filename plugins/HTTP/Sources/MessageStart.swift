import DecoderKit

/// Whether bytes are the start line of an HTTP/1 message (RFC 9112, 3 and 4). Nothing is allocated.
enum MessageStart: Equatable {
  case request
  case response
  case neither
  /// It may become one; `isSure` when there is hardly anything else that it could be.
  case unfinished(isSure: Bool)

  /// The longest start line that is waited for.
  static let maximumLineByteCount = 16 * 1024
  /// So much of a target, after a known method, is believed without the end of its line.
  static let sureByteCount = 1_024
  static let maximumMethodByteCount = 32
  /// Empty lines before a message are passed over (RFC 9112, 2.2).
  static let maximumEmptyByteCount = 16

  /// The methods of the IANA registry, and those of UPnP and some caches.
  static let methods: [StaticString] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "ACL", "BASELINE-CONTROL", "BIND",
    "CHECKIN", "CHECKOUT", "COPY", "LABEL", "LINK", "LOCK", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL",
    "MKREDIRECTREF", "MKWORKSPACE", "MOVE", "ORDERPATCH", "PROPFIND", "PROPPATCH", "QUERY", "REBIND", "REPORT",
    "SEARCH", "UNBIND", "UNCHECKOUT", "UNLINK", "UNLOCK", "UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL", "PURGE",
    "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "M-SEARCH", "M-POST", "BPROPFIND", "BPROPPATCH", "BMOVE", "BCOPY", "BDELETE",
    "POLL", "RPC_IN_DATA", "RPC_OUT_DATA", "CCM_POST", "SOURCE",
  ]

  static func judge(_ bytes: borrowing ByteReader) -> MessageStart {
    var reader = copy bytes
    for _ in 0..<maximumEmptyByteCount {
      guard let byte = reader.peek() else { return .unfinished(isSure: false) }
      guard byte == 0x0d || byte == 0x0a else { break }
      guard (try? reader.skip(1, "empty line")) != nil else { return .neither }
    }
    guard let first = reader.peek() else { return .unfinished(isSure: false) }
    guard (0x41...0x5a).contains(first) || first == 0x68 else { return .neither }
    let response = judgeResponse(reader, 0)
    return response == .neither ? judgeRequest(reader) : response
  }

  /// Whether a status line stands `place` bytes ahead: `HTTP/1.1 200`, with a space or a line end behind it.
  ///
  /// Some servers write the name in lower case, and clients take it.
  static func judgeResponse(_ reader: borrowing ByteReader, _ place: Int) -> MessageStart {
    for (offset, isFitting) in statusLine.enumerated() {
      guard let byte = reader.peek(place + offset) else {
        return .unfinished(isSure: offset >= 8)
      }
      guard isFitting(byte) else { return .neither }
    }
    return .response
  }

  /// Whether what comes where an answer must stand is one, however damaged its status line may be: clients read it, too.
  static func judgeAwaited(_ reader: borrowing ByteReader) -> MessageStart {
    for (offset, isFitting) in statusLine.prefix(5).enumerated() {
      guard let byte = reader.peek(offset) else { return .unfinished(isSure: false) }
      guard isFitting(byte) else { return .neither }
    }
    if reader.distance(to: 0x0a, within: maximumLineByteCount) != nil { return .response }
    return reader.remaining < maximumLineByteCount ? .unfinished(isSure: false) : .neither
  }

  private static let statusLine: [@Sendable (UInt8) -> Bool] = [
    { $0 | 0x20 == 0x68 }, { $0 | 0x20 == 0x74 }, { $0 | 0x20 == 0x74 }, { $0 | 0x20 == 0x70 }, { $0 == 0x2f },
    { $0 == 0x31 }, { $0 == 0x2e },
    { (0x30...0x39).contains($0) }, { $0 == 0x20 }, { (0x31...0x39).contains($0) }, { (0x30...0x39).contains($0) },
    { (0x30...0x39).contains($0) }, { $0 == 0x20 || $0 == 0x0d || $0 == 0x0a },
  ]

  static func judgeRequest(_ reader: borrowing ByteReader) -> MessageStart {
    var length = 0
    while length <= maximumMethodByteCount {
      guard let byte = reader.peek(length) else {
        return isPrefixOfMethod(reader, length) ? .unfinished(isSure: false) : .neither
      }
      if byte == 0x20 { break }
      guard isMethodByte(byte) else { return .neither }
      length += 1
    }
    guard (1...maximumMethodByteCount).contains(length) else { return .neither }
    let isKnown = methods.contains { $0.utf8CodeUnitCount == length && starts(reader, with: $0) }
    guard let lineFeed = reader.distance(to: 0x0a, within: maximumLineByteCount) else {
      guard isKnown, reader.remaining < maximumLineByteCount else { return .neither }
      return judgeTarget(reader, from: length + 1)
    }
    return endsWithVersion(reader, lineFeed, after: length) ? .request : .neither
  }

  /// Judges a target whose line has not ended: no control characters, and of a known form.
  private static func judgeTarget(_ reader: borrowing ByteReader, from start: Int) -> MessageStart {
    guard let first = reader.peek(start) else { return .unfinished(isSure: false) }
    var place = start
    while let byte = reader.peek(place) {
      guard byte >= 0x20, byte != 0x7f else {
        let isEnd = byte == 0x0d && place == reader.remaining - 1
        guard isEnd, endsWithVersion(reader, place, after: start - 1) else { return .neither }
        return .unfinished(isSure: true)
      }
      place += 1
    }
    return .unfinished(isSure: first == 0x2f && place - start >= sureByteCount)
  }

  /// Whether a line whose line feed is `lineFeed` bytes ahead ends with ` HTTP/1.1`, a carriage return being allowed.
  private static func endsWithVersion(_ reader: borrowing ByteReader, _ lineFeed: Int, after method: Int) -> Bool {
    var end = lineFeed
    // Spaces at the end are tolerated (RFC 9112, 3).
    while end > method, let byte = reader.peek(end - 1), byte == 0x0d || byte == 0x20 { end -= 1 }
    let start = end - 9
    guard start > method, starts(reader, with: " HTTP/1.", at: start), let digit = reader.peek(end - 1) else {
      return false
    }
    return (0x30...0x39).contains(digit)
  }

  private static func isMethodByte(_ byte: UInt8) -> Bool {
    (0x41...0x5a).contains(byte) || byte == 0x2d || byte == 0x5f
  }

  private static func isPrefixOfMethod(_ reader: borrowing ByteReader, _ length: Int) -> Bool {
    for method in methods where method.utf8CodeUnitCount >= length {
      if starts(reader, with: method, count: length) { return true }
    }
    return false
  }

  private static func starts(
    _ reader: borrowing ByteReader, with text: StaticString, at place: Int = 0, count: Int = .max
  ) -> Bool {
    // Safe: a static string's bytes live as long as the program.
    let bytes = unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    for index in 0..<min(count, text.utf8CodeUnitCount) {
      // Safe: the index is inside.
      guard unsafe reader.peek(place + index) == bytes[index] else { return false }
    }
    return true
  }

  // MARK: After a gap

  /// The distance to the next thing that looks like the start of a message, and how many bytes surely are none.
  ///
  /// A status line may stand anywhere, a request line at the end of a line that ends with the version.
  static func search(_ bytes: borrowing ByteReader, for wanted: Wanted) -> (found: Int?, passed: Int) {
    switch wanted {
    case .response: searchResponse(bytes)
    case .request: searchRequest(bytes)
    case .either:
      {
        let response = searchResponse(bytes)
        let request = searchRequest(bytes)
        guard let first = [response.found, request.found].compactMap({ $0 }).min() else {
          return (nil, min(response.passed, request.passed))
        }
        return (first, first)
      }()
    }
  }

  enum Wanted { case request, response, either }

  private static func searchResponse(_ bytes: borrowing ByteReader) -> (found: Int?, passed: Int) {
    var reader = copy bytes
    let start = reader.offset
    // Each turn moves on by a byte at the least.
    while let distance = reader.distance(to: 0x48) {
      guard (try? reader.skip(distance, "search")) != nil else { break }
      switch judgeResponse(reader, 0) {
      case .response: return (reader.offset - start, reader.offset - start)
      case .unfinished: return (nil, reader.offset - start)
      default: break
      }
      guard (try? reader.skip(1, "search")) != nil else { break }
    }
    return (nil, bytes.remaining)
  }

  private static func searchRequest(_ bytes: borrowing ByteReader) -> (found: Int?, passed: Int) {
    var reader = copy bytes
    let start = reader.offset
    // Each turn takes a line.
    while let lineFeed = reader.distance(to: 0x0a) {
      if let place = requestLine(reader, lineFeed) {
        return (reader.offset - start + place, reader.offset - start + place)
      }
      guard (try? reader.skip(lineFeed + 1, "search")) != nil else { break }
    }
    let passed = reader.offset - start
    // A line that is too long to be a start line is passed over.
    return (nil, reader.remaining > maximumLineByteCount ? bytes.remaining : passed)
  }

  /// Where a request line begins in the line ahead, when the line ends with one.
  private static func requestLine(_ reader: borrowing ByteReader, _ lineFeed: Int) -> Int? {
    guard endsWithVersion(reader, lineFeed, after: 0) else { return nil }
    var place = lineFeed
    // Back over the version and the space before it …
    while place > 0, reader.peek(place - 1) != 0x2f { place -= 1 }
    guard place > 5 else { return nil }
    place -= 6
    // … over the target, which has no spaces …
    let lowest = max(0, place - maximumLineByteCount)
    while place > lowest, let byte = reader.peek(place - 1), byte > 0x20 { place -= 1 }
    guard place > 1, reader.peek(place - 1) == 0x20 else { return nil }
    // … to the longest method that ends before it.
    var best: Int?
    for method in methods {
      let begin = place - 1 - method.utf8CodeUnitCount
      if begin >= 0, begin < best ?? .max, starts(reader, with: method, at: begin) { best = begin }
    }
    return best
  }
}
