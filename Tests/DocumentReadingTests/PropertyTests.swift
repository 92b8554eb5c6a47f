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
