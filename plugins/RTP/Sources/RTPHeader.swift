import DecoderKit

/// The fixed header of an RTP packet and where its payload stands (RFC 3550, 5.1).
struct RTPHeader {
  let payloadType: UInt8
  let marker: Bool
  let sequence: UInt16
  let timestamp: UInt32
  let identifier: UInt32
  let payload: Range<Int>

  /// Nil when the bytes do not have the form of RTP: version, payload type, lengths of lists, extension and padding.
  @inline(__always)
  init?(_ bytes: RawSpan) {
    let count = bytes.byteCount
    guard count >= 12 else { return nil }
    let first = bytes[0]
    guard first >> 6 == 2 else { return nil }
    let type = bytes[1] & 0x7f
    // 64 to 95 would be RTCP where both share a port (RFC 5761, 4); 20 to 24, 27, 29, 30 and 35 to 63 are not assigned.
    guard !(35...95).contains(type), !(20...24).contains(type), type != 27, type != 29, type != 30 else { return nil }
    var reader = ByteReader(bytes)
    guard (try? reader.skip(2, "first bytes")) != nil, let sequence: UInt16 = try? reader.read("sequence number"),
      let timestamp: UInt32 = try? reader.read("timestamp"), let identifier: UInt32 = try? reader.read("SSRC")
    else { return nil }
    var begin = 12 + Int(first & 15) * 4
    if first & 0x10 != 0 {
      guard count >= begin + 4 else { return nil }
      begin += 4 + (Int(bytes[begin + 2]) << 8 | Int(bytes[begin + 3])) * 4
    }
    var end = count
    if first & 0x20 != 0 {
      let padding = Int(bytes[count - 1])
      guard padding > 0, padding <= count - min(begin, count) else { return nil }
      end -= padding
    }
    guard begin <= end else { return nil }
    payloadType = type
    marker = bytes[1] & 0x80 != 0
    self.sequence = sequence
    self.timestamp = timestamp
    self.identifier = identifier
    payload = begin..<end
  }
}
