import DecoderKit
import DecoderTesting
import POP3Decoder
import Testing

@Suite struct TranscriptTests {
  private func plain(_ line: String) -> String { line.replacing(#/artefact [0-9a-f]{64}/#, with: "artefact") }

  @Test func tellsOfMessagesInThePlaceOfTheirBytes() throws {
    let outcome = run(
      POP3Decoder(),
      on: [
        server("+OK POP3 <1.2@x>\r\n"), client("APOP kim c4c9334bac560ecc979e58001b3e22fb\r\n"), server("+OK\r\n"),
        client("UIDL\r\n"), server("+OK\r\n1 abc\r\n.\r\n"), client("RETR 1\r\n"),
        server("+OK 9\r\nA: b\r\n\r\nx\r\n.\r\n"),
        client("TOP 1 0\r\n"), server("+OK\r\nA: b\r\n\r\n.\r\n"), client("QUIT\r\n"), server("+OK bye\r\n"),
      ], over: connection)
    #expect(
      outcome.transcript.map(plain) == [
        "< +OK POP3 <1.2@x>", "> APOP kim [withheld]", "< +OK", "> UIDL", "< +OK", "< 1 abc", "< .", "> RETR 1",
        "< +OK 9",
        "* [message, 11 bytes, artefact]", "> TOP 1 0", "< +OK",
        "* [beginning of a message, 8 bytes, artefact, not whole]",
        "> QUIT", "< +OK bye",
      ])
    let session = try #require(outcome.all("pop3/session").first)
    #expect(session.number("messageCount") == 2 && session.number("withheldCount") == 1)
    #expect(session.text("user") == "kim" && session.flag("isComplete") == true)
  }

  @Test func withholdsExchanges() {
    let outcome = run(
      POP3Decoder(),
      on: [
        server("+OK POP3\r\n"), client("AUTH CRAM-MD5\r\n"), server("+ PDEuMkB4Pg==\r\n"), client("am8gYWJjZGVm\r\n"),
        server("-ERR no\r\n"), client("PASS pier-secret\r\n"), server("+OK\r\n"),
        client("AUTH PLAIN AGtpbQBzZWNyZXQ=\r\n"),
      ], over: connection)
    #expect(
      outcome.transcript.filter { $0.hasPrefix(">") } == [
        "> AUTH CRAM-MD5", "> [withheld]", "> PASS [withheld]", "> AUTH PLAIN [withheld]",
      ])
  }

  /// What follows may be the middle of a message.
  @Test func doesNotRepeatWhatBelongsToNoCommand() {
    for line in ["secretly", "Subject: secretly"] {
      let outcome = run(
        POP3Decoder(),
        on: [
          server("+OK POP3\r\n"), .gap(9, from: .responder), server("Kim,\r\n\(line)\r\nsecretly\r\n.\r\n"),
          client("QUIT\r\n"), server("+OK bye\r\n"),
        ], over: connection)
      #expect(!outcome.transcript.joined().contains("secretly"))
      #expect(outcome.transcript.last == "< +OK bye")
      #expect(outcome.all("pop3/session").first?.flag("isComplete") == false)
    }
  }

  @Test func knowsTheBeginningOfTLSWithoutTheReply() {
    let outcome = run(
      POP3Decoder(),
      on: [
        server("+OK POP3\r\n"), client("STLS\r\n"), .bytes([0x16, 3, 1], from: .initiator),
        .bytes([0, 200, 1, 0, 0, 196, 3, 3], from: .initiator), server("\u{16}\u{3}"),
      ], over: connection)
    #expect(outcome.codes == ["pop3/encrypted"])
    #expect(outcome.all("pop3/session").first?.flag("isEncrypted") == true)
  }
}
