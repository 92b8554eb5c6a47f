import DecoderHosting
import EvidenceModel
import LocationReading

/// Turns a track of places into records: each point, each track with what its points come to, and its gaps.
final class LocationExamination {
  /// Gaps, jumps and places of damage of one kind that are told one by one; all are counted.
  static let maximumTold = 100

  private static let decoder = "location 1.0"

  private let stage: ExaminationStage
  private let format: LocationFormat
  private let original: UInt16
  private var track: LocationTrack?
  private var summary = TrackSummary()
  private var segment = 0
  private var segments = 0
  private var pointNumber = 0
  private(set) var fault: LocationFault?
  /// What could not be used, by kind: how often, and the first of it.
  private var damage: [String: (count: Int, first: [LocationDamage])] = [:]

  init(_ stage: ExaminationStage, _ format: LocationFormat, _ original: UInt16) {
    self.stage = stage
    self.format = format
    self.original = original
  }

  /// Reads the file. Throws when a record could not be written.
  func run(descriptor: Int32) throws(ProcessingError) {
    do throws(LocationFault) {
      try LocationTrackReader(format).read(descriptor: descriptor) { event in
        self.stage.attempt { () throws(ProcessingError) in try self.take(event) }
      }
    } catch {
      fault = error
    }
    try stage.throwFailure()
    try noteFault()
    try noteDamage()
  }

  private func take(_ event: LocationEvent) throws(ProcessingError) {
    stage.hand[.steps] &+= 1
    switch event {
    case .trackBegan(let began):
      track = began
      summary = TrackSummary()
      segment = 0
      segments = 0
      pointNumber = 0
    case .segmentBegan(let number):
      segment = number
      segments += 1
    case .point(let point), .routePoint(let point):
      pointNumber += 1
      try add("location/point", point)
    case .waypoint(let point): try add("location/waypoint", point)
    case .missingFix: break
    case .trackEnded(let ended, let isComplete):
      summary.finish()
      try add(ended, isComplete: isComplete)
      track = nil
    case .damage(let one):
      var known = damage[one.code.rawValue] ?? (0, [])
      known.count += one.count
      if known.first.count < Self.maximumTold { known.first.append(one) }
      damage[one.code.rawValue] = known
    }
    if track != nil { summary.take(event) }
  }

  private func add(_ kind: String, _ point: LocationPoint) throws(ProcessingError) {
    var fields: Fields = ["latitude": .text(point.latitude.text), "longitude": .text(point.longitude.text)]
    if let track, kind == "location/point" {
      fields.set("track", track.number)
      fields.set("trackKind", track.kind.rawValue)
      if segment > 0 { fields.set("segment", segment) }
      fields.set("number", pointNumber)
    }
    if let elevation = point.elevation { fields.set("elevation", elevation.text) }
    if let mode = point.elevationMode { fields.set("elevationMode", mode) }
    if point.time.isKnown {
      fields.set("fixedAt", point.time)
      fields.set("timeBasis", point.timeBasis.rawValue)
    }
    if let text = point.timeText { fields.set("timeText", text) }
    if let speed = point.speed { fields.set("speed", speed.text) }
    if let course = point.course { fields.set("course", course.text) }
    if let quality = point.quality { fields.set("quality", quality) }
    if let satellites = point.satellites { fields.set("satellites", satellites) }
    if let dilution = point.horizontalDilution { fields.set("horizontalDilution", dilution.text) }
    if let name = point.name { fields.set("name", name) }
    try stage.add(kind, fields, original, bytes: point.byteText, decoder: Self.decoder)
  }

  // MARK: A track

  private func add(_ track: LocationTrack, isComplete: Bool) throws(ProcessingError) {
    var fields: Fields = [
      "format": .text(format.description), "track": .integer(Int64(track.number)),
      "trackKind": .text(track.kind.rawValue), "pointCount": .integer(Int64(summary.count)),
      "timedCount": .integer(Int64(summary.timedCount)), "segmentCount": .integer(Int64(segments)),
      "lengthMetres": .integer(summary.lengthMetres), "gapCount": .integer(Int64(summary.gapCount)),
      "gapLimitSeconds": .integer(summary.gapLimit / 1_000_000_000), "jumpCount": .integer(Int64(summary.jumpCount)),
      "missingFixes": .integer(Int64(summary.missingCount)), "isComplete": .boolean(isComplete),
      "method": "lengths by Vincenty 1975 on WGS 84",
    ]
    if let name = track.name { fields.set("name", name) }
    if track.begin.isKnown { fields.set("statedBegin", track.begin) }
    if track.end.isKnown { fields.set("statedEnd", track.end) }
    if summary.earliest.isKnown { fields.set("firstFixAt", summary.earliest) }
    if summary.latest.isKnown { fields.set("lastFixAt", summary.latest) }
    for (name, degrees) in [
      ("south", summary.south), ("north", summary.north), ("west", summary.west), ("east", summary.east),
    ] {
      if let degrees { fields.set(name, degrees.text) }
    }
    if summary.betweenSegmentsMillimetres > 0 {
      fields.set("betweenSegmentsMetres", summary.betweenSegmentsMillimetres / 1_000)
    }
    if summary.jumpMillimetres > 0 { fields.set("jumpMetres", summary.jumpMillimetres / 1_000) }
    if let fastest = summary.fastest, let speed = fastest.speedTenths {
      fields.set("fastest", "\(speed / 10).\(speed % 10)")
      fields.set("fastestAt", fastest.from)
    }
    if !summary.gaps.isEmpty { fields.set("gaps", .list(summary.gaps.prefix(1_000).map { .object(Self.fields($0)) })) }
    if !summary.reasons.isEmpty { fields.set("missingReasons", Self.value(summary.reasons)) }
    if !summary.qualities.isEmpty { fields.set("qualities", Self.value(summary.qualities)) }
    try stage.add("location/track", fields, original, decoder: Self.decoder)
    try noteGaps(track)
    try noteLegs(track)
  }

  private static func value(_ counts: [String: Int]) -> Value {
    .list(
      counts.sorted { $0.key < $1.key }.map { .object(["name": .text($0.key), "count": .integer(Int64($0.value))]) })
  }

  private static func fields(_ gap: TrackGap) -> Fields {
    var fields: Fields = [
      "from": .time(gap.from), "to": .time(gap.to),
      "seconds": .integer(gap.to.nanoseconds(since: gap.from) / 1_000_000_000),
      "isOpen": .boolean(gap.isOpen), "missingFixes": .integer(Int64(gap.missingCount)),
    ]
    if !gap.reasons.isEmpty { fields.set("reasons", .list(gap.reasons.map { .text($0) })) }
    return fields
  }

  private func noteGaps(_ track: LocationTrack) throws(ProcessingError) {
    for gap in summary.gaps.prefix(Self.maximumTold) {
      var fields = Self.fields(gap)
      fields.set("track", track.number)
      let length = Self.words(gap.to.nanoseconds(since: gap.from) / 1_000_000_000)
      let why = gap.missingCount > 0 ? "; the receiver says so \(gap.missingCount) times" : ""
      try note(
        Finding(
          .warning, "location/gap", "Track \(track.number) has no fix for \(length), from \(gap.from) on\(why).", fields
        ),
        bytes: (gap.before + gap.after).map(\.description).joined(separator: ","))
    }
    guard summary.gapCount > Self.maximumTold else { return }
    try note(
      Finding(
        .warning, "location/gap",
        "Track \(track.number) has \(summary.gapCount) gaps; the first \(Self.maximumTold) are told one by one.",
        ["track": .integer(Int64(track.number)), "count": .integer(Int64(summary.gapCount))]))
  }

  /// Whole hours, minutes and seconds.
  private static func words(_ seconds: Int64) -> String {
    let parts = [(seconds / 3_600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")]
    let shown = parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    return shown.isEmpty ? "less than a second" : shown.joined(separator: " ")
  }

  private func noteLegs(_ track: LocationTrack) throws(ProcessingError) {
    if summary.jumpCount > 0 {
      try note(
        Finding(
          .warning, "location/jump",
          "Track \(track.number) moves \(summary.jumpCount) times faster than \(summary.speedLimit) km/h: at least one of the two fixes is wrong.",
          [
            "track": .integer(Int64(track.number)), "count": .integer(Int64(summary.jumpCount)),
            "places": .list(summary.jumps.prefix(Self.maximumTold).map { .object(Self.fields($0)) }),
          ]))
    }
    if summary.stepCount > 0 {
      try note(
        Finding(
          .warning, "location/timeStep", "In track \(track.number) time goes backwards \(summary.stepCount) times.",
          [
            "track": .integer(Int64(track.number)), "count": .integer(Int64(summary.stepCount)),
            "places": .list(summary.steps.prefix(Self.maximumTold).map { .object(Self.fields($0)) }),
          ]))
    }
  }

  private static func fields(_ leg: TrackLeg) -> Fields {
    [
      "from": .time(leg.from), "to": .time(leg.to), "metres": .integer(leg.millimetres / 1_000),
      "bytes": .text((leg.before + leg.after).map(\.description).joined(separator: ",")),
    ]
  }

  // MARK: Damage

  private func noteFault() throws(ProcessingError) {
    guard let fault else { return }
    try note(
      Finding(
        .error, "location/damaged", "The track could not be read to its end: \(fault.message).",
        ["byteOffset": .integer(Int64(clamping: fault.offset)), "reason": .text(fault.code.rawValue)]))
  }

  private func noteDamage() throws(ProcessingError) {
    for (code, known) in damage.sorted(by: { $0.key < $1.key }) {
      guard let first = known.first.first else { continue }
      let places = known.first.map {
        Value.object(["bytes": .text($0.bytes.description), "message": .text($0.message)])
      }
      try note(
        Finding(
          first.severity, first.severity == .notice ? "location/rule" : "location/damaged",
          "Parts of the track could not be used as they stand, \(known.count) in all; the first: \(first.message).",
          ["reason": .text(code), "count": .integer(Int64(known.count)), "places": .list(places)]),
        bytes: first.bytes.description)
    }
  }

  private func note(_ finding: Finding, bytes: String? = nil) throws(ProcessingError) {
    try stage.note(finding, original, bytes: bytes, decoder: Self.decoder)
  }
}
