import ByteReading

/// Takes payloads of H.264 apart (RFC 6184, 5.4 to 5.8): single units, STAP-A and FU-A.
///
/// What only the interleaved mode has (STAP-B, MTAP, FU-B) is not read.
struct H264Depacketizer: Depacketizer {
  mutating func take(_ payload: RawSpan, into draft: inout FrameDraft) throws(ReadError) {
    var reader = ByteReader(payload)
    let indicator: UInt8 = try reader.read("NAL unit header")
    guard indicator & 0x80 == 0 else { throw ReadError(.malformed, at: 0, reading: "forbidden_zero_bit") }
    switch indicator & 0x1f {
    case 1...23: try add(payload, to: &draft)
    case 24:
      guard reader.remaining > 0 else { throw ReadError(.truncated, at: reader.offset, reading: "aggregated unit") }
      // Each unit takes three bytes at least.
      while reader.remaining > 0 {
        let length: UInt16 = try reader.read("size of an aggregated unit")
        let place = reader.offset
        let unit = try reader.take(Int(length), "aggregated unit")
        guard unit.byteCount > 0, (1...23).contains(unit[0] & 0x1f), unit[0] & 0x80 == 0 else {
          throw ReadError(.malformed, at: place, reading: "aggregated unit")
        }
        try add(unit, to: &draft)
      }
    case 28: try addFragment(&reader, indicator, to: &draft)
    case 25...27, 29: throw ReadError(.unsupported, at: 0, reading: "packet type of the interleaved mode")
    default: throw ReadError(.malformed, at: 0, reading: "NAL unit type")
    }
  }

  private func add(_ unit: RawSpan, to draft: inout FrameDraft) throws(ReadError) {
    note(unit[0], second: unit.byteCount > 1 ? unit[1] : nil, in: &draft)
    try draft.appendUnit(unit)
    if [7, 8].contains(unit[0] & 0x1f) { draft.keepParameterSet(unit.array()) }
  }

  private func addFragment(_ reader: inout ByteReader, _ indicator: UInt8, to draft: inout FrameDraft)
    throws(ReadError)
  {
    let header: UInt8 = try reader.read("FU header")
    let type = header & 0x1f
    guard (1...23).contains(type), reader.remaining > 0 else {
      throw ReadError(.malformed, at: 1, reading: "fragment")
    }
    let (isFirst, isLast) = (header & 0x80 != 0, header & 0x40 != 0)
    if isFirst {
      let original = indicator & 0xe0 | type
      note(original, second: reader.peek(), in: &draft)
      try draft.beginUnit([original])
    }
    guard draft.isUnitOpen else { throw ReadError(.malformed, at: 1, reading: FrameDraft.missingBeginning) }
    try draft.append(reader.takeRest())
    guard isLast, let place = draft.endUnit(), [7, 8].contains(type) else { return }
    draft.keepParameterSet(Array(draft.bytes[place]))
  }

  /// Notes what a unit says of its frame (H.264, 7.4.1); `second` is the first byte behind its header.
  private func note(_ header: UInt8, second: UInt8?, in draft: inout FrameDraft) {
    let type = header & 0x1f
    let isSlice = (1...5).contains(type)
    if draft.bytes.isEmpty {
      // A slice is its picture's first when its first macroblock is 0, which is a single bit of 1.
      draft.isBegun = isSlice ? (second ?? 0) & 0x80 != 0 : (6...9).contains(type)
      draft.isHeadWhole = type == 7 || type == 9
    }
    guard isSlice else { return }
    draft.hasPicture = true
    if type == 5 { draft.isKey = true }
    if header & 0x60 == 0 { draft.isDisposable = true }
  }
}
