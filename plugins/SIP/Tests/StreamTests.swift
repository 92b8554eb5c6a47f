import DecoderKit
import DecoderTesting
import SIPDecoder
import Testing

@Suite struct StreamTests {
  private let invite = inCall(
    "INVITE sip:bob@example.net SIP/2.0", "1 INVITE", toTag: false, body: description("192.0.2.1", 4_000))
  private let bye = inCall("BYE sip:bob@example.net SIP/2.0", "2 BYE")

  @Test func readsTwoMessagesInOneSegmentAndOneInTwo() throws {
    let keepAlive = Array("\r\n\r\n".utf8)
    let outcome = decodeStream(
      alice(keepAlive + invite + bye + Array(invite.prefix(50))), bob(keepAlive), alice(Array(invite.dropFirst(50))))
    #expect(outcome.records.map { $0.text("method") } == ["INVITE", "BYE", "INVITE"])
    #expect(outcome.records.map { $0.flag("isRetransmission") } == [false, false, true])
    #expect(outcome.steps == [.invited, .ended])
    #expect(outcome.signals.first?.media.count == 1)
    #expect(outcome.findings.isEmpty)
    #expect(outcome.unconsumed.values.allSatisfy { $0 == 0 })
  }

  @Test func findsTheNextMessageBehindAGap() {
    let outcome = decodeStream(
      alice(Array(invite.prefix(40))), .gap(500, from: .initiator), alice(Array("Content-Le\r\nx: y\r\n".utf8) + bye))
    #expect(outcome.records.map { $0.text("method") } == ["BYE"])
    #expect(outcome.codes == ["sip/passedOver"])
  }

  @Test func keepsAHeadWhoseBodyIsLostInAGap() {
    let outcome = decodeStream(
      alice(Array(invite.dropLast(20))), .gap(20, from: .initiator), alice(bye))
    #expect(outcome.records.map { $0.text("method") } == ["INVITE", "BYE"])
    #expect(outcome.codes == ["sip/bodyCut"])
    #expect(outcome.steps == [.invited, .ended])
    // The record stands where the head was seen.
    #expect(outcome.records.first?.trace.first == CaptureTime(nanoseconds: 1_000_000_000))
  }

  @Test func keepsAHeadWhoseBodyNeverCame() {
    for end in [ConversationStep.end(.finished, of: .initiator), .end(.reset, of: .responder)] {
      let outcome = decodeStream(alice(Array(invite.dropLast(1))), end)
      #expect(outcome.records.map { $0.text("method") } == ["INVITE"])
      #expect(outcome.codes == ["sip/bodyCut"])
    }
  }

  @Test func findsTheNextMessageBehindAHeadThatCannotBeRead() {
    let long = Array(("INVITE sip:" + String(repeating: "a", count: 3_000) + " HTTP/1.1\r\nA: b\r\n\r\n").utf8)
    let outcome = decodeStream(alice(Array(long.prefix(2_500))), alice(Array(long.dropFirst(2_500)) + bye))
    #expect(outcome.records.map { $0.text("method") } == ["BYE"])
    #expect(outcome.codes == ["sip/passedOver"])
  }

  @Test func findsTheNextMessageBehindAHeadWithTooManyHeaders() {
    let head = "INVITE sip:b@x SIP/2.0\r\n" + String(repeating: "a: b\r\n", count: 2_001) + "\r\n"
    let outcome = decodeStream(alice(Array(head.utf8) + bye))
    #expect(outcome.records.map { $0.text("method") } == ["BYE"])
    #expect(outcome.codes == ["sip/malformedHead", "sip/passedOver"])
  }

  @Test func looksNoFurtherThanItsLimitForALineEnd() {
    let outcome = decodeStream(
      alice(Array("x\r\n".utf8)), alice([UInt8](repeating: 0x61, count: 70_000)), alice(Array("\n".utf8) + bye))
    #expect(outcome.records.map { $0.text("method") } == ["BYE"])
    #expect(outcome.codes == ["sip/passedOver"])
  }

  @Test func passesOverABodyBeyondTheLimit() {
    let head = Array(
      "MESSAGE sip:b@x SIP/2.0\r\nv: SIP/2.0/TCP h\r\nf: <sip:a@x>\r\nt: <sip:b@x>\r\ni: c\r\nCSeq: 1 MESSAGE\r\nl: 1048577\r\n\r\n"
        .utf8)
    let outcome = decodeStream(
      alice(head + [UInt8](repeating: 0x61, count: 1_000_000)), .gap(8_577, from: .initiator),
      alice([UInt8](repeating: 0x61, count: 40_000) + bye))
    #expect(outcome.records.map { $0.text("method") } == ["MESSAGE", "BYE"])
    #expect(outcome.codes == ["sip/bodyLimit"])
  }

  @Test func readsAStreamByteByByte() {
    let outcome = run(SIPDecoder(), on: (invite + bye).map { alice([$0]) }, over: stream)
    #expect(outcome.records.map { $0.text("method") } == ["INVITE", "BYE"])
    #expect(outcome.findings.isEmpty)
  }

  @Test func survivesEveryCutAndChange() {
    checkTotality(
      of: SIPDecoder(),
      on: [
        alice(
          Array(
            "\r\nINVITE sip:b SIP/2.0\r\nv:x\r\ni:1\r\nf:<a>;tag=1\r\nt:b\r\nCSeq:1 INVITE\r\nl:22\r\n\r\nc=IN IP4 1.2\r\nm=a 9 b"
              .utf8)),
        bob(Array("SIP/2.0 200 O\r\ni:1\r\nCSeq:1 INVITE\r\nf:<a>;tag=1\r\nl:0\r\n\r\n".utf8)),
        .end(.finished, of: .initiator),
      ], over: stream)
  }
}
