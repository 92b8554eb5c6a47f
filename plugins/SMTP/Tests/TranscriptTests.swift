import DecoderKit
import DecoderTesting
import SMTPDecoder
import Testing

@Suite struct TranscriptTests {
  /// What a transcript says in the place of content, its hash left out.
  static func plain(_ line: String) -> String { line.replacing(#/artefact [0-9a-f]{64}/#, with: "artefact") }

  @Test func tellsOfAMessageInThePlaceOfItsBytes() throws {
    let outcome = run(
      SMTPDecoder(),
      on: [
        server("220 mail ESMTP\r\n"), client("EHLO a\r\n"), server("250-mail\r\n250 AUTH LOGIN\r\n"),
        client("AUTH LOGIN\r\n"), server("334 VXNlcm5hbWU6\r\n"), client("cm9iaW4=\r\n"),
        server("334 UGFzc3dvcmQ6\r\n"),
        client("cGllcg==\r\n"), server("235 in\r\n"), client("MAIL FROM:<r@x>\r\nRCPT TO:<k@x>\r\nDATA\r\n"),
        server("250 ok\r\n250 ok\r\n354 go\r\n"), client("A: b\r\n\r\nwords\r\n.\r\n"),
        server("250 queued\u{1b}[2J\r\n"),
      ], over: connection)
    let expected = [
      "< 220 mail ESMTP", "> EHLO a", "< 250-mail", "< 250 AUTH LOGIN", "> AUTH LOGIN", "< 334 VXNlcm5hbWU6",
      "> [withheld]", "< 334 UGFzc3dvcmQ6", "> [withheld]", "< 235 in", "> MAIL FROM:<r@x>", "> RCPT TO:<k@x>",
      "> DATA",
      "< 250 ok", "< 250 ok", "< 354 go", "* [message, 15 bytes, artefact]", #"< 250 queued\e[2J"#,
    ]
    #expect(outcome.transcript.map(Self.plain) == expected)
    let session = try #require(outcome.all("smtp/session").first)
    #expect(session.number("messageCount") == 1 && session.number("lineCount") == 17)
    #expect(session.number("withheldCount") == 2 && session.text("user") == "robin")
    #expect(session.flag("isComplete") == true && session.flag("isEncrypted") == false)
    #expect(session.text("transcriptSha256") != nil && session.side == .initiator)
    #expect(outcome.contents.first?.description.mediaType == "text/plain")
  }

  @Test func tellsWhatIsMissing() {
    let outcome = run(
      SMTPDecoder(),
      on: [
        server("220 mail ESMTP\r\n"), client("EHLO a\r\n"), .gap(100, from: .responder), server("rest\r\n250 ok\r\n"),
        client("DATA\r\n"), server("354 go\r\n"), client("A: b\r\n"), .gap(9, from: .initiator),
        .end(.finished, of: .initiator),
      ], over: connection)
    #expect(
      outcome.transcript.map(Self.plain) == [
        "< 220 mail ESMTP", "> EHLO a", "* 100 bytes of the server are missing from the capture",
        "* [6 bytes of the server that are no lines of this dialogue]", "< 250 ok", "> DATA", "< 354 go",
        "* [message, 6 bytes, artefact, not whole]",
      ])
    #expect(outcome.all("smtp/session").first?.flag("isComplete") == false)
    #expect(outcome.contents.first?.isWhole == false)
  }

  /// Two bytes that TLS begins with are no handshake yet, and a handshake counts without the reply to STARTTLS.
  @Test func knowsTheBeginningOfTLS() {
    let hello: [UInt8] = [0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3]
    for cut in 1..<hello.count {
      let outcome = run(
        SMTPDecoder(),
        on: [
          server("220 mail ESMTP\r\n"), client("STARTTLS\r\n"), .bytes(Array(hello[..<cut]), from: .initiator),
          .bytes(Array(hello[cut...]), from: .initiator),
        ], over: connection)
      #expect(outcome.codes == ["smtp/encrypted"])
      #expect(outcome.transcript.last == "* what both sides send from here on is encrypted and not read")
    }
    let text = run(
      SMTPDecoder(), on: [server("220 mail ESMTP\r\n"), client("\u{16}\u{3}\u{9}X\r\nQUIT\r\n")], over: connection)
    #expect(text.codes == ["smtp/unknownCommand"])
    #expect(text.transcript.last == "> QUIT")
  }

  /// Behind a gap what comes may be a secret, or the middle of a message.
  @Test func showsNoLineThatIsNoCommand() {
    let outcome = run(
      SMTPDecoder(),
      on: [
        server("220 mail ESMTP\r\n"), client("EHLO a\r\n"), .gap(12, from: .initiator),
        client("LOGIN\r\ncm9iaW4=\r\ncGllcg==\r\nwords of mine\r\n"), client("QUIT\r\nrest"),
      ], over: connection)
    #expect(
      outcome.transcript == [
        "< 220 mail ESMTP", "> EHLO a", "* 12 bytes of the client are missing from the capture",
        "* [42 bytes of the client that are no lines of this dialogue]", "> QUIT",
      ])
  }

  /// A reply behind a gap is the same however its bytes come.
  @Test func readsTheFirstReplyBehindAGapInPieces() {
    for cut in 0...11 {
      let reply = Array("250 pier ok\r\n".utf8)
      let outcome = run(
        SMTPDecoder(),
        on: [
          server("220 mail ESMTP\r\n"), .gap(12, from: .responder), .bytes(Array(reply[..<cut]), from: .responder),
          .bytes(Array(reply[cut...]), from: .responder),
        ], over: connection)
      #expect(outcome.transcript.last == "< 250 pier ok")
    }
  }

  @Test func withholdsWhatTheSamplesHide() throws {
    for name in ["swaks-exim-plain", "swaks-exim-login"] {
      let transcript = run(SMTPDecoder(), on: try conversation(name), over: connection).transcript
      for secret in ["pier-secret", "cGllci1zZWNyZXQ", "AHJvYmluAHBpZXItc2VjcmV0", "Bring two boxes"] {
        #expect(!transcript.joined().contains(secret))
      }
      #expect(transcript.contains { $0.hasPrefix("* [message, ") })
    }
  }
}
