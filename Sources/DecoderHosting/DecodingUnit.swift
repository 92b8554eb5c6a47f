import ByteReading
import DecoderKit
import EvidenceModel

/// One session of one decoder, what it is being shown, and what it has open.
@safe final class DecodingUnit: SinkHost {
  let host: DecoderHost
  let origin: UnitOrigin
  let decoder: Int
  let carrier: DecodingContext.Carrier
  let depth: Int
  /// Records of what stands in a file wait here until that file's hash is known; nil for a conversation.
  var deferred: [Deferred]?
  private var session: (any DecodingSession)?

  // What is being shown.
  private var shownStart: UnsafeRawPointer?
  private var shownCount = 0
  fileprivate var current: PacketContext
  private var runs: [Run] = []
  private var usesRuns = false

  /// Whether it ends because of a fault.
  var isBroken = false
  /// Sides of which the session said that they are compressed from here on.
  private(set) var asked: [Side: StreamCompression] = [:]

  // What is open.
  private var contents: [Int: OpenContent] = [:]
  private var nextContent = 0
  private var streams: [OpenStream] = []
  private var isRecordLimitNoted = false
  private var isScatterNoted = false
  private(set) var lastStream = -1
  /// Whether it was given anything but candidates' packets.
  private(set) var wroteRecords = false

  /// A record that waits for the hash of the file around it.
  struct Deferred {
    let kind: String
    var fields: Fields
    let side: Side
    let trace: Trace
  }

  /// Bytes that came together, and from where.
  struct Run {
    var count: Int
    var trace: Trace?
    var packet: PacketContext
  }

  struct OpenStream {
    let side: Side
    let number: Int
    var stream: MediaStream
    var isOpen = true

    /// Counts a packet of so many bytes.
    mutating func count(_ byteCount: Int, _ payloadType: UInt8, _ position: PacketPosition, _ time: CaptureTime) {
      stream.note(payloadType: payloadType)
      if stream.packetCount == 0 {
        stream.firstPacket = position
        stream.first = time
      }
      stream.packetCount += 1
      stream.payloadBytes += UInt64(byteCount)
      stream.lastPacket = position
      stream.last = time
    }
  }

  init(
    _ host: DecoderHost, _ origin: UnitOrigin, decoder: Int, carrier: DecodingContext.Carrier, depth: Int,
    at packet: PacketContext, purpose: AnyObject? = nil
  ) {
    self.host = host
    self.origin = origin
    self.decoder = decoder
    self.carrier = carrier
    self.depth = depth
    current = packet
    guard host.decoders.indices.contains(decoder) else { return }
    let former = host.hand.give(.init(decoder: decoder), origin.firstPacket, packet.position)
    if let purpose {
      session = host.decoders[decoder].makeSession(in: DecodingContext(carrier), expectedFor: purpose)
    } else {
      session = host.decoders[decoder].makeSession(in: DecodingContext(carrier))
    }
    host.hand.giveBack(former)
  }

  /// The decoder's name and version, or the assembly's when there is no decoder.
  ///
  /// (It must not look at `session`, which is in use while a decoder emits.)
  var label: String { host.identities.indices.contains(decoder) ? host.identities[decoder].label : "flow 1.0" }

  // MARK: Running the session

  /// Shows bytes of one packet.
  func decode(_ bytes: RawSpan, from side: Side, _ packet: PacketContext) throws(ReadError) -> DecodingProgress {
    usesRuns = false
    return try show(bytes, from: side, packet)
  }

  /// Shows bytes of several packets; `runs` says how many came from each.
  func decode(
    _ bytes: RawSpan, from side: Side, _ packet: PacketContext, runs: [Run]
  ) throws(ReadError) -> DecodingProgress {
    self.runs = runs
    usesRuns = true
    defer { self.runs = [] }
    return try show(bytes, from: side, packet)
  }

  private func show(_ bytes: RawSpan, from side: Side, _ packet: PacketContext) throws(ReadError) -> DecodingProgress {
    current = packet
    lastStream = -1
    let former = take(packet)
    // Safe: the pointer is only compared with, and forgotten before the view ends.
    unsafe shownStart = bytes.withUnsafeBytes { $0.baseAddress }
    shownCount = bytes.byteCount
    defer {
      unsafe shownStart = nil
      shownCount = 0
      host.hand.giveBack(former)
    }
    var sink = EvidenceSink(self)
    return try session?.decode(bytes, from: side, into: &sink) ?? .consumed(bytes.byteCount)
  }

  func skip(_ gap: StreamGap, from side: Side, _ packet: PacketContext) throws(ReadError) {
    let former = prepare(packet)
    defer { host.hand.giveBack(former) }
    var sink = EvidenceSink(self)
    try session?.skip(gap, from: side, into: &sink)
  }

  func close(_ side: Side, because end: StreamEnd, _ packet: PacketContext) throws(ReadError) {
    let former = prepare(packet)
    defer { host.hand.giveBack(former) }
    var sink = EvidenceSink(self)
    try session?.close(side, because: end, into: &sink)
  }

  private func prepare(_ packet: PacketContext) -> WorkInHand.Holder {
    current = packet
    usesRuns = false
    return take(packet)
  }

  /// Takes the conversation in hand; the assembly, which speaks through a unit too, leaves it with whoever has it.
  private func take(_ packet: PacketContext) -> WorkInHand.Holder {
    guard session != nil else { return host.hand.holder }
    return host.hand.give(.init(decoder: decoder), origin.firstPacket, packet.position)
  }

  /// Lets the session finish and closes what it left open.
  func finish() {
    let former = prepare(current)
    defer { host.hand.giveBack(former) }
    var sink = EvidenceSink(self)
    session?.finish(into: &sink)
    host.expected.forget(by: self)
    for number in contents.keys.sorted() { _ = close(ContentHandle(number: number), isWhole: false) }
    for place in streams.indices where streams[place].isOpen {
      closeStream(StreamHandle(number: place), verdict: .candidate, evidence: "the decoder did not judge it")
    }
  }

  // MARK: SinkHost

  func trace(of range: Range<Int>?) -> Trace {
    guard usesRuns else { return Trace(current.position, at: current.time) }
    var trace = Trace()
    var begin = 0
    let wanted = range ?? 0..<shownCount
    for run in runs {
      let end = begin + run.count
      if begin < wanted.upperBound, end > wanted.lowerBound {
        if let set = run.trace {
          trace.formUnion(set)
        } else {
          trace.insert(run.packet.position, at: run.packet.time)
        }
      }
      begin = end
      if begin >= wanted.upperBound { break }
    }
    return trace.isEmpty ? Trace(current.position, at: current.time) : trace
  }

  func emit(_ kind: StaticString, _ fields: Fields, from side: Side, trace: Trace) throws(ReadError) {
    wroteRecords = true
    guard Int(origin.ordinal) + (deferred?.count ?? 0) < Int(host.limits.recordsPerConversation) else {
      if !isRecordLimitNoted {
        isRecordLimitNoted = true
        origin.findingCount = min(origin.findingCount, host.limits.findingsPerConversation - 1)
        note(
          Finding(
            .error, "host/recordLimit", "The conversation has more records than the limit; the rest is not written.",
            ["limit": .integer(Int64(host.limits.recordsPerConversation))]), from: side, trace: trace)
      }
      throw ReadError(.limitExceeded, at: 0, reading: "records of a conversation")
    }
    add(kind.description, fields, from: side, trace)
  }

  /// Writes a record, or keeps it until the hash of the file around it is known.
  func add(_ kind: String, _ fields: Fields, from side: Side, _ trace: Trace) {
    wroteRecords = true
    guard deferred != nil else { return write(kind, fields, from: side, trace) }
    var own = fields
    if own["decoder"] == nil { own.set("decoder", label) }
    deferred?.append(Deferred(kind: kind, fields: own, side: side, trace: trace))
  }

  private func write(_ kind: String, _ fields: Fields, from side: Side, _ trace: Trace) {
    let trace = host.withFragments(trace)
    var full = fields
    full.place(trace)
    if full["decoder"] == nil { full.set("decoder", label) }
    origin.address(&full, from: side, host.output)
    host.output.record(kind, full, key(trace))
  }

  private func key(_ trace: Trace) -> RecordKey {
    RecordKey(
      position: trace.packets.last ?? current.position, decoder: UInt16(truncatingIfNeeded: decoder),
      ordinal: origin.takeOrdinal())
  }

  func note(_ finding: Finding, from side: Side, trace: Trace) {
    origin.findingCount += 1
    guard origin.findingCount <= host.limits.findingsPerConversation else { return }
    var fields = finding.recordFields
    if origin.findingCount == host.limits.findingsPerConversation {
      fields.set("furtherFindingsNotWritten", true)
    }
    write("finding", fields, from: side, trace)
  }

  // MARK: Content

  func open(_ content: ContentDescription, from side: Side) throws(ReadError) -> ContentHandle {
    guard contents.count < host.limits.openContents else {
      throw ReadError(.limitExceeded, at: 0, reading: "open artefacts")
    }
    nextContent += 1
    contents[nextContent] = OpenContent(content, side, host)
    return ContentHandle(number: nextContent)
  }

  func append(_ bytes: RawSpan, to handle: ContentHandle) {
    guard bytes.byteCount > 0, let content = contents[handle.number] else { return }
    content.append(bytes, trace(of: place(of: bytes)), current, self)
  }

  func append(_ bytes: RawSpan, to handle: ContentHandle, from trace: Trace) {
    guard bytes.byteCount > 0, let content = contents[handle.number] else { return }
    content.append(bytes, trace, current, self)
  }

  /// Where a view stands among the bytes that are shown; nil when it is no part of them.
  private func place(of bytes: RawSpan) -> Range<Int>? {
    // Safe: pointers are compared, not read.
    unsafe bytes.withUnsafeBytes { part -> Range<Int>? in
      guard let start = unsafe shownStart, let first = part.baseAddress else { return nil }
      let offset = unsafe first - start
      guard offset >= 0, offset + part.count <= shownCount else { return nil }
      return offset..<(offset + part.count)
    }
  }

  func name(_ handle: ContentHandle, _ name: [UInt8]) { contents[handle.number]?.take(name: name) }

  func skip(_ byteCount: Int, in handle: ContentHandle) {
    guard byteCount > 0, let content = contents[handle.number] else { return }
    content.skip(byteCount, self)
  }

  func close(_ handle: ContentHandle, isWhole: Bool) -> ContentReference? {
    guard let content = contents.removeValue(forKey: handle.number) else { return nil }
    return content.close(isWhole: isWhole, current, self)
  }

  // MARK: Other conversations

  func expect(_ conversation: ExpectedConversation, for purpose: AnyObject) -> Bool {
    guard conversation.isBetweenHosts(of: carrier) else { return false }
    return host.expected.add(conversation, for: purpose, by: self, limit: host.limits.expectedConversations)
  }

  // MARK: Compressed streams

  func expand(_ compression: StreamCompression, from side: Side) { asked[side] = compression }

  /// The sides that are compressed from here on, since this was asked last.
  func takeAsked() -> [Side: StreamCompression] {
    defer { asked = [:] }
    return asked
  }

  // MARK: Facts for the join

  func signal(_ signal: CallSignal) {
    var whole = signal
    whole.trace = host.withFragments(signal.trace)
    host.output.signal(whole)
  }

  func report(_ report: MediaReport) {
    var whole = report
    whole.trace = host.withFragments(report.trace)
    host.output.report(whole)
  }

  func openStream(_ identifier: UInt32, from side: Side, channel: UInt8?) -> StreamHandle {
    var stream = MediaStream(
      source: side == .initiator ? origin.endpoints.initiator : origin.endpoints.responder,
      destination: side == .initiator ? origin.endpoints.responder : origin.endpoints.initiator,
      identifier: identifier)
    stream.tunnels = origin.tunnels
    stream.channel = channel
    stream.decoder = host.identities[decoder].name
    let number = streams.count < host.limits.streamsPerConversation ? host.output.beginStream() : -1
    streams.append(OpenStream(side: side, number: number, stream: stream))
    return StreamHandle(number: streams.count - 1)
  }

  func index(_ packet: MediaPacketHeader, payload: Range<Int>, in stream: StreamHandle) {
    let place = stream.number
    guard streams.indices.contains(place), streams[place].isOpen, streams[place].number >= 0,
      payload.lowerBound >= 0, payload.upperBound <= shownCount
    else { return }
    lastStream = place
    // The bytes of a packet that came in fragments do not stand together in the original; it counts, without its content.
    let isScattered = current.fileOffset == PacketContext.scattered
    if isScattered, !isScatterNoted {
      isScatterNoted = true
      note(
        Finding(.warning, "media/fragmented", "Media packets came in fragments; their content is not rendered."),
        from: side(of: place), trace: Trace(current.position, at: current.time))
    }
    host.output.index(
      MediaPacket(
        time: current.time, position: current.position,
        payloadOffset: isScattered ? 0 : current.fileOffset + UInt64(payload.lowerBound),
        payloadLength: isScattered ? 0 : UInt16(clamping: payload.count),
        headerLength: isScattered ? 0 : UInt16(clamping: payload.lowerBound), sequence: packet.sequence,
        timestamp: packet.timestamp,
        payloadType: packet.payloadType, marker: packet.marker), inStream: streams[place].number)
    streams[place].count(shownCount, packet.payloadType, current.position, current.time)
  }

  func index(_ packet: MediaPacketHeader, whole: RawSpan, payload: Range<Int>, in stream: StreamHandle) {
    let place = stream.number
    guard streams.indices.contains(place), streams[place].isOpen, streams[place].number >= 0,
      payload.lowerBound >= 0, payload.upperBound <= whole.byteCount
    else { return }
    let trace = host.withFragments(trace(of: self.place(of: whole)))
    let position = trace.packets.last ?? current.position
    // A header that is longer than an index can tell is left out, so that the packets are found by the payload's place.
    let header = payload.lowerBound <= MediaPacket.maximumHeaderLength ? payload.lowerBound : 0
    let cut = payload.lowerBound - header
    let offset = host.output.storeMedia(whole.extracting(cut..<whole.byteCount), from: trace.packets)
    host.output.index(
      MediaPacket(
        time: trace.last, position: position, payloadOffset: offset + UInt64(header),
        payloadLength: UInt16(clamping: payload.count), headerLength: UInt16(header),
        sequence: packet.sequence, timestamp: packet.timestamp, payloadType: packet.payloadType, marker: packet.marker),
      inStream: streams[place].number)
    streams[place].count(whole.byteCount, packet.payloadType, position, trace.last)
  }

  private func side(of stream: Int) -> Side { streams[stream].side }

  /// Counts a datagram that was indexed, until its stream is judged.
  func tally(original: UInt16, _ sum: LedgerSum) -> Bool {
    guard lastStream >= 0, streams[lastStream].isOpen else { return false }
    streams[lastStream].stream.count(sum, original: original)
    return true
  }

  func closeStream(_ stream: StreamHandle, verdict: MediaStream.Verdict, evidence: String) {
    guard streams.indices.contains(stream.number), streams[stream.number].isOpen else { return }
    streams[stream.number].isOpen = false
    streams[stream.number].stream.verdict = verdict
    streams[stream.number].stream.evidence = evidence
    let open = streams[stream.number]
    let row = LedgerRow(verdict == .accepted ? .decoded : .candidate, open.stream.decoder)
    for count in open.stream.counts { host.output.count(row, original: count.original, count.sum) }
    if open.number >= 0, open.stream.packetCount > 0 { host.output.endStream(open.number, open.stream) }
  }
}

extension DecodingUnit {
  /// A unit without a session, which writes what the assembly finds.
  static func speaker(
    _ host: DecoderHost, _ origin: UnitOrigin, _ carrier: DecodingContext.Carrier, _ packet: PacketContext
  ) -> DecodingUnit {
    DecodingUnit(host, origin, decoder: host.decoders.count, carrier: carrier, depth: 0, at: packet)
  }

  var now: PacketContext { current }

  /// Takes bytes from the front of the runs.
  static func drop(_ runs: inout [Run], _ count: Int) {
    var rest = count
    var whole = 0
    while whole < runs.count, rest >= runs[whole].count {
      rest -= runs[whole].count
      whole += 1
    }
    runs.removeFirst(whole)
    if rest > 0, !runs.isEmpty { runs[0].count -= rest }
  }
}
