import DecoderKit
import DecoderTesting
import RTPDecoder
import Testing

@Suite struct ClaimTests {
  @Test func makesMediaACandidateOnly() {
    #expect(claims(packet(1, 1)) == .candidate)
    for type: UInt8 in [0, 3, 8, 9, 13, 18, 31, 34, 35, 45, 63, 96, 101, 127] {
      #expect(claims(packet(1, 1, type: type)) == .candidate, "\(type)")
    }
  }

  @Test func leavesPayloadTypesWithoutAMeaningAlone() {
    for type: UInt8 in [20, 24, 27, 30, 64, 72, 76, 95] {
      #expect(claims(packet(1, 1, type: type)) == .none, "\(type)")
    }
  }

  @Test func leavesWhatDoesNotFitAlone() {
    let whole = packet(1, 1, payload: [1, 2, 3, 4])
    #expect(claims(Array(whole.prefix(12))) == .none, "no payload")
    #expect(claims(Array(whole.prefix(11))) == .none, "no header")
    for first: UInt8 in [0x00, 0x40, 0xc0] { #expect(claims([first] + whole.dropFirst()) == .none, "version") }
    #expect(claims([0x82] + whole.dropFirst()) == .none, "list longer than the packet")
    #expect(claims([0x90] + whole.dropFirst()) == .none, "extension longer than the packet")
    #expect(claims([0xa0] + whole.dropFirst()) == .candidate, "padding of four")
    #expect(claims([0xa0] + whole.dropFirst().dropLast() + [5]) == .none, "padding longer than the payload")
    #expect(claims([0xa0] + whole.dropFirst().dropLast() + [0]) == .none, "padding of none")
  }

  @Test func leavesStreamsAndFilesAlone() {
    let tcp = DecodingContext.Carrier.tcp(
      initiator: Endpoint(InternetAddress(version4: 1), port: 1),
      responder: Endpoint(InternetAddress(version4: 2), port: 2))
    #expect(claim(of: RTPDecoder(), on: packet(1, 1), over: tcp) == .none)
    let file = DecodingContext.Carrier.file(mediaType: "audio/x", parameters: "")
    #expect(claim(of: RTPDecoder(), on: packet(1, 1), over: file) == .none)
  }

  @Test func leavesOtherProtocolsAlone() {
    var noise = Noise()
    let others: [(String, [UInt8])] = [
      ("DNS query", [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0x61, 0, 0, 1, 0, 1]),
      ("STUN binding", [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42] + noise.bytes(12)),
      ("TURN channel data", [0x40, 0, 0, 160] + noise.bytes(160)),
      ("ZRTP", [0x10, 0, 0, 1, 0x5a, 0x52, 0x54, 0x50] + noise.bytes(40)),
      ("DTLS hello", [22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 90] + noise.bytes(90)),
      ("QUIC initial", [0xc3, 0, 0, 0, 1, 8] + noise.bytes(1_200)),
      ("QUIC short header", [0x43] + noise.bytes(60)),
      ("TFTP read", Array("\u{0}\u{1}file\u{0}octet\u{0}".utf8)),
      ("NTP", [0x23, 2, 6, 0xec] + noise.bytes(44)),
      ("SIP", Array("INVITE sip:a@b SIP/2.0\r\n\r\n".utf8)),
    ]
    for (name, bytes) in others { #expect(claims(bytes) == .none, "\(name)") }
  }

  @Test func acceptsNothingOfNoise() {
    var noise = Noise()
    // The first byte has the version of RTP and the second a good type, or nothing would be claimed at all.
    let packets = (0..<900).map { _ in [0x80, 96] + noise.bytes(60) }
    #expect(packets.allSatisfy { claims($0) == .candidate })
    #expect(decode(packets).streams.allSatisfy { $0.verdict == .candidate })
    // DNS answers whose identifier happens to begin with 0x80, as one resolver sends them in order.
    let answers = (0..<100).map { place in
      [0x80, UInt8(place), 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0x61, 0, 0, 1, 0, 1] + noise.bytes(16)
    }
    #expect(decode(answers.filter { claims($0) == .candidate }).streams.allSatisfy { $0.verdict == .candidate })
  }
}
