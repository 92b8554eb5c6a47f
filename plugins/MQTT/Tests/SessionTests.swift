import DecoderKit
import DecoderTesting
import MQTTDecoder
import Testing

@Suite struct SessionTests {
  @Test func tellsWhoPublishedWhat() throws {
    let outcome = decode([
      client(
        connect(flags: 0xee, text("pier") + text("last/will") + text("gone") + text("robin") + text("pier-secret"))),
      server(packet(0x20, [1, 0])), client(publish("crates/17", "at nine")),
      client(publish("crates/18", "at ten", flags: 2, [0, 7])), server(packet(0x40, [0, 7])),
      client(publish("crates/18", "at ten", flags: 0x0b, [0, 7])), client(packet(0xc0, [])), server(packet(0xd0, [])),
      client(packet(0xe0, [])),
    ])
    let session = try #require(outcome.session)
    #expect(session.text("version") == "3.1.1")
    #expect([session.text("clientID"), session.text("user")] == ["pier", "robin"])
    #expect(session.text("password") == "[withheld]")
    #expect([session.text("willTopic"), session.text("willText")] == ["last/will", "gone"])
    #expect(session.number("willQualityOfService") == 1)
    #expect(session.flag("isWillRetained") == true)
    #expect(session.number("keepAliveSeconds") == 60)
    #expect(session.text("reason") == "connection accepted")
    #expect(session.flag("isSessionPresent") == true)
    #expect(session.text("endedBy") == "client")
    #expect(session.flag("isComplete") == true)
    #expect(outcome.messages.map { $0.text("topic") } == ["crates/17", "crates/18", "crates/18"])
    #expect(outcome.messages.map { $0.text("text") } == ["at nine", "at ten", "at ten"])
    #expect(outcome.messages.map { $0.number("qualityOfService") } == [0, 1, 1])
    #expect(outcome.messages.map { $0.flag("isRetransmission") } == [false, false, true])
    #expect(outcome.messages[2].flag("isRetained") == true)
    #expect(outcome.messages[1].number("transactionID") == 7)
    #expect(outcome.payloads.map(\.text) == ["at nine", "at ten", "at ten"])
    #expect(outcome.commands.map { $0.text("command") } == ["PUBACK", "PINGREQ", "PINGRESP", "DISCONNECT"])
    #expect(!(outcome.recordLines.joined() + outcome.transcript.joined()).contains("pier-secret"))
    #expect(outcome.transcript.first == "> CONNECT pier user robin password [withheld] will last/will")
    #expect(outcome.transcript.contains("> PUBLISH crates/18 QoS 1, retained, repeated: at ten"))
    #expect(outcome.findings.isEmpty)
  }

  @Test func resolvesAliasesAndReadsProperties() throws {
    let alias: [UInt8] = [35, 0, 5]
    let outcome = decode([
      client(connect(level: 5, properties([33, 0, 20], [21] + text("SCRAM"), [22] + text("proof")) + text(""))),
      server(packet(0x20, [0, 0] + properties([18] + text("auto-1")))),
      client(publish("crates/17", "a", properties(alias, [3] + text("image/png"), [38] + text("k") + text("v")))),
      client(publish("", "b", properties(alias))), client(publish("", "c", properties([35, 0, 6]))),
      server(packet(0xe0, [0x8e] + properties([31] + text("another one")))),
    ])
    #expect(outcome.messages.map { $0.text("topic") } == ["crates/17", "crates/17", nil])
    #expect(outcome.messages.map { $0.number("topicAlias") } == [5, 5, 6])
    #expect(outcome.messages[0].text("mediaType") == "image/png")
    #expect(
      outcome.messages[0].list("properties").last
        == .object(["name": "userProperty", "key": "k", "value": "v"]))
    #expect(outcome.messages[0].text("clientID") == "auto-1")
    #expect(outcome.codes == ["mqtt/unknownAlias"])
    let session = try #require(outcome.session)
    #expect(
      [session.text("version"), session.text("assignedClientID"), session.text("mechanism")] == [
        "5.0", "auto-1", "SCRAM",
      ])
    #expect(session.text("endedBy") == "server")
    #expect(session.text("endReason") == "session taken over")
    #expect(!outcome.recordLines.joined().contains("proof"))
  }

  @Test func pairsSubscriptionsWithTheirAnswers() throws {
    let outcome = decode([
      client(connect(), packet(0x82, [0, 1] + text("a/#") + [1] + text("b") + [2])),
      server(packet(0x90, [0, 1, 1, 0x80])),
      client(packet(0xa2, [0, 2] + text("a/#"))), server(packet(0xb0, [0, 2])),
      client(packet(0x82, [0, 3] + text("c") + [0])),
    ])
    let list = outcome.all("mqtt/subscription")
    #expect(list.map { $0.text("command") } == ["SUBSCRIBE", "UNSUBSCRIBE", "SUBSCRIBE"])
    #expect(list.map { $0.flag("isAnswered") } == [true, true, false])
    #expect(
      list[0].list("topics") == [
        .object(["topic": "a/#", "qualityOfService": 1, "status": 1, "reason": "granted QoS 1"]),
        .object(["topic": "b", "qualityOfService": 2, "status": 128, "reason": "failure"]),
      ])
    #expect(list[0].trace.packets.count == 2)
  }

  @Test func keepsPayloadsThatAreNoText() {
    let outcome = decode([
      client(connect(), packet(0x30, text("t") + [0, 1, 2, 255])),
      client(publish("t", String(repeating: "x", count: 9_000))),
      client(publish("t", "")),
    ])
    #expect(outcome.messages.map { $0.text("text") } == [nil, nil, nil])
    #expect(outcome.messages.map { $0.number("byteCount") } == [4, 9_000, 0])
    #expect(outcome.payloads.count == 2)
    #expect(outcome.transcript.last == "> PUBLISH t QoS 0: [no payload]")
  }

  @Test func goesOnBehindAGap() {
    let long = publish("crates/1", String(repeating: "x", count: 100))
    let inside = decode([
      client(connect()), client(Array(long.prefix(40))), .gap(30, from: .initiator),
      client(Array(long.dropFirst(70)), publish("crates/2", "y")),
    ])
    #expect(inside.messages.map { $0.flag("isComplete") } == [false, true])
    #expect(inside.payloads.map(\.isWhole) == [false, true])
    let outside = decode([
      client(connect()), client(Array(long.prefix(40))), .gap(300, from: .initiator),
      client(Array("rest of something 12".utf8), publish("crates/2", "y"), publish("crates/3", "z")),
    ])
    #expect(outside.messages.map { $0.text("topic") } == ["crates/1", "crates/2", "crates/3"])
    #expect(outside.session?.number("unreadByteCount") == 20)
    #expect(outside.session?.flag("isComplete") == false)
  }

  @Test func saysWhatIsMalformed() {
    #expect(decode([client(connect(), packet(0x82, [0, 1, 0, 9, 1]))]).codes == ["mqtt/malformed"])
    #expect(decode([client(connect(), [0x36, 3, 0, 1, 0x61], publish("t", "x"))]).codes == ["mqtt/malformed"])
    let large = decode([
      client(connect(), [0x82] + variable(2_000_000) + [UInt8](repeating: 0, count: 2_000_000), publish("t", "x"))
    ])
    #expect(large.codes == ["mqtt/packetLimit"])
    #expect(large.messages.count == 1)
    #expect(decode([client(publish("t", "x"))]).codes == ["mqtt/unknownVersion"])
    let again = decode([client(connect(), connect())])
    #expect(again.codes == ["mqtt/malformed"])
    let aliases = decode([
      client(connect(level: 5, properties() + text("a"))),
      client(Array((0..<5_000).map { publish("t", "", properties([35, UInt8($0 >> 8), UInt8($0 & 0xff)])) }.joined())),
      client(publish("", "", properties([35, 0x13, 0]))),
    ])
    #expect(aliases.codes == ["mqtt/unknownAlias"])
  }

  @Test func takesNoRequestFromTheServer() {
    let outcome = decode([
      client(connect()), server(packet(0x20, [0, 0]), packet(0x82, [0, 1] + text("a") + [1])),
      client(packet(0x90, [0, 1, 1]), publish("t", "x")),
    ])
    #expect(outcome.codes == ["mqtt/malformed"])
    #expect(outcome.all("mqtt/subscription").isEmpty && outcome.commands.isEmpty)
    #expect(outcome.session?.number("malformedCount") == 2)
    #expect(outcome.messages.count == 1)
  }

  @Test func waitsForNothingBehindWholeProperties() {
    // The property says that it is longer than the block.
    let outcome = decode([
      client(connect(level: 5, properties() + text("a"))),
      client([0x30] + variable(1_000) + text("t") + [4, 3, 0, 9, 0x61] + [UInt8](repeating: 0x62, count: 992)),
      client(publish("t", "x", properties())),
    ])
    #expect(outcome.codes == ["mqtt/malformed"])
    #expect(outcome.messages.map { $0.text("text") } == ["x"])
    let cut = decode([client(connect(level: 5, properties() + text("a"))), client([0x30, 100] + text("t") + [9, 3])])
    #expect(cut.codes == ["mqtt/malformed"])
    #expect(cut.session?.number("unreadByteCount") == 7)
    #expect(cut.session?.flag("isComplete") == false)
  }

  @Test func claimsByContentAndPort() {
    let other = DecodingContext.Carrier.tcp(
      initiator: Endpoint(InternetAddress(version4: 0xc000_0201), port: 40_000),
      responder: Endpoint(InternetAddress(version4: 0xc633_6407), port: 8_000))
    let decoder = MQTTDecoder()
    #expect(claim(of: decoder, on: connect(), over: other) == .content)
    #expect(claim(of: decoder, on: connect(level: 3), over: other) == .content)
    #expect(claim(of: decoder, on: Array(connect().prefix(5)), over: other) == .needsMore)
    #expect(claim(of: decoder, on: publish("t", "x"), over: other) == .none)
    #expect(claim(of: decoder, on: publish("t", "x"), over: connection) == .port)
    let reversed = DecodingContext.Carrier.tcp(
      initiator: Endpoint(InternetAddress(version4: 0xc000_0201), port: 1_883),
      responder: Endpoint(InternetAddress(version4: 0xc633_6407), port: 389))
    #expect(claim(of: decoder, on: publish("t", "x"), over: reversed) == .none)
    let ldap: [UInt8] = [0x30, 0x84, 0, 0, 0, 0x10, 2, 1, 1, 0x60, 11]
    #expect(claim(of: decoder, on: ldap, over: connection) == .none)
    #expect(claim(of: decoder, on: ldap, over: reversed) == .none)
    #expect(claim(of: decoder, on: Array(publish("topic", "x").prefix(4)), over: connection) == .needsMore)
    #expect(claim(of: decoder, on: packet(0x30, [0, 0, 3, 35, 0, 5, 1]), over: connection) == .port)
    #expect(claim(of: decoder, on: Array("GET / HTTP".utf8), over: connection) == .none)
    #expect(claim(of: decoder, on: [0x16, 3, 1, 0, 5], over: connection) == .none)
  }

  @Test func survivesEveryCutAndChange() {
    checkTotality(
      of: MQTTDecoder(),
      on: [
        client(
          connect(
            level: 5, flags: 0xc6,
            properties([33, 0, 20]) + text("p") + properties() + text("w") + text("g") + text("u") + text("s"))),
        server(packet(0x20, [0, 0] + properties([34, 0, 2]))),
        client(packet(0x82, [0, 1] + properties() + text("a") + [1])),
        server(packet(0x90, [0, 1] + properties() + [1])),
        client(publish("tt", "xy", flags: 2, [0, 2] + properties([35, 0, 1]))),
        server(packet(0x40, [0, 2, 0])), client(publish("", "z", properties([35, 0, 1])), packet(0xe0, [0])),
        .end(.finished, of: .initiator),
      ], over: connection)
  }
}
