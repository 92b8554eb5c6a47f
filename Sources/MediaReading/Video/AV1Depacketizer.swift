import ByteReading

/// Takes payloads of AV1 apart (AOM, RTP Payload Format For AV1, 1.0, 4.3 to 4.5).
///
/// The units of a temporal unit stand as they were sent, in the low-overhead form of files: the size of each behind its header, which
/// senders leave out. Temporal delimiters, which are not to be sent, are left out. Header extensions (the dependency descriptor) are not
/// needed for that.
struct AV1Depacketizer: Depacketizer {
  /// Whether the newest sequence header is that of a still picture, whose frames have no type.
  private var isStill = false
  /// Whether a temporal unit held a frame that is not shown: then one may be missing before any frame behind a gap.
  private var hasHidden = false

  mutating func take(_ payload: RawSpan, into draft: inout FrameDraft) throws(ReadError) {
    var reader = ByteReader(payload)
    let head: UInt8 = try reader.read("aggregation header")
    let (continues, goesOn, count) = (head & 0x80 != 0, head & 0x40 != 0, Int(head >> 4 & 3))
    guard head & 0x08 == 0 || !continues else { throw ReadError(.malformed, at: 0, reading: "N beside Z") }
    if !continues, draft.isUnitOpen {
      throw ReadError(.malformed, at: 0, reading: "end of a fragmented unit")
    }
    if continues, !draft.isUnitOpen {
      throw ReadError(.malformed, at: 0, reading: FrameDraft.missingBeginning)
    }
    guard reader.remaining > 0 else { throw ReadError(.truncated, at: reader.offset, reading: "OBU element") }
    var number = 0
    // Each element with a length takes two bytes at least.
    while reader.remaining > 0 || number < count {
      number += 1
      let isSized = count == 0 || number < count
      let length = isSized ? try AV1Unit.number(&reader, "length of an OBU element") : reader.remaining
      let place = reader.offset
      let element = try reader.take(length, "OBU element")
      let isLast = count == 0 ? reader.remaining == 0 : number == count
      guard element.byteCount > 0 else { throw ReadError(.malformed, at: place, reading: "empty OBU element") }
      try draft.appendPartial(element)
      if isLast && goesOn { return }
      do throws(ReadError) { try end(draft.takePartial(), in: &draft) } catch { throw error.moved(to: place) }
    }
  }

  /// Adds a whole unit.
  private mutating func end(_ unit: [UInt8], in draft: inout FrameDraft) throws(ReadError) {
    // Safe: the view ends before the array does.
    let bytes = unsafe unit.span.bytes
    let header = try AV1Unit(bytes)
    var content = ByteReader(bytes)
    try content.skip(header.headerLength, "obu_header")
    if header.hasSize {
      let size = try AV1Unit.number(&content, "obu_size")
      guard size == content.remaining else { throw ReadError(.malformed, at: 1, reading: "obu_size") }
    }
    guard header.kind != AV1Unit.Kind.temporalDelimiter else {
      if draft.bytes.isEmpty { draft.isHeadWhole = true }
      return
    }
    let isFrame = header.kind == AV1Unit.Kind.frame || header.kind == AV1Unit.Kind.frameHeader
    if header.kind == AV1Unit.Kind.tileGroup, !draft.hasPicture {
      throw ReadError(.malformed, at: 0, reading: FrameDraft.missingBeginning)
    }
    // Padding and metadata show the beginning with the frame that they stand before.
    if !draft.isBegun, isFrame || header.kind == AV1Unit.Kind.sequenceHeader {
      draft.isHeadWhole = draft.isHeadWhole || header.kind == AV1Unit.Kind.sequenceHeader
      draft.isBegun = true
      draft.isBeginningUnsure = !draft.isHeadWhole && (header.spatialLayer > 0 || hasHidden)
    }
    let stored = AV1Unit.sized(unit, header)
    if header.kind == AV1Unit.Kind.sequenceHeader {
      let sequence = try AV1SequenceHeader(content.takeRest())
      isStill = sequence.isReducedStill
      draft.hasSequenceHeader = true
      draft.size = draft.size ?? sequence.size
      draft.keepParameterSet(stored)
    } else if isFrame {
      draft.spatialLayers |= 1 << header.spatialLayer
      try note(&content, in: &draft)
    }
    // Safe: the view ends before the array does.
    try unsafe draft.append(stored.span.bytes)
  }

  /// Notes what a frame's header says (AV1, 5.9.2).
  private mutating func note(_ content: inout ByteReader, in draft: inout FrameDraft) throws(ReadError) {
    var bits = BitReader(content.takeRest())
    let isFirst = !draft.hasPicture
    draft.hasPicture = true
    if isStill {
      draft.isKey = draft.isKey || (isFirst && draft.hasSequenceHeader)
      return
    }
    guard try bits.read(1, "show_existing_frame") == 0 else { return }
    let type = try bits.read(2, "frame_type")
    let isShown = try bits.read(1, "show_frame") == 1
    if !isShown { hasHidden = true }
    // Where decoding may begin: a sequence header, and a key frame that is shown (7.6.2). Higher layers build on it.
    if isFirst, type == 0, isShown, draft.hasSequenceHeader { draft.isKey = true }
  }
}
