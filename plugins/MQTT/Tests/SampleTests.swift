import DecoderKit
import DecoderTesting
import MQTTDecoder
import Testing

/// What mosquitto and its clients said.
@Suite struct SampleTests {
  @Test func readsSomebodyWhoListens() throws {
    let outcome = decode(try conversation("mqtt311-listens"))
    let session = try #require(outcome.session)
    #expect(
      [session.text("version"), session.text("clientID"), session.text("user")] == ["3.1.1", "pier-ear", "robin"])
    #expect([session.text("willTopic"), session.text("willText")] == ["pier/ear", "the ear is gone"])
    #expect(outcome.messages.map { $0.text("topic") } == ["pier/crates", "pier/crates", "pier/mark"])
    #expect(outcome.messages.map { $0.text("text") } == ["Crates at nine.", "Crates at ten.", nil])
    #expect(outcome.messages.map { $0.text("speaker") } == ["server", "server", "server"])
    #expect(outcome.all("mqtt/subscription").map { $0.text("command") } == ["SUBSCRIBE", "UNSUBSCRIBE"])
    #expect(outcome.all("mqtt/subscription").map { $0.flag("isAnswered") } == [true, true])
  }

  @Test func readsPropertiesAndAliases() throws {
    let outcome = decode(try conversation("mqtt5-tells"))
    #expect(outcome.messages.map { $0.text("topic") } == ["pier/crates", "pier/crates"])
    #expect(outcome.messages.map { $0.number("topicAlias") } == [3, 3])
    #expect(outcome.messages.map { $0.text("mediaType") } == ["text/plain", "text/plain"])
    #expect(
      outcome.messages[0].list("properties").contains(
        .object(["name": "userProperty", "key": "colour", "value": "green"])))
    #expect(outcome.session?.text("endedBy") == "client")
  }

  @Test func keepsAPicture() throws {
    let outcome = decode(try conversation("mqtt31-sends"))
    #expect(outcome.session?.text("version") == "3.1")
    #expect(outcome.payloads.map(\.bytes) == [Array("P5 2 2 255\n".utf8) + [1, 2, 3, 255]])
    #expect(outcome.messages.first?.flag("isRetained") == true)
    #expect(outcome.commands.map { $0.text("command") } == ["PUBREC", "PUBREL", "PUBCOMP", "DISCONNECT"])
  }

  @Test func readsARefusal() throws {
    let session = try #require(decode(try conversation("mqtt5-refused")).session)
    #expect(session.text("reason") == "not authorized")
    #expect(session.text("password") == "[withheld]")
  }

  @Test(arguments: ["mqtt311-listens", "mqtt5-tells", "mqtt31-sends", "mqtt5-refused"])
  func showsNoSecretAndFindsNothingOdd(_ name: String) throws {
    let outcome = decode(try conversation(name))
    #expect(outcome.findings.isEmpty)
    #expect(!(outcome.recordLines.joined() + outcome.transcript.joined()).contains("-secret"))
  }
}
