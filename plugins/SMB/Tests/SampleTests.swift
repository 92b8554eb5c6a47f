import DecoderKit
import DecoderTesting
import SMBDecoder
import Testing

@Suite struct SampleTests {
  private let note = Array("Crate 17 is paid.\nLeave the lamp on.\n".utf8)
  private let table = (0..<5_000).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 251) }

  /// smbclient asks Samba for what scripts/samples/file-transfers/make wrote.
  @Test func readsWhatRealProgramsSay() throws {
    let outcomes = try conversations("files").map { decode($0) }
    let first = try #require(outcomes.first)
    #expect(first.records("session").map { $0.text("user") } == ["TIDEWATER\\robin"])
    #expect(first.records("session").first?.text("dialect") == "3.1.1")
    #expect(first.records("tree").compactMap { $0.text("shareType") } == ["pipe", "disk"])
    #expect(
      first.records("transfer").map { $0.text("path") }
        == ["papers\\table.bin", "papers\\a name with ümlaut.txt", "papers\\letter.txt"])
    #expect(first.records("transfer").map { $0.text("direction") } == ["download", "download", "upload"])
    #expect(first.records("transfer").allSatisfy { $0.flag("isComplete") == true })
    #expect(first.contents.map(\.bytes) == [table, note, note])
    #expect(first.records("file").contains { $0.text("renamedTo") == "papers\\moved.txt" })
    #expect(first.records("file").contains { $0.text("path") == "papers\\moved.txt" && $0.flag("isDeleted") == true })
    #expect(outcomes.flatMap { $0.records("session") }.map { $0.text("ntStatus") }.contains("0xc000006d"))
    let last = try #require(outcomes.last)
    // The client had the beginning and asked for the rest.
    #expect(last.records("transfer").map { $0.number("offset") } == [30_000])
    #expect(last.records("transfer").map { $0.flag("isComplete") } == [false])
    #expect(last.contents.first?.bytes == (30_000..<90_000).map { UInt8(truncatingIfNeeded: $0 * 13 + $0 / 256) })
    #expect(last.records("file").last?.text("ntStatus") == "0xc0000034")
    for outcome in outcomes {
      #expect(outcome.findings.isEmpty && outcome.violations.isEmpty && outcome.failure == nil)
      #expect(!outcome.recordLines.joined().contains("not a secret"))
    }
  }

  @Test func saysThatMessagesAreEncrypted() throws {
    let outcome = decode(try #require(try conversations("encrypted").first))
    #expect(outcome.records("session").map { $0.text("user") } == ["TIDEWATER\\robin"])
    #expect(outcome.records("encrypted").map { $0.number("messageCount") } == [22])
    #expect(
      outcome.records("encrypted").first?.text("sessionID") == outcome.records("session").first?.text("sessionID"))
    #expect(outcome.codes == ["smb/encrypted"] && outcome.contents.isEmpty)
  }

  @Test func readsVersion1() throws {
    let outcome = decode(try #require(try conversations("version1").first))
    #expect(outcome.records("session").map { $0.text("user") } == ["TIDEWATER\\robin"])
    #expect(outcome.records("transfer").map { $0.text("path") } == ["\\papers\\table.bin", "\\papers\\letter.txt"])
    #expect(outcome.contents.map(\.bytes) == [table, note])
    #expect(outcome.records("file").contains { $0.text("renamedTo") == "\\papers\\moved.txt" })
    #expect(outcome.records("file").contains { $0.flag("isDeleted") == true })
    #expect(outcome.findings.isEmpty && outcome.violations.isEmpty)
  }

  @Test func survivesEveryCutAndChange() {
    let open = [
      client(frame(treeConnect(1, "\\\\s\\d"))), server(frame(treeConnected(1))), client(frame(create(2, "a"))),
      server(frame(created(2, size: 4, file: 5))),
    ]
    checkTotality(
      of: SMBDecoder(),
      on: open + [
        client(frame(read(3, 0, file: 5))), server(frame(answer(3, [1, 2, 3, 4]))),
        client(frame(write(4, 0, file: 5, [9, 8]))), server(frame(written(4))), client(frame(close(5, file: 5))),
        server(frame(closed(5))),
      ], over: connection)
  }

  @Test func survivesEveryCutOfALogin() throws {
    for name in ["version1", "encrypted"] {
      let steps = try #require(try conversations(name).first)
      // The negotiation and the login, cut and changed at fewer places than the suite would.
      for place in steps.indices.prefix(12) {
        guard case .bytes(let bytes, let side) = steps[place] else { continue }
        for at in stride(from: 0, to: bytes.count, by: 3) {
          var changed = bytes
          changed[at] ^= 0xff
          var all = steps
          all[place] = .bytes(changed, from: side)
          #expect(decode(all).violations.isEmpty)
          all[place] = .bytes(Array(bytes.prefix(at)), from: side)
          #expect(decode(all).violations.isEmpty)
        }
      }
    }
  }
}
