import DecoderKit
import DecoderTesting
import POP3Decoder
import Testing

@Suite struct SampleTests {
  @Test func readsAWholeSession() throws {
    let outcome = run(POP3Decoder(), on: try conversation("poplib-dovecot"), over: connection)
    let messages = outcome.all("pop3/message")
    #expect(messages.map { $0.text("command") } == ["RETR", "RETR", "RETR", "TOP"])
    #expect(messages.map { $0.number("messageNumber") } == [1, 2, 3, 2])
    #expect(messages.allSatisfy { $0.text("uniqueID")?.isEmpty == false && $0.text("user") == "kim" })
    #expect(messages.map { $0.flag("isComplete") } == [true, true, true, false])
    #expect(
      outcome.all("pop3/command").map { $0.text("command") } == [
        nil, "USER", "PASS", "STAT", "LIST", "UIDL", "DELE", "RSET", "QUIT",
      ])
    #expect(outcome.all("pop3/command").allSatisfy { $0.flag("isPositive") == true })
    #expect(!outcome.recordLines.joined().contains("pier-secret"))
    #expect(try #require(outcome.captured.dropFirst().first).text.contains("at four.\r\n.\r\n..Bring two boxes."))
    #expect(outcome.findings.isEmpty)
  }

  @Test func readsAPlainLogin() throws {
    let outcome = run(POP3Decoder(), on: try conversation("curl-dovecot"), over: connection)
    #expect(outcome.all("pop3/message").map { $0.text("user") } == ["kim"])
    let lines = outcome.recordLines.joined()
    for secret in ["pier-secret", "cGllci1zZWNyZXQ", "AGtpbQBwaWVyLXNlY3JldA"] { #expect(!lines.contains(secret)) }
    #expect(outcome.findings.isEmpty)
  }

  @Test func readsAListing() throws {
    let outcome = run(POP3Decoder(), on: try conversation("curl-dovecot-list"), over: connection)
    let list = try #require(outcome.all("pop3/command").first { $0.text("command") == "LIST" })
    #expect(list.text("reply")?.split(separator: "\n").count == 5)
    #expect(outcome.findings.isEmpty)
  }
}
