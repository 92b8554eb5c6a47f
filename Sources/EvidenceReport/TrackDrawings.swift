import EvidenceBundle
import EvidenceModel
import Foundation

/// Drawings of tracks, from the records of their points; long tracks are drawn by some of their points.
final class TrackDrawings {
  /// Points of one track that are drawn, and tracks that are.
  static let maximumPoints = 2_000
  static let maximumTracks = 200
  private static let width = 800
  private static let height = 450

  fileprivate struct Point {
    /// Degrees in units of a ten-millionth.
    let latitude: Int64
    let longitude: Int64
    let nanoseconds: Int64?
    let segment: Int64
  }
  fileprivate struct Drawing {
    var points: [Point] = []
    /// Every how many points one is kept.
    var step = 1
    var count = 0
    var last: Point?
  }
  fileprivate struct Key: Hashable {
    let original: String
    let track: Int64
  }
  private var drawings: [Key: Drawing] = [:]

  init(_ context: ReportContext) {
    for line in context.contents.records("location-point") {
      guard let record = ValueReader.fields(line), let track = record.integer("track"),
        let original = record.objects("provenance").first?.text("original"),
        let latitude = record.text("latitude").flatMap(Self.degrees),
        let longitude = record.text("longitude").flatMap(Self.degrees)
      else { continue }
      let key = Key(original: original, track: track)
      guard drawings[key] != nil || drawings.count < Self.maximumTracks else { continue }
      let time = record.text("fixedAt").flatMap { CaptureTime(rfc3339: $0) }?.nanoseconds
      drawings[key, default: Drawing()].add(
        Point(latitude: latitude, longitude: longitude, nanoseconds: time, segment: record.integer("segment") ?? 0))
    }
  }

  /// Decimal degrees in ten-millionths, cut off there; nil for any other text.
  static func degrees(_ text: String) -> Int64? {
    let isNegative = text.hasPrefix("-")
    let parts = (isNegative ? text.dropFirst() : text[...]).split(
      separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first, let whole = Int64(first), (0...180).contains(whole) else { return nil }
    let digits = parts.count == 2 ? parts[1].prefix(7) : ""
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    let fraction = Int64(digits + String(repeating: "0", count: 7 - digits.utf8.count)) ?? 0
    let value = whole * 10_000_000 + fraction
    return isNegative ? -value : value
  }

  func write(original: String, track: Int64, _ html: inout HTMLWriter) {
    guard let drawing = drawings[Key(original: original, track: track)], let first = drawing.points.first else {
      return
    }
    var points = drawing.points
    if let last = drawing.last, drawing.step > 1 { points.append(last) }
    let frame = Frame(points.map { ($0.latitude, $0.longitude) }, around: (first.latitude, first.longitude))
    html.element(.figure, [.class("strip")]) { html in
      html.element(.figcaption) { html in
        html.text("North is up; the circle is the first fix, the square the last. ")
        if drawing.step > 1 { html.text("One in \(drawing.step) fixes is drawn. ") }
        html.mark(.computed)
      }
      html.element(
        .svg,
        [
          .own("role", "img"), .label("Drawing of the track with \(Decimal.count(drawing.count, "fix", "fixes"))"),
          .own("width", "100%"), .viewBox(width: Self.width, height: Self.height),
        ]
      ) { html in
        path(points, frame, drawing.step, isGap: false, &html)
        path(points, frame, drawing.step, isGap: true, &html)
        let begin = frame.place(first.latitude, first.longitude)
        html.element(
          .circle, [.number("cx", begin.x), .number("cy", begin.y), .own("r", "6"), .own("fill", "#2b6a99")], "")
        if let last = points.last {
          let end = frame.place(last.latitude, last.longitude)
          html.element(
            .rect,
            [
              .number("x", end.x - 5), .number("y", end.y - 5), .own("width", "10"), .own("height", "10"),
              .own("fill", "#b3141e"),
            ], "")
        }
      }
    }
  }

  /// Nanoseconds without a fix that are drawn as a gap; of thinned tracks, more in step.
  private static let gap: Int64 = 60_000_000_000

  private func path(
    _ points: [Point], _ frame: Frame, _ step: Int, isGap wanted: Bool, _ html: inout HTMLWriter
  ) {
    var lines: [(from: (x: Int, y: Int), to: (x: Int, y: Int))] = []
    for (one, two) in zip(points, points.dropFirst()) {
      var isGap = one.segment != two.segment
      if let begin = one.nanoseconds, let end = two.nanoseconds {
        let (passed, overflow) = end.subtractingReportingOverflow(begin)
        isGap = isGap || overflow || passed > Self.gap * Int64(step)
      }
      guard isGap == wanted else { continue }
      lines.append((frame.place(one.latitude, one.longitude), frame.place(two.latitude, two.longitude)))
    }
    guard !lines.isEmpty else { return }
    html.element(
      .path,
      [
        .strokes(lines), .own("fill", "none"), wanted ? .own("stroke", "#b3141e") : .own("stroke", "#1f3b53"),
        .own("stroke-width", "2"), wanted ? .own("stroke-dasharray", "6 5") : .own("stroke-linecap", "round"),
      ], "")
  }

  /// Puts degrees into the drawing: a degree of longitude is as wide as it is at the middle of the track.
  private struct Frame {
    private let west: Int64
    private let north: Int64
    private let across: Int64
    /// Ten-millionths of a degree of latitude for each unit of the drawing.
    private let unit: Int64
    private let left: Int
    private let top: Int

    init(_ points: [(latitude: Int64, longitude: Int64)], around first: (Int64, Int64)) {
      let south = points.reduce(first.0) { min($0, $1.latitude) }
      north = points.reduce(first.0) { max($0, $1.latitude) }
      west = points.reduce(first.1) { min($0, $1.longitude) }
      let east = points.reduce(first.1) { max($0, $1.longitude) }
      // The cosine in thousandths, of whole degrees, so that it is the same on every machine.
      let middle = Double((north + south) / 20_000_000)
      across = max(1, Int64((cos(middle * .pi / 180) * 1_000).rounded()))
      let wide = (east - west) * across / 1_000
      let high = north - south
      unit = max(1, wide / Int64(width - 40), high / Int64(height - 40))
      left = (width - Int(wide / unit)) / 2
      top = (height - Int(high / unit)) / 2
    }

    func place(_ latitude: Int64, _ longitude: Int64) -> (x: Int, y: Int) {
      (left + Int((longitude - west) * across / 1_000 / unit), top + Int((north - latitude) / unit))
    }
  }
}

extension TrackDrawings.Drawing {
  /// Takes a point; where there are too many, keeps half of them.
  fileprivate mutating func add(_ point: TrackDrawings.Point) {
    if count % step == 0 { points.append(point) }
    count += 1
    last = point
    guard points.count > TrackDrawings.maximumPoints else { return }
    points = points.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    step *= 2
  }
}
