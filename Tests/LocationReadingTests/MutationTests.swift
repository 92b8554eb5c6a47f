import EvidenceModel
import TestSupport
import Testing

@testable import LocationReading

/// Damaged files: no trap, nothing outside of the file or the globe, the same whatever the pieces.
@Suite struct MutationTests {
  static let seeds: [(LocationFormat, String)] = [
    (
      .gpx,
      gpx(
        "<trkpt lat='48.2' lon='16.3'><ele>171.5</ele><time>2026-01-02T03:04:05Z</time><fix>3d</fix></trkpt>"
          + "<trkpt lat='48.3' lon='16.4'><time>2026-01-02T03:04:06.5+01:00</time><sat>7</sat></trkpt></trkseg><trkseg>"
          + "<trkpt lat='-48.3' lon='-16.4'><name>&#x41;<![CDATA[b]]></name></trkpt>",
        prolog: "<?xml version='1.0'?><!DOCTYPE gpx [<!ENTITY e 'x'>]>")
    ),
    (
      .kml,
      KMLTests.document(
        "<Placemark><name>A</name><TimeStamp><when>2026-01-02T03:04:05Z</when></TimeStamp><MultiGeometry><Point>"
          + "<coordinates>1,2,3</coordinates></Point><LineString><coordinates>1,2 3,4,5 6,7</coordinates></LineString>"
          + "</MultiGeometry></Placemark><Placemark><gx:Track><when>2026-01-02T03:04:05Z</when><when>2026</when>"
          + "<gx:coord>1 2 3</gx:coord><gx:coord/></gx:Track></Placemark>")
    ),
    (
      .nmea,
      NMEATests.lines(
        "GPGGA,235959.00,4812.49200,N,01622.42800,E,1,08,0.9,171.0,M,43.0,M,,",
        "GPRMC,235959.00,A,4812.4920,N,01622.4280,E,12.5,270.5,311225,,,A", "GPVTG,270.5,T,,M,12.5,N,23.2,K,A",
        "GPGGA,000000.00,4812.49300,S,01622.42900,W,2,09,0.8,171.5,M,43.0,M,,", "GPZDA,000001,01,01,2026,00,00",
        "GNGNS,000001,4812.0,N,01600.0,E,AN,7,0.9,100,40,,", "GPGLL,,,,,000002,V,N", "GPWPL,4917.16,N,12310.64,W,003")
    ),
  ]

  static func damage(_ file: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var file = file
    for _ in 0..<Int.random(in: 1...6, using: &random) where !file.isEmpty {
      let place = Int.random(in: 0..<file.count, using: &random)
      let length = Int.random(in: 1...40, using: &random)
      let end = min(file.count, place + length)
      switch Int.random(in: 0..<6, using: &random) {
      case 0: file[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: file[place] = UInt8.random(in: 0...255, using: &random)
      case 2: file.removeSubrange(place..<end)
      case 3: file.insert(contentsOf: file[place..<end], at: Int.random(in: 0...file.count, using: &random))
      case 4: file.removeSubrange(end...)
      default:
        let piece = ["9999999999999999999", "-", "&e;", "<", "1e9", "\0", "é", "]]>", "$", "*00", ",", "NaN"]
          .randomElement(using: &random)
        file.insert(contentsOf: Array((piece ?? "").utf8), at: place)
      }
    }
    return file
  }

  /// Makes every checksum right again, so that what is damaged in a sentence gets behind it.
  static func mendChecksums(_ file: [UInt8]) -> [UInt8] {
    file.split(separator: 0x0a).flatMap { line -> [UInt8] in
      let text = line.prefix { $0 != 0x2a && $0 != 0x0d }
      guard text.first == 0x24 else { return Array(line) + [0x0a] }
      let sum = String(text.dropFirst().reduce(0, ^), radix: 16)
      return text + Array("*\(sum.count < 2 ? "0" : "")\(sum)\n".utf8)
    }
  }

  static func check(_ run: ReadTrack) {
    for point in run.points + run.waypoints + run.routePoints {
      #expect(point.latitude.isWithin(-90, 90) && point.longitude.isWithin(-180, 180))
      #expect(point.bytes.allSatisfy { $0.first <= $0.last && $0.last < UInt64(run.file.count) })
      #expect(point.time.isKnown == (point.timeBasis != .none))
    }
    #expect(run.damages.allSatisfy { $0.bytes.first <= UInt64(run.file.count) })
    #expect(run.fault.map { $0.offset <= UInt64(run.file.count) } ?? true)
    #expect(run.endings.count == run.tracks.count)
    var summary = TrackSummary()
    for event in run.events { summary.take(event) }
    summary.finish()
    #expect(summary.count == run.points.count + run.routePoints.count)
  }

  @Test(arguments: [0, 1, 2]) func endsOnEveryDamagedFile(index: Int) {
    let (format, text) = Self.seeds[index]
    let whole = ReadTrack(text, format)
    #expect(whole.fault == nil && !whole.points.isEmpty)
    var random = SeededGenerator(testSeed("endsOnEveryDamagedFile"))
    for round in 0..<2_000 {
      var file = Self.damage(Array(text.utf8), &random)
      if format == .nmea, round % 4 > 0 { file = Self.mendChecksums(file) }
      let run = ReadTrack(file, format)
      Self.check(run)
      let again = ReadTrack(file, format, step: Int.random(in: 1...50, using: &random))
      let shown = String(decoding: file, as: UTF8.self)
      #expect(again.fault?.code == run.fault?.code, "\(shown)")
      if run.fault == nil {
        #expect(again.events == run.events, "\(shown)")
      } else {
        // Where XML breaks within a text, expat gives none of the text that it has in hand.
        let shorter = min(again.points.count, run.points.count)
        #expect(again.points.prefix(shorter) == run.points.prefix(shorter), "\(shown)")
      }
      _ = LocationFormat(recognising: file.view)
    }
  }

  @Test func endsOnNoise() {
    var random = SeededGenerator(testSeed("endsOnNoise"))
    for _ in 0..<500 {
      let noise = random.bytes(Int.random(in: 0...3_000, using: &random))
      for format in [LocationFormat.gpx, .kml, .nmea] {
        let run = ReadTrack(noise, format)
        Self.check(run)
        #expect(run.points.isEmpty)
      }
      #expect(LocationFormat(recognising: noise.view) == nil)
    }
  }

  @Test func readsISO6709OfAnything() {
    var random = SeededGenerator(testSeed("readsISO6709OfAnything"))
    for _ in 0..<5_000 {
      let text = Self.damage(Array("+481229.52+0162225.68+171.5CRSWGS_84/".utf8), &random)
      guard let place = ISO6709Location(String(decoding: text, as: UTF8.self)) else { continue }
      #expect(place.latitude.isWithin(-90, 90) && place.longitude.isWithin(-180, 180))
    }
  }
}
