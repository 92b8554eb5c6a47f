import ByteReading

/// Takes payloads of H.263 apart: of RFC 2190 (`H263`), or of RFC 4629 (`H263-1998`, `H263-2000`).
struct H263Depacketizer: Depacketizer {
  let isPlus: Bool
  /// Bits of the last byte that belong to the next payload (RFC 2190, 5.1).
  private var openBits: UInt8 = 0

  init(isPlus: Bool) { self.isPlus = isPlus }

  mutating func take(_ payload: RawSpan, into draft: inout FrameDraft) throws(ReadError) {
    if draft.bytes.isEmpty { openBits = 0 }
    var reader = ByteReader(payload)
    if isPlus {
      let header: UInt16 = try reader.read("payload header")
      if header & 0x0200 != 0 { try reader.skip(1, "VRC") }
      try reader.skip(Int(header >> 3 & 0x3f), "extra picture header")
      try add(reader.takeRest(), hasZeros: header & 0x0400 != 0, at: payload.byteCount, to: &draft)
      return
    }
    let first: UInt8 = try reader.read("payload header")
    try reader.skip(first & 0x80 == 0 ? 3 : first & 0x40 == 0 ? 7 : 11, "payload header")
    let (start, end) = (first >> 3 & 7, first & 7)
    // Without the payload before it, a shared byte cannot be put together; the frame has no beginning then.
    if draft.bytes.isEmpty, start != 0 {
      openBits = end
      return try draft.append(reader.takeRest())
    }
    guard start == (openBits == 0 ? 0 : 8 - openBits) else {
      throw ReadError(.malformed, at: 0, reading: "SBIT")
    }
    let part = reader.takeRest()
    if start == 0 {
      try add(part, hasZeros: false, at: payload.byteCount, to: &draft)
    } else {
      guard part.byteCount > 0 else { throw ReadError(.truncated, at: payload.byteCount, reading: "H.263 payload") }
      // One byte holds the last bits of the former payload and the first of this one.
      draft.join(part[0] & (0xff >> start), mask: 0xff << openBits)
      try draft.append(part.extracting(1..<part.byteCount))
    }
    openBits = end
  }

  private func add(_ part: RawSpan, hasZeros: Bool, at end: Int, to draft: inout FrameDraft) throws(ReadError) {
    guard part.byteCount > 0 else { throw ReadError(.truncated, at: end, reading: "H.263 payload") }
    let isFirst = draft.bytes.isEmpty
    if hasZeros {
      let zeros: [UInt8] = [0, 0]
      // Safe: the view ends before the array does.
      try unsafe draft.append(zeros.span.bytes)
    }
    try draft.append(part)
    guard isFirst else { return }
    draft.hasPicture = true
    let head = Array(draft.bytes.prefix(32))
    // Safe: the view ends before the array does.
    try unsafe note(head.span.bytes, in: &draft)
  }

  /// Notes whether a picture begins here, whether it needs no other, and its size (H.263, 5.1).
  private func note(_ head: RawSpan, in draft: inout FrameDraft) throws(ReadError) {
    var bits = BitReader(head)
    guard bits.remaining >= 22, try bits.read(22, "picture start code") == 0x20 else { return }
    draft.isBegun = true
    draft.isHeadWhole = true
    try bits.skip(8, "temporal reference")
    guard try bits.read(2, "PTYPE") == 2 else { throw ReadError(.malformed, at: bits.offset, reading: "PTYPE") }
    try bits.skip(3, "PTYPE")
    let format = try bits.read(3, "source format")
    guard format == 7 else {
      guard try bits.read(1, "picture coding type") == 0 else { return }
      draft.isKey = true
      draft.size = Self.sizes[format]
      return
    }
    var source = 0
    let extent = try bits.read(3, "UFEP")
    if extent == 1 {
      source = try bits.read(3, "source format")
      try bits.skip(15, "OPPTYPE")
    }
    guard try bits.read(3, "picture type code") == 0 else { return }
    draft.isKey = true
    try bits.skip(6, "MPPTYPE")
    if try bits.read(1, "CPM") == 1 { try bits.skip(2, "PSBI") }
    draft.size = Self.sizes[source]
    guard extent == 1, source == 6 else { return }
    try bits.skip(4, "pixel aspect ratio")
    let width = 4 * (try bits.read(9, "picture width") + 1)
    try bits.skip(1, "marker")
    let height = 4 * (try bits.read(9, "picture height"))
    if height > 0 { draft.size = PictureSize(width: width, height: height) }
  }

  private static let sizes: [Int: PictureSize] = [
    1: PictureSize(width: 128, height: 96), 2: PictureSize(width: 176, height: 144),
    3: PictureSize(width: 352, height: 288), 4: PictureSize(width: 704, height: 576),
    5: PictureSize(width: 1_408, height: 1_152),
  ]
}
