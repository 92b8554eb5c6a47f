import ByteReading
import EvidenceModel

/// Makes points of NMEA 0183 sentences: GGA, GLL, GNS, RMC, VTG and ZDA of any talker, and WPL.
///
/// Sentences without a right checksum are not used. All others than these are counted by their type.
final class NMEAReader: LocationParser {
  private static let lineFeed: UInt8 = 0x0a
  private static let carriageReturn: UInt8 = 0x0d
  /// Types that are counted apart.
  static let maximumTypes = 256

  let queue: EventQueue
  private let limits: LocationLimits
  /// The offset of the next byte that comes.
  private var offset: UInt64 = 0
  private var line: [UInt8] = []
  private var isTooLong = false
  private var clock = NMEAClock()
  var fix: NMEAFix?
  private(set) var sentenceCounts: [String: Int] = [:]

  init(_ queue: EventQueue, _ limits: LocationLimits) {
    self.queue = queue
    self.limits = limits
  }

  // MARK: Lines

  func append(_ bytes: RawSpan) {
    var reader = ByteReader(bytes)
    while reader.remaining > 0 {
      let room = max(1, limits.sentenceByteCount + 1 - line.count)
      let feed = reader.distance(to: Self.lineFeed, within: room)
      let end = reader.distance(to: Self.carriageReturn, within: feed ?? room) ?? feed
      let length = end ?? min(room, reader.remaining)
      guard let piece = try? reader.take(length, "line") else { return }
      if !isTooLong { line += piece.array() }
      offset += UInt64(length)
      if end != nil {
        endLine()
        guard (try? reader.skip(1, "line end")) != nil else { return }
        offset += 1
      } else if line.count > limits.sentenceByteCount {
        if !isTooLong {
          let range = FileRange(from: offset - UInt64(line.count), count: UInt64(line.count))
          queue.damage(.line, range, "a line is longer than \(limits.sentenceByteCount) bytes; it is passed over")
        }
        isTooLong = true
        line.removeAll()
      }
    }
  }

  func finish() {
    endLine()
    settle()
  }

  func abandon() { settle() }

  private func endLine() {
    defer {
      line.removeAll(keepingCapacity: true)
      isTooLong = false
    }
    guard !isTooLong, !line.isEmpty else { return }
    let range = FileRange(from: offset - UInt64(line.count), count: UInt64(line.count))
    switch NMEASentence.read(line) {
    case .empty: break
    case .sentence(let sentence, let isAlone):
      if !isAlone { queue.damage(.line, range, "a line holds more than its sentence; the rest is not read") }
      count(sentence.type)
      take(sentence, range)
    case .damaged(let code):
      let what =
        switch code {
        case .checksum: "the checksum is wrong"
        case .checksumMissing: "the sentence has no checksum, or is cut"
        case .sentence: "the sentence holds bytes that are no text"
        default: "this is no sentence"
        }
      queue.damage(code, range, "\(what); it is not used")
    }
  }

  private func count(_ type: String) {
    let isKnown = sentenceCounts[type] != nil || sentenceCounts.count < Self.maximumTypes
    sentenceCounts[isKnown ? type : "other", default: 0] += 1
  }

  // MARK: Fixes

  /// Opens the fix of a sentence with this time and position: the one in hand, or a new one.
  ///
  /// A fix has one time, one position, and one sentence of each address; a sentence without a time joins by its position.
  func open(_ sentence: NMEASentence, time: [UInt8], _ place: NMEAPlace, at range: FileRange) {
    let timeOfDay = NMEAClock.timeOfDay(time)
    if timeOfDay == nil, !time.isEmpty {
      queue.damage(.time, range, "no time of day: \(PointDraft.shown(time))")
    }
    var isSame = false
    if let fix, fix.timeOfDay != nil, fix.bytes.count < limits.sentencesOfFix, !fix.has(sentence.address) {
      switch place {
      case .place(let north, let east):
        isSame = fix.agrees(north, east) && (timeOfDay == fix.timeOfDay || (time.isEmpty && fix.hasPosition))
      case .none, .damaged: isSame = timeOfDay == fix.timeOfDay
      }
    }
    if !isSame {
      settle()
      fix = NMEAFix(queue, timeOfDay: timeOfDay, text: time, at: range)
    }
    fix?.add(range, sentence.address)
    if case .place(let north, let east) = place { fix?.take(north, east) }
  }

  /// Gives the open fix out.
  func settle() {
    guard var done = fix else { return }
    fix = nil
    var time = CaptureTime.unknown
    var basis = LocationPoint.TimeBasis.none
    if let timeOfDay = done.timeOfDay {
      if let date = done.date, let moment = NMEAClock.moment(date, timeOfDay) {
        (time, basis) = (moment, .stated)
        if done.isTrusted { clock.set(moment) }
      } else if let moment = clock.carried(timeOfDay) {
        (time, basis) = (moment, .dateCarried)
        clock.set(moment)
      }
    }
    guard done.hasPosition || !done.reasons.isEmpty else { return }
    if queue.trackCount == 0 {
      queue.begin(.track, name: nil, at: done.draft.first)
      queue.add(.segmentBegan(1))
    }
    let reason = done.reasons.joined(separator: ", ")
    if done.isConfirmed || done.reasons.isEmpty, let latitude = done.latitude, let longitude = done.longitude {
      if let last = done.bytes.last, !done.reasons.isEmpty {
        queue.damage(.contradiction, last, "a fix by one sentence and none by another: \(reason)")
      }
      done.draft.set(time: time, basis, text: done.timeText)
      done.draft.place(latitude.degrees, longitude.degrees)
      if let point = done.draft.point(done.bytes) { queue.add(.point(point)) }
    } else {
      let missing = MissingFix(
        time: time, reason: reason, latitude: done.latitude?.degrees,
        longitude: done.longitude?.degrees, bytes: done.bytes)
      queue.add(.missingFix(missing))
    }
  }
}
