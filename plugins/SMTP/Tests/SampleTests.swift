import DecoderKit
import DecoderTesting
import SMTPDecoder
import Testing

@Suite struct SampleTests {
  @Test func readsAPipelinedMessageWithARefusedRecipient() throws {
    let outcome = run(SMTPDecoder(), on: try conversation("swaks-exim-pipelined"), over: connection)
    let message = try #require(outcome.all("smtp/message").first)
    #expect(outcome.all("smtp/message").count == 1)
    #expect(message.text("mailFrom") == "robin@example.org")
    #expect(message.text("clientName") == "laptop.example.org")
    #expect(message.text("serverName") == "mail.example.net")
    #expect(message.number("status") == 250)
    #expect(message.flag("isComplete") == true)
    guard case .list(let recipients) = message.fields["recipients"] else { throw Missing() }
    #expect(
      recipients.map { CanonicalJSON.text($0) } == [
        #"{"address":"kim@example.net","reply":"Accepted","status":250}"#,
        #"{"address":"nobody@example.net","reply":"no such mailbox here","status":550}"#,
        #"{"address":"jo@example.net","reply":"Accepted","status":250}"#,
      ])
    let commands = outcome.all("smtp/command")
    #expect(
      commands.map { $0.text("command") } == [nil, "EHLO", "MAIL", "RCPT", "RCPT", "RCPT", "DATA", "QUIT"])
    #expect(commands.map { $0.number("status") } == [220, 250, 250, 250, 550, 250, 354, 221])
    let content = try #require(outcome.captured.first)
    #expect(content.text.hasPrefix("From: Robin"))
    #expect(content.text.contains("==--\r\n"))
    #expect(content.isWhole)
    #expect(outcome.findings.isEmpty)
  }

  @Test func withholdsPasswordsAndKeepsWhoLoggedIn() throws {
    for name in ["swaks-exim-plain", "swaks-exim-login"] {
      let outcome = run(SMTPDecoder(), on: try conversation(name), over: connection)
      #expect(outcome.all("smtp/message").map { $0.text("user") } == ["robin"])
      let lines = outcome.recordLines.joined()
      // The password as it is, and in base64 with and without the user before it.
      for secret in ["pier-secret", "cGllci1zZWNyZXQ", "AHJvYmluAHBpZXItc2VjcmV0"] { #expect(!lines.contains(secret)) }
      #expect(lines.contains("[withheld]"))
      #expect(outcome.findings.isEmpty)
    }
  }

  @Test func takesOutStuffedDots() throws {
    let outcome = run(SMTPDecoder(), on: try conversation("swaks-exim-plain"), over: connection)
    #expect(try #require(outcome.captured.first).text.contains("at four.\r\n.\r\n..Bring two boxes."))
  }

  @Test func saysWhereEncryptionBegins() throws {
    let outcome = run(SMTPDecoder(), on: try conversation("swaks-exim-starttls"), over: connection)
    #expect(outcome.codes == ["smtp/encrypted"])
    #expect(outcome.all("smtp/command").map { $0.text("command") } == [nil, "EHLO", "STARTTLS"])
    #expect(outcome.unconsumed.values.allSatisfy { $0 == 0 })
  }

  @Test func readsChunks() throws {
    let outcome = run(SMTPDecoder(), on: try conversation("exim-exim-chunking"), over: connection)
    let message = try #require(outcome.all("smtp/message").first)
    #expect(message.flag("isChunked") == true)
    #expect(message.flag("isComplete") == true)
    #expect(message.number("status") == 250)
    #expect(outcome.captured.map(\.isWhole) == [true])
    #expect(try #require(outcome.captured.first).text.contains("==--\r\n"))
    #expect(outcome.findings.isEmpty)
  }

  struct Missing: Error {}
}
