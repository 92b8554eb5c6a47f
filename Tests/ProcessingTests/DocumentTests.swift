import Foundation
import TestSupport
import Testing

/// Documents through the whole program: as originals, and in an archive.
@Suite(.enabled(if: exhibitProgram != nil)) struct DocumentTests {
  private static let samples = repository.appending(path: "Tests/DocumentReadingTests/Samples")

  private func records(_ bundle: String, _ kind: String) throws -> [[String: Any]] {
    let text = try String(contentsOfFile: "\(bundle)/data/records/\(kind).ndjson", encoding: .utf8)
    return try text.split(separator: "\n").compactMap {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
  }

  /// A part that is too large is told, and names alone make no office document.
  @Test func saysWhichPartIsTooLarge() throws {
    let folder = try TemporaryFolder()
    let zip = try #require(program("zip"))
    _ = try folder.write([UInt8](repeating: 0x20, count: 1 << 20 | 1), "meta.xml")
    _ = try folder.write(Array("application/vnd.oasis.opendocument.text".utf8), "mimetype")
    for (name, parts) in [("a.odt", ["mimetype", "meta.xml"]), ("b.zip", ["meta.xml"])] {
      #expect(try run(zip, ["-q", "-j", folder.path(name)] + parts.map { folder.path($0) }).status == 0)
    }
    let bundle = folder.path("bundle")
    let result = try exhibit("process", folder.path("a.odt"), folder.path("b.zip"), "--output", bundle)
    #expect(result.status == 0, "\(result.errors)")
    let findings = try records(bundle, "finding")
    #expect(findings.map { $0["code"] as? String ?? "" }.filter { $0.hasPrefix("document/") } == ["document/limit"])
    #expect((findings.first?["provenance"] as? [[String: Any]])?.first?["original"] as? String == "O-0001")
  }

  @Test func listsWhatDocumentsSayOfThemselves() throws {
    let folder = try TemporaryFolder()
    let zip = try #require(program("zip"))
    let names = ["camera.jpg", "encrypted.pdf", "text.odt"].map { Self.samples.appending(path: $0).path }
    #expect(try run(zip, ["-q", "-j", folder.path("all.zip")] + names).status == 0)
    let bundle = folder.path("bundle")
    let result = try exhibit(
      "process", folder.path("all.zip"), Self.samples.appending(path: "stated.pdf").path,
      Self.samples.appending(path: "text.docx").path, "--output", bundle)
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      try records(bundle, "original-file").map { $0["takenFor"] as? String } == ["archive", "document", "archive"])
    let documents = try records(bundle, "document-properties")
    let byType = Dictionary(grouping: documents) { $0["documentType"] as? String ?? "" }
    #expect(byType["pdf"]?.count == 2 && byType["odf"]?.count == 1 && byType["ooxml"]?.count == 1)
    let picture = try #require(byType["jpeg"]?.first { $0["camera"] != nil })
    #expect(picture["latitude"] as? String == "48.2082" && picture["author"] as? String == "Jo Müller")
    let member = try #require(try records(bundle, "archive-member").first { $0["name"] as? String == "camera.jpg" })
    #expect(picture["parentSha256"] as? String == member["sha256"] as? String)
    let small = try #require(picture["thumbnailSha256"] as? String)
    let artefact = try #require(try records(bundle, "artefact").first { $0["sha256"] as? String == small })
    #expect(artefact["parentSha256"] as? String == member["sha256"] as? String)
    let place = try #require(try records(bundle, "location-waypoint").first)
    #expect(place["longitude"] as? String == "-16.3738" && place["decoder"] as? String == "document 1.0")
    #expect(try records(bundle, "finding").map { $0["code"] as? String } == ["document/encrypted"])
    #expect(byType["odf"]?.first?["lastModifiedBy"] as? String == "Kim")
    let page = try String(contentsOfFile: "\(bundle)/report/documents.html", encoding: .utf8)
    #expect(page.contains("Acme Pocket 7") && page.contains("The plan"))
    #expect(try exhibit("verify", bundle).status == 0)
    #expect(try exhibit("reproduce", bundle).status == 0)
  }
}
