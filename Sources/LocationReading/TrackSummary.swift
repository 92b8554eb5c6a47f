public import EvidenceModel

/// What the points of one track come to, added up as they pass; memory does not grow with them.
///
/// Lengths are those of shortest lines over the WGS 84 ellipsoid (Vincenty), each rounded to a millimetre and added as whole numbers,
/// so they are the same on every machine. Points are taken as they come: nothing is smoothed, sorted or filled in.
public struct TrackSummary: Hashable, Sendable {
  /// Gaps, jumps and steps that are kept one by one; further ones are counted.
  public static let listedGaps = 10_000
  public static let listedJumps = 1_000
  public static let listedSteps = 1_000
  /// Different reasons and qualities that are counted apart.
  public static let maximumKinds = 64

  /// A longer time between two fixes is a gap.
  public let gapLimit: Int64
  /// A faster movement between two fixes is a jump: kilometres an hour.
  public let speedLimit: Int64

  public private(set) var count = 0
  public private(set) var timedCount = 0
  public private(set) var earliest: CaptureTime = .unknown
  public private(set) var latest: CaptureTime = .unknown
  /// The least and greatest degrees, as written; a track over the 180th meridian has both signs.
  public private(set) var south: ExactDecimal?
  public private(set) var north: ExactDecimal?
  public private(set) var west: ExactDecimal?
  public private(set) var east: ExactDecimal?
  /// Along the points of each segment.
  public private(set) var lengthMillimetres: Int64 = 0
  /// From the end of each segment straight to the beginning of the next; not in the length.
  public private(set) var betweenSegmentsMillimetres: Int64 = 0
  /// What jumps contribute to the length.
  public private(set) var jumpMillimetres: Int64 = 0
  /// The fastest movement that is no jump.
  public private(set) var fastest: TrackLeg?
  public private(set) var jumps: [TrackLeg] = []
  public private(set) var jumpCount = 0
  public private(set) var gaps: [TrackGap] = []
  public private(set) var gapCount = 0
  /// Where time goes backwards.
  public private(set) var steps: [TrackLeg] = []
  public private(set) var stepCount = 0
  /// How often the file says that there was no fix, in all and before the first fix.
  public private(set) var missingCount = 0
  public private(set) var missingAtBegin = 0
  public private(set) var reasons: [String: Int] = [:]
  /// Points by what the receiver says of its fix; `estimated`, `manual` and `simulated` ones were not measured.
  public private(set) var qualities: [String: Int] = [:]

  private var last: Fix?
  private var lastTimed: Fix?
  private var isSegmentNew = false
  private var missingSince = 0
  private var reasonsSince: [String] = []
  private var lastMissing: CaptureTime = .unknown

  /// What the next point needs to know of one.
  private struct Fix: Hashable, Sendable {
    let latitude: Double
    let longitude: Double
    let time: CaptureTime
    let bytes: [FileRange]

    init(_ point: LocationPoint) {
      (latitude, longitude) = (point.latitude.approximation, point.longitude.approximation)
      (time, bytes) = (point.time, point.bytes)
    }

    func millimetres(to other: Fix) -> Int64 {
      Geodesic.millimetres(from: (latitude, longitude), to: (other.latitude, other.longitude))
    }
  }

  /// Takes the limits: seconds without a fix, and kilometres an hour.
  public init(gapSeconds: Int = 60, speedLimit: Int = 1_200) {
    gapLimit = Int64(clamping: min(max(gapSeconds, 0), 1_000_000_000)) * 1_000_000_000
    self.speedLimit = Int64(min(max(speedLimit, 1), 1_000_000))
  }

  /// The length in whole metres.
  public var lengthMetres: Int64 { lengthMillimetres / 1_000 + (lengthMillimetres % 1_000 >= 500 ? 1 : 0) }

  /// Takes what concerns the summary of an event: points of the track, segments, missing fixes.
  public mutating func take(_ event: LocationEvent) {
    switch event {
    case .point(let point), .routePoint(let point): add(point)
    case .segmentBegan: beginSegment()
    case .missingFix(let missing): add(missing)
    case .trackBegan, .trackEnded, .waypoint, .damage: break
    }
  }

  public mutating func beginSegment() { isSegmentNew = true }

  public mutating func add(_ point: LocationPoint) {
    count += 1
    enclose(point)
    if let quality = point.quality { Self.count(quality, in: &qualities) }
    let fix = Fix(point)
    let length = last.map { $0.millimetres(to: fix) }
    if let length {
      if isSegmentNew {
        Self.add(length, to: &betweenSegmentsMillimetres)
      } else {
        Self.add(length, to: &lengthMillimetres)
      }
    }
    // Where the last point has a time, it is the last one with a time.
    if fix.time.isKnown { addTimed(fix, last?.time.isKnown == true ? length : nil) }
    last = fix
    isSegmentNew = false
  }

  public mutating func add(_ missing: MissingFix) {
    missingCount += 1
    if count == 0 { missingAtBegin += 1 }
    missingSince += 1
    Self.count(missing.reason, in: &reasons)
    if !reasonsSince.contains(missing.reason), reasonsSince.count < 8 { reasonsSince.append(missing.reason) }
    if missing.time.isKnown, missing.time > lastMissing { lastMissing = missing.time }
  }

  /// Ends the track: says whether it ends in a gap.
  public mutating func finish() {
    guard missingSince > 0, let lastTimed, lastMissing.isKnown,
      lastMissing.nanoseconds(since: lastTimed.time) > gapLimit
    else { return }
    list(gap: gap(from: lastTimed, to: lastMissing, isOpen: true, after: []))
    missingSince = 0
  }

  // MARK: Steps

  /// `length` is that from the last fix with a time, where it is known.
  private mutating func addTimed(_ point: Fix, _ length: Int64?) {
    timedCount += 1
    if !earliest.isKnown || point.time < earliest { earliest = point.time }
    if !latest.isKnown || point.time > latest { latest = point.time }
    defer {
      lastTimed = point
      (missingSince, reasonsSince, lastMissing) = (0, [], .unknown)
    }
    guard let former = lastTimed else { return }
    let passed = point.time.nanoseconds(since: former.time)
    let leg = TrackLeg(
      from: former.time, to: point.time, millimetres: length ?? former.millimetres(to: point), before: former.bytes,
      after: point.bytes)
    if passed < 0 {
      stepCount += 1
      if steps.count < Self.listedSteps { steps.append(leg) }
      return
    }
    if passed > gapLimit { list(gap: gap(from: former, to: point.time, isOpen: false, after: point.bytes)) }
    // Times of one second that are the same may lie up to a second apart.
    let isJump =
      leg.speedTenths.map { $0 > speedLimit * 10 } ?? (leg.millimetres > speedLimit * 1_000_000 / 3_600)
    if isJump {
      jumpCount += 1
      if jumps.count < Self.listedJumps { jumps.append(leg) }
      if !isSegmentNew { Self.add(leg.millimetres, to: &jumpMillimetres) }
    } else if let speed = leg.speedTenths, speed > fastest?.speedTenths ?? -1 {
      fastest = leg
    }
  }

  private func gap(from former: Fix, to: CaptureTime, isOpen: Bool, after: [FileRange]) -> TrackGap {
    TrackGap(
      from: former.time, to: to, isOpen: isOpen, missingCount: missingSince, reasons: reasonsSince,
      before: former.bytes, after: after)
  }

  private mutating func list(gap: TrackGap) {
    gapCount += 1
    if gaps.count < Self.listedGaps { gaps.append(gap) }
  }

  private mutating func enclose(_ point: LocationPoint) {
    south = south.map { min($0, point.latitude) } ?? point.latitude
    north = north.map { max($0, point.latitude) } ?? point.latitude
    west = west.map { min($0, point.longitude) } ?? point.longitude
    east = east.map { max($0, point.longitude) } ?? point.longitude
  }

  private static func count(_ kind: String, in counts: inout [String: Int]) {
    let isKnown = counts[kind] != nil || counts.count < maximumKinds
    counts[isKnown ? kind : "other", default: 0] += 1
  }

  private static func add(_ length: Int64, to sum: inout Int64) {
    let (more, isOver) = sum.addingReportingOverflow(length)
    sum = isOver ? .max : more
  }
}
