/// Draws time maps: a strip for each stream in colours and patterns, the same in words, and a table of the gaps.
enum TimelineStrip {
  /// The patterns that the strips of a page are filled with.
  static func definitions(_ html: inout HTMLWriter) {
    html.element(.svg, [.class("patterns"), .own("width", "0"), .own("height", "0"), .own("aria-hidden", "true")]) {
      html in
      html.element(.defs) { html in
        for kind in TimelineKind.allCases {
          html.element(
            .pattern,
            [
              .id("fill-\(kind.rawValue)"), .own("width", "8"), .own("height", "8"),
              .own("patternUnits", "userSpaceOnUse"),
            ]
          ) { pattern(kind, &$0) }
        }
      }
    }
  }

  private static func pattern(_ kind: TimelineKind, _ html: inout HTMLWriter) {
    let (ground, line, path): (StaticString, StaticString, StaticString) =
      switch kind {
      case .received: ("#2b6a99", "#2b6a99", "M0 0")
      case .lost: ("#ffffff", "#b3141e", "M-2 2L2 -2M0 8L8 0M6 10L10 6")
      case .damaged: ("#ffffff", "#b3141e", "M0 0L8 8M0 8L8 0")
      case .restarted: ("#ffffff", "#b3141e", "M4 0v8")
      case .recovered: ("#9cc4e4", "#2b6a99", "M0 4h8")
      case .recoveredInBand: ("#cfe2f1", "#2b6a99", "M0 2h8M0 6h8")
      case .retransmitted: ("#9cc4e4", "#2b6a99", "M1 4h6M4 1v6")
      case .silenceSuppressed: ("#e4e7ea", "#7a858f", "M1 4h2M5 4h2")
      case .late: ("#ffd675", "#7a4b00", "M2 0v8M6 0v8")
      case .event: ("#6b3fa0", "#ffffff", "M0 4h8")
      case .notDecoded: ("#ffffff", "#4a5560", "M0 0L8 8M0 8L8 0")
      }
    html.element(.rect, [.own("width", "8"), .own("height", "8"), .own("fill", ground)], "")
    html.element(
      .path, [.own("d", path), .own("stroke", line), .own("stroke-width", "2"), .own("fill", "none")], "")
  }

  static func write(_ timeline: Timeline, names: (Timeline.Track) -> String, _ html: inout HTMLWriter) {
    html.element(
      .div, [.class("timeline"), .number("data-milliseconds", Int(timeline.milliseconds(timeline.length)))]
    ) { html in
      var drawn: Set<String> = []
      for track in timeline.tracks {
        // The sound is that of a side; where it has several streams, it is drawn with the first.
        let peaks = drawn.insert(track.side).inserted ? timeline.peaks[track.side] : nil
        strip(track, timeline, names(track), peaks ?? [], &html)
      }
      scale(timeline, &html)
      if !timeline.peaks.isEmpty {
        html.element(.p, [.class("note")]) { html in
          html.mark(.computed)
          html.text(
            " The waveforms show the largest samples in each of equal parts, relative to the loudest of the call.")
        }
      }
      legend(timeline, &html)
      gaps(timeline, names, &html)
    }
  }

  private static func strip(
    _ track: Timeline.Track, _ timeline: Timeline, _ name: String, _ peaks: [Int], _ html: inout HTMLWriter
  ) {
    let words = Timeline.sums(track).map {
      $0.samples == 0
        ? "\($0.kind.shortWords) in \(Decimal.count($0.places, "place", "places"))"
        : "\($0.kind.shortWords) \(Decimal.duration(milliseconds: timeline.milliseconds($0.samples)))"
    }
    html.element(.figure, [.class("strip")]) { html in
      html.element(.figcaption) { html in
        html.element(.strong) { $0.captured(name) }
        html.text(" \(words.joined(separator: " · "))")
      }
      let isDrawn = peaks.contains { $0 > 0 }
      html.element(
        .svg,
        [
          .own("role", "img"), .label("\(name): \(words.joined(separator: ", "))"), .own("width", "100%"),
          isDrawn ? .own("height", "90") : .own("height", "30"),
        ]
      ) { html in
        if isDrawn { waveform(peaks, loudest: timeline.peaks.values.joined().max() ?? 0, &html) }
        for run in timeline.runs(track) {
          html.element(
            .rect,
            [
              .share("x", Int(run.from)), .share("width", Int(run.to - run.from)), .own("height", "30"),
              .fill(run.kind),
            ], "")
        }
      }
    }
  }

  /// The waveform under the strip of kinds: each part's largest sample, relative to the call's loudest.
  private static func waveform(_ peaks: [Int], loudest: Int, _ html: inout HTMLWriter) {
    html.element(
      .svg,
      [
        .own("y", "30"), .own("width", "100%"), .own("height", "60"),
        .viewBox(width: peaks.count, height: WaveformDrawing.height),
        .own("preserveAspectRatio", "none"),
      ]
    ) { html in
      html.element(
        .path,
        [.lines(WaveformDrawing.lines(peaks, largest: loudest)), .own("stroke", "#1f3b53"), .own("stroke-width", "1")],
        "")
    }
  }

  /// Marks of a scale; one that needs more belongs to no call.
  private static let maximumMarks: Int64 = 100

  private static func scale(_ timeline: Timeline, _ html: inout HTMLWriter) {
    html.element(
      .svg, [.class("scale"), .own("aria-hidden", "true"), .own("width", "100%"), .own("height", "22")]
    ) { html in
      var second: Int64 = 0
      while second * timeline.rate < timeline.length, second / timeline.step < maximumMarks {
        let place = Int(second * timeline.rate * 1000 / timeline.length)
        html.element(.rect, [.share("x", place), .own("width", "1"), .own("height", "7"), .own("fill", "#333")], "")
        if place < 950 {
          html.element(.svgText, [.share("x", place), .own("y", "19")], label(second))
        }
        second += timeline.step
      }
    }
  }

  private static func label(_ seconds: Int64) -> String {
    let clock = "\(seconds / 60 % 60):\(Decimal.padded(seconds % 60, 2))"
    return seconds >= 3600 ? "\(seconds / 3600):\(seconds / 60 % 60 < 10 ? "0" : "")\(clock)" : clock
  }

  private static func legend(_ timeline: Timeline, _ html: inout HTMLWriter) {
    html.element(.ul, [.class("kinds")]) { html in
      for kind in TimelineKind.allCases.reversed()
      where timeline.tracks.contains(where: { $0.ranges.contains { $0.kind == kind } }) {
        html.element(.li) { html in
          html.element(.svg, [.own("aria-hidden", "true"), .own("width", "26"), .own("height", "16")]) {
            $0.element(.rect, [.own("width", "26"), .own("height", "16"), .fill(kind)], "")
          }
          html.text(" \(kind.words) ")
          if kind == .lost { html.mark(.missing) }
        }
      }
    }
  }

  private static func gaps(
    _ timeline: Timeline, _ names: (Timeline.Track) -> String, _ html: inout HTMLWriter
  ) {
    let table = RecordTable(
      columns: ["Whose", "From", "Lasts", "What", "Packets"].map { .init($0) },
      caption: "Counted from the beginning of the audio")
    var total = 0
    var rows = HTMLWriter()
    for track in timeline.tracks {
      for range in track.ranges where range.kind != .received && range.kind != .silenceSuppressed {
        total += 1
        guard total <= Timeline.maximumGaps else { continue }
        table.row(&rows) { row in
          row.captured(names(track))
          row.cell(Decimal.duration(milliseconds: timeline.milliseconds(range.from)))
          row.cell(Decimal.duration(milliseconds: timeline.milliseconds(range.to - range.from)))
          row.cell(range.kind.shortWords)
          row.captured(range.packets.isEmpty ? nil : range.packets)
        }
      }
    }
    guard total > 0 else { return html.element(.p, [.class("note")], "No gap: every expected packet was recorded.") }
    html.element(.details) { html in
      html.element(.summary, "Gaps and other remarkable places (\(Decimal.grouped(total)))")
      table.write(rows, &html)
      html.element(
        .p, [.class("note")],
        "In the strips, a gap is drawn no narrower than half a percent of the whole."
      )
      if total > Timeline.maximumGaps {
        html.element(
          .p, [.class("note")],
          "\(Decimal.grouped(total - Timeline.maximumGaps)) more are not listed here; the time map names all of them.")
      }
    }
  }
}
