import EvidenceModel
import Foundation
import TestSupport
import Testing

@testable import DocumentReading

let samples = repository.appending(path: "Tests/DocumentReadingTests/Samples")

func sample(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: samples.appending(path: name))) }

func read(_ data: [UInt8]) throws -> DocumentFacts {
  let form = try #require(DocumentFacts.form(ofHead: Array(data.prefix(1_024))))
  // Safe: the view ends before `data` does.
  return unsafe DocumentFacts(reading: data.span.bytes, as: form)
}

extension DocumentFacts {
  func value(_ group: String, _ name: String) -> String? {
    properties.first { $0.group == group && $0.name == name }?.text
  }
}

/// Pictures with tags by exiftool and PDF by Chromium and exiftool, compared with what exiftool and pdfinfo say of them.
@Suite struct PropertyTests {
  @Test(arguments: ["camera.jpg", "camera.png", "camera.tif"])
  func readsWhatACameraWrites(_ name: String) throws {
    let facts = try read(try sample(name))
    #expect(facts.faults.isEmpty)
    #expect(facts.value("EXIF", "ExposureTime") == "1/60" && facts.value("EXIF", "ISOSpeedRatings") == "200")
    #expect(facts.value("EXIF", "UserComment") == "seen from below" && facts.value("EXIF", "ExifVersion") == "0232")
    #expect(
      facts.value("EXIF", "BodySerialNumber") == "AC-0042" && facts.value("GPS", "GPSLatitude") == "48/1,12/1,738/25")
    let summary = DocumentSummary(facts)
    #expect(summary.author?.text == "Jo Müller" && summary.camera == "Acme Pocket 7")
    #expect(summary.title?.text == "The bridge")
    #expect(summary.created?.text == "2026:03:04 05:06:08")
    #expect(summary.created?.time?.description == "2026-03-04T04:06:08.000000000Z")
    // Nobody said in which zone.
    #expect(summary.modified?.text == "2026:03:05 09:10:11" && summary.modified?.time == nil)
    let place = try #require(summary.place)
    #expect(place.latitude == "48.2082" && place.longitude == "-16.3738" && place.elevation == "171.5")
    #expect(place.fixed?.description == "2026-03-04T04:06:07.000000000Z")
  }

  @Test func readsXMPBesideEXIF() throws {
    let facts = try read(try sample("camera.jpg"))
    #expect(facts.properties.filter { $0.name == "dc:subject" }.map(\.text) == ["bridge", "night"])
    #expect(facts.value("XMP", "xmp:CreatorTool") == "Acme Editor")
    #expect(try read(try sample("plain.jpg")).properties.isEmpty)
  }

  @Test func readsEXIFInWebP() throws {
    let tiff = try sample("camera.tif")
    let size = { (count: Int) in (0..<4).map { UInt8(truncatingIfNeeded: count >> ($0 * 8)) } }
    let chunk = Array("EXIF".utf8) + size(tiff.count) + tiff + (tiff.count % 2 == 1 ? [0] : [])
    let data = Array("RIFF".utf8) + size(chunk.count + 4) + Array("WEBP".utf8) + chunk
    #expect(DocumentSummary(try read(data)).camera == "Acme Pocket 7")
  }

  /// Numbers, lists and names that are no UTF-8 stand in the information dictionary, too.
  @Test func readsWhatIsNoTextInAPDF() throws {
    var data = Array(
      """
      %PDF-1.4
      1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj
      2 0 obj << /Type /Pages /Kids [] /Count 0 >> endobj
      3 0 obj << /Title (plain) /Trapped /False /Count 7 /Part 0.5 /Flag true /List [ 1 (two) 4 0 R ] /No null
      """.utf8)
    data += Array("\n/Odd#FFKey (odd) /Deep << /A (b) >> >> endobj\n".utf8)
    data += Array("4 0 obj 9 endobj\ntrailer << /Root 1 0 R /Info 3 0 R >>\n%%EOF\n".utf8)
    let facts = try read(data)
    let values = Dictionary(
      facts.properties.filter { $0.group == "Info" }.map { ($0.name, $0.text) }, uniquingKeysWith: { first, _ in first }
    )
    #expect(values["Title"] == "plain" && values["Trapped"] == "False" && values["Count"] == "7")
    #expect(values["Part"] == "0.5" && values["Flag"] == "true")
    #expect(values["List"] == "[ 1 (two) 4 0 R ]", "\(values)")
    #expect(values["Odd#ffKey"] == "odd" && values["No"] == nil, "\(values)")
    #expect(values["Deep"]?.contains("/A (b)") == true)
    // qpdf says that it had to look for the objects.
    #expect(facts.pageCount == 0)
  }

  @Test(.enabled(if: program("exiftool") != nil, "exiftool is not installed")) func readsIPTC() throws {
    let tool = try #require(program("exiftool"))
    let folder = try TemporaryFolder()
    let path = try folder.write(try sample("plain.jpg"), "a.jpg")
    let made = try run(
      tool,
      [
        "-q", "-overwrite_original", "-IPTC:By-line=Jo M\u{fc}ller", "-IPTC:Keywords=bridge", "-IPTC:Keywords=night",
        "-IPTC:ObjectName=The bridge", "-IPTC:DateCreated=2026:03:04", "-IPTC:TimeCreated=05:06:08+01:00",
        "-IPTC:CodedCharacterSet=UTF8", "-IPTC:Caption-Abstract=\(String(repeating: "long ", count: 300))", path,
      ])
    try #require(made.status == 0, "\(made.errors)")
    let facts = try read([UInt8](try Data(contentsOf: folder.url("a.jpg"))))
    #expect(facts.faults.isEmpty, "\(facts.faults)")
    #expect(facts.value("IPTC", "By-line") == "Jo M\u{fc}ller" && facts.value("IPTC", "Object Name") == "The bridge")
    #expect(facts.properties.filter { $0.name == "Keywords" }.map(\.text) == ["bridge", "night"])
    #expect(facts.value("IPTC", "Date Created") == "20260304" && facts.value("IPTC", "Time Created") == "050608+0100")
    #expect(facts.value("IPTC", "1:90") == "1b2547")
    #expect(facts.value("IPTC", "Caption/Abstract")?.count == 1_500)
    let summary = DocumentSummary(facts)
    #expect(summary.author?.text == "Jo M\u{fc}ller" && summary.title?.text == "The bridge")
    let count = try run(tool, ["-IPTC:all", "-a", path]).lines.count
    // exiftool shows what comes several times in one line.
    #expect(Set(facts.properties.filter { $0.group == "IPTC" }.map(\.name)).count == count)
  }

  @Test(.enabled(if: program("exiftool") != nil, "exiftool is not installed")) func readsCompressedTextsOfPNG() throws {
    let tool = try #require(program("exiftool"))
    let plain = try sample("camera.png")
    for options in [["-z"], []] {
      let folder = try TemporaryFolder()
      let path = try folder.write(plain, "a.png")
      let made = try run(
        tool,
        ["-q", "-overwrite_original"] + options + [
          "-PNG:Comment=a comment \(String(repeating: "again ", count: 100))", "-PNG:Title-de=Br\u{fc}cke",
          "-XMP-dc:Title=in XMP", path,
        ])
      try #require(made.status == 0, "\(made.errors)")
      let facts = try read([UInt8](try Data(contentsOf: folder.url("a.png"))))
      #expect(facts.faults.isEmpty, "\(facts.faults)")
      let texts = facts.properties.filter { ["tEXt", "zTXt", "iTXt"].contains($0.group) }
      #expect(texts.first { $0.name == "Comment" }?.text.hasPrefix("a comment again") == true, "\(texts)")
      #expect(texts.contains { $0.group == "iTXt" && $0.text == "Br\u{fc}cke" }, "\(texts)")
      #expect(facts.value("XMP", "dc:title") == "in XMP")
      if !options.isEmpty { #expect(texts.contains { $0.group == "zTXt" }) }
    }
  }

  @Test(.enabled(if: program("exiftool") != nil, "exiftool is not installed")) func findsWhatExiftoolFinds() throws {
    let tool = try #require(program("exiftool"))
    let path = samples.appending(path: "camera.jpg").path
    let thumbnail = try run(tool, ["-b", "-ThumbnailImage", path]).output
    let facts = try read(try sample("camera.jpg"))
    #expect(facts.thumbnail == thumbnail && !thumbnail.isEmpty)
    let names = [
      "Make": "Make", "Model": "Model", "Software": "Software", "Artist": "Artist",
      "DateTimeOriginal": "DateTimeOriginal",
      "OffsetTimeOriginal": "OffsetTimeOriginal", "SerialNumber": "BodySerialNumber", "ISO": "ISOSpeedRatings",
    ]
    for (theirs, ours) in names {
      let value = try run(tool, ["-n", "-s3", "-EXIF:\(theirs)", path]).lines.first.map(String.init)
      #expect(facts.properties.first { $0.name == ours }?.text == value, "\(theirs)")
    }
    let place = try #require(DocumentSummary(facts).place)
    let latitude = try run(tool, ["-n", "-s3", "-Composite:GPSLatitude", path]).lines.first.flatMap { Double($0) }
    let longitude = try run(tool, ["-n", "-s3", "-Composite:GPSLongitude", path]).lines.first.flatMap { Double($0) }
    #expect(abs(try #require(Double(place.latitude)) - (latitude ?? 0)) < 1e-9)
    #expect(abs(try #require(Double(place.longitude)) - (longitude ?? 0)) < 1e-9)
  }

  @Test(arguments: ["stated.pdf", "owner-password.pdf"]) func readsWhatAPDFSays(_ name: String) throws {
    let facts = try read(try sample(name))
    #expect(facts.faults.isEmpty && facts.pageCount == 1 && facts.isEncrypted == (name == "owner-password.pdf"))
    let summary = DocumentSummary(facts)
    #expect(summary.author?.text == "Jo Müller" && summary.title?.text == "The plan")
    #expect(summary.created?.time?.description == "2026-03-04T04:06:08.000000000Z")
    #expect(facts.value("XMP", "pdf:Producer") == "Acme Writer")
    guard let tool = program("pdfinfo") else { return }
    let lines = try run(tool, [samples.appending(path: name).path]).lines
    let stated = { (title: String) in
      lines.first { $0.hasPrefix(title + ":") }.map { $0.dropFirst(title.count + 1).drop { $0 == " " } }
    }
    #expect(stated("Author").map(String.init) == summary.author?.text)
    #expect(stated("Producer").map(String.init) == summary.producer?.text)
    #expect(stated("Creator").map(String.init) == summary.program?.text)
    #expect(stated("Pages") == "1")
  }

  @Test func namesAPDFThatIsEncrypted() throws {
    let facts = try read(try sample("encrypted.pdf"))
    #expect(facts.isEncrypted && facts.properties.isEmpty)
  }
}
