import DecoderKit
import DecoderTesting
import RTPDecoder
import Testing

/// What is not media must never become a stream that stands alone: it would invent a call.
@Suite struct OtherProtocolTests {
  /// Shows what is claimed, and gives the streams that were accepted.
  private func accepted(_ datagrams: [[UInt8]]) -> [DecodingOutcome.Stream] {
    let outcome = decode(datagrams.filter { claims($0) != Claim.none })
    return outcome.streams.filter { $0.verdict == .accepted }
  }

  @Test func leavesNamesToOthers() {
    var numbers = Noise()
    let question = Array("\u{7}example\u{3}org\u{0}".utf8) + [0, 1, 0, 1]
    let datagrams = (0..<2_000).map { _ in
      half(UInt16(truncatingIfNeeded: numbers.next())) + [0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0] + question
    }
    #expect(accepted(datagrams).isEmpty)
    // Numbers that count, as some resolvers give them: the identifier would be the counts of the sections.
    let counted = (0..<2_000).map { half(UInt16(0x8000 + $0)) + [0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0] + question }
    #expect(accepted(counted).isEmpty)
  }

  @Test func leavesKeyAgreementToOthers() {
    for type: UInt8 in 20...63 {
      #expect(claims([type, 0xfe, 0xfd, 0, 0] + [UInt8](repeating: 0, count: 30)) == .none)
    }
  }

  @Test func leavesRandomBytesToOthers() {
    var numbers = Noise()
    for _ in 0..<20 {
      let datagrams = (0..<2_000).map { _ in numbers.bytes(12 + Int(numbers.next() % 400)) }
      // The session ends at its limit of streams; what came before must not be accepted.
      #expect(accepted(datagrams).isEmpty)
      let outcome = decode(datagrams.filter { claims($0) != Claim.none })
      #expect(outcome.records.isEmpty, "random bytes taken for RTCP")
    }
  }

  @Test func leavesEncryptedTransportToOthers() {
    var numbers = Noise()
    let destination = numbers.bytes(8)
    // Short headers (RFC 9000, 17.3.1): fixed bit 0x40, so version 1 or, where the bit is greased (RFC 9287), any.
    let plain = (0..<2_000).map { _ in
      [0x40 | UInt8(truncatingIfNeeded: numbers.next()) & 0x3f] + destination + numbers.bytes(100)
    }
    #expect(plain.allSatisfy { claims($0) == .none })
    let greased = (0..<2_000).map { _ in
      [0x80 | UInt8(truncatingIfNeeded: numbers.next()) & 0x3f] + destination + numbers.bytes(100)
    }
    #expect(accepted(greased).isEmpty)
    // Long headers (RFC 9000, 17.2): 0xc0 to 0xff is version 3.
    #expect(claims([0xc3, 0, 0, 0, 1, 8] + destination + numbers.bytes(1_190)) == .none)
  }

  @Test func leavesCountersOfAnotherMeaning() {
    // A number of four bytes that counts, and a time of eight: as telemetry may send them.
    let datagrams = (0..<500).map { place in
      word(0x8060_0000 + UInt32(place)) + word(396) + word(UInt32(place) * 1_000)
        + [UInt8](repeating: 1, count: 40)
    }
    #expect(accepted(datagrams).isEmpty)
  }
}
