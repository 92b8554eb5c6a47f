import EvidenceModel
import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// Copies of earlier payloads, and telephone events.
@Suite struct RedundancyTests {
  /// Writes payloads one after another, and gives packets that point to them to `body` with the original.
  private func stored<R>(
    _ payloads: [[UInt8]], types: [UInt8], _ body: ([MediaPacket], [UInt16: Int32]) throws -> R
  ) throws -> R {
    let folder = try TemporaryFolder()
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: folder.write(payloads.flatMap { $0 }, "original")))
    defer { try? file.close() }
    var offset: UInt64 = 0
    var list: [MediaPacket] = []
    for (place, payload) in payloads.enumerated() {
      var one = packet(place, type: types[place], length: UInt16(payload.count))
      one.payloadOffset = offset
      offset += UInt64(payload.count)
      list.append(one)
    }
    return try body(list, [1: file.fileDescriptor])
  }

  private func block(_ code: Int) -> [UInt8] { [UInt8](repeating: UInt8(code), count: 160) }

  /// A payload with a copy of the one before (RFC 2198, 3): offset 160, length 160.
  private func redundant(_ code: Int) -> [UInt8] {
    code == 0 ? [8] + block(0) : [0x88, 0x02, 0x80 | 160 >> 8, 160, 8] + block(code - 1) + block(code)
  }

  @Test func fillsWhatIsMissingFromCopies() throws {
    try stored((0..<10).map(redundant), types: Array(repeating: 97, count: 10)) { all, originals in
      var list = all
      list.remove(at: 4)
      list.remove(at: 6)
      list.remove(at: 6)
      let redundancy = Redundancy(list, types: [97], originals: originals)
      #expect(redundancy.damage.packetCount == 0)
      #expect(redundancy.packets.map(\.payloadLength) == Array(repeating: 160, count: 7))
      var analysis = StreamAnalysis(redundancy.packets, clockRate: 8_000)
      analysis.recover(redundancy.copies)
      #expect(analysis.lost == 3)
      #expect(analysis.recovered == 2)
      var call = CallAudio(start: list[0].time)
      call.add(analysis, track: 0, first: list[0].time, kinds: [8: .aLaw], description: [:])
      call.settle()
      #expect(
        map(call) == [
          "received 0-640 1-4", "recovered 640-800 6", "received 800-1120 6-7", "lost 1120-1280",
          "recovered 1280-1440 10",
          "received 1440-1600 10",
        ])
      let (files, failures) = render(call, originals: originals)
      #expect(failures == 0)
      let samples = numbers(Array((files[.left] ?? []).dropFirst(44)))
      let whole = try rendered((0..<10).flatMap(block), .aLaw, packetBytes: 160)
      for place in [0, 4, 6, 8, 9] { #expect(samples[place * 160 + 80] == whole[place * 160 + 80]) }
      #expect(samples[7 * 160 + 80] == 0)
    }
  }

  @Test func readsWhatGStreamerPacks() throws {
    let sent = try sentByGStreamer(
      "audiotestsrc num-buffers=20 samplesperbuffer=160 ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay max-ptime=20000000"
        + " ! rtpredenc pt=97 distance=2 allow-no-red-blocks=true ! rtpstreampay ! filesink location=rtp")
    guard let sent else { return }
    let payloads = try framed(sent.file("rtp")).map { Array($0.dropFirst(12)) }
    #expect(payloads.count == 20)
    try stored(payloads, types: Array(repeating: 97, count: payloads.count)) { list, originals in
      let redundancy = Redundancy(list, types: [97], originals: originals)
      #expect(redundancy.damage.packetCount == 0)
      #expect(redundancy.packets.allSatisfy { $0.payloadType == 8 && $0.payloadLength == 160 })
      // A copy bears the timestamp of a packet that was sent before.
      #expect(redundancy.copies.count >= 18)
      for copy in redundancy.copies {
        let original = redundancy.packets.first { $0.timestamp == copy.timestamp }
        #expect(original != nil && copy.payloadLength == 160)
      }
    }
  }

  @Test func survivesLyingBlocks() throws {
    let bad: [[UInt8]] = [
      [], [0x88], [0x88, 0, 0xff, 8], [0x88, 0xff, 0xff, 0xff, 8, 1, 2], Array(repeating: 0xff, count: 400),
    ]
    try stored(bad + [redundant(5)], types: Array(repeating: 97, count: 6)) { list, originals in
      let redundancy = Redundancy(list, types: [97], originals: originals)
      #expect(redundancy.damage.packetCount == 5)
      #expect(redundancy.packets.count == 6)
      #expect(redundancy.packets.last?.payloadType == 8)
    }
  }

  @Test func readsKeysAndHowLongTheyWerePressed() throws {
    // Key 5: three packets while it is pressed, three that end it; then the hash; both at the timestamps of their beginnings.
    func event(_ number: UInt8, _ duration: UInt16, end: Bool = false) -> [UInt8] {
      [number, (end ? 0x80 : 0) | 10, UInt8(duration >> 8), UInt8(duration & 255)]
    }
    let five = [160, 320, 480].map { event(5, $0) } + (0..<3).map { _ in event(5, 640, end: true) }
    let hash = [event(11, 160), event(11, 320)]
    let payloads = [block(1)] + five + hash + [[1, 2]]
    let types: [UInt8] = [8] + Array(repeating: 101, count: 9)
    try stored(payloads, types: types) { all, originals in
      var list = all
      for place in 1...6 { list[place].timestamp = 7_160 }
      for place in 7...8 { list[place].timestamp = 9_000 }
      let analysis = StreamAnalysis(list, clockRate: 8_000, events: [101])
      let (events, isComplete) = analysis.events([101], originals: originals)
      #expect(isComplete)
      #expect(events.map(\.key) == ["5", "#"])
      #expect(events.map(\.duration) == [640, 320])
      #expect(events.map(\.isEnded) == [true, false])
      #expect(events.map(\.level) == [-10, -10])
      #expect(events[0].packets.byOriginal.map(\.packets) == ["2-7"])
      #expect(events[0].first == list[1].time)
    }
  }
}
