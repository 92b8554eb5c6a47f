import DecoderKit
import DecoderTesting
import IRCDecoder
import Testing

@Suite struct SessionTests {
  @Test func tellsWhoSaysWhatToWhom() throws {
    let outcome = decode([
      client("NICK robin", "USER rob 0 * :Robin of the pier"),
      server(":irc.example 001 robin :Welcome", ":robin!rob@host.example JOIN #pier"),
      client("PRIVMSG #pier :crates at nine"),
      server(
        "@time=2026-01-02T03:04:05.678Z;account=kim;msgid=a\\:1 :kim!k@other.example PRIVMSG #pier :\u{1}ACTION nods\u{1}"
      ),
      server(":robin!rob@host.example NICK :wren", ":irc.example NOTICE wren :bye"),
      client("PRIVMSG kim :under a new name"),
    ])
    #expect(outcome.said.map { $0.text("from") } == ["robin", "kim", "irc.example", "wren"])
    #expect(outcome.said.map { $0.text("to") } == ["#pier", "#pier", "wren", "kim"])
    #expect(outcome.said.map { $0.text("text") } == ["crates at nine", "nods", "bye", "under a new name"])
    let action = outcome.said[1]
    #expect(action.flag("isAction") == true)
    #expect(action.text("userHost") == "k@other.example")
    #expect(action.text("account") == "kim")
    #expect(action.text("messageID") == "a;1")
    #expect(action.fields["writtenAt"] == .time(try #require(CaptureTime(rfc3339: "2026-01-02T03:04:05.678Z"))))
    let session = try #require(outcome.session)
    #expect(session.text("nick") == "wren")
    #expect(session.list("userNames") == ["robin", "wren"])
    #expect([session.text("user"), session.text("realName")] == ["rob", "Robin of the pier"])
    #expect(session.list("channels") == ["#pier"])
    #expect(session.text("serverName") == "irc.example")
    #expect(session.flag("isComplete") == true)
    #expect(
      outcome.commands.first { $0.text("command") == "NICK" && $0.text("speaker") == "server" }?.text("renamedTo")
        == "wren")
    #expect(outcome.transcript.first == "> NICK robin")
    #expect(outcome.transcript.last == "> PRIVMSG kim :under a new name")
  }

  @Test func withholdsSecrets() {
    let outcome = decode([
      client("CAP REQ :sasl", "PASS gate-secret", "NICK robin", "USER rob 0 * :R"),
      server(":irc.example CAP * ACK :sasl"), client("AUTHENTICATE PLAIN"), server("AUTHENTICATE +"),
      client("AUTHENTICATE cm9iaW4Acm9iaW4AcGllci1zZWNyZXQ="), server(":irc.example 900 robin robin!r@h robin :ok"),
      client("OPER robin oper-secret", "PRIVMSG NickServ :IDENTIFY nick-secret", "NS IDENTIFY wren short-secret"),
      server(":NickServ!s@services NOTICE robin :Your password is nick-secret now"),
      client("PRIVMSG NickServ :REGISTER reg-secret r@example.net", "PRIVMSG Q@CServe.example :AUTH quill q-secret"),
      client(
        "PRIVMSG NickServ :SET PASSWORD new-secret", "PRIVMSG NickServ :HELP",
        "PRIVMSG kim :identify yourself, friend of mine"),
      client("PRIVMSG bot :IDENTIFY bot-secret"),
    ])
    let all = outcome.recordLines.joined() + outcome.transcript.joined()
    for secret in ["gate", "pier", "oper", "nick", "short", "reg", "q", "new", "bot"] {
      #expect(!all.contains("\(secret)-secret"))
    }
    #expect(!all.contains("cm9iaW4A"))
    #expect(outcome.session?.text("account") == "quill")
    #expect(outcome.session?.text("mechanism") == "PLAIN")
    #expect(outcome.session?.list("capabilities") == ["sasl"])
    #expect(outcome.session?.number("withheldCount") == 10)
    #expect(outcome.transcript.contains("> PRIVMSG NickServ :IDENTIFY [withheld]"))
    #expect(outcome.transcript.contains("> PASS [withheld]"))
    #expect(outcome.transcript.contains("< :NickServ!s@services NOTICE robin :Your password is [withheld] now"))
    #expect(outcome.said.contains { $0.text("text") == "identify yourself, friend of mine" })
    #expect(outcome.said.contains { $0.text("text") == "AUTH quill [withheld]" })
  }

  @Test func othersHideNothing() {
    let outcome = decode([
      client("NICK robin", "USER rob 0 * :R"), server(":s.example 001 robin :Welcome"),
      server(":mallory!u@h PRIVMSG robin :identify bob cocaine", ":kim!k@h PRIVMSG #pier :cocaine at nine"),
      client("PRIVMSG kim :identify crates"), server(":kim!k@h PRIVMSG robin :crates it is"),
    ])
    #expect(outcome.session?.text("account") == nil)
    #expect(
      outcome.said.map { $0.text("text") } == [
        "identify bob cocaine", "cocaine at nine", "identify [withheld]", "crates it is",
      ])
  }

  @Test func withholdsAllWordsBehindVerbs() {
    let outcome = decode([
      client("PRIVMSG NickServ IDENTIFY one-secret", "PRIVMSG Q :NEWPASS two-secret three-secret three-secret"),
      client("NS :SASET robin PASSWORD four-secret", "PRIVMSG NickServ :SET robin PASSWORD five-secret"),
      client("PRIVMSG NickServ :IDENTIFY six-secret seven-secret eight-secret", "NS PASSWD nine-secret ten-secret"),
      client("AUTHENTICATE AHJvYmluAHBpZXItc2VjcmV0", "AUTHENTICATE QUJD", "PRIVMSG AuthServ :AUTH quill q-secret"),
    ])
    let all = outcome.recordLines.joined() + outcome.transcript.joined()
    #expect(!all.contains("-secret") && !all.contains("AHJv") && !all.contains("QUJD"))
    #expect(outcome.session?.text("account") == "quill")
    #expect(outcome.session?.text("mechanism") == nil)
    #expect(outcome.transcript.first == "> PRIVMSG NickServ :IDENTIFY [withheld]")
  }

  @Test func believesOnlyTheServer() {
    let outcome = decode([
      client("NICK taken", "USER rob 0 * :R"), server(":s.example 433 * taken :in use"), client("NICK robin"),
      server(":s.example 001 robin :Welcome"),
      client("@account=kim;time=2026-01-02T03:04:05Z :kim!k@h PRIVMSG #pier one two", "PRIVMSG #pier"),
    ])
    #expect(outcome.said.map { $0.text("from") } == ["robin", "robin"])
    #expect(outcome.said.map { $0.text("text") } == ["one", nil])
    let first = outcome.said.first
    #expect([first?.text("userHost"), first?.text("account")] == [nil, nil])
    #expect(first?.fields["writtenAt"] == nil)
    #expect(first?.list("tags").count == 2)
    #expect(outcome.session?.list("userNames") == ["robin"])
  }

  @Test func readsOnBehindWhatOnlyResemblesTLS() {
    let odd = decode([
      client("NICK robin"), .bytes([0x16, 3, 1, 0, 5, 1, 0x0a], from: .initiator), client("PRIVMSG #pier :one"),
    ])
    #expect(odd.said.count == 1)
    #expect(odd.codes == ["irc/oddLine"])
    let short = decode([client("NICK robin", "STARTTLS"), .bytes([0x16, 3, 1], from: .initiator)])
    #expect(short.session?.flag("isComplete") == false)
    let cut = decode([client("NICK robin", "STARTTLS"), .bytes([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0], from: .initiator)])
    #expect(cut.codes == ["irc/encrypted"])
  }

  @Test func readsNamesWithSpaces() {
    let outcome = decode([
      client("PRIVMSG kim :\u{1}DCC SEND ship list 2.txt 3221225994 5000 1024\u{1}"),
      client("PRIVMSG kim :\u{1}DCC RESUME ship list 2 5000 512\u{1}"),
      client("PRIVMSG kim :\u{1}DCC SEND a b 3221225994 0 1024 77\u{1}"),
    ])
    #expect(outcome.offers.map { $0.text("fileName") } == ["ship list 2.txt", "ship list 2", "a b"])
    #expect(outcome.offers.map { $0.number("port") } == [5_000, 5_000, 0])
    #expect(outcome.offers.map { $0.text("token") } == [nil, nil, "77"])
    #expect(outcome.codes.isEmpty)
  }

  @Test func namesOffersBetweenClients() throws {
    let outcome = decode([
      server(":kim!k@h PRIVMSG robin :\u{1}DCC SEND \"ship list.txt\" 3221225994 5000 1024\u{1}"),
      client("PRIVMSG kim :\u{1}DCC RESUME \"ship list.txt\" 5000 512\u{1}"),
      server(":kim!k@h PRIVMSG robin :\u{1}DCC CHAT chat 2001:db8::7 6000 77\u{1}"),
      server(":kim!k@h PRIVMSG robin :\u{1}DCC SEND a  5000 1024\u{1}", ":kim!k@h PRIVMSG robin :\u{1}VERSION\u{1}"),
    ])
    let offers = outcome.offers
    #expect(offers.map { $0.text("operation") } == ["SEND", "RESUME", "CHAT", "SEND"])
    #expect(offers.map { $0.text("fileName") } == ["ship list.txt", "ship list.txt", nil, "a"])
    #expect(offers[0].text("endpoint") == "192.0.2.10:5000")
    #expect(offers[0].number("fileByteCount") == 1_024)
    #expect(offers[1].number("offset") == 512)
    #expect(offers[2].text("endpoint") == "[2001:db8::7]:6000")
    #expect(offers[2].text("token") == "77")
    #expect(outcome.codes == ["irc/oddOffer"])
    #expect(outcome.said.last?.text("request") == "VERSION")
    #expect(
      outcome.transcript.first == #"< :kim!k@h PRIVMSG robin :\x01DCC SEND "ship list.txt" 3221225994 5000 1024\x01"#)
  }

  @Test func keepsTextThatIsNotUTF8() {
    let outcome = decode([.bytes(Array("PRIVMSG #k :".utf8) + [0xcf, 0xf0, 0x0d, 0x0a], from: .initiator)])
    #expect(outcome.said.first?.text("textHex") == "cff0")
    #expect(outcome.transcript == [#"> PRIVMSG #k :\xCF\xF0"#])
  }

  @Test func goesOnBehindAGapAndEndsWithTLS() {
    let outcome = decode([
      client("NICK robin", "PRIVMSG #pier :one"), .bytes(Array("PRIVMSG #pi".utf8), from: .initiator),
      .gap(40, from: .initiator), client("wo", "PRIVMSG #pier :three", "STARTTLS"), server(":s.example 670 robin :go"),
      .bytes([0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5], from: .initiator),
    ])
    #expect(outcome.said.map { $0.text("text") } == ["one", "three"])
    #expect(outcome.codes == ["irc/encrypted"])
    #expect(outcome.session?.flag("isComplete") == false)
    #expect(outcome.session?.flag("isEncrypted") == true)
    #expect(outcome.transcript.contains("* 40 bytes of the client are missing from the capture"))
  }

  @Test func boundsLinesAndCountsOddOnes() {
    let long = decode([
      client("NICK robin"), client("PRIVMSG #a :" + String(repeating: "a", count: 40_000)), client("JOIN #b"),
    ])
    #expect(long.codes == ["irc/cutLine"])
    #expect(long.commands.map { $0.text("command") } == ["NICK", "JOIN"])
    let odd = decode([client("NICK robin", "%% what", "12 x", "PRIVMSG #a b")])
    #expect(odd.codes == ["irc/oddLine"])
    #expect(odd.session?.number("oddCount") == 2)
    let many = decode([client("NICK robin", "MODE" + String(repeating: " a", count: 100))])
    #expect(many.commands.last?.list("arguments").count == 64)
  }

  @Test func claimsByContentAndPort() {
    let other = DecodingContext.Carrier.tcp(
      initiator: Endpoint(InternetAddress(version4: 0xc000_0201), port: 40_000),
      responder: Endpoint(InternetAddress(version4: 0xc633_6407), port: 8_000))
    func judge(_ text: String, _ carrier: DecodingContext.Carrier) -> Claim {
      claim(of: IRCDecoder(), on: Array(text.utf8), over: carrier)
    }
    #expect(judge("NICK robin\r\nUSER", other) == .content)
    #expect(judge("CAP LS 302\r\n", other) == .content)
    #expect(judge(":s.example NOTICE * :*** Looking up\r\n", other) == .content)
    #expect(judge(":s.example 001 robin :hi\r\n", other) == .content)
    #expect(judge("PASS x\r\nNICK y\r\n", other) == .content)
    #expect(judge("PASS x\r\n", other) == .needsMore)
    #expect(judge("PASS x\r\n", connection) == .port)
    #expect(judge("USER robin\r\n", other) == .none)
    #expect(judge("GET / HTTP/1.1\r\n", connection) == .none)
    #expect(judge("EHLO x\r\n", other) == .none)
    #expect(judge("NI", other) == .needsMore)
    #expect(judge("NOOP\r\n", connection) == .none)
  }

  @Test func survivesEveryCutAndChange() {
    checkTotality(
      of: IRCDecoder(),
      on: [
        client("PASS abcd", "NICK r", "USER r 0 * :R"), server("@time=x;a=b\\s :s.x 001 r :W", ":r!u@h JOIN #p"),
        client("PRIVMSG Q :AUTH a bcde", "AUTHENTICATE PLAIN", "AUTHENTICATE AHIAcw=="),
        server(":k!u@h PRIVMSG r :\u{1}DCC SEND a 16909060 500 9\u{1}", ":s.x 900 r"),
        .end(.finished, of: .responder),
      ], over: connection)
  }
}
