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
