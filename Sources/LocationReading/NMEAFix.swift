import EvidenceModel

/// What the sentences of one fix say together: those that follow each other with one time and one position.
struct NMEAFix {
  /// Nanoseconds of the day; nil when no sentence has a time.
  private(set) var timeOfDay: Int64?
  private(set) var timeText: [UInt8] = []
  /// Midnight of the date that was stated; `isTrusted` when the receiver had a fix, or its clock was asked for (ZDA).
  private(set) var date: CaptureTime?
  private(set) var isTrusted = false
  private(set) var latitude: DegreesAndMinutes?
  private(set) var longitude: DegreesAndMinutes?
  private(set) var reasons: [String] = []
  private(set) var bytes: [FileRange] = []
  private(set) var isConfirmed = false
  private var addresses: [[UInt8]] = []
  private var qualityRank = 0
  private(set) var hasCourse = false
  /// Fields as they come; the position stands here apart.
  var draft: PointDraft

  init(_ queue: EventQueue, timeOfDay: Int64?, text: [UInt8], at range: FileRange) {
    draft = PointDraft(queue, first: range.first)
    self.timeOfDay = timeOfDay
    timeText = text
  }

  var hasPosition: Bool { latitude != nil }

  /// Whether a sentence with this position can be of this fix.
  func agrees(_ north: DegreesAndMinutes, _ east: DegreesAndMinutes) -> Bool {
    guard let latitude, let longitude else { return true }
    return latitude.agrees(with: north) && longitude.agrees(with: east)
  }

  /// Takes a position that agrees; of several the one with the most decimals stays.
  mutating func take(_ north: DegreesAndMinutes, _ east: DegreesAndMinutes) {
    if let latitude, let longitude, !north.isFiner(than: latitude), !east.isFiner(than: longitude) { return }
    (latitude, longitude) = (north, east)
  }

  mutating func add(_ range: FileRange, _ address: [UInt8]) {
    bytes.append(range)
    addresses.append(address)
  }

  func has(_ address: [UInt8]) -> Bool { addresses.contains(address) }

  /// A sentence says that its position is a fix.
  mutating func confirm() { isConfirmed = true }

  mutating func deny(_ reason: String) {
    if !reasons.contains(reason), reasons.count < 8 { reasons.append(reason) }
  }

  /// Takes a date; false when another one was stated before.
  mutating func set(date stated: CaptureTime, isTrusted trust: Bool) -> Bool {
    if let date, date != stated { return false }
    date = stated
    isTrusted = isTrusted || trust
    return true
  }

  /// Takes a quality; what GGA says (2) stands over what others say (1).
  mutating func set(quality: String?, rank: Int) {
    guard let quality, rank > qualityRank else { return }
    qualityRank = rank
    draft.quality = quality
  }

  /// Takes course and speed in knots, unless an earlier sentence gave them.
  mutating func set(speed: [UInt8], course: [UInt8], at range: FileRange) {
    guard !hasCourse, !speed.isEmpty || !course.isEmpty else { return }
    hasCourse = true
    if !speed.isEmpty { draft.set(speed: speed, factor: 1_852, decimals: 3, range) }
    if !course.isEmpty { draft.set(course: course, range) }
  }
}
