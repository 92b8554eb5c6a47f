import DecoderKit
import DecoderTesting
import Foundation
import T38Decoder
import Testing

let carrier = DecodingContext.Carrier.udp(
  initiator: Endpoint(InternetAddress(version4: 0xc000_0201), port: 40_000),
  responder: Endpoint(InternetAddress(version4: 0xc633_6407), port: 40_002))

/// A datagram of UDPTL that repeats packets.
func datagram(_ sequence: UInt16, _ packet: [UInt8], repeating: [[UInt8]] = []) -> [UInt8] {
  [UInt8(sequence >> 8), UInt8(truncatingIfNeeded: sequence), UInt8(packet.count)] + packet
    + [0, UInt8(repeating.count)] + repeating.flatMap { [UInt8($0.count)] + $0 }
}

let message: [UInt8] = [0xc0, 1, 0x80, 0, 2, 0xff, 0xc8, 0x5f]

func claims(_ bytes: [UInt8]) -> Claim { claim(of: T38Decoder(), on: bytes, over: carrier) }

@Suite struct StreamTests {
  private func sample() throws -> [ConversationStep] {
    let file = try #require(
      Bundle.module.url(forResource: "short", withExtension: "datagrams", subdirectory: "Samples"))
    return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
      .bytes(try #require(Hexadecimal.decode($0.dropFirst(2))), from: $0.hasPrefix(">") ? .initiator : .responder)
    }
  }

  @Test func indexesPacketsCopiesAndParity() throws {
    let outcome = run(T38Decoder(), on: try sample(), over: carrier)
    #expect(outcome.streams.map(\.side) == [.initiator, .responder])
    let called = try #require(outcome.streams.last).packets
    #expect(called.map(\.header.sequence) == [0, 1, 0, 2, 2])
    #expect(called.map(\.header.payloadType) == [0, 0, 1, 0, 2])
    #expect(called.map(\.payload) == [3..<4, 3..<12, 15..<16, 3..<12, 13..<26])
    #expect(outcome.streams.allSatisfy { $0.verdict == .candidate }, "too few packets to stand without signalling")
    #expect(outcome.findings.isEmpty && outcome.violations.isEmpty)
  }

  @Test func acceptsMessagesWhoseNumbersGoOn() {
    let packets = (0..<10).map { datagram(UInt16($0), $0 == 4 ? message : [6], repeating: $0 > 0 ? [[6]] : []) }
    let outcome = run(T38Decoder(), on: packets.map { .bytes($0, from: .responder) }, over: carrier)
    #expect(outcome.streams.map(\.verdict) == [.accepted])
    let silent = (0..<10).map { datagram(UInt16($0), [6]) }
    #expect(
      run(T38Decoder(), on: silent.map { .bytes($0, from: .responder) }, over: carrier).streams.map(\.verdict)
        == [.candidate])
    let leaping = (0..<10).map { datagram(UInt16($0 * 40), message) }
    #expect(
      run(T38Decoder(), on: leaping.map { .bytes($0, from: .responder) }, over: carrier).streams.map(\.verdict)
        == [.candidate])
  }

  @Test func claimsOnlyWhatFitsToTheEnd() {
    #expect(claims(datagram(0, [6])) == .candidate)
    #expect(claims(datagram(9, message, repeating: [[6], [0]])) == .candidate)
    #expect(claims(datagram(9, [0x20, 0x40])) == .candidate, "an indicator of later versions")
    #expect(claims(datagram(9, [0xc8, 1, 0xe0, 0, 0, 1])) == .candidate, "the fields of 1998")
    #expect(claims(datagram(9, message) + [1]) == .none)
    #expect(claims(Array(datagram(9, message).dropLast())) == .none)
    #expect(claims(datagram(9, [7])) == .none, "no indicator")
    #expect(claims(datagram(9, [0xc0, 2, 0x80, 0, 2, 0xff, 0xc8, 0x5f])) == .none, "a field is missing")
    #expect(claims(datagram(0x8009, [6], repeating: [[6]])) == .candidate, "too short for RTP")
    #expect(claims(datagram(0x8009, [6], repeating: [[6], [6], [6]])) == .none, "may be RTP")
    #expect(claims(datagram(0x8009, message, repeating: [message])) == .candidate)
    #expect(claims(datagram(0xbfff, message)) == .candidate, "without copies")
    #expect(claims(datagram(0x8009, [6])) == .candidate)
    #expect(claims([0x80, 0xc9, 0, 1, 1, 2, 3, 4]) == .none, "RTCP without reports")
    #expect(claims([0x80, 0x08, 0x05, 0xa8, 0, 0, 0, 160, 1, 2, 3, 4] + [UInt8](repeating: 0xd5, count: 160)) == .none)
    let tcp = DecodingContext.Carrier.tcp(
      initiator: Endpoint(InternetAddress(version4: 1), port: 1),
      responder: Endpoint(InternetAddress(version4: 2), port: 2))
    #expect(claim(of: T38Decoder(), on: datagram(0, [6]), over: tcp) == .none)
  }

  @Test func survivesEveryCutAndChange() throws { checkTotality(of: T38Decoder(), on: try sample(), over: carrier) }
}
