import ByteReading
import EvidenceModel

@testable import LocationReading

/// What a reader gave for a file.
struct ReadTrack {
  let file: [UInt8]
  private(set) var events: [LocationEvent] = []
  private(set) var fault: LocationFault?

  init(_ text: String, _ format: LocationFormat, limits: LocationLimits = LocationLimits()) {
    self.init(Array(text.utf8), format, limits: limits)
  }

  /// Reads a file in pieces of `step` bytes.
  init(_ file: [UInt8], _ format: LocationFormat, limits: LocationLimits = LocationLimits(), step: Int = 1 << 20) {
    self.file = file
    var events: [LocationEvent] = []
    do throws(LocationFault) {
      let reader = try LocationTrackReader(format, limits: limits)
      var place = 0
      while place < file.count {
        let end = min(file.count, place + step)
        try reader.append(file.view.extracting(place..<end)) { events.append($0) }
        place = end
      }
      try reader.finish { events.append($0) }
    } catch { fault = error }
    self.events = events
  }

  var points: [LocationPoint] { events.compactMap { if case .point(let point) = $0 { point } else { nil } } }
  var routePoints: [LocationPoint] { events.compactMap { if case .routePoint(let point) = $0 { point } else { nil } } }
  var waypoints: [LocationPoint] { events.compactMap { if case .waypoint(let point) = $0 { point } else { nil } } }
  var missing: [MissingFix] { events.compactMap { if case .missingFix(let fix) = $0 { fix } else { nil } } }
  var damages: [LocationDamage] { events.compactMap { if case .damage(let damage) = $0 { damage } else { nil } } }
  var tracks: [LocationTrack] { events.compactMap { if case .trackBegan(let track) = $0 { track } else { nil } } }
  var segments: [Int] { events.compactMap { if case .segmentBegan(let number) = $0 { number } else { nil } } }
  /// For each track that ended, whether it was complete.
  var endings: [Bool] { events.compactMap { if case .trackEnded(_, let isComplete) = $0 { isComplete } else { nil } } }

  /// What stands in the file at these places.
  func text(_ ranges: [FileRange]) -> String {
    ranges.map { String(decoding: file[Int($0.first)...Int($0.last)], as: UTF8.self) }.joined(separator: "|")
  }
}

/// A GPX document around points of one segment.
func gpx(_ points: String, prolog: String = "") -> String {
  "\(prolog)<gpx version=\"1.1\" xmlns=\"http://www.topografix.com/GPX/1/1\"><trk><trkseg>\(points)</trkseg></trk></gpx>"
}
