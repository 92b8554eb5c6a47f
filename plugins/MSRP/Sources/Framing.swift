import DecoderKit

/// Cuts what one side sends into requests, responses and pieces of what they carry (RFC 4975, 7.1 and 9).
struct Framing {
  /// A head with its start line.
  static let maximumHead = 65_536
  /// Bytes behind a gap in a chunk of unknown length that wait for the line which proves that they are its own.
  static let maximumProof = 1 << 20
  /// Bytes of a line that are looked at for one of MSRP's own.
  private static let maximumShown = 128

  enum Step {
    case needsMore
    /// Bytes of no message.
    case pass(Int)
    /// An empty line between messages.
    case emptyLine(Int)
    /// A head, with the end of its transaction where nothing is carried.
    case head(StartLine, MessageHead, byteCount: Int, flag: UInt8?)
    /// So many bytes of what the request carries.
    case data(Int)
    /// The end of a transaction behind so many bytes of what it carries.
    case end(Int, byteCount: Int, flag: UInt8)
    /// The line that would begin here is none, or its head never ends.
    case lost(Int)
  }

  private enum State {
    case head
    case body([UInt8])
    /// What comes is the transaction's only if its end follows.
    case unproven([UInt8])
    case lost
  }
  private var state = State.head
  private var isAtBodyStart = false
  /// Bytes ahead that were looked at without an end of what they are.
  private var scanned = 0
  /// Whether a start line may begin with the next byte though nothing before it is known.
  private var isAtLineStart = true
  /// Whether the beginning of the line ahead was passed over.
  private var isMidLine = false
  private(set) var passedByteCount = 0
  private(set) var waitingByteCount = 0

  var isInBody: Bool {
    switch state {
    case .body, .unproven: true
    default: false
    }
  }

  mutating func advance(_ bytes: RawSpan) -> Step {
    waitingByteCount = 0
    let step = step(bytes)
    if case .needsMore = step { waitingByteCount = bytes.byteCount } else { scanned = 0 }
    if case .pass(let count) = step { passedByteCount += count }
    if case .lost(let count) = step { passedByteCount += count }
    return step
  }

  private mutating func step(_ bytes: RawSpan) -> Step {
    switch state {
    case .head: head(bytes)
    case .body(let transaction): body(bytes, transaction)
    case .unproven(let transaction): proof(bytes, transaction)
    case .lost: seek(bytes)
    }
  }

  // MARK: Heads

  private mutating func head(_ bytes: RawSpan) -> Step {
    if bytes[0] == 0x0d || bytes[0] == 0x0a { return .emptyLine(1) }
    guard let length = bytes.firstOffset(of: 0x0a, within: StartLine.maximumLine) else {
      let start = bytes.extracting(first: 5).array()
      guard Array("MSRP ".utf8).starts(with: start), bytes.byteCount < StartLine.maximumLine else { return lose(bytes) }
      return .needsMore
    }
    guard let start = StartLine(Self.line(bytes, 0..<length)) else { return lose(bytes) }
    var offset = max(scanned, length + 1)
    // Each turn takes a line.
    while offset < Self.maximumHead {
      let match = EndLine.match(bytes, at: offset, transaction: start.transaction)
      if case .found(let count, let flag) = match {
        return finishHead(start, bytes, through: offset, byteCount: offset + count, flag: flag)
      }
      guard let rest = bytes.firstOffset(of: 0x0a, from: offset), match == .none else {
        scanned = offset
        return bytes.byteCount < Self.maximumHead ? .needsMore : lose(bytes)
      }
      let line = Self.line(bytes, offset..<offset + rest)
      if line.isEmpty { return finishHead(start, bytes, through: offset, byteCount: offset + rest + 1, flag: nil) }
      // The end of another transaction, or the next start line, says that this head's end is missing.
      if EndLine.isEndLine(line) || StartLine(line) != nil {
        let step = lose(bytes, offset)
        isAtLineStart = StartLine(line) != nil
        return step
      }
      offset += rest + 1
    }
    return lose(bytes)
  }

  private mutating func finishHead(
    _ start: StartLine, _ bytes: RawSpan, through end: Int, byteCount: Int, flag: UInt8?
  ) -> Step {
    let text = bytes.extracting(first: end).array() + [0x0d, 0x0a]
    // Safe: the view ends before `text` does.
    guard let head = try? unsafe MessageHead(text.span.bytes) else { return lose(bytes, byteCount) }
    isAtLineStart = true
    if flag == nil {
      state = .body(start.transaction)
      isAtBodyStart = true
    }
    return .head(start, head, byteCount: byteCount, flag: flag)
  }

  private static func line(_ bytes: RawSpan, _ range: Range<Int>) -> [UInt8] {
    var line = bytes.extracting(range).array()
    if line.last == 0x0d { line.removeLast() }
    return line
  }

  /// Goes on at the next start line that nothing speaks against.
  private mutating func lose(_ bytes: RawSpan, _ count: Int = 0) -> Step {
    state = .lost
    isAtLineStart = false
    isMidLine = false
    return .lost(count)
  }

  // MARK: What requests carry

  private mutating func body(_ bytes: RawSpan, _ transaction: [UInt8]) -> Step {
    if isAtBodyStart {
      switch EndLine.match(bytes, at: 0, transaction: transaction) {
      case .found(let count, let flag): return finish(0, count, flag)
      case .unfinished: return .needsMore
      case .none: isAtBodyStart = false
      }
    }
    var from = 0
    // Each turn takes a line.
    while let distance = bytes.firstOffset(of: 0x0a, from: from) {
      let feed = from + distance
      from = feed + 1
      guard feed > 0, bytes[feed - 1] == 0x0d else { continue }
      switch EndLine.match(bytes, at: feed + 1, transaction: transaction) {
      case .none: continue
      case .found(let count, let flag): return finish(feed - 1, feed + 1 + count, flag)
      case .unfinished: return feed > 1 ? .data(feed - 1) : .needsMore
      }
    }
    let isOpen = bytes.byteCount > 0 && bytes[bytes.byteCount - 1] == 0x0d
    let count = bytes.byteCount - (isOpen ? 1 : 0)
    return count > 0 ? .data(count) : .needsMore
  }

  private mutating func finish(_ count: Int, _ byteCount: Int, _ flag: UInt8) -> Step {
    state = .head
    isAtLineStart = true
    return .end(count, byteCount: byteCount, flag: flag)
  }

  /// Looks for the end of the transaction, before any other line of MSRP.
  private mutating func proof(_ bytes: RawSpan, _ transaction: [UInt8]) -> Step {
    var from = max(0, scanned)
    if from == 0, let step = judge(bytes, at: 0, transaction) { return step }
    // Each turn takes a line.
    while let distance = bytes.firstOffset(of: 0x0a, from: from) {
      let next = from + distance + 1
      if let step = judge(bytes, at: next, transaction) {
        if case .needsMore = step { scanned = max(0, from) }
        return step
      }
      from = next
    }
    guard bytes.byteCount < Self.maximumProof else { return lose(bytes) }
    scanned = from
    return .needsMore
  }

  private mutating func judge(_ bytes: RawSpan, at offset: Int, _ transaction: [UInt8]) -> Step? {
    let rest = bytes.extracting(min(offset, bytes.byteCount)..<bytes.byteCount)
    let shown = rest.extracting(first: Self.maximumShown).array()
    let isHyphens = zip(shown, EndLine.hyphens).allSatisfy { $0 == $1 }
    let isStart = zip(shown, "MSRP ".utf8).allSatisfy { $0 == $1 }
    guard isHyphens || isStart else { return nil }
    guard let feed = shown.firstIndex(of: 0x0a) else {
      return rest.byteCount < Self.maximumShown ? .needsMore : nil
    }
    if isHyphens, case .found(let count, let flag) = EndLine.match(rest, at: 0, transaction: transaction) {
      // The line end before it is none of what is carried.
      let isAfterLine = offset >= 2 && bytes[offset - 2] == 0x0d
      return finish(isAfterLine ? offset - 2 : offset, offset + count, flag)
    }
    var line = Array(shown[..<feed])
    if line.last == 0x0d { line.removeLast() }
    guard EndLine.isEndLine(line) || StartLine(line) != nil else { return nil }
    let step = lose(bytes)
    // Right behind the gap another message may begin.
    isAtLineStart = offset == 0
    return step
  }

  // MARK: Behind what is missing

  private mutating func seek(_ bytes: RawSpan) -> Step {
    guard let length = bytes.firstOffset(of: 0x0a, within: StartLine.maximumLine) else {
      let start = bytes.extracting(first: 7).array()
      let mayBeStart = isAtLineStart && zip(start, "MSRP ".utf8).allSatisfy { $0 == $1 }
      let mayBeEnd = !isMidLine && zip(start, EndLine.hyphens).allSatisfy { $0 == $1 }
      guard !mayBeStart && !mayBeEnd || bytes.byteCount >= StartLine.maximumLine else { return .needsMore }
      isAtLineStart = false
      isMidLine = true
      return .pass(min(bytes.byteCount, StartLine.maximumLine))
    }
    let line = Self.line(bytes, 0..<length)
    if isAtLineStart, StartLine(line) != nil {
      state = .head
      return head(bytes)
    }
    isAtLineStart = !isMidLine && EndLine.isEndLine(line)
    isMidLine = false
    return .pass(length + 1)
  }

  /// Learns of missing bytes; `isInside` says that what comes next is certain to be the transaction's, nil that it may be.
  mutating func skip(abandoned: Int, isInside: Bool?) {
    passedByteCount += isInBody ? 0 : abandoned
    scanned = 0
    waitingByteCount = 0
    isAtLineStart = true
    isMidLine = false
    switch state {
    case .body(let transaction), .unproven(let transaction):
      isAtBodyStart = false
      if isInside == nil { state = .unproven(transaction) } else if isInside == false { state = .lost }
    case .head, .lost: state = .lost
    }
  }
}
