import DecoderKit
import DecoderTesting
import HTTPDecoder
import Testing

@Suite struct DamageTests {
  @Test func writesAResponseWithoutItsRequest() {
    let outcome = decode(
      server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"), client("GET /next HTTP/1.1\r\nHost: a\r\n\r\n"),
      server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\ncd"))
    #expect(outcome.records.map { $0.text("target") } == [nil, "/next"])
    #expect(outcome.records.allSatisfy { $0.side == .initiator })
    #expect(outcome.contents.map(\.text) == ["ab", "cd"])
  }

  @Test func knowsTheClientByWhatItSays() {
    let outcome = run(
      HTTPDecoder(),
      on: [
        .bytes(Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8), from: .initiator),
        .bytes(Array("GET / HTTP/1.1\r\n\r\n".utf8), from: .responder),
      ], over: connection)
    #expect(outcome.records.map(\.side) == [.responder, .responder])
  }

  @Test func findsTheBeginningInTheMiddleOfAStream() {
    let outcome = decode(
      server("rest of an earlier body\r\nmoreHTTP/1.1 2x\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"),
      client("form=dataGET /next HTTP/1.1\r\nHost: a\r\n\r\n"), server("HTTP/1.1 204 Empty\r\n\r\n"))
    // What belongs to no message is kept, too.
    #expect(
      outcome.contents.map(\.text) == ["rest of an earlier body\r\nmoreHTTP/1.1 2x\n", "ab", "form=data"])
    #expect(outcome.records.map { $0.text("target") } == [nil, "/next"])
    #expect(outcome.codes == ["http/unreadableBytes", "http/unreadableBytes"])
  }

  @Test func leavesAHoleInABodyOfKnownLength() {
    let outcome = decode(
      client("GET / HTTP/1.1\r\n\r\n"), server("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab"),
      .gap(3, from: .responder), server("fHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz"))
    #expect(outcome.contents.map(\.text) == ["abf", "z"])
    #expect(outcome.contents.first?.holes.map(\.at) == [2])
    #expect(outcome.contents.first?.holes.map(\.byteCount) == [3])
    #expect(outcome.records.map { $0.flag("responseComplete") } == [false, true])
  }

  @Test func leavesAHoleInAChunk() {
    let outcome = decode(
      client("GET / HTTP/1.1\r\n\r\n"), server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\na"),
      .gap(5, from: .responder), server("\r\n1\r\nb\r\n0\r\n\r\n"))
    #expect(outcome.contents.map(\.text) == ["ab"])
    #expect(outcome.contents.map { $0.holes.map(\.byteCount) } == [[5]])
    #expect(outcome.contents.map(\.isWhole) == [false])
  }

  @Test func goesOnBehindAGapThatCrossesABodysEnd() {
    let outcome = decode(
      client("GET /1 HTTP/1.1\r\n\r\n"), server("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab"),
      client("GET /2 HTTP/1.1\r\n\r\n"),
      .gap(30, from: .responder), server("of a head\r\n\r\nabcHTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nz"))
    #expect(outcome.contents.map(\.text) == ["ab", "of a head\r\n\r\nabc", "z"])
    #expect(outcome.contents.map(\.isWhole) == [false, false, true])
    #expect(outcome.records.map { $0.text("target") } == ["/1", "/2"])
    #expect(outcome.records.map { $0.flag("responseComplete") } == [false, true])
    #expect(outcome.codes == ["http/incompleteBody", "http/unreadableBytes"])
  }

  @Test func pairsWithTheLastRequestAfterMissingResponses() {
    let outcome = decode(
      client("GET /1 HTTP/1.1\r\n\r\n"), .gap(100, from: .responder), client("GET /2 HTTP/1.1\r\n\r\n"),
      server("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"))
    #expect(outcome.records.map { $0.number("status") } == [nil, 404])
    #expect(outcome.records.map { $0.text("target") } == ["/1", "/2"])
    #expect(outcome.records.map { $0.text("pairedBy") } == [nil, "inferred"])
    #expect(outcome.records.last?.text("evidence")?.contains("of the 2 requests that waited") == true)
    #expect(outcome.codes == ["http/pairingInferred"])
  }

  @Test func keepsWhatCameOfAHead() {
    let outcome = decode(
      client("GET /secret?x=1 HTTP/1.1\r\nHost: a.example\r\nUser-Ag"), .gap(40, from: .initiator),
      client("lost\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\n\r\n"), server("HTTP/1.1 200 OK\r\nContent-Le"))
    #expect(outcome.records.map { $0.text("url") } == ["http://a.example/secret?x=1", "http://b/2"])
    #expect(outcome.records.map { $0.flag("requestComplete") } == [false, true])
    #expect(outcome.records.map { $0.number("status") } == [200, nil])
    #expect(outcome.records.first?.flag("responseComplete") == false)
    #expect(outcome.codes.filter { $0 == "http/incompleteHead" }.count == 2)
  }

  @Test func keepsWhatCameOfAStartLine() {
    let outcome = decode(client("GET /index.ht"), .end(.captureEnd, of: .initiator))
    #expect(outcome.records.map { $0.text("target") } == ["/index.ht"])
    #expect(outcome.codes == ["http/incompleteHead"])
    #expect(decode(client("GE")).records.isEmpty)
  }

  @Test func closesABodyThatTheCaptureCuts() {
    let outcome = decode(
      client("GET / HTTP/1.1\r\n\r\n"), server("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab"),
      .end(.finished, of: .responder))
    #expect(outcome.contents.map(\.isWhole) == [false])
    #expect(outcome.records.first?.flag("responseComplete") == false)
    #expect(outcome.findings.first?.fields["missingBytes"] == 4)
  }

  @Test func knowsTheAnswerToAHeadThatIsMissing() {
    let outcome = decode(
      server("HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"))
    #expect(outcome.records.count == 2)
    #expect(outcome.contents.map(\.text) == ["ab"])
  }

  @Test func endsABodyAtAMalformedChunk() {
    let outcome = decode(
      client("GET / HTTP/1.1\r\n\r\n"),
      server(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nax5\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    )
    #expect(outcome.contents.map(\.text) == ["a", "x5\r\n"])
    #expect(outcome.contents.map(\.isWhole) == [false, false])
    #expect(outcome.codes.first == "http/malformedChunk")
    #expect(outcome.records.map { $0.flag("responseComplete") } == [false, true])
    let tooLarge = decode(
      client("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n"))
    #expect(tooLarge.codes.first == "http/malformedChunk")
    let endless = decode(
      client("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;" + String(repeating: "x", count: 70_000)))
    #expect(endless.codes.first == "http/malformedChunk")
  }

  /// Ways of writing that browsers take, and that hide a body from those who do not.
  @Test(arguments: [
    " 4\r\nbody\r\n0\r\n\r\n", "\t4\r\nbody\r\n0\r\n\r\n", "4\u{0}\r\nbody\r\n0\r\n\r\n", "4\u{c}\nbody\n0\n\n",
    "\r\n4\r\nbody\r\n 0\r\n\r\n", "4 ; a=b\r\nbody\r\n0\r\n\r\n", "body", "4; not chunked",
  ]) func readsOddChunks(_ body: String) {
    for coding in ["chunked", "x, chunked, y", "chunked\u{0}", "\u{b}chunked\u{7f}"] {
      let outcome = decode(
        client("GET / HTTP/1.1\r\n\r\n"), server("HTTP/1.1 200 OK\r\nTransfer-Encoding: \(coding)\r\n\r\n" + body),
        .end(.finished, of: .responder))
      if body.hasPrefix("4; not") {
        #expect(outcome.codes.contains("http/incompleteBody"))
      } else {
        #expect(outcome.contents.map(\.text) == ["body"] && outcome.contents.map(\.isWhole) == [true], "\(coding)")
      }
    }
  }

  @Test func keepsABodyThatIsNotChunkedAsItCame() {
    let known = decode(
      client("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"),
      server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\nab"), server("cdef"),
      server("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz"))
    #expect(known.contents.map(\.text) == ["abcdef", "z"])
    #expect(known.codes == ["http/conflictingLength", "http/notChunked"])
    let unknown = decode(
      client("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyzGET /2 HTTP/1.1\r\n\r\n"))
    #expect(unknown.codes.first == "http/malformedChunk" && unknown.records.count == 2)
  }

  @Test func takesAnAnswerOfAnyVersion() {
    for version in ["2.1", "1.\u{1}", "0.9"] {
      let outcome = decode(
        client("GET / HTTP/1.1\r\n\r\n"), server("HTTP/\(version) 200 OK\r\nContent-Length: 2\r\n\r\nab"))
      #expect(outcome.contents.last?.text == "ab" && outcome.records.first?.number("status") == 200)
    }
  }

  /// As behind the answer of a SOCKS proxy.
  @Test func readsAnAnswerBehindOtherBytes() {
    let outcome = decode(
      client("GET / HTTP/1.1\r\n\r\n"), server("\u{5}\u{0}\u{5}12345678HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"))
    #expect(outcome.contents.map(\.text) == ["\u{5}\u{0}\u{5}12345678", "ab"])
    #expect(outcome.records.map { $0.number("status") } == [200] && outcome.codes == ["http/unreadableBytes"])
    let inPieces = decode(
      client("GET / HTTP/1.1\r\n\r\n"), server("\u{5}\u{0}"), server("\u{5}12345678"),
      server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"))
    #expect(inPieces.contents.map(\.text) == ["\u{5}\u{0}\u{5}12345678", "ab"])
    #expect(inPieces.records.map { $0.number("status") } == [200] && inPieces.codes == ["http/bareResponse"])
  }

  @Test func keepsAHeadThatDoesNotEnd() {
    let outcome = decode(
      client("GET / HTTP/1.1\r\n\r\n"), server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n \rab"),
      .end(.finished, of: .responder))
    #expect(outcome.codes == ["http/incompleteHead"] && outcome.records.first?.number("status") == 200)
    #expect(outcome.contents.map { $0.description.role } == ["http head that does not end"])
  }

  @Test func passesOverAMalformedStartLine() {
    let outcome = decode(
      client("GET /1 HTTP/1.1\r\n\r\nnonsense here\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"),
      server(
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 OK\r\n\r\nHTTP/1.1 201 OK\r\nContent-Length: 0\r\n\r\n"))
    #expect(outcome.records.map { $0.text("target") } == ["/1", "/2"])
    #expect(outcome.records.map { $0.number("status") } == [200, 201])
    #expect(outcome.codes == ["http/unreadableBytes", "http/malformedStart", "http/unreadableBytes"])
  }

  @Test func keepsAnAnswerWithoutAHead() throws {
    let outcome = decode(
      client("GET /old.txt HTTP/1.0\r\n\r\n"), server("plain"), server(" text\r\n"), .end(.finished, of: .responder))
    let record = try #require(outcome.records.first)
    #expect(outcome.contents.map(\.text) == ["plain text\r\n"])
    #expect(outcome.contents.map(\.isWhole) == [true])
    #expect(record.number("status") == nil)
    #expect(record.number("responseByteCount") == 12)
    #expect(record.flag("responseComplete") == true)
    #expect(outcome.codes == ["http/bareResponse"])
    // After a gap, and after a first response, such bytes are the rest of something.
    let behindGap = decode(client("GET / HTTP/1.0\r\n\r\n"), .gap(9, from: .responder), server("rest"))
    #expect(behindGap.contents.map { $0.description.role } == ["unreadable bytes of an http connection"])
  }

  @Test func stopsAtTheLimitOfAHead() {
    let long = "GET / HTTP/1.1\r\n" + String(repeating: "A: \(String(repeating: "b", count: 1_000))\r\n", count: 300)
    let outcome = decode(client(long), client("\r\nGET /2 HTTP/1.1\r\n\r\n"))
    #expect(outcome.codes.first == "http/incompleteHead")
    #expect(outcome.records.map { $0.text("target") } == ["/", "/2"])
    let many = "GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 3_000) + "\r\n"
    #expect(decode(client(many)).codes.first == "http/headLimit")
  }
}
