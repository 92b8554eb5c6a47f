import EvidenceModel

/// What stands in a range of a call's audio.
enum TimelineKind: String, CaseIterable {
  // In the order of weight: where two fall on the same spot of the strip, the former is drawn.
  case lost, damaged, restarted, late, recoveredInBand, recovered, retransmitted, notDecoded, silenceSuppressed, event,
    received

  var words: String {
    switch self {
    case .received: "received"
    case .lost: "lost: packets are missing from the recording"
    case .damaged: "damaged: its sender had it damaged already; silent here"
    case .restarted: "the sender began anew: nobody can tell whether packets are missing"
    case .recovered: "received as a copy in a later packet"
    case .recoveredInBand: "received as a coarser copy that its sender put into the next packet"
    case .retransmitted: "lost at first, and sent again"
    case .silenceSuppressed: "nothing sent: no packet is missing here, as in silence"
    case .late: "late: arrived after its time, heard here in its place"
    case .event: "key pressed or signal tone"
    case .notDecoded: "received, but in a form that is not decoded"
    }
  }

  var shortWords: String {
    switch self {
    case .received: "received"
    case .lost: "lost"
    case .damaged: "damaged"
    case .restarted: "sender began anew"
    case .recovered: "from a copy"
    case .recoveredInBand: "from a coarser copy"
    case .retransmitted: "sent again"
    case .silenceSuppressed: "nothing sent"
    case .late: "late"
    case .event: "key or tone"
    case .notDecoded: "not decoded"
    }
  }
}

/// A call's time map: for each stream what was received when, and what is missing.
struct Timeline {
  struct Range {
    let from: Int64
    let to: Int64
    let kind: TimelineKind
    let packets: String
  }
  struct Track {
    let party: String
    let side: String
    let identifier: String
    let ranges: [Range]
  }

  let rate: Int64
  let length: Int64
  private(set) var tracks: [Track]
  /// The largest samples of equal parts, 0 to 32,768, of the left and the right side.
  private(set) var peaks: [String: [Int]] = [:]
  /// Columns of the strip.
  static let columns: Int64 = 1000
  /// Columns that a gap has at least, so that none is too narrow to be seen.
  static let leastColumns: Int64 = 5
  /// Streams whose strips are drawn.
  static let maximumTracks = 16
  static let maximumGaps = 200

  /// Reads a time map; nil when it has no usable rate or streams.
  init?(_ map: Fields) {
    let streams = map.objects("streams").prefix(Self.maximumTracks)
    guard let rate = map.integer("sampleRate"), (1...1_000_000).contains(rate), !streams.isEmpty else { return nil }
    var end = max(0, min(map.integer("sampleCount") ?? 0, 1 << 48))
    tracks = streams.map { stream in
      let ranges = Self.settled(stream.objects("ranges").compactMap(Self.range))
      end = ranges.reduce(end) { max($0, $1.to) }
      return Track(
        party: stream.text("party") ?? "unknown", side: stream.text("track") ?? "",
        identifier: stream.text("identifier") ?? "", ranges: ranges)
    }
    tracks.sort { $0.side < $1.side }
    guard end > 0 else { return nil }
    self.rate = rate
    length = end
    if case .object(let sides)? = map["peaks"] {
      for side in ["left", "right"] {
        guard case .list(let list)? = sides[side] else { continue }
        peaks[side] = WaveformDrawing.sizes(list)
      }
    }
  }

  private static func range(_ fields: Fields) -> Range? {
    guard let from = fields.integer("from"), let to = fields.integer("to"), from <= to, to <= 1 << 48, to >= 0,
      var kind = TimelineKind(rawValue: fields.text("kind") ?? "")
    else { return nil }
    if kind == .recovered, fields.text("recovery") == "inBand" { kind = .recoveredInBand }
    let packets = fields.objects("provenance").map { "\($0.text("original") ?? "") \($0.text("packets") ?? "")" }
    return Range(from: max(0, from), to: to, kind: kind, packets: packets.joined(separator: "; "))
  }

  /// A stream of which nothing was decoded has packets without lengths; nobody can say that it was silent between them.
  private static func settled(_ ranges: [Range]) -> [Range] {
    guard ranges.contains(where: { $0.kind == .notDecoded }),
      !ranges.contains(where: {
        [.received, .late, .recovered, .recoveredInBand, .retransmitted, .damaged].contains($0.kind)
      })
    else { return ranges }
    return ranges.map { range in
      guard range.kind == .silenceSuppressed else { return range }
      return Range(from: range.from, to: range.to, kind: .notDecoded, packets: range.packets)
    }
  }

  func milliseconds(_ samples: Int64) -> Int64 { samples * 1000 / rate }

  /// How long each kind lasts, in samples, and in how many places.
  static func sums(_ track: Track) -> [(kind: TimelineKind, samples: Int64, places: Int)] {
    TimelineKind.allCases.reversed().compactMap { kind in
      let ranges = track.ranges.filter { $0.kind == kind }
      return ranges.isEmpty ? nil : (kind, ranges.reduce(0) { $0 &+ ($1.to - $1.from) }, ranges.count)
    }
  }

  /// What each column of the strip shows, in runs of columns; nothing where no packet is expected.
  func runs(_ track: Track) -> [(kind: TimelineKind, from: Int64, to: Int64)] {
    var columns = [TimelineKind?](repeating: nil, count: Int(Self.columns))
    for kind in TimelineKind.allCases.reversed() {
      for range in track.ranges where range.kind == kind {
        let first = min(Self.columns - 1, range.from * Self.columns / length)
        let end = (range.to * Self.columns + length - 1) / length
        let least = kind == .lost || kind == .late ? Self.leastColumns : 1
        for column in first..<min(Self.columns, max(end, first + least)) { columns[Int(column)] = kind }
      }
    }
    var runs: [(kind: TimelineKind, from: Int64, to: Int64)] = []
    for (place, kind) in columns.enumerated() {
      guard let kind else { continue }
      if let last = runs.last, last.kind == kind, last.to == place {
        runs[runs.count - 1].to += 1
      } else {
        runs.append((kind, Int64(place), Int64(place) + 1))
      }
    }
    return runs
  }

  /// Seconds between the marks of the scale: at most eight.
  var step: Int64 {
    let seconds = length / rate
    return [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400].first { seconds / $0 <= 8 } ?? 28800
  }
}
