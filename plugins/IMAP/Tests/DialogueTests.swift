import DecoderKit
import DecoderTesting
import IMAPDecoder
import Testing

@Suite struct DialogueTests {
  private let begin = [
    server("* OK IMAP4rev1 ready\r\n"), client("a LOGIN kim x\r\n"), server("a OK in\r\n"),
    client("b SELECT \"Sent items\"\r\n"),
    server("* 2 EXISTS\r\nb OK done\r\n"),
  ]

  private func decode(_ steps: [ConversationStep]) -> DecodingOutcome {
    run(IMAPDecoder(), on: begin + steps, over: connection)
  }

  @Test func takesUserAndPasswordFromLiterals() {
    let outcome = run(
      IMAPDecoder(),
      on: [
        server("* OK IMAP4\r\n"), client("a LOGIN {5}\r\n"), server("+ go\r\n"), client("k \"im {6}\r\n"),
        server("+ go\r\n"),
        client("secret\r\n"), server("a OK\r\n"),
      ], over: connection)
    #expect(outcome.all("imap/command").last?.text("user") == "k \"im")
    #expect(!outcome.recordLines.joined().contains("secret"))
  }

  @Test func takesTheUserFromAnExchange() {
    let outcome = run(
      IMAPDecoder(),
      on: [
        server("* OK IMAP4\r\n"), client("a AUTHENTICATE PLAIN\r\n"), server("+ \r\n"), client("AGtpbQBzZWNyZXQ=\r\n"),
        server("a OK\r\n"), client("b AUTHENTICATE PLAIN AGpvAHNlY3JldA==\r\n"), server("b NO\r\n"),
      ], over: connection)
    #expect(outcome.all("imap/command").map { $0.text("user") } == [nil, "kim", "jo"])
    #expect(outcome.all("imap/command").map { $0.text("argument") }.last == "PLAIN [withheld]")
  }

  @Test func keepsFlagsAndDatesThatStandBehindTheContent() throws {
    let outcome = decode([
      client("c FETCH 2 (RFC822)\r\n"),
      server(
        "* 2 FETCH (RFC822 {9}\r\nA: b\r\n\r\nx UID 7 FLAGS (\\Seen \\Answered) INTERNALDATE \"17-Jul-2026 02:44:25 -0700\" "
          + "RFC822.SIZE 9)\r\nc OK\r\n"),
    ])
    let message = try #require(outcome.all("imap/message").first)
    #expect(message.number("uid") == 7)
    #expect(message.fields["flags"] == .list(["\\Seen", "\\Answered"]))
    #expect(message.text("internalDate") == "17-Jul-2026 02:44:25 -0700")
    #expect(message.text("mailbox") == "Sent items")
    #expect(outcome.captured.map(\.text) == ["A: b\r\n\r\nx"])
  }

  @Test func keepsContentThatStandsInQuotes() throws {
    let outcome = decode([
      client("c FETCH 2 (BODY[1] BODY[2])\r\n"),
      server("* 2 FETCH (UID 7 BODY[1] \"say \\\"four\\\"\" BODY[2] {3}\r\nabc BODY[3] \"\")\r\nc OK\r\n"),
    ])
    #expect(Set(outcome.contents.filter { !$0.description.isComputed }.map(\.text)) == ["say \"four\"", "abc"])
    #expect(Set(outcome.all("imap/message").map { $0.text("section") }) == ["1", "2"])
    #expect(outcome.all("imap/message").allSatisfy { $0.number("uid") == 7 && $0.flag("isComplete") == true })
  }

  @Test func keepsAPieceWithWhatIsMissing() throws {
    let outcome = decode([
      client("c UID FETCH 7 (BODY.PEEK[]<0.4>)\r\n"), server("* 2 FETCH (UID 7 BODY[]<0> {4}\r\nA: b)\r\nc OK\r\n"),
      client("d UID FETCH 7 (BODY.PEEK[]<8.4>)\r\n"), server("* 2 FETCH (UID 7 BODY[]<8> {4}\r\nlast)\r\nd OK\r\n"),
    ])
    #expect(outcome.captured.map(\.text) == ["A: b", "last"])
    #expect(outcome.all("imap/message").map { $0.number("offset") } == [0, 8])
    #expect(outcome.all("imap/message").map { $0.flag("isComplete") } == [false, false])
  }

  @Test func keepsWhereAMessageHasAHole() {
    let outcome = decode([
      client("c FETCH 1 BODY[]\r\n"), server("* 1 FETCH (BODY[] {20}\r\nA: b\r\n"), .gap(10, from: .responder),
      server("wxyz)\r\nc OK\r\n"),
    ])
    #expect(outcome.captured.map(\.holes) == [[.init(at: 6, 10)]])
    #expect(outcome.all("imap/message").count == 1)
    #expect(outcome.all("imap/command").last?.text("result") == "OK")
  }

  @Test func keepsWhatCameOfAMessageThatWasCut() {
    let outcome = decode([
      client("c FETCH 1 BODY[]\r\n"), server("* 1 FETCH (BODY[] {2000}\r\nA: b\r\n"), .end(.reset, of: .responder),
    ])
    #expect(outcome.captured.map(\.text) == ["A: b\r\n"])
    #expect(outcome.all("imap/message").map { $0.flag("isComplete") } == [false])
  }

  @Test func saysWhereEncryptionOrCompressionBegins() {
    #expect(
      decode([client("c STARTTLS\r\n"), server("c OK go\r\n"), client("\u{16}\u{3}\u{1}")]).codes == ["imap/encrypted"])
  }

  @Test func goesOnWithWhatWasCompressed() {
    let outcome = decode([
      client("c COMPRESS DEFLATE\r\nd NOOP\r\n"), server("c OK go\r\n* 3 EXISTS\r\n"), client("e NOOP\r\n"),
      server("d OK one\r\ne OK two\r\n"),
    ])
    #expect(outcome.codes == ["imap/compressed"])
    #expect(outcome.expansions.map(\.side) == [.responder, .initiator])
    #expect(outcome.all("imap/command").suffix(2).map { $0.text("reply") } == ["one", "two"])
    #expect(outcome.all("imap/command").suffix(2).first?.text("untagged") == "3 EXISTS")
  }

  @Test func goesOnAsBeforeWhenCompressionIsRefused() {
    let outcome = decode([
      client("c COMPRESS DEFLATE\r\n"), server("c NO active\r\n"), client("d NOOP\r\n"), server("d OK one\r\n"),
    ])
    #expect(outcome.codes.isEmpty && outcome.expansions.isEmpty)
    #expect(outcome.all("imap/command").last?.text("reply") == "one")
  }

  @Test func readsNothingWhereTheAnswerToCompressionIsMissing() {
    let outcome = decode([
      client("c COMPRESS DEFLATE\r\n"), .gap(10, from: .responder), client("xyz"), server("abc\r\n"),
    ])
    #expect(outcome.codes == ["imap/compressed"])
    #expect(outcome.findings.last?.severity == .warning)
    #expect(outcome.expansions.isEmpty)
  }

  @Test func keepsTheEndOfIdlingWithItsCommand() throws {
    let outcome = decode([
      client("c IDLE\r\n"), server("+ idling\r\n"), server("* 3 EXISTS\r\n"), client("DONE\r\n"), server("c OK\r\n"),
    ])
    let idle = try #require(outcome.all("imap/command").last)
    #expect(idle.text("command") == "IDLE")
    #expect(idle.text("untagged") == "3 EXISTS")
    #expect(idle.trace.packets.count == 4)
  }

  @Test func findsTheNextLineBehindAGap() {
    let outcome = decode([
      client("c NOOP\r\n"), .gap(30, from: .responder), server("rest of a line\r\n* 4 EXISTS\r\nc OK noop\r\n"),
    ])
    #expect(outcome.all("imap/command").last?.text("reply") == "noop")
    #expect(outcome.findings.isEmpty)
  }

  @Test func passesOverLiteralsThatAreTooLong() {
    let outcome = decode([
      client("c SEARCH TEXT {70000}\r\n"), client(String(repeating: "x", count: 70_000) + "\r\n"), server("c OK\r\n"),
    ])
    #expect(outcome.codes == ["imap/longLiteral"])
    #expect(outcome.all("imap/command").last?.text("argument") == "TEXT [literal]")
  }

  @Test func passesOverLinesThatAreTooLong() {
    let long = String(repeating: "x", count: (1 << 20) + 10)
    let outcome = decode([server("* " + long + "\r\n* 4 EXISTS\r\n"), client("c NOOP\r\n"), server("c OK\r\n")])
    #expect(outcome.codes == ["imap/longLine"])
    #expect(outcome.all("imap/command").last?.text("result") == "OK")
  }

  @Test func saysThatALineIsNone() {
    #expect(decode([client("x\r\n")]).codes == ["imap/malformedCommand"])
    #expect(decode([server("what\r\n")]).codes == ["imap/malformedResponse"])
    #expect(decode([server("what is this\r\n")]).codes == ["imap/malformedResponse"])
  }

  @Test func boundsTheDepthOfAStructure() {
    let deep = String(repeating: "(", count: 5_000)
    let outcome = decode([server("* 1 FETCH (BODYSTRUCTURE \(deep)\r\n"), client("c NOOP\r\n"), server("c OK\r\n")])
    #expect(outcome.all("imap/command").last?.text("result") == "OK")
  }

  @Test func claimsByContentOrPort() {
    let other = DecodingContext.Carrier.tcp(
      initiator: Endpoint(InternetAddress(version4: 0xc000_0201), port: 40_000),
      responder: Endpoint(InternetAddress(version4: 0xc633_6407), port: 4_000))
    #expect(claim(of: IMAPDecoder(), on: Array("* OK IMAP4rev1 ready\r\n".utf8), over: other) == .content)
    #expect(claim(of: IMAPDecoder(), on: Array("* 12 FETCH (FLAGS ())\r\n".utf8), over: other) == .content)
    #expect(claim(of: IMAPDecoder(), on: Array("* OK ready\r\n".utf8), over: other) == .needsMore)
    #expect(claim(of: IMAPDecoder(), on: Array("* OK ready\r\n".utf8), over: connection) == .port)
    #expect(claim(of: IMAPDecoder(), on: Array("a1 LOGIN x y\r\n".utf8), over: other) == .port)
    #expect(claim(of: IMAPDecoder(), on: Array("a1 NOOP\r\n".utf8), over: connection) == .port)
    #expect(claim(of: IMAPDecoder(), on: Array("GET / HTTP/1.1\r\n".utf8), over: connection) == .none)
    #expect(claim(of: IMAPDecoder(), on: Array("EHLO fetch\r\n".utf8), over: other) == .none)
  }

  @Test func survivesEveryCutAndChange() {
    checkTotality(
      of: IMAPDecoder(),
      on: [
        server("* OK IMAP4\r\n"), client("a LOGIN {1+}\r\nk p\r\nb SELECT I\r\n"),
        server("a OK\r\n* 1 EXISTS\r\nb OK\r\n"),
        client("c FETCH 1 (BODY[1] BODY[]<0.2>)\r\n"),
        server(
          "* 1 FETCH (BODY ((\"T\" \"P\" NIL NIL NIL \"BASE64\" 4 1)(\"A\" \"B\" NIL NIL NIL \"7BIT\" 1) \"M\") BODY[1] {4}\r\nYWJj "
            + "BODY[]<0> {2}\r\nab UID 3)\r\nc OK\r\n"),
        client("d APPEND I (\\Seen) {3}\r\n"), server("+\r\n"), client("A:b\r\ne IDLE\r\nDONE\r\n"),
        server("d OK\r\ne OK\r\n"), .end(.finished, of: .responder),
      ], over: connection)
  }
}
