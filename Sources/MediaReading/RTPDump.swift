import ByteReading
public import EvidenceModel

/// Packets of a stream as they were captured, in the format of rtptools, which Wireshark opens from 4.2 on (`rtpdump`, version 1.0).
///
/// Each RTP packet has its own header and payload, without what its sender padded it with. It is for media that is not decoded
/// here: what it takes to decode it is all there.
public enum RTPDump {
  /// Writes the file piece by piece; gives how many packets could not be read or have a header that is not known.
  ///
  /// Times in it are milliseconds from the first packet, addresses those of `source` when they are of IP version 4.
  public static func write(
    _ packets: [MediaPacket], from source: Endpoint, originals: [UInt16: Int32], write: (RawSpan) -> Void
  ) -> Int {
    let payloads = PayloadSource(originals)
    let first = packets.first { $0.time.isKnown }?.time ?? CaptureTime(nanoseconds: 0)
    let words = source.address.words
    let address = source.address.isVersion6 ? 0 : UInt32(truncatingIfNeeded: words.1)
    var head = Array(
      "#!rtpplay1.0 \(source.address.isVersion6 ? "0.0.0.0" : source.address.description)/\(source.port)\n".utf8)
    let nanoseconds = max(0, first.nanoseconds)
    append(UInt32(truncatingIfNeeded: nanoseconds / 1_000_000_000), &head)
    append(UInt32(truncatingIfNeeded: nanoseconds % 1_000_000_000 / 1_000), &head)
    append(address, &head)
    append(UInt32(source.port) << 16, &head)
    // Safe: the view ends before `head` does.
    unsafe write(head.span.bytes)
    var failures = 0
    for packet in packets {
      let header = Int(packet.headerLength)
      let length = header + Int(packet.payloadLength)
      guard header >= 12, length <= 65_527, packet.payloadOffset >= UInt64(header) else {
        failures += 1
        continue
      }
      var entry: [UInt8] = []
      entry.reserveCapacity(length + 8)
      append(UInt32(length + 8) << 16 | UInt32(length), &entry)
      let since = max(0, packet.time.since(first) ?? 0) / 1_000_000
      append(UInt32(clamping: since), &entry)
      let isRead = payloads.read(packet.payloadFile, packet.payloadOffset - UInt64(header), length) { bytes in
        entry += bytes.array()
      }
      guard isRead, entry.count == length + 8 else {
        failures += 1
        continue
      }
      // What was padded is left out, so no padding may be announced.
      entry[8] &= 0xdf
      // Safe: the view ends before `entry` does.
      unsafe write(entry.span.bytes)
    }
    return failures
  }

  private static func append(_ value: UInt32, _ bytes: inout [UInt8]) {
    for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: value >> UInt32(shift))) }
  }
}
