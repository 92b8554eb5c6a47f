import DecoderKit
import DecoderTesting
import HTTPDecoder
import Testing

@Suite struct TransferTests {
  @Test(arguments: [
    ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Basic [withheld]", "Aladdin"),
    ("basic QWxhZGRpbjo", "basic [withheld]", "Aladdin"), ("Basic !", "Basic [withheld]", nil),
    ("Bearer abc.def", "Bearer [withheld]", nil), ("", " [withheld]", nil),
    (
      "Digest username=\"a,b\", response=\"6629fae4\", nc=1",
      "Digest username=\"a,b\", response=[withheld], nc=1", "a,b"
    ),
  ]) func withholdsCredentials(_ value: String, _ shown: String, _ user: String?) throws {
    let outcome = decode(
      client("GET / HTTP/1.1\r\nHost: example.org\r\nAuthorization: \(value)\r\n\r\n"),
      server("HTTP/1.1 204 No Content\r\n\r\n"))
    let record = try #require(outcome.records.first)
    guard case .list(let headers)? = record.fields["requestHeaders"], case .object(let last)? = headers.last else {
      Issue.record("no headers")
      return
    }
    #expect(last["value"] == .text(shown))
    #expect(record.text("user") == user)
  }

  @Test func pairsRequestAndResponse() throws {
    let outcome = decode(
      client("GET /a/report.pdf?x=1 HTTP/1.1\r\nHost: example.org\r\nUser-Agent: test\r\nReferer: http://r/\r\n\r\n"),
      server("HTTP/1.1 200 OK\r\nContent-Type: Application/PDF; v=1\r\nContent-Length: 5\r\n\r\nhel"), server("lo"))
    let record = try #require(outcome.records.first)
    #expect(outcome.records.count == 1)
    #expect(record.kind == "http/transfer")
    #expect(record.side == .initiator)
    #expect(record.text("method") == "GET")
    #expect(record.text("target") == "/a/report.pdf?x=1")
    #expect(record.text("version") == "HTTP/1.1")
    #expect(record.text("host") == "example.org")
    #expect(record.text("url") == "http://example.org/a/report.pdf?x=1")
    #expect(record.text("userAgent") == "test")
    #expect(record.text("referer") == "http://r/")
    #expect(record.number("status") == 200)
    #expect(record.text("reason") == "OK")
    #expect(record.text("responseMediaType") == "application/pdf")
    #expect(record.number("requestByteCount") == 0)
    #expect(record.number("responseByteCount") == 5)
    #expect(record.text("fileName") == "report.pdf")
    #expect(record.flag("requestComplete") == true)
    #expect(record.flag("responseComplete") == true)
    #expect(record.fields["requestedAt"] == .time(CaptureTime(nanoseconds: 1_000_000_000)))
    #expect(record.fields["respondedAt"] == .time(CaptureTime(nanoseconds: 2_000_000_000)))
    #expect(record.trace.packets.count == 3)
    let body = try #require(outcome.contents.first)
    #expect(outcome.contents.count == 1)
    #expect(body.text == "hello")
    #expect(body.isWhole)
    #expect(body.side == .responder)
    #expect(body.description.role == "http response body")
    #expect(body.description.name == Array("report.pdf".utf8))
    #expect(body.description.mediaType == "application/pdf")
    #expect(body.description.parameters == "v=1")
    #expect(body.description.announcedByteCount == 5)
    #expect(outcome.findings.isEmpty)
  }

  @Test func queuesPipelinedRequests() {
    let outcome = decode(
      client("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\nHEAD /3 HTTP/1.1\r\nHost: a\r\n\r\n"),
      server("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nbb"),
      server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"))
    #expect(outcome.records.map { $0.text("target") } == ["/1", "/2", "/3"])
    #expect(outcome.records.map { $0.number("status") } == [200, 404, 200])
    #expect(outcome.contents.map(\.text) == ["a", "bb"])
    #expect(outcome.records.allSatisfy { $0.flag("responseComplete") == true })
  }

  @Test func readsChunksWithExtensionsAndTrailers() throws {
    let outcome = decode(
      client("POST /f HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=\"y\"\r\nabc\r\n0\r\n\r\n"),
      server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Digest\r\n\r\n5 \r\nhello\r\n"),
      server("1\r\n!\r\n000\r\nDigest: d\r\n\r\n"),
      client("GET /next HTTP/1.1\r\nHost: a\r\n\r\n"), server("HTTP/1.1 204 No Content\r\n\r\n"))
    #expect(outcome.contents.map(\.text) == ["abc", "hello!"])
    #expect(outcome.contents.map(\.description.role) == ["http request body", "http response body"])
    #expect(outcome.contents.allSatisfy { $0.isWhole })
    let record = try #require(outcome.records.first)
    #expect(record.fields["responseTrailers"] == .list([.object(["name": "Digest", "value": "d"])]))
    #expect(record.trace.packets.count == 3)
    #expect(outcome.records.map { $0.number("status") } == [200, 204])
  }

  @Test func namesCodingsInTheOrderToUndoThem() {
    let outcome = decode(
      client("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
      server(
        "HTTP/1.1 200 OK\r\nContent-Encoding: deflate, br\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
      ))
    #expect(outcome.contents.map(\.description.codings) == [[.gzip, .brotli, .deflate]])
  }

  @Test func leavesUnknownCodingsInPlace() {
    let outcome = decode(
      client("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
      server("HTTP/1.1 200 OK\r\nContent-Encoding: gzip, zstd, x-gzip\r\nContent-Length: 1\r\n\r\nx"))
    #expect(outcome.contents.map(\.description.codings) == [[.gzip]])
    #expect(outcome.codes == ["http/unknownCoding"])
  }

  @Test func keepsInterimResponsesWithTheFinalOne() {
    let outcome = decode(
      client("PUT /f.bin HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
      server("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"), client("ok"),
      server("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"))
    #expect(outcome.records.count == 1)
    #expect(outcome.records.first?.number("status") == 201)
    #expect(outcome.records.first?.fields["interimStatuses"] == .list([100, 103]))
    #expect(outcome.records.first?.trace.packets.count == 4)
    #expect(outcome.contents.first?.description.name == Array("f.bin".utf8))
  }

  @Test func doesNotWaitForABodyThatWasRefused() {
    let outcome = decode(
      client("POST /f HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2000\r\n\r\n"),
      server("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"),
      client("GET /g HTTP/1.1\r\nHost: a\r\n\r\n"), server("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"))
    #expect(outcome.records.map { $0.number("status") } == [401, 304])
    #expect(outcome.records.map { $0.flag("requestComplete") } == [false, true])
  }

  @Test func storesAPieceAsItIs() {
    let outcome = decode(
      client("GET /f.gz HTTP/1.1\r\nHost: a\r\nRange: bytes=2-3\r\n\r\n"),
      server(
        "HTTP/1.1 206 Partial\r\nContent-Encoding: gzip\r\nContent-Range: bytes 2-3/9\r\nContent-Length: 2\r\n\r\nab"))
    #expect(outcome.contents.map(\.description.codings) == [[]])
    #expect(outcome.records.first?.text("contentRange") == "bytes 2-3/9")
  }

  @Test func stopsAtATunnel() {
    let outcome = decode(
      client("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n"),
      server("HTTP/1.1 200 Connection established\r\nContent-Length: 5\r\n\r\n"),
      client("\u{16}\u{3}GET / HTTP/1.1\r\n\r\n"), server("HTTP/1.1 200 OK\r\n\r\n"))
    #expect(outcome.records.count == 1)
    #expect(outcome.records.first?.flag("isTunnel") == true)
    #expect(outcome.records.first?.text("host") == "example.org:443")
    #expect(outcome.records.first?.text("url") == nil)
    #expect(outcome.contents.isEmpty)
    #expect(outcome.findings.isEmpty)
  }

  @Test func stopsAtAnUpgrade() {
    let outcome = decode(
      client("GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
      server("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\u{1}\u{2}hi"), client("\u{1}\u{2}ho"))
    #expect(outcome.records.map { $0.flag("isTunnel") } == [true])
    #expect(outcome.unconsumed.values.allSatisfy { $0 == 0 })
  }

  @Test func knowsATunnelWithoutItsAnswer() {
    let outcome = decode(
      client("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"), client("\u{16}\u{3}\u{1}binary"),
      .end(.finished, of: .responder))
    #expect(outcome.records.map { $0.flag("isTunnel") } == [true])
    #expect(outcome.findings.isEmpty)
  }

  @Test func goesOnAfterARefusedTunnel() {
    let outcome = decode(
      client("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"), server("HTTP/1.1 407 Auth\r\nContent-Length: 1\r\n\r\nx"),
      client("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), server("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny"))
    #expect(outcome.records.map { $0.number("status") } == [407, 200])
    #expect(outcome.records.allSatisfy { $0.flag("isTunnel") == nil })
  }

  @Test func readsABodyUntilTheEndOfTheStream() {
    let steps = [client("GET / HTTP/1.0\r\n\r\n"), server("HTTP/1.0 200 OK\r\n\r\nsome"), server(" text")]
    for (end, isWhole) in [(StreamEnd.finished, true), (.reset, false), (.idle, false), (.captureEnd, false)] {
      let outcome = run(HTTPDecoder(), on: steps + [.end(end, of: .responder)], over: connection)
      #expect(outcome.contents.map(\.text) == ["some text"])
      #expect(outcome.contents.first?.isWhole == isWhole)
      #expect(outcome.records.first?.flag("responseComplete") == isWhole)
      #expect(outcome.records.first?.text("url") == "http://198.51.100.7:8080/")
    }
  }

  @Test func writesARequestThatIsNeverAnswered() {
    let outcome = decode(client("GET /x HTTP/1.1\r\nHost: a\r\n\r\n"), .end(.reset, of: .responder))
    #expect(outcome.records.count == 1)
    #expect(outcome.records.first?.number("status") == nil)
    #expect(outcome.records.first?.flag("responseComplete") == nil)
    #expect(decode(client("GET /x HTTP/1.1\r\nHost: a\r\n\r\n")).records.count == 1)
  }

  @Test func readsAbsoluteTargets() throws {
    let outcome = decode(
      client("GET http://example.net:81/dir/pic.png?q=/z HTTP/1.1\r\nHost: other\r\n\r\n"),
      server("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"))
    let record = try #require(outcome.records.first)
    #expect(record.text("host") == "example.net:81")
    #expect(record.text("url") == "http://example.net:81/dir/pic.png?q=/z")
    #expect(record.text("fileName") == "pic.png")
  }

  @Test(arguments: [
    ("attachment; filename=\"a b;c.txt\"", "a b;c.txt"),
    ("attachment; filename=plain.txt; filename*=UTF-8''%e2%82%ac%20rates.txt", "€ rates.txt"),
    ("inline; FILENAME*=iso-8859-1'en'%A3%20rates", "£ rates"),
    ("attachment; filename*0=\"one\"; filename*1=\"two.txt\"", "onetwo.txt"),
    ("attachment; filename=\"q\\\"uote\"", "q\"uote"),
    ("attachment; filename=\"C:\\dir\\file.txt\"", "C:\\dir\\file.txt"),
  ])
  func readsTheDispositionName(_ value: String, _ name: String) {
    let outcome = decode(
      client("GET /p HTTP/1.1\r\nHost: a\r\n\r\n"),
      server("HTTP/1.1 200 OK\r\nContent-Disposition: \(value)\r\nContent-Length: 1\r\n\r\nx"))
    #expect(outcome.records.first?.text("fileName") == name)
    #expect(outcome.contents.first?.description.name == Array(name.utf8))
  }

  @Test func takesLoneLineFeedsAndEmptyLines() {
    let outcome = decode(
      client("\r\n\r\nPOST /p HTTP/1.1\nHost: a\nContent-Length: 2\n\nhi\r\nGET /q HTTP/1.1\n\n"),
      server("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\nyo\n0\n\nHTTP/1.1 200 OK\nContent-Length: 0\n\n"))
    #expect(outcome.records.map { $0.text("target") } == ["/p", "/q"])
    #expect(outcome.contents.map(\.text) == ["hi", "yo"])
    #expect(outcome.contents.allSatisfy { $0.isWhole })
  }

  @Test func saysWhenLengthsConflict() {
    let both = decode(
      client("POST / HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"))
    #expect(both.codes == ["http/conflictingLength"])
    #expect(both.contents.map(\.text) == ["x"])
    let several = decode(client("POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab"))
    #expect(several.codes == ["http/conflictingLength"])
    #expect(several.contents.map(\.text) == ["ab"])
    let same = decode(client("POST / HTTP/1.1\r\nContent-Length: 2, 2\r\nContent-Length: 2\r\n\r\nab"))
    #expect(same.codes.isEmpty)
    let odd = decode(client("POST / HTTP/1.1\r\nContent-Length: -2\r\n\r\n"))
    #expect(odd.codes == ["http/malformedLength"])
    let last = decode(
      client("GET / HTTP/1.1\r\n\r\n"), server("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx"),
      .end(.finished, of: .responder))
    #expect(last.codes == ["http/unknownTransferCoding"])
    #expect(last.contents.map(\.isWhole) == [true])
  }

  /// Where an answer must come, clients take what begins like one; so a file does not hide behind a damaged line.
  @Test(arguments: [
    ("HTTP/1.1\0 200 ok\r\n", 200), ("HTTP/1.1  200 ok\r\n", 200), ("HTTP/1.1 \t200 ok\r\n", 200),
    ("HTTP/1.1\r\n", nil),
    ("HTTP/1.1 2\u{0}00 ok\r\n", nil), ("HTTP/1.1foobar\r\n", nil), ("HTTP/1.1 2000 ok\r\n", nil),
    ("HTTP/1.1 000 ok\r\n", nil),
    ("HTTP/1.1\n 200 ok\r\n", nil), ("HTTP/1.1 200 ok\rA: b\r", 200), ("HTTP/1.1\rA: b\r\n", nil),
  ]) func readsTheFileBehindADamagedStatusLine(_ line: String, _ status: Int?) throws {
    let outcome = decode(
      client("GET /a HTTP/1.1\r\nHost: example.org\r\n\r\n"),
      server(line + "Content-Disposition: attachment; filename=\"b.txt\"\r\nContent-Length: 5\r\n\r\nhello"))
    let record = try #require(outcome.all("http/transfer").first)
    #expect(outcome.all("http/transfer").count == 1)
    #expect(record.number("status") == status.map(Int64.init))
    #expect(record.text("fileName") == "b.txt" && record.number("responseByteCount") == 5)
    #expect(outcome.contents.map(\.text).contains("hello"))
    // The line as it came is kept as well.
    #expect(outcome.contents.contains { $0.text.hasPrefix(line) })
    #expect(!outcome.codes.isEmpty && outcome.violations.isEmpty)
  }

  @Test func endsAHeadAtALineOfCarriageReturns() {
    let outcome = decode(
      client("GET /a HTTP/1.1\r\nHost: example.org\r\n\r\n"),
      server("HTTP/1.1 200 ok\r\nContent-Length: 5\n\r\r\nhello"))
    #expect(outcome.contents.map(\.text) == ["hello"])
  }

  @Test func joinsFoldedFieldsAndKeepsOddBytes() throws {
    let outcome = run(
      HTTPDecoder(),
      on: [
        .bytes(
          Array("GET / HTTP/1.1\r\nA: one\r\n two\r\nnonsense\r\nB: ".utf8) + [0xff] + Array("\r\n\r\n".utf8),
          from: .initiator)
      ],
      over: connection)
    let record = try #require(outcome.records.first)
    #expect(
      record.fields["requestHeaders"]
        == .list([
          .object(["name": "A", "value": "one two"]),
          .object(["name": "B", "value": "\u{fffd}", "valueHex": "ff"]),
        ]))
    #expect(outcome.codes == ["http/oddHeaderLine"])
  }

  @Test func writesTheOldestRequestsWhenTooManyWait() {
    let count = HTTPSession.maximumUnansweredCount + 2
    let requests = (0..<count).map { "GET /\($0) HTTP/1.1\r\n\r\n" }.joined()
    let outcome = decode(client(requests), server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    #expect(outcome.records.count == count + 1)
    #expect(outcome.codes == ["http/unanswered"])
    // The response belongs to one that was already written.
    #expect(outcome.records.filter { $0.number("status") != nil }.allSatisfy { $0.text("target") == nil })
  }
}
