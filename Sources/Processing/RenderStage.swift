import CallAssembly
import DecoderHosting
import EvidenceModel
import Fingerprinting
import Foundation
import Glibc
import MediaReading

/// Joins signalling with media and decodes the audio of every call; each render worker does its share of the calls.
final class RenderStage {
  let order: WorkOrder
  let layout: ScratchLayout
  let runs: RecordRunWriter
  let spool: ArtefactSpool
  private var ledger = LedgerCounter()
  private(set) var streams: [MediaStream] = []
  private var reportIndex = ReportIndex([])
  private var indexes: [Int: StreamIndexReader] = [:]
  var originals: [UInt16: Int32] = [:]
  var ordinal: UInt32 = 0
  /// What stands of the call in hand in the file of decrypted payloads.
  private var decryptedBytes: UInt64 = 0
  let hand: WorkInHand
  /// Calls, by their first packet, on whose audio a worker crashed.
  private let silenced: Set<PacketPosition>

  static func run(_ order: WorkOrder, types: FileTypeIdentifier, _ hand: WorkInHand) throws {
    let stage = try RenderStage(order, types, hand)
    try stage.run()
  }

  private init(_ order: WorkOrder, _ types: FileTypeIdentifier, _ hand: WorkInHand) throws {
    self.order = order
    self.hand = hand
    silenced = order.exclusions(of: "audio")
    layout = ScratchLayout(order.scratch)
    runs = try RecordRunWriter(path: layout.runs("render", order.worker))
    spool = try ArtefactSpool(root: layout.artefacts("render", order.worker), types: types, origin: .computed)
  }

  private func run() throws {
    var signals: [CallSignal] = []
    var reports: [MediaReport] = []
    for shard in 0..<order.shardCount {
      let bytes = [UInt8](FileManager.default.contents(atPath: layout.facts(shard)) ?? Data())
      for fact in try FactCodec.read(bytes) {
        switch fact {
        case .signal(let signal): signals.append(signal)
        case .stream(let stream): streams.append(stream)
        case .report(let report): reports.append(report)
        }
      }
    }
    // Which shard wrote a fact first must not matter.
    streams.sort { ($0.firstPacket, $0.identifier, $0.packetCount) < ($1.firstPacket, $1.identifier, $1.packetCount) }
    reportIndex = ReportIndex(reports)
    let plan = CallPlanner.plan(signals: signals, streams: streams)
    for original in order.originals {
      // Safe: the path is a string of ours.
      originals[original.number] = unsafe open(original.path, O_RDONLY | O_CLOEXEC)
    }
    for (number, call) in plan.calls.enumerated() where number % max(1, order.renderCount) == order.worker {
      try render(call)
    }
    for descriptor in originals.values { close(descriptor) }
    try runs.finish()
    var count = LedgerCount()
    for original in order.originals {
      count.originals.append(.init(number: original.number, totals: nil, rows: ledger.rows(of: original.number)))
    }
    try count.write(to: layout.ledger("render", order.worker))
  }

  // MARK: One call

  private func render(_ call: PlannedCall) throws {
    let place =
      (call.streams.map { streams[$0.index].firstPacket } + (call.trace.packets.first.map { [$0] } ?? [])).min()
      ?? PacketPosition(rawValue: 0)
    let isSilenced = silenced.contains(place)
    // From here on captured payloads are looked into.
    _ = hand.give(.audio, place, place)
    defer { hand.giveBack(.nobody) }
    decryptedBytes = 0
    var works: [StreamWork] = []
    let faxes = call.streams.filter { streams[$0.index].decoder == "t38" }
    var prepared = try call.streams.filter { streams[$0.index].decoder != "t38" }
      .map { try prepare($0, isSilenced: isSilenced) }
    if !isSilenced { joinRepairs(&prepared) }
    for stream in prepared { works.append(work(stream, isSilenced: isSilenced)) }
    works.sort { $0.stream.firstPacket < $1.stream.firstPacket }
    var trace = call.trace
    for work in works { trace.formUnion(work.trace) }
    let fax = try faxWorks(faxes)
    for work in fax { trace.formUnion(work.trace) }
    // Video has files of its own and no place in those of the audio.
    let audible = works.filter { !$0.isVideo && !$0.isRepair }
    // The stereo file has room for two.
    let sounds = audible.filter { $0.planned.track < 2 }
    let start =
      audible.filter { $0.stream.first.isKnown }
      .map { $0.stream.first.earlier(by: $0.analysis.leadNanoseconds) }
      .min() ?? .unknown
    var audio = CallAudio(start: start)
    for work in sounds {
      audio.add(
        work.analysis, track: work.planned.track, first: work.stream.first, kinds: work.kinds,
        description: Self.description(work))
    }
    audio.settle()
    if !isSilenced, !works.isEmpty {
      try noteOddities(audio, works, trace, call)
      for work in works { try keep(work, call) }
    }
    let files = isSilenced ? AudioFiles() : try write(audio, sounds, trace, call)
    let others = isSilenced ? [] : try audible.filter { $0.planned.track >= 2 }.map { try alone($0, start, call) }
    var budget = PictureBudget()
    var fields = Self.fields(call)
    let list = try works.map { work in
      let own = others.first { $0.identifier == work.stream.indexLocation }?.files
      var fields = Self.fields(work, own ?? files)
      if !isSilenced, let list = try listSegments(work, call) { fields.set("segmentListSha256", list.sha256.hex) }
      if let channel = work.stream.channel { fields.set("channelNumber", channel) }
      Self.addReports(reportIndex.reports(on: work.stream), work, to: &fields)
      let videos = isSilenced ? [] : try video(work, call, &budget)
      if !videos.isEmpty { fields.set("video", .list(videos.map(Self.value))) }
      return fields
    }
    if !isSilenced {
      let values = try facsimiles(fax, call)
      if !values.isEmpty { fields.set("faxes", .list(values)) }
    }
    if !list.isEmpty { fields.set("streams", .list(list.map { .object($0) })) }
    if let stereo = files[.stereo] { fields.set("audioSha256", stereo.sha256.hex) }
    if let map = files.timeMap { fields.set("timeMapSha256", map.sha256.hex) }
    let keys = Self.keys(call, works.map { ($0.planned.party, $0.events) })
    if !keys.isEmpty { fields.set("keys", .list(keys)) }
    let heard = Self.heardKeys(files, audio, sounds)
    if !heard.isEmpty { fields.set("heardKeys", .list(heard.map(\.summary))) }
    if files.omittedKeys > 0 { fields.set("heardKeysOmitted", files.omittedKeys) }
    let label = call.signalling.map { "\($0) 1.0" } ?? "rtp 1.0"
    try add(call.signalling.map { "\($0)/call" } ?? "rtp/call", fields, trace, call.source, call.destination, label)
    for (work, entry) in zip(works, list) {
      var stream = entry
      if !call.callID.isEmpty { stream.set("callID", call.callID) }
      try add("rtp/stream", stream, work.trace, work.stream.source, work.stream.destination, "rtp 1.0")
      for event in work.events { try add(event, work, call) }
    }
    for key in heard { try add(key, call) }
  }

  /// Renders a stream that has no place in the stereo file, by the call's clock.
  private func alone(
    _ work: StreamWork, _ start: CaptureTime, _ call: PlannedCall
  ) throws -> (identifier: UInt64, files: AudioFiles) {
    var audio = CallAudio(start: start)
    audio.add(
      work.analysis, track: 0, first: work.stream.first, kinds: work.kinds, description: Self.description(work))
    audio.settle()
    return (work.stream.indexLocation, try write(audio, [work], work.trace, call, isAlone: true))
  }

  /// Decrypts a stream when the signalling brought its keys; nil when there are none or none fits.
  func decrypt(_ packets: [MediaPacket], _ planned: PlannedCall.Stream) throws -> SecureStream? {
    let keys = planned.keys.flatMap { SecurityDescription.keys($0) }
    guard !keys.isEmpty else { return nil }
    if originals[SecureStream.file] == nil {
      let path = layout.decrypted(order.worker)
      // Safe: the path is a string of ours.
      let descriptor = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else { throw ProcessingError(.output, path, ProcessingError.systemText(errno)) }
      originals[SecureStream.file] = descriptor
    }
    guard let output = originals[SecureStream.file] else { return nil }
    return SecureStream(packets, keys: keys, originals: originals, output: output, offset: &decryptedBytes) {
      hand[.steps] &+= 1
    }
  }

  func packets(of stream: MediaStream) throws -> [MediaPacket] {
    guard stream.indexLocation != .max else { return [] }
    let shard = Int(stream.indexLocation >> 48)
    if indexes[shard] == nil { indexes[shard] = try StreamIndexReader(path: layout.streams(shard)) }
    let packets = try indexes[shard]?.packets(at: stream.indexLocation & 0xffff_ffff_ffff) ?? []
    guard stream.channel != nil else { return packets }
    let file = StreamedMedia.file(shard)
    if originals[file] == nil {
      // Safe: the path is a string of ours.
      let descriptor = unsafe open(layout.media(shard), O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw ProcessingError(.defect, layout.media(shard), "it cannot be opened") }
      originals[file] = descriptor
    }
    return packets.map { packet in
      var moved = packet
      moved.payloadFile = file
      return moved
    }
  }

  /// The packets of the original that brought each packet of a stream which came inside of a connection.
  func segments(of packets: [MediaPacket]) -> [PacketSet] {
    packets.map { packet in
      originals[packet.payloadFile].flatMap { StreamedMedia.packets(of: packet, $0) } ?? PacketSet(packet.position)
    }
  }

  /// Lists which packets of the original brought each media packet: an artefact for people and programs.
  func listSegments(_ work: StreamWork, _ call: PlannedCall) throws -> StoredArtefact? {
    guard work.stream.channel != nil else { return nil }
    let number = spool.begin(isComputedText: true)
    try storing { store in
      let head = "# RTP sequence number, RTP timestamp, packets that brought it: original and numbers\n"
      var lines = Array(head.utf8)
      for (packet, set) in zip(work.captured, segments(of: work.captured)) {
        let places = set.byOriginal.map { "\($0.original) \($0.packets)" }.joined(separator: " ")
        lines += "\(packet.sequence) \(packet.timestamp) \(places)\n".utf8
        guard lines.count > 1 << 16 else { continue }
        // Safe: the view ends before `lines` changes.
        unsafe store(lines.span.bytes, number)
        lines = []
      }
      // Safe: the view ends with the closure.
      unsafe store(lines.span.bytes, number)
    }
    guard let stored = try spool.end(number) else { return nil }
    try describe(stored, "packets of a stream inside of a connection", work.trace, call)
    return stored
  }

  /// The packets of a fax, side by side.
  private func faxWorks(_ planned: [PlannedCall.Stream]) throws -> [FaxWork] {
    try planned.map { plan in
      let stream = streams[plan.index]
      if stream.verdict == .candidate { recount(stream) }
      let packets = try packets(of: stream)
      var trace = Trace()
      for packet in packets { trace.packets.insert(packet.position) }
      trace.first = stream.first
      trace.last = stream.last
      return FaxWork(planned: plan, stream: stream, packets: packets, trace: trace)
    }.sorted { $0.stream.firstPacket < $1.stream.firstPacket }
  }

  /// Moves a candidate's packets, now that signalling names it, from their row to the decoder's.
  func recount(_ stream: MediaStream) {
    for count in stream.counts {
      ledger.add(LedgerRow(.decoded, stream.decoder), original: count.original, count.sum)
      ledger.add(LedgerRow(.candidate, stream.decoder), original: count.original, -count.sum)
    }
  }

  // MARK: Files

  struct AudioFiles {
    var audio: [CallAudio.File: StoredArtefact] = [:]
    var timeMap: StoredArtefact?
    /// Keys whose tones were heard in each track.
    var heard: [[HeardKey]] = [[], []]
    var omittedKeys: Int64 = 0
    subscript(file: CallAudio.File) -> StoredArtefact? { audio[file] }
  }

  private func write(
    _ audio: CallAudio, _ works: [StreamWork], _ trace: Trace, _ call: PlannedCall, isAlone: Bool = false
  ) throws -> AudioFiles {
    var files = AudioFiles()
    guard !works.isEmpty else { return files }
    var open: [CallAudio.File: Int] = [:]
    let waveform = Waveform()
    let listeners = audio.tracks.map { $0.isEmpty ? nil : KeyDetector(sampleRate: audio.sampleRate) }
    let failures = try storing { store in
      audio.render(originals: originals, waveform: waveform, listeners: listeners) { file, bytes in
        if isAlone, file == .stereo { return }
        let number = open[file] ?? spool.begin()
        open[file] = number
        store(bytes, number)
      }
    }
    files.heard = listeners.map { $0?.keys ?? [] }
    files.omittedKeys = listeners.reduce(0) { $0 + ($1?.omittedCount ?? 0) }
    let unreadable = works.flatMap(\.damage).reduce(Int64(0)) { $0 + $1.unreadable }
    if failures > 0 || unreadable > 0 {
      try note(
        Finding(
          .error, "audio/unreadable",
          "\(failures) parts of the call's audio could not be decoded and \(unreadable) packets not be read; they are silent.",
          ["count": .integer(Int64(failures) + unreadable)]), trace, call)
    }
    for file in CallAudio.File.allCases {
      guard let number = open[file], let stored = try spool.end(number, class: audio.format(of: file)) else {
        continue
      }
      files.audio[file] = stored
      let sides = works.filter { isAlone || file == .stereo || $0.planned.track == file.rawValue }
      var part = Trace()
      for side in sides { part.formUnion(side.trace) }
      let isRecorded = works.contains { !$0.planned.participants.isEmpty }
      try describe(stored, isRecorded ? Self.recordedRole(file) : Self.role(file, call), part, call)
    }
    let bytes = audio.timeMapBytes(open.isEmpty ? nil : waveform)
    // Safe: the view ends before `bytes` does.
    files.timeMap = try unsafe spool.store(bytes.span.bytes)
    if let stored = files.timeMap { try describe(stored, "time map of a call", trace, call) }
    return files
  }

  /// Runs what gives bytes of artefacts piece by piece, and throws afterwards what kept one from being stored.
  func storing<Result>(_ body: (_ store: (RawSpan, Int) -> Void) -> Result) throws(ProcessingError) -> Result {
    var failure: ProcessingError?
    let result = body { bytes, number in
      hand[.steps] &+= 1
      do throws(ProcessingError) { try spool.append(bytes, to: number) } catch { failure = failure ?? error }
    }
    if let failure { throw failure }
    return result
  }

  /// Keeps the packets of media that is not decoded, so that somebody else can.
  private func keep(_ work: StreamWork, _ call: PlannedCall) throws {
    try keep(work, Set(work.kinds.filter { if case .other = $0.value { true } else { false } }.keys), call)
  }

  /// Keeps the packets of some payload types as they were captured.
  func keep(_ work: StreamWork, _ types: Set<UInt8>, _ call: PlannedCall) throws {
    guard !types.isEmpty else { return }
    // A stream of which a key opened only some is kept whole: where the others stand between them tells how to open those.
    let packets =
      types.contains(SecureStream.unopened)
      ? work.captured : work.captured.filter { types.contains($0.payloadType) }
    guard !packets.isEmpty else { return }
    let number = spool.begin()
    let missing = try storing { store in
      RTPDump.write(packets, from: work.stream.source, originals: originals) { store($0, number) }
    }
    guard let stored = try spool.end(number) else { return }
    var part = Trace()
    for packet in packets { part.packets.insert(packet.position) }
    part.first = work.stream.first
    part.last = work.stream.last
    try describe(stored, "packets of media that is not decoded", part, call, isComplete: missing == 0)
  }

  private static func recordedRole(_ file: CallAudio.File) -> String {
    file == .stereo ? "audio of two recorded streams" : "audio of a recorded stream"
  }

  private static func role(_ file: CallAudio.File, _ call: PlannedCall) -> String {
    switch file {
    case .left: call.signalling == nil ? "audio of one side" : "audio of the caller"
    case .right: call.signalling == nil ? "audio of the other side" : "audio of the called party"
    case .stereo: "audio of both sides"
    }
  }
}
