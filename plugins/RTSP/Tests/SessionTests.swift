import DecoderKit
import DecoderTesting
import RTSPDecoder
import Testing

let client = Endpoint(InternetAddress(version4: 0xc000_020a), port: 40_000)
let server = Endpoint(InternetAddress(version4: 0xc000_0214), port: 554)
let carrier = DecodingContext.Carrier.tcp(initiator: client, responder: server)

func ask(_ text: String) -> ConversationStep { .bytes(lines(text), from: .initiator) }
func answer(_ text: String) -> ConversationStep { .bytes(lines(text), from: .responder) }
func lines(_ text: String) -> [UInt8] { Array(text.replacing("\n", with: "\r\n").utf8) }

@Suite struct SessionTests {
  private static let description =
    "v=0\nc=IN IP4 0.0.0.0\nm=audio 0 RTP/AVP 0\na=control:track1\nm=video 0 RTP/AVP 96\n"
    + "a=rtpmap:96 H264/90000\na=control:track2\n"

  private static let session: [ConversationStep] = [
    ask("DESCRIBE rtsp://s/film RTSP/1.0\nCSeq: 1\nAuthorization: Basic bGVlOnllbGxvdw==\n\n"),
    answer(
      "RTSP/1.0 200 OK\nCSeq: 1\nContent-Type: application/sdp\nContent-Length: \(lines(description).count)\n\n"
        + description),
    ask("SETUP rtsp://s/film/track2 RTSP/1.0\nCSeq: 2\nTransport: RTP/AVP;unicast;client_port=5000-5001\n\n"),
    answer(
      "RTSP/1.0 200 OK\nCSeq: 2\nSession: 77;timeout=60\nTransport: RTP/AVP;unicast;client_port=5000-5001;"
        + "server_port=6000-6001\n\n"),
    ask("PLAY rtsp://s/film RTSP/1.0\nCSeq: 3\nSession: 77\n\n"),
    answer("RTSP/1.0 200 OK\nCSeq: 3\nSession: 77\n\n"),
    .bytes([0x24, 0, 0, 4, 1, 2, 3, 4], from: .responder),
    ask("TEARDOWN rtsp://s/film RTSP/1.0\nCSeq: 4\nSession: 77\n\n"),
    answer("RTSP/1.0 200 OK\nCSeq: 4\n\n"),
  ]

  @Test func tellsWhereTheMediaGoes() throws {
    let outcome = run(RTSPDecoder(), on: Self.session, over: carrier)
    #expect(outcome.records.count == 8)
    #expect(
      outcome.records.map { $0.text("method") } == [
        "DESCRIBE", "DESCRIBE", "SETUP", "SETUP", "PLAY", "PLAY", "TEARDOWN", "TEARDOWN",
      ])
    #expect(outcome.signals.map(\.step) == [.proceeding, .proceeding, .invited, .answered, .ended])
    #expect(outcome.signals.allSatisfy { $0.signalling == "rtsp" && $0.callID == "77@192.0.2.20:554" })
    let wanted = try #require(outcome.signals.first?.media.first)
    #expect(wanted.receivesAt == Endpoint(client.address, port: 5_000) && wanted.kind == "video" && wanted.index == 1)
    #expect(wanted.payloads.map(\.encoding) == ["H264"])
    #expect(outcome.signals[1].media.first?.receivesAt == Endpoint(server.address, port: 6_000))
    #expect(outcome.findings.map(\.code) == ["rtsp/interleaved"])
    #expect(!outcome.recordLines.contains { $0.contains("bGVlOnllbGxvdw") })
    #expect(outcome.violations.isEmpty)
  }

  /// A packet of RTP between messages.
  private static func packet(_ channel: UInt8, _ sequence: UInt16, count: Int = 160) -> [UInt8] {
    let rtp: [UInt8] =
      [0x80, 0, UInt8(sequence >> 8), UInt8(truncatingIfNeeded: sequence), 0, 0, 0, 0, 1, 2, 3, 4]
      + [UInt8](repeating: 0x55, count: count)
    return [0x24, channel, UInt8(rtp.count >> 8), UInt8(rtp.count & 0xff)] + rtp
  }

  private static let setUp: [ConversationStep] = [
    ask("SETUP rtsp://s/film/track1 RTSP/1.0\nCSeq: 2\nTransport: RTP/AVP/TCP;unicast;interleaved=2-3\n\n"),
    answer("RTSP/1.0 200 OK\nCSeq: 2\nSession: 77\nTransport: RTP/AVP/TCP;unicast;interleaved=2-3\n\n"),
  ]
  private static func media(_ bytes: [UInt8]...) -> ConversationStep { .bytes(Array(bytes.joined()), from: .responder) }

  @Test func indexesMediaBetweenMessages() throws {
    let report: [UInt8] = [0x24, 3, 0, 8, 0x80, 201, 0, 1, 1, 2, 3, 4]
    let outcome = run(
      RTSPDecoder(),
      on: Self.setUp + [
        Self.media(Self.packet(2, 1), Self.packet(2, 2), report, Self.packet(4, 9)),
        .bytes(report, from: .initiator),
      ], over: carrier)
    #expect(outcome.streams.map { $0.packets.map(\.header.sequence) } == [[1, 2], [9]])
    #expect(outcome.streams.map(\.verdict) == [.accepted, .candidate])
    #expect(outcome.streams[0].packets.map(\.payload) == [12..<172, 12..<172])
    #expect(outcome.signals.flatMap(\.media).map(\.channel) == [2, 2])
    #expect(outcome.signals.flatMap(\.media).map(\.receivesAt) == [client, server])
    #expect(outcome.all("rtsp/control").map { $0.number("channelNumber") } == [3, 3])
    #expect(outcome.codes == ["rtsp/unnamedChannel"])
  }

  @Test func goesOnBehindWhatIsMissing() throws {
    // The length of the second packet says where the third begins.
    let second = Self.packet(2, 2)
    let known = run(
      RTSPDecoder(),
      on: Self.setUp + [
        Self.media(Self.packet(2, 1), Array(second.prefix(50))), .gap(60, from: .responder),
        Self.media(Array(second.dropFirst(110)), Self.packet(2, 3)),
      ], over: carrier)
    #expect(known.streams.map { $0.packets.map(\.header.sequence) } == [[1, 3]])
    #expect(known.codes == ["rtsp/interleaved"])
    // Behind a gap over several packets, the next one of a known stream is found by its channel and identifier.
    let lost = run(
      RTSPDecoder(),
      on: Self.setUp + [
        Self.media(Self.packet(2, 1)), .gap(1_000, from: .responder),
        Self.media([0x24, 2, 0, 1, 9, 0x24, 7, 7], Self.packet(2, 8), Self.packet(2, 9)),
      ], over: carrier)
    #expect(lost.streams.map { $0.packets.map(\.header.sequence) } == [[1, 8, 9]])
    #expect(lost.codes == ["rtsp/skippedBytes"])
  }

  @Test func survivesEveryCutAndChangeOfMedia() {
    checkTotality(
      of: RTSPDecoder(),
      on: Self.setUp + [
        Self.media(Self.packet(2, 1, count: 8), [0x24, 2, 0], [2, 1, 1], Self.packet(2, 2, count: 4))
      ],
      over: carrier)
  }

  @Test func claimsOnlyItsOwn() {
    let claims = { (text: String) in claim(of: RTSPDecoder(), on: lines(text), over: carrier) }
    #expect(claims("OPTIONS * RTSP/1.0\n") == .content)
    #expect(claims("RTSP/1.0 200 OK\n") == .content)
    #expect(claims("RTS") == .needsMore && claims("OPTIONS rtsp://") == .needsMore)
    #expect(claims("OPTIONS * HTTP/1.1\n") == .none)
    #expect(claims("REGISTER sip:a SIP/2.0\n") == .none)
    #expect(claims("RTSX/1.0 200\n") == .none)
  }

  @Test func survivesEveryCutAndChange() { checkTotality(of: RTSPDecoder(), on: Self.session, over: carrier) }
}
