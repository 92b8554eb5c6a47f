import EvidenceModel
import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// Packets kept as they were captured.
@Suite struct RTPDumpTests {
  @Test func keepsPacketsAsTheyWereCaptured() throws {
    let folder = try TemporaryFolder()
    // Three packets of 12 bytes header and 5 bytes payload; the last announces padding that was left out.
    var original: [UInt8] = []
    for place in UInt8(0)..<3 {
      let first: UInt8 = place == 2 ? 0xa0 : 0x80
      let header: [UInt8] = [first, 96, 0, place, 0, 0, 0, place, 0xde, 0xad, 0xbe, 0xef]
      original += header
      original += Array("hello".utf8)
    }
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: folder.write(original, "original")))
    defer { try? file.close() }
    var packets: [MediaPacket] = []
    for place in 0..<3 {
      let time = CaptureTime(nanoseconds: 1_700_000_000_000_000_000 + Int64(place) * 20_000_000)
      packets.append(
        MediaPacket(
          time: time, position: PacketPosition(original: 1, packet: UInt64(place + 1)),
          payloadOffset: UInt64(place * 17 + 12), payloadLength: 5, headerLength: 12, sequence: UInt16(place),
          timestamp: UInt32(place), payloadType: 96, marker: false))
    }
    packets.append(packet(9))
    var bytes: [UInt8] = []
    let source = Endpoint(InternetAddress(version4: 0xc000_0201), port: 4_000)
    let failures = RTPDump.write(packets, from: source, originals: [1: file.fileDescriptor]) { part in
      // Safe: the view is read only within the closure.
      unsafe part.withUnsafeBytes { unsafe bytes += Array($0) }
    }
    #expect(failures == 1, "a packet whose header is not known")
    #expect(bytes.starts(with: Array("#!rtpplay1.0 192.0.2.1/4000\n".utf8)))
    #expect(bytes.suffix(17).first == 0x80)
    // Lengths with and without their own 8 bytes, milliseconds, and the packet.
    let rest = Array(bytes.dropFirst(28 + 16))
    #expect(rest.count == 3 * 25)
    #expect(Array(rest[25..<33]) == [0, 25, 0, 17, 0, 0, 0, 20])
    #expect(Array(rest[33..<50]) == Array(original[17..<34]))
  }
}
