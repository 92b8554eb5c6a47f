import EvidenceModel
import FlowAssembly
import PacketLayers
import TestSupport
import Testing

/// Whatever the network does to segments, the bytes come out as they went in, or with gaps that add up.
struct SegmentationTests {
  @Test func givesTheOriginalBytesWhateverTheOrder() {
    var random = SeededGenerator(testSeed("segmentation"))
    for round in 0..<300 {
      let wire = Wire()
      let begin = round % 3 == 0 ? 0xffff_ff00 : UInt32(truncatingIfNeeded: random.next())
      wire.open(begin)
      let original = random.bytes(Int.random(in: 1...3_000, using: &random))
      var segments = Self.segments(original, &random)
      Self.shuffle(&segments, &random)
      var fresh = 0
      for range in segments {
        let flags: TCPFlags = range.upperBound == original.count ? [.ack, .fin] : .ack
        let sequence = begin &+ 1 &+ UInt32(range.lowerBound)
        if case .newBytes(let count) = wire.tcp(true, flags, sequence, 501, Array(original[range])) { fresh += count }
      }
      wire.finishAll()
      let found = wire.streams[.initiator] ?? []
      #expect(found == original.map { $0 }, "round \(round)")
      #expect(fresh == original.count, "round \(round): each byte counts once")
      #expect(wire.log.contains("initiator finished"), "round \(round)")
    }
  }

  @Test func givesGapsThatAddUp() {
    var random = SeededGenerator(testSeed("gaps"))
    for round in 0..<300 {
      let wire = Wire {
        $0.waitingBytesPerStream = 400
        $0.packetsAfterAcknowledgement = 2
      }
      let begin = UInt32(truncatingIfNeeded: random.next())
      wire.open(begin)
      let original = random.bytes(Int.random(in: 1...3_000, using: &random))
      var segments = Self.segments(original, &random)
      segments.removeAll { $0.upperBound < original.count && Int.random(in: 0..<6, using: &random) == 0 }
      if round % 2 == 0 { Self.shuffle(&segments, &random) }
      var fresh = 0
      for range in segments {
        let flags: TCPFlags = range.upperBound == original.count ? [.ack, .fin] : .ack
        let sequence = begin &+ 1 &+ UInt32(range.lowerBound)
        if case .newBytes(let count) = wire.tcp(true, flags, sequence, 501, Array(original[range])) { fresh += count }
        if Int.random(in: 0..<3, using: &random) == 0 {
          wire.tcp(false, .ack, 501, begin &+ 1 &+ UInt32(range.upperBound))
        }
      }
      wire.finishAll()
      let found = wire.streams[.initiator] ?? []
      #expect(found.count == original.count, "round \(round)")
      #expect(zip(found, original).allSatisfy { $0 == nil || $0 == $1 }, "round \(round)")
      #expect(found.filter { $0 != nil }.count == fresh, "round \(round)")
    }
  }

  /// Cuts bytes into overlapping segments that cover all of them.
  private static func segments(_ original: [UInt8], _ random: inout SeededGenerator) -> [Range<Int>] {
    var list: [Range<Int>] = []
    var place = 0
    while place < original.count {
      let end = min(original.count, place + Int.random(in: 1...200, using: &random))
      let from = max(
        0, place - (Int.random(in: 0..<4, using: &random) == 0 ? Int.random(in: 0...60, using: &random) : 0))
      list.append(from..<end)
      if Int.random(in: 0..<5, using: &random) == 0 { list.append(place..<end) }
      place = end
    }
    return list
  }

  private static func shuffle(_ list: inout [Range<Int>], _ random: inout SeededGenerator) {
    for place in list.indices {
      let other = min(list.count - 1, place + Int.random(in: 0...6, using: &random))
      list.swapAt(place, other)
    }
  }
}
