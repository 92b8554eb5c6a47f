public import EvidenceModel

/// Where the chain cannot say who had something, and what else in it must be looked at.
public struct CustodyGaps: Sendable {
  /// What an entry is about. The words are API.
  public enum Kind: String, Sendable {
    // Gaps.
    /// The chain itself is not whole.
    case chain
    /// Between an offer of the bundle and its answer, or until now when nobody answered.
    case transfer
    /// Nothing is known of an exhibit: no handover, seal, check or telemetry.
    case exhibit
    /// Somebody handed an exhibit on that another had.
    case successor
    // Notes.
    /// The seal of an exhibit has another number.
    case sealNumber
    /// An exhibit has another weight.
    case weight
    /// An anomaly that somebody noted.
    case anomaly
    /// An event is older than the one before it, or has no time.
    case backwards
    /// A stated time was later than the event itself.
    case future
    /// Nothing kept the computer's clock set.
    case clock
  }

  public struct Entry: Sendable {
    public let kind: Kind
    /// The physical exhibit; nil for the bundle.
    public let exhibit: String?
    public let from: CaptureTime?
    public let until: CaptureTime?
    /// The events between which it is, or the one that it is about.
    public let events: [Int]
    public let words: String

    init(
      _ kind: Kind, _ exhibit: String?, _ events: [Int], from: CaptureTime? = nil, until: CaptureTime? = nil,
      _ words: String
    ) {
      (self.kind, self.exhibit, self.events, self.from, self.until) = (kind, exhibit, events, from, until)
      self.words = words
    }

    /// How long it is; nil where it has no length, or where a clock ran backwards.
    public var length: LengthOfTime? {
      guard let from, let until, from.isKnown, until.isKnown, from <= until else { return nil }
      return LengthOfTime(seconds: until.nanoseconds(since: from) / 1_000_000_000)
    }
  }

  /// Intervals without custody, longer than was allowed, and custody that nobody took over.
  public private(set) var gaps: [Entry] = []
  /// What is no interval and must be explained all the same.
  public private(set) var notes: [Entry] = []
  private let longest: LengthOfTime
  private let now: CaptureTime?

  /// Looks for intervals longer than `longest` up to `now`, of one exhibit only or of everything.
  ///
  /// Without `now` it looks as far as the events go: what has no end by then is a gap, however short it may be.
  public init(_ history: CustodyHistory, longerThan longest: LengthOfTime, exhibit: String? = nil, now: CaptureTime?) {
    (self.longest, self.now) = (longest, now)
    gaps = history.problems.map { Entry(.chain, nil, [], $0) }
    if exhibit == nil { addTransfers(history) }
    for timeline in history.timelines where exhibit == nil || timeline.exhibit == exhibit { add(timeline) }
    addTimes(history, exhibit)
  }

  private func isTooLong(_ from: CaptureTime, _ until: CaptureTime?) -> Bool {
    // No end, a clock that ran backwards, or none: nobody knows how long it was.
    guard let until, from.isKnown, until.isKnown, from <= until else { return true }
    let (limit, isOver) = longest.seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return !isOver && until.nanoseconds(since: from) > limit
  }

  // MARK: The bundle

  private mutating func addTransfers(_ history: CustodyHistory) {
    var offer: CustodyEvent?
    for event in history.events {
      guard ["transfer.offer", "transfer.accept", "transfer.refuse"].contains(event.type),
        event.isDone || event.type == "transfer.refuse"
      else { continue }
      if let offer, isTooLong(offer.time, event.time) {
        let end = ["transfer.accept": "accepted", "transfer.refuse": "refused"][event.type] ?? "offered anew"
        gaps.append(
          Entry(
            .transfer, nil, [offer.number, event.number], from: offer.time, until: event.time,
            "between the offer to \(offer.fields.object("recipient").text("id")) and its being \(end) by \(event.actor.id)"
          ))
      }
      offer = event.type == "transfer.offer" ? event : nil
    }
    if let offer, isTooLong(offer.time, now) {
      gaps.append(
        Entry(
          .transfer, nil, [offer.number], from: offer.time,
          "offered to \(offer.fields.object("recipient").text("id")), and nobody has answered"))
    }
  }

  // MARK: Exhibits

  private mutating func add(_ timeline: ExhibitTimeline) {
    addIntervals(timeline)
    for (former, next) in zip(timeline.handovers, timeline.handovers.dropFirst())
    where former.taker.id != next.giver.id {
      gaps.append(
        Entry(
          .successor, timeline.exhibit, [former.event, next.event], from: former.at, until: next.at,
          "\(former.taker.id) took it, and \(next.giver.id) handed it on"))
    }
    for (former, next) in zip(timeline.seals, timeline.seals.dropFirst()) where former.number != next.number {
      notes.append(
        Entry(
          .sealNumber, timeline.exhibit, [former.event, next.event], from: former.time, until: next.time,
          "the seal's number was \(former.number), then \(next.number)"))
    }
    for (former, next) in zip(timeline.weights, timeline.weights.dropFirst()) where former.weight != next.weight {
      let difference = Weight(micrograms: next.weight.micrograms - former.weight.micrograms)
      notes.append(
        Entry(
          .weight, timeline.exhibit, [former.event, next.event], from: former.time, until: next.time,
          "it weighed \(former.weight.text) g, then \(next.weight.text) g: \(difference.sign)\(difference.text) g"))
    }
  }

  private mutating func addIntervals(_ timeline: ExhibitTimeline) {
    guard var last = timeline.spans.first else { return }
    var taken = timeline.handovers[...]
    var holder: String?
    for span in timeline.spans.dropFirst() {
      if span.from > last.until, isTooLong(last.until, span.from) {
        while let handover = taken.first, handover.at <= last.until {
          holder = handover.taker.id
          taken.removeFirst()
        }
        gaps.append(
          Entry(
            .exhibit, timeline.exhibit, [last.event, span.event], from: last.until, until: span.from,
            "nothing is known of it" + (holder.map { "; \($0) had taken it" } ?? "")))
      }
      // Of two that end at once the later counts: a handover at the end of a journey ends it.
      if span.until >= last.until { last = span }
    }
    if last.type == "exhibit.waypoint", isTooLong(last.until, now) {
      gaps.append(
        Entry(
          .exhibit, timeline.exhibit, [last.event], from: last.until,
          "its telemetry ends, and nobody has taken it over"))
    }
  }

  // MARK: Times

  private mutating func addTimes(_ history: CustodyHistory, _ exhibit: String?) {
    var former: CustodyEvent?
    var unset: [Int] = []
    for event in history.events {
      defer { former = event }
      var name: String?
      if event.type.hasPrefix("exhibit."), case .text(let text)? = event.fields["exhibit"] { name = text }
      guard exhibit == nil || name == exhibit else { continue }
      if !event.time.isKnown {
        notes.append(Entry(.backwards, name, [event.number], "the event has no time"))
      } else if let former, former.time.isKnown, event.time < former.time {
        notes.append(
          Entry(
            .backwards, name, [former.number, event.number], from: former.time, until: event.time,
            "the event is older than the one before it"))
      }
      for field in ["at", "from", "until"] where name != nil {
        guard let stated = event.fields.time(field), stated > event.time else { continue }
        notes.append(
          Entry(.future, name, [event.number], from: event.time, until: stated, "its stated time had not come yet"))
        break
      }
      if event.isDone, event.type == "exhibit.anomaly" {
        notes.append(Entry(.anomaly, name, [event.number], from: event.time, event.fields.text("note")))
      }
      if event.fields.object("clock")["synced"] == .boolean(false) { unset.append(event.number) }
    }
    if !unset.isEmpty { notes.append(Entry(.clock, exhibit, unset, "nothing kept the computer's clock set")) }
  }
}

extension CustodyGaps {
  /// All of it, for programs; lengths in whole seconds.
  public var document: Value {
    var fields: Fields = [
      "maximumSeconds": .integer(longest.seconds), "gaps": .list(gaps.map(\.value)), "notes": .list(notes.map(\.value)),
    ]
    if let now { fields.set("until", now) }
    return .object(fields)
  }
}

extension CustodyGaps.Entry {
  /// The numbers of its events in words; more than two in a row as a range. Empty where there is none.
  public var eventWords: String {
    guard !events.isEmpty else { return "" }
    var ranges: [ClosedRange<Int>] = []
    for number in events {
      if events.count > 2, let last = ranges.last, last.upperBound < .max, number == last.upperBound + 1 {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    let text = ranges.map { $0.lowerBound == $0.upperBound ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
    return (events.count == 1 ? "event " : "events ") + text.joined(separator: ", ")
  }

  fileprivate var value: Value {
    var fields: Fields = [
      "kind": .text(kind.rawValue), "events": .list(events.map { .integer(Int64($0)) }), "words": .text(words),
    ]
    if let exhibit { fields.set("exhibit", exhibit) }
    if let from { fields.set("from", from) }
    if let until { fields.set("until", until) }
    if let length { fields.set("seconds", length.seconds) }
    return .object(fields)
  }
}
