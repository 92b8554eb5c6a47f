import ByteReading
import EvidenceModel
import Testing

@testable import LocationReading

@Suite struct GPXTests {
  @Test func readsWhatATrackSays() throws {
    let text = """
      <?xml version="1.0"?>
      <gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1"
       xmlns:gpxtpx="http://www.garmin.com/xmlschemas/TrackPointExtension/v2">
      <wpt lat="-33.8568" lon="151.2153"><ele>4.2</ele><name>Harbour</name></wpt>
      <rte><name>planned</name><rtept lat="1" lon="2"/></rte>
      <trk><name>Walk &amp; ride</name><trkseg>
      <trkpt lat="48.2082" lon="16.3738"><ele>171.00</ele><time>2026-01-02T03:04:05.25+01:00</time><fix>3d</fix><sat>9</sat>
      <hdop>0.9</hdop><extensions><gpxtpx:TrackPointExtension><gpxtpx:speed>12.5</gpxtpx:speed>
      <gpxtpx:course>270.5</gpxtpx:course></gpxtpx:TrackPointExtension></extensions></trkpt>
      <trkpt lat="48.2083" lon="16.3739"><time>2026-01-02T02:04:06Z</time></trkpt></trkseg>
      <trkseg><trkpt lat="48.2084" lon="16.3740"><fix>none</fix></trkpt></trkseg></trk></gpx>
      """
    let run = ReadTrack(text, .gpx)
    #expect(run.fault == nil)
    #expect(run.damages.isEmpty)
    let way = try #require(run.waypoints.first)
    #expect(way.latitude.text == "-33.8568" && way.longitude.text == "151.2153" && way.name == "Harbour")
    #expect(run.routePoints.map(\.longitude.text) == ["2"])
    #expect(run.tracks.map(\.kind) == [.route, .track])
    #expect(run.tracks.map(\.name) == ["planned", "Walk & ride"])
    #expect(run.segments == [1, 2])
    #expect(run.points.count == 2)
    let point = try #require(run.points.first)
    #expect(point.time.description == "2026-01-02T02:04:05.250000000Z")
    #expect(point.elevation?.text == "171.00" && point.quality == "3d" && point.satellites == 9)
    #expect(point.horizontalDilution?.text == "0.9" && point.speed?.text == "45.0" && point.course?.text == "270.5")
    #expect(run.text(point.bytes).hasPrefix("<trkpt lat=\"48.2082\""))
    #expect(run.text(point.bytes).hasSuffix("</trkpt>"))
    #expect(run.missing.map(\.reason) == ["fix none"])
    #expect(run.missing.first?.latitude?.text == "48.2084")
  }

  @Test(arguments: [
    ("91", "16"), ("-90.0000001", "16"), ("48", "180.1"), ("NaN", "16"), ("4.8e1", "16"), ("", "16"), ("48,2", "16"),
    (String(repeating: "1", count: 10_000), "16"), ("48." + String(repeating: "1", count: 21), "16"), ("0x10", "16"),
  ])
  func takesNoPositionThatIsNone(latitude: String, longitude: String) {
    let run = ReadTrack(gpx("<trkpt lat=\"\(latitude)\" lon=\"\(longitude)\"/><trkpt lat=\"1\" lon=\"2\"/>"), .gpx)
    #expect(run.fault == nil)
    #expect(run.points.map(\.latitude.text) == ["1"])
    #expect(run.damages.map(\.code) == [.position])
  }

  @Test func keepsAPointWhoseOtherFieldsAreBroken() throws {
    let run = ReadTrack(
      gpx(
        "<trkpt lat='1' lon='2'><ele>high</ele><time>yesterday</time><sat>-1</sat><hdop>inf</hdop></trkpt>"
          + "<trkpt lat='1' lon='2'><time>2026-01-02T03:04:05</time></trkpt>"
          + "<trkpt lat='1' lon='2'><time>2026-01</time></trkpt>"), .gpx)
    #expect(run.points.count == 3)
    #expect(run.damages.map(\.code) == [.field, .time, .field, .field, .zoneMissing])
    let second = try #require(run.points.dropFirst().first)
    #expect(second.timeBasis == .zoneByFormat && second.time.description == "2026-01-02T03:04:05.000000000Z")
    #expect(run.points.last?.timeText == "2026-01" && run.points.last?.time == .unknown)
  }

  @Test func saysWhatItLeavesOut() {
    let run = ReadTrack(
      "<gpx version='1.1'><trkpt lat='1' lon='2'/><trk><trkpt lat='1' lon='2'/><name>a</name><trkseg>"
        + "<trkpt lat='1' lon='2'><sat>3</sat><sat>4</sat></trkpt></trkseg><name>late</name></trk></gpx>", .gpx)
    #expect(run.damages.map(\.code) == [.leftOut, .leftOut, .contradiction, .contradiction])
    #expect(run.points.map(\.satellites) == [3])
  }

  @Test func readsSpeedsOfVersion10() {
    let run = ReadTrack(
      "<gpx version='1.0' xmlns='http://www.topografix.com/GPX/1/0'><trk><trkseg><trkpt lat='1' lon='2'>"
        + "<course>359.9</course><speed>2.78</speed></trkpt></trkseg></trk></gpx>", .gpx)
    #expect(run.points.map(\.speed?.text) == ["10.008"] && run.points.map(\.course?.text) == ["359.9"])
  }
}
