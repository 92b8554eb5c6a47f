import DecoderKit
import DecoderTesting
import TelnetDecoder
import Testing

@Suite struct SampleTests {
  /// Two logins at inetutils' telnetd, the first with a name that was corrected and a wrong password.
  @Test func readsAWholeSession() throws {
    let outcome = decode(try conversation("telnet-telnetd"))
    let session = try #require(outcome.session)
    #expect(session.list("userNames").prefix(2) == [.text("robin"), .text("robin")])
    #expect(session.text("terminalType")?.uppercased() == "XTERM")
    #expect([session.number("windowWidth"), session.number("windowHeight")] == [80, 24])
    #expect(session.number("withheldCount") == 2)
    #expect(session.flag("isComplete") == true)
    let typed = outcome.dialogue.filter { $0.hasPrefix("> ") }
    #expect(typed == ["> robun\u{7f}\u{7f}in", "> [withheld]", "> robin", "> [withheld]", "> cat note.txt", "> exit"])
    #expect(outcome.dialogue.contains("< crate 17"))
    #expect(outcome.dialogue.contains { $0.hasPrefix("< Login incorrect") })
    for secret in ["pier-secret", "wrong-one"] {
      #expect(!outcome.recordLines.joined().contains(secret) && !outcome.transcript.joined().contains(secret))
    }
    #expect(outcome.findings.isEmpty)
  }
}
