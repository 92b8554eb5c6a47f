import ByteReading

/// Takes payloads of VP9 apart (RFC 9628, 4.2). The frames of all spatial layers of one time are one picture.
struct VP9Depacketizer: Depacketizer {
  /// Entries of lists in the descriptor (RFC 9628, 4.2.1).
  static let maximumReferences = 3

  mutating func take(_ payload: RawSpan, into draft: inout FrameDraft) throws(ReadError) {
    var reader = ByteReader(payload)
    let first: UInt8 = try reader.read("VP9 payload descriptor")
    if first & 0x80 != 0 {
      let number: UInt8 = try reader.read("Picture ID")
      if number & 0x80 != 0 { try reader.skip(1, "Picture ID") }
    }
    var layer = 0
    if first & 0x20 != 0 {
      let layers: UInt8 = try reader.read("layer indices")
      if first & 0x10 == 0 { try reader.skip(1, "TL0PICIDX") }
      layer = Int(layers >> 1 & 7)
    }
    if first & 0x50 == 0x50 { try skipReferences(&reader) }
    if first & 0x02 != 0 { draft.layerSizes = try readStructure(&reader) }
    let part = reader.takeRest()
    guard part.byteCount > 0 else { throw ReadError(.truncated, at: payload.byteCount, reading: "VP9 payload") }
    let isBeginning = first & 0x08 != 0
    if draft.bytes.isEmpty {
      draft.isBegun = isBeginning
      draft.isHeadWhole = isBeginning
      // Lower layers may stand before.
      draft.isBeginningUnsure = layer > 0
      draft.hasPicture = true
      if isBeginning { try note(part, in: &draft) }
      draft.beginLayer(layer)
    } else if isBeginning {
      guard draft.isLayerEnded, draft.spatialLayers >> UInt8(layer) == 0 else {
        throw ReadError(.malformed, at: 0, reading: "a second beginning of one frame")
      }
      draft.beginLayer(layer)
    } else if draft.spatialLayers >> UInt8(layer) != 1 {
      throw ReadError(.malformed, at: 0, reading: "spatial layer")
    }
    draft.isLayerEnded = first & 0x04 != 0
    try draft.append(part)
  }

  private func skipReferences(_ reader: inout ByteReader) throws(ReadError) {
    for _ in 0..<Self.maximumReferences {
      let reference: UInt8 = try reader.read("reference index")
      guard reference & 1 != 0 else { return }
    }
    throw ReadError(.limitExceeded, at: reader.offset, reading: "reference indices")
  }

  /// Reads the sizes of the layers' pictures, where they are given, and passes over the rest (RFC 9628, 4.2.1).
  private func readStructure(_ reader: inout ByteReader) throws(ReadError) -> [PictureSize] {
    var sizes: [PictureSize] = []
    let head: UInt8 = try reader.read("scalability structure")
    if head & 0x10 != 0 {
      for _ in 0...(head >> 5) {
        let width: UInt16 = try reader.read("width of a layer")
        let height: UInt16 = try reader.read("height of a layer")
        sizes.append(PictureSize(width: Int(width), height: Int(height)))
      }
    }
    guard head & 0x08 != 0 else { return sizes }
    let count: UInt8 = try reader.read("pictures of a group")
    for _ in 0..<count {
      let picture: UInt8 = try reader.read("picture of a group")
      try reader.skip(Int(picture >> 2 & 3), "references of a picture")
    }
    return sizes
  }

  /// Notes whether a frame is a key frame, and its size (VP9 bitstream specification, 6.2).
  private func note(_ part: RawSpan, in draft: inout FrameDraft) throws(ReadError) {
    var bits = BitReader(part)
    guard try bits.read(2, "frame_marker") == 2 else { throw ReadError(.malformed, at: 0, reading: "frame_marker") }
    let low = try bits.read(1, "profile")
    let profile = low + 2 * (try bits.read(1, "profile"))
    if profile == 3 { try bits.skip(1, "reserved_zero") }
    // A frame that shows an earlier one again, and frames between key frames.
    guard try bits.read(1, "show_existing_frame") == 0, try bits.read(1, "frame_type") == 0 else { return }
    try bits.skip(2, "show_frame")
    guard try bits.read(24, "frame_sync_code") == 0x49_8342 else {
      throw ReadError(.malformed, at: 1, reading: "frame_sync_code")
    }
    if profile >= 2 { try bits.skip(1, "ten_or_twelve_bit") }
    if try bits.read(3, "color_space") != 7 {
      try bits.skip(1, "color_range")
      if profile & 1 == 1 { try bits.skip(3, "subsampling") }
    } else if profile & 1 == 1 {
      try bits.skip(1, "reserved_zero")
    }
    let width = try bits.read(16, "frame_width_minus_1") + 1
    let height = try bits.read(16, "frame_height_minus_1") + 1
    draft.isKey = true
    draft.size = PictureSize(width: width, height: height)
  }
}
