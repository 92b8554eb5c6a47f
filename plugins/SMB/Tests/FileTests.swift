import DecoderKit
import DecoderTesting
import SMBDecoder
import Testing

private let opened = [
  client(frame(treeConnect(1, "\\\\server\\papers"))), server(frame(treeConnected(1))),
  client(frame(create(2, "dir\\a.bin"))),
  server(frame(created(2, size: 6, file: 5))),
]

@Suite struct FileTests {
  @Test func namesTheFileAndItsShare() throws {
    let outcome = decode(
      opened + [
        client(frame(read(3, 0, file: 5))), server(frame(answer(3, [1, 2, 3, 4, 5, 6]))),
        client(frame(close(4, file: 5))),
        server(frame(closed(4))),
      ])
    let transfer = try #require(outcome.records("transfer").first)
    #expect(transfer.text("path") == "dir\\a.bin" && transfer.text("fileName") == "a.bin")
    #expect(transfer.text("share") == "\\\\server\\papers" && transfer.number("announcedByteCount") == 6)
    #expect(transfer.flag("isComplete") == true && transfer.side == .initiator)
    let file = try #require(outcome.records("file").first)
    #expect(file.text("action") == "opened" && file.text("disposition") == "open" && file.flag("isClosed") == true)
    #expect(file.fields["fileCreatedAt"] == .time(CaptureTime(nanoseconds: 1_555_526_400_000_000_000)))
    #expect(outcome.contents.first?.description.name == Array("dir\\a.bin".utf8))
    #expect(outcome.contents.first?.side == .responder && outcome.findings.isEmpty)
  }

  @Test func putsPiecesInOrderOfTheirOffsets() {
    let outcome = decode(
      opened + [
        client(frame(read(3, 3, file: 5))), client(frame(read(4, 0, file: 5))), client(frame(read(5, 2, file: 5))),
        server(frame(answer(3, [4, 5, 6]))), server(frame(answer(4, [1, 2, 3]))), server(frame(answer(5, [3, 4]))),
        client(frame(close(6, file: 5))), server(frame(closed(6))),
      ])
    #expect(outcome.contents.map(\.bytes) == [[1, 2, 3, 4, 5, 6]] && outcome.contents.first?.isWhole == true)
    #expect(outcome.records("transfer").first?.number("repeatedBytes") == 2)
  }

  /// The answers are missing in a capture of one direction: what the client tried is said all the same.
  @Test func saysWhatWasTriedWithoutAnAnswer() throws {
    let full = try #require(try conversations("files").first)
    let side = full.filter { if case .bytes(_, from: .initiator) = $0 { true } else { false } }
    let outcome = decode(side)
    #expect(outcome.records("session").compactMap { $0.text("user") } == ["TIDEWATER\\robin"])
    #expect(outcome.records("session").allSatisfy { $0.text("ntStatus") == nil })
    #expect(outcome.records("tree").compactMap { $0.text("share") }.count == 2)
    #expect(outcome.records("tree").allSatisfy { $0.text("ntStatus") == nil })
    let first = try #require(try conversations("version1").first)
    let old = decode(first.filter { if case .bytes(_, from: .initiator) = $0 { true } else { false } })
    #expect(old.records("session").compactMap { $0.text("user") } == ["TIDEWATER\\robin"])
    #expect(outcome.violations.isEmpty && old.violations.isEmpty)
  }

  @Test func leavesHolesForWhatWasNotRead() {
    let outcome = decode(
      opened + [
        client(frame(read(3, 0, file: 5))), server(frame(answer(3, [1]))), client(frame(read(4, 4, file: 5))),
        server(frame(answer(4, [5, 6]))),
      ])
    #expect(outcome.contents.first?.bytes == [1, 5, 6] && outcome.contents.first?.holes.map(\.byteCount) == [3])
    #expect(outcome.records("transfer").first?.flag("isComplete") == false)
    #expect(outcome.records("file").first?.flag("isClosed") == false)
  }

  /// A content that is still coming when its file is closed has no record to stand in.
  @Test func countsBytesThatComeBehindTheClose() {
    let bytes = frame(write(4, 0, file: 5, [1, 2, 3, 4]))
    let outcome = decode(
      opened + [
        client(frame(close(3, file: 5))), client(Array(bytes.dropLast(4))), server(frame(closed(3))),
        client(Array(bytes.suffix(4))),
      ])
    #expect(outcome.codes.contains("smb/lateBytes") && outcome.contents.isEmpty)
    #expect(outcome.violations.isEmpty)
  }

  @Test func leavesAHoleForAGapInContent() {
    let bytes = frame(answer(3, [1, 2, 3, 4, 5, 6]))
    for (kept, missing) in [(5, 2), (6, 1), (4, 3)] {
      let outcome = decode(
        opened + [
          client(frame(read(3, 0, file: 5))), server(Array(bytes.dropLast(kept))), .gap(missing, from: .responder),
          server(Array(bytes.suffix(kept - missing))), client(frame(close(4, file: 5))), server(frame(closed(4))),
        ])
      #expect(outcome.records("transfer").first?.flag("isComplete") == false)
      #expect(outcome.contents.first?.bytes.count == 6 - missing, "\(kept) \(missing)")
      #expect(outcome.records("file").first?.flag("isClosed") == true)
    }
  }

  @Test func findsTheNextMessageBehindAGap() {
    let outcome = decode(
      opened + [
        client(frame(read(3, 0, file: 5))), .gap(40, from: .responder),
        server([1, 2, 3] + frame(answer(3, [1, 2, 3, 4, 5, 6]))),
        client(frame(close(4, file: 5))), server(frame(closed(4))),
      ])
    #expect(outcome.contents.map(\.bytes) == [[1, 2, 3, 4, 5, 6]])
    #expect(outcome.codes == ["smb/unread"])
  }

  @Test func readsCompoundsWhoseMessagesSpeakOfTheOneBefore() {
    let first = create(2, "new")
    let padded = first + zeros((8 - first.count % 8) % 8)
    let second = write(3, 0, file: .max, flags: 4, [7, 8])
    let paddedSecond =
      write(3, 0, file: .max, flags: 4, next: UInt32(second.count + (8 - second.count % 8) % 8), [7, 8])
      + zeros((8 - second.count % 8) % 8)
    let request =
      create(2, "new", next: UInt32(padded.count)) + zeros(padded.count - first.count) + paddedSecond
      + close(4, file: .max, flags: 4)
    let answer = created(2, size: 0, file: 6, next: 152)
    let outcome = decode(
      Array(opened.prefix(2)) + [
        client(frame(request)), server(frame(answer + zeros(152 - answer.count) + written(3))),
        server(frame(closed(4))),
      ])
    #expect(
      outcome.records("transfer").map { $0.text("path") } == ["new"] && outcome.contents.map(\.bytes) == [[7, 8]])
    #expect(outcome.records("transfer").first?.text("direction") == "upload" && outcome.records("file").count == 1)
    #expect(outcome.findings.isEmpty)
  }

  @Test func keepsNoContentOfPipesAndCountsRefusedWrites() {
    let outcome = decode([
      client(frame(treeConnect(1, "\\\\s\\IPC$"))), server(frame(treeConnected(1, type: 2))),
      client(frame(create(2, "srvsvc"))), server(frame(created(2, size: 0, file: 5))),
      client(frame(write(3, 0, file: 5, [1]))), server(frame(written(3, status: 0xc000_0022))),
    ])
    #expect(outcome.contents.isEmpty && outcome.records("file").first?.flag("isPipe") == true)
    #expect(outcome.records("file").first?.number("refusedWrites") == 1)
  }

  @Test func takesTheNameForAPipeWhereTheShareIsNotKnown() {
    for (name, isPipe) in [("srvsvc", true), ("PIPE\\SAMR", true), ("a.bin", false)] {
      let outcome = decode([
        client(frame(create(2, name))), server(frame(created(2, size: 1, file: 5))), client(frame(read(3, 0, file: 5))),
        server(frame(answer(3, [1]))),
      ])
      #expect(outcome.contents.isEmpty == isPipe && (outcome.records("file").first?.flag("isPipe") == true) == isPipe)
    }
  }

  @Test func keepsContentOfAFileWhoseOpeningIsNotInTheCapture() {
    let outcome = decode([
      client(frame(read(3, 0, file: 5))), server(frame(answer(3, [1]))), server(frame(answer(9, [1]))),
    ])
    #expect(outcome.contents.map(\.bytes) == [[1]] && outcome.records("transfer").first?.text("path") == nil)
    #expect(outcome.records("transfer").first?.flag("isComplete") == false)
    #expect(outcome.codes == ["smb/unread"])
  }

  @Test func recordsFailedOpensAndThoseNobodyAnswered() {
    let failed = message(5, 2, isResponse: true, status: 0xc000_0034, little(UInt16(9)) + zeros(7))
    let outcome = decode(Array(opened.prefix(3)) + [server(frame(failed)), client(frame(create(3, "b")))])
    #expect(outcome.records("file").map { $0.text("ntStatus") } == ["0xc0000034", nil])
    #expect(outcome.records("file").map { $0.flag("isClosed") } == [nil, false])
  }

  @Test func goesOnBehindAMalformedMessage() {
    var broken = create(2, "a")
    broken[64 + 44] = 0xff
    broken[64 + 45] = 0xff
    let outcome = decode([client(frame(broken))] + opened)
    #expect(outcome.codes == ["smb/malformed"] && outcome.records("file").map { $0.text("path") } == ["dir\\a.bin"])
  }

  @Test func notesCompressedMessagesOnce() {
    let compressed = frame([0xfc] + Array("SMB".utf8) + zeros(20))
    let outcome = decode([client(compressed), client(compressed)])
    #expect(outcome.codes == ["smb/compressed"])
  }

  @Test func holdsNoMorePiecesThanTheLimit() {
    var steps = opened + [client(frame(write(3, 0, file: 5, [0])))]
    for piece in 0..<UInt64(4_200) { steps.append(client(frame(write(4 + piece, 2 + 2 * piece, file: 5, [1])))) }
    let outcome = decode(steps)
    #expect(outcome.contents.first?.bytes.count == 4_201 && outcome.contents.first?.holes.count == 4_200)
    #expect(outcome.records("transfer").first?.flag("isComplete") == false)
  }

  @Test func claimsMessagesOnAnyPortAndTheSessionServiceOnItsOwn() {
    let other = DecodingContext.Carrier.tcp(
      initiator: Endpoint(InternetAddress(version4: 1), port: 1),
      responder: Endpoint(InternetAddress(version4: 2), port: 2))
    let claims = { (bytes: [UInt8], carrier: DecodingContext.Carrier) in
      claim(of: SMBDecoder(), on: bytes, over: carrier)
    }
    for mark: UInt8 in [0xfc, 0xfd, 0xfe, 0xff] {
      #expect(claims([0, 0, 0, 64, mark] + Array("SMB".utf8), other) == .content)
    }
    #expect(claims([0, 0, 0, 64, 1] + Array("SMB".utf8), other) == .none)
    #expect(claims([0, 0, 0, 64, 0xfe, 0x53], other) == .needsMore && claims([0, 0], other) == .none)
    #expect(claims([0, 0], connection) == .needsMore && claims([0, 0, 0, 64, 0xfe, 0x54], connection) == .none)
    #expect(claims([0x81, 0, 0, 68], connection) == .port && claims([0x81, 0, 0, 68], other) == .none)
    #expect(claims(Array("GET / HTTP/1.1".utf8), connection) == .none)
  }
}
