public import ByteReading

/// Reads the chunked transfer coding as it comes (RFC 9112, 7.1): chunk extensions are passed over, trailers are kept.
///
/// It takes every byte it is shown. Lines may end with a bare LF; space before a size and control characters behind it are passed
/// over, as browsers do, and make the body `isOdd`. Limits: `maximumLineByteCount` for a size line,
/// `maximumTrailerByteCount` for the trailer section; a chunk's size is below 2^60.
public struct ChunkedBody: Hashable, Sendable {
  public static let maximumLineByteCount = 64 * 1024
  public static let maximumTrailerByteCount = 64 * 1024

  public enum Step: Hashable, Sendable {
    /// The next bytes, at least 1, are the body's: take them from the reader before the next step.
    case data(Int)
    /// The body and its trailers have ended.
    case end
    /// All that was shown is taken.
    case needsMore
  }

  private enum State: Hashable { case size, afterSize, data, afterData, trailers, ended }
  private var state = State.size
  private var remaining = 0
  private var digitCount = 0
  private var lineByteCount = 0
  private var trailerBytes: [UInt8] = []
  private var trailerLineIsEmpty = true

  /// Some size line was not written as it should be.
  public private(set) var isOdd = false
  /// What was taken of the first size line; empty once that has ended.
  public private(set) var firstLine: [UInt8] = []
  private var hasChunk = false

  /// The fields of the trailer section, once the end has come.
  public private(set) var trailers: [MessageHead.Field] = []

  public init() {}

  /// Goes on behind what was taken; throws `malformed` or `limitExceeded` at the byte that is wrong.
  public mutating func advance(_ reader: inout ByteReader) throws(ReadError) -> Step {
    while let byte = reader.peek() {
      switch state {
      case .size: try readSize(byte, reader.offset)
      case .afterSize: try readAfterSize(byte, reader.offset)
      case .data:
        let count = min(remaining, reader.remaining)
        remaining -= count
        if remaining == 0 { state = .afterData }
        return .data(count)
      case .afterData:
        guard byte == 0x0d || byte == 0x0a else {
          throw ReadError(.malformed, at: reader.offset, reading: "end of chunk")
        }
        if byte == 0x0a { beginSize() }
      case .trailers:
        try readTrailer(byte, reader.offset)
        if state == .ended {
          try reader.skip(1, "trailers")
          return .end
        }
      case .ended: return .end
      }
      try reader.skip(1, "chunk")
      if !hasChunk { firstLine.append(byte) }
    }
    return state == .ended ? .end : .needsMore
  }

  /// Passes over bytes that are missing, when they all lie within one chunk's data; false otherwise.
  public mutating func skip(_ count: Int) -> Bool {
    guard state == .data, count > 0, count <= remaining else { return false }
    remaining -= count
    if remaining == 0 { state = .afterData }
    return true
  }

  private mutating func beginSize() {
    state = .size
    remaining = 0
    digitCount = 0
    lineByteCount = 0
  }

  private mutating func readSize(_ byte: UInt8, _ offset: Int) throws(ReadError) {
    let digit: UInt8
    switch byte {
    case 0x30...0x39: digit = byte - 0x30
    case 0x41...0x46: digit = byte - 0x37
    case 0x61...0x66: digit = byte - 0x57
    case 0x0a, 0x0d, 0x20, 0x09, 0x3b:
      guard digitCount > 0 else {
        guard byte != 0x3b else { throw ReadError(.malformed, at: offset, reading: "chunk size") }
        isOdd = true
        return try countLine(offset)
      }
      state = .afterSize
      try readAfterSize(byte, offset)
      return
    case 0x00..<0x20 where digitCount > 0:
      isOdd = true
      state = .afterSize
      return try countLine(offset)
    default: throw ReadError(.malformed, at: offset, reading: "chunk size")
    }
    digitCount += 1
    guard remaining < 1 << 56 else { throw ReadError(.malformed, at: offset, reading: "chunk size") }
    remaining = remaining << 4 | Int(digit)
    try countLine(offset)
  }

  private mutating func readAfterSize(_ byte: UInt8, _ offset: Int) throws(ReadError) {
    if byte == 0x0a {
      state = remaining > 0 ? .data : .trailers
      hasChunk = true
      firstLine = []
    } else {
      try countLine(offset)
    }
  }

  private mutating func countLine(_ offset: Int) throws(ReadError) {
    lineByteCount += 1
    guard lineByteCount <= Self.maximumLineByteCount else {
      throw ReadError(.limitExceeded, at: offset, reading: "chunk size line")
    }
  }

  private mutating func readTrailer(_ byte: UInt8, _ offset: Int) throws(ReadError) {
    if byte == 0x0a, trailerLineIsEmpty {
      state = .ended
      trailerBytes += [0x0d, 0x0a]
      // Safe: the view ends with this call.
      trailers = unsafe try MessageHead(trailerBytes.span.bytes, hasStartLine: false)?.fields ?? []
      trailerBytes = []
      return
    }
    // A carriage return alone leaves the line empty: the line feed after it ends the section.
    trailerLineIsEmpty = byte == 0x0a || (byte == 0x0d && trailerLineIsEmpty)
    if byte == 0x0d { return }
    trailerBytes.append(byte)
    guard trailerBytes.count <= Self.maximumTrailerByteCount else {
      throw ReadError(.limitExceeded, at: offset, reading: "trailers")
    }
  }
}
