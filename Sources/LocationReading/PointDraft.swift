import ByteReading
import EvidenceModel

/// A point that is being read: fields as they come, with a damage for each that cannot be used.
struct PointDraft {
  let queue: EventQueue
  let first: UInt64
  private(set) var latitude: ExactDecimal?
  private(set) var longitude: ExactDecimal?
  private(set) var time: CaptureTime = .unknown
  private(set) var timeBasis: LocationPoint.TimeBasis = .none
  private(set) var timeText: String?
  private(set) var elevation: ExactDecimal?
  private(set) var speed: ExactDecimal?
  private(set) var course: ExactDecimal?
  private(set) var satellites: Int?
  private(set) var horizontalDilution: ExactDecimal?
  var elevationMode: String?
  var quality: String?
  var name: String?

  init(_ queue: EventQueue, first: UInt64) {
    self.queue = queue
    self.first = first
  }

  /// Takes a position; without both values, and within the globe, there is no point.
  mutating func place(latitude: [UInt8]?, longitude: [UInt8]?, at range: FileRange) {
    guard let north = latitude.flatMap({ ExactDecimal($0) }), north.isWithin(-90, 90),
      let east = longitude.flatMap({ ExactDecimal($0) }), east.isWithin(-180, 180)
    else {
      let shown = [latitude, longitude].map { Self.shown($0 ?? []) }.joined(separator: ", ")
      queue.damage(.position, range, "no position in degrees: \(shown)")
      return
    }
    self.latitude = north
    self.longitude = east
  }

  /// Takes a position that was found to be one.
  mutating func place(_ latitude: ExactDecimal, _ longitude: ExactDecimal) {
    self.latitude = latitude
    self.longitude = longitude
  }

  /// Takes a time; what was written stays where it is unknown.
  mutating func set(time moment: CaptureTime, _ basis: LocationPoint.TimeBasis, text: [UInt8]) {
    (time, timeBasis) = (moment, basis)
    timeText = moment.isKnown || text.isEmpty ? nil : Self.shown(text)
  }

  mutating func set(elevation text: [UInt8], _ range: FileRange) {
    elevation = number(text, -100_000...100_000, "elevation", range)
  }

  mutating func set(course text: [UInt8], _ range: FileRange) { course = number(text, 0...360, "course", range) }

  mutating func set(horizontalDilution text: [UInt8], _ range: FileRange) {
    horizontalDilution = number(text, 0...100_000, "dilution", range)
  }

  mutating func set(satellites text: [UInt8], _ range: FileRange) {
    satellites = number(text, 0...999, "satellites", range).flatMap { $0.decimals == 0 ? Int($0.text) : nil }
  }

  /// Takes a speed in units of `factor` / 10^`decimals` kilometres an hour.
  mutating func set(speed text: [UInt8], factor: UInt64, decimals: Int, _ range: FileRange) {
    guard let written = number(text, 0...100_000, "speed", range) else { return }
    speed = written.multiplied(by: factor, decimals: decimals)
    if speed == nil { queue.damage(.field, range, "speed has too many digits: \(Self.shown(text))") }
  }

  /// Takes a time as XML writes it; `isUTC` says that the format's times are in UTC where they state no zone.
  mutating func set(time text: [UInt8], isUTC: Bool, _ range: FileRange) {
    (time, timeBasis, timeText) = Self.moment(text, isUTC: isUTC, queue, range)
  }

  /// A time as XML writes it, with the text where it is not used, and a damage then.
  static func moment(
    _ text: [UInt8], isUTC: Bool, _ queue: EventQueue, _ range: FileRange
  ) -> (CaptureTime, LocationPoint.TimeBasis, String?) {
    switch DateTimeText(text) {
    case .moment(let moment): return (moment, .stated, nil)
    case .withoutZone(let moment):
      let use = isUTC ? "taken as UTC" : "not used"
      queue.damage(.zoneMissing, range, "a time without a zone, \(use): \(shown(text))")
      return isUTC ? (moment, .zoneByFormat, nil) : (.unknown, .none, shown(text))
    case .coarse: return (.unknown, .none, shown(text))
    case .malformed:
      queue.damage(.time, range, "no time: \(shown(text))")
      return (.unknown, .none, shown(text))
    }
  }

  private func number(
    _ text: [UInt8], _ bounds: ClosedRange<Int>, _ field: String, _ range: FileRange
  ) -> ExactDecimal? {
    if let value = ExactDecimal(text), value.isWithin(bounds.lowerBound, bounds.upperBound) { return value }
    queue.damage(.field, range, "\(field) is no number, or out of range: \(Self.shown(text))")
    return nil
  }

  /// What was written, cut to 64 bytes, for a message.
  static func shown(_ text: [UInt8]) -> String {
    String(decoding: text.prefix(64), as: UTF8.self) + (text.count > 64 ? "…" : "")
  }

  /// The point; nil without a position.
  func point(_ bytes: [FileRange]) -> LocationPoint? {
    guard let latitude, let longitude else { return nil }
    var point = LocationPoint(latitude: latitude, longitude: longitude, bytes: bytes)
    (point.time, point.timeBasis, point.timeText) = (time, timeBasis, timeText)
    (point.elevation, point.elevationMode) = (elevation, elevation == nil ? nil : elevationMode)
    (point.speed, point.course) = (speed, course)
    (point.quality, point.satellites, point.horizontalDilution) = (quality, satellites, horizontalDilution)
    point.name = name
    return point
  }
}
