import ByteReading
import EvidenceModel
import LocationReading

/// Reads a location track in every format: points lie on the globe and in the file, tracks end, pieces change nothing.
@Sendable func fuzzLocations(_ input: RawSpan) {
  for format in [LocationFormat.gpx, .kml, .nmea] {
    let whole = read(input, format, step: 1 << 20)
    let cut = read(input, format, step: 61)
    // Where XML breaks within a text, expat gives none of the text that it has in hand.
    demand(whole == cut || whole.isBroken && cut.isBroken, "the same whatever the pieces")
  }
  _ = LocationFormat(recognising: input)
  if input.byteCount <= 256, let place = ISO6709Location(String(repairing: input)) {
    demand(isOnGlobe(place.latitude, place.longitude), "a place lies on the globe")
  }
}

private struct Reading: Equatable {
  var events: [LocationEvent] = []
  var isBroken = false
}

private func read(_ input: RawSpan, _ format: LocationFormat, step: Int) -> Reading {
  guard let reader = try? LocationTrackReader(format) else { return Reading() }
  var isBroken = false
  var events: [LocationEvent] = []
  var summary = TrackSummary()
  var isOpen = false
  let size = UInt64(input.byteCount)
  let receive = { (event: LocationEvent) in
    events.append(event)
    summary.take(event)
    switch event {
    case .trackBegan:
      demand(!isOpen, "tracks do not nest")
      isOpen = true
    case .trackEnded:
      demand(isOpen, "a track ends that began")
      isOpen = false
    case .point(let point), .routePoint(let point), .waypoint(let point):
      demand(isOnGlobe(point.latitude, point.longitude), "a point lies on the globe")
      demand(!point.bytes.isEmpty, "a point stands somewhere")
      for range in point.bytes { demand(range.first <= range.last && range.last < size, "a point stands in the file") }
    case .missingFix(let fix):
      for range in fix.bytes { demand(range.first <= range.last && range.last < size, "a fix stands in the file") }
    case .damage(let damage): demand(damage.bytes.first <= size && damage.count > 0, "a damage stands in the file")
    case .segmentBegan(let number): demand(number > 0, "segments count from one")
    }
  }
  do throws(LocationFault) {
    var rest = ByteReader(input)
    while rest.remaining > 0, let piece = try? rest.take(min(step, rest.remaining), "piece") {
      try reader.append(piece, receive)
    }
    try reader.finish(receive)
  } catch {
    demand(error.offset <= size, "a fault stands in the file")
    isBroken = true
  }
  demand(!isOpen, "every track ends")
  summary.finish()
  demand(summary.count >= summary.timedCount && summary.lengthMetres >= 0, "the summary adds up")
  return Reading(events: events, isBroken: isBroken)
}

private func isOnGlobe(_ latitude: ExactDecimal, _ longitude: ExactDecimal) -> Bool {
  guard let ninety = ExactDecimal("90"), let half = ExactDecimal("180"), let south = ExactDecimal("-90"),
    let west = ExactDecimal("-180")
  else { return false }
  return south <= latitude && latitude <= ninety && west <= longitude && longitude <= half
}

/// A little of everything that each format has.
let locationSeeds = [
  """
  <?xml version="1.0"?><!DOCTYPE gpx [<!ENTITY e "x">]><gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">
  <wpt lat="1" lon="2"><name>a&e;</name></wpt><rte><rtept lat="1" lon="2"/></rte><trk><name>b</name><trkseg>
  <trkpt lat="48.2" lon="16.3"><ele>171.5</ele><time>2026-01-02T03:04:05.5+01:00</time><fix>3d</fix><sat>7</sat>
  <hdop>0.9</hdop><speed>2.5</speed><course>9</course></trkpt><trkpt lat="1" lon="2"><fix>none</fix></trkpt></trkseg></trk></gpx>
  """,
  """
  <kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"><Document><Placemark><name>a</name>
  <TimeStamp><when>2026-01-02T03:04:05Z</when></TimeStamp><MultiGeometry><Point><coordinates>1,2,3</coordinates></Point>
  <LineString><altitudeMode>absolute</altitudeMode><coordinates>1,2 3,4,5</coordinates></LineString></MultiGeometry></Placemark>
  <Placemark><gx:MultiTrack><gx:Track><when>2026-01-02T03:04:05Z</when><when>2026</when><gx:coord>1 2 3</gx:coord><gx:coord/>
  </gx:Track></gx:MultiTrack></Placemark></Document></kml>
  """,
  """
  $GPRMC,235958.250,A,4812.492,N,01622.428,E,0.00,0.00,020126,,*0A
  $GPGGA,235958.250,4812.492,N,01622.428,E,1,07,0.9,171.000,M,0.0,M,,*6B
  $GPRMC,000002.000,V,4812.498,S,01622.440,W,0.00,0.00,030126,,*12
  $GPWPL,4806.000,N,01612.000,W,W*00

  """,
  "+48.2082+016.3738+171.000/", "+481229.52-0162225.68CRSWGS_84/",
]
