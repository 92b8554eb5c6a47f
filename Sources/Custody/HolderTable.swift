public import EvidenceModel

/// Something that was seen of a physical exhibit, or done to it, while it did not change hands.
public struct Sighting: Hashable, Sendable {
  public let from: CaptureTime
  /// Nil for what has no length.
  public let until: CaptureTime?
  /// Who recorded it.
  public let witness: Custodian
  public let event: EventMention
  public let details: [StatedDetail]
  /// Who had it by then, as the events say; nil when they name nobody.
  public internal(set) var holder: Custodian?

  /// Nil for an event that is no sighting.
  init?(_ event: CustodyEvent) {
    switch event.type {
    case "exhibit.waypoint":
      from = event.fields.time("from") ?? event.time
      until = event.fields.time("until")
    case "exhibit.seal", "exhibit.check", "exhibit.anomaly":
      from = event.time
      until = nil
    default: return nil
    }
    witness = event.actor
    self.event = EventMention(event)
    details = StatedDetail.all(of: event)
  }
}

/// Who had the bundle, or one physical exhibit, when: line by line, and for what nobody answers is a line too.
///
/// What people read of custody is made of it: `exhibit custody show` and the report's page. It is drawn from the events
/// alone and needs no clock; what has no end by the last event is a gap.
public struct HolderTable: Sendable {
  public enum Row: Sendable {
    case holder(Holding)
    case sighting(Sighting)
    case gap(CustodyGaps.Entry)

    /// Whether nobody is recorded as holder, or nobody can say who is.
    public var isGap: Bool {
      switch self {
      case .holder(let holding): holding.who.id.isEmpty
      case .sighting: false
      case .gap: true
      }
    }
  }

  /// Intervals up to half an hour are no gaps unless another length is asked for.
  public static let longestSilence = LengthOfTime(seconds: 30 * 60)

  /// The name of the physical exhibit; nil for the bundle.
  public let exhibit: String?
  /// The bundle's in the order of the chain; an exhibit's in the order of time.
  public let rows: [Row]
  /// What is no gap and must be explained all the same.
  public let notes: [CustodyGaps.Entry]

  public var gapCount: Int { rows.count { $0.isGap } }

  /// A row and its place: a time or an event's number, then what comes first of the same.
  private typealias Placed = (place: Int64, rank: Int, event: Int, row: Row)

  private init(_ exhibit: String?, _ placed: [Placed], _ notes: [CustodyGaps.Entry]) {
    self.exhibit = exhibit
    self.notes = notes
    var holder: Custodian?
    rows = placed.sorted { ($0.place, $0.rank, $0.event) < ($1.place, $1.rank, $1.event) }.map { entry in
      switch entry.row {
      case .holder(let holding):
        holder = holding.who.id.isEmpty ? nil : holding.who
        return entry.row
      case .sighting(var sighting):
        sighting.holder = holder
        return .sighting(sighting)
      case .gap: return entry.row
      }
    }
  }

  /// The bundle's table.
  fileprivate init(bundle history: CustodyHistory, _ gaps: [CustodyGaps.Entry], _ notes: [CustodyGaps.Entry]) {
    var placed: [Placed] = history.holdings.map { (Int64($0.event.number), 1, 0, .holder($0)) }
    placed += gaps.map { (Int64($0.events.last ?? 0), 0, 0, .gap($0)) }
    self.init(nil, placed, notes)
  }

  /// A physical exhibit's table.
  fileprivate init(_ timeline: ExhibitTimeline, _ gaps: [CustodyGaps.Entry], _ notes: [CustodyGaps.Entry]) {
    var placed: [Placed] = timeline.sightings.map { ($0.from.nanoseconds, 2, $0.event.number, .sighting($0)) }
    placed += timeline.holdings.enumerated().map { ($1.from.nanoseconds, 1, $0, .holder($1)) }
    if timeline.handovers.isEmpty, let first = timeline.first {
      placed.append((.min, 0, 0, .holder(Holding(nobodyBy: first))))
    }
    for gap in gaps {
      // Who handed on what another had is told before the handover.
      let isBefore = gap.kind == .successor
      let time = (isBefore ? gap.until : gap.from) ?? .unknown
      placed.append((time.nanoseconds, isBefore ? 0 : 3, gap.events.last ?? 0, .gap(gap)))
    }
    self.init(timeline.exhibit, placed, notes)
  }
}

extension CustodyHistory {
  /// The bundle's table, and one for each physical exhibit in the order in which the chain first speaks of them.
  ///
  /// Intervals up to `longest` are no gaps.
  public func holderTables(longerThan longest: LengthOfTime = HolderTable.longestSilence) -> [HolderTable] {
    let found = CustodyGaps(self, longerThan: longest, now: nil)
    // That the chain is not whole concerns all tables; `problems` says it.
    let gaps = Dictionary(grouping: found.gaps.filter { $0.kind != .chain }) { $0.exhibit }
    let notes = Dictionary(grouping: found.notes) { $0.exhibit }
    return [HolderTable(bundle: self, gaps[nil] ?? [], notes[nil] ?? [])]
      + timelines.map { HolderTable($0, gaps[$0.exhibit] ?? [], notes[$0.exhibit] ?? []) }
  }
}
