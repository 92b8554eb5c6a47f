import ByteReading

/// Splits KML's list of coordinates at white space, however it comes in pieces.
///
/// Limit: `maximumByteCount` bytes of one tuple; a longer one is given as cut.
struct TupleSplitter {
  /// Three numbers at the limits of `ExactDecimal`, and white space to spare.
  static let maximumByteCount = 192

  private var tuple: [UInt8] = []
  private var isCut = false
  private var first: UInt64 = 0
  private var last: UInt64 = 0

  /// Takes a piece that stands at `range`; gives each tuple that ends in it.
  mutating func append(_ piece: RawSpan, at range: FileRange, _ receive: ([UInt8], FileRange, _ isCut: Bool) -> Void) {
    // In another encoding than UTF-8 the bytes of the file are not those of the text: the whole piece is named then.
    let isSame = range.last - range.first + 1 == UInt64(piece.byteCount)
    var reader = ByteReader(piece)
    while let byte = reader.peek() {
      if byte == 0x20 || (0x09...0x0d).contains(byte) {
        finish(receive)
      } else {
        let place = UInt64(reader.offset)
        if tuple.isEmpty { first = isSame ? range.first + place : range.first }
        last = isSame ? range.first + place : range.last
        if tuple.count < Self.maximumByteCount { tuple.append(byte) } else { isCut = true }
      }
      guard (try? reader.skip(1, "byte")) != nil else { return }
    }
  }

  /// Gives the tuple in hand, if there is one.
  mutating func finish(_ receive: ([UInt8], FileRange, _ isCut: Bool) -> Void) {
    guard !tuple.isEmpty else { return }
    receive(tuple, FileRange(from: first, count: last - min(first, last) + 1), isCut)
    tuple.removeAll(keepingCapacity: true)
    isCut = false
  }
}
