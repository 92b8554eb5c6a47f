import DecoderKit

/// The bytes of a file that were read, or written, put in order of their offsets.
final class Assembly {
  /// Bytes of all pieces of a conversation that wait for those before them.
  static let maximumHeldBytes = 8 << 20
  static let maximumHeldPieces = 4_096
  static let maximumMissingRanges = 1_000

  private let side: Side
  private let describe: () -> ContentDescription
  private var handle: ContentHandle?
  /// The offset with which the artefact begins.
  private(set) var base: UInt64?
  private var next: UInt64 = 0
  private var held: [UInt64: Piece] = [:]
  private(set) var heldBytes = 0
  private var missing: [Range<UInt64>] = []
  private(set) var hasHole = false
  private(set) var repeatedBytes = 0
  private(set) var lateBytes = 0
  private(set) var isClosed = false
  /// What is stored, once it is closed.
  private(set) var stored: ContentReference?

  private struct Piece {
    let bytes: [UInt8]
    let trace: Trace
  }

  init(from side: Side, describe: @escaping () -> ContentDescription) {
    self.side = side
    self.describe = describe
  }

  /// Where the file ends as far as it came.
  var end: UInt64 { next }
  var isOpen: Bool { handle != nil && !isClosed }

  /// Takes bytes of an offset; `room` is how many more the conversation may hold.
  func take(
    _ bytes: RawSpan, at offset: UInt64, room: () -> Int, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    guard bytes.byteCount > 0, !isClosed else { return }
    let (end, overflow) = offset.addingReportingOverflow(UInt64(bytes.byteCount))
    guard !overflow else { throw ReadError(.malformed, at: 0, reading: "offset") }
    if base == nil, offset == 0 { base = 0 }
    guard base != nil, offset <= next else { return try hold(bytes, at: offset, room: room, &sink) }
    guard end > next else { return countKnown(offset..<end) }
    if offset < next { countKnown(offset..<next) }
    let rest = bytes.extracting(Int(next - offset)..<bytes.byteCount)
    sink.append(rest, to: try opened(&sink))
    next = end
    try releaseHeld(&sink)
  }

  private func countKnown(_ range: Range<UInt64>) {
    if missing.contains(where: { $0.overlaps(range) }) || range.lowerBound < base ?? 0 {
      lateBytes += range.count
    } else {
      repeatedBytes += range.count
    }
  }

  private func opened(_ sink: inout EvidenceSink) throws(ReadError) -> ContentHandle {
    if let handle { return handle }
    let made = try sink.open(describe(), from: side)
    handle = made
    return made
  }

  private func hold(
    _ bytes: RawSpan, at offset: UInt64, room: () -> Int, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    if let known = held[offset], known.bytes.count >= bytes.byteCount {
      repeatedBytes += bytes.byteCount
      return
    }
    if let known = held[offset] { heldBytes -= known.bytes.count }
    held[offset] = Piece(bytes: bytes.array(), trace: sink.trace)
    heldBytes += bytes.byteCount
    var excess = bytes.byteCount - room()
    // Each turn lets at least one piece go.
    while excess > 0 || held.count > Self.maximumHeldPieces, let first = held.keys.min() {
      let before = heldBytes
      try pass(to: first, &sink)
      excess -= before - heldBytes
    }
  }

  private func releaseHeld(_ sink: inout EvidenceSink) throws(ReadError) {
    // Each turn takes one of the pieces that are held.
    while !held.isEmpty, let start = held[next] == nil ? held.keys.min() : next, start <= next,
      let piece = held.removeValue(forKey: start)
    {
      heldBytes -= piece.bytes.count
      let end = start + UInt64(piece.bytes.count)
      guard end > next else {
        repeatedBytes += piece.bytes.count
        continue
      }
      // Safe: the view ends before `piece` does.
      let view = unsafe piece.bytes.span.bytes
      sink.append(view.extracting(Int(next - start)..<view.byteCount), to: try opened(&sink), from: piece.trace)
      next = end
    }
  }

  /// Leaves a hole up to `offset`, or begins there.
  private func pass(to offset: UInt64, _ sink: inout EvidenceSink) throws(ReadError) {
    if base == nil {
      base = offset
      next = offset
    } else if offset > next {
      hasHole = true
      if missing.count < Self.maximumMissingRanges { missing.append(next..<offset) }
      sink.skip(Int(clamping: offset - next), in: try opened(&sink))
      next = offset
    }
    try releaseHeld(&sink)
  }

  /// Ends the artefact; `size` is the file's, where it is known.
  func close(size: UInt64?, isWhole: Bool, _ sink: inout EvidenceSink) throws(ReadError) {
    guard !isClosed else { return }
    // Each turn takes at least one of the pieces that are held.
    while let first = held.keys.min() { try pass(to: first, &sink) }
    isClosed = true
    isComplete = isWhole && !hasHole && base == 0 && size.map { $0 <= next } ?? true
    if let handle { stored = sink.close(handle, isWhole: isComplete) }
  }

  private(set) var isComplete = false
}
