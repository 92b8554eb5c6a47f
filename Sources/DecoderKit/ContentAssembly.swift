public import ByteReading
public import EvidenceModel

/// An artefact whose bytes come with their offsets, in any order, put in order.
///
/// Pieces wait for those before them, within limits; what then is missing becomes a hole. What came first stays.
public final class ContentAssembly {
  /// Bytes of all pieces of a conversation that wait for those before them.
  public static let maximumHeldBytes = 8 << 20
  public static let maximumHeldPieces = 4_096
  /// Ranges of missing bytes that are listed.
  public static let maximumMissingRanges = 1_000

  private let side: Side
  private let describe: () -> ContentDescription
  private var handle: ContentHandle?
  /// The offset with which the artefact begins.
  public private(set) var base: UInt64?
  private var next: UInt64 = 0
  private var held: [UInt64: Piece] = [:]
  /// Bytes that wait for those before them.
  public private(set) var heldBytes = 0
  /// What is missing between its first byte and its end.
  public private(set) var missing: [Range<UInt64>] = []
  public private(set) var hasHole = false
  /// Bytes that came again, and those that came after a hole had been left for them; neither are used.
  public private(set) var repeatedBytes = 0
  public private(set) var lateBytes = 0
  /// Whether bytes that came again differ from those that are remembered, or held.
  public private(set) var hasConflict = false
  public private(set) var isClosed = false
  /// Whether it begins with its first byte, has no hole, and was closed as whole; told when it is closed.
  public private(set) var isComplete = false
  /// What is stored, once it is closed.
  public private(set) var stored: ContentReference?
  /// The first bytes, in order and up to the first hole: `beginningLimit` at the most.
  public private(set) var beginning: [UInt8] = []
  private let beginningLimit: Int

  private struct Piece {
    let bytes: [UInt8]
    let trace: Trace
  }

  /// `describe` is asked when the first bytes come; `beginningLimit` bytes of the beginning are remembered.
  public init(from side: Side, beginningLimit: Int = 0, describe: @escaping () -> ContentDescription) {
    self.side = side
    self.beginningLimit = beginningLimit
    self.describe = describe
  }

  /// Where the file ends as far as it came.
  public var end: UInt64 { next }
  public var isOpen: Bool { handle != nil && !isClosed }

  /// Takes a part of the bytes shown in this call, from the packets of `trace`; `room` is how many more bytes the conversation may hold.
  public func take(
    _ bytes: RawSpan, at offset: UInt64, trace: Trace, room: () -> Int, into sink: inout EvidenceSink
  ) throws(ReadError) {
    guard bytes.byteCount > 0, !isClosed else { return }
    let (end, overflow) = offset.addingReportingOverflow(UInt64(bytes.byteCount))
    guard !overflow else { throw ReadError(.malformed, at: 0, reading: "offset") }
    if base == nil, offset == 0 { base = 0 }
    guard base != nil, offset <= next else { return try hold(bytes, at: offset, trace, room: room, &sink) }
    if !hasConflict { hasConflict = differs(bytes, at: offset) }
    guard end > next else { return countKnown(offset..<end) }
    if offset < next { countKnown(offset..<next) }
    let rest = bytes.extracting(Int(next - offset)..<bytes.byteCount)
    guard held.isEmpty else {
      // Some of it may have come before.
      try hold(rest, at: next, trace, room: room, &sink)
      return try releaseHeld(&sink)
    }
    remember(rest)
    sink.append(rest, to: try opened(&sink))
    next = end
  }

  private func differs(_ bytes: RawSpan, at offset: UInt64) -> Bool {
    guard let start = Int(exactly: offset), start < beginning.count else { return false }
    let known = beginning
    // Safe: the view ends before `known` does.
    let view = unsafe known.span.bytes
    let count = min(known.count - start, bytes.byteCount)
    return !view.extracting(start..<start + count).isSame(as: bytes.extracting(first: count))
  }

  private func countKnown(_ range: Range<UInt64>) {
    var late = range.clamped(to: 0..<max(base ?? 0, 1)).count
    if base ?? 0 == 0 { late = 0 }
    for hole in missing where hole.overlaps(range) { late += hole.clamped(to: range).count }
    lateBytes += late
    repeatedBytes += range.count - late
  }

  private func remember(_ bytes: RawSpan) {
    let room = beginningLimit - beginning.count
    if room > 0, base == 0, !hasHole { beginning += bytes.extracting(first: room).array() }
  }

  private func opened(_ sink: inout EvidenceSink) throws(ReadError) -> ContentHandle {
    if let handle { return handle }
    let made = try sink.open(describe(), from: side)
    handle = made
    return made
  }

  private func hold(
    _ bytes: RawSpan, at offset: UInt64, _ trace: Trace, room: () -> Int, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let end = offset + UInt64(bytes.byteCount)
    var from = offset
    // What is held came first and stays; pieces never overlap.
    let overlapping = held.filter { $0.key < end && $0.key + UInt64($0.value.bytes.count) > offset }
    for (start, piece) in overlapping.sorted(by: { $0.key < $1.key }) {
      if start > from { keep(bytes.extracting(Int(from - offset)..<Int(start - offset)), at: from, trace) }
      let begin = max(from, start)
      from = min(end, start + UInt64(piece.bytes.count))
      repeatedBytes += Int(from - begin)
      // Safe: the view ends before `piece` does.
      let view = unsafe piece.bytes.span.bytes
      let known = view.extracting(Int(begin - start)..<Int(from - start))
      if !known.isSame(as: bytes.extracting(Int(begin - offset)..<Int(from - offset))) { hasConflict = true }
    }
    if from < end { keep(bytes.extracting(Int(from - offset)..<bytes.byteCount), at: from, trace) }
    var excess = bytes.byteCount - room()
    // Each turn lets at least one piece go.
    while excess > 0 || held.count > Self.maximumHeldPieces, let first = held.keys.min() {
      let before = heldBytes
      try pass(to: first, &sink)
      excess -= before - heldBytes
    }
  }

  private func keep(_ bytes: RawSpan, at offset: UInt64, _ trace: Trace) {
    held[offset] = Piece(bytes: bytes.array(), trace: trace)
    heldBytes += bytes.byteCount
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
      let rest = view.extracting(Int(next - start)..<view.byteCount)
      remember(rest)
      sink.append(rest, to: try opened(&sink), from: piece.trace)
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

  /// Lets the remembered beginning go, which then is empty.
  public func forget() { beginning = [] }

  /// Ends the artefact; `size` is the file's, where it is known.
  public func close(size: UInt64?, isWhole: Bool, into sink: inout EvidenceSink) throws(ReadError) {
    guard !isClosed else { return }
    // Each turn takes at least one of the pieces that are held.
    while let first = held.keys.min() { try pass(to: first, &sink) }
    isClosed = true
    isComplete = isWhole && !hasHole && base == 0 && size.map { $0 <= next } ?? true
    if let handle { stored = sink.close(handle, isWhole: isComplete) }
  }
}
