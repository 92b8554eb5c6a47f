import DecoderKit
import DecoderTesting
import MSRPDecoder
import Testing

@Suite struct SessionTests {
  @Test func tellsWhoSaidWhat() throws {
    let outcome = decode([
      client(send("aaaa1", "m1", "1-12/12", "Hey Bob, hi!")), server(answer("aaaa1")),
      server(send("bbbb1", "m2", "1-5/5", "Héy!", isBack: true)), client(answer("bbbb1", "413 Stop")),
    ])
    #expect(outcome.messages.map { $0.text("text") } == ["Hey Bob, hi!", "Héy!"])
    #expect(outcome.messages.map { $0.text("speaker") } == ["client", "server"])
    #expect(outcome.messages.map { $0.flag("isComplete") } == [true, true])
    #expect(outcome.messages[0].list("fromPath") == [.text(alice)])
    #expect(outcome.messages[0].list("statuses") == [.object(["status": 200, "count": 1, "reason": "OK"])])
    #expect(outcome.messages[1].list("statuses") == [.object(["status": 413, "count": 1, "reason": "Stop"])])
    #expect(outcome.transcript == ["> Hey Bob, hi!", "< Héy!"])
    #expect(outcome.session?.flag("isComplete") == true)
    #expect(outcome.session?.number("requestCount") == 2)
    #expect(outcome.findings.isEmpty)
  }

  @Test func joinsChunksOutOfOrderAndInterleaved() throws {
    let outcome = decode([
      client(
        send("aaaa1", "m1", "7-12/12", "Bob hi", flag: "+"), send("cccc1", "m2", "1-3/6", "one", flag: "+"),
        send("aaaa2", "m1", "1-6/12", "Hello "), send("cccc2", "m2", "4-6/6", "two")),
      server(answer("aaaa1"), answer("cccc1"), answer("aaaa2"), answer("cccc2")),
    ])
    #expect(outcome.messages.map { $0.text("text") } == ["Hello Bob hi", "onetwo"])
    #expect(outcome.messages.map { $0.number("chunkCount") } == [2, 2])
    // The last chunk that came is not the one with the last byte.
    #expect(outcome.codes == ["msrp/byteRange"])
  }

  @Test func saysWhatIsMissing() throws {
    let outcome = decode([
      client(send("aaaa1", "m1", "1-6/18", "Hello ", flag: "+")),
      client(send("aaaa3", "m1", "13-18/18", " there")),
    ])
    let message = try #require(outcome.messages.first)
    #expect(message.text("text") == nil)
    #expect(message.flag("isComplete") == false)
    #expect(message.list("holes") == [.object(["at": 6, "byteCount": 6])])
    #expect(message.number("unansweredCount") == 2)
    #expect(outcome.codes == ["msrp/incomplete"])
    #expect(outcome.carried.first?.isWhole == false)
  }

  @Test func tellsWhatWasGivenUp() throws {
    let outcome = decode([client(send("aaaa1", "m1", "1-*/100", "Hello", flag: "#")), server(answer("aaaa1"))])
    let message = try #require(outcome.messages.first)
    #expect(message.flag("isAborted") == true)
    #expect(message.list("holes") == [.object(["at": 5, "byteCount": 95])])
    #expect(outcome.codes == ["msrp/aborted"])
    #expect(outcome.transcript.first?.hasSuffix("[given up by its sender]") == true)
  }

  @Test func goesOnInsideAChunkBehindAGap() throws {
    let whole = send("aaaa1", "m1", "1-20/20", "0123456789abcdefghij")
    let place = whole.utf8.count - 30
    let outcome = decode([
      client(String(whole.utf8.prefix(place))!), .gap(4, from: .initiator),
      client(String(whole.utf8.dropFirst(place + 4))!), server(answer("aaaa1")),
    ])
    let message = try #require(outcome.all("msrp/message").first)
    #expect(message.flag("isComplete") == false)
    #expect(message.list("holes").count == 1)
    #expect(outcome.carried.first?.bytes.count == 16)
  }

  @Test func provesWhatIsBehindAGapByTheEndOfTheChunk() throws {
    let chunk = send("aaaa1", "m1", "1-*/20", "0123456789abcdefghij")
    let start = try #require(chunk.utf8.firstIndex(of: UInt8(ascii: "0")).map { _ in chunk.utf8.count - 17 - 20 })
    let head = String(chunk.utf8.prefix(start + 5))!
    let rest = String(chunk.utf8.dropFirst(start + 9))!
    let proved = decode([client(head), .gap(4, from: .initiator), client(rest), server(answer("aaaa1"))])
    #expect(proved.carried.first?.bytes.count == 16)
    #expect(proved.messages.first?.list("holes") == [.object(["at": 5, "byteCount": 4])])
    // Another message follows: nothing of it becomes a part of the first.
    let other = decode([
      client(head), .gap(4, from: .initiator), client(send("bbbb2", "m2", "1-2/2", "yo")), server(answer("bbbb2")),
    ])
    #expect(other.carried.map { String(decoding: $0.bytes, as: UTF8.self) }.sorted() == ["01234", "yo"])
    #expect(other.messages.map { $0.text("text") }.contains("yo"))
  }

  @Test func beginsMidWay() throws {
    let whole = send("aaaa1", "m1", "5-8/8", "tail") + send("aaaa2", "m3", "1-2/2", "ok")
    let outcome = decode([client(whole), server(answer("aaaa1"), answer("aaaa2"))])
    // What lacks its beginning is told at the end.
    #expect(outcome.messages.map { $0.text("text") } == ["ok", nil])
    #expect(outcome.messages[1].list("holes") == [.object(["at": 0, "byteCount": 4])])
    let cut = String(whole.utf8.dropFirst(30))!
    let odd = decode([client(cut), server(answer("aaaa2"))])
    #expect(odd.messages.map { $0.text("text") } == ["ok"])
    #expect(odd.codes == ["msrp/oddBytes"])
  }

  @Test func readsWhatStandsAroundMessages() throws {
    let cpim = [
      "From: Robin <im:robin@pier.example>", "To: <im:kim@pier.example>", "DateTime: 2026-11-27T09:00:00+01:00",
      "Subject: Crates", "", "Content-Type: text/plain; charset=utf-8", "", "At nine.",
    ].joined(separator: "\r\n")
    let picture = [
      "From: <im:robin@pier.example>", "To: <im:kim@pier.example>", "", "Content-Type: image/png",
      "Content-Transfer-Encoding: base64", "", "iVBORw0KGgo=",
    ].joined(separator: "\r\n")
    let composing =
      "<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'><state>active</state><refresh>60</refresh></isComposing>"
    let outcome = decode([
      client(
        send("aaaa1", "m1", "1-\(cpim.utf8.count)/\(cpim.utf8.count)", cpim, type: "message/cpim"),
        send("aaaa2", "m2", "1-*/\(picture.utf8.count)", picture, type: "message/cpim"),
        send("aaaa3", "m3", "1-*/*", composing, type: "application/im-iscomposing+xml", more: ["Failure-Report: no"])),
      server(answer("aaaa1"), answer("aaaa2")),
    ])
    let said = try #require(outcome.messages.first)
    #expect(said.text("text") == "At nine.")
    #expect(
      [said.text("cpimFrom"), said.text("cpimFromName"), said.text("cpimTo")] == [
        "im:robin@pier.example", "Robin", "im:kim@pier.example",
      ])
    #expect(said.fields["writtenAt"] == .time(CaptureTime(rfc3339: "2026-11-27T08:00:00Z")!))
    let file = try #require(outcome.all("msrp/transfer").first)
    #expect(file.text("mediaType") == "image/png")
    #expect(file.text("wrapperMediaType") == "message/cpim")
    #expect(outcome.contents.contains { $0.description.role == "msrp content" && $0.description.codings == [.base64] })
    let state = try #require(outcome.all("msrp/composing").first)
    #expect(state.text("composingState") == "active")
    #expect(state.number("refreshSeconds") == 60)
    #expect(outcome.transcript.contains("> im:robin@pier.example to im:kim@pier.example: At nine."))
    #expect(outcome.transcript.contains("> [is composing: active]"))
    #expect(outcome.findings.isEmpty)
  }

  @Test func pairsRequestsAndWithholdsSecrets() throws {
    let authorization =
      "Authorization: Digest username=\"robin\", realm=\"pier\", nonce=\"n\", response=\"0123456789abcdef\", qop=auth"
    let outcome = decode([
      client(send("aaaa1", "a1", "1-0/0", nil, more: [authorization], method: "AUTH")), server(answer("aaaa1")),
      client(send("aaaa2", "m1", "1-2/2", "hi", more: ["Success-Report: yes"])), server(answer("aaaa2")),
      server(send("bbbb1", "m1", "1-2/2", nil, more: ["Status: 000 200 OK"], method: "REPORT", isBack: true)),
      server(answer("zzzz9", "481 Unknown")),
    ])
    let request = try #require(outcome.all("msrp/request").first)
    #expect([request.text("method"), request.text("user")] == ["AUTH", "robin"])
    #expect(request.number("status") == 200)
    #expect(outcome.all("msrp/request").last?.number("status") == 481)
    #expect(outcome.all("msrp/request").last?.text("method") == nil)
    let report = try #require(outcome.all("msrp/report").first)
    #expect([report.text("messageID"), report.text("reason")] == ["m1", "OK"])
    #expect(report.number("status") == 200)
    #expect(outcome.messages.first?.text("successReport") == "yes")
    #expect(!(outcome.recordLines.joined() + outcome.transcript.joined()).contains("0123456789abcdef"))
  }

  @Test func keepsAFileWithWhatLooksLikeAnEnd() throws {
    let body = "line\r\n-------aaaa0$\r\n-------aaaa1!\r\n-------aaaa1\r\nMSRP zzzz SEND\r\n\r\n\r\n"
    let outcome = decode([
      client(
        send(
          "aaaa1", "m1", "1-\(body.utf8.count)/\(body.utf8.count)", body, type: "application/octet-stream",
          more: ["Content-Disposition: attachment; filename=\"crates.bin\""])), server(answer("aaaa1")),
    ])
    #expect(outcome.carried.map { String(decoding: $0.bytes, as: UTF8.self) } == [body])
    #expect(outcome.all("msrp/transfer").first?.text("fileName") == "crates.bin")
    #expect(outcome.findings.isEmpty)
  }

  @Test func letsWhatCameFirstStayAmongPiecesThatWait() throws {
    let outcome = decode([
      client(
        send("aaaa1", "m1", "5-6/8", "ef", flag: "+"), send("aaaa2", "m1", "3-8/8", "cdXXgh", flag: "+"),
        send("aaaa3", "m1", "1-8/8", "abZZZZZZ")),
      server(answer("aaaa1"), answer("aaaa2"), answer("aaaa3")),
    ])
    #expect(outcome.messages.first?.text("text") == "abcdefgh")
    #expect(outcome.messages.first?.number("repeatedBytes") == 8)
    #expect(outcome.codes == ["msrp/conflict"])
  }

  @Test func tellsBytesThatDiffer() throws {
    let outcome = decode([
      client(send("aaaa1", "m1", "1-4/8", "abcd", flag: "+"), send("aaaa2", "m1", "3-8/8", "XXefgh")),
      server(answer("aaaa1"), answer("aaaa2")),
    ])
    #expect(outcome.messages.first?.text("text") == "abcdefgh")
    #expect(outcome.messages.first?.number("repeatedBytes") == 2)
    #expect(outcome.codes == ["msrp/conflict"])
  }

  @Test func letsAMessageThatStillComesStayWhenThereAreTooMany() throws {
    let file = send("bbbb1", "f1", "1-8/8", "abcdefgh", type: "image/png", isBack: true)
    let place = file.utf8.count - "efgh\r\n-------bbbb1$\r\n".utf8.count
    let many = (0..<64).map { send("cccc\($0)", "p\($0)", "1-2/2", "hi") }.joined()
    let outcome = decode([
      server(String(file.utf8.prefix(place))!), client(many), server(String(file.utf8.dropFirst(place))!),
      client(answer("bbbb1")), server(answer("cccc0"), answer("cccc1")),
    ])
    #expect(outcome.all("msrp/transfer").map { $0.flag("isComplete") } == [true])
    #expect(outcome.carried.contains { $0.text == "abcdefgh" && $0.isWhole })
    #expect(outcome.messages.map { $0.number("unansweredCount") }.filter { $0 == 1 }.count == 63)
    // The response to what was told stands with its request.
    #expect(outcome.all("msrp/request").map { $0.text("method") } == ["SEND"])
    #expect(outcome.all("msrp/request").first?.number("status") == 200)
    #expect(outcome.findings.isEmpty)
  }

  @Test func saysThatOpenMessagesAreTooMany() throws {
    let outcome = decode([
      client((0..<65).map { send("cccc\($0)", "p\($0)", "1-2/4", "hi", flag: "+") }.joined())
    ])
    #expect(outcome.messages.count == 65)
    #expect(outcome.codes.first == "msrp/messageLimit")
    #expect(outcome.codes.filter { $0 == "msrp/messageLimit" }.count == 1)
    #expect(outcome.codes.filter { $0 == "msrp/incomplete" }.count == 64)
  }

  @Test func pairsResponsesThatNobodyHasToGive() throws {
    let report = send("rrrr1", "m9", "1-2/2", "seen", more: ["Status: 000 200 OK"], method: "REPORT")
    let outcome = decode([
      client(
        send("aaaa1", "m1", "1-2/2", "hi", more: ["Failure-Report: no"]),
        send("aaaa2", "m2", "1-2/2", "ho", more: ["Failure-Report: partial"]),
        send("aaaa3", "m3", "1-2/2", nil, more: ["Status: 000 200 OK"], method: "REPORT"),
        String(report.utf8.prefix(report.utf8.count - 20))!),
      server(answer("aaaa1"), answer("aaaa2", "413 Stop"), answer("aaaa3"), answer("rrrr1")),
      client(String(report.utf8.dropFirst(report.utf8.count - 20))!),
    ])
    #expect(outcome.messages.map { $0.number("unansweredCount") } == [nil, nil])
    #expect(outcome.all("msrp/report").count == 2)
    let requests = outcome.all("msrp/request")
    #expect(requests.map { $0.text("method") } == ["SEND", "SEND", "REPORT", "REPORT"])
    #expect(requests.map { $0.number("status") } == [200, 413, 200, 200])
    #expect(requests.last?.text("requestSha256") != nil)
    #expect(outcome.findings.isEmpty)
  }

  @Test func countsWhatResponsesCarry() throws {
    let outcome = decode([
      client(send("aaaa1", "m1", "1-2/2", "hi")),
      server("MSRP aaaa1 200 OK\r\nTo-Path: \(alice)\r\nFrom-Path: \(bob)\r\n\r\nwords\r\n-------aaaa1$\r\n"),
    ])
    #expect(outcome.messages.map { $0.text("text") } == ["hi"])
    #expect(outcome.codes == ["msrp/oddBytes"])
    #expect(outcome.session?.number("unreadByteCount") == 5)
    #expect(outcome.session?.flag("isComplete") == false)
  }

  @Test func survivesEveryCutAndChange() {
    checkTotality(
      of: MSRPDecoder(),
      on: [
        client(
          send("aaaa1", "m", "1-4/8", "ab\r\n", flag: "+"), send("aaaa2", "m", "5-8/8", "----"),
          send("aaaa3", "n", "1-*/*", "<isComposing/>", flag: "#", type: "application/im-iscomposing+xml")),
        server(answer("aaaa1"), send("bbbb1", "m", "1-2/2", nil, method: "REPORT", isBack: true)),
      ], over: connection)
  }
}
