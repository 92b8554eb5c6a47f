import EvidenceModel
import Foundation
import TestSupport
import Testing

@testable import LocationReading

/// Compares with gpsbabel, which converts a track and says itself what is in it.
@Suite(.enabled(if: program("gpsbabel") != nil, "gpsbabel is not installed")) struct GPSBabelTests {
  /// What gpsbabel says of a point.
  struct Row: Equatable {
    var latitude: Double
    var longitude: Double
    var elevation: Double?
    var moment: String
  }

  let folder: TemporaryFolder
  let source: String

  /// A track of 400 points over midnight, on both sides of the equator and of Greenwich.
  init() throws {
    folder = try TemporaryFolder()
    var random = SeededGenerator(11)
    var points = ""
    for index in 0..<400 {
      let latitude = Double(index - 200) * 0.37 + Double.random(in: 0..<0.1, using: &random)
      let longitude = Double(index - 200) * 0.8 + Double.random(in: 0..<0.1, using: &random)
      let time = try #require(CaptureTime(CivilTime(year: 2026, month: 2, day: 28, hour: 23, minute: 57)))
      let moment = CaptureTime(nanoseconds: time.nanoseconds + Int64(index) * 1_250_000_000)
      points +=
        "<trkpt lat=\"\(String(format: "%.9f", latitude))\" lon=\"\(String(format: "%.9f", longitude))\">"
        + "<ele>\(index).5</ele><time>\(moment)</time><fix>3d</fix><sat>7</sat><hdop>0.9</hdop></trkpt>\n"
    }
    source = try folder.write(Array(gpx(points).utf8), "source.gpx")
  }

  func convert(_ from: String, _ path: String, to format: String, _ name: String) throws -> String {
    let target = folder.path(name)
    let done = try run(
      try #require(program("gpsbabel")), ["-t", "-i", from, "-f", path, "-o", format, "-F", target])
    #expect(done.status == 0, "\(done.errors)")
    return target
  }

  func rows(_ format: String, _ path: String) throws -> [Row] {
    let target = try convert(format, path, to: "unicsv,utc=0,prec=9", "rows.csv")
    let lines = try String(contentsOfFile: target, encoding: .utf8).split(whereSeparator: \.isNewline)
    let titles = try #require(lines.first).split(separator: ",")
    return try lines.dropFirst().map { line in
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      let cell = { (title: Substring) in titles.firstIndex(of: title).map { String(cells[$0]) } ?? "" }
      return Row(
        latitude: try #require(Double(cell("Latitude"))), longitude: try #require(Double(cell("Longitude"))),
        elevation: Double(cell("Altitude")),
        moment: "\(cell("Date").replacing("/", with: "-"))T\(cell("Time"))".replacing(#/\.000$/#, with: ""))
    }
  }

  func compare(_ path: String, _ format: LocationFormat, with rows: [Row]) throws {
    let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    #expect(LocationFormat(recognising: file.view) == format)
    let track = ReadTrack(file, format)
    #expect(track.fault == nil && track.damages.isEmpty)
    // gpsbabel writes KML's points three times; those of the track are the ones with a time.
    let points = track.points.filter { format != .kml || $0.time.isKnown }
    #expect(points.count == rows.count && !rows.isEmpty)
    // Half of the last digit: of ours for three decimals of a minute, of gpsbabel's otherwise.
    let tolerance = format == .nmea ? 5.1e-8 : 6e-10
    for (point, row) in zip(points, rows) {
      #expect(abs(point.latitude.approximation - row.latitude) < tolerance, "\(row)")
      #expect(abs(point.longitude.approximation - row.longitude) < tolerance, "\(row)")
      #expect(abs((point.elevation?.approximation ?? 0) - (row.elevation ?? 0)) < 0.051)
      #expect((point.elevation == nil) == (row.elevation == nil))
      let moment = point.time.description.dropLast().replacing(#/\.?0*$/#, with: "")
      #expect(moment == row.moment.replacing(#/(\.[0-9]*[1-9])0*$/#) { $0.1 })
    }
  }

  @Test(arguments: ["gpx,gpxver=1.0", "gpx,gpxver=1.1"]) func readsGPXAsItDoes(format: String) throws {
    let path = try convert("gpx", source, to: format, "out.gpx")
    try compare(path, .gpx, with: try rows("gpx", path))
    try compare(source, .gpx, with: try rows("gpx", source))
  }

  @Test func readsKMLAsItDoes() throws {
    let path = try convert("gpx", source, to: "kml,track=1,points=0,lines=0", "out.kml")
    try compare(path, .kml, with: try rows("kml", path))
  }

  /// gpsbabel reads RMC in front of GGA as another point, so that order is compared with its own source.
  @Test func readsNMEAAsItDoes() throws {
    let path = try convert("gpx", source, to: "nmea", "out.nmea")
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(whereSeparator: \.isNewline)
    var ordered = ""
    for start in stride(from: 0, to: lines.count - 2, by: 3) {
      ordered += [1, 2, 0].map { lines[start + $0] + "\r\n" }.joined()
    }
    let behind = try folder.write(Array(ordered.utf8), "ordered.nmea")
    let expected = try rows("nmea", behind)
    #expect(expected.count == 400)
    try compare(behind, .nmea, with: expected)
    try compare(path, .nmea, with: expected)
    // Without RMC there is no date; with it alone no altitude.
    let bare = try convert("gpx", source, to: "nmea,gpgga=0,gpgsa=0", "bare.nmea")
    try compare(bare, .nmea, with: try rows("nmea", bare))
  }

  /// A track that went through all formats ends where it began.
  @Test func agreesWithItselfOverAllFormats() throws {
    let nmea = try convert("gpx", source, to: "nmea", "round.nmea")
    let kml = try convert("gpx", source, to: "kml,track=1,points=0,lines=0", "round.kml")
    let first = ReadTrack([UInt8](try Data(contentsOf: URL(fileURLWithPath: source))), .gpx).points
    let second = ReadTrack([UInt8](try Data(contentsOf: URL(fileURLWithPath: nmea))), .nmea).points
    let third = ReadTrack([UInt8](try Data(contentsOf: URL(fileURLWithPath: kml))), .kml).points
      .filter { $0.time.isKnown }
    #expect(first.count == 400 && second.count == 400 && third.count == 400)
    for ((one, two), three) in zip(zip(first, second), third) {
      // gpsbabel writes three decimals of a minute, and six of a degree.
      #expect(abs(one.latitude.approximation - two.latitude.approximation) < 9e-6)
      #expect(abs(one.longitude.approximation - three.longitude.approximation) < 6e-7)
      #expect(one.time == two.time && one.time == three.time)
      #expect(two.satellites == 7 && two.quality == "autonomous" && one.quality == "3d")
    }
  }
}
