import DecoderKit
import DecoderTesting
import Foundation
import RTPDecoder
import Testing

let carrier = DecodingContext.Carrier.udp(
  initiator: Endpoint(InternetAddress(version4: 0xc000_0201), port: 40_000),
  responder: Endpoint(InternetAddress(version4: 0xc633_6407), port: 40_002))

func word(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
func half(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(truncatingIfNeeded: value)] }

/// A packet of RTP without extras (RFC 3550, 5.1).
func packet(
  _ sequence: UInt16, _ timestamp: UInt32, type: UInt8 = 8, identifier: UInt32 = 0x1234_5678,
  payload: [UInt8] = [UInt8](repeating: 0xd5, count: 160), marker: Bool = false
) -> [UInt8] {
  [0x80, type | (marker ? 0x80 : 0)] + half(sequence) + word(timestamp) + word(identifier) + payload
}

/// Packets of 20 ms of PCMA, whose numbers wrap on the way.
func speech(_ count: Int, type: UInt8 = 8, identifier: UInt32 = 0x1234_5678, size: Int = 160) -> [[UInt8]] {
  (0..<count).map { place in
    packet(
      65_533 &+ UInt16(place), 4_294_967_000 &+ UInt32(place) * 160, type: type, identifier: identifier,
      payload: [UInt8](repeating: 0xd5, count: size))
  }
}

func sent(_ packets: [[UInt8]], from side: Side = .initiator) -> [ConversationStep] {
  packets.map { .bytes($0, from: side) }
}

func decode(_ packets: [[UInt8]], from side: Side = .initiator) -> DecodingOutcome {
  run(RTPDecoder(), on: sent(packets, from: side), over: carrier)
}

func claims(_ bytes: [UInt8]) -> Claim { claim(of: RTPDecoder(), on: bytes, over: carrier) }

/// Numbers that look random and are the same in every run (xorshift).
struct Noise {
  private var state: UInt64 = 0x9e37_79b9_7f4a_7c15
  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
  mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 24) } }
}

/// Reads a sample: one datagram a line, in hexadecimal.
func datagrams(_ name: String) throws -> [[UInt8]] {
  let file = try #require(Bundle.module.url(forResource: name, withExtension: "datagrams", subdirectory: "Samples"))
  return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
    try #require(Hexadecimal.decode($0))
  }
}
