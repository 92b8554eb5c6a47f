import EvidenceModel
import Testing

@testable import LocationReading

@Suite struct KMLTests {
  static func document(_ content: String) -> String {
    "<kml xmlns=\"http://www.opengis.net/kml/2.2\" xmlns:gx=\"http://www.google.com/kml/ext/2.2\"><Document>"
      + "<name>doc</name><Folder>\(content)</Folder></Document></kml>"
  }

  @Test func readsPlacemarks() throws {
    let run = ReadTrack(
      Self.document(
        "<Placemark><name>A</name><TimeStamp><when>2026-01-02T03:04:05Z</when></TimeStamp><Point>"
          + "<altitudeMode>absolute</altitudeMode><coordinates> 16.3738,48.2082,171.0\n</coordinates></Point></Placemark>"
          + "<Placemark><MultiGeometry><Point><coordinates>1,2</coordinates></Point><Point><coordinates>3,4</coordinates>"
          + "</Point></MultiGeometry><name>late</name><TimeSpan><begin>2026</begin><end>2026-01-02T00:00:00Z</end></TimeSpan>"
          + "</Placemark>"), .kml)
    #expect(run.fault == nil && run.damages.isEmpty)
    #expect(run.waypoints.map(\.name) == ["A", "late", "late"])
    let first = try #require(run.waypoints.first)
    #expect(first.latitude.text == "48.2082" && first.longitude.text == "16.3738" && first.elevation?.text == "171.0")
    #expect(first.elevationMode == "absolute" && first.time.description == "2026-01-02T03:04:05.000000000Z")
    #expect(run.text(first.bytes).hasPrefix("<Point>") && run.text(first.bytes).hasSuffix("</Point>"))
    #expect(run.waypoints.last?.time == .unknown)
    #expect(run.waypoints.last?.timeText == "2026/2026-01-02T00:00:00.000000000Z")
  }

  @Test func readsLinesPieceByPiece() {
    let text = Self.document(
      "<Placemark><name>L</name><TimeStamp><when>2026-01-02T03:04:05</when></TimeStamp><LineString><coordinates>"
        + "\n 1,2,3 4,5\r\n\t6,7, 8,9,x 200,1 5 1,2,3,4 \(String(repeating: "9", count: 300)) 10.5,-11.25</coordinates>"
        + "</LineString></Placemark>")
    for step in [1, 5, 4_096] {
      let run = ReadTrack(Array(text.utf8), .kml, step: step)
      #expect(run.points.map(\.longitude.text) == ["1", "4", "6", "8", "10.5"])
      #expect(run.points.map { run.text($0.bytes) } == ["1,2,3", "4,5", "6,7,", "8,9,x", "10.5,-11.25"])
      #expect(run.damages.map(\.code) == [.zoneMissing, .field, .position, .position, .position, .position])
      #expect(run.tracks.map(\.kind) == [.line] && run.tracks.map(\.name) == ["L"])
      #expect(run.endings == [true])
      #expect(run.tracks.first?.begin == .unknown)
    }
  }

  @Test func pairsTimesAndCoordinatesOfATrack() throws {
    let run = ReadTrack(
      Self.document(
        "<Placemark><name>T</name><gx:MultiTrack><gx:Track><altitudeMode>clampToGround</altitudeMode>"
          + "<when>2026-01-02T03:04:05+01:00</when><when>2026-01-02T03:04:06Z</when><when>2026-01-02T03:04:07</when>"
          + "<when/><gx:coord>16.3738 48.2082 171</gx:coord><gx:coord/><gx:coord>1 2 3</gx:coord><gx:coord>1 2</gx:coord>"
          + "<gx:coord>5 6 7</gx:coord></gx:Track><gx:Track><when>2026-01-02T03:04:08Z</when><gx:coord>8 9 10</gx:coord>"
          + "<when>2026-01-02T03:04:09Z</when><gx:coord>9 9 9</gx:coord><when>2026-01-02T03:04:10Z</when></gx:Track>"
          + "</gx:MultiTrack></Placemark>"), .kml)
    #expect(run.fault == nil)
    #expect(run.tracks.map(\.kind) == [.track] && run.tracks.map(\.name) == ["T"] && run.segments == [1, 2])
    #expect(run.damages.map(\.code) == [.zoneMissing, .pairing, .pairing])
    #expect(
      run.points.map { $0.time.description.prefix(19) } == [
        "2026-01-02T02:04:05", "unknown", "unknown", "unknown", "2026-01-02T03:04:08", "2026-01-02T03:04:09",
      ])
    #expect(run.points.dropFirst().first?.timeText == "2026-01-02T03:04:07")
    #expect(run.points.first?.elevationMode == "clampToGround")
    #expect(run.missing.map(\.time.description) == ["2026-01-02T03:04:06.000000000Z"])
    let bytes = try #require(run.points.first?.bytes)
    #expect(run.text(bytes) == "2026-01-02T03:04:05+01:00|16.3738 48.2082 171")
  }

  @Test func readsTracksOfTheStandardAndForeignPrefixes() {
    let own = ReadTrack(
      "<k:kml xmlns:k='http://www.opengis.net/kml/2.3'><k:Placemark><k:Track><k:when>2026-01-02T00:00:00Z</k:when>"
        + "<k:coord>1 2 3</k:coord></k:Track></k:Placemark></k:kml>", .kml)
    #expect(own.points.count == 1)
    let bound = ReadTrack(
      "<kml xmlns='http://www.opengis.net/kml/2.2' xmlns:g='http://www.google.com/kml/ext/2.2' xmlns:x='urn:x'><Placemark>"
        + "<g:Track><when>2026-01-02T00:00:00Z</when><g:coord>1 2 3</g:coord><x:coord>4 5 6</x:coord></g:Track>"
        + "<Point xmlns='urn:other'><coordinates>1,2</coordinates></Point></Placemark></kml>", .kml)
    #expect(bound.points.count == 1 && bound.waypoints.isEmpty)
  }

  @Test func boundsWhatWaits() {
    var limits = LocationLimits()
    limits.waitingTimes = 2
    limits.waitingPoints = 1
    let when = "<when>2026-01-02T00:00:00Z</when>"
    let coordinates = String(repeating: "<gx:coord>1 2 3</gx:coord>", count: 4)
    let track = ReadTrack(
      Self.document("<Placemark><gx:Track>\(when)\(when)\(when)\(when)\(coordinates)</gx:Track></Placemark>"), .kml,
      limits: limits)
    #expect(track.points.map(\.time.isKnown) == [true, true, false, false])
    #expect(track.damages.map(\.code) == [.limit, .limit])
    let point = "<Point><coordinates>1,2</coordinates></Point>"
    let mark = ReadTrack(
      Self.document("<Placemark><MultiGeometry>\(point)\(point)</MultiGeometry><name>late</name></Placemark>"), .kml,
      limits: limits)
    #expect(mark.waypoints.map(\.name) == [nil, "late"])
  }

  @Test func keepsPointsOfAPlacemarkThatIsCut() {
    let run = ReadTrack(
      "<kml xmlns='http://www.opengis.net/kml/2.2'><Placemark><name>A</name><Point><coordinates>1,2</coordinates></Point>",
      .kml)
    #expect(run.fault?.code == .truncated && run.waypoints.map(\.name) == ["A"])
  }

  @Test func saysWhatItLeavesOut() {
    let run = ReadTrack(
      Self.document(
        "<Placemark><Polygon><outerBoundaryIs><LinearRing><coordinates>1,2 3,4</coordinates></LinearRing>"
          + "</outerBoundaryIs></Polygon></Placemark>"), .kml)
    #expect(run.damages.map(\.code) == [.leftOut] && run.points.isEmpty && run.fault == nil)
  }
}
