import ByteReading
import EvidenceModel
import Glibc

/// Media packets that came inside of connections: each stands together here, behind the ranges of packets that brought it.
///
/// An entry is ranges (two numbers of 64 bits each), their count (16 bits), and the packet with its header.
enum StreamedMedia {
  /// Ranges of packets that one media packet came from; it cannot have more bytes than that.
  static let maximumRanges = 65_535

  /// The number under which a shard's file stands among the originals; no run has so many of them.
  static func file(_ shard: Int) -> UInt16 { UInt16(clamping: 65_535 - max(0, shard)) }

  static func entry(_ packets: PacketSet, into writer: inout BinaryWriter) {
    let ranges = packets.ranges.prefix(maximumRanges)
    for range in ranges {
      writer.write(range.lowerBound)
      writer.write(range.upperBound)
    }
    writer.write(UInt16(clamping: ranges.count))
  }

  /// The packets that brought a media packet; nil when its entry cannot be read.
  static func packets(of packet: MediaPacket, _ descriptor: Int32) -> PacketSet? {
    let start = UInt64(packet.headerLength) + 2
    guard packet.payloadOffset >= start else { return nil }
    let place = packet.payloadOffset - start
    let head = fileBytes(descriptor, at: place, 2)
    guard head.count == 2 else { return nil }
    let count = UInt64(head[0]) << 8 | UInt64(head[1])
    guard count > 0, place >= count * 16 else { return nil }
    let bytes = fileBytes(descriptor, at: place - count * 16, Int(count) * 16)
    // Safe: the view ends before `bytes` does.
    var reader = unsafe ByteReader(bytes.span.bytes)
    var set = PacketSet()
    for _ in 0..<count {
      guard let lower: UInt64 = try? reader.read("range begin"), let upper: UInt64 = try? reader.read("range end"),
        lower <= upper
      else { return nil }
      set.insert(from: PacketPosition(rawValue: lower), through: PacketPosition(rawValue: upper))
    }
    return set
  }
}
