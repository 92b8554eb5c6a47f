import ByteReading

/// The text of one element, gathered from its pieces.
struct ElementText {
  private var bytes: [UInt8] = []
  private(set) var isCut = false
  private(set) var range: FileRange?

  /// Takes a piece; what is beyond the limit is left out.
  mutating func append(_ piece: RawSpan, at range: FileRange, limit: Int) {
    let room = max(0, limit - bytes.count)
    isCut = isCut || piece.byteCount > room
    bytes += piece.extracting(0..<min(room, piece.byteCount)).array()
    let first = self.range?.first ?? range.first
    self.range = FileRange(from: first, count: range.last - min(first, range.last) + 1)
  }

  /// The text without white space at its ends.
  var trimmed: [UInt8] {
    let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0d).contains(byte) }
    let tail = bytes.drop(while: isSpace)
    return Array(tail.prefix((tail.lastIndex { !isSpace($0) } ?? tail.startIndex - 1) - tail.startIndex + 1))
  }

  /// The text for people; nil when there is none.
  var string: String? {
    let text = trimmed
    return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
  }
}
