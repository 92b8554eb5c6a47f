public import EvidenceModel

/// A track, route or line of a file.
public struct LocationTrack: Hashable, Sendable {
  public enum Kind: String, Sendable {
    /// Where a receiver was (GPX `trk`, KML `gx:Track`, NMEA).
    case track
    /// Where somebody was to go (GPX `rte`).
    case route
    /// Points in a row without times (KML `LineString` and `LinearRing`): a path or a drawing.
    case line
  }

  public var kind: Kind
  /// 1-based, in the order of the file, over all kinds.
  public var number: Int
  public var name: String?
  /// The span of time that a Placemark states for the whole of it; unknown otherwise.
  public var begin: CaptureTime = .unknown
  public var end: CaptureTime = .unknown
  /// The offset at which it begins.
  public var offset: UInt64

  public init(_ kind: Kind, number: Int, name: String? = nil, offset: UInt64) {
    self.kind = kind
    self.number = number
    self.name = name
    self.offset = offset
  }
}

/// A statement of the file that there was no fix.
public struct MissingFix: Hashable, Sendable {
  public var time: CaptureTime
  /// As the file says it: `RMC status V`, `GGA quality 0`, `fix none`.
  public var reason: String
  /// A position that stands there all the same, such as the last known one.
  public var latitude: ExactDecimal?
  public var longitude: ExactDecimal?
  public var bytes: [FileRange]

  public init(
    time: CaptureTime, reason: String, latitude: ExactDecimal? = nil, longitude: ExactDecimal? = nil,
    bytes: [FileRange]
  ) {
    self.time = time
    self.reason = reason
    self.latitude = latitude
    self.longitude = longitude
    self.bytes = bytes
  }
}

/// What a reader gives, in the order of the file.
public enum LocationEvent: Hashable, Sendable {
  /// A track, route or line begins. Points that follow belong to it until it ends; tracks do not nest.
  case trackBegan(LocationTrack)
  /// A piece of the track begins, 1-based; between pieces the receiver was off or without a fix.
  case segmentBegan(Int)
  /// A point of a track or line.
  case point(LocationPoint)
  /// A point of a route: planned, not passed.
  case routePoint(LocationPoint)
  /// A point that stands alone.
  case waypoint(LocationPoint)
  /// The file says that there was no fix.
  case missingFix(MissingFix)
  /// The track ends; not complete when the file ended or broke in it.
  case trackEnded(LocationTrack, isComplete: Bool)
  case damage(LocationDamage)
}
