import DecoderKit
import DecoderTesting
import SIPDecoder
import Testing

@Suite struct MessageTests {
  @Test func readsARegistration() throws {
    let outcome = decode(
      alice(
        message([
          "REGISTER sip:example.org SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKr",
          "From: sip:alice@example.org;tag=1",
          "To: sip:alice@example.org", "Call-ID: reg@192.0.2.1", "CSeq: 7 REGISTER", "Contact: <sip:alice@192.0.2.1>",
          "User-Agent: Phone/1",
          "Authorization: Digest username=\"alice\", nonce=\"a,b\", response=\"0123456789abcdef\", uri=\"sip:x\"",
        ])))
    let record = try #require(outcome.records.first)
    #expect(record.kind == "sip/message")
    #expect(record.text("method") == "REGISTER")
    #expect(record.text("requestURI") == "sip:example.org")
    #expect(record.text("from") == "sip:alice@example.org")
    #expect(record.text("fromTag") == "1")
    #expect(record.text("callID") == "reg@192.0.2.1")
    #expect(record.number("cseq") == 7)
    #expect(record.text("cseqMethod") == "REGISTER")
    #expect(record.text("contact") == "<sip:alice@192.0.2.1>")
    #expect(record.text("userAgent") == "Phone/1")
    #expect(
      record.header("Authorization")
        == "Digest username=\"alice\", nonce=\"a,b\", response=[withheld], uri=\"sip:x\"")
    #expect(outcome.signals.isEmpty)
    #expect(outcome.findings.isEmpty)
  }

  @Test func withholdsSecretsOfOtherSchemes() throws {
    let outcome = decode(alice(inCall("INVITE sip:b@x SIP/2.0", "1 INVITE", more: ["Authorization: Bearer secret"])))
    #expect(outcome.records.first?.header("Authorization") == "Bearer [withheld]")
  }

  @Test func readsCompactFormsAndFolding() throws {
    let text =
      "OPTIONS sip:bob@example.net SIP/2.0\r\nv: SIP/2.0/TCP a.example;branch=z9hG4bK1,\r\n  SIP/2.0/UDP b.example\r\n"
      + "Via: SIP/2.0/UDP c.example\r\nf: \"A \\\"quoted\\\", <name>\" <sip:a@example.org;transport=tcp>;x=1;tag=ft\r\n"
      + "t: <tel:+491234567>\r\ni: compact-1\r\nCSeq:  3\tOPTIONS\r\nm: <sip:a@192.0.2.1>\r\nm: <sip:a@192.0.2.2>\r\n"
      + "Subject: one\r\n\ttwo\r\nl: 0\r\n\r\n"
    let outcome = decode(alice(Array(text.utf8)))
    let record = try #require(outcome.records.first)
    #expect(
      record.list("via") == ["SIP/2.0/TCP a.example;branch=z9hG4bK1", "SIP/2.0/UDP b.example", "SIP/2.0/UDP c.example"])
    #expect(record.text("fromName") == "A \"quoted\", <name>")
    #expect(record.text("from") == "sip:a@example.org;transport=tcp")
    #expect(record.text("fromTag") == "ft")
    #expect(record.text("to") == "tel:+491234567")
    #expect(record.text("contact") == "<sip:a@192.0.2.1>, <sip:a@192.0.2.2>")
    #expect(record.number("cseq") == 3)
    #expect(record.header("Subject") == "one two")
    #expect(outcome.findings.isEmpty)
  }

  @Test func takesMethodsThatNobodyKnows() {
    let outcome = decode(alice(inCall("X-NEW.1 tel:110 SIP/2.0", "1 X-NEW.1")))
    #expect(outcome.records.first?.text("method") == "X-NEW.1")
    #expect(outcome.records.first?.text("requestURI") == "tel:110")
  }

  @Test func keepsHostileAddressesWhole() {
    let hostile = "sip:" + String(repeating: "a", count: 9_900) + "<script>alert(1)</script>\u{202e}gpj.exe@x"
    let outcome = decode(alice(inCall("INVITE \(hostile) SIP/2.0", "1 INVITE", more: ["Subject: <b>\u{202e}\u{7}"])))
    #expect(outcome.records.first?.text("requestURI") == hostile)
    #expect(outcome.records.first?.header("Subject") == "<b>\u{202e}\u{7}")
  }

  @Test func keepsBytesThatAreNoText() throws {
    var bytes = inCall("INVITE sip:b@x SIP/2.0", "1 INVITE")
    let place = try #require(bytes.firstRange(of: Array("Alice".utf8)))
    bytes[place.lowerBound] = 0xff
    let record = try #require(decode(alice(bytes)).records.first)
    #expect(record.text("fromName") == "\u{fffd}lice")
    #expect(record.text("fromNameHex") == "ff6c696365")
  }

  @Test func knowsRetransmissions() {
    let invite = inCall("INVITE sip:bob@example.net SIP/2.0", "1 INVITE", toTag: false)
    let ringing = inCall("SIP/2.0 180 Ringing", "1 INVITE")
    let again = inCall("INVITE sip:bob@example.net SIP/2.0", "2 INVITE", toTag: false, branch: "z9hG4bK2")
    let outcome = decode(alice(invite), alice(invite), bob(ringing), bob(ringing), alice(again), bob(invite))
    #expect(outcome.records.map { $0.flag("isRetransmission") } == [false, true, false, true, false, false])
    #expect(outcome.signals.map(\.transaction) == [1, 1, 2, 1])
  }

  @Test func storesTextMessages() throws {
    let outcome = decode(
      alice(
        inCall("MESSAGE sip:bob@example.net SIP/2.0", "1 MESSAGE", body: "Hello, Bob", type: "text/plain;charset=utf-8")
      ))
    let record = try #require(outcome.records.first)
    #expect(record.text("text") == "Hello, Bob")
    #expect(record.text("mediaType") == "text/plain")
    #expect(record.text("bodySha256") != nil)
    let content = try #require(outcome.contents.first)
    #expect(content.description.role == "sip body")
    #expect(content.description.parameters == "charset=utf-8")
    #expect(content.bytes == Array("Hello, Bob".utf8))
    #expect(content.isWhole)
  }

  @Test func storesOtherBodies() {
    let outcome = decode(
      alice(
        inCall("INFO sip:b@x SIP/2.0", "2 INFO", body: "Signal=5\r\nDuration=160\r\n", type: "application/dtmf-relay")))
    #expect(outcome.contents.map(\.description.mediaType) == ["application/dtmf-relay"])
    #expect(outcome.records.first?.text("text") == nil)
  }

  @Test func leavesCodingsToTheHost() {
    let outcome = decode(
      alice(
        inCall(
          "MESSAGE sip:b@x SIP/2.0", "2 MESSAGE", more: ["e: identity, gzip"], body: "\u{1f}\u{8b}x", type: "text/plain"
        )))
    #expect(outcome.contents.first?.description.codings == [.gzip])
    #expect(outcome.records.first?.text("text") == nil)
  }

  @Test func findsTheDescriptionAmongParts() throws {
    let body =
      "preamble\r\n--=_b\r\nContent-Type: application/isup;version=itu-t92+\r\n\r\n\u{1}\u{0}I\r\n--=_b\r\n"
      + "c: multipart/alternative; boundary=inner\r\n\r\n--inner\r\nContent-Type: Application/SDP\r\n\r\n"
      + description("192.0.2.9", 4_000) + "\r\n--inner--\r\n--=_b--\r\n"
    let outcome = decode(
      alice(inCall("INVITE sip:b@x SIP/2.0", "1 INVITE", body: body, type: "multipart/mixed; boundary=\"=_b\"")))
    #expect(outcome.contents.map(\.bytes) == [Array(body.utf8)])
    #expect(outcome.contents.first?.description.parameters == "boundary=\"=_b\"")
    #expect(outcome.signals.first?.media.first?.receivesAt.description == "192.0.2.9:4000")
    #expect(outcome.records.first?.list("sdp").count == 1)
    #expect(outcome.findings.isEmpty)
  }

  @Test func notesAMultipartWithoutABoundary() {
    let outcome = decode(alice(inCall("INVITE sip:b@x SIP/2.0", "1 INVITE", body: "--b\r\n", type: "multipart/mixed")))
    #expect(outcome.codes == ["sip/malformedMultipart"])
    #expect(outcome.contents.count == 1)
  }

  @Test func looksIntoThreeLevelsOfPartsOnly() {
    let nested = { (depth: Int) in
      (0..<depth).reversed().reduce(description("192.0.2.9", 4_000)) { inner, level in
        "--b\(level)\r\nContent-Type: "
          + (level + 1 < depth ? "multipart/mixed;boundary=b\(level + 1)" : "application/sdp")
          + "\r\n\r\n\(inner)\r\n--b\(level)--\r\n"
      }
    }
    for (depth, count) in [(1, 1), (3, 1), (4, 0)] {
      let outcome = decode(
        alice(inCall("INVITE sip:b@x SIP/2.0", "1 INVITE", body: nested(depth), type: "multipart/mixed;boundary=b0")))
      #expect(outcome.signals.first?.media.count == count, "\(depth)")
    }
  }

  @Test func forgetsTheOldestOfManyMessages() {
    let options = { (call: Int) in alice(inCall("OPTIONS sip:b@x SIP/2.0", "1 OPTIONS", callID: "\(call)")) }
    let steps = (0..<2_049).map(options) + [options(2_048), options(0)]
    let flags = run(SIPDecoder(), on: steps, over: datagrams).records.map { $0.flag("isRetransmission") }
    #expect(flags.suffix(2) == [true, false])
    #expect(flags.dropLast(2).allSatisfy { $0 == false })
  }
}
