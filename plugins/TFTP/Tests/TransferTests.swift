import DecoderKit
import DecoderTesting
import TFTPDecoder
import Testing

@Suite struct TransferTests {
  @Test func readsAFileFromThePortThatAnswers() throws {
    let outcome = decode([
      ask(request(1, "dir/a.bin", "OCTET")), server(block(1, full(1))), client(acknowledgement(1)),
      server(block(2, [2, 3])), client(acknowledgement(2)),
    ])
    let record = try #require(outcome.records.first)
    #expect(record.kind == "tftp/transfer")
    #expect(record.text("name") == "dir/a.bin" && record.text("mode") == "octet")
    #expect(record.text("direction") == "download" && record.flag("isComplete") == true)
    #expect(record.number("byteCount") == 514 && record.number("blockSize") == 512)
    // The client's side of the conversation that answers, and the request's packet with the others.
    #expect(record.side == .responder)
    #expect(record.trace.packets.byOriginal.map(\.packets) == ["1-5"])
    #expect(outcome.contents.map(\.bytes) == [full(1) + [2, 3]])
    #expect(outcome.contents.first?.description.name == Array("dir/a.bin".utf8))
    #expect(outcome.contents.first?.side == .initiator && outcome.contents.first?.isWhole == true)
    #expect(outcome.findings.isEmpty && outcome.violations.isEmpty && outcome.records.count == 1)
  }

  @Test func writesAFile() throws {
    let outcome = decode([
      ask(request(2, "b", "netascii")), server(acknowledgement(0)), client(block(1, Array("a\r\nb\r\0".utf8))),
      server(acknowledgement(1)),
    ])
    let record = try #require(outcome.records.first)
    #expect(record.text("direction") == "upload" && record.text("mode") == "netascii")
    #expect(outcome.contents.first?.side == .responder)
    // In netascii the file is kept as it was sent.
    #expect(outcome.contents.first?.bytes == Array("a\r\nb\r\0".utf8))
  }

  @Test func readsOptions() throws {
    let outcome = decode([
      ask(request(1, "a", "octet", "blksize", "1428", "tsize", "0", "windowsize", "4", "Timeout", "3")),
      server([0, 6] + Array("blksize\01024\0tsize\01030\0".utf8)), client(acknowledgement(0)),
      server(block(1, full(1, 1_024))), server(block(2, full(2, 6))), client(acknowledgement(2)),
    ])
    let record = try #require(outcome.records.first)
    #expect(record.number("blockSize") == 1_024 && record.number("announcedByteCount") == 1_030)
    #expect(record.flag("isComplete") == true)
    #expect(
      record.list("options") == [
        .object(["name": "blksize", "requested": "1428", "accepted": "1024"]),
        .object(["name": "tsize", "requested": "0", "accepted": "1030"]),
        .object(["name": "windowsize", "requested": "4"]), .object(["name": "timeout", "requested": "3"]),
      ])
    #expect(outcome.findings.isEmpty)
  }

  @Test func learnsTheBlockSizeWhenTheAnswerToTheOptionsIsMissing() {
    let small = decode([
      ask(request(1, "a", "octet", "blksize", "8")), server(block(1, full(1, 8))), server(block(2, [2])),
    ])
    #expect(small.records.first?.number("byteCount") == 9 && small.records.first?.flag("isComplete") == true)
    let large = decode([ask(request(1, "a", "octet")), server(block(1, full(1, 600))), server(block(2, [2]))])
    #expect(large.records.first?.number("byteCount") == 601 && large.codes == ["tftp/blockSize"])
  }

  @Test func putsBlocksInOrderAndCountsRepeatedOnes() throws {
    let outcome = decode([
      ask(request(1, "a", "octet")), server(block(2, full(2))), server(block(1, full(1))), server(block(1, full(9))),
      server(block(3, [3])), client(acknowledgement(3)), server(block(3, [3])),
    ])
    #expect(outcome.contents.map(\.bytes) == [full(1) + full(2) + [3]])
    #expect(outcome.contents.first?.holes.isEmpty == true)
    #expect(outcome.records.first?.number("repeatedBlocks") == 1 && outcome.records.count == 1)
    #expect(outcome.findings.isEmpty)
  }

  @Test func leavesHolesForBlocksThatWereNotCaptured() {
    let outcome = decode([
      ask(request(1, "a", "octet")), server(block(1, full(1))), client(acknowledgement(2)), server(block(4, full(4))),
      client(acknowledgement(4)), server(block(3, full(3))), server(block(5, [5])), client(acknowledgement(5)),
    ])
    #expect(outcome.contents.first?.holes.map(\.at) == [512, 512])
    #expect(outcome.contents.first?.holes.map(\.byteCount) == [512, 512])
    #expect(outcome.records.first?.flag("isComplete") == false)
    #expect(outcome.codes == ["tftp/lateBlocks"])
  }

  @Test func keepsWhatCameWhenTheEndIsMissing() {
    let outcome = decode([ask(request(1, "a", "octet")), server(block(1, full(1))), server(block(3, full(3)))])
    #expect(outcome.records.first?.flag("isComplete") == false)
    #expect(outcome.contents.first?.bytes == full(1) + full(3))
    #expect(outcome.contents.first?.isWhole == false)
  }

  @Test func goesOnBehindTheLastNumber() {
    for first: UInt16 in [0, 1] {
      var steps = [ask(request(1, "a", "octet", "blksize", "8")), server([0, 6] + Array("blksize\08\0".utf8))]
      for number in 1...UInt16.max { steps.append(server(block(number, full(1, 8)))) }
      steps += [server(block(first, full(2, 8))), server(block(first + 1, [3])), client(acknowledgement(first + 1))]
      let outcome = decode(steps)
      #expect(outcome.records.first?.number("byteCount") == 524_289)
      #expect(outcome.records.first?.flag("isComplete") == true)
    }
  }

  @Test func recordsErrorsAndRequestsWithoutAnAnswer() throws {
    let outcome = decode([
      ask(request(1, "missing", "octet")), server([0, 5, 0, 1] + Array("File not found\0".utf8)),
      ask(request(2, "lonely", "octet")), ask(request(2, "lonely", "octet")),
    ])
    #expect(outcome.records.map { $0.text("name") } == ["missing", "lonely"])
    #expect(outcome.records.first?.number("errorCode") == 1)
    #expect(outcome.records.first?.text("error") == "File not found")
    #expect(outcome.records.map { $0.flag("isComplete") } == [false, false])
    #expect(outcome.contents.isEmpty)
  }

  @Test func readsAServerThatAnswersFromItsOwnPort() {
    let steps = [ask(request(1, "a", "octet")), (asking, .bytes(block(1, [7]), from: .responder))]
    let outcome = decode(steps + [(asking, .bytes(acknowledgement(1), from: .initiator))])
    #expect(outcome.records.first?.text("name") == "a" && outcome.contents.map(\.bytes) == [[7]])
  }

  @Test func keepsABlockWithoutItsRequestOnPort69Only() {
    let outcome = decode([(asking, .bytes(block(2, [7]), from: .initiator))])
    #expect(outcome.records.first?.text("name") == nil && outcome.records.first?.text("direction") == "upload")
    #expect(outcome.contents.map(\.bytes) == [[7]] && outcome.contents.first?.holes.map(\.byteCount) == [512])
    #expect(decode([server(block(1, [7]))]).records.isEmpty)
  }

  @Test func claimsRequestsOnAnyPort() {
    let claims = { (bytes: [UInt8], carrier: DecodingContext.Carrier) in
      claim(of: TFTPDecoder(), on: bytes, over: carrier)
    }
    #expect(claims(request(1, "a", "octet"), answering) == .content)
    #expect(claims(request(2, "a", "NetASCII", "x"), answering) == .content)
    #expect(claims(request(1, "a", "octets"), answering) == .none)
    #expect(claims(request(1, "", "octet"), answering) == .none)
    #expect(claims(block(1, []), answering) == .none && claims(block(1, []), asking) == .port)
    #expect(claims([0, 7, 0, 0], asking) == .none && claims([0, 3, 0], asking) == .none)
  }

  @Test func notesOddMessages() {
    let outcome = decode([
      ask(request(1, "a", "octet") + [0x78]), client(block(1, [1])), server(acknowledgement(1)), server(block(1, [1])),
      client(acknowledgement(1)), server(block(7, [1])),
    ])
    #expect(outcome.codes == ["tftp/oddRequest", "tftp/oddMessage", "tftp/stray"])
    #expect(outcome.contents.map(\.bytes) == [[1]])
  }

  @Test func goesOnBehindADatagramThatCannotBeRead() {
    let outcome = decode([
      ask(request(1, "a", "octet")), server(block(1, full(1))), client([0, 9]), client([0]), server(block(2, [2])),
      client(acknowledgement(2)),
    ])
    #expect(outcome.records.first?.flag("isComplete") == true)
    #expect(outcome.codes == ["tftp/malformed", "tftp/malformed"])
  }

  @Test func holdsNoMoreThanTheLimit() {
    var steps = [ask(request(1, "a", "octet")), server(block(1, full(1)))]
    for number in 3...UInt16(4_200) { steps.append(server(block(number, full(3)))) }
    let outcome = decode(steps)
    #expect(outcome.contents.first?.holes.map(\.byteCount) == [512])
    #expect(outcome.contents.first?.bytes.count == 512 * 4_199)
  }
}
