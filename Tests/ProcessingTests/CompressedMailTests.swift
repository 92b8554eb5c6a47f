import EvidenceModel
import Foundation
import TestSupport
import Testing

/// IMAP that goes on compressed, between mbsync and dovecot, through the whole program.
@Suite struct CompressedMailTests {
  /// What Python's zlib makes of the server's side: the SHA-256 of each message, in order.
  private static let witness = """
    import hashlib, re, struct, sys, zlib
    data = open(sys.argv[1], 'rb').read()
    place, plain, compressed, inflater = 24, b'', b'', None
    while place < len(data):
        length = struct.unpack_from('<I', data, place + 8)[0]
        frame = data[place + 16:place + 16 + length]
        place += 16 + length
        segment = frame[14 + 20:14 + struct.unpack_from('>H', frame, 16)[0]]
        payload = segment[(segment[12] >> 4) * 4:]
        if struct.unpack_from('>H', segment)[0] != 143 or not payload: continue
        if inflater: compressed += inflater.decompress(payload)
        elif b'OK Begin compression' in payload: inflater = zlib.decompressobj(-15)
    for match in re.finditer(rb'BODY\\[\\] \\{(\\d+)\\}\\r\\n', compressed):
        print(hashlib.sha256(compressed[match.end():match.end() + int(match[1])]).hexdigest())
    """

  @Test func readsTheMessagesThatWereCompressed() throws {
    let sample = repository.appending(path: "Tests/ProcessingTests/Samples/imap-compressed.pcap").path
    guard let python = program("python3") else { return print("skipped: no python3") }
    let expected = try run(python, ["-c", Self.witness, sample], input: []).output
    let hashes = String(decoding: expected, as: UTF8.self).split(separator: "\n").map(String.init)
    #expect(hashes.count == 5)
    let result = try DuplicateTests.Run([EditedCapture("imap-compressed.pcap").bytes])
    let messages = result.records("imap-message")
    #expect(messages.map { $0.text("sha256") } == hashes)
    #expect(messages.allSatisfy { $0["isComplete"] == true && $0["mailbox"] == "INBOX" })
    #expect(messages.last?["provenance"].map(CanonicalJSON.text)?.contains("27") == true)
    let read = result.records("mail-message").compactMap { $0.text("parentSha256") }
    #expect(read.filter { hashes.contains($0) }.count == 5)
    #expect(result.records("imap-command").contains { $0["command"] == "LOGOUT" && $0["result"] == "OK" })
    #expect(result.records("finding").filter { $0["code"] == "imap/compressed" }.count == 1)
  }

  /// A segment of the server is missing: what came before it stays, and the rest is not made up.
  @Test func endsWhereASegmentIsMissing() throws {
    var capture = try EditedCapture("imap-compressed.pcap")
    capture.packets.remove(at: 25)
    let result = try DuplicateTests.Run([capture.bytes])
    #expect(result.records("imap-message").isEmpty)
    #expect(result.records("imap-command").contains { $0["command"] == "SELECT" })
    let ends = result.records("finding").filter { $0["code"] == "decoder/truncated" }
    #expect(ends.map { $0.text("field") } == ["compressed bytes"])
    #expect(result.records("imap-session").map { $0["isComplete"] } == [false])
  }
}
