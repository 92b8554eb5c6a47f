import ByteReading
import EvidenceModel

/// Makes points of a KML document: Placemarks with Point, LineString, LinearRing, `gx:Track` and `gx:MultiTrack`.
///
/// Not read, and not an error: polygons, models, overlays, styles, network links (nothing is fetched), and extended data.
final class KMLReader: XMLReceiver {
  private enum Node {
    case container, placemark, timeStamp, timeSpan, geometries, point, line, multiTrack, track, other
    case coordinates(isLine: Bool)
    case field(Field)
  }
  private enum Field: String {
    case name, when, begin, end, altitudeMode, trackTime, trackCoordinates
  }

  private let queue: EventQueue
  private let limits: LocationLimits
  private var vocabulary: XMLVocabulary?
  private var path: [Node] = []
  private var text = ElementText()
  private var tuples = TupleSplitter()
  private var placemark: Placemark?
  private var altitudeMode: String?
  private var times: WaitingTimes
  private var segment = 0
  /// The point of the Point element in hand.
  private var draft: PointDraft?
  private var pointRange = FileRange(from: 0, count: 1)

  init(_ queue: EventQueue, _ limits: LocationLimits) {
    self.queue = queue
    self.limits = limits
    times = WaitingTimes(limit: limits.waitingTimes)
  }

  // MARK: Elements

  func elementBegan(_ name: String, _ attributes: [XMLAttribute], at range: FileRange) throws(LocationFault) {
    guard let vocabulary, let parent = path.last else {
      guard LocationFormat.of(root: name, attributes) == .kml else {
        throw LocationFault(.otherFormat, at: range.first, "the root element is not KML")
      }
      vocabulary = XMLVocabulary(root: name, attributes)
      path.append(.container)
      return
    }
    let (space, local) = vocabulary.place(name, attributes)
    let node = space == .own || space == .google ? node(local, in: parent) : .other
    switch node {
    case .placemark: placemark = Placemark(first: range.first)
    case .point:
      (altitudeMode, draft) = (nil, nil)
      pointRange = range
    case .line: altitudeMode = nil
    case .coordinates(let isLine):
      tuples = TupleSplitter()
      if isLine {
        queue.begin(.line, name: placemark?.name, at: placemark?.first ?? range.first, span: placemark?.span)
        queue.add(.segmentBegan(1))
      }
    case .multiTrack: beginTrack(range)
    case .track:
      if case .multiTrack = parent {} else { beginTrack(range) }
      altitudeMode = nil
      segment += 1
      queue.add(.segmentBegan(segment))
    case .field: text = ElementText()
    case .other:
      if space != .other, ["coordinates", "coord"].contains(local) {
        queue.damage(.leftOut, range, "\(local) of a polygon, or at another place that is not read")
      }
    case .container, .timeStamp, .timeSpan, .geometries: break
    }
    path.append(node)
  }

  private func node(_ local: Substring, in parent: Node) -> Node {
    switch (parent, local) {
    case (.container, "Document"), (.container, "Folder"): .container
    case (.container, "Placemark"): .placemark
    case (.placemark, "name"): .field(.name)
    case (.placemark, "TimeStamp"): .timeStamp
    case (.placemark, "TimeSpan"): .timeSpan
    case (.timeStamp, "when"): .field(.when)
    case (.timeSpan, "begin"): .field(.begin)
    case (.timeSpan, "end"): .field(.end)
    case (.placemark, "MultiGeometry"), (.geometries, "MultiGeometry"): .geometries
    case (.placemark, "Point"), (.geometries, "Point"): .point
    case (.placemark, "LineString"), (.geometries, "LineString"): .line
    case (.placemark, "LinearRing"), (.geometries, "LinearRing"): .line
    case (.placemark, "MultiTrack"), (.geometries, "MultiTrack"): .multiTrack
    case (.placemark, "Track"), (.geometries, "Track"), (.multiTrack, "Track"): .track
    case (.point, "coordinates"): .coordinates(isLine: false)
    case (.line, "coordinates"): .coordinates(isLine: true)
    case (.point, "altitudeMode"), (.line, "altitudeMode"), (.track, "altitudeMode"): .field(.altitudeMode)
    case (.track, "when"): .field(.trackTime)
    case (.track, "coord"): .field(.trackCoordinates)
    default: .other
    }
  }

  func text(_ piece: RawSpan, at range: FileRange) {
    switch path.last {
    case .field: text.append(piece, at: range, limit: limits.textByteCount)
    case .coordinates(let isLine):
      tuples.append(piece, at: range) { tuple, range, isCut in take(tuple, range, isCut, isLine) }
    default: break
    }
  }

  func entityLeftOut(at range: FileRange) {
    queue.damage(.entity, range, "an entity that is not in the document is left out")
  }

  func elementEnded(at range: FileRange) {
    guard let node = path.popLast() else { return }
    switch node {
    case .field(let field): take(field, range)
    case .coordinates(let isLine):
      tuples.finish { tuple, range, isCut in take(tuple, range, isCut, isLine) }
      if isLine { queue.end() }
    case .point: finishPoint(FileRange(from: pointRange.first, count: range.last - pointRange.first + 1))
    case .track:
      if times.count > 0 {
        queue.damage(.pairing, range, "\(times.count) times of the track have no coordinates")
        times.removeAll()
      }
      if case .multiTrack = path.last {} else { queue.end() }
    case .multiTrack: queue.end()
    case .placemark:
      abandon()
      placemark = nil
    case .container, .timeStamp, .timeSpan, .geometries, .line, .other: break
    }
  }

  func abandon() {
    for point in placemark?.takePoints() ?? [] { queue.add(.waypoint(point)) }
  }

  private func beginTrack(_ range: FileRange) {
    segment = 0
    queue.begin(.track, name: placemark?.name, at: placemark?.first ?? range.first, span: placemark?.span)
  }

  // MARK: Fields

  private func take(_ field: Field, _ end: FileRange) {
    let range = text.range ?? end
    if text.isCut { queue.damage(.textCut, range, "\(field.rawValue) is longer than \(limits.textByteCount) bytes") }
    let value = text.trimmed
    if field == .trackCoordinates {
      takeTrackCoordinates(value, range)
      return
    }
    if field == .trackTime {
      takeTrackTime(value, range)
      return
    }
    guard !value.isEmpty else { return }
    switch field {
    case .name: placemark?.name = text.string
    case .altitudeMode: altitudeMode = text.string
    case .when: placemark?.when = PointDraft.moment(value, isUTC: false, queue, range)
    case .begin, .end:
      let (time, _, text) = PointDraft.moment(value, isUTC: false, queue, range)
      if field == .begin { placemark?.begin = (time, text) } else { placemark?.end = (time, text) }
    case .trackTime, .trackCoordinates: break
    }
  }

  private func takeTrackTime(_ value: [UInt8], _ range: FileRange) {
    var (time, basis, text): (CaptureTime, LocationPoint.TimeBasis, String?) = (.unknown, .none, nil)
    if !value.isEmpty { (time, basis, text) = PointDraft.moment(value, isUTC: false, queue, range) }
    if !times.append(WaitingTimes.Entry(time: time, basis: basis, text: text, range: range)) {
      queue.damage(.limit, range, "more than \(limits.waitingTimes) times wait for their coordinates; this is not used")
    }
  }

  private func takeTrackCoordinates(_ value: [UInt8], _ range: FileRange) {
    var bytes = [range]
    var draft = PointDraft(queue, first: range.first)
    switch times.take() {
    case .time(let entry):
      bytes = [entry.range, range]
      draft.set(time: entry.time, entry.basis, text: Array((entry.text ?? "").utf8))
    case .beyond: break
    case .none: queue.damage(.pairing, range, "coordinates of the track have no time")
    }
    if value.isEmpty {
      queue.add(.missingFix(MissingFix(time: draft.time, reason: "coord empty", bytes: bytes)))
      return
    }
    let parts = value.split { $0 == 0x20 || (0x09...0x0d).contains($0) }.map { Array($0) }
    place(parts, &draft, range)
    if let point = draft.point(bytes) { queue.add(.point(point)) }
  }

  private func take(_ tuple: [UInt8], _ range: FileRange, _ isCut: Bool, _ isLine: Bool) {
    if !isLine, draft != nil {
      queue.damage(.contradiction, range, "further coordinates of a Point are not used")
      return
    }
    var made = PointDraft(queue, first: range.first)
    if isCut {
      queue.damage(.position, range, "no coordinates: \(PointDraft.shown(tuple))")
    } else {
      place(tuple.split(separator: 0x2c, omittingEmptySubsequences: false).map { Array($0) }, &made, range)
    }
    if !isLine {
      draft = made
    } else if let point = made.point([range]) {
      queue.add(.point(point))
    }
  }

  /// Takes longitude, latitude and, where it is there, altitude.
  private func place(_ parts: [[UInt8]], _ draft: inout PointDraft, _ range: FileRange) {
    guard let longitude = parts.first, let latitude = parts.dropFirst().first, parts.count <= 3 else {
      let shown = PointDraft.shown(Array(parts.joined(separator: [0x2c])))
      queue.damage(.position, range, "no longitude, latitude and altitude: \(shown)")
      return
    }
    draft.place(latitude: latitude, longitude: longitude, at: range)
    if let altitude = parts.dropFirst(2).first, !altitude.isEmpty {
      draft.set(elevation: altitude, range)
      draft.elevationMode = altitudeMode
    }
  }

  private func finishPoint(_ range: FileRange) {
    guard let made = draft else { return }
    draft = nil
    if placemark?.hold(made, range, limit: limits.waitingPoints) == true { return }
    if let point = placemark?.complete(made, range) { queue.add(.waypoint(point)) }
  }
}
