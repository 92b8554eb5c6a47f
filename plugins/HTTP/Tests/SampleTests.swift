import DecoderKit
import DecoderTesting
import HTTPDecoder
import Testing

@Suite struct SampleTests {
  @Test func readsWhatCurlAndNginxSay() throws {
    let outcome = run(HTTPDecoder(), on: try conversation("curl-nginx"), over: connection)
    #expect(outcome.records.map { $0.text("method") } == ["GET", "HEAD", "GET", "PUT", "GET"])
    #expect(outcome.records.map { $0.number("status") } == [200, 200, 206, 201, 404])
    #expect(outcome.records.allSatisfy { $0.flag("responseComplete") == true && $0.flag("requestComplete") == true })
    #expect(outcome.records.last?.text("fileName") == "missing%20name.txt")
    #expect(outcome.contents.first?.description.codings == [.gzip])
    #expect(outcome.contents.first?.description.mediaType == "text/html")
    #expect(outcome.contents.dropFirst().first?.bytes == Array(16...47))
    #expect(outcome.contents.contains { $0.text == "a small upload\n" && $0.description.name == Array("up.txt".utf8) })
    #expect(outcome.findings.isEmpty)
  }

  @Test func readsPipelinedRequests() throws {
    let outcome = run(
      HTTPDecoder(), on: try conversation("pipelined-nginx") + [.end(.finished, of: .responder)], over: connection)
    #expect(outcome.records.map { $0.text("target") } == ["/table.bin", "/page.html"])
    #expect(outcome.records.allSatisfy { $0.flag("responseComplete") == true })
    #expect(outcome.contents.first?.bytes == Array(0...255))
  }

  @Test func survivesEveryCutAndChange() {
    checkTotality(
      of: HTTPDecoder(),
      on: [
        client("PUT /f HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi"),
        server(
          "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a\r\nab\r\n0\r\nT: x\r\n\r\n"),
        client("HEAD /g HTTP/1.1\n\n"), server("HTTP/1.0 200 OK\r\n\r\n"), .end(.finished, of: .responder),
      ], over: connection)
  }

  @Test func survivesEveryCutWithoutABeginning() {
    checkTotality(
      of: HTTPDecoder(),
      on: [
        server("xHTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nHTTP/1.1 301 Moved\r\n\r\nbody"),
        client("aGET / HTTP/1.1\r\nUpgrade: x\r\n\r\n\u{1}"), .end(.reset, of: .responder),
      ], over: connection)
  }
}
