import DecoderKit
import DecoderTesting
import SIPDecoder
import Testing

/// Transfers (RFC 3515, RFC 3891, RFC 5589), conferences (RFC 4579), and messages that come again.
@Suite struct TransferTests {
  @Test func tellsATransferAndHowItGoes() throws {
    let fragment = "message/sipfrag;version=2.0"
    let outcome = decode(
      alice(inCall("INVITE sip:bob@example.net SIP/2.0", "1 INVITE", toTag: false)),
      bob(inCall("SIP/2.0 200 OK", "1 INVITE")),
      alice(
        inCall(
          "REFER sip:bob@example.net SIP/2.0", "2 REFER",
          more: [
            "Refer-To: <sip:carol@example.com?Replaces=425928%40example.com%3Bto-tag%3D7743%3Bfrom-tag%3D6472>",
            "Referred-By: <sip:alice@example.org>",
          ])),
      bob(inCall("SIP/2.0 202 Accepted", "2 REFER")),
      bob(
        inCall(
          "NOTIFY sip:alice@example.org SIP/2.0", "50 NOTIFY", from: false,
          more: ["Event: refer", "Subscription-State: active;expires=60"], body: "SIP/2.0 100 Trying\r\n",
          type: fragment)),
      alice(inCall("SIP/2.0 200 OK", "50 NOTIFY", from: false)),
      bob(
        inCall(
          "NOTIFY sip:alice@example.org SIP/2.0", "51 NOTIFY", from: false,
          more: ["Event: refer", "Subscription-State: terminated;reason=noresource"],
          body: "SIP/2.0 603 Declined\r\nTo: <sip:carol@example.com>\r\n", type: fragment)))
    #expect(
      outcome.steps == [
        .invited, .answered, .transferRequested, .transferAccepted, .transferProgress, .transferProgress,
      ])
    #expect(outcome.signals.map(\.isFromCaller) == [true, false, true, false, false, false])
    let request = outcome.signals[2]
    #expect(request.target == "sip:carol@example.com")
    #expect(request.replaces == "425928@example.com")
    #expect(request.referredBy == "sip:alice@example.org")
    #expect(outcome.signals.map(\.statusCode) == [0, 200, 0, 202, 100, 603])
    #expect(outcome.signals.last?.reason == "Declined")
  }

  @Test func tellsARefusedTransfer() {
    let outcome = decode(
      alice(inCall("REFER sip:b@x SIP/2.0", "2 REFER", more: ["r: \"Carol\" <sip:carol@example.com;transport=tcp>"])),
      bob(inCall("SIP/2.0 100 Trying", "2 REFER")), bob(inCall("SIP/2.0 603 Declined", "2 REFER")))
    #expect(outcome.steps == [.transferRequested, .transferRefused])
    #expect(outcome.signals.first?.target == "sip:carol@example.com;transport=tcp")
    #expect(outcome.signals.first?.replaces == "")
  }

  @Test(arguments: ["SIP/2.0", "INVITE sip:a@b SIP/2.0", "", "SIP/2.0 2x0 OK", "\u{0}\u{ff}"])
  func tellsNoProgressByFragmentsThatAreNoStatus(_ text: String) {
    let outcome = decode(bob(inCall("NOTIFY sip:a@x SIP/2.0", "5 NOTIFY", body: text, type: "message/sipfrag")))
    #expect(outcome.steps.isEmpty)
    #expect(outcome.records.count == 1)
  }

  @Test func tellsWhichCallANewOneReplaces() {
    let outcome = decode(
      alice(
        inCall(
          "INVITE sip:b@x SIP/2.0", "1 INVITE", toTag: false,
          more: ["Replaces: 98asjd8@example.com;to-tag=12345;from-tag=54321", "b: <sip:carol@example.com>;cid=x"])))
    #expect(outcome.signals.first?.replaces == "98asjd8@example.com")
    #expect(outcome.signals.first?.referredBy == "sip:carol@example.com")
  }

  @Test(arguments: [
    ("<sip:conf@example.com;isfocus>", false), ("<sip:conf@example.com>;isfocus", true),
    ("<sip:conf@example.com>;expires=60;IsFocus", true), ("\"a;isfocus\" <sip:a@b>", false), ("sip:a@b;isfocus", true),
    ("<sip:a@b>;isfocused", false), ("<sip:a@b>", false), (";;;", false), ("", false),
  ])
  func knowsTheCentreOfAConference(_ contact: String, _ isFocus: Bool) {
    let outcome = decode(bob(inCall("SIP/2.0 200 OK", "1 INVITE", more: ["Contact: \(contact)"])))
    #expect(outcome.signals.map(\.isFocus) == [isFocus])
  }

  @Test func keepsOddEscapesOfAReferenceAsTheyStand() {
    let outcome = decode(
      alice(inCall("REFER sip:b@x SIP/2.0", "2 REFER", more: ["Refer-To: <sip:c@d?x=y&Replaces=a%4&z>"])),
      alice(inCall("REFER sip:b@x SIP/2.0", "3 REFER", more: ["Refer-To: <sip:c@d?>"])),
      alice(inCall("REFER sip:b@x SIP/2.0", "4 REFER", more: ["Refer-To:"])))
    #expect(outcome.signals.map(\.replaces) == ["a%4", "", ""])
    #expect(outcome.signals.map(\.target) == ["sip:c@d", "sip:c@d", ""])
  }

  @Test func tellsARefusedUpdateWithoutEndingTheCall() {
    let outcome = decode(
      alice(inCall("UPDATE sip:b@x SIP/2.0", "3 UPDATE", body: description("192.0.2.1", 4_000))),
      bob(inCall("SIP/2.0 491 Request Pending", "3 UPDATE")))
    #expect(outcome.steps == [.invited, .mediaRefused])
  }

  @Test func tellsARetransmittedInvitationOnce() {
    let invite = inCall("INVITE sip:bob@example.net SIP/2.0", "1 INVITE", toTag: false)
    let ringing = inCall("SIP/2.0 180 Ringing", "1 INVITE")
    let outcome = decode(alice(invite), alice(invite), alice(invite), bob(ringing), bob(ringing))
    #expect(outcome.steps == [.invited, .ringing])
    #expect(outcome.records.count == 5)
  }
}
