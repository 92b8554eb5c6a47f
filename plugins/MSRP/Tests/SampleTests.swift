import DecoderKit
import DecoderTesting
import MSRPDecoder
import Testing

/// What two ends said over Kamailio.
@Suite struct SampleTests {
  @Test func readsWhatTheCallerSaid() throws {
    let outcome = decode(try conversation("msrp-kamailio-caller"))
    #expect(
      outcome.messages.map { $0.text("messageID") } == ["c-first", "c-second", "c-third", "c-given-up", "d-first"])
    #expect(
      outcome.messages.map { $0.text("text") } == [
        "The crates come at nine. Zwölf Stück.", "Here is the plan.", "Mind crate 17.", nil, "Nine is fine.",
      ])
    #expect(outcome.messages.map { $0.flag("isComplete") } == [true, true, true, false, true])
    #expect(outcome.messages[1].text("cpimFrom") == "sip:caller@pier.example")
    let file = try #require(outcome.all("msrp/transfer").first)
    #expect(file.number("chunkCount") == 3)
    #expect(file.number("byteCount") == 5_613)
    #expect(file.text("fileName") == "crate plan.pgm")
    #expect(file.list("toPath").count == 3)
    #expect(file.flag("isComplete") == true)
    #expect(outcome.all("msrp/composing").map { $0.text("composingState") } == ["active"])
    #expect(outcome.all("msrp/report").map { $0.text("messageID") } == ["c-first"])
    #expect(outcome.all("msrp/request").map { $0.number("status") } == [401, 200])
    #expect(outcome.all("msrp/request").map { $0.text("user") } == [nil, "caller"])
    #expect(outcome.codes == ["msrp/aborted"])
    #expect(outcome.session?.flag("isComplete") == true)
  }

  @Test(arguments: ["msrp-kamailio-caller", "msrp-kamailio-called"]) func showsNoSecret(_ name: String) throws {
    let outcome = decode(try conversation(name))
    let shown = outcome.recordLines.joined() + outcome.transcript.joined()
    #expect(shown.contains("response=[withheld]") && !shown.contains("pier-secret"))
  }
}
