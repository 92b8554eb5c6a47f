import DecoderKit
import DecoderTesting
import SIPDecoder
import Testing

@Suite struct ClaimTests {
  private func claims(_ text: String, over carrier: DecodingContext.Carrier = datagrams) -> Claim {
    claim(of: SIPDecoder(), on: Array(text.utf8), over: carrier)
  }

  @Test func claimsStartLinesOnAnyPort() {
    let high = DecodingContext.Carrier.udp(
      initiator: Endpoint(InternetAddress(version4: 1), port: 40_000),
      responder: Endpoint(InternetAddress(version4: 2), port: 40_001))
    for carrier in [datagrams, stream, high] {
      #expect(claims("INVITE sip:a@b SIP/2.0\r\n", over: carrier) == .content)
      #expect(claims("x-y tel:+49 SIP/2.0\n", over: carrier) == .content)
      #expect(claims("SIP/2.0 200 OK\r\n", over: carrier) == .content)
      #expect(claims("SIP/2.0 200\r\n", over: carrier) == .content)
      #expect(claims("\r\n\r\nSIP/2.0 200 OK\r\n", over: carrier) == .content)
    }
  }

  @Test func waitsForTheRestOfALine() {
    for text in ["I", "SIP", "SIP/2", "SIP/2.0 2", "SIP/2.0 200", "INVITE ", "INVITE sip:a", "\r\n"] {
      #expect(claims(text, over: stream) == .needsMore, "\(text)")
    }
    #expect(claims("INVITE sip:" + String(repeating: "a", count: 3_000), over: stream) == .content)
  }

  @Test func leavesOtherTextAlone() {
    for text in [
      "", "GET / HTTP/1.1\r\n\r\n", "INVITE sip:a HTTP/1.1\r\n", "OPTIONS rtsp://h/ RTSP/1.0\r\n", "SIP/2.0 2x0 OK\r\n",
      "SIP/2.0 2000\r\n", "NOTIFY * HTTP/1.1\r\n", "M-SEARCH * HTTP/1.1\r\n", "220 mail ESMTP\r\n", "a b c SIP/2.0\r\n",
      "GET http://x/?q= SIP/2.0 HTTP/1.1\r\n",
    ] { #expect(claims(text, over: stream) == .none, "\(text)") }
    let file = DecodingContext.Carrier.file(mediaType: "text/plain", parameters: "")
    #expect(claims("INVITE sip:a@b SIP/2.0\r\n", over: file) == .none)
  }

  @Test func takesKeepAlivesOnItsOwnPort() {
    let outcome = decode(alice(Array("\r\n\r\n".utf8)), alice([0, 0, 0, 0]))
    #expect(outcome.records.isEmpty && outcome.findings.isEmpty && outcome.failure == nil)
    #expect(claims("\r\n\r\n") == .port)
    #expect(claim(of: SIPDecoder(), on: [0, 0, 0, 0], over: datagrams) == .port)
    #expect(claim(of: SIPDecoder(), on: [UInt8](repeating: 0, count: 17), over: datagrams) == .none)
  }
}
