import Foundation
import TestSupport
import Testing

@testable import LocationReading

@Suite struct FormatTests {
  static func format(_ text: String) -> LocationFormat? { LocationFormat(recognising: Array(text.utf8).view) }

  @Test(arguments: [
    "<gpx xmlns='http://www.topografix.com/GPX/1/1'>", "<gpx version='1.0' xmlns='http://www.topografix.com/GPX/1/0'/>",
    "<?xml version='1.0' encoding='ISO-8859-1'?>\n<!-- a -->\n<!DOCTYPE gpx SYSTEM 'gpx.dtd'><gpx version='1.1'>",
    "\u{feff}<g:gpx xmlns:g='http://www.topografix.com/GPX/1/1'>",
  ])
  func knowsGPX(head: String) { #expect(Self.format(head) == .gpx) }

  @Test func knowsGPXInUTF16() throws {
    let text = "<?xml version='1.0' encoding='UTF-16'?><gpx version='1.1'><wpt lat='1' lon='2'/></gpx>"
    let bytes = [UInt8](try #require(text.data(using: .utf16)))
    #expect(LocationFormat(recognising: bytes.view) == .gpx)
    let run = ReadTrack(bytes, .gpx)
    #expect(run.fault == nil && run.waypoints.map(\.latitude.text) == ["1"])
    let range = try #require(run.waypoints.first?.bytes.first)
    #expect(bytes[Int(range.first)...Int(range.last)].filter { $0 != 0 } == Array("<wpt lat='1' lon='2'/>".utf8))
  }

  @Test(arguments: [
    "<kml xmlns='http://www.opengis.net/kml/2.2'>", "<kml xmlns='http://earth.google.com/kml/2.1'><Document>",
    "<k:kml xmlns:k=\"http://www.opengis.net/kml/2.3\">",
  ])
  func knowsKML(head: String) { #expect(Self.format(head) == .kml) }

  @Test(arguments: [
    "", " ", "<", "<html><body>gpx</body></html>", "<!DOCTYPE html><gpx", "<gpx>", "<gpx version='9'>",
    "<gpx xmlns='urn:other' version='1.1'>", "<a><gpx xmlns='http://www.topografix.com/GPX/1/1'/></a>", "<kml>",
    "<kml xmlns='http://www.opengis.net/kml/2.22'>", "<kml xmlns='http://www.opengis.net/kml/'>",
    "<!-- <gpx xmlns='http://www.topografix.com/GPX/1/1'> -->", "gpx version='1.1'", "PK\u{3}\u{4}",
    "<gpx version='1.1' version='1.1'>", "<GPX xmlns='http://www.topografix.com/GPX/1/1'>",
  ])
  func takesNothingElseForATrack(head: String) { #expect(Self.format(head) == nil) }

  @Test func knowsNMEA() {
    let line = NMEATests.line("GPGLL,4800.0,N,01600.0,E,000000,A")
    let other = NMEATests.line("GPGSV,1,1,00")
    #expect(Self.format(line + line + line) == .nmea)
    #expect(Self.format("00.0,E,000000,A*12\r\n" + line + line + line) == .nmea)
    #expect(Self.format(String(repeating: line + other + other, count: 400)) == .nmea)
    #expect(Self.format(line + line + line + "rest of") == .nmea)
    #expect(Self.format(line + line) == nil)
    #expect(Self.format(other + other + other + other) == nil)
    #expect(Self.format(line + line + line.replacing("48", with: "49")) == nil)
    #expect(Self.format(line + "log\n" + line + "log\n" + line + "log\n" + line) == nil)
    #expect(Self.format((0..<9).map { "2026-01-02 12:00:0\($0) gps: \(line)" }.joined()) == nil)
  }

  /// Files that are no tracks: our own pages, sources and samples.
  @Test func takesNoFileOfTheRepositoryForATrack() throws {
    var count = 0
    for folder in ["docs", "Sources", "scripts", "evidence-samples", "plugins"] {
      let root = repository.appending(path: folder).path
      for name in FileManager.default.enumerator(atPath: root)?.compactMap({ $0 as? String }) ?? [] {
        guard let handle = FileHandle(forReadingAtPath: "\(root)/\(name)"),
          let head = try? handle.read(upToCount: LocationFormat.headByteCount)
        else { continue }
        count += 1
        #expect(LocationFormat(recognising: [UInt8](head).view) == nil, "\(folder)/\(name)")
      }
    }
    #expect(count > 300)
  }
}
