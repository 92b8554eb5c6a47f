import DecoderKit
import DecoderTesting
import IMAPDecoder
import Testing

@Suite struct TranscriptTests {
  private func plain(_ line: String) -> String { line.replacing(#/artefact [0-9a-f]{64}/#, with: "artefact") }

  @Test func tellsOfMessagesInThePlaceOfTheirBytes() throws {
    let outcome = run(
      IMAPDecoder(),
      on: [
        server("* OK IMAP4rev1 ready\r\n"), client("a LOGIN kim \"pier secret\"\r\n"), server("a OK in\r\n"),
        client("b SELECT INBOX\r\n"), server("* 2 EXISTS\r\nb OK done\r\n"), client("c FETCH 2 (RFC822)\r\n"),
        server("* 2 FETCH (RFC822 {9}\r\nA: b\r\n\r\nx UID 7)\r\nc OK\r\n"), client("d APPEND Sent {9}\r\n"),
        server("+ go\r\n"), client("A: b\r\n\r\ny\r\n"), server("d OK\r\n"), client("e IDLE\r\n"), client("DONE\r\n"),
      ], over: connection)
    #expect(
      outcome.transcript.map(plain) == [
        "< * OK IMAP4rev1 ready", "> a LOGIN kim [withheld]", "< a OK in", "> b SELECT INBOX", "< * 2 EXISTS",
        "< b OK done", "> c FETCH 2 (RFC822)", "< * 2 FETCH (RFC822 [content] UID 7)", "* [message, 9 bytes, artefact]",
        "< c OK", "< + go", "> d APPEND Sent [message]", "* [message, 9 bytes, artefact]", "< d OK", "> e IDLE",
        "> DONE",
      ])
    let session = try #require(outcome.all("imap/session").first)
    #expect(session.number("messageCount") == 2 && session.number("withheldCount") == 1)
    #expect(session.text("user") == "kim" && session.flag("isComplete") == true)
  }

  @Test func withholdsExchangesAndLonelyWords() {
    let outcome = run(
      IMAPDecoder(),
      on: [
        server("* OK IMAP4\r\n"), client("a AUTHENTICATE PLAIN\r\n"), server("+ \r\n"), client("AGtpbQBzZWNyZXQ=\r\n"),
        server("a OK\r\n"), client("b AUTHENTICATE PLAIN AGpvAHNlY3JldA==\r\n"), server("b NO\r\n"),
        client("AGtpbQBzZWNyZXQ=\r\n"), client("c LOGIN {3}\r\n"), server("+ go\r\n"), client("kim {6}\r\n"),
        server("+ go\r\n"), client("secret\r\n"),
      ], over: connection)
    #expect(
      outcome.transcript.filter { !$0.hasPrefix("<") } == [
        "> a AUTHENTICATE PLAIN", "> [withheld]", "> b AUTHENTICATE PLAIN [withheld]",
        "* [16 bytes of the client that are no lines of this dialogue]", "> c LOGIN kim [withheld]",
      ])
  }

  @Test func saysWhatTheConnectionBecomes() {
    let outcome = run(
      IMAPDecoder(),
      on: [server("* OK IMAP4\r\n"), client("a COMPRESS DEFLATE\r\n"), server("a OK\r\n"), client("\u{1}\u{2}")],
      over: connection)
    #expect(outcome.transcript.contains("* what both sides send from here on is compressed; what it was is read"))
    #expect(outcome.all("imap/session").first?.flag("isEncrypted") == false)
  }
}
