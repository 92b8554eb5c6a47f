import EvidenceModel
import Foundation
import TestSupport
import Testing

/// Message sessions over a relay (Kamailio), and the signalling that sets them up (SIPp), through the whole program.
@Suite struct MessageSessionTests {
  private static func sample() throws -> DuplicateTests.Run {
    try DuplicateTests.Run([EditedCapture("message-session.pcap").bytes])
  }

  @Test func joinsFilesWithWhatTheSignallingStates() throws {
    let result = try Self.sample()
    let sessions = result.records("sip-messageSession")
    #expect(sessions.map { $0["method"] } == ["INVITE", "INVITE", nil, nil])
    #expect(sessions.map { $0["fileName"] } == [nil, "crate plan.pgm", nil, nil])
    #expect(sessions.map { $0["fileByteCount"] } == [nil, 5_613, nil, nil])
    // The file went from the caller to the relay, and from there to the called party.
    let files = result.records("msrp-file")
    #expect(files.count == 2)
    for file in files {
      #expect(file["isSizeEqual"] == true && file["isNameEqual"] == true && file["isHashEqual"] == true)
      #expect(file["from"] == "sip:caller@pier.example" && file["attachedBy"] == "signalling")
      let hash = try #require(file.text("sha256"))
      let path = "\(result.bundle)/data/artefacts/\(hash.prefix(2))"
      let name = try #require(try FileManager.default.contentsOfDirectory(atPath: path).first { $0.hasPrefix(hash) })
      let plan = repository.appending(path: "Tests/ProcessingTests/Samples/message-session.pgm")
      #expect(try Data(contentsOf: URL(filePath: "\(path)/\(name)")) == Data(contentsOf: plan))
    }
    #expect(Set(result.records("finding").compactMap { $0.text("code") }) == ["msrp/aborted"])
  }

  /// A byte of the file is another one than the sender hashed.
  @Test func tellsAFileThatIsNotWhatWasStated() throws {
    var capture = try EditedCapture("message-session.pcap")
    let place = try #require(
      capture.packets.firstIndex { packet in
        String(decoding: packet.bytes, as: UTF8.self).contains("filename=\"crate plan.pgm\"")
          && packet.bytes.count > 1_200
      })
    capture.packets[place].bytes[1_000] ^= 1
    let result = try DuplicateTests.Run([capture.bytes])
    #expect(result.records("msrp-file").map { $0["isHashEqual"] }.filter { $0 == false }.count == 1)
    let finding = try #require(result.records("finding").first { $0["code"] == "msrp/fileDiffers" })
    #expect(finding["differences"] == .list(["hash"]))
  }

  private static let ends = ["msrp://192.0.2.1:2855/aaa;tcp", "msrp://192.0.2.2:2855/bbb;tcp"]

  private static func datagram(_ start: String, _ sequence: String, _ end: Int, _ direction: String) -> [UInt8] {
    let hash =
      "9C:56:CC:51:B3:74:C3:BA:18:92:10:D5:B6:D4:BF:57:79:0D:35:1C:96:C4:7C:02:19:0E:CF:1E:43:06:35:AB"
    let offer: [String] = [
      "v=0", "o=- 1 1 IN IP4 192.0.2.\(end + 1)", "s=-", "c=IN IP4 192.0.2.\(end + 1)", "t=0 0",
      "m=message 2855 TCP/MSRP *", "a=\(direction)", "a=accept-types:message/cpim", "a=path:\(ends[end])",
      "a=file-selector:name:\"p.png\" type:image/png size:8 hash:sha-256:\(hash)", "",
    ]
    let body = offer.joined(separator: "\r\n")
    let tag = end == 1 ? ";tag=2" : ""
    let lines: [String] = [
      start, "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1", "From: <sip:alice@pier.example>;tag=1",
      "To: <sip:bob@pier.example>\(tag)", "Call-ID: c1@pier.example", "CSeq: \(sequence)",
      "Contact: <sip:x@192.0.2.1>", "Max-Forwards: 70", "Content-Type: application/sdp",
      "Content-Length: \(body.utf8.count)", "", body,
    ]
    let text = Array(lines.joined(separator: "\r\n").utf8)
    var bytes = DuplicateTests.big16(5_060) + DuplicateTests.big16(5_060)
    bytes += DuplicateTests.big16(8 + text.count) + [0, 0] + text
    return DuplicateTests.ethernet(DuplicateTests.ip(17, bytes, id: 1 + end, fromA: end == 0))
  }

  private static func chunk(_ transaction: String, _ from: Int, _ type: String, _ body: String) -> String {
    [
      "MSRP \(transaction) SEND", "To-Path: \(ends[1 - from])", "From-Path: \(ends[from])",
      "Message-ID: \(transaction)", "Byte-Range: 1-\(body.utf8.count)/\(body.utf8.count)", "Content-Type: \(type)", "",
      body, "-------\(transaction)$", "",
    ].joined(separator: "\r\n")
  }

  /// What stands in CPIM is the file; what the other side sends is not, for it only wants the file.
  @Test func comparesWhatStandsInAWrapperAndWhatTheRightSideSends() throws {
    let wrapped = Self.chunk(
      "aaaa1111", 0, "message/cpim", "From: <sip:a@x>\r\nTo: <sip:b@x>\r\n\r\nContent-Type: image/png\r\n\r\nabcdefgh")
    let other = Self.chunk("bbbb1111", 1, "image/png", "other picture of Bob")
    let size = wrapped.utf8.count
    let segments = [
      DuplicateTests.tcp(2, 100, 0, id: 10), DuplicateTests.tcp(0x12, 500, 101, id: 11, fromA: false),
      DuplicateTests.tcp(0x10, 101, 501, id: 12), DuplicateTests.tcp(0x18, 101, 501, wrapped, id: 13),
      DuplicateTests.tcp(0x18, 501, 101 + size, other, id: 14, fromA: false),
      DuplicateTests.tcp(0x11, 101 + size, 501 + other.utf8.count, id: 15),
    ]
    var packets: [[UInt8]] = [
      Self.datagram("INVITE sip:bob@pier.example SIP/2.0", "1 INVITE", 0, "sendonly"),
      Self.datagram("SIP/2.0 200 OK", "1 INVITE", 1, "recvonly"),
    ]
    for segment in segments { packets.append(DuplicateTests.ethernet(segment)) }
    let result = try DuplicateTests.Run([
      DuplicateTests.capture(packets.enumerated().map { (UInt32($0.offset), $0.element) })
    ])
    #expect(result.records("msrp-transfer").count == 2)
    let files = result.records("msrp-file")
    #expect(files.map { $0["messageID"] } == ["aaaa1111"])
    let file = try #require(files.first)
    #expect(file["isSizeEqual"] == true && file["isHashEqual"] == true)
    #expect(file["byteCount"] == 8 && file["direction"] == "sendonly")
    #expect(result.records("finding").allSatisfy { $0["code"] != "msrp/fileDiffers" })
  }

  /// tshark counts as many requests and responses; it reads no message that comes in several segments as a whole.
  @Test func countsWhatTsharkCounts() throws {
    guard let tshark = program("tshark") else { return }
    let path = repository.appending(path: "Tests/ProcessingTests/Samples/message-session.pcap").path
    let made = try run(
      tshark, ["-nr", path, "-Y", "msrp", "-T", "fields", "-e", "msrp.method", "-e", "msrp.status.code"])
    let lines = String(decoding: made.output, as: UTF8.self).split(separator: "\n").map {
      $0.split(separator: "\t", omittingEmptySubsequences: false)
    }
    let result = try Self.sample()
    let count = { (name: String) in
      result.records("msrp-session").reduce(0) { $0 + ($1.integer(name) ?? 0) }
    }
    #expect(count("requestCount") == lines.filter { !$0[0].isEmpty }.count)
    #expect(count("responseCount") == lines.filter { $0[0].isEmpty }.count)
    #expect(count("requestCount") > 20)
  }
}
