import DecoderKit
import DecoderTesting
import Testing
import XMPPDecoder

@Suite struct SampleTests {
  /// robin talks with kim on prosody, both with slixmpp.
  @Test func readsAWholeSession() throws {
    let outcome = decode(try conversation("xmpp-prosody"))
    let session = try #require(outcome.session)
    #expect(session.text("account") == "robin@pier.example/robin")
    #expect([session.text("user"), session.text("mechanism")] == ["robin", "PLAIN"])
    #expect(session.text("serverName") == "pier.example")
    #expect(session.flag("isComplete") == true)
    #expect(
      outcome.said.map { $0.text("text") } == [
        "The crates come at nine & ten.", "Zwölf Stück?", "https://pier.example/map.png",
      ])
    #expect(outcome.said.map { $0.text("speaker") } == ["client", "server", "client"])
    #expect(outcome.offers.map { $0.text("operation") } == ["link", "offer"])
    let transfer = try #require(outcome.transfers.first)
    // The client names itself in some of the file's stanzas only.
    #expect(outcome.transfers.count == 1)
    #expect(transfer.text("fileName") == "crates.txt")
    let file = outcome.contents.first { $0.description.role == "xmpp file" }
    #expect(file?.text == "crate 17\ncrate 18\ncrate 1")
    #expect(transfer.number("byteCount") == 25)
    // The offer says 24.
    #expect(transfer.flag("isComplete") == false)
    #expect(!(outcome.recordLines.joined() + outcome.transcript.joined()).contains("AHJvYmluAHBpZXItc2VjcmV0"))
    #expect(outcome.findings.isEmpty)
  }
}
