import EvidenceModel

/// Events that were read and not yet given out, and the count of damages beyond their limit.
final class EventQueue {
  private struct Beyond {
    var count = 0
    var first: FileRange
    var last: FileRange
  }

  private let limits: LocationLimits
  private var events: [LocationEvent] = []
  private var counts: [LocationDamage.Code: Int] = [:]
  private var beyond: [LocationDamage.Code: Beyond] = [:]
  private var track: LocationTrack?
  private(set) var trackCount = 0

  init(_ limits: LocationLimits) { self.limits = limits }

  func add(_ event: LocationEvent) { events.append(event) }

  /// Begins a track with the next number; the caller has ended the one before.
  func begin(_ kind: LocationTrack.Kind, name: String?, at offset: UInt64, span: (CaptureTime, CaptureTime)? = nil) {
    end()
    trackCount += 1
    var begun = LocationTrack(kind, number: trackCount, name: name, offset: offset)
    if let span { (begun.begin, begun.end) = span }
    track = begun
    events.append(.trackBegan(begun))
  }

  /// Ends the open track, if there is one.
  func end(isComplete: Bool = true) {
    if let track { events.append(.trackEnded(track, isComplete: isComplete)) }
    track = nil
  }

  func damage(_ code: LocationDamage.Code, _ range: FileRange, _ message: String) {
    counts[code, default: 0] += 1
    if counts[code, default: 0] <= limits.damagesOfCode {
      events.append(.damage(LocationDamage(code, range, message)))
    } else {
      var rest = beyond[code] ?? Beyond(first: range, last: range)
      rest.count += 1
      rest.last = range
      beyond[code] = rest
    }
  }

  /// Adds one damage for those of each code that were beyond the limit.
  func settle() {
    for code in LocationDamage.Code.allCases {
      guard let rest = beyond.removeValue(forKey: code) else { continue }
      let range = FileRange(from: rest.first.first, count: rest.last.last - rest.first.first + 1)
      events.append(.damage(LocationDamage(code, range, "further ones of this kind", count: rest.count)))
    }
  }

  /// Gives out what has come.
  func flush(_ receive: (LocationEvent) -> Void) {
    let given = events
    events.removeAll(keepingCapacity: given.count < 16_384)
    for event in given { receive(event) }
  }
}
