import DecoderKit
import DecoderTesting
import SMTPDecoder
import Testing

@Suite struct DialogueTests {
  private let begin = [
    server("220 mail.example.net ESMTP\r\n"), client("EHLO a\r\n"), server("250-mail\r\n250 CHUNKING\r\n"),
    client("MAIL FROM:<r@example.org> SIZE=9 BODY=8BITMIME\r\n"), server("250 ok\r\n"),
    client("RCPT TO:<k@example.net>\r\n"),
    server("250 ok\r\n"),
  ]

  private func decode(_ steps: [ConversationStep]) -> DecodingOutcome {
    run(SMTPDecoder(), on: begin + steps, over: connection)
  }

  @Test func withholdsWhatStandsBehindATab() {
    let outcome = decode([client("AUTH PLAIN\tAGpvAHNlY3JldA==\r\n"), server("235 in\r\n")])
    #expect(!outcome.recordLines.joined().contains("AGpvAHNlY3JldA"))
    #expect(!outcome.contents.map(\.text).joined().contains("AGpvAHNlY3JldA"))
  }

  @Test func keepsParametersAndReplies() throws {
    let outcome = decode([
      client("DATA\r\n"), server("354 go\r\n"), client("Subject: x\r\n\r\n..\r\n.\r\n"),
      server("250 2.0.0 queued as 7\r\n"),
    ])
    let message = try #require(outcome.all("smtp/message").first)
    #expect(message.text("parameters") == "SIZE=9 BODY=8BITMIME")
    #expect(message.text("reply") == "2.0.0 queued as 7")
    #expect(outcome.captured.map(\.text) == ["Subject: x\r\n\r\n.\r\n"])
    #expect(message.trace.packets.count == 7)
    #expect(
      outcome.all("smtp/command").map { $0.text("reply") }.prefix(2) == ["mail.example.net ESMTP", "mail\nCHUNKING"])
  }

  @Test func takesTheEndingInPieces() {
    let outcome = decode([
      client("DATA\r\n"), server("354 go\r\n"), client("a\r"), client("\n"), client("."), client("\r"),
      client("\nQUIT\r\n"),
      server("250 ok\r\n221 bye\r\n"),
    ])
    #expect(outcome.captured.map(\.text) == ["a\r\n"])
    #expect(outcome.all("smtp/message").map { $0.number("status") } == [250])
    #expect(outcome.all("smtp/command").last?.number("status") == 221)
  }

  @Test func readsCommandsAgainWhenDataIsRefused() {
    let outcome = decode([
      client("DATA\r\n"), server("554 no\r\n"), client("RSET\r\nQUIT\r\n"), server("250 ok\r\n221 bye\r\n"),
    ])
    #expect(outcome.all("smtp/message").isEmpty)
    #expect(outcome.all("smtp/command").suffix(3).map { $0.text("command") } == ["DATA", "RSET", "QUIT"])
  }

  @Test func readsCommandsThatWereSentBeforeDataWasRefused() {
    let outcome = decode([
      client("DATA\r\nRSET\r\n"), server("503 no\r\n250 ok\r\n"),
    ])
    #expect(outcome.captured.isEmpty)
    #expect(outcome.all("smtp/command").suffix(2).map { $0.number("status") } == [503, 250])
  }

  @Test func takesAMessageThatLooksLikeACommandWhenTheServerAgreed() {
    let outcome = decode([
      client("DATA\r\n"), server("354 go\r\n"), client("QUIT\r\n.\r\n"), server("250 ok\r\n"),
    ])
    #expect(outcome.captured.map(\.text) == ["QUIT\r\n"])
  }

  @Test func saysThatABareLineFeedMakesTheEndDisputed() {
    let outcome = decode([
      client("DATA\r\n"), server("354 go\r\n"),
      client("a\n.\nMAIL FROM:<other@example.org>\r\n.\r\n"), server("250 ok\r\n"),
    ])
    #expect(outcome.codes == ["smtp/disputedEnd"])
    #expect(outcome.captured.map(\.text) == ["a\n\nMAIL FROM:<other@example.org>\r\n"])
  }

  @Test func readsChunksOfSeveralSizesAndNone() {
    let outcome = decode([
      client("BDAT 3\r\nabc"), server("250 3\r\n"), client("BDAT 2\r\nde"), server("250 2\r\n"),
      client("BDAT 0 LAST\r\n"),
      server("250 whole\r\n"),
    ])
    #expect(outcome.captured.map(\.text) == ["abcde"])
    #expect(outcome.all("smtp/message").map { $0.text("reply") } == ["whole"])
    #expect(outcome.all("smtp/message").map { $0.flag("isComplete") } == [true])
  }

  @Test func saysThatAChunkSizeCannotBeRead() {
    for size in ["99999999999999999999", "x", "-1", ""] {
      let outcome = decode([client("BDAT \(size)\r\nQUIT\r\n"), server("501 no\r\n221 bye\r\n")])
      #expect(outcome.codes == ["smtp/chunkSize"])
      #expect(outcome.all("smtp/command").last?.text("command") == "QUIT")
    }
  }

  /// A server that refuses the line takes no chunk; what stands behind it are commands.
  @Test func takesNoChunkBehindALineThatIsNone() {
    let outcome = decode([
      client("BDAT 5 X\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"),
      server("501 no\r\n250 ok\r\n250 ok\r\n354 go\r\n"), client("text\r\n.\r\n"), server("250 taken\r\n"),
    ])
    #expect(outcome.codes == ["smtp/chunkSize"])
    #expect(outcome.all("smtp/message").map { $0.text("mailFrom") } == ["a@b"])
    #expect(outcome.captured.map(\.text) == ["text\r\n"])
  }

  /// RFC 5321, 4.1.4: a MAIL that the server refuses leaves the envelope as it was.
  @Test(arguments: [false, true]) func keepsTheSenderThatTheServerAccepted(_ isPipelined: Bool) {
    let commands = ["MAIL FROM:<a@b>", "RCPT TO:<x@y>", "MAIL FROM:<other@b>", "RCPT TO:<c@d>", "DATA"].map {
      $0 + "\r\n"
    }
    let replies = ["250 ok", "250 ok", "503 nested", "250 ok", "354 go"].map { $0 + "\r\n" }
    let steps =
      isPipelined
      ? [client(commands.joined()), server(replies.joined())]
      : zip(commands, replies).flatMap { [client($0), server($1)] }
    let outcome = decode(steps + [client("text\r\n.\r\n"), server("250 taken\r\n")])
    let messages = outcome.all("smtp/message")
    #expect(messages.map { $0.text("mailFrom") } == ["a@b"])
    guard case .list(let recipients)? = messages.first?.fields["recipients"] else {
      Issue.record("no recipients")
      return
    }
    let addresses = recipients.map { recipient -> Value? in
      guard case .object(let entry) = recipient else { return nil }
      return entry["address"]
    }
    #expect(addresses == ["x@y", "c@d"])
  }

  @Test func keepsTheNameThatTheServerAccepted() {
    let outcome = decode([
      client("HELO first.example\r\n"), server("250 hello\r\n"), client("EHLO\r\n"), server("501 who?\r\n"),
      client("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"), server("250 ok\r\n250 ok\r\n354 go\r\n"),
      client("text\r\n.\r\n"), server("250 taken\r\n"),
    ])
    #expect(outcome.all("smtp/message").map { $0.text("clientName") } == ["first.example"])
  }

  @Test func keepsWhatCameOfAMessageThatWasCut() throws {
    let outcome = decode([
      client("DATA\r\n"), server("354 go\r\n"), client("half a mess"), .end(.reset, of: .initiator),
    ])
    #expect(outcome.captured.map(\.text) == ["half a mess"])
    #expect(outcome.captured.map(\.isWhole) == [false])
    #expect(outcome.all("smtp/message").map { $0.flag("isComplete") } == [false])
  }

  @Test func keepsWhereAMessageHasAHole() {
    let outcome = decode([
      client("DATA\r\n"), server("354 go\r\n"), client("before"), .gap(100, from: .initiator), client("after\r\n.\r\n"),
      server("250 ok\r\n"),
    ])
    #expect(outcome.captured.map(\.holes) == [[.init(at: 6, 100)]])
    #expect(outcome.all("smtp/message").map { $0.number("status") } == [250])
  }

  @Test func keepsChunksWhoseBytesAreMissing() {
    let outcome = decode([
      client("BDAT 10 LAST\r\nabc"), .gap(7, from: .initiator), client("QUIT\r\n"), server("250 ok\r\n221 bye\r\n"),
    ])
    #expect(outcome.captured.map(\.holes) == [[.init(at: 3, 7)]])
    #expect(outcome.all("smtp/command").last?.text("command") == "QUIT")
  }

  @Test func doesNotPairRepliesBehindAGap() {
    let outcome = decode([
      client("NOOP\r\n"), .gap(20, from: .responder), server("250 which\r\n"), client("QUIT\r\n"),
      server("221 bye\r\n"),
    ])
    let commands = outcome.all("smtp/command").suffix(3)
    #expect(commands.map { $0.text("command") } == ["NOOP", nil, "QUIT"])
    #expect(commands.map { $0.number("status") } == [nil, 250, 221])
  }

  @Test func readsOneSideAlone() {
    let client = run(
      SMTPDecoder(),
      on: [client("HELO a\r\nMAIL FROM:<>\r\nRCPT TO:<k@example.net>\r\nDATA\r\nSubject: y\r\n\r\nx\r\n.\r\nQUIT\r\n")],
      over: connection)
    #expect(client.captured.map(\.text) == ["Subject: y\r\n\r\nx\r\n"])
    #expect(client.all("smtp/message").map { $0.text("mailFrom") } == [""])
    let server = run(SMTPDecoder(), on: [server("220 mail ESMTP\r\n250 ok\r\n354 go\r\n")], over: connection)
    #expect(server.all("smtp/command").map { $0.number("status") } == [220, 250, 354])
    #expect(server.all("smtp/command").allSatisfy { $0.side == .responder })
  }

  @Test func beginsAnewWithEachMessage() {
    let again = [
      client("MAIL FROM:<s@example.org>\r\n"), server("250 ok\r\n"), client("RCPT TO:<x@example.net>\r\n"),
      server("250 ok\r\n"), client("DATA\r\n"), server("354 go\r\n"), client("b\r\n.\r\n"), server("451 later\r\n"),
    ]
    let outcome = decode(
      [client("DATA\r\n"), server("354 go\r\n"), client("a\r\n.\r\n"), server("250 ok\r\n")] + again)
    #expect(outcome.all("smtp/message").map { $0.text("mailFrom") } == ["r@example.org", "s@example.org"])
    #expect(outcome.all("smtp/message").map { $0.number("status") } == [250, 451])
  }

  @Test func passesOverLinesThatAreTooLong() {
    let long = String(repeating: "x", count: SMTPSession.maximumLineByteCount + 10)
    let outcome = decode([client(long + "\r\nQUIT\r\n"), server("221 bye\r\n")])
    #expect(outcome.codes == ["smtp/longLine"])
    #expect(outcome.all("smtp/command").last?.text("command") == "QUIT")
  }

  @Test func namesWhatIsNoCommandAndNoReply() {
    let outcome = decode([client("GET / HTTP/1.1\r\n"), server("what\r\n500 no\r\n")])
    #expect(outcome.codes == ["smtp/unknownCommand", "smtp/malformedReply"])
  }

  @Test func readsAddressesAsTheyAreWritten() {
    let outcome = run(
      SMTPDecoder(),
      on: [
        client(
          "EHLO a\r\nMAIL FROM: <\"a > b\"@example.org> X=1\r\nRCPT TO:plain@example.net\r\nDATA\r\nx\r\n.\r\n")
      ], over: connection)
    let message = outcome.all("smtp/message").first
    #expect(message?.text("mailFrom") == "\"a > b\"@example.org")
    #expect(message?.text("parameters") == "X=1")
    #expect(message.map { CanonicalJSON.text(.object($0.fields)) }?.contains("plain@example.net") == true)
  }

  @Test(arguments: [
    "220 mail ESMTP\r\n", "ehlo x\r\n", "HELO x\r\n", "MAIL FROM:<a@b>\r\n", "220-mail.smtp.example\r\n",
  ])
  func claims(_ line: String) { #expect(claim(of: SMTPDecoder(), on: Array(line.utf8), over: other) == .content) }

  @Test(arguments: ["220 ftp ready\r\n", "22", "EHL", "220 x"])
  func waitsForMore(_ line: String) {
    #expect(claim(of: SMTPDecoder(), on: Array(line.utf8), over: other) == .needsMore)
  }

  @Test(arguments: [
    "GET / HTTP/1.1\r\n", "USER x\r\n", "250 ok\r\n", "\u{16}\u{3}", "SSH-2.0-x\r\n", "* OK\r\n", "+OK\r\n",
  ])
  func leavesToOthers(_ line: String) { #expect(claim(of: SMTPDecoder(), on: Array(line.utf8), over: other) == .none) }

  @Test func takesTheGreetingOfItsPort() {
    #expect(claim(of: SMTPDecoder(), on: Array("220 welcome\r\n".utf8), from: .responder, over: connection) == .port)
  }

  private let other = DecodingContext.Carrier.tcp(
    initiator: Endpoint(InternetAddress(version4: 0xc000_0201), port: 40_000),
    responder: Endpoint(InternetAddress(version4: 0xc633_6407), port: 4_000))

  @Test func survivesEveryCutAndChange() {
    checkTotality(
      of: SMTPDecoder(),
      on: [
        server("220 m ESMTP\r\n"), client("EHLO a\r\nAUTH PLAIN AGEAYg==\r\n"), server("250-m\r\n250 x\r\n235 ok\r\n"),
        client("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"), server("250 o\r\n250 o\r\n354 g\r\n"),
        client("S: x\r\n\r\n..\r\n.\r\nRSET\r\nMAIL FROM:<>\r\n"), server("250 k\r\n250 k\r\n250 k\r\n"),
        client("BDAT 4 LAST\r\nabcdSTARTTLS\r\n"), server("250 k\r\n220 t\r\n"), client("\u{16}\u{3}"),
        .end(.finished, of: .initiator),
      ], over: connection)
  }
}
