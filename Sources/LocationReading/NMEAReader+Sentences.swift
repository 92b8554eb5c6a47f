import EvidenceModel

/// A position as a sentence has it.
enum NMEAPlace {
  /// All its fields are empty.
  case none
  /// They are no position.
  case damaged
  case place(DegreesAndMinutes, DegreesAndMinutes)

  /// Reads four fields, from a 1-based place on: latitude, N or S, longitude, E or W.
  init(_ sentence: NMEASentence, from first: Int) {
    let (latitude, longitude) = (sentence.field(first), sentence.field(first + 2))
    if latitude.isEmpty, longitude.isEmpty {
      self = .none
      return
    }
    let (northOrSouth, eastOrWest) = (sentence.letter(first + 1), sentence.letter(first + 3))
    guard northOrSouth == "N" || northOrSouth == "S", eastOrWest == "E" || eastOrWest == "W",
      let north = ExactDecimal(latitude).flatMap({ DegreesAndMinutes($0, isNegative: northOrSouth == "S", limit: 90) }),
      let east = ExactDecimal(longitude).flatMap({ DegreesAndMinutes($0, isNegative: eastOrWest == "W", limit: 180) })
    else {
      self = .damaged
      return
    }
    self = .place(north, east)
  }
}

extension NMEAReader {
  /// Takes a sentence with a right checksum.
  func take(_ sentence: NMEASentence, _ range: FileRange) {
    switch sentence.type {
    case "GGA": takeGGA(sentence, range)
    case "GLL": takeGLL(sentence, range)
    case "GNS": takeGNS(sentence, range)
    case "RMC": takeRMC(sentence, range)
    case "VTG": takeVTG(sentence, range)
    case "ZDA": takeZDA(sentence, range)
    case "WPL": takeWPL(sentence, range)
    default: break
    }
  }

  /// Opens the fix of a sentence; `denial` says why there is none.
  private func begin(
    _ sentence: NMEASentence, time: Int, place first: Int, denial: String?, _ range: FileRange
  ) {
    let place = NMEAPlace(sentence, from: first)
    open(sentence, time: sentence.field(time), place, at: range)
    if let denial {
      fix?.deny(denial)
      return
    }
    switch place {
    case .none: fix?.deny("\(sentence.type) without a position")
    case .damaged:
      let shown = sentence.fields.dropFirst(first - 1).prefix(4).joined(separator: [0x2c])
      queue.damage(.position, range, "no position in degrees and minutes: \(PointDraft.shown(Array(shown)))")
    case .place: fix?.confirm()
    }
  }

  /// Position, quality, satellites, dilution and altitude.
  private func takeGGA(_ sentence: NMEASentence, _ range: FileRange) {
    let quality = sentence.field(6)
    let isMissing = quality.isEmpty || quality.allSatisfy { $0 == 0x30 }
    let shown = quality.isEmpty ? "empty" : "0"
    begin(sentence, time: 1, place: 2, denial: isMissing ? "GGA quality \(shown)" : nil, range)
    guard !isMissing else { return }
    fix?.set(quality: Self.qualities[quality] ?? PointDraft.shown(quality), rank: 2)
    takeMeasures(sentence, satellites: 7, range)
    if !sentence.field(9).isEmpty {
      if sentence.letter(10) == "M" {
        fix?.draft.set(elevation: sentence.field(9), range)
      } else {
        queue.damage(.field, range, "an altitude that is not in metres")
      }
    }
  }

  /// Position, modes of each system, satellites, dilution and altitude in metres.
  private func takeGNS(_ sentence: NMEASentence, _ range: FileRange) {
    let modes = sentence.field(6)
    let isMissing = modes.allSatisfy { $0 == 0x4e }
    begin(sentence, time: 1, place: 2, denial: isMissing ? "GNS mode \(PointDraft.shown(modes))" : nil, range)
    guard !isMissing else { return }
    let best = "RFPDAEMS".first { modes.contains($0.asciiValue ?? 0) }
    fix?.set(quality: best.flatMap { Self.modes[$0] }, rank: 1)
    takeMeasures(sentence, satellites: 7, range)
    if !sentence.field(9).isEmpty { fix?.draft.set(elevation: sentence.field(9), range) }
  }

  private func takeMeasures(_ sentence: NMEASentence, satellites: Int, _ range: FileRange) {
    let (count, dilution) = (sentence.field(satellites), sentence.field(satellites + 1))
    if !count.isEmpty { fix?.draft.set(satellites: count, range) }
    if !dilution.isEmpty { fix?.draft.set(horizontalDilution: dilution, range) }
  }

  /// Position, time of day and status.
  private func takeGLL(_ sentence: NMEASentence, _ range: FileRange) {
    // Before version 2 of the standard it had neither time nor status.
    let hasStatus = sentence.fields.count >= 6
    let denial = hasStatus ? denial("GLL", status: sentence.field(6), mode: sentence.letter(7)) : nil
    begin(sentence, time: 5, place: 1, denial: denial, range)
    if denial == nil { fix?.set(quality: sentence.letter(7).flatMap { Self.modes[$0] }, rank: 1) }
  }

  /// Position, date and time, status, speed in knots and course.
  private func takeRMC(_ sentence: NMEASentence, _ range: FileRange) {
    let denial = denial("RMC", status: sentence.field(2), mode: sentence.letter(12))
    begin(sentence, time: 1, place: 3, denial: denial, range)
    if !sentence.field(9).isEmpty {
      take(date: NMEAClock.date(sentence.field(9)), isTrusted: denial == nil, sentence.field(9), range)
    }
    guard denial == nil else { return }
    fix?.set(quality: sentence.letter(12).flatMap { Self.modes[$0] }, rank: 1)
    fix?.set(speed: sentence.field(7), course: sentence.field(8), at: range)
  }

  /// Course and speed of the fix before.
  private func takeVTG(_ sentence: NMEASentence, _ range: FileRange) {
    guard fix != nil else {
      if !sentence.field(5).isEmpty { queue.damage(.pairing, range, "a VTG sentence without a fix before it") }
      return
    }
    guard fix?.hasCourse == false, sentence.letter(9) != "N" else { return }
    let speed = sentence.letter(6) == "N" ? sentence.field(5) : []
    let course = sentence.letter(2) == "T" ? sentence.field(1) : []
    guard !speed.isEmpty || !course.isEmpty else { return }
    fix?.set(speed: speed, course: course, at: range)
    fix?.add(range, sentence.address)
  }

  /// Date and time.
  private func takeZDA(_ sentence: NMEASentence, _ range: FileRange) {
    let fields = [2, 3, 4].map { sentence.field($0) }
    guard !sentence.field(1).isEmpty, !fields.contains(where: \.isEmpty) else { return }
    open(sentence, time: sentence.field(1), .none, at: range)
    let date = NMEAClock.date(day: sentence.field(2), month: sentence.field(3), year: sentence.field(4))
    take(date: date, isTrusted: true, Array(fields.joined(separator: [0x2c])), range)
  }

  /// A waypoint.
  private func takeWPL(_ sentence: NMEASentence, _ range: FileRange) {
    guard case .place(let north, let east) = NMEAPlace(sentence, from: 1) else {
      queue.damage(.position, range, "a waypoint without a position")
      return
    }
    var point = LocationPoint(latitude: north.degrees, longitude: east.degrees, bytes: [range])
    let name = sentence.field(5)
    point.name = name.isEmpty ? nil : String(decoding: name, as: UTF8.self)
    queue.add(.waypoint(point))
  }

  private func take(date: CaptureTime?, isTrusted: Bool, _ written: [UInt8], _ range: FileRange) {
    guard let date else {
      queue.damage(.time, range, "no date: \(PointDraft.shown(written))")
      return
    }
    if fix?.set(date: date, isTrusted: isTrusted) == false {
      queue.damage(.contradiction, range, "another date of the same fix is not used: \(PointDraft.shown(written))")
    }
  }

  private func denial(_ type: String, status: [UInt8], mode: Character?) -> String? {
    if status != [0x41] { return "\(type) status \(status.isEmpty ? "empty" : PointDraft.shown(status))" }
    return mode == "N" ? "\(type) mode N" : nil
  }

  /// Of GGA, field 6.
  private static let qualities: [[UInt8]: String] = [
    [0x31]: "autonomous", [0x32]: "differential", [0x33]: "precise", [0x34]: "rtk", [0x35]: "floatRTK",
    [0x36]: "estimated", [0x37]: "manual", [0x38]: "simulated",
  ]
  /// Of RMC, GLL and GNS.
  private static let modes: [Character: String] = [
    "A": "autonomous", "D": "differential", "E": "estimated", "F": "floatRTK", "M": "manual", "P": "precise",
    "R": "rtk", "S": "simulated",
  ]
}
