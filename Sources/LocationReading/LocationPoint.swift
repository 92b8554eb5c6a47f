public import EvidenceModel

/// One fix, waypoint or planned point, with nothing in it that its file does not say.
public struct LocationPoint: Hashable, Sendable {
  /// How a point came by its time.
  public enum TimeBasis: String, Sendable {
    /// There is none, or it cannot be read.
    case none
    /// As the file states it, with its zone.
    case stated
    /// The file states no zone; GPX says that it is UTC.
    case zoneByFormat
    /// The sentence has the time of day; the date is carried on from an earlier sentence (NMEA).
    case dateCarried
  }

  /// Degrees, north positive, -90 to 90.
  public var latitude: ExactDecimal
  /// Degrees, east positive, -180 to 180.
  public var longitude: ExactDecimal
  /// Metres; over mean sea level in GPX and NMEA, see `elevationMode` for KML.
  public var elevation: ExactDecimal?
  /// KML's `altitudeMode` where it is stated, such as `clampToGround`, which means that `elevation` says nothing.
  public var elevationMode: String?
  public var time: CaptureTime = .unknown
  public var timeBasis: TimeBasis = .none
  /// The time as written, where `time` is unknown but something is written.
  public var timeText: String?
  /// Kilometres an hour, exactly converted from metres a second or knots.
  public var speed: ExactDecimal?
  /// Degrees from true north, 0 to 360.
  public var course: ExactDecimal?
  /// What the receiver says about its fix, in words: `3d`, `differential`, `simulated`.
  public var quality: String?
  /// Satellites used.
  public var satellites: Int?
  /// Horizontal dilution of precision.
  public var horizontalDilution: ExactDecimal?
  public var name: String?
  /// Where the point stands in the file, in order.
  public var bytes: [FileRange]

  public init(latitude: ExactDecimal, longitude: ExactDecimal, bytes: [FileRange]) {
    self.latitude = latitude
    self.longitude = longitude
    self.bytes = bytes
  }

  /// As provenance writes it: `24-51,90-120`.
  public var byteText: String { bytes.map(\.description).joined(separator: ",") }
}
