import EvidenceModel

/// A Placemark that is being read: its name, its time, and the points that wait for both.
struct Placemark {
  let first: UInt64
  var name: String?
  /// Of a TimeStamp.
  var when: (time: CaptureTime, basis: LocationPoint.TimeBasis, text: String?)?
  /// Of a TimeSpan.
  var begin: (time: CaptureTime, text: String?)?
  var end: (time: CaptureTime, text: String?)?
  private var points: [(PointDraft, FileRange)] = []

  init(first: UInt64) { self.first = first }

  /// The time that the Placemark states for all that is in it.
  var span: (CaptureTime, CaptureTime) {
    (when?.time ?? begin?.time ?? .unknown, when?.time ?? end?.time ?? .unknown)
  }

  /// Keeps a point until the end; false when too many wait.
  mutating func hold(_ draft: PointDraft, _ range: FileRange, limit: Int) -> Bool {
    guard points.count < limit else { return false }
    points.append((draft, range))
    return true
  }

  /// Completes a point with what the Placemark says so far.
  func complete(_ draft: PointDraft, _ range: FileRange) -> LocationPoint? {
    var draft = draft
    draft.name = name
    if let when {
      draft.set(time: when.time, when.basis, text: Array((when.text ?? "").utf8))
    } else if begin != nil || end != nil {
      // A span is no moment: it stands as it was written.
      let texts = [begin, end].map { side in side.map { $0.text ?? $0.time.description } ?? "" }
      draft.set(time: .unknown, .none, text: Array(texts.joined(separator: "/").utf8))
    }
    return draft.point([range])
  }

  /// The points that waited, in order.
  mutating func takePoints() -> [LocationPoint] {
    defer { points.removeAll() }
    return points.compactMap { complete($0.0, $0.1) }
  }
}
