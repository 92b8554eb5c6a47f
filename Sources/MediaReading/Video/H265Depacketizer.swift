import ByteReading

/// Takes payloads of H.265 apart (RFC 7798, 4.4): single units, aggregation packets and fragments, in the order of decoding.
struct H265Depacketizer: Depacketizer {
  mutating func take(_ payload: RawSpan, into draft: inout FrameDraft) throws(ReadError) {
    var reader = ByteReader(payload)
    let header: UInt16 = try reader.read("payload header")
    guard header & 0x8000 == 0 else { throw ReadError(.malformed, at: 0, reading: "forbidden_zero_bit") }
    switch UInt8(header >> 9) & 0x3f {
    case 0...47: try add(payload, to: &draft)
    case 48:
      guard reader.remaining > 0 else { throw ReadError(.truncated, at: reader.offset, reading: "aggregated unit") }
      // Each unit takes four bytes at least.
      while reader.remaining > 0 {
        let length: UInt16 = try reader.read("size of an aggregated unit")
        let place = reader.offset
        let unit = try reader.take(Int(length), "aggregated unit")
        guard unit.byteCount > 1, unit[0] & 0x80 == 0, unit[0] >> 1 & 0x3f < 48 else {
          throw ReadError(.malformed, at: place, reading: "aggregated unit")
        }
        try add(unit, to: &draft)
      }
    case 49: try addFragment(&reader, header, to: &draft)
    case 50: throw ReadError(.unsupported, at: 0, reading: "PACI packet")
    default: throw ReadError(.malformed, at: 0, reading: "NAL unit type")
    }
  }

  private func add(_ unit: RawSpan, to draft: inout FrameDraft) throws(ReadError) {
    guard unit.byteCount > 1 else { throw ReadError(.truncated, at: unit.byteCount, reading: "NAL unit") }
    let type = unit[0] >> 1 & 0x3f
    note(type, next: unit.byteCount > 2 ? unit[2] : nil, in: &draft)
    try draft.appendUnit(unit)
    if (32...34).contains(type) { draft.keepParameterSet(unit.array()) }
  }

  private func addFragment(_ reader: inout ByteReader, _ header: UInt16, to draft: inout FrameDraft)
    throws(ReadError)
  {
    let fragment: UInt8 = try reader.read("FU header")
    let type = fragment & 0x3f
    guard type < 48, reader.remaining > 0 else { throw ReadError(.malformed, at: 2, reading: "fragment") }
    if fragment & 0x80 != 0 {
      note(type, next: reader.peek(), in: &draft)
      try draft.beginUnit([UInt8(header >> 8) & 0x81 | type << 1, UInt8(truncatingIfNeeded: header)])
    }
    guard draft.isUnitOpen else { throw ReadError(.malformed, at: 2, reading: FrameDraft.missingBeginning) }
    try draft.append(reader.takeRest())
    guard fragment & 0x40 != 0, let place = draft.endUnit(), (32...34).contains(type) else { return }
    draft.keepParameterSet(Array(draft.bytes[place]))
  }

  /// Notes what a unit says of its frame (H.265, 7.4.2.2); `next` is the first byte behind its header.
  private func note(_ type: UInt8, next: UInt8?, in draft: inout FrameDraft) {
    let isSlice = type < 32
    if draft.bytes.isEmpty {
      // first_slice_segment_in_pic_flag; else parameter sets, a delimiter or what belongs before a picture.
      draft.isBegun = isSlice ? (next ?? 0) & 0x80 != 0 : (32...35).contains(type) || type == 39
      draft.isHeadWhole = type == 32 || type == 35
    }
    guard isSlice else { return }
    draft.hasPicture = true
    if (16...21).contains(type) { draft.isKey = true }
    // Pictures of the highest sub-layer that none of it refers to (even types below 16), without further layers, cannot be told
    // from others without the parameter sets: every frame counts as one that others refer to.
  }
}
