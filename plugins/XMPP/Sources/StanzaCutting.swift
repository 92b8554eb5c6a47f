import DecoderKit

/// Cuts one side of a stream (RFC 6120, 4) into stanzas, byte by byte.
struct StanzaCutting {
  /// A longer stanza is passed over.
  static let maximumStanza = 1 << 20

  enum Cut: Hashable {
    /// A whole element inside of the stream.
    case stanza(Int)
    /// The start tag of the stream.
    case header(Int)
    /// The end tag of the stream.
    case ending(Int)
    /// White space, a declaration or a comment.
    case nothing(Int)
    /// Bytes that stand where only elements may, or in a stanza beyond the limit.
    case odd(Int)
    case needsMore
  }

  private enum Mode: Hashable {
    case outside, inside, opened, startTag
    case quoted(UInt8)
    case endTag, declaration
  }

  private var mode = Mode.outside
  private var depth = 0
  /// Bytes of what is shown that were looked at.
  private var seen = 0
  private var name: [UInt8] = []
  private var isNameDone = false
  private var last: UInt8 = 0
  private var special: [UInt8] = []
  /// A stanza beyond the limit is being passed over.
  private var isPassing = false
  /// The next beginning is not known.
  private(set) var isLost = false

  mutating func skip() {
    self = StanzaCutting()
    isLost = true
  }

  mutating func advance(_ bytes: RawSpan) -> Cut {
    if isLost { return seek(bytes) }
    // Each turn takes a byte.
    while seen < bytes.byteCount {
      let byte = bytes[seen]
      seen += 1
      if seen > Self.maximumStanza { isPassing = true }
      if let cut = take(byte) { return give(cut) }
    }
    if isPassing {
      defer { seen = 0 }
      return .odd(seen)
    }
    return mode == .outside && seen > 0 ? give(.nothing(seen)) : .needsMore
  }

  private mutating func give(_ cut: Cut) -> Cut {
    defer {
      seen = 0
      isPassing = false
      name = []
      isNameDone = false
    }
    return isPassing ? .odd(seen) : cut
  }

  private mutating func take(_ byte: UInt8) -> Cut? {
    defer { last = byte }
    switch mode {
    case .outside:
      guard byte == 0x3c else { return Self.isSpace(byte) ? nil : .odd(seen) }
      // What stands before it is done for itself.
      guard seen == 1 else {
        seen -= 1
        return .nothing(seen)
      }
      mode = .opened
    case .inside: if byte == 0x3c { mode = .opened }
    case .opened: open(byte)
    case .startTag:
      if byte == 0x22 || byte == 0x27 {
        mode = .quoted(byte)
      } else if byte == 0x3e {
        return endStart()
      } else if depth == 0 {
        learnName(byte)
      }
    case .quoted(let quote): if byte == quote { mode = .startTag }
    case .endTag:
      guard byte == 0x3e else { return nil }
      guard depth > 0 else {
        mode = .outside
        return .ending(seen)
      }
      depth -= 1
      mode = depth == 0 ? .outside : .inside
      return depth == 0 ? .stanza(seen) : nil
    case .declaration:
      if special.isEmpty, declarationKind == 0x21 { declarationKind = byte }
      special.append(byte)
      if special.count > 16 { special.removeFirst(special.count - 8) }
      guard byte == 0x3e, isDeclarationOver else { return nil }
      mode = depth == 0 ? .outside : .inside
      return depth == 0 ? .nothing(seen) : nil
    }
    return nil
  }

  private mutating func open(_ byte: UInt8) {
    switch byte {
    case 0x2f: mode = .endTag
    case 0x21, 0x3f:
      mode = .declaration
      special = []
      declarationKind = byte
    default:
      mode = .startTag
      if depth == 0 { learnName(byte) }
    }
  }

  private var declarationKind: UInt8 = 0

  /// `?>` ends a declaration; `-->` a comment, `]]>` CDATA, `>` any other.
  private var isDeclarationOver: Bool {
    switch declarationKind {
    case 0x3f: special.suffix(2).elementsEqual("?>".utf8)
    case 0x2d: special.suffix(3).elementsEqual("-->".utf8)
    case 0x5b: special.suffix(3).elementsEqual("]]>".utf8)
    default: true
    }
  }

  private mutating func learnName(_ byte: UInt8) {
    if Self.isSpace(byte) || byte == 0x2f { isNameDone = true }
    if !isNameDone, name.count < 64 { name.append(byte) }
  }

  private mutating func endStart() -> Cut? {
    let isEmpty = last == 0x2f
    mode = .inside
    if depth == 0 {
      mode = .outside
      let local = name.split(separator: 0x3a).last ?? []
      if local.elementsEqual("stream".utf8), !isEmpty { return .header(seen) }
      if isEmpty { return .stanza(seen) }
      mode = .inside
    }
    if !isEmpty { depth += 1 }
    return nil
  }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a }

  // MARK: Behind missing bytes

  private static let beginnings = [
    "<message", "<iq", "<presence", "<stream:stream", "<success", "<failure", "<challenge", "<response", "<auth",
    "<stream:features", "<proceed", "<starttls",
  ].map { Array($0.utf8) }

  /// Finds the next beginning of a stanza.
  private mutating func seek(_ bytes: RawSpan) -> Cut {
    var passed = 0
    // Each turn passes over bytes up to the next tag.
    while passed < bytes.byteCount {
      guard let distance = bytes.firstOffset(of: 0x3c, from: passed) else { return .odd(bytes.byteCount) }
      passed += distance
      let start = bytes.extracting(passed..<bytes.byteCount).extracting(first: 17).array()
      var mayBe = false
      for beginning in Self.beginnings {
        if start.count > beginning.count, start.starts(with: beginning) {
          let behind = start[beginning.count]
          guard Self.isSpace(behind) || behind == 0x3e || behind == 0x2f else { continue }
          isLost = false
          return passed > 0 ? .odd(passed) : advance(bytes)
        }
        if start.count <= beginning.count, beginning.starts(with: start) { mayBe = true }
      }
      if mayBe { return passed > 0 ? .odd(passed) : .needsMore }
      passed += 1
    }
    return .odd(passed)
  }
}
