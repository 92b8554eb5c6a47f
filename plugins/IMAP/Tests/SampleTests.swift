import DecoderKit
import DecoderTesting
import IMAPDecoder
import Testing

@Suite struct SampleTests {
  @Test func readsPipelinedFetches() throws {
    let outcome = run(IMAPDecoder(), on: try conversation("mbsync-dovecot"), over: connection)
    let messages = outcome.all("imap/message")
    #expect(messages.map { $0.number("uid") } == [1, 2, 3, 4])
    #expect(messages.allSatisfy { $0.text("mailbox") == "INBOX" && $0.text("user") == "kim" })
    #expect(messages.allSatisfy { $0.flag("isComplete") == true && $0.text("section") == "" })
    #expect(outcome.captured.allSatisfy { $0.isWhole && $0.description.mediaType == "message/rfc822" })
    #expect(!outcome.recordLines.joined().contains("pier-secret"))
    #expect(outcome.all("imap/command").last?.text("untagged") == "BYE Logging out")
    #expect(outcome.findings.isEmpty)
  }

  @Test func readsAStoredMessage() throws {
    let outcome = run(IMAPDecoder(), on: try conversation("mbsync-dovecot-append"), over: connection)
    let message = try #require(outcome.all("imap/message").first)
    #expect(outcome.all("imap/message").count == 1)
    #expect(message.text("command") == "APPEND")
    #expect(message.text("mailbox") == "INBOX")
    #expect(message.flag("isComplete") == true)
    #expect(message.side == .initiator)
    #expect(try #require(outcome.captured.first).text.contains("The boat comes at four."))
    #expect(outcome.all("imap/command").contains { $0.text("command") == "APPEND" && $0.text("result") == "OK" })
    #expect(outcome.findings.isEmpty)
  }

  @Test func readsSinglePartsByTheirStructure() throws {
    let outcome = run(IMAPDecoder(), on: try conversation("imaplib-dovecot-parts"), over: connection)
    let messages = outcome.all("imap/message")
    #expect(
      messages.map { $0.text("section") } == ["HEADER.FIELDS (FROM SUBJECT)", "1.1", "2", "3", ""])
    #expect(messages.map { $0.text("mediaType") } == [nil, "text/plain", "image/png", "text/csv", nil])
    #expect(messages.map { $0.text("fileName") } == [nil, nil, "b\u{e4}ckerei.png", "table.csv", nil])
    #expect(outcome.captured.map(\.description.codings) == [[], [.quotedPrintable], [.base64], [], []])
    // Three pieces of one message are one artefact.
    let whole = try #require(messages.last)
    #expect(whole.number("byteCount") == 2_212)
    #expect(whole.flag("isComplete") == true)
    #expect(outcome.findings.isEmpty)
  }

  @Test func readsASimpleFetch() throws {
    let outcome = run(IMAPDecoder(), on: try conversation("curl-dovecot"), over: connection)
    #expect(outcome.all("imap/message").map { $0.flag("isComplete") } == [true])
    #expect(!outcome.recordLines.joined().contains("pier-secret"))
    #expect(outcome.findings.isEmpty)
  }
}
