import DecoderKit
import DecoderTesting
import FTPDecoder
import Testing

@Suite struct SampleTests {
  private let note = "Crate 17 is paid.\nLeave the lamp on.\n"
  private let table = (0..<5_000).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 251) }

  /// curl asks proftpd for what scripts/samples/file-transfers/make wrote.
  @Test func readsWhatCurlAsksFor() throws {
    let outcome = decode(try conversations("anonymous"))
    #expect(
      outcome.transfers.map { $0.text("path") } == [
        "note.txt", nil, "table.bin", "table.bin", "empty.bin", "letter.txt", "a name with ümlaut.txt",
      ])
    #expect(
      outcome.transfers.map { $0.text("connection") }
        == ["passive", "passive", "active", "active", "passive", "passive", "passive"])
    #expect(outcome.transfers.allSatisfy { $0.flag("isComplete") == true && $0.number("status") == 226 })
    #expect(outcome.transfers.last?.text("workingDirectory") == "/pub/inner")
    let files = outcome.captured.filter { $0.description.role == "ftp file" }.map(\.bytes)
    #expect(files == [Array(note.utf8), table, table, Array(note.utf8), Array(note.utf8)])
    #expect(outcome.commands.contains { $0.text("argument") == "missing.bin" && $0.number("status") == 550 })
    #expect(outcome.findings.isEmpty && outcome.violations.isEmpty)
  }

  /// lftp, curl and ftplib talk to proftpd as somebody with a password.
  @Test func readsASessionThatResumesAppendsAndGivesUp() throws {
    let outcome = decode(try conversations("session"))
    #expect(
      outcome.transfers.map { $0.text("command") } == ["LIST", "NLST", "RETR", "STOR", "APPE", "MLSD", "STOU", "RETR"])
    #expect(outcome.transfers.map { $0.number("restartOffset") } == [nil, nil, 2_000, nil, nil, nil, nil, nil])
    #expect(outcome.transfers.map { $0.flag("isComplete") } == [true, true, true, true, true, true, true, false])
    #expect(outcome.transfers.last?.number("status") == 426)
    #expect(outcome.captured.contains { $0.bytes == Array(table[2_000...]) })
    #expect(outcome.transfers.allSatisfy { $0.text("user") == "robin" })
    #expect(!outcome.recordLines.joined().contains("not a secret"))
    #expect(outcome.codes == ["ftp/encrypted"])
  }

  @Test func survivesEveryCutAndChange() {
    checkTotality(
      of: FTPDecoder(),
      on: [
        .bytes(Array("220-a\r\n220 b\r\n".utf8), from: .responder),
        .bytes(Array("USER u\r\nPASS p\r\n".utf8), from: .initiator),
        .bytes(Array("331 x\r\n230 y\r\n".utf8), from: .responder),
        .bytes(Array("PASV\r\nRETR f\r\n".utf8), from: .initiator),
        .bytes(Array("227 (192,0,2,20,1,2)\r\n150 f (9 bytes)\r\n".utf8), from: .responder),
        .bytes(Array("226 ok\r\n".utf8), from: .responder), .end(.finished, of: .responder),
      ], over: control)
  }
}
