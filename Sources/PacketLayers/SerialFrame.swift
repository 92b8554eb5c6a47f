import ByteReading

/// PPP as it goes over a serial line: between flags, with escaped bytes and a check sequence (RFC 1662, 4, C.2).
public enum SerialFrame {
  /// The bytes of the one frame that fills a record, from its address field on and without the check sequence.
  ///
  /// Nil when the record is no such frame, or its check sequence (16 bits) is wrong.
  public static func content(_ record: RawSpan) -> [UInt8]? {
    guard record.byteCount >= 6, record[0] == 0x7e else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(record.byteCount)
    var isEscaped = false
    var sum: UInt16 = 0xffff
    for place in 1..<record.byteCount {
      let byte = record[place]
      if byte == 0x7e {
        // Flags may stand in a row; another frame behind this one is not taken apart.
        if bytes.isEmpty, !isEscaped { continue }
        guard !isEscaped, (place..<record.byteCount).allSatisfy({ record[$0] == 0x7e }) else { return nil }
        break
      }
      if byte == 0x7d, !isEscaped {
        isEscaped = true
        continue
      }
      let value = isEscaped ? byte ^ 0x20 : byte
      isEscaped = false
      bytes.append(value)
      sum ^= UInt16(value)
      for _ in 0..<8 { sum = sum & 1 == 1 ? sum >> 1 ^ 0x8408 : sum >> 1 }
    }
    guard !isEscaped, sum == 0xf0b8, bytes.count >= 4 else { return nil }
    bytes.removeLast(2)
    return bytes
  }
}
