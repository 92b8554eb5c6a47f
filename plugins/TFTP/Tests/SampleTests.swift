import DecoderKit
import DecoderTesting
import TFTPDecoder
import Testing

@Suite struct SampleTests {
  /// tftpd-hpa is asked by tftp-hpa, curl and atftp for what scripts/samples/file-transfers/make wrote.
  @Test func readsWhatRealProgramsSay() throws {
    let outcome = decode(try conversations("transfers"))
    let table = (0..<5_000).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 251) }
    let note = "Crate 17 is paid.\nLeave the lamp on.\n"
    #expect(
      outcome.records.map { $0.text("name") }
        == ["table.bin", "note.txt", "letter.txt", "empty.bin", "missing.bin", "table.bin", "table.bin"])
    #expect(outcome.records.map { $0.text("direction") }.filter { $0 == "upload" }.count == 1)
    #expect(outcome.records.map { $0.flag("isComplete") } == [true, true, true, true, false, true, true])
    #expect(outcome.records.map { $0.number("blockSize") } == [512, 512, 512, 512, nil, 1_024, 700])
    #expect(outcome.records.map { $0.number("errorCode") } == [nil, nil, nil, nil, 1, nil, nil])
    #expect(
      outcome.contents.map(\.bytes) == [
        table, Array(note.replacing("\n", with: "\r\n").utf8), Array(note.utf8), table, table,
      ])
    #expect(outcome.findings.isEmpty && outcome.violations.isEmpty)
  }

  @Test func survivesEveryCutAndChange() {
    checkTotality(
      of: TFTPDecoder(),
      on: [
        .bytes(request(1, "a", "octet", "blksize", "8", "tsize", "0"), from: .initiator),
        .bytes([0, 6] + Array("blksize\08\0tsize\09\0".utf8), from: .responder),
        .bytes(acknowledgement(0), from: .initiator), .bytes(block(1, full(1, 8)), from: .responder),
        .bytes(acknowledgement(1), from: .initiator), .bytes(block(2, [2]), from: .responder),
        .bytes(acknowledgement(2), from: .initiator), .bytes(request(2, "b", "mail"), from: .initiator),
        .bytes([0, 5, 0, 2] + Array("no\0".utf8), from: .responder),
      ], over: asking)
  }
}
