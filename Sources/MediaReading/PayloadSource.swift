import Glibc

/// Reads payloads from the originals, those that stand near each other together.
///
/// A piece of an original is read once for all who ask for bytes of it soon after, such as the tracks of a call side by side.
@safe final class PayloadSource {
  /// Bytes of the pieces that are read at once, and how many of them are kept.
  private static let pieceSize = 1 << 17
  private static let pieceCount = 8
  /// How far behind the last bytes that were asked for others may stand to be read with all between: what that costs is about what
  /// a call of the system costs.
  private static let nearBytes: UInt64 = 8_192

  /// Bytes of an original from `number` times the size of a piece on.
  private struct Piece {
    var original: UInt16 = 0
    var number = UInt64.max
    var count = 0
  }

  private let originals: [UInt16: Int32]
  /// For bytes that are read alone.
  private let buffer: UnsafeMutablePointer<UInt8>
  /// Room for the pieces, which is first touched when one is read.
  private let room: UnsafeMutablePointer<UInt8>
  private var pieces = [Piece](repeating: Piece(), count: PayloadSource.pieceCount)
  private var lastOriginal: UInt16?
  private var lastOffset: UInt64 = 0
  private var descriptor: Int32 = -1

  /// `originals` gives an open descriptor for each original.
  init(_ originals: [UInt16: Int32]) {
    self.originals = originals
    unsafe buffer = .allocate(capacity: Int(UInt16.max))
    unsafe room = .allocate(capacity: Self.pieceSize * Self.pieceCount)
  }

  deinit {
    unsafe buffer.deallocate()
    unsafe room.deallocate()
  }

  /// Gives a payload's bytes to `body`; false when they cannot be read.
  func read(_ original: UInt16, _ offset: UInt64, _ length: Int, _ body: (RawSpan) -> Void) -> Bool {
    guard let bytes = unsafe bytes(original, offset, length) else { return false }
    // Safe: as many bytes were read, and the view ends before the next call.
    unsafe body(UnsafeRawBufferPointer(start: bytes, count: length).bytes)
    return true
  }

  /// Whether there is an original of that number.
  func knows(_ original: UInt16) -> Bool { originals[original] != nil }

  /// A payload's bytes, valid until the next call; nil when they cannot be read.
  func bytes(_ original: UInt16, _ offset: UInt64, _ length: Int) -> UnsafePointer<UInt8>? {
    guard (0...Int(UInt16.max)).contains(length), offset <= UInt64(Int.max) - UInt64(UInt16.max) else { return nil }
    if lastOriginal != original {
      guard let known = originals[original] else { return nil }
      descriptor = known
      lastOffset = .max
    }
    let isNear = lastOriginal == original && offset >= lastOffset && offset - lastOffset <= Self.nearBytes
    lastOriginal = original
    lastOffset = offset
    let number = offset / UInt64(Self.pieceSize)
    let start = Int(offset % UInt64(Self.pieceSize))
    if start + length <= Self.pieceSize {
      let place = Int(number % UInt64(Self.pieceCount))
      if isNear, pieces[place].number != number || pieces[place].original != original {
        read(original, number, into: place)
      }
      let piece = pieces[place]
      if piece.number == number, piece.original == original, start + length <= piece.count {
        // Safe: the piece holds bytes up to its count.
        return unsafe UnsafePointer(room + place * Self.pieceSize + start)
      }
    }
    // Safe: no more is read than the buffer holds.
    return unsafe pread(descriptor, buffer, length, Int(offset)) == length ? UnsafePointer(buffer) : nil
  }

  private func read(_ original: UInt16, _ number: UInt64, into place: Int) {
    // Safe: no more is read than a piece holds.
    let got = unsafe pread(
      descriptor, room + place * Self.pieceSize, Self.pieceSize, Int(number) * Self.pieceSize)
    pieces[place] = Piece(original: original, number: number, count: max(0, got))
  }
}
