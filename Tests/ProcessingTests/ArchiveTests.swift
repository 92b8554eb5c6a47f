import Foundation
import TestSupport
import Testing

/// Archives as originals and in the traffic, through the whole program.
@Suite(.enabled(if: exhibitProgram != nil)) struct ArchiveTests {
  static let samples = repository.appending(path: "Tests/ArchiveReadingTests/Samples")

  private func records(_ bundle: String, _ kind: String) throws -> [[String: Any]] {
    guard let text = try? String(contentsOfFile: "\(bundle)/data/records/\(kind).ndjson", encoding: .utf8) else {
      return []
    }
    return try text.split(separator: "\n").compactMap {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
  }

  /// A capture in which a web server sends one file, with a hole where `lost` says so.
  private func download(_ body: [UInt8], lost: Range<Int>? = nil) -> [UInt8] {
    var file = PacketFile()
    var connection = PacketFile.Connection(([192, 0, 2, 10], 40_000), ([198, 51, 100, 20], 80))
    file.open(&connection)
    file.send(Array("GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n".utf8), &connection, isAnswer: false)
    file.send(
      Array("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n".utf8), &connection, isAnswer: true)
    if let lost {
      file.send(Array(body[..<lost.lowerBound]), &connection, isAnswer: true)
      file.send(Array(body[lost]), &connection, isAnswer: true, isLost: true)
      file.send(Array(body[lost.upperBound...]), &connection, isAnswer: true)
    } else {
      file.send(body, &connection, isAnswer: true)
    }
    file.close(&connection)
    return file.bytes
  }

  private func sample(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: Self.samples.appending(path: name)))
  }

  @Test func opensWhatWasSentAndWhatStandsInIt() throws {
    let folder = try TemporaryFolder()
    let capture = try folder.write(download(try sample("nested.zip")), "a.pcap")
    var manifests: [String] = []
    for jobs in ["1", "3"] {
      let bundle = folder.path("bundle-\(jobs)")
      let result = try exhibit("process", capture, "--output", bundle, "--jobs", jobs)
      #expect(result.status == 0, "\(result.errors)")
      #expect(try exhibit("verify", bundle).status == 0)
      manifests.append(try String(contentsOfFile: "\(bundle)/manifest-sha256.txt", encoding: .utf8))
    }
    #expect(manifests[0] == manifests[1])
    let bundle = folder.path("bundle-1")
    let members = try records(bundle, "archive-member")
    #expect(members.map { $0["name"] as? String } == ["middle.tar.gz", "inner.zip", "meeting.txt"])
    // Each stands in the one before, the first in what was sent; all name its packets.
    let artefacts = try records(bundle, "artefact")
    #expect(members[0]["parentSha256"] as? String == artefacts[0]["sha256"] as? String)
    #expect(members[1]["parentSha256"] as? String == members[0]["sha256"] as? String)
    #expect(members[2]["parentSha256"] as? String == members[1]["sha256"] as? String)
    let provenance = { (record: [String: Any]) in
      ((record["provenance"] as? [[String: Any]])?.first?["packets"] as? String) ?? ""
    }
    #expect(!provenance(artefacts[0]).isEmpty && members.allSatisfy { provenance($0) == provenance(artefacts[0]) })
    let text = try #require(members[2]["sha256"] as? String)
    let stored = try #require(artefacts.first { $0["sha256"] as? String == text })
    #expect(stored["md5"] != nil && stored["sha1"] != nil && stored["mediaType"] as? String == "text/plain")
    let path = try #require(stored["path"] as? String)
    #expect(try String(contentsOfFile: "\(bundle)/\(path)", encoding: .utf8) == "Meet at the bridge at nine.\n")
    #expect(try exhibit("reproduce", bundle).status == 0)
  }

  @Test func saysThatAnArchiveWithAHoleIsNotComplete() throws {
    let folder = try TemporaryFolder()
    let capture = try folder.write(download(try sample("case.tar"), lost: 8_400..<9_800), "a.pcap")
    let bundle = folder.path("bundle")
    #expect(try exhibit("process", capture, "--output", bundle).status == 0)
    #expect(try records(bundle, "finding").contains { $0["code"] as? String == "archive/incomplete" })
    #expect(try records(bundle, "archive-file").map { $0["isComplete"] as? Bool } == [false])
    let members = try records(bundle, "archive-member")
    #expect(members.count > 1 && members.allSatisfy { $0["isComplete"] as? Bool != true })
  }

  /// An archive that begins with a PDF, and pictures and PDF with an archive behind them.
  @Test func opensArchivesWithDocumentsAroundThem() throws {
    let folder = try TemporaryFolder()
    let documents = repository.appending(path: "Tests/DocumentReadingTests/Samples")
    let pdf = [UInt8](try Data(contentsOf: documents.appending(path: "stated.pdf")))
    let picture = [UInt8](try Data(contentsOf: documents.appending(path: "camera.jpg")))
    _ = try folder.write(pdf, "stated.pdf")
    let tar = try #require(program("tar"))
    #expect(try run(tar, ["-C", folder.path(""), "-cf", folder.path("a.tar"), "stated.pdf"]).status == 0)
    let zip = try #require(program("zip"))
    #expect(try run(zip, ["-q", "-0", "-j", folder.path("b.zip"), folder.path("stated.pdf")]).status == 0)
    let inner = try sample("nested.zip")
    let originals = [
      folder.path("a.tar"), folder.path("b.zip"), try folder.write(picture + inner, "c.jpg"),
      try folder.write(pdf + inner, "d.pdf"), try folder.write(picture, "e.jpg"),
      try folder.write(try sample("links.cpio"), "f.cpio"),
    ]
    let bundle = folder.path("bundle")
    let result = try run(try #require(exhibitProgram), ["process"] + originals + ["--output", bundle])
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      try records(bundle, "original-file").map { $0["takenFor"] as? String }
        == ["archive", "archive", "document", "document", "document", "archive"])
    let places = { (kind: String) in
      try records(bundle, kind).map {
        "\(($0["provenance"] as? [[String: Any]])?.first?["original"] ?? "") \($0["name"] ?? $0["documentType"] ?? "")"
      }.sorted()
    }
    let nested = ["inner.zip", "meeting.txt", "middle.tar.gz"]
    #expect(
      try places("archive-member") == ["O-0001 stated.pdf", "O-0002 stated.pdf"] + nested.map { "O-0003 \($0)" }
        + nested.map { "O-0004 \($0)" } + ["first", "second", "soft"].map { "O-0006 links/\($0)" })
    #expect(
      try places("document-properties") == [
        "O-0001 pdf", "O-0002 pdf", "O-0003 jpeg", "O-0004 pdf", "O-0005 jpeg",
      ])
    let link = try #require(try records(bundle, "archive-member").first { $0["name"] as? String == "links/second" })
    #expect(link["memberType"] as? String == "hardLink" && link["byteCount"] as? Int == 28 && link["sha256"] != nil)
    let soft = try #require(try records(bundle, "archive-member").first { $0["name"] as? String == "links/soft" })
    #expect(soft["sha256"] == nil && soft["byteCount"] == nil)
    #expect(!(try records(bundle, "finding").contains { $0["code"] as? String == "archive/size" }))
  }

  @Test func opensArchivesThatAreGivenAsOriginals() throws {
    let folder = try TemporaryFolder()
    let names = ["bomb.zip", "case-encrypted.zip", "case-hidden.7z", "case.7z", "names.tar"]
    var arguments = ["process"] + names.map { Self.samples.appending(path: $0).path }
    let bundle = folder.path("bundle")
    arguments += ["--output", bundle]
    let result = try run(try #require(exhibitProgram), arguments)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try records(bundle, "original-file").map { $0["takenFor"] as? String } == names.map { _ in "archive" })
    let codes = try records(bundle, "finding").map {
      "\(($0["provenance"] as? [[String: Any]])?.first?["original"] ?? "") \($0["code"] ?? "")"
    }
    #expect(
      codes.sorted() == [
        "O-0001 archive/limit", "O-0002 archive/encrypted", "O-0003 archive/encrypted", "O-0004 archive/link",
        "O-0005 archive/device", "O-0005 archive/link", "O-0005 archive/name",
      ])
    // Nothing left the bundle, and names became none of files.
    let files = FileManager.default.enumerator(atPath: bundle)?.compactMap { $0 as? String } ?? []
    #expect(!files.contains { $0.contains("evil") || $0.contains("..") || $0.contains("passwd") })
    #expect(try exhibit("verify", bundle).status == 0)
    let member = try #require(
      try records(bundle, "archive-member").first { $0["name"] as? String == "case/numbers.txt" && $0["sha256"] != nil }
    )
    let sum = try run(try #require(program("sha256sum")), [], input: Array((1...4_000).map { "\($0)\n" }.joined().utf8))
    #expect(sum.text.hasPrefix(member["sha256"] as? String ?? "none"))
  }
}
