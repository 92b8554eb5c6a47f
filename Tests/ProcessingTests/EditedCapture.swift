import Foundation
import TestSupport

/// A pcap file of Ethernet and IPv4 whose RTP packets of a test's choice are dropped, repeated or moved.
struct EditedCapture {
  struct Packet: Equatable {
    var bytes: [UInt8]
    /// SSRC, sequence number, timestamp and marker, where the packet is RTP over UDP.
    var rtp: (identifier: UInt32, sequence: UInt16, timestamp: UInt32, type: UInt8)? {
      // 16 bytes of the record's header, 14 of Ethernet, 20 of IPv4, 8 of UDP.
      guard bytes.count >= 16 + 42 + 12, bytes[16 + 23] == 17, bytes[58] >> 6 == 2, !(200...207).contains(bytes[59])
      else { return nil }
      let number = { (place: Int, count: Int) in bytes[place..<place + count].reduce(0) { $0 << 8 | UInt32($1) } }
      return (number(66, 4), UInt16(number(60, 2)), number(62, 4), bytes[59] & 0x7f)
    }
  }

  private let header: [UInt8]
  var packets: [Packet] = []

  init(_ name: String) throws {
    let path = repository.appending(path: "Tests/ProcessingTests/Samples/\(name)")
    let bytes = try [UInt8](Data(contentsOf: path))
    header = Array(bytes.prefix(24))
    var place = 24
    while place + 16 <= bytes.count {
      let length = bytes[place + 8..<place + 12].reversed().reduce(0) { $0 << 8 | Int($1) }
      packets.append(Packet(bytes: Array(bytes[place..<place + 16 + length])))
      place += 16 + length
    }
  }

  var bytes: [UInt8] { packets.reduce(header) { $0 + $1.bytes } }

  /// The streams of video, each as the places of its packets.
  var videos: [UInt32: [Int]] {
    var places: [UInt32: [Int]] = [:]
    for (place, packet) in packets.enumerated() {
      if let rtp = packet.rtp, rtp.type >= 96 { places[rtp.identifier, default: []].append(place) }
    }
    return places
  }
}
