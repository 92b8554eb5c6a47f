import ByteReading
import EvidenceModel
import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// Packets that were sent again in a stream of their own (RFC 4588).
@Suite struct RetransmissionTests {
  /// Packets of 20 milliseconds at 8 kHz, or repeats of them.
  private static func packet(
    _ sequence: UInt16, _ packet: UInt64, of number: Int? = nil, at timestamp: UInt32? = nil
  ) -> MediaPacket {
    MediaPacket(
      time: CaptureTime(nanoseconds: Int64(packet) * 20_000_000),
      position: PacketPosition(original: 1, packet: packet), payloadOffset: 0, payloadLength: 160, sequence: sequence,
      timestamp: timestamp ?? 160 * UInt32(number ?? Int(sequence)), payloadType: 0, marker: false)
  }

  @Test func fillTheirPlaces() {
    var analysis = StreamAnalysis([1, 2, 4, 6].map { Self.packet($0, UInt64($0)) }, clockRate: 8_000)
    #expect(analysis.lost == 2)
    // One that had come, one that is missing, and that one again.
    analysis.restore([Self.packet(2, 7), Self.packet(3, 8), Self.packet(3, 9)])
    #expect(analysis.placed.map(\.packet.sequence) == [1, 2, 3, 4, 6])
    #expect(analysis.placed.map(\.position) == [0, 160, 320, 480, 800])
    #expect(analysis.placed.map(\.isRepeated) == [false, false, true, false, false])
    #expect(analysis.placed[2].packet.position.packet == 8)
    #expect(analysis.retransmitted == 1 && analysis.needlessRepeats == 2 && analysis.lost == 2)
  }

  @Test func reachBeyondTheEndsAndOverWraps() {
    let numbers: [UInt16] = [65_534, 65_535, 0]
    var analysis = StreamAnalysis(
      numbers.enumerated().map { Self.packet($1, UInt64($0 + 10), of: $0 + 100) }, clockRate: 8_000)
    analysis.restore([Self.packet(65_532, 20, of: 98), Self.packet(2, 21, of: 104)])
    #expect(analysis.placed.map(\.packet.sequence) == [65_532, 65_534, 65_535, 0, 2])
    #expect(analysis.placed.map(\.position) == [0, 320, 480, 640, 960])
    #expect(analysis.leadSamples == 320)
    // 65,533 and 1 are missing still.
    #expect(analysis.lost == 4 && analysis.retransmitted == 2)
  }

  @Test func whatIsFarAwayIsNotPlaced() {
    var analysis = StreamAnalysis([1, 2, 3].map { Self.packet($0, UInt64($0)) }, clockRate: 8_000)
    analysis.restore([Self.packet(9_000, 7), Self.packet(5, 8, at: 160 * 5 + 8_000 * 61)])
    #expect(analysis.strayRepeats == 2 && analysis.placed.count == 3 && analysis.lost == 0)
    analysis = StreamAnalysis([], clockRate: 8_000)
    analysis.restore([Self.packet(1, 1)])
    #expect(analysis.placed.isEmpty)
  }

  @Test func whatContradictsTheStreamIsNotPlaced() {
    var analysis = StreamAnalysis(
      [1, 2, 4].map { Self.packet($0, UInt64($0), at: 3_000) } + [Self.packet(5, 5, at: 6_000)], clockRate: 90_000)
    // Of a time of its own within one frame, and another one for a number that came.
    analysis.restore([Self.packet(3, 7, at: 3_001), Self.packet(2, 8, at: 3_002)])
    #expect(analysis.strayRepeats == 2 && analysis.retransmitted == 0 && analysis.lost == 1)
    analysis.restore([Self.packet(3, 9, at: 3_000)])
    #expect(analysis.retransmitted == 1)
  }

  @Test func takesTheNumberFromThePayload() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([0x12, 0x34, 7, 8, 9], "payloads")
    let descriptor = try openedForWriting(path)
    defer { closeAgain(descriptor) }
    func packet(_ offset: UInt64, _ length: UInt16, _ type: UInt8 = 97) -> MediaPacket {
      MediaPacket(
        time: .unknown, position: PacketPosition(original: 1, packet: 5), payloadOffset: offset, payloadLength: length,
        sequence: 1, timestamp: 2, payloadType: type, marker: true)
    }
    // Whole; padding alone; a number alone; cut; of another type; beyond the original.
    let list = [packet(0, 5), packet(0, 0), packet(0, 2), packet(0, 1), packet(0, 5, 98), packet(4, 5)]
    let found = Retransmission(list, types: [97: 96], originals: [1: descriptor])
    // The number alone is of a packet without a payload.
    #expect(found.packets.map(\.payloadLength) == [3, 0])
    let repeated = try #require(found.packets.first)
    #expect(repeated.sequence == 0x1234 && repeated.payloadType == 96 && repeated.timestamp == 2 && repeated.marker)
    #expect(repeated.payloadOffset == 2 && repeated.payloadLength == 3 && repeated.position.packet == 5)
    #expect(found.damage.packetCount == 1 && found.damage.unreadable == 1)
    let payload = { MediaOffer.Payload(type: 97, encoding: "RTX", clockRate: 90_000, parameters: $0) }
    #expect(Retransmission.type(repeatedBy: payload("apt=96;rtx-time=3000")) == 96)
    for odd in ["", "apt=300", "apt=128", "apt"] { #expect(Retransmission.type(repeatedBy: payload(odd)) == nil) }
  }

  /// What a packet held that cannot be read is missing in its frame, though its number came.
  @Test func leavesOutFramesWithWithheldPackets() throws {
    let format = try #require(VideoFormat.named("VP8"))
    let key: [UInt8] = [0x10, 0x30, 0x01, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x00, 0x60, 0x40, 0x01]
    var list = sent([[key], [[0x10, 0x31, 1], [0x00, 2], [0x00, 3]], [[0x10, 0x31, 3]]])
    list[2].isScattered = true
    let video = try VideoPackets(format, list)
    #expect(video.states == ["kept", "unreadable", "unsure"])
    #expect(video.track.missingPackets == 0 && video.track.damage.unreadable == 1)
  }

  /// Some senders mark the last packet of each unit, so that only the last mark of a frame says that it ends.
  @Test func takesNoEarlierMarkForTheEnd() throws {
    let format = try #require(VideoFormat.named("VP8"))
    let key: [UInt8] = [0x10, 0x30, 0x01, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x00, 0x60, 0x40, 0x01]
    var list = sent([[key], [[0x10, 0x31, 1], [0x00, 2], [0x00, 3]], [[0x10, 0x31, 3]]])
    list[1].marker = true
    list.remove(at: 3)
    #expect(try VideoPackets(format, list).states == ["kept", "packetsMissing", "unsure"])
  }

  @Test func isShownInTheListOfFramesAndNotAsLost() throws {
    let format = try #require(VideoFormat.named("VP8"))
    let key: [UInt8] = [0x10, 0x30, 0x01, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x00, 0x60, 0x40, 0x01]
    let list = sent([[key], [[0x10, 0x31, 1], [0x00, 2]], [[0x10, 0x31, 3]]])
    let video = try VideoPackets(format, list, repeated: [2, 3])
    #expect(video.states == ["kept", "kept", "kept"])
    #expect(video.track.missingPackets == 0)
    #expect(video.track.frames.map(\.repeats.count) == [0, 1, 1])
    #expect(video.bytes(1) == [0x31, 1, 2])
    var lines: [String] = []
    VideoFrameList.write(video.track) { lines.append(String(decoding: $0.array(), as: UTF8.self)) }
    #expect(lines[2].contains("\"retransmitted\"") && !lines[1].contains("\"retransmitted\""))
  }
}
