import DecoderKit

/// Cuts one side's bytes into messages (MS-SMB2, 2.1; RFC 1002, 4.3), whose content may come in pieces.
struct FrameReading {
  /// Bytes of a message that is held until it is whole; content of reads and writes is not held.
  static let maximumWhole = 4_000_000
  /// Bytes of a message; the longest reads and writes are 8 MiB.
  static let maximumFrame = 0xff_ffff
  static let prefix = 4

  enum Kind: Equatable {
    case version1, version2, encrypted, compressed
    /// A message of the session service, or bytes of no known form.
    case other
  }

  enum State {
    /// A message's first byte is next.
    case start
    /// Content is next, then so many bytes that mean nothing.
    case content(Content, rest: Int)
    /// So many bytes that mean nothing are next, then perhaps content and others.
    case passing(Int, next: Content? = nil, rest: Int = 0)
    /// The beginning of a message is sought.
    case lost
  }

  /// Content of a file that is under way.
  struct Content {
    let file: OpenFile
    let isUpload: Bool
    var offset: UInt64
    var remaining: Int
  }

  var state = State.start
  /// Bytes that belong to no message.
  private(set) var passedByteCount = 0

  static func kind(_ bytes: RawSpan) -> Kind {
    guard bytes.byteCount >= 8, bytes.starts(with: "SMB", at: 5) else { return .other }
    return switch bytes[4] {
    case 0xff: .version1
    case 0xfe: .version2
    case 0xfd: .encrypted
    case 0xfc: .compressed
    default: .other
    }
  }

  /// The bytes of a message behind its prefix.
  static func length(_ bytes: RawSpan) -> Int? {
    guard bytes.byteCount >= prefix else { return nil }
    let low = Int(bytes[2]) << 8 | Int(bytes[3])
    // Over NetBIOS only the lowest bit of the flags belongs to the length.
    return bytes[0] == 0 ? Int(bytes[1]) << 16 | low : Int(bytes[1] & 1) << 16 | low
  }

  static func claim(_ bytes: RawSpan, isOwnPort: Bool) -> Claim {
    guard bytes.byteCount > 0 else { return .none }
    if bytes[0] == 0 {
      if bytes.byteCount >= 8 { return kind(bytes) == .other ? .none : .content }
      guard isOwnPort || bytes.byteCount >= 5 && bytes[4] >= 0xfc else { return .none }
      let mark: [UInt8] = Array("SMB".utf8)
      return bytes.byteCount <= 5 || mark.starts(with: bytes.extracting(5..<bytes.byteCount).array())
        ? .needsMore : .none
    }
    guard isOwnPort else { return .none }
    // A request or an answer of the session service.
    let isRequest = bytes[0] == 0x81 && bytes.byteCount >= prefix && length(bytes) == 68
    let isAnswer = (0x82...0x85).contains(bytes[0]) && bytes.byteCount >= prefix && length(bytes) ?? 9 <= 6
    if isRequest || isAnswer { return .port }
    return (0x81...0x85).contains(bytes[0]) && bytes.byteCount < prefix ? .needsMore : .none
  }

  /// Begins content behind padding.
  mutating func begin(_ content: Content, behind padding: Int, rest: Int) {
    state = padding > 0 ? .passing(padding, next: content, rest: rest) : .content(content, rest: rest)
  }

  /// Goes on behind so many bytes of content, or of those that mean nothing.
  mutating func advance(_ count: Int) {
    switch state {
    case .content(var content, let rest):
      content.remaining -= count
      content.offset &+= UInt64(count)
      state = content.remaining > 0 ? .content(content, rest: rest) : rest > 0 ? .passing(rest) : .start
    case .passing(let total, let next, let rest):
      if count < total {
        state = .passing(total - count, next: next, rest: rest)
      } else if let next {
        state = .content(next, rest: rest)
      } else {
        state = .start
      }
    case .start, .lost: break
    }
  }

  /// Passes over bytes that are missing; those of content leave a hole, for what follows has a later offset.
  mutating func skip(_ gap: StreamGap) {
    passedByteCount += gap.abandoned
    var missing = gap.byteCount
    // Each turn passes over one part of a message.
    while missing > 0 {
      let count: Int
      switch state {
      case .content(let content, _): count = content.remaining
      case .passing(let total, _, _): count = total
      case .start, .lost:
        state = .lost
        return
      }
      advance(min(count, missing))
      missing -= min(count, missing)
    }
    if gap.abandoned > 0 { state = .lost }
  }

  mutating func pass(_ count: Int) { passedByteCount += count }

  /// The distance to what looks like the beginning of a message; nil when there is none, and how many bytes may go.
  static func distanceToStart(_ bytes: RawSpan) -> (found: Bool, count: Int) {
    var place = 0
    // Each turn passes over one letter S.
    while let distance = bytes.firstOffset(of: 0x53, from: place) {
      let letter = place + distance
      place = letter + 1
      guard letter >= 5 else { continue }
      let start = letter - 5
      let candidate = bytes.extracting(start..<bytes.byteCount)
      if candidate.byteCount >= 8, candidate[0] == 0, kind(candidate) != .other, length(candidate) ?? 0 >= 32 {
        return (true, start)
      }
    }
    return (false, max(0, bytes.byteCount - 7))
  }
}
