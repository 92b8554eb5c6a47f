import DecoderKit
import DecoderTesting
import SIPDecoder
import Testing

@Suite struct CallTests {
  @Test func tellsACallFromInviteToBye() throws {
    let outcome = run(SIPDecoder(), on: try conversation("call"), over: datagrams)
    #expect(
      outcome.steps == [.invited, .proceeding, .ringing, .earlyMedia, .answered, .invited, .answered, .ended])
    #expect(outcome.signals.map(\.isFromCaller) == [true, false, false, false, false, false, true, false])
    for signal in outcome.signals {
      #expect(signal.signalling == "sip")
      #expect(signal.caller == "sip:alice@example.org")
      #expect(signal.callerName == "Alice")
      #expect(signal.called == "sip:bob@example.net")
      #expect(signal.callerTag == "a")
    }
    #expect(outcome.signals.map(\.calledTag) == ["", "", "b", "b", "b", "b", "b", "b"])
    #expect(outcome.signals.map(\.statusCode) == [0, 100, 180, 180, 200, 0, 200, 0])
    #expect(
      outcome.signals.map { $0.media.first?.receivesAt.description } == [
        "192.0.2.1:4000", nil, nil, "198.51.100.7:5000", "198.51.100.7:5000", "198.51.100.7:5002", "192.0.2.1:4000",
        nil,
      ])
    #expect(outcome.signals.first?.source == aliceEndpoint)
    #expect(outcome.signals.last?.source == bobEndpoint)
    #expect(outcome.signals.last?.destination == aliceEndpoint)
    #expect(outcome.findings.isEmpty)
  }

  @Test func tellsRefusalAndChallenge() {
    let outcome = decode(
      alice(inCall("INVITE sip:bob@example.net SIP/2.0", "1 INVITE", toTag: false)),
      bob(inCall("SIP/2.0 407 Proxy Authentication Required", "1 INVITE")),
      alice(inCall("INVITE sip:bob@example.net SIP/2.0", "2 INVITE", toTag: false, branch: "z9hG4bK2")),
      bob(inCall("SIP/2.0 486 Busy Here", "2 INVITE", branch: "z9hG4bK2")))
    #expect(outcome.steps == [.invited, .rejected, .invited, .rejected])
    #expect(outcome.signals.map(\.statusCode) == [0, 407, 0, 486])
    #expect(outcome.signals.last?.reason == "Busy Here")
  }

  @Test func tellsThatTheCallerGaveUp() {
    let outcome = decode(
      alice(inCall("INVITE sip:bob@example.net SIP/2.0", "1 INVITE", toTag: false)),
      bob(inCall("SIP/2.0 182 Queued", "1 INVITE")),
      alice(inCall("CANCEL sip:bob@example.net SIP/2.0", "1 CANCEL", toTag: false)),
      bob(inCall("SIP/2.0 200 OK", "1 CANCEL")),
      bob(inCall("SIP/2.0 487 Request Terminated", "1 INVITE")))
    #expect(outcome.steps == [.invited, .ringing, .cancelled, .rejected])
    #expect(outcome.signals.last?.statusCode == 487)
  }

  @Test func tellsEarlyMedia() {
    let outcome = decode(
      bob(inCall("SIP/2.0 183 Session Progress", "1 INVITE", body: description("198.51.100.7", 5_000))))
    #expect(outcome.steps == [.earlyMedia])
    #expect(outcome.signals.first?.isFromCaller == false)
    #expect(outcome.signals.first?.media.count == 1)
  }

  @Test func takesMediaOfOtherRequests() {
    let sdp = description("192.0.2.1", 4_000)
    let outcome = decode(
      alice(inCall("INVITE sip:b@x SIP/2.0", "1 INVITE", toTag: false)),
      alice(inCall("PRACK sip:b@x SIP/2.0", "2 PRACK", body: sdp)),
      bob(inCall("SIP/2.0 200 OK", "2 PRACK", body: sdp)),
      alice(inCall("UPDATE sip:b@x SIP/2.0", "3 UPDATE", body: sdp)),
      bob(inCall("SIP/2.0 200 OK", "3 UPDATE", body: sdp)),
      alice(inCall("ACK sip:b@x SIP/2.0", "1 ACK", body: sdp)),
      alice(inCall("UPDATE sip:b@x SIP/2.0", "4 UPDATE")), alice(inCall("ACK sip:b@x SIP/2.0", "4 ACK")))
    #expect(outcome.steps == [.invited, .earlyMedia, .earlyMedia, .invited, .earlyMedia, .answered])
    #expect(outcome.signals.map(\.isFromCaller) == [true, true, false, true, false, true])
  }

  @Test func takesTheSenderAsCallerWhenTheBeginningIsMissing() {
    let outcome = decode(bob(inCall("BYE sip:alice@x SIP/2.0", "9 BYE", from: false)))
    #expect(outcome.signals.first?.isFromCaller == true)
    #expect(outcome.signals.first?.callerTag == "b")
  }

  @Test func remembersManyCallsAtOnce() {
    var steps = (0..<9_000).map {
      alice(inCall("INVITE sip:bob@example.net SIP/2.0", "1 INVITE", toTag: false, callID: "call-\($0)"))
    }
    steps.append(bob(inCall("BYE sip:alice@x SIP/2.0", "9 BYE", from: false, callID: "call-8999")))
    steps.append(bob(inCall("BYE sip:alice@x SIP/2.0", "9 BYE", from: false, callID: "call-0")))
    let outcome = run(SIPDecoder(), on: steps, over: datagrams)
    #expect(outcome.signals.suffix(2).map(\.isFromCaller) == [false, true])
  }

  @Test func tellsNothingOfACallWithoutAnIdentifier() {
    let outcome = decode(alice(message(["BYE sip:b@x SIP/2.0", "CSeq: 1 BYE"])))
    #expect(outcome.signals.isEmpty)
    #expect(outcome.codes == ["sip/missingHeader"])
    #expect(outcome.findings.first?.fields["headers"] == .list(["Call-ID", "From", "To", "Via"]))
  }

  @Test func tellsKeysOfInfoRequests() {
    let relay = "application/dtmf-relay"
    let outcome = decode(
      alice(inCall("INVITE sip:b@x SIP/2.0", "1 INVITE", toTag: false)),
      alice(inCall("INFO sip:b@x SIP/2.0", "2 INFO", body: "Signal=5\r\nDuration=160\r\n", type: relay)),
      bob(inCall("SIP/2.0 200 OK", "2 INFO")),
      alice(inCall("INFO sip:b@x SIP/2.0", "3 INFO", body: "signal = 11\n", type: relay)),
      bob(inCall("INFO sip:a@x SIP/2.0", "4 INFO", from: false, body: "*", type: "application/dtmf")),
      alice(inCall("INFO sip:b@x SIP/2.0", "5 INFO", body: "Signal=55\r\n", type: relay)),
      alice(inCall("INFO sip:b@x SIP/2.0", "6 INFO", body: "Signal=", type: relay)),
      alice(inCall("INFO sip:b@x SIP/2.0", "7 INFO", body: "5", type: "text/plain")))
    #expect(outcome.steps == [.invited, .keyPressed, .keyPressed, .keyPressed])
    #expect(outcome.signals.map(\.key) == ["", "5", "#", "*"])
    #expect(outcome.signals.map(\.isFromCaller) == [true, true, true, false])
    let keys = outcome.records.compactMap { $0.text("key") }
    #expect(keys == ["5", "#", "*"])
    #expect(outcome.records.compactMap { $0.number("keyMilliseconds") } == [160])
  }

  @Test func keepsTheKeysOfMediaOutOfRecords() {
    let secret = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
    let sdp = description("192.0.2.1", 4_000) + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 \(secret)\r\n"
    let outcome = decode(alice(inCall("INVITE sip:b@x SIP/2.0", "1 INVITE", toTag: false, body: sdp)))
    #expect(outcome.signals.first?.media.first?.securityDescriptions == ["1 AES_CM_128_HMAC_SHA1_80 \(secret)"])
    for record in outcome.records {
      #expect(!CanonicalJSON.text(.object(record.fields)).contains("WVNfX19z"))
    }
  }
}
