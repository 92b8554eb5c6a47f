import DecoderKit
import DecoderTesting
import SIPDecoder
import Testing

@Suite struct DamageTests {
  @Test func keepsWhatCameBeforeTheCutOfADatagram() {
    let whole = inCall("INVITE sip:b@x SIP/2.0", "1 INVITE", body: description("192.0.2.1", 4_000))
    let inBody = decode(alice(Array(whole.dropLast(8))))
    #expect(inBody.codes == ["sip/bodyCut"])
    #expect(inBody.signals.first?.media.count == 1)
    let inHead = decode(alice(Array(whole.prefix(120))))
    #expect(inHead.codes == ["sip/headCut", "sip/missingHeader"])
    #expect(inHead.records.first?.text("from") == "sip:alice@example.org")
  }

  @Test func notesBytesBehindAMessage() {
    let outcome = decode(alice(inCall("BYE sip:b@x SIP/2.0", "1 BYE") + [0x41]))
    #expect(outcome.codes == ["sip/trailingBytes"])
    #expect(decode(alice(inCall("BYE sip:b@x SIP/2.0", "1 BYE") + [0x0d, 0x0a])).findings.isEmpty)
  }

  @Test func readsADescriptionBehindItsAnnouncedLength() {
    let text =
      "INVITE sip:b@x SIP/2.0\r\nv: h\r\nf: a\r\nt: b\r\ni: c\r\nCSeq: 1 INVITE\r\nc: application/sdp\r\nl: 20\r\n\r\n"
      + description("192.0.2.1", 4_000)
    let outcome = decode(alice(Array(text.utf8)))
    #expect(outcome.codes == ["sip/trailingBytes"])
    #expect(outcome.signals.first?.media.first?.receivesAt.description == "192.0.2.1:4000")
  }

  @Test func notesALengthThatIsNoNumber() {
    let text = "BYE sip:b@x SIP/2.0\r\nv: h\r\nf: a\r\nt: b\r\ni: c\r\nCSeq: 1 BYE\r\nContent-Length: -1\r\n\r\nrest"
    let outcome = decode(alice(Array(text.utf8)))
    #expect(outcome.codes == ["sip/oddContentLength"])
    #expect(outcome.contents.first?.bytes == Array("rest".utf8))
  }

  @Test func notesLinesThatAreNoHeaders() {
    let text = "BYE sip:b@x SIP/2.0\r\nv: h\r\nnonsense\r\nf: a\r\nt: b\r\ni: c\r\nCSeq: 1 BYE\r\n\r\n"
    #expect(decode(alice(Array(text.utf8))).codes == ["sip/oddLine"])
  }

  @Test func readsAnAddressWhoseQuoteNeverCloses() {
    let text = "BYE sip:b@x SIP/2.0\r\nv: h\r\nf: \"Al <sip:a@x>;tag=1\r\nt: b\r\ni: c\r\nCSeq: 1 BYE\r\n\r\n"
    #expect(decode(alice(Array(text.utf8))).records.first?.text("from") == "sip:a@x")
  }

  @Test func throwsWhatIsNoMessage() {
    #expect(decode(alice(Array("INVITE nothing\r\n\r\n".utf8))).failure?.field == "request line")
    #expect(decode(alice(Array("SIP/2.0 2\r\n\r\n".utf8))).failure?.field == "status code")
  }

  @Test func survivesEveryCutAndChangeOfDatagrams() {
    checkTotality(
      of: SIPDecoder(),
      on: [
        alice(
          Array(
            "INVITE sip:b SIP/2.0\r\nv:x;branch=1,y\r\ni:1\r\nf:\"\\a\" <a>;tag=1\r\nt:b\r\nCSeq:1 INVITE\r\nc:application/sdp\r\n\r\nv=0\r\nm=a 9 b 0\r\nc=IN IP4 h\r\na=rtpmap:0 P/8\r\n"
              .utf8)),
        bob(
          Array(
            "SIP/2.0 200 O\r\ni:1\r\nCSeq:1 INVITE\r\nf:<a>;tag=1\r\nc:multipart/a;boundary=b\r\nl:46\r\n\r\n--b\r\nc:application/sdp\r\n\r\nm=a 9 b\r\n--b--\r\n"
              .utf8)),
      ], over: datagrams)
  }
}
