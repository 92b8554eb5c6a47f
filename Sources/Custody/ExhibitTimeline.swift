import EvidenceModel

/// What the chain knows of one physical exhibit.
struct ExhibitTimeline {
  /// A time for which something is known of it.
  struct Span {
    let from: CaptureTime
    let until: CaptureTime
    let event: Int
    let type: String
  }
  struct Handover {
    let at: CaptureTime
    let giver: Custodian
    let taker: Custodian
    let source: CustodyEvent
    var event: Int { source.number }
  }

  let exhibit: String
  /// The first event of it that was done.
  private(set) var first: CustodyEvent?
  /// By their beginning; of events that were done only.
  private(set) var spans: [Span] = []
  /// By their time; those of the same time in the order of the chain.
  private(set) var handovers: [Handover] = []
  private(set) var seals: [(number: String, event: Int, time: CaptureTime)] = []
  /// What was seen of it or done to it without changing hands, in the order of the chain.
  private(set) var sightings: [Sighting] = []
  private(set) var weights: [(weight: Weight, event: Int, time: CaptureTime)] = []

  init(_ exhibit: String, _ events: [CustodyEvent]) {
    self.exhibit = exhibit
    for event in events where event.isDone && event.fields.text("exhibit") == exhibit { add(event) }
    spans.sort { ($0.from, $0.event) < ($1.from, $1.event) }
    handovers.sort { ($0.at, $0.event) < ($1.at, $1.event) }
  }

  private mutating func add(_ event: CustodyEvent) {
    var (from, until) = (event.time, event.time)
    if first == nil { first = event }
    if let sighting = Sighting(event) { sightings.append(sighting) }
    switch event.type {
    case "exhibit.seal": seals.append((event.fields.text("number"), event.number, event.time))
    case "exhibit.check":
      if let weight = Weight(event.fields.text("weightGrams")) {
        weights.append((weight, event.number, event.time))
      }
    case "exhibit.handover":
      from = event.fields.time("at") ?? event.time
      until = from
      let giver = Custodian(
        id: event.fields.object("giver").text("id"), role: event.actor.role, certificate: event.actor.certificate)
      handovers.append(
        Handover(at: from, giver: giver, taker: Custodian(event.fields["taker"]), source: event))
    case "exhibit.waypoint":
      from = event.fields.time("from") ?? event.time
      until = event.fields.time("until") ?? from
    default: return
    }
    // Nobody knows what has not happened yet.
    if event.time.isKnown { until = min(until, event.time) }
    guard from.isKnown, until.isKnown, from <= until else { return }
    spans.append(Span(from: from, until: until, event: event.number, type: event.type))
  }

  /// Who had it: the first giver, since nobody knows when, and then whoever took it last.
  var holdings: [Holding] {
    guard let first = handovers.first else { return [] }
    var list = [Holding(first.giver, from: .unknown, by: first.source)]
    for handover in handovers {
      Holding.append(Holding(handover.taker, from: handover.at, by: handover.source), to: &list)
    }
    return list
  }
}

extension CustodyHistory {
  /// What is known of each physical exhibit that the chain speaks of, in the order in which they first occur.
  var timelines: [ExhibitTimeline] {
    var order: [String] = []
    var groups: [String: [CustodyEvent]] = [:]
    for event in events where event.type.hasPrefix("exhibit.") && event.isDone {
      let name = event.fields.text("exhibit")
      if groups[name] == nil { order.append(name) }
      groups[name, default: []].append(event)
    }
    return order.map { ExhibitTimeline($0, groups[$0] ?? []) }
  }

  /// The names of the physical exhibits that the chain speaks of.
  public var exhibits: [String] { timelines.map(\.exhibit) }

  func timeline(of exhibit: String) -> ExhibitTimeline { ExhibitTimeline(exhibit, events) }
}
