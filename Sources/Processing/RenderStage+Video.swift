import CSandbox
import CallAssembly
import DecoderHosting
import EvidenceModel
import Foundation
import Glibc
import MediaReading

/// The video of a call's streams: files that play, pictures of key frames, and what is missing.
extension RenderStage {
  /// What became of the video of one coding in a stream.
  struct VideoWork {
    let track: VideoTrack
    let header: CodecHeader?
    var file: StoredArtefact?
    var list: StoredArtefact?
    var pictures: [PictureFacts] = []
    var pictureFailures: Int64 = 0
  }

  struct PictureFacts {
    let picture: VideoPicture
    let stored: StoredArtefact
    let frame: VideoFrame
  }

  /// Puts the video of a stream together; empty when it holds none.
  func video(_ work: StreamWork, _ call: PlannedCall, _ budget: inout PictureBudget) throws -> [VideoWork] {
    var types: [VideoFormat: Set<UInt8>] = [:]
    for (type, kind) in work.kinds.sorted(by: { $0.key < $1.key }) {
      guard case .video(let format) = kind else { continue }
      // Payload types of one coding make one file; the first one's parameter sets stand for all.
      let same = types.keys.first { $0.coding == format.coding }
      types[same ?? format, default: []].insert(type)
    }
    var result: [VideoWork] = []
    for (format, types) in types.sorted(by: { $0.key.coding.rawValue < $1.key.coding.rawValue }) {
      var full = format
      for parameters in work.planned.parameters { full.add(parameters: parameters) }
      result.append(try video(work, full, types, call, &budget))
    }
    return result
  }

  private func video(
    _ work: StreamWork, _ format: VideoFormat, _ types: Set<UInt8>, _ call: PlannedCall, _ budget: inout PictureBudget
  ) throws -> VideoWork {
    let frames = try scratch(layout.video(order.worker, "frames"))
    defer { close(frames) }
    let store = FrameStore(descriptor: frames)
    let step = { self.hand[.steps] &+= 1 }
    let track = VideoTrack(
      work.analysis, format: format, types: types, originals: originals, store: store, step: step)
    var result = VideoWork(track: track, header: CodecHeader(track))
    let number = spool.begin()
    try storing { store in VideoFrameList.write(track) { store($0, number) } }
    result.list = try spool.end(number, class: ArtefactSpool.lists)
    var trace = Trace()
    trace.packets = track.packets
    trace.first = work.stream.first
    trace.last = work.stream.last
    if let list = result.list { try describe(list, "list of a video's frames", trace, call) }
    if let header = result.header {
      result.file = try write(track, header, store, step, work, call)
      try decodePictures(&result, header, store, step, &budget, work, call)
    }
    if result.file == nil { try keep(work, types, call) }
    try noteOddities(result, trace, work, call)
    return result
  }

  /// Opens a scratch file anew; the caller closes it.
  private func scratch(_ path: String) throws -> Int32 {
    // Safe: the path is a string of ours. A decoder has the bytes in hand, so this is the only way to open a file.
    let descriptor = unsafe exhibit_sandbox_open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw ProcessingError(.output, path, ProcessingError.systemText(errno)) }
    return descriptor
  }

  private func write(
    _ track: VideoTrack, _ header: CodecHeader, _ store: FrameStore, _ step: () -> Void, _ work: StreamWork,
    _ call: PlannedCall
  ) throws -> StoredArtefact? {
    let container = try scratch(layout.video(order.worker, "file"))
    defer { close(container) }
    guard VideoFile.write(track, header, store: store, output: container, step: step) else { return nil }
    let number = spool.begin()
    var offset = 0
    while true {
      let size = 1 << 20
      let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        // Safe: no more is read than there is room.
        count = max(0, unsafe pread(container, buffer.baseAddress, size, off_t(offset)))
      }
      guard !bytes.isEmpty else { break }
      offset += bytes.count
      // Safe: the view ends before the array does.
      try unsafe spool.append(bytes.span.bytes, to: number)
      step()
    }
    guard let stored = try spool.end(number, class: track.format.coding.rawValue) else { return nil }
    var trace = Trace()
    for frame in track.frames where frame.state != .leftOut { trace.packets.formUnion(frame.packets) }
    trace.first = work.stream.first
    trace.last = work.stream.last
    try describe(
      stored, Self.videoRole(work.planned.party), trace, call,
      isComplete: track.missingPackets == 0 && track.omittedFrames == 0 && track.count(.leftOut) == 0)
    return stored
  }

  private static func videoRole(_ party: PlannedCall.Party) -> String {
    switch party {
    case .caller: "video of the caller"
    case .called: "video of the called party"
    case .unknown: "video of one side"
    }
  }

  private func decodePictures(
    _ result: inout VideoWork, _ header: CodecHeader, _ store: FrameStore, _ step: () -> Void,
    _ budget: inout PictureBudget, _ work: StreamWork, _ call: PlannedCall
  ) throws {
    let track = result.track
    var pictures = VideoPictures()
    var made: [PictureFacts] = []
    try pictures.decode(track, header, store: store, budget: &budget, step: step) { picture in
      let number = spool.begin()
      // Safe: the view ends before the array does.
      try unsafe spool.append(picture.png.span.bytes, to: number)
      guard let stored = try spool.end(number) else { return }
      made.append(PictureFacts(picture: picture, stored: stored, frame: track.frames[picture.frame]))
    }
    result.pictures = made
    result.pictureFailures = pictures.failureCount
    for facts in made {
      var trace = Trace()
      trace.packets = facts.frame.packets
      trace.first = facts.frame.capturedAt
      trace.last = facts.frame.capturedAt
      try describe(facts.stored, "picture of a call's video", trace, call)
      try add(
        "video/picture", Self.fields(facts, track, work, call), trace, work.stream.source, work.stream.destination,
        "video 1.0")
    }
    if pictures.failureCount > 0 {
      var trace = Trace()
      trace.packets = pictures.failures
      trace.first = work.stream.first
      trace.last = work.stream.last
      try note(
        Finding(
          .warning, "video/pictures",
          "\(pictures.failureCount) key frames gave no picture; their coded bytes are in the file.",
          [
            "identifier": .text(Self.hexadecimal(work.stream.identifier)), "count": .integer(pictures.failureCount),
          ]), trace, call, "video 1.0")
    }
    if pictures.isOverBudget {
      try note(
        Finding(
          .warning, "video/pictureLimit",
          "The call's key frames are more, or larger, than are made into pictures; the video's file holds all of them.",
          [
            "identifier": .text(Self.hexadecimal(work.stream.identifier)),
            "limit": .integer(Int64(PictureBudget.maximumPictures)),
            "limitPixels": .integer(Int64(PictureBudget.maximumPixels)),
          ]), work.trace, call, "video 1.0")
    }
  }

  // MARK: Records

  private static func fields(_ facts: PictureFacts, _ track: VideoTrack, _ work: StreamWork, _ call: PlannedCall)
    -> Fields
  {
    var fields = entry(facts, track)
    fields.set("identifier", hexadecimal(work.stream.identifier))
    fields.set("party", work.planned.party.rawValue)
    fields.set("origin", "computed")
    if !call.callID.isEmpty { fields.set("callID", call.callID) }
    return fields
  }

  /// A picture as the call's record shows it.
  private static func entry(_ facts: PictureFacts, _ track: VideoTrack) -> Fields {
    [
      "at": .text(seconds(track, facts.frame.position)), "frame": .integer(Int64(facts.picture.frame + 1)),
      "width": .integer(Int64(facts.picture.size.width)), "height": .integer(Int64(facts.picture.size.height)),
      "pictureSha256": .text(facts.stored.sha256.hex),
    ]
  }

  /// Seconds from the file's first shown frame, with six decimals.
  static func seconds(_ track: VideoTrack, _ position: Int64) -> String {
    let units = position - track.origin
    let microseconds = units.magnitude.multipliedReportingOverflow(by: 100).partialValue / 9
    let fraction = String(microseconds % 1_000_000)
    return "\(units < 0 ? "-" : "")\(microseconds / 1_000_000)."
      + String(repeating: "0", count: 6 - fraction.count) + fraction
  }

  /// The entry of the record of a call or stream.
  static func value(_ video: VideoWork) -> Value {
    let track = video.track
    var fields: Fields = [
      "codec": .text(track.format.coding.rawValue), "frames": .integer(Int64(track.frames.count)),
      "framesKept": .integer(track.count(.kept)), "framesUnsure": .integer(track.count(.unsure)),
      "framesLeftOut": .integer(track.count(.leftOut)), "keyFrames": .integer(Int64(track.frames.count { $0.isKey })),
      "packetsMissing": .integer(track.missingPackets),
    ]
    var reasons = Fields()
    for reason in VideoFrame.Reason.allCases where track.count(reason) > 0 {
      reasons.set(reason.rawValue, track.count(reason))
    }
    if !reasons.entries.isEmpty { fields.set("leftOutReasons", .object(reasons)) }
    if track.omittedFrames > 0 { fields.set("framesOmitted", track.omittedFrames) }
    if let header = video.header {
      fields.set("width", header.size.width)
      fields.set("height", header.size.height)
      if !header.isFromMedia { fields.set("parameterSets", "signalling") }
    }
    let layers = track.frames.reduce(0) { $0 | $1.spatialLayers }
    if layers > 1 { fields.set("spatialLayers", .list(VideoFrameList.layers(layers).map { .integer($0) })) }
    let whole = track.frames.filter { $0.state != .leftOut }
    if let last = whole.map(\.position).max(), let first = whole.min(by: { $0.position < $1.position }) {
      if first.capturedAt.isKnown { fields.set("videoStartsAt", first.capturedAt) }
      fields.set("lastFrameAt", seconds(track, last))
    }
    if let file = video.file { fields.set("videoSha256", file.sha256.hex) }
    if let list = video.list { fields.set("frameListSha256", list.sha256.hex) }
    if !track.gaps.isEmpty { fields.set("gaps", .list(track.gaps.map { value($0, track) })) }
    if track.gapCount > Int64(track.gaps.count) { fields.set("gapsOmitted", track.gapCount - Int64(track.gaps.count)) }
    let unsure = unsureRanges(track)
    if video.file != nil, !unsure.isEmpty { fields.set("unsureRanges", .list(unsure)) }
    if !video.pictures.isEmpty {
      fields.set(
        "pictures",
        .list(
          video.pictures.map { facts in
            var fields = entry(facts, track)
            fields.set("provenance", facts.frame.packets.value)
            return .object(fields)
          }))
    }
    return .object(fields)
  }

  private static func value(_ gap: MissingPackets, _ track: VideoTrack) -> Value {
    .object([
      "firstSequence": .integer(Int64(gap.firstSequence)), "lastSequence": .integer(Int64(gap.lastSequence)),
      "count": .integer(gap.count), "at": .text(seconds(track, gap.position)), "between": gap.neighbours.value,
    ])
  }

  /// Where pictures may show what was never sent: runs of frames in the file whose foundation is not whole.
  private static func unsureRanges(_ track: VideoTrack) -> [Value] {
    var ranges: [(first: Int64, last: Int64)] = []
    var isOpen = false
    for frame in track.frames where frame.state != .leftOut {
      guard frame.state == .unsure else {
        isOpen = false
        continue
      }
      if isOpen, let last = ranges.last {
        ranges[ranges.count - 1] = (min(last.first, frame.position), max(last.last, frame.position))
      } else {
        guard ranges.count < VideoTrack.maximumGaps else { break }
        ranges.append((frame.position, frame.position))
        isOpen = true
      }
    }
    return ranges.map { .object(["from": .text(seconds(track, $0.first)), "to": .text(seconds(track, $0.last))]) }
  }

  // MARK: Findings

  private func noteOddities(_ video: VideoWork, _ trace: Trace, _ work: StreamWork, _ call: PlannedCall) throws {
    let track = video.track
    let identifier = Value.text(Self.hexadecimal(work.stream.identifier))
    let label = "video 1.0"
    if track.missingPackets > 0 || track.restarts > 0 {
      var part = Trace()
      for gap in track.gaps { part.packets.formUnion(gap.neighbours) }
      if part.packets.isEmpty { part.packets = track.packets }
      part.first = trace.first
      part.last = trace.last
      var fields: Fields = [
        "identifier": identifier, "count": .integer(track.missingPackets),
        "framesLeftOut": .integer(track.count(.packetsMissing)), "framesUnsure": .integer(track.count(.unsure)),
      ]
      if track.restarts > 0 { fields.set("sequenceRestarts", track.restarts) }
      try note(
        Finding(
          .warning, "video/packetsMissing",
          "\(track.missingPackets) packets of a video stream are missing: \(track.count(.packetsMissing)) frames are not whole and left out, and \(track.count(.unsure)) frames of its file build on what may be missing.",
          fields), part, call, label)
    }
    if track.damage.packetCount > 0 || track.damage.unreadable > 0 {
      var part = Trace()
      part.packets = track.damage.packets
      if part.packets.isEmpty { part.packets = track.packets }
      part.first = trace.first
      part.last = trace.last
      try note(
        Finding(
          .warning, "video/malformedPayload",
          "Payloads of \(track.damage.packetCount) video packets contradict their format and \(track.damage.unreadable) cannot be read; their frames are left out.",
          [
            "identifier": identifier, "count": .integer(track.damage.packetCount), "first": .text(track.damage.first),
          ]), part, call, label)
    }
    if track.omittedFrames > 0 || track.count(.tooLong) > 0 {
      try note(
        Finding(
          .warning, "video/tooLong",
          "\(track.omittedFrames + track.count(.tooLong)) frames are beyond the limits of a video file and left out.",
          [
            "identifier": identifier, "count": .integer(track.omittedFrames + track.count(.tooLong)),
            "limit": .integer(Int64(VideoTrack.maximumFrames)),
          ]), trace, call, label)
    }
    if video.header?.isSignallingDifferent == true {
      try note(
        Finding(
          .notice, "video/parameterSetsDiffer",
          "The signalling describes the video by other parameter sets than came with it; those of the media were used.",
          ["identifier": identifier]), trace, call, label)
    }
    guard video.file == nil else { return }
    try note(
      Finding(
        .warning, "video/noFile",
        "The video cannot be made into a file that plays: it lacks whole frames, a key frame or parameter sets; its packets are kept as they were captured.",
        ["identifier": identifier, "codec": .text(track.format.coding.rawValue)]), trace, call, label)
  }
}
