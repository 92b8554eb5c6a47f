import DecoderKit
import DecoderTesting
import Testing
import XMPPDecoder

private let header =
  "<?xml version='1.0'?><stream:stream to='pier.example' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
private let answer =
  "<?xml version='1.0'?><stream:stream id='1' from='pier.example' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"

@Suite struct SessionTests {
  @Test func tellsWhoSaysWhatToWhom() throws {
    let outcome = decode([
      client(header),
      server(
        answer,
        "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>"
      ),
      client("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AHJvYmluAHBpZXItc2VjcmV0</auth>"),
      server("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"), client(header),
      server(answer, "<stream:features><bind/></stream:features>"),
      client("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"),
      server(
        "<iq type='result' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>robin@pier.example/x</jid></bind></iq>"
      ),
      client(
        "<message to='kim@pier.example' type='chat' id='m1'><body>crates &amp; more</body><thread>t1</thread></message>"
      ),
      server(
        "<message from='kim@pier.example/y' to='robin@pier.example/x' type='chat'><body>nine</body>"
          + "<delay xmlns='urn:xmpp:delay' stamp='2026-01-02T03:04:05Z'/></message>"),
      server("<presence from='kim@pier.example/y'><show>away</show><status>at sea</status></presence> \n"),
      client("</stream:stream>"),
    ])
    #expect(outcome.said.map { $0.text("from") } == ["robin@pier.example/x", "kim@pier.example/y"])
    #expect(outcome.said.map { $0.text("text") } == ["crates & more", "nine"])
    #expect(
      [outcome.said[0].text("thread"), outcome.said[0].text("messageID"), outcome.said[0].text("stanzaType")] == [
        "t1", "m1", "chat",
      ])
    #expect(outcome.said[1].fields["writtenAt"] == .time(try #require(CaptureTime(rfc3339: "2026-01-02T03:04:05Z"))))
    let presence = try #require(outcome.all("xmpp/presence").first)
    #expect([presence.text("show"), presence.text("text")] == ["away", "at sea"])
    let session = try #require(outcome.session)
    #expect(
      [session.text("account"), session.text("user"), session.text("mechanism")] == [
        "robin@pier.example/x", "robin", "PLAIN",
      ])
    #expect(session.text("serverName") == "pier.example")
    #expect(session.list("features") == ["mechanism PLAIN", "bind"])
    #expect(session.flag("isComplete") == true)
    #expect(!(outcome.recordLines.joined() + outcome.transcript.joined()).contains("AHJvYmlu"))
    #expect(outcome.transcript.contains("> message from robin@pier.example/x to kim@pier.example: crates & more"))
    #expect(
      outcome.transcript.contains(
        "> <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>[withheld]</auth>"))
    #expect(outcome.findings.isEmpty)
  }

  @Test func withholdsPasswordsOfQueriesAndForms() {
    let outcome = decode([
      client(
        header,
        "<iq type='set'><query xmlns='jabber:iq:auth'><username>robin</username><password>pier-secret</password></query></iq>"
      ),
      client("<iq type='set'><query xmlns='jabber:iq:register'><password>new-secret</password></query></iq>"),
      client(
        "<iq type='set'><query xmlns='jabber:iq:register'><x xmlns='jabber:x:data'><field var='password' type='text-private'><value>form-secret</value></field></x></query></iq>"
      ),
    ])
    #expect(!(outcome.recordLines.joined() + outcome.transcript.joined()).contains("-secret"))
    #expect(outcome.session?.number("withheldCount") == 3)
    #expect(outcome.session?.text("user") == "robin")
  }

  @Test func withholdsLoginsOfBothSides() {
    let sasl = "urn:ietf:params:xml:ns:xmpp-sasl"
    let outcome = decode([
      client(
        "<stream:stream xmlns='jabber:client' xmlns:s='\(sasl)' xmlns:stream='http://etherx.jabber.org/streams'>",
        "<s:auth mechanism='PLAIN'>AHJvYmluAHBpZXItc2VjcmV0</s:auth>"),
      server(answer, "<challenge xmlns='\(sasl)'>one-secret</challenge>"),
      client("<s:response>two-secret</s:response>"),
      server(
        "<success xmlns='urn:xmpp:sasl:2'><additional-data>three-secret</additional-data><token xmlns='urn:xmpp:fast:0' token='four-secret'/></success>"
      ),
      client(
        "<presence to='r@x'><x xmlns='http://jabber.org/protocol/muc'><password>five-secret</password></x></presence>"),
      client(
        "<iq type='set'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data'><field var='muc#roomconfig_roomsecret'><value>six-secret</value></field></x></query></iq>"
      ),
    ])
    let all = outcome.recordLines.joined() + outcome.transcript.joined()
    #expect(!all.contains("-secret") && !all.contains("AHJvYmlu"))
    #expect(outcome.session?.number("withheldCount") == 6)
    #expect(outcome.session?.text("user") == "robin")
  }

  @Test func believesOnlyTheAnswerToTheRequest() {
    func bound(_ id: String, _ jid: String) -> String {
      "<iq type='result' id='\(id)'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>\(jid)</jid></bind></iq>"
    }
    let outcome = decode([
      client(header), server(answer, bound("b", "early@x")),
      client("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"),
      server(bound("c", "other@x"), bound("b", "robin@x/1"), bound("b", "late@x")),
      server("<message><body>news</body></message>"),
      server("<message type='error' from='kim@x' to='robin@x/1'><body>mine</body><error type='cancel'/></message>"),
    ])
    #expect(outcome.session?.text("account") == "robin@x/1")
    #expect(outcome.transcript.contains("< message from server to robin@x/1: news"))
    #expect(outcome.transcript.contains("< error from kim@x about a message of robin@x/1: mine"))
    #expect(outcome.said.map { $0.text("stanzaType") } == [nil, "error"])
  }

  @Test func takesNoFileFromOthers() {
    func offer(_ from: String, _ name: String) -> String {
      "<iq type='set' from='\(from)' id='o'><si xmlns='http://jabber.org/protocol/si' id='s'><file name='\(name)' size='3'/></si></iq>"
    }
    let ibb = "xmlns='http://jabber.org/protocol/ibb'"
    let outcome = decode([
      client(header), server(answer, offer("k@x", "crates.txt"), offer("m@x", "other.txt")),
      server("<iq type='set' from='k@x' id='1'><open \(ibb) sid='s'/></iq>"),
      server("<iq type='set' from='k@x' id='2'><data \(ibb) sid='s' seq='0'>Y3Jh</data></iq>"),
      server("<iq type='set' from='m@x' id='2'><close \(ibb) sid='s'/></iq>"),
      server("<iq type='error' from='k@x' id='2'><close \(ibb) sid='s'/></iq>"),
      server("<message from='m@x'><data \(ibb) sid='s' seq='1'>Y3Jh</data></message>"),
      server("<iq type='set' from='k@x' id='3'><close \(ibb) sid='s'/></iq>"),
    ])
    #expect(outcome.transfers.map { $0.text("from") } == ["k@x", "m@x"])
    #expect(outcome.transfers.map { $0.text("fileName") } == ["crates.txt", "other.txt"])
    #expect(outcome.transfers.map { $0.number("byteCount") } == [3, 3])
    #expect(outcome.transfers.map { $0.flag("isComplete") } == [true, false])
  }

  @Test func countsWhatWaitsAtTheEnd() {
    let outcome = decode([client(header, "<message to='a@b'><bo")])
    #expect(outcome.codes == ["xmpp/oddBytes"])
    #expect(outcome.session?.number("unreadByteCount") == 21)
    #expect(outcome.session?.flag("isComplete") == false)
    let tls = decode([client(header), .bytes([0x16, 3, 1, 0, 5, 1], from: .initiator), client("<presence/>")])
    #expect(tls.codes == ["xmpp/oddBytes"])
    #expect(tls.all("xmpp/presence").count == 1)
  }

  @Test func assemblesFilesOfStanzas() throws {
    let ibb = "xmlns='http://jabber.org/protocol/ibb'"
    let start: [ConversationStep] = [
      client(header),
      client(
        "<iq type='set' to='k@x' id='1'><si xmlns='http://jabber.org/protocol/si' id='s1' mime-type='text/plain'><file xmlns='http://jabber.org/protocol/si/profile/file-transfer' name='crates.txt' size='8'/></si></iq>"
      ),
      client("<iq type='set' to='k@x' id='2'><open \(ibb) sid='s1' block-size='4'/></iq>"),
      client("<iq type='set' to='k@x' id='3'><data \(ibb) sid='s1' seq='0'>Y3Jh</data></iq>"),
    ]
    let whole = decode(
      start + [
        client("<iq type='set' to='k@x' id='4'><data \(ibb) sid='s1' seq='1'>dGVzMQ==</data></iq>"),
        client("<iq type='set' to='k@x' id='5'><data \(ibb) sid='s1' seq='2'>Cg==</data></iq>"),
        server(answer, "<iq type='set' id='6'><close \(ibb) sid='s1'/></iq>"),
      ])
    let transfer = try #require(whole.transfers.first)
    #expect([transfer.text("fileName"), transfer.text("to")] == ["crates.txt", "k@x"])
    #expect(transfer.number("byteCount") == 8)
    #expect(transfer.flag("isComplete") == true)
    #expect(whole.contents.first { $0.description.role == "xmpp file" }?.text == "crates1\n")
    #expect(!whole.transcript.joined().contains("Y3Jh"))
    let cut = decode(start + [client("<iq type='set' to='k@x' id='5'><data \(ibb) sid='s1' seq='2'>Cg==</data></iq>")])
    #expect(cut.transfers.first?.flag("isComplete") == false)
  }

  @Test func namesFilesThatAreElsewhere() {
    let outcome = decode([
      client(
        header,
        "<message to='a@b'><body>https://x/y</body><x xmlns='jabber:x:oob'><url>https://x/y</url><desc>map</desc></x></message>"
      ),
      client(
        "<iq type='get'><request xmlns='urn:xmpp:http:upload:0' filename='a.png' size='7' content-type='image/png'/></iq>"
      ),
      client(
        "<iq type='set'><jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='j'><content><description xmlns='urn:xmpp:jingle:apps:file-transfer:5'><file><name>b.bin</name><size>9</size><hash xmlns='urn:xmpp:hashes:2' algo='sha-1'>w0mc</hash></file></description><transport xmlns='urn:xmpp:jingle:transports:ibb:1' sid='t'/></content></jingle></iq>"
      ),
    ])
    #expect(outcome.offers.map { $0.text("operation") } == ["link", "upload", "session-initiate"])
    #expect(outcome.offers.map { $0.text("fileName") } == [nil, "a.png", "b.bin"])
    #expect(outcome.offers.map { $0.text("url") } == ["https://x/y", nil, nil])
    #expect(outcome.offers.map { $0.text("sessionID") } == [nil, nil, "t"])
    #expect(outcome.offers.map { $0.number("fileByteCount") } == [nil, 7, 9])
  }

  @Test func readsCopiesOfMessages() {
    let outcome = decode([
      server(
        answer,
        copy("from='r@x' to='r@x/2'"), copy("to='r@x/2'"), copy("from='R@X' to='r@x/2'"))
    ])
    #expect(outcome.said.map { $0.text("text") } == [nil, "hi", nil, "hi", nil, "hi"])
    #expect(outcome.said[1].text("forwardedAs") == "sent" && outcome.findings.isEmpty)
  }

  private func copy(_ attributes: String) -> String {
    "<message \(attributes)><sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>"
      + "<message from='r@x/1' to='k@x'><body>hi</body></message></forwarded></sent></message>"
  }

  @Test func believesNoCopyThatComesFromSomebodyElse() {
    let outcome = decode([
      server(answer), client(header),
      server(copy("from='evil@y' to='r@x/2'"), copy("from='r@x/evil' to='r@x/2'"), copy("from='x' to='r@x/2'")),
      server(copy("from='r@x'")), client(copy("from='r@x' to='r@x'")),
    ])
    #expect(outcome.said.allSatisfy { $0.text("text") == nil } && outcome.said.count == 5)
    #expect(outcome.codes == ["xmpp/oddCopy"])
    #expect(outcome.session?.number("oddCopyCount") == 5)
  }

  /// Prefixes that the stream's header declares count for all stanzas in it.
  @Test func knowsThePrefixesOfTheStreamsHeader() {
    let outcome = decode([
      client(
        "<stream:stream xmlns='jabber:client' xmlns:s='urn:ietf:params:xml:ns:xmpp-sasl' xmlns:t='urn:ietf:params:xml:ns:xmpp-tls' xmlns:stream='http://etherx.jabber.org/streams'>"
      ),
      client("<s:auth mechanism='PLAIN'>AHJvYmluAHBpZXItc2VjcmV0</s:auth>"),
      server(
        "<stream:stream id='1' xmlns='jabber:client' xmlns:t='urn:ietf:params:xml:ns:xmpp-tls' xmlns:stream='http://etherx.jabber.org/streams'>"
      ), client("<auth xmlns='urn:other' mechanism='NONE'>eA==</auth>"), server("<t:proceed/>"),
    ])
    #expect(outcome.session?.text("user") == "robin" && outcome.session?.text("mechanism") == "PLAIN")
    #expect(outcome.session?.number("withheldCount") == 2)
    #expect(outcome.codes == ["xmpp/encrypted"])
  }

  @Test func endsWhereTLSOrCompressionBegins() {
    let outcome = decode([
      client(header, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
      server(answer, "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
      .bytes([0x16, 3, 1, 0, 5], from: .initiator),
    ])
    #expect(outcome.codes == ["xmpp/encrypted"])
    #expect(outcome.session?.flag("isEncrypted") == true)
    #expect(
      decode([client(header), server(answer, "<compressed xmlns='http://jabber.org/protocol/compress'/>")]).codes == [
        "xmpp/compressed"
      ])
  }

  @Test func goesOnBehindAGap() {
    let outcome = decode([
      client(header, "<message to='a@b'><body>one</body></message><mess"), .gap(40, from: .initiator),
      client("dy>two</body></message>", "<message to='a@b'><body>three</body></message>"),
    ])
    #expect(outcome.said.map { $0.text("text") } == ["one", "three"])
    #expect(outcome.codes == ["xmpp/oddBytes"])
    #expect(outcome.session?.number("unreadByteCount") == 28)
  }

  @Test func meetsBombs() {
    let entity = decode([
      client(
        "<!DOCTYPE s [<!ENTITY a 'b'>]>", header,
        "<message to='a@b'><body>&a;</body></message><message><body>x</body></message>")
    ])
    #expect(entity.said.map { $0.text("text") } == ["x"])
    let deep = decode([
      client(
        header,
        "<message>" + String(repeating: "<a>", count: 200) + String(repeating: "</a>", count: 200)
          + "</message><message><body>x</body></message>")
    ])
    #expect(deep.codes == ["xmpp/malformed"])
    #expect(deep.said.count == 1)
    let long = decode([
      client(header, "<message><body>" + String(repeating: "a", count: 1 << 21) + "</body></message>"),
      client("<message><body>x</body></message>"),
    ])
    #expect(long.codes == ["xmpp/oddBytes"])
    #expect(long.said.map { $0.text("text") } == ["x"])
    let quoted = decode([
      client(header, "<message a='>' b=\"/>\"><![CDATA[</message>]]><body>x</body><!-- </message> --></message>")
    ])
    #expect(quoted.said.map { $0.text("text") } == ["x"])
  }

  @Test func claimsByContentAndPort() {
    let other = DecodingContext.Carrier.tcp(
      initiator: Endpoint(InternetAddress(version4: 0xc000_0201), port: 40_000),
      responder: Endpoint(InternetAddress(version4: 0xc633_6407), port: 8_000))
    func judge(_ text: String, _ carrier: DecodingContext.Carrier = other) -> Claim {
      claim(of: XMPPDecoder(), on: Array(text.utf8), over: carrier)
    }
    #expect(judge(header) == .content)
    #expect(judge("<?xml version='1.0' ?>") == .needsMore)
    #expect(judge("<?xml version='1.0' ?><html>") == .none)
    #expect(judge("<html>") == .none)
    #expect(judge("<message to='a'>") == .none)
    #expect(judge("<message to='a'>", connection) == .port)
    #expect(judge("<st") == .needsMore)
  }

  @Test func survivesEveryCutAndChange() {
    checkTotality(
      of: XMPPDecoder(),
      on: [
        client("<stream:stream to='p' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"),
        client("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>"),
        server("<stream:stream id='1'><message from='a'><body>x&lt;</body></message>"),
        client("<iq><data xmlns='http://jabber.org/protocol/ibb' sid='s' seq='0'>Y3Jh</data></iq>"),
        server("</stream:stream>"),
        .end(.finished, of: .initiator),
      ], over: connection)
  }
}
