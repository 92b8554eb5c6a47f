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
