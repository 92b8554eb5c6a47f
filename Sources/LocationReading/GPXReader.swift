import ByteReading
import EvidenceModel

/// Makes points of a GPX document, version 1.0 or 1.1.
///
/// Not read, and not an error: metadata, links, waypoint symbols, and extensions but for Garmin's speed and course.
final class GPXReader: XMLReceiver {
  private enum Node {
    case document, track, route, segment, other
    case point(PointKind)
    case field(Field)
  }
  private enum PointKind { case track, route, waypoint }
  private enum Field: String {
    case name, ele, time, course, speed, fix, sat, hdop
  }

  private let queue: EventQueue
  private let limits: LocationLimits
  private var vocabulary: XMLVocabulary?
  private var path: [Node] = []
  private var draft: PointDraft?
  /// Those of the point in hand that have come.
  private var fields: Set<Field> = []
  private var text = ElementText()
  private var trackName: String?
  private var trackOffset: UInt64 = 0
  private var hasBegun = false
  private var segment = 0

  init(_ queue: EventQueue, _ limits: LocationLimits) {
    self.queue = queue
    self.limits = limits
  }

  func elementBegan(_ name: String, _ attributes: [XMLAttribute], at range: FileRange) throws(LocationFault) {
    guard let vocabulary, let parent = path.last else {
      guard LocationFormat.of(root: name, attributes) == .gpx else {
        throw LocationFault(.otherFormat, at: range.first, "the root element is not GPX")
      }
      vocabulary = XMLVocabulary(root: name, attributes)
      path.append(.document)
      return
    }
    let (space, local) = vocabulary.place(name, attributes)
    let node = node(local, space, in: parent)
    switch node {
    case .track, .route:
      (trackName, trackOffset, hasBegun, segment) = (nil, range.first, false, 0)
    case .segment:
      begin(.track)
      segment += 1
      queue.add(.segmentBegan(segment))
    case .point(let kind):
      if kind == .route { begin(.route) }
      draft = PointDraft(queue, first: range.first)
      fields.removeAll(keepingCapacity: true)
      let value = { (key: String) in attributes.first { $0.name == key }.map { Self.trimmed($0.value) } }
      draft?.place(latitude: value("lat"), longitude: value("lon"), at: range)
    case .field: text = ElementText()
    case .other:
      if space == .own, ["trkpt", "rtept", "wpt"].contains(local) {
        queue.damage(.leftOut, range, "a \(local) at a place where GPX has none is not read")
      }
    case .document: break
    }
    path.append(node)
  }

  private func node(_ local: Substring, _ space: XMLVocabulary.Space, in parent: Node) -> Node {
    switch (parent, space, local) {
    case (.document, .own, "trk"): .track
    case (.document, .own, "rte"): .route
    case (.document, .own, "wpt"): .point(.waypoint)
    case (.track, .own, "trkseg"): .segment
    case (.segment, .own, "trkpt"): .point(.track)
    case (.route, .own, "rtept"): .point(.route)
    case (.track, .own, "name"), (.route, .own, "name"): .field(.name)
    case (.point, .own, _): Field(rawValue: String(local)).map { .field($0) } ?? .other
    // Inside of a point's extensions, however deep.
    case (.other, .garmin, "speed") where draft != nil: .field(.speed)
    case (.other, .garmin, "course") where draft != nil: .field(.course)
    default: .other
    }
  }

  func text(_ piece: RawSpan, at range: FileRange) {
    if case .field = path.last { text.append(piece, at: range, limit: limits.textByteCount) }
  }

  func entityLeftOut(at range: FileRange) {
    queue.damage(.entity, range, "an entity that is not in the document is left out")
  }

  func elementEnded(at range: FileRange) {
    guard let node = path.popLast() else { return }
    let end = range.last
    switch node {
    case .field(let field): take(field, range)
    case .point(let kind): finish(kind, end)
    case .track:
      begin(.track)
      queue.end()
    case .route:
      begin(.route)
      queue.end()
    case .document, .segment, .other: break
    }
  }

  /// Begins the track or route in hand with the name that has come; a later one stands in no event.
  private func begin(_ kind: LocationTrack.Kind) {
    guard !hasBegun else { return }
    hasBegun = true
    queue.begin(kind, name: trackName, at: trackOffset)
  }

  private func take(_ field: Field, _ end: FileRange) {
    let range = text.range ?? end
    if text.isCut { queue.damage(.textCut, range, "\(field.rawValue) is longer than \(limits.textByteCount) bytes") }
    let value = text.trimmed
    guard !value.isEmpty else { return }
    if draft != nil, !fields.insert(field).inserted {
      queue.damage(.contradiction, range, "a second \(field.rawValue) of a point is not used")
      return
    }
    switch field {
    case .name:
      guard draft != nil else {
        if hasBegun { queue.damage(.contradiction, range, "a name behind the points of its track is not used") }
        trackName = trackName ?? text.string
        return
      }
      draft?.name = text.string
    case .ele: draft?.set(elevation: value, range)
    case .time: draft?.set(time: value, isUTC: true, range)
    case .course: draft?.set(course: value, range)
    case .speed: draft?.set(speed: value, factor: 36, decimals: 1, range)
    case .fix: draft?.quality = PointDraft.shown(value)
    case .sat: draft?.set(satellites: value, range)
    case .hdop: draft?.set(horizontalDilution: value, range)
    }
  }

  private func finish(_ kind: PointKind, _ last: UInt64) {
    defer { draft = nil }
    guard let draft else { return }
    let range = FileRange(from: draft.first, count: last - min(draft.first, last) + 1)
    if draft.quality == "none" {
      let fix = MissingFix(
        time: draft.time, reason: "fix none", latitude: draft.latitude, longitude: draft.longitude, bytes: [range])
      queue.add(.missingFix(fix))
      return
    }
    guard let point = draft.point([range]) else { return }
    switch kind {
    case .track: queue.add(.point(point))
    case .route: queue.add(.routePoint(point))
    case .waypoint: queue.add(.waypoint(point))
    }
  }

  private static func trimmed(_ value: String) -> [UInt8] {
    var text = ElementText()
    let bytes = Array(value.utf8)
    text.append(bytes.view, at: FileRange(from: 0, count: 1), limit: bytes.count)
    return text.trimmed
  }
}
