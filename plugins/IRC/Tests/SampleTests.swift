import DecoderKit
import DecoderTesting
import IRCDecoder
import Testing

@Suite struct SampleTests {
  /// robin talks with kim on ngircd, both with ii.
  @Test func readsAWholeSession() throws {
    let outcome = decode(try conversation("irc-ngircd"))
    let session = try #require(outcome.session)
    #expect(session.list("userNames") == ["robin", "wren"])
    #expect(session.text("realName") == "Robin of the pier")
    #expect(session.text("serverName") == "irc.pier.example")
    #expect(session.list("channels") == ["#pier"])
    #expect(session.number("withheldCount") == 3)
    #expect(session.flag("isComplete") == true)
    let channel = outcome.said.filter { $0.text("to") == "#pier" }
    #expect(channel.map { $0.text("from") } == ["robin", "kim", "kim", "kim"])
    #expect(channel.map { $0.text("text") } == ["The crates come at nine.", "Zwölf Stück?", "nods", "caf\u{fffd}"])
    #expect(channel.last?.text("textHex") == "636166e9")
    #expect(channel[2].flag("isAction") == true)
    #expect(outcome.offers.map { $0.text("fileName") } == ["crates.txt"])
    #expect(outcome.offers.first?.text("endpoint") == "127.0.0.1:5000")
    #expect(outcome.offers.first?.number("fileByteCount") == 1_024)
    #expect(outcome.said.last { $0.text("speaker") == "client" }?.text("from") == "wren")
    for secret in ["gate-secret", "oper-secret", "nick-secret"] {
      #expect(!outcome.recordLines.joined().contains(secret) && !outcome.transcript.joined().contains(secret))
    }
    #expect(outcome.findings.isEmpty)
  }
}
