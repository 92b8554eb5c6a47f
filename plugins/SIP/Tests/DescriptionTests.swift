import DecoderKit
import DecoderTesting
import SIPDecoder
import Testing

@Suite struct DescriptionTests {
  private func offer(_ lines: [String]) -> DecodingOutcome {
    decode(alice(inCall("INVITE sip:b@x SIP/2.0", "1 INVITE", body: lines.joined(separator: "\r\n") + "\r\n")))
  }

  private func media(_ lines: [String]) -> [MediaOffer] { offer(lines).signals.first?.media ?? [] }

  @Test func readsSeveralMediaWithTheirOwnAddresses() throws {
    let outcome = offer([
      "v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.10", "t=0 0", "a=sendonly", "a=ptime:30",
      "m=audio 4000/2 RTP/AVP 0 18 96 101", "a=rtpmap:96 opus/48000/2", "a=fmtp:96 useinbandfec=1; stereo=1",
      "a=rtpmap:101 telephone-event/8000", "a=ptime:20", "a=rtcp:4001", "a=candidate:1 1 UDP 1 10.0.0.1 9 typ host",
      "m=video 5000 RTP/SAVP 97", "c=IN IP6 2001:db8::1", "a=rtpmap:97 H264/90000", "a=recvonly",
      "m=image 0 udptl t38", "a=inactive",
    ])
    let media = try #require(outcome.signals.first?.media)
    #expect(media.map(\.kind) == ["audio", "video", "image"])
    #expect(media.map(\.receivesAt.description) == ["192.0.2.10:4000", "[2001:db8::1]:5000", "192.0.2.10:0"])
    #expect(media.map(\.transport) == ["RTP/AVP", "RTP/SAVP", "udptl"])
    #expect(media.map(\.direction) == [.sendOnly, .receiveOnly, .inactive])
    #expect(media.map(\.index) == [0, 1, 2])
    #expect(media.first?.packetTime == 20)
    #expect(
      media.first?.payloads == [
        .init(type: 0, encoding: "PCMU", clockRate: 8_000), .init(type: 18, encoding: "G729", clockRate: 8_000),
        .init(type: 96, encoding: "OPUS", clockRate: 48_000, channels: 2, parameters: "useinbandfec=1; stereo=1"),
        .init(type: 101, encoding: "TELEPHONE-EVENT", clockRate: 8_000),
      ])
    guard case .object(let shown) = outcome.records.first?.list("sdp").first else {
      Issue.record("no media in the record")
      return
    }
    #expect(shown["direction"] == "sendonly")
    #expect(shown["address"] == "192.0.2.10")
    #expect(shown["port"] == 4_000)
    #expect(outcome.contents.isEmpty)
    #expect(outcome.findings.isEmpty)
  }

  @Test func keepsTheAddressOfZerosThatMeansHold() {
    let offers = media(["v=0", "c=IN IP4 0.0.0.0", "m=audio 4000 RTP/AVP 0"])
    #expect(offers.map(\.receivesAt.description) == ["0.0.0.0:4000"])
  }

  @Test func takesTheSendersAddressForAName() {
    let outcome = offer(["v=0", "c=IN IP4 media.example.org", "m=audio 4000 RTP/AVP 0"])
    #expect(outcome.signals.first?.media.first?.receivesAt == Endpoint(aliceEndpoint.address, port: 4_000))
    #expect(outcome.codes == ["sip/namedMediaHost"])
    #expect(outcome.findings.first?.fields["host"] == "media.example.org")
    #expect(outcome.findings.first?.severity == .notice)
  }

  @Test func givesLinesOfAnUnreadableMediumToNobody() {
    let outcome = offer([
      "v=0", "c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0", "m=video 70000 RTP/AVP 97", "c=IN IP4 192.0.2.66",
      "a=inactive", "m=audio 4004 RTP/AVP 8",
    ])
    let media = outcome.signals.first?.media ?? []
    #expect(media.map(\.receivesAt.description) == ["192.0.2.1:4000", "192.0.2.1:4004"])
    #expect(media.map(\.direction) == [.sendReceive, .sendReceive])
    #expect(media.map(\.index) == [0, 2])
    #expect(outcome.codes == ["sip/malformedDescription"])
  }

  @Test func readsALineFeedForALineEndAndADescriptionWithoutAType() {
    let body = "v=0\nc=IN IP4 192.0.2.1/127\nm=audio 4000 RTP/AVP 0\n"
    let text = "INVITE sip:b@x SIP/2.0\nv: SIP/2.0/UDP h\nf: <sip:a@x>\nt: <sip:b@x>\ni: c\nCSeq: 1 INVITE\n\n" + body
    let outcome = decode(alice(Array(text.utf8)))
    #expect(outcome.signals.first?.media.first?.receivesAt.description == "192.0.2.1:4000")
    #expect(outcome.findings.isEmpty)
  }

  @Test func tellsWhereBundledMediaGoTogether() throws {
    // As browsers write it: only the first medium has an address.
    let outcome = offer([
      "v=0", "a=group:BUNDLE 0 1 2", "m=audio 4000 RTP/AVPF 111", "c=IN IP4 192.0.2.1", "a=mid:0",
      "m=video 9 RTP/AVPF 96 97", "c=IN IP4 0.0.0.0", "a=mid:1", "a=ssrc-group:FID 1 2", "a=ssrc-group:SIM 1 3",
      "a=ssrc-group:FID 4294967296 2", "m=video 0 RTP/AVPF 98", "c=IN IP4 0.0.0.0", "a=bundle-only", "a=mid:2",
      "m=audio 5000 RTP/AVP 0", "c=IN IP4 192.0.2.1", "a=mid:3",
    ])
    let media = try #require(outcome.signals.first?.media)
    let shared = Endpoint(InternetAddress(version4: 0xc000_0201), port: 4_000)
    #expect(media.map(\.bundledAt) == [nil, shared, shared, nil])
    #expect(media.map(\.endpoints) == [[shared], [shared], [shared], [media[3].receivesAt]])
    #expect(media.map(\.hasEndpoint) == [true, true, true, true])
    #expect(media[1].repairs == [.init(original: 1, repair: 2)])
    // What stands in the description stays as it is.
    #expect(media[1].receivesAt.description == "0.0.0.0:9")
    // Media that may also come at their own ports.
    let both = self.media([
      "v=0", "c=IN IP4 192.0.2.1", "a=group:BUNDLE a b nobody", "m=audio 4000 RTP/AVP 0", "a=mid:a",
      "m=video 4002 RTP/AVP 96", "a=mid:b",
    ])
    #expect(both.map { $0.endpoints.map(\.port) } == [[4_000], [4_002, 4_000]])
    let none = self.media(["v=0", "c=IN IP4 0.0.0.0", "a=group:BUNDLE a", "m=audio 9 RTP/AVP 0", "a=mid:a"])
    #expect(none.map(\.bundledAt) == [nil])
  }

  @Test func stopsAtTheLimitOfMedia() {
    let lines = ["v=0", "c=IN IP4 192.0.2.1"] + (1...80).map { "m=audio \($0) RTP/AVP 0" }
    let outcome = offer(lines)
    #expect(outcome.signals.first?.media.count == 64)
    #expect(outcome.codes == ["sip/mediaLimit"])
  }

  @Test func stopsAtTheLimitOfPayloadTypes() {
    let types = (0..<200).map { String($0 % 128) }.joined(separator: " ")
    let offers = media(["v=0", "c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP " + types])
    #expect(offers.first?.payloads.count == 128)
  }

  @Test func survivesNonsense() {
    let outcome = offer([
      "v=0", "c=", "c=IN", "m=", "m=audio", "m=audio x RTP/AVP 0", "m=audio 4000 RTP/AVP 300 -1 x 128 127",
      "a=rtpmap:", "a=rtpmap:127", "a=rtpmap:x y/z", "a=rtpmap:127 /", "a=fmtp:127", "a=ptime:999999", "a=", "x",
    ])
    #expect(outcome.signals.first?.media.map { $0.payloads.map(\.type) } == [[127]])
    #expect(outcome.codes == ["sip/malformedDescription"])
  }

  @Test func readsMessageSessionsAndTheirFiles() throws {
    let file = [
      "v=0", "o=- 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", "m=message 2855 TCP/MSRP *",
      "a=path:msrp://relay.example:2855/r1;tcp msrp://192.0.2.1:2855/s1;tcp", "a=sendonly",
      "a=file-selector:name:\"My %22plan%22.jpg\" type:image/jpeg size:4096 hash:sha-1:72:24:5F:E8",
      "a=file-transfer-id:vBnG916bdberum2fFEABR1FR3ExZMUrd", "m=message 0 TCP/MSRP *", "a=accept-types:*",
    ].joined(separator: "\r\n")
    let outcome = decode(alice(inCall("INVITE sip:bob@example.net SIP/2.0", "1 INVITE", toTag: false, body: file)))
    let sessions = outcome.all("sip/messageSession")
    #expect(sessions.map { $0.flag("isRefused") } == [false, true])
    let first = try #require(sessions.first)
    #expect(first.list("sessionPath").last == .text("msrp://192.0.2.1:2855/s1;tcp"))
    #expect(first.text("fileName") == "My \"plan\".jpg")
    #expect([first.text("fileMediaType"), first.text("direction")] == ["image/jpeg", "sendonly"])
    #expect(first.number("fileByteCount") == 4_096)
    #expect(first.list("fileHashes") == [.object(["algorithm": "sha-1", "digest": "72245fe8"])])
    #expect(first.text("callID") == "call-1" && first.text("method") == "INVITE")
  }

  @Test func namesWhoIsHeardInALabelledMedium() throws {
    let media = description("192.0.2.1", 4_000) + "a=label:96\r\nm=audio 4002 RTP/AVP 8\r\na=label:97\r\n"
    let metadata = """
      <recording xmlns='urn:ietf:params:xml:ns:recording:1'><datamode>complete</datamode>
      <participant participant_id='p1'><nameID aor='sip:robin@pier.example'><name>Robin</name></nameID></participant>
      <participant participant_id='p2'><nameID aor='sip:kim@pier.example'/></participant>
      <stream stream_id='s1' session_id='c1'><label>96</label></stream>
      <stream stream_id='s2' session_id='c1'><label>97</label></stream>
      <participantstreamassoc participant_id='p1'><send>s2</send></participantstreamassoc>
      <participantstreamassoc participant_id='p2'><send>s1</send></participantstreamassoc></recording>
      """
    let change = """
      <recording xmlns='urn:ietf:params:xml:ns:recording:1'><datamode>partial</datamode>
      <participant participant_id='p2'><nameID aor='sip:lee@pier.example'/></participant></recording>
      """
    let parts = { (xml: String) in
      "--b\r\nContent-Type: application/sdp\r\n\r\n\(media)\r\n--b\r\n"
        + "Content-Type: application/rs-metadata+xml\r\n\r\n\(xml)\r\n--b--\r\n"
    }
    let type = "multipart/mixed; boundary=b"
    let outcome = decode(
      alice(
        inCall("INVITE sip:bob@example.net SIP/2.0", "1 INVITE", toTag: false, body: parts(metadata), type: type)),
      alice(
        inCall("INVITE sip:bob@example.net SIP/2.0", "2 INVITE", branch: "z9hG4bK2", body: parts(change), type: type)),
      alice(
        inCall(
          "INVITE sip:bob@example.net SIP/2.0", "3 INVITE", branch: "z9hG4bK3", body: parts("<recording>"), type: type))
    )
    let named = outcome.signals.map { $0.media.map { $0.participants.map(\.address) } }
    #expect(named.first == [["sip:kim@pier.example"], ["sip:robin@pier.example"]])
    #expect(named.dropFirst().first == [["sip:lee@pier.example"], ["sip:robin@pier.example"]])
    #expect(outcome.signals.first?.media.last?.participants.first?.name == "Robin")
    #expect(outcome.all("sip/recording").map { $0.flag("isComplete") } == [true, false])
    #expect(outcome.codes == ["sip/malformedRecording"])
  }

  @Test func saysWhenWhatIsToldOfARecordingDescribesNoMedia() {
    let outcome = decode(
      alice(
        inCall(
          "UPDATE sip:bob@example.net SIP/2.0", "1 UPDATE",
          body: "<recording><participant participant_id='p1'/></recording>", type: "application/rs-metadata+xml")))
    #expect(outcome.all("sip/recording").count == 1)
    #expect(outcome.codes == ["sip/recordingWithoutMedia"])
  }

  @Test func boundsWhatOneRecordTells() throws {
    let sessions = { (count: Int, isOne: Bool) in
      (0..<count).map { "<session session_id='\(isOne ? 0 : $0)'/>" }.joined()
    }
    let people = { (count: Int) in
      (0..<count).map { "<participantsessionassoc session_id='0' participant_id='\($0)'/>" }.joined()
    }
    func record(_ content: String) throws -> Fields {
      let outcome = decode(
        alice(
          inCall(
            "UPDATE sip:bob@example.net SIP/2.0", "1 UPDATE", body: "<recording>\(content)</recording>",
            type: "application/rs-metadata+xml")))
      return try #require(outcome.all("sip/recording").first).fields
    }
    func objects(_ fields: Fields, _ name: String) -> [Fields] {
      guard case .list(let list)? = fields[name] else { return [] }
      return list.compactMap { if case .object(let entry) = $0 { entry } else { nil } }
    }
    let whole = try record(sessions(1, true) + people(500))
    #expect(whole["isCut"] == nil)
    #expect(objects(whole, "sessions").map { objects($0, "participants").count } == [500])
    let again = try record(sessions(500, true) + people(500))
    #expect(again["isCut"] == .boolean(true))
    #expect(objects(again, "sessions").map { objects($0, "participants").count } == [500])
    let many = try record(sessions(600, false) + people(600))
    #expect(many["isCut"] == .boolean(true))
    let streams = (0..<100).map { "<stream stream_id='\($0)'><label>\($0)</label></stream>" }.joined()
    let sent = (0..<100).map { "<send>\($0)</send>" }.joined()
    let crossed = try record(
      streams
        + (0..<20).map { "<participantstreamassoc participant_id='\($0)'>\(sent)</participantstreamassoc>" }.joined())
    #expect(crossed["isCut"] == .boolean(true))
    #expect(objects(crossed, "streams").reduce(0) { $0 + 1 + objects($1, "senders").count } == 1_024)
  }

  @Test func keepsWhoIsHeardUntilThatIsOver() {
    let metadata = { (mode: String, content: String) in
      "<recording xmlns='urn:ietf:params:xml:ns:recording:1'><datamode>\(mode)</datamode>\(content)</recording>"
    }
    let person = { (name: String) in
      "<participant participant_id='\(name)'><nameID aor='sip:\(name)@pier.example'/></participant>"
    }
    let heard = { (name: String, more: String) in
      "<participantstreamassoc participant_id='\(name)'><send>s1</send>\(more)</participantstreamassoc>"
    }
    let over = "<disassociate-time>2026-11-27T09:00:00Z</disassociate-time>"
    let documents = [
      metadata(
        "complete",
        person("robin") + "<stream stream_id='s1' session_id='c1'><label>96</label></stream>" + heard("robin", "")),
      metadata("partial", person("kim") + heard("kim", "")),
      metadata("partial", heard("robin", over)),
      metadata("partial", heard("kim", over) + heard("robin", over) + heard("robin", "")),
    ]
    let media = "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\na=label:96\r\n"
    let outcome = run(
      SIPDecoder(),
      on: documents.enumerated().map { place, xml in
        alice(
          inCall(
            "INVITE sip:bob@example.net SIP/2.0", "\(place + 1) INVITE", toTag: place > 0,
            branch: "z9hG4bK\(place + 1)",
            body: "--b\r\nContent-Type: application/sdp\r\n\r\n\(media)\r\n--b\r\n"
              + "Content-Type: application/rs-metadata+xml\r\n\r\n\(xml)\r\n--b--\r\n",
            type: "multipart/mixed; boundary=b"))
      }, over: datagrams)
    #expect(
      outcome.signals.map { $0.media.flatMap { $0.participants.map(\.address) } } == [
        ["sip:robin@pier.example"], ["sip:robin@pier.example", "sip:kim@pier.example"], ["sip:kim@pier.example"],
        ["sip:robin@pier.example"],
      ])
  }

  @Test func readsPagesWithTheirSender() throws {
    let cpim =
      "From: Robin <im:robin@pier.example>\r\nTo: <im:kim@pier.example>\r\nDateTime: 2026-11-27T09:00:00Z\r\n\r\n"
      + "Content-Type: text/plain\r\n\r\nAt nine."
    let composing =
      "<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'><state>idle</state></isComposing>"
    let outcome = decode(
      alice(
        inCall("MESSAGE sip:bob@example.net SIP/2.0", "1 MESSAGE", toTag: false, body: cpim, type: "message/cpim")),
      alice(
        inCall(
          "MESSAGE sip:bob@example.net SIP/2.0", "2 MESSAGE", toTag: false, branch: "z9hG4bK2", body: composing,
          type: "application/im-iscomposing+xml")))
    let page = try #require(outcome.records.first)
    #expect(
      [page.text("text"), page.text("cpimFrom"), page.text("cpimTo")] == [
        "At nine.", "im:robin@pier.example", "im:kim@pier.example",
      ])
    #expect(page.fields["writtenAt"] == .time(CaptureTime(rfc3339: "2026-11-27T09:00:00Z")!))
    #expect(outcome.records.last?.text("composingState") == "idle")
  }
}
