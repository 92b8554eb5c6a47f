import Foundation
import TestSupport
import Testing

/// Files that came by ranges of HTTP, put together through the whole program.
@Suite(.enabled(if: exhibitProgram != nil)) struct RangeTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let whole = [UInt8]((0..<9_000).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 251) })

  /// One range, as a request and its answer on a connection of its own.
  private struct Range {
    var from: Int
    var end: Int
    var total = "9000"
    var tag = "\"a\""
    var client: UInt8 = 10
    var isUpload = false
    var bytes: [UInt8]?
  }

  private func capture(_ ranges: [Range]) throws -> String {
    var file = PacketFile()
    for (number, range) in ranges.enumerated() {
      var connection = PacketFile.Connection(
        ([192, 0, 2, range.client], UInt16(40_000 + number)), ([198, 51, 100, 20], 80))
      let body = range.bytes ?? Array(Self.whole[range.from..<range.end])
      let place =
        "Content-Range: bytes \(range.from)-\(range.end - 1)/\(range.total)\r\nContent-Length: \(body.count)\r\n"
      file.open(&connection)
      if range.isUpload {
        let head = "PUT /up/a.bin HTTP/1.1\r\nHost: a.example\r\n\(place)\r\n"
        file.send(Array(head.utf8) + body, &connection, isAnswer: false)
        file.send(Array("HTTP/1.1 308 Resume\r\nContent-Length: 0\r\n\r\n".utf8), &connection, isAnswer: true)
      } else {
        file.send(Array("GET /a.bin HTTP/1.1\r\nHost: a.example\r\n\r\n".utf8), &connection, isAnswer: false)
        let head = "HTTP/1.1 206 Partial Content\r\nETag: \(range.tag)\r\n\(place)\r\n"
        file.send(Array(head.utf8) + body, &connection, isAnswer: true)
      }
      file.close(&connection)
    }
    return try folder.write(file.bytes, "a.pcap")
  }

  private func records(_ bundle: String, _ kind: String) throws -> [[String: Any]] {
    guard let text = try? String(contentsOfFile: "\(bundle)/data/records/\(kind).ndjson", encoding: .utf8) else {
      return []
    }
    return try text.split(separator: "\n").compactMap {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
  }

  /// Processes, with several workers as well where asked, which must say the same, and gives the files that were put together.
  private func files(_ ranges: [Range], jobs: [String] = ["1"]) throws -> (files: [[String: Any]], bundle: String) {
    let capture = try capture(ranges)
    var manifests: [String] = []
    let names = jobs.map { (jobs: $0, bundle: folder.path("\(UUID().uuidString)-\($0)")) }
    for (jobs, bundle) in names {
      let result = try exhibit("process", capture, "--output", bundle, "--jobs", jobs)
      try #require(result.status == 0, "\(result.errors)")
      #expect(try exhibit("verify", bundle).status == 0)
      manifests.append(try String(contentsOfFile: "\(bundle)/manifest-sha256.txt", encoding: .utf8))
    }
    #expect(Set(manifests).count == 1)
    return (try records(names[0].bundle, "http-file"), names[0].bundle)
  }

  private func bytes(_ file: [String: Any], _ bundle: String) throws -> [UInt8]? {
    let artefact = try records(bundle, "artefact").first { $0["sha256"] as? String == file["sha256"] as? String }
    guard let path = artefact?["path"] as? String else { return nil }
    return [UInt8](try Data(contentsOf: URL(filePath: "\(bundle)/\(path)")))
  }

  /// Out of order, overlapping and twice, over four connections.
  @Test func putsPiecesInTheirPlaces() throws {
    let (files, bundle) = try files(
      [
        Range(from: 5_000, end: 9_000), Range(from: 0, end: 3_000), Range(from: 2_500, end: 5_500),
        Range(from: 0, end: 3_000),
      ], jobs: ["1", "3"])
    let file = try #require(files.first)
    #expect(files.count == 1 && file["isComplete"] as? Bool == true && file["pieceCount"] as? Int == 4)
    #expect(file["attachedBy"] == nil)
    #expect(file["repeatedBytes"] as? Int == 4_000 && file["fileName"] as? String == "a.bin")
    #expect(try bytes(file, bundle) == Self.whole)
    let artefact = try #require(
      try records(bundle, "artefact").first { $0["role"] as? String == "file put together of ranges" })
    #expect(artefact["isComplete"] as? Bool == true && artefact["origin"] as? String == "captured")
    // All packets of all its pieces.
    let provenance = try #require(artefact["provenance"] as? [[String: Any]])
    let transfers = try records(bundle, "http-transfer").compactMap { $0["provenance"] as? [[String: Any]] }
    let packets = transfers.flatMap { $0.compactMap { $0["packets"] as? String } }.joined(separator: ",")
    #expect(numbers(provenance.first?["packets"] as? String ?? "") == numbers(packets))
  }

  private func numbers(_ list: String) -> Set<Int> {
    Set(
      list.split(separator: ",").flatMap { range -> [Int] in
        let ends = range.split(separator: "-").compactMap { Int($0) }
        return ends.count == 2 ? Array(ends[0]...ends[1]) : ends
      })
  }

  @Test func leavesHolesForWhatIsMissing() throws {
    let (files, bundle) = try files([Range(from: 1_000, end: 3_000), Range(from: 4_000, end: 9_000)])
    let file = try #require(files.first)
    #expect(file["isComplete"] as? Bool == false)
    #expect(
      (file["holes"] as? [[String: Int]]) == [["at": 0, "byteCount": 1_000], ["at": 3_000, "byteCount": 1_000]])
    var expected = Self.whole
    for place in [0..<1_000, 3_000..<4_000] {
      expected.replaceSubrange(place, with: repeatElement(0, count: place.count))
    }
    #expect(try bytes(file, bundle) == expected)
  }

  @Test func joinsUploads() throws {
    let (files, bundle) = try files([
      Range(from: 0, end: 4_000, isUpload: true), Range(from: 4_000, end: 9_000, isUpload: true),
    ])
    #expect(files.map { $0["direction"] as? String } == ["upload"])
    #expect(files.map { $0["attachedBy"] as? String } == ["inferred"])
    #expect(try bytes(try #require(files.first), bundle) == Self.whole)
  }

  /// Another version of the file, another client, another length: they are not one file.
  @Test func joinsOnlyWhatIsOneFile() throws {
    let (files, _) = try files([
      Range(from: 0, end: 4_000), Range(from: 4_000, end: 9_000, tag: "\"b\""),
      Range(from: 4_000, end: 9_000, client: 11), Range(from: 4_000, end: 9_000, total: "9001"),
      Range(from: 4_000, end: 9_000, isUpload: true),
    ])
    #expect(files.isEmpty)
  }

  @Test func doesNotJoinWhatContradictsItself() throws {
    let other = [UInt8](repeating: 1, count: 3_000)
    let (files, bundle) = try files([
      Range(from: 0, end: 6_500), Range(from: 6_000, end: 9_000, bytes: other),
    ])
    #expect(files.map { $0["sha256"] == nil } == [true])
    #expect(try records(bundle, "finding").map { $0["code"] as? String } == ["http/rangeConflict"])
  }

  @Test func saysWhenTooMuchIsMissing() throws {
    let (files, bundle) = try files([Range(from: 0, end: 1_000), Range(from: 8_000, end: 9_000)])
    #expect(files.map { $0["sha256"] == nil } == [true])
    #expect(try records(bundle, "finding").map { $0["code"] as? String } == ["http/rangeHoles"])
  }

  @Test func passesOverMalformedRanges() throws {
    let (files, _) = try files(
      ["x", "", "10", "-1", "99999999999999999999", "9000/9000"].flatMap { total in
        [Range(from: 0, end: 4_000, total: total), Range(from: 4_000, end: 9_000, total: total)]
      })
    #expect(files.isEmpty)
  }
}
