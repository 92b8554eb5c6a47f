import DecoderKit
import DecoderTesting
import RTPDecoder
import Testing

@Suite struct StreamTests {
  private func verdict(_ packets: [[UInt8]]) -> MediaStream.Verdict? { decode(packets).streams.first?.verdict }
  private func evidence(_ packets: [[UInt8]]) -> String { decode(packets).streams.first?.evidence ?? "" }

  @Test func acceptsEightPacketsOfSpeechAndNotSeven() {
    let outcome = decode(speech(8))
    #expect(outcome.streams.map(\.verdict) == [.accepted])
    #expect(outcome.streams.first?.identifier == 0x1234_5678)
    #expect(outcome.streams.first?.side == .initiator)
    #expect(
      outcome.streams.first?.evidence
        == "8 packets, 7 of 7 steps of the sequence number by one, 7 with a timestamp in step, 1 payload type")
    #expect(outcome.records.isEmpty && outcome.findings.isEmpty)
    #expect(verdict(speech(7)) == .candidate)
    #expect(evidence(speech(7)).hasPrefix("too few packets"))
  }

  @Test func indexesEveryPacketFromTheFirst() throws {
    let first = packet(7, 160, marker: true)
    let stream = try #require(decode([first, packet(8, 320)]).streams.first)
    #expect(stream.packets.map(\.header.sequence) == [7, 8])
    #expect(stream.packets.map(\.header.timestamp) == [160, 320])
    #expect(stream.packets.map(\.header.marker) == [true, false])
    #expect(stream.packets.map(\.header.payloadType) == [8, 8])
    #expect(stream.packets.map(\.payload) == [12..<172, 12..<172])
  }

  @Test func findsThePayloadBehindListsExtensionAndBeforePadding() throws {
    let bytes: [UInt8] =
      [0xb2, 0x60] + half(1) + word(2) + word(3) + word(4) + word(5) + [0xbe, 0xde, 0, 1] + word(9)
      + [1, 2, 3] + [0, 0, 3]
    #expect(claims(bytes) == .candidate)
    let stream = try #require(decode([bytes]).streams.first)
    #expect(stream.packets.map(\.payload) == [28..<31])
    #expect(stream.identifier == 3)
  }

  @Test func tellsSidesAndIdentifiersApart() {
    var steps: [ConversationStep] = []
    for (one, two) in zip(speech(20), speech(20, identifier: 99)) {
      steps += sent([one, two]) + sent([one], from: .responder)
    }
    let outcome = run(RTPDecoder(), on: steps, over: carrier)
    #expect(outcome.streams.map(\.verdict) == [.accepted, .accepted, .accepted])
    #expect(outcome.streams.map(\.identifier) == [0x1234_5678, 99, 0x1234_5678])
    #expect(outcome.streams.map(\.side) == [.initiator, .initiator, .responder])
    #expect(outcome.streams.map(\.packets.count) == [20, 20, 20])
  }

  @Test func acceptsLossAndCopiesAndOvertaking() {
    var packets = speech(100)
    for place in stride(from: 90, to: 0, by: -10) { packets.remove(at: place) }
    packets.swapAt(30, 31)
    #expect(verdict(packets) == .accepted)
    #expect(verdict(speech(8).flatMap { [$0, $0] }) == .accepted)
    #expect(verdict(speech(4).flatMap { [$0, $0, $0] }) == .candidate)
  }

  @Test func acceptsVideoWithManyPacketsOfOneFrame() {
    let packets = (0..<60).map { place in
      packet(UInt16(place), UInt32(place / 12) * 3_000, type: 97, payload: [UInt8](repeating: 1, count: 1_100))
    }
    #expect(verdict(packets) == .accepted)
  }

  @Test func acceptsATelephoneEvent() {
    let packets = (0..<8).map { place in
      packet(UInt16(place), 43_200, type: 101, payload: [5, 0x0a] + half(UInt16(place + 1) * 160))
    }
    #expect(verdict(packets) == .accepted)
    #expect(evidence(packets).hasPrefix("telephone events"))
    let shrinking = (0..<8).map { place in
      packet(UInt16(place), 43_200, type: 101, payload: [5, 0x0a] + half(UInt16(20 - place) * 160))
    }
    #expect(verdict(shrinking) == .candidate)
  }

  @Test func doubtsCountersThatAreNoMedia() {
    let standing = (0..<50).map { packet(UInt16($0), 7, type: 96) }
    #expect(evidence(standing).hasPrefix("the timestamps stand still"))
    let ticking = (0..<50).map { packet(UInt16($0), UInt32($0), type: 96) }
    #expect(evidence(ticking).hasPrefix("the timestamps stand still"))
    let backwards = (0..<50).map { packet(UInt16(1_000 - $0), UInt32(100_000 - $0 * 160), type: 96) }
    #expect(verdict(backwards) == .candidate)
    let leaping = (0..<50).map { packet(UInt16($0), UInt32($0) &* 0x3100_0000, type: 96) }
    #expect(evidence(leaping).hasPrefix("the timestamps do not go"))
    let jumping = (0..<50).map { packet(UInt16(truncatingIfNeeded: $0 * 77), UInt32($0) * 160, type: 96) }
    #expect(evidence(jumping).hasPrefix("the sequence numbers do not go on"))
    let changing = (0..<50).map { packet(UInt16($0), UInt32($0) * 160, type: 96 + UInt8($0 % 7)) }
    #expect(evidence(changing).hasPrefix("too many payload types"))
    #expect(evidence(speech(50, identifier: 0)).hasPrefix("no identifier"))
    #expect(evidence(speech(50, size: 163)).hasPrefix("sizes"))
    #expect(evidence(speech(50, type: 3)).hasPrefix("sizes"))
    #expect(verdict(speech(50, type: 3, size: 33)) == .accepted)
    #expect(verdict(speech(50, type: 18, size: 20)) == .accepted)
  }

  @Test func doubtsARunAmongManyIdentifiers() {
    var noise = Noise()
    var packets = speech(10)
    for _ in 0..<500 {
      packets.append(
        packet(UInt16(truncatingIfNeeded: noise.next()), 5, identifier: UInt32(truncatingIfNeeded: noise.next())))
    }
    let outcome = decode(packets)
    #expect(!outcome.streams.contains { $0.verdict == .accepted })
  }

  @Test func keepsAStreamThatRunsAmongNoise() {
    var noise = Noise()
    let packets = speech(600).enumerated().flatMap { place, one in
      place % 2 == 0 ? [one] : [one, packet(9, 5, identifier: UInt32(truncatingIfNeeded: noise.next()))]
    }
    let outcome = decode(packets)
    let accepted = outcome.streams.filter { $0.verdict == .accepted }
    #expect(accepted.map(\.packets.count) == [600])
    #expect(outcome.failure == nil)
  }

  @Test func endsAtTheLimitOfIdentifiers() {
    let packets = (1...1_001).map { packet(1, 1, identifier: UInt32($0)) }
    let outcome = decode(packets)
    #expect(outcome.failure?.code == .limitExceeded)
    #expect(outcome.streams.count == 1_000)
    #expect(outcome.streams.allSatisfy { $0.verdict == .candidate })
  }

  @Test func typesThatAreSeldomUsedProveNothingAlone() throws {
    let rare = decode(speech(40, type: 45))
    #expect(rare.streams.map(\.verdict) == [.candidate])
    #expect(rare.streams.first?.evidence.hasPrefix("payload types that only signalling gives a meaning") == true)
    #expect(decode(speech(40, type: 96)).streams.map(\.verdict) == [.accepted])
  }
}
