import EvidenceModel

/// Where one call wants media, and until when.
struct Place {
  let call: Int
  let destination: CallBuilder.Destination
  let endedAt: CaptureTime?
  /// Whether several media of its endpoint fit a stream equally well.
  var isAmbiguous = false

  var since: CaptureTime { destination.since }

  /// When its call ended; the end of time when that was not captured.
  var end: CaptureTime {
    guard let endedAt, endedAt.isKnown else { return CaptureTime(nanoseconds: .max) }
    return endedAt
  }
}

/// All calls that ever asked for media at one endpoint, which a port that is used again makes many.
///
/// Finding one costs the logarithm of their number.
struct PlaceList {
  private var places: [Place] = []
  /// A binary tree of the latest ends, the root at 1, the places from `leafCount` on.
  private var latestEnds: [CaptureTime] = []
  private var leafCount = 1

  mutating func add(_ place: Place) { places.append(place) }

  mutating func settle() {
    let order = places.indices.sorted { (places[$0].since, $0) < (places[$1].since, $1) }
    places = order.map { places[$0] }
    while leafCount < places.count { leafCount *= 2 }
    latestEnds = Array(repeating: .unknown, count: leafCount * 2)
    for (index, place) in places.enumerated() { latestEnds[leafCount + index] = place.end }
    for node in stride(from: leafCount - 1, to: 0, by: -1) {
      latestEnds[node] = max(latestEnds[2 * node], latestEnds[2 * node + 1])
    }
  }

  /// The call that a stream belongs to: one that runs when it begins, else one that begins just after it, else one that has
  /// just ended, else the first that begins while it runs. Of several the one that asked last.
  func best(for stream: MediaStream) -> Place? {
    guard stream.first.isKnown else { return places.last }
    let asked = count(until: stream.first)
    let running = last(before: asked, endingFrom: stream.first)
    let next = asked < places.count ? places[asked] : nil
    let soon = next.flatMap { $0.since <= stream.first.adding(CallPlanner.leadTime) ? $0 : nil }
    if let running {
      // A call without an end in the capture may have been over long before the next one began: the nearer one counts.
      guard running.endedAt == nil, let soon, soon.since.isNearer(than: running.since, to: stream.first) else {
        return running
      }
    }
    if let soon { return soon }
    if let ended = last(before: asked, endingFrom: stream.first.adding(-CallPlanner.tailTime)) { return ended }
    return next.flatMap { $0.since <= stream.last.adding(CallPlanner.leadTime) ? $0 : nil }
  }

  /// How many places were asked for up to a moment; those of unknown time count.
  private func count(until time: CaptureTime) -> Int {
    var low = 0
    var high = places.count
    while low < high {
      let middle = (low + high) / 2
      if places[middle].since <= time { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The last of the first `limit` places whose call ended at a moment or later.
  private func last(before limit: Int, endingFrom time: CaptureTime) -> Place? {
    guard limit > 0 else { return nil }
    var node = leafCount + limit - 1
    if latestEnds[node] >= time { return places[node - leafCount] }
    // Up, to the nearest tree on the left that holds one, and down to its last place.
    while node > 1 {
      if node & 1 == 1, latestEnds[node - 1] >= time {
        node -= 1
        while node < leafCount { node = latestEnds[2 * node + 1] >= time ? 2 * node + 1 : 2 * node }
        return places[node - leafCount]
      }
      node /= 2
    }
    return nil
  }
}

extension CaptureTime {
  /// Whether this later time is nearer to a moment than an earlier one.
  fileprivate func isNearer(than earlier: CaptureTime, to moment: CaptureTime) -> Bool {
    let (before, isFar) = moment.nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
    return isFar || nanoseconds.subtractingReportingOverflow(moment.nanoseconds).partialValue < before
  }

  /// That many nanoseconds later, within what a time can hold.
  func adding(_ nanoseconds: Int64) -> CaptureTime {
    let (sum, isOver) = self.nanoseconds.addingReportingOverflow(nanoseconds)
    guard isOver else { return CaptureTime(nanoseconds: sum) }
    return CaptureTime(nanoseconds: nanoseconds < 0 ? .min + 1 : .max)
  }
}
