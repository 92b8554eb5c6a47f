import DNSDecoder
import DecoderKit
import DecoderTesting
import Testing

@Suite struct MessageTests {
  @Test func readsAQuery() throws {
    let outcome = decode(MessageBuilder().question("www.Example.org", 28).bytes)
    let record = try #require(outcome.records.first)
    #expect(
      outcome.recordLines == [
        #"dns/query {"flags":["RD"],"operation":"QUERY","protocol":"dns","queryName":"www.Example.org","queryType":"AAAA","#
          + #""questions":[{"class":"IN","name":"www.Example.org","type":"AAAA"}],"transactionID":4660}"#
      ])
    #expect(record.side == .initiator)
  }

  @Test func followsPointers() throws {
    let message = MessageBuilder(flags: 0x8583, (1, 1, 1, 0)).question("a.example")
      .record([0xc0, 12], 5, [1, 0x62, 0xc0, 14]).record([0xc0, 14], 15, [0, 5, 0xc0, 0x27])
    let outcome = decode(message.bytes, from: .responder)
    let record = try #require(outcome.records.first)
    #expect(record.section("answers").first?["name"] == "a.example")
    #expect(record.data == "b.example.")
    #expect(record.section("authorities").first?["name"] == "example")
    #expect(record.section("authorities").first?["data"] == "5 b.example.")
    #expect(record.text("responseCode") == "NXDOMAIN")
    #expect(record.fields["flags"] == .list(["AA", "RD", "RA"]))
    #expect(outcome.findings.isEmpty)
  }

  @Test(
    arguments: [
      ([0xc0, 12], ReadError.Code.malformed), ([0xc0, 40], .malformed), ([0xc0, 2], .malformed),
      ([0x40, 1], .unsupported),
      ([1, 0x61, 0xc0, 12], .malformed), ([0xc0], .truncated), ([63, 1, 2], .truncated),
    ] as [([UInt8], ReadError.Code)])
  func refusesPointersThatDoNotLeadBack(_ name: [UInt8], _ code: ReadError.Code) throws {
    let outcome = decode(MessageBuilder().adding(name).bytes)
    #expect(outcome.records.count == 1)
    #expect(outcome.findings.first?.code == "dns/malformedMessage")
    // The end of such a name is clear: what stands behind it is read.
    if code == .malformed {
      let whole = decode(
        MessageBuilder(flags: 0x8100, (1, 1, 0, 0)).adding(name + [0, 1, 0, 1])
          .record([0], 1, [192, 0, 2, 1]).bytes)
      #expect(whole.findings.map(\.code) == ["dns/malformedName"])
      #expect(whole.records.first?.data == "192.0.2.1")
      #expect(whole.records.first?.section("questions").first?["isNameCut"] == true)
    } else {
      #expect(outcome.findings.first?.message.contains("\(code)") == true)
    }
  }

  @Test func limitsNamesAndPointers() {
    let label = [63] + [UInt8](repeating: 0x61, count: 63)
    let long = decode(MessageBuilder().adding(label + label + label + label + [0, 0, 1, 0, 1]).bytes)
    #expect(long.findings.map(\.code) == ["dns/malformedName"])
    // A chain of pointers in the data of one record, each to the one before; the next record's name follows them all.
    for (count, isRead) in [(60, true), (70, false)] {
      var chain: [UInt8] = [0]
      for place in 0..<count { chain += [0xc0, UInt8(place == 0 ? 23 : 22 + 2 * place)] }
      let message = MessageBuilder(flags: 0x8000, (0, 2, 0, 0)).record([0], 65_400, chain)
        .record([0xc0, UInt8(22 + 2 * count)], 1, [1, 2, 3, 4])
      #expect(decode(message.bytes).findings.isEmpty == isRead)
    }
  }

  @Test func escapesNames() {
    let outcome = decode(
      MessageBuilder().adding([5, 0x61, 0x2e, 0x5c, 0x20, 0xff, 2, 0x40, 0x3b, 0, 0, 1, 0, 1]).bytes)
    #expect(outcome.records.first?.text("queryName") == #"a\.\\\032\255.\@\;"#)
    let root = decode(MessageBuilder().adding([0, 0, 2, 0, 1]).bytes)
    #expect(root.records.first?.text("queryName") == ".")
  }

  @Test func keepsWhatCameBeforeTheCut() throws {
    let message = MessageBuilder(flags: 0x8180, (1, 2, 0, 0)).question("a.example")
      .record([0xc0, 12], 1, [192, 0, 2, 1]).record([0xc0, 12], 1, [192, 0, 2, 2])
    let outcome = decode(message.bytes.dropLast(2), from: .responder)
    let record = try #require(outcome.records.first)
    #expect(record.section("answers").count == 1)
    #expect(record.data == "192.0.2.1")
    #expect(outcome.findings.map(\.code) == ["dns/malformedMessage"])
    #expect(outcome.findings.first?.fields["byteOffset"] != nil)
    #expect(decode([0, 1, 2]).failure?.code == .truncated)
    #expect(decode([0, 1, 2]).records.isEmpty)
  }

  @Test(
    arguments: [
      (1, [1, 2, 3]), (28, [1, 2]), (16, [5, 1]), (6, [0, 0, 1]), (257, [0, 9, 1]), (257, [0, 1, 0x20, 1]),
      (33, [0, 1]),
      (47, [0, 0, 0]), (47, [0, 0, 40, 1]), (15, [0, 1, 0, 9]),
      (29, [0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
      (42, [0, 9, 1, 0]), (50, [1, 0, 0, 1, 9]),
    ] as [(UInt16, [UInt8])])
  func keepsMalformedDataAsTheyAre(_ type: UInt16, _ data: [UInt8]) throws {
    let message = MessageBuilder(flags: 0x8180, (0, 2, 0, 0)).record([0], type, data).record([0], 1, [1, 2, 3, 4])
    let outcome = decode(message.bytes, from: .responder)
    let record = try #require(outcome.records.first)
    #expect(record.data == "\\# \(data.count) \(Hexadecimal.encode(data).uppercased())")
    #expect(record.section("answers").last?["data"] == "1.2.3.4")
    #expect(outcome.findings.map(\.code) == ["dns/malformedData"])
  }

  @Test func notesBytesBehindTheMessage() {
    let outcome = decode(MessageBuilder().question("a").bytes + [1, 2])
    #expect(outcome.records.count == 1)
    #expect(outcome.findings.map(\.code) == ["dns/trailingBytes"])
  }

  @Test func readsTheOptionsOfEDNS() throws {
    let option: [UInt8] = [0, 15, 0, 4, 0, 18, 0x68, 0x69]
    let message = MessageBuilder(flags: 0x8180, (1, 0, 0, 1)).question("a")
      .adding([0, 0, 41, 4, 208, 1, 0, 0, 0, 0, UInt8(option.count)] + option)
    let record = try #require(decode(message.bytes, from: .responder).records.first)
    #expect(record.text("responseCode") == "BADVERS")
    let entry = try #require(record.section("additionals").first)
    #expect(entry["type"] == "OPT")
    #expect(entry["class"] == "1232")
    #expect(entry["data"] == #"version 0; udp 1232; EDE 18 "hi""#)
  }

  @Test func readsMulticastNames() throws {
    let query = decode(
      MessageBuilder(flags: 0, (1, 0, 0, 0)).question("_ipp._tcp.local", 12, 0x8001).bytes, port: 5353)
    let asked = try #require(query.records.first)
    #expect(asked.text("protocol") == "mdns")
    #expect(asked.section("questions").first?["unicastResponse"] == true)
    #expect(asked.section("questions").first?["class"] == "IN")
    let answer = decode(
      MessageBuilder(flags: 0x8400, (0, 1, 0, 0)).record(
        MessageBuilder.name("a.local"), 1, [1, 2, 3, 4], number: 0x8001
      )
      .bytes, port: 5353)
    #expect(answer.records.first?.section("answers").first?["cacheFlush"] == true)
    #expect(answer.records.first?.section("answers").first?["class"] == "IN")
  }

  @Test func readsLinkLocalNames() {
    let outcome = decode(MessageBuilder(flags: 0x0500).question("host").bytes, port: 5355)
    #expect(outcome.records.first?.text("protocol") == "llmnr")
    #expect(outcome.records.first?.fields["flags"] == .list(["C", "T"]))
  }

  @Test func readsUpdatesWithoutData() throws {
    let message = MessageBuilder(flags: 0x2800, (1, 1, 1, 0)).question("zone.example", 6)
      .record([0xc0, 12], 255, [], number: 255, ttl: 0).record([0xc0, 12], 1, [], number: 254, ttl: 0)
    let outcome = decode(message.bytes)
    let record = try #require(outcome.records.first)
    #expect(record.text("operation") == "UPDATE")
    #expect(record.section("answers").first?["class"] == "ANY")
    #expect(record.section("authorities").first?["class"] == "NONE")
    #expect(record.section("answers").first?["data"] == nil)
    #expect(outcome.findings.isEmpty)
  }

  @Test func readsSignaturesOfTransactions() {
    let data =
      MessageBuilder.name("hmac-sha256") + [0, 0, 0x65, 0, 0, 0, 1, 44, 0, 3, 1, 2, 3, 0x12, 0x34, 0, 17, 0, 0]
    let outcome = decode(
      MessageBuilder(flags: 0x8000, (0, 1, 0, 0)).record([0], 250, data, number: 255).bytes, from: .responder)
    #expect(outcome.records.first?.data == "hmac-sha256. 1694498816 300 3 AQID 4660 BADKEY 0")
  }
}

@Suite struct StreamTests {
  private let over = carrier(53, isStream: true)

  @Test func readsSeveralMessagesInPieces() {
    let bytes = MessageBuilder().question("a.example").framed + MessageBuilder().question("b.example").framed
    let whole = run(DNSDecoder(), on: [.bytes(bytes, from: .initiator)], over: over)
    #expect(whole.records.map { $0.text("queryName") } == ["a.example", "b.example"])
    let cut = run(
      DNSDecoder(),
      on: [.bytes(Array(bytes.prefix(40)), from: .initiator), .bytes(Array(bytes.dropFirst(40)), from: .initiator)],
      over: over)
    #expect(cut.recordLines == whole.recordLines)
    #expect(cut.records.last?.trace.packets.count == 1)
  }

  @Test func goesOnBehindAGapAtAMessage() {
    let message = MessageBuilder().question("a.example").framed
    let outcome = run(
      DNSDecoder(),
      on: [
        .bytes(Array(message.prefix(9)), from: .initiator), .gap(30, from: .initiator),
        .bytes([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], from: .initiator),
        .bytes(message, from: .initiator),
      ], over: over)
    #expect(outcome.records.map { $0.text("queryName") } == ["a.example"])
    #expect(outcome.findings.map(\.code) == ["dns/incompleteMessage"])
  }

  @Test func notesAMessageThatTheEndCuts() {
    let message = MessageBuilder().question("a.example").framed
    let outcome = run(
      DNSDecoder(), on: [.bytes(Array(message.dropLast()), from: .initiator), .end(.finished, of: .initiator)],
      over: over)
    #expect(outcome.findings.map(\.code) == ["dns/incompleteMessage"])
    #expect(run(DNSDecoder(), on: [.bytes([0, 3, 1, 2, 3], from: .initiator)], over: over).failure?.code == .malformed)
  }
}

@Suite struct ClaimTests {
  private func judge(_ bytes: [UInt8], _ port: UInt16, isStream: Bool = false) -> Claim {
    claim(of: DNSDecoder(), on: bytes, over: carrier(port, isStream: isStream))
  }

  @Test func claimsUnassignedOperationsOnItsOwnPortOnly() {
    for code: UInt16 in [3, 6, 7, 15] {
      let query = MessageBuilder(flags: 0x0100 | code << 11).question("a.example").bytes
      #expect(judge(query, 53) == .content && judge(query, 5_355) == .content && judge(query, 18_053) == .none)
      #expect(judge(Array(query.dropLast()), 53) == .none)
      #expect(judge(MessageBuilder(flags: 0x8000 | code << 11, (0, 0, 0, 0)).bytes, 53) == .none)
    }
  }

  @Test func claimsWholeMessagesOnAnyPort() {
    let query = MessageBuilder().question("a.example").bytes
    let answer = MessageBuilder(flags: 0x8180, (1, 1, 0, 0)).question("a.example").record([0xc0, 12], 1, [1, 2, 3, 4])
      .bytes
    for port: UInt16 in [53, 5353, 5355, 12_345] {
      #expect(judge(query, port) == .content)
      #expect(judge(answer, port) == .content)
    }
    #expect(judge(query, 137) == .none)
  }

  @Test func isStrictOnForeignPorts() {
    let query = MessageBuilder().question("a.example").bytes
    let foreign: [[UInt8]] = [
      query + [0], Array(query.dropLast()), [], [UInt8](repeating: 0, count: 60),
      MessageBuilder(flags: 0x0140).question("a").bytes, MessageBuilder(flags: 0x3100).question("a").bytes,
      MessageBuilder(flags: 0x0103).question("a").bytes, MessageBuilder().question("a", 400).bytes,
      MessageBuilder().question("a", 1, 77).bytes, MessageBuilder((2, 0, 0, 0)).question("a").question("b").bytes,
      MessageBuilder(flags: 0x8000, (1, 1, 0, 0)).question("a").record([0], 1, [1, 2, 3]).bytes,
      MessageBuilder(flags: 0x8000, (0, 0, 0, 0)).bytes,
    ]
    for bytes in foreign { #expect(judge(bytes, 12_345) == .none) }
    #expect(judge(Array(query.dropLast()), 53) == .port)
    #expect(judge([1, 2, 3], 53) == .port)
    #expect(judge(MessageBuilder(flags: 0x8001, (0, 0, 0, 0)).bytes, 53) == .content)
    #expect(judge([UInt8](repeating: 0xff, count: 60), 53) == .none)
  }

  @Test func waitsForTheFirstMessageOfAStream() {
    let framed = MessageBuilder().question("a.example").framed
    #expect(judge(framed, 12_345, isStream: true) == .content)
    #expect(judge(framed + [0], 12_345, isStream: true) == .content)
    #expect(judge(Array(framed.dropLast()), 12_345, isStream: true) == .needsMore)
    #expect(judge(Array(framed.dropLast()), 53, isStream: true) == .port)
    #expect(judge([], 53, isStream: true) == .needsMore)
    #expect(judge([0, 3, 1, 2, 3], 53, isStream: true) == .none)
    #expect(judge([4, 1, 1, 0xbb, 0xc0, 0xa8, 1, 1, 0], 12_345, isStream: true) == .none)
    #expect(judge(Array(framed.prefix(7)), 12_345, isStream: true) == .needsMore)
    #expect(judge(Array("GET / HTTP/1.1\r\n\r\n".utf8), 53, isStream: true) == .none)
  }
}
