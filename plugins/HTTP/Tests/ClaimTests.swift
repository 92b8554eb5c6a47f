import DecoderKit
import DecoderTesting
import HTTPDecoder
import Testing

@Suite struct ClaimTests {
  private func judge(_ text: String) -> Claim { claim(of: HTTPDecoder(), on: Array(text.utf8), over: connection) }

  @Test(arguments: [
    "GET / HTTP/1.1\r\n", "PROPFIND /dav HTTP/1.0\nx", "\r\nPOST /x HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n",
    "HTTP/1.0 404 ", "http/1.1 200 OK\r\n",
    "CONNECT a:443 HTTP/1.1\r\n", "OPTIONS * HTTP/1.1\r\n", "FROBNICATE /x HTTP/1.1\r\n", "HTTP/1.1 ",
    "GET / HTTP/1.1\r",
    "GET /" + String(repeating: "a", count: 2_000),
  ])
  func claims(_ text: String) { #expect(judge(text) == .content) }

  @Test(arguments: [
    "OPTIONS sip:a@b SIP/2.0\r\n", "SIP/2.0 200 OK\r\n", "RTSP/1.0 200 OK\r\n", "DESCRIBE rtsp://a/b RTSP/1.0\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2.0 200 OK\r\n", "EHLO a\r\n", "GET\r\n", "SSH-2.0-x\r\n",
    "\u{16}\u{3}\u{1}",
    "HTTP/1.1 abc\r\n", "GET HTTP/1.1\r\n", "GET /\u{0}", "get / HTTP/1.1\r\n", "{\"json\": 1}",
  ])
  func leavesToOthers(_ text: String) { #expect(judge(text) == .none) }

  @Test(arguments: ["", "\r\n", "G", "GET", "GET /index", "HTT", "HTTP/1.", "OPTIONS sip:a"])
  func waitsForMore(_ text: String) { #expect(judge(text) == .needsMore) }

  @Test func leavesDatagramsToOthers() {
    guard case .tcp(let initiator, let responder) = connection else { return }
    let bytes = Array("NOTIFY * HTTP/1.1\r\n".utf8)
    #expect(claim(of: HTTPDecoder(), on: bytes, over: .udp(initiator: initiator, responder: responder)) == .none)
  }
}
