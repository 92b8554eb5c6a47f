import EvidenceModel

/// Times of a `gx:Track`, which come before the coordinates that they belong to.
struct WaitingTimes {
  struct Entry {
    let time: CaptureTime
    let basis: LocationPoint.TimeBasis
    let text: String?
    let range: FileRange
  }

  /// What the next coordinates are paired with.
  enum Next {
    case time(Entry)
    /// Their time was beyond the limit.
    case beyond
    case none
  }

  private let limit: Int
  private var entries: [Entry] = []
  private var next = 0
  private var beyond = 0

  init(limit: Int) { self.limit = limit }

  /// How many wait.
  var count: Int { entries.count - next + beyond }

  /// Takes a time; false beyond the limit.
  mutating func append(_ entry: Entry) -> Bool {
    guard beyond == 0, entries.count < limit else {
      beyond += 1
      return false
    }
    entries.append(entry)
    return true
  }

  mutating func take() -> Next {
    guard let entry = entries.dropFirst(next).first else {
      guard beyond > 0 else { return .none }
      beyond -= 1
      return .beyond
    }
    next += 1
    if next == entries.count {
      entries.removeAll(keepingCapacity: true)
      next = 0
    }
    return .time(entry)
  }

  mutating func removeAll() {
    entries.removeAll()
    (next, beyond) = (0, 0)
  }
}
