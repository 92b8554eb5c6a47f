import DecoderKit
import DecoderTesting
import RloginDecoder
import Testing

@Suite struct SampleTests {
  @Test func readsAWholeSession() throws {
    let outcome = decode(try conversation("rlogin-redone"))
    let session = try #require(outcome.session)
    #expect(session.text("clientUser") == "root" && session.text("user") == "robin")
    #expect(session.text("terminalType") == "xterm" && session.text("terminalSpeed") == "38400")
    #expect([session.number("windowWidth"), session.number("windowHeight")] == [100, 40])
    #expect(session.flag("isAccepted") == true && session.flag("isComplete") == true)
    #expect(outcome.dialogue.filter { $0.hasPrefix("> ") } == ["> [withheld]", "> cat note.txt", "> exit"])
    #expect(outcome.dialogue.contains("< crate 17"))
    #expect(
      outcome.transcript.first
        == "* the client's user “root” asks for the account “robin”; its terminal is “xterm/38400”")
    #expect(outcome.transcript.filter { $0.hasSuffix("asks for the sizes of the window") }.count == 2)
    #expect(!(outcome.recordLines + outcome.transcript).joined().contains("pier-secret"))
    #expect(outcome.findings.isEmpty)
  }

  @Test func readsALoginThatIsRefused() throws {
    let outcome = decode(try conversation("rlogin-refused"))
    #expect(outcome.dialogue.last == "< \rAuthentication failure")
    #expect(outcome.session?.number("withheldCount") == 1)
    #expect(!(outcome.recordLines + outcome.transcript).joined().contains("wrong-one"))
  }

  @Test func keepsItsRulesOnDamagedSamples() throws {
    for name in ["rlogin-redone", "rlogin-refused"] {
      checkTotality(of: RloginDecoder(), on: try conversation(name), over: connection)
    }
  }
}
