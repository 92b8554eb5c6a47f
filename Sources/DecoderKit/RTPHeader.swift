public import ByteReading

/// The fixed header of an RTP packet and where its payload stands (RFC 3550, 5.1).
@frozen public struct RTPHeader {
  public let payloadType: UInt8
  public let marker: Bool
  public let sequence: UInt16
  public let timestamp: UInt32
  public let identifier: UInt32
  public let payload: Range<Int>
  /// The payload when it has exactly four bytes, as that of a telephone event has (RFC 4733, 2.3).
  public let word: UInt32?

  /// Nil when the bytes do not have the form of RTP: version, payload type, lengths of lists, extension and padding.
  ///
  /// An empty payload passes only beside padding, which is how senders probe a path.
  @inlinable @inline(__always)
  public init?(_ bytes: RawSpan) {
    let count = bytes.byteCount
    guard count >= 12 else { return nil }
    let first = bytes[0]
    guard first >> 6 == 2, Self.isAssigned(bytes[1] & 0x7f) else { return nil }
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
    guard begin < end || (begin == end && first & 0x20 != 0) else { return nil }
    payloadType = bytes[1] & 0x7f
    marker = bytes[1] & 0x80 != 0
    self.sequence = sequence
    self.timestamp = timestamp
    self.identifier = identifier
    payload = begin..<end
    if end - begin == 4, (try? reader.move(to: begin, "payload")) != nil {
      word = try? reader.read("payload")
    } else {
      word = nil
    }
  }

  /// Whether a payload type may have a meaning: the assigned ones and the dynamic ones (RFC 3551, 6).
  ///
  /// 64 to 95 would be RTCP where both share a port; 35 to 63 are dynamic where 96 to 127 do not suffice (RFC 5761, 4). 20 to 24, 27, 29
  /// and 30 are not assigned.
  @inlinable @inline(__always)
  public static func isAssigned(_ type: UInt8) -> Bool {
    if type >= 96 { return true }
    return type < 64 && !(20...24).contains(type) && type != 27 && type != 29 && type != 30
  }
}
