import EvidenceModel
import Foundation
import TestSupport
import Testing

@testable import DocumentReading

/// Documents that are damaged, or made to hurt.
@Suite struct HostileTests {
  private func core(_ inner: String) -> DocumentFacts {
    let text = """
      <?xml version="1.0"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" \
      xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/">\(inner)</cp:coreProperties>
      """
    return DocumentFacts(parts: [("docProps/core.xml", Array(text.utf8))], as: .ooxml)
  }

  @Test func everyChangedByteIsSurvived() throws {
    for name in ["camera.jpg", "camera.png", "camera.tif", "stated.pdf"] {
      let data = try sample(name)
      var random = SeededGenerator(testSeed(name))
      for _ in 0..<200 {
        var changed = data
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          changed[Int.random(in: 12..<changed.count, using: &random)] = random.bytes(1)[0]
        }
        let facts = try read(changed)
        #expect(facts.properties.count <= DocumentLimits.properties)
        #expect(facts.properties.allSatisfy { $0.value.count <= DocumentLimits.valueBytes })
        _ = DocumentSummary(facts)
      }
      for cut in stride(from: 12, to: data.count, by: max(1, data.count / 100)) {
        _ = try read(Array(data.prefix(cut)))
      }
    }
  }

  @Test func aDocumentTypeEndsTheReading() {
    let bomb = """
      <!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]><x>&b;&f;</x>
      """
    let facts = DocumentFacts(parts: [("docProps/core.xml", Array(bomb.utf8))], as: .ooxml)
    #expect(facts.properties.isEmpty && facts.faults.count == 1)
  }

  @Test func limitsHold() {
    let deep = String(repeating: "<dc:a>", count: 100) + String(repeating: "</dc:a>", count: 100)
    #expect(core(deep).faults.count == 1)
    let many = core(String(repeating: "<dc:a>x</dc:a>", count: DocumentLimits.properties + 10))
    #expect(many.properties.count == DocumentLimits.properties && many.faults.count == 1)
    let long = core("<dc:title>\(String(repeating: "x", count: 10_000))</dc:title>")
    #expect(long.properties.first?.value.count == DocumentLimits.valueBytes && long.properties.first?.isCut == true)
    let large = [UInt8](repeating: 0x20, count: DocumentLimits.partBytes + 1)
    #expect(DocumentFacts(parts: [("meta.xml", large)], as: .odf).faults.count == 1)
  }

  @Test func textsOfPicturesAreCut() throws {
    let chunk = { (kind: String, content: [UInt8]) -> [UInt8] in
      let count = UInt32(content.count)
      return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> UInt32($0)) } + Array(kind.utf8) + content
        + [0, 0, 0, 0]
    }
    let sign: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
    let long = Array("Comment\0".utf8) + [UInt8](repeating: 0xe4, count: 100_000)
    let name = [UInt8](repeating: 0x61, count: 100_000) + [0, 0x62]
    let facts = try read(sign + chunk("tEXt", long) + chunk("tEXt", name) + chunk("tEXt", Array("A\0\u{62}".utf8)))
    #expect(facts.properties.map(\.name) == ["Comment", "A"])
    #expect(facts.properties.first?.value.count == DocumentLimits.valueBytes && facts.properties.first?.isCut == true)
    #expect(facts.properties.last?.isCut == false && facts.faults == ["a keyword of the PNG file is too long"])
  }

  @Test func noMoreEXIFIsReadOnceThereIsTooMuch() throws {
    let picture = try sample("camera.jpg")
    var facts = DocumentFacts(.jpeg)
    for _ in 0..<DocumentLimits.properties { facts.add("XMP", "a", [0x61]) }
    let start = try #require(picture.firstRange(of: Array("Exif".utf8))).lowerBound
    facts.readEXIF(Array(picture[start...]))
    facts.readEXIF(Array(picture[start...]))
    #expect(facts.properties.count == DocumentLimits.properties && facts.faults.count == 1)
    #expect(facts.thumbnail.isEmpty)
  }

  @Test func anArchiveThatBeginsWithAPDFIsNoPDF() {
    let head = Array("PK\u{3}\u{4} %PDF-1.7".utf8)
    #expect(DocumentFacts.form(ofHead: head) == .pdf && DocumentFacts.form(ofHead: head, isArchive: true) == nil)
    #expect(DocumentFacts.form(ofHead: Array("%PDF-1.7".utf8), isArchive: true) == .pdf)
  }

  @Test(arguments: [
    ("2026-03-04T05:06:08Z", nil, "2026-03-04T05:06:08.000000000Z"),
    ("2026-03-04T05:06:08.123+02:00", nil, "2026-03-04T03:06:08.000000000Z"),
    ("D:20260304050608-05'30'", nil, "2026-03-04T10:36:08.000000000Z"),
    ("D:20260304050608Z", nil, "2026-03-04T05:06:08.000000000Z"),
    ("D:20260304050608", nil, nil), ("2026:03:04 05:06:08", "+01:00", "2026-03-04T04:06:08.000000000Z"),
    ("2026:03:04 05:06:08", nil, nil), ("2026:13:04 05:06:08", "+01:00", nil), ("", "+01:00", nil),
    ("yesterday", nil, nil),
    ("2026-03-04T05:06Z", nil, "2026-03-04T05:06:00.000000000Z"), ("2026-03-04", "Z", nil),
    ("99999999999999999999", "Z", nil), ("2026-03-04T05:06:08+99:00", nil, nil),
  ])
  func readsMomentsWithAZone(_ text: String, _ zone: String?, _ expected: String?) {
    #expect(StatedMoment(text, zone: zone).time?.description == expected)
  }

  @Test func placesThatContradictTheStandardAreNone() {
    let facts = { (latitude: String, reference: String) -> StatedPlace? in
      var facts = DocumentFacts(.jpeg)
      facts.add("GPS", "GPSLatitude", Array(latitude.utf8))
      facts.add("GPS", "GPSLatitudeRef", Array(reference.utf8))
      facts.add("GPS", "GPSLongitude", Array("0/1,0/1,0/1".utf8))
      facts.add("GPS", "GPSLongitudeRef", Array("E".utf8))
      return StatedPlace(facts)
    }
    #expect(facts("90/1,0/1,0/1", "S")?.latitude == "-90")
    #expect(facts("4294967295/4294967295,0/1,0/1", "N")?.latitude == "1")
    #expect(facts("1/3,0/1,0/1", "N")?.latitude == "0.333333333")
    for (latitude, reference) in [
      ("90/1,0/1,1/1", "N"), ("1/0,0/1,0/1", "N"), ("1/1,0/1,0/1", "X"), ("1/1,0/1", "N"), ("", "N"),
      ("a/b,c/d,e/f", "N"),
      ("4294967295/1,0/1,0/1", "N"),
    ] { #expect(facts(latitude, reference) == nil, "\(latitude) \(reference)") }
  }
}
