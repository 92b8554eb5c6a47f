import DecoderKit
import DecoderTesting
import POP3Decoder
import Testing

@Suite struct DialogueTests {
  private let begin = [
    server("+OK POP3 ready\r\n"), client("USER kim\r\n"), server("+OK\r\n"), client("PASS x\r\n"), server("+OK in\r\n"),
  ]

  private func decode(_ steps: [ConversationStep]) -> DecodingOutcome {
    run(POP3Decoder(), on: begin + steps, over: connection)
  }

  @Test func takesOutStuffedDotsAndGoesOnBehindTheEnd() {
    let outcome = decode([
      client("RETR 1\r\nRETR 2\r\n"), server("+OK\r\nA: b\r\n\r\n..x\r\n.\r\n-ERR gone\r\n"), client("QUIT\r\n"),
      server("+OK bye\r\n"),
    ])
    #expect(outcome.captured.map(\.text) == ["A: b\r\n\r\n.x\r\n"])
    #expect(outcome.all("pop3/command").suffix(2).map { $0.text("command") } == ["RETR", "QUIT"])
    #expect(outcome.all("pop3/command").suffix(2).map { $0.flag("isPositive") } == [false, true])
  }

  /// The server's request to go on was not captured.
  @Test func withholdsWordsThatMayBeSecrets() {
    let outcome = decode([
      client("AUTH\tPLAIN AGpvAHNlY3JldA==\r\n"), client("AGpvAHNlY3JldA==\r\n"), server("+OK\r\n"),
    ])
    #expect(!outcome.recordLines.joined().uppercased().contains("AGPVAHNLY3JLDA"))
    #expect(!outcome.contents.map(\.text).joined().contains("AGpvAHNlY3JldA"))
  }

  @Test func keepsWhatCameOfAMessageThatWasCut() {
    for end in [ConversationStep.end(.reset, of: .responder), .end(.captureEnd, of: .responder)] {
      let outcome = decode([client("RETR 1\r\n"), server("+OK\r\nA: b\r\n\r\nhalf"), end])
      #expect(outcome.captured.map(\.text) == ["A: b\r\n\r\nhalf"])
      #expect(outcome.all("pop3/message").map { $0.flag("isComplete") } == [false])
    }
  }

  @Test func keepsWhereAMessageHasAHole() {
    let outcome = decode([
      client("RETR 1\r\n"), server("+OK\r\nA: b\r\n"), .gap(50, from: .responder), server("c\r\n.\r\n+OK later\r\n"),
    ])
    #expect(outcome.captured.map(\.holes) == [[.init(at: 6, 50)]])
    #expect(outcome.all("pop3/message").count == 1)
  }

  @Test func withholdsDigests() {
    let outcome = run(
      POP3Decoder(),
      on: [
        server("+OK POP3 <1.2@x>\r\n"), client("APOP kim c4c9334bac560ecc979e58001b3e22fb\r\n"), server("+OK\r\n"),
        client("AUTH CRAM-MD5\r\n"), server("+ PDEuMkB4Pg==\r\n"), client("am8gYWJjZGVm\r\n"), server("+OK\r\n"),
      ], over: connection)
    #expect(outcome.all("pop3/command").map { $0.text("user") } == [nil, "kim", nil, "jo"])
    #expect(!outcome.recordLines.joined().contains("c4c93"))
    #expect(!outcome.recordLines.joined().contains("am8gYWJjZGVm"))
  }

  @Test func saysWhereEncryptionBegins() {
    let outcome = decode([client("STLS\r\n"), server("+OK go\r\n"), client("\u{16}\u{3}\u{1}"), server("\u{16}\u{3}")])
    #expect(outcome.codes == ["pop3/encrypted"])
    #expect(outcome.unconsumed.values.allSatisfy { $0 == 0 })
  }

  @Test func readsTheServersSideAlone() {
    let outcome = run(
      POP3Decoder(), on: [server("+OK POP3 ready\r\n+OK 1 message\r\n-ERR no\r\n")], over: connection)
    #expect(outcome.all("pop3/command").map { $0.text("reply") } == ["POP3 ready", "1 message", "no"])
  }

  @Test func doesNotPairRepliesBehindAGap() {
    let outcome = decode([
      client("NOOP\r\n"), .gap(9, from: .responder), server("OK\r\n"), client("STAT\r\n"), server("+OK 1 2\r\n"),
    ])
    #expect(outcome.all("pop3/command").suffix(2).map { $0.text("command") } == ["NOOP", "STAT"])
    #expect(outcome.all("pop3/command").suffix(2).map { $0.flag("isPositive") } == [nil, true])
  }

  @Test func passesOverLinesThatAreTooLong() {
    let long = String(repeating: "x", count: POP3Session.maximumLineByteCount + 10)
    let outcome = decode([client(long + "\r\nQUIT\r\n"), server("+OK\r\n")])
    #expect(outcome.codes == ["pop3/longLine"])
    #expect(outcome.all("pop3/command").last?.text("command") == "QUIT")
  }

  @Test func namesWhatIsNoReply() {
    #expect(decode([client("NOOP\r\n"), server("what\r\n")]).codes == ["pop3/malformedReply"])
  }

  @Test func claimsByContentOrPort() {
    let other = DecodingContext.Carrier.tcp(
      initiator: Endpoint(InternetAddress(version4: 0xc000_0201), port: 40_000),
      responder: Endpoint(InternetAddress(version4: 0xc633_6407), port: 6_379))
    #expect(claim(of: POP3Decoder(), on: Array("+OK Dovecot ready.\r\n".utf8), over: other) == .content)
    #expect(claim(of: POP3Decoder(), on: Array("+OK\r\n".utf8), over: other) == .none)
    #expect(claim(of: POP3Decoder(), on: Array("+OK\r\n".utf8), over: connection) == .port)
    #expect(claim(of: POP3Decoder(), on: Array("+OK".utf8), over: connection) == .needsMore)
    #expect(claim(of: POP3Decoder(), on: Array("USER kim\r\n".utf8), over: connection) == .port)
    #expect(claim(of: POP3Decoder(), on: Array("GET / HTTP/1.1\r\n".utf8), over: connection) == .none)
  }

  @Test func survivesEveryCutAndChange() {
    checkTotality(
      of: POP3Decoder(),
      on: [
        server("+OK POP3\r\n"), client("AUTH PLAIN\r\n"), server("+ \r\n"), client("AGEAYg==\r\nUIDL\r\n"),
        server("+OK\r\n+OK\r\n1 a\r\n.\r\n"), client("RETR 1\r\nTOP 1 0\r\nQUIT\r\n"),
        server("+OK\r\nA: b\r\n\r\n..c\r\n.\r\n+OK\r\nA: b\r\n\r\n.\r\n-ERR\r\n"), .end(.finished, of: .responder),
      ], over: connection)
  }
}
