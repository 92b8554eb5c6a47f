import ByteReading

/// Takes payloads of VP8 apart (RFC 7741, 4.2 and 4.3).
struct VP8Depacketizer: Depacketizer {
  mutating func take(_ payload: RawSpan, into draft: inout FrameDraft) throws(ReadError) {
    var reader = ByteReader(payload)
    let first: UInt8 = try reader.read("VP8 payload descriptor")
    if first & 0x80 != 0 {
      let extensions: UInt8 = try reader.read("extended control bits")
      if extensions & 0x80 != 0 {
        let number: UInt8 = try reader.read("PictureID")
        if number & 0x80 != 0 { try reader.skip(1, "PictureID") }
      }
      if extensions & 0x40 != 0 { try reader.skip(1, "TL0PICIDX") }
      if extensions & 0x30 != 0 { try reader.skip(1, "TID and KEYIDX") }
    }
    let part = reader.takeRest()
    guard part.byteCount > 0 else { throw ReadError(.truncated, at: payload.byteCount, reading: "VP8 payload") }
    let isBeginning = first & 0x10 != 0 && first & 0x07 == 0
    if draft.bytes.isEmpty {
      draft.isBegun = isBeginning
      draft.isHeadWhole = isBeginning
      draft.hasPicture = true
      // The bit N says that no other frame builds on this one. Some senders set it in all frames but key frames, although the
      // decoder refers to them; so it is not believed.
      if isBeginning { try note(part, in: &draft) }
    } else if isBeginning {
      throw ReadError(.malformed, at: 0, reading: "a second beginning of one frame")
    }
    try draft.append(part)
  }

  /// Notes whether a frame is a key frame, and its size (RFC 6386, 9.1).
  private func note(_ part: RawSpan, in draft: inout FrameDraft) throws(ReadError) {
    var reader = ByteReader(part)
    let tag: UInt8 = try reader.read("frame tag")
    guard tag & 1 == 0 else { return }
    try reader.skip(2, "frame tag")
    let code = try reader.take(3, "start code")
    guard code[0] == 0x9d, code[1] == 0x01, code[2] == 0x2a else {
      throw ReadError(.malformed, at: 3, reading: "start code of a key frame")
    }
    let width: UInt16 = try reader.readLittleEndian("width")
    let height: UInt16 = try reader.readLittleEndian("height")
    draft.isKey = true
    draft.size = PictureSize(width: Int(width & 0x3fff), height: Int(height & 0x3fff))
  }
}
