public import DecoderKit

/// The media streams of one UDP conversation and the reports on them.
public struct RTPSession: DecodingSession {
  /// Streams that are told apart at a time; a further one takes the place of that with the fewest packets.
  static let maximumStreams = 64
  /// Streams that are opened in all; what then brings yet another identifier is no media, and the session ends.
  static let maximumOpened = 1_000
  /// Identifiers with few packets that do not speak against a short stream beside them.
  static let toleratedStrays = 8

  /// Reports of a conversation that count for the records of its streams; all stand in records of their own.
  static let maximumReports = 8_000

  private var reportsLeft = Self.maximumReports
  private var streams: [StreamEvidence] = []
  private var last = 0
  private var opened = 0
  /// Identifiers that gave way with too few packets to be a stream.
  private var strays = 0

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    guard bytes.byteCount >= 2 else { throw ReadError(.truncated, at: 0, reading: "RTP header") }
    if RTCPCompound.isType(bytes[1]) {
      try report(bytes, side, &sink)
      return .consumed(bytes.byteCount)
    }
    guard let header = RTPHeader(bytes) else { throw ReadError(.malformed, at: 0, reading: "RTP header") }
    let place = try place(of: header, side, &sink)
    sink.index(
      MediaPacketHeader(
        sequence: header.sequence, timestamp: header.timestamp, payloadType: header.payloadType,
        marker: header.marker), payload: header.payload, in: streams[place].handle)
    return .consumed(bytes.byteCount)
  }

  /// Writes a report; one that is damaged inside must not end the streams, so it becomes a finding.
  private mutating func report(_ bytes: RawSpan, _ side: Side, _ sink: inout EvidenceSink) throws(ReadError) {
    let compound = RTCPCompound(bytes)
    let trace = sink.trace
    if let failure = compound.failure {
      sink.note(
        Finding(
          .warning, "rtp/malformedReport", "An RTCP packet contradicts its own lengths; what stands before is kept.",
          ["byteOffset": .integer(Int64(failure.offset)), "field": .text(failure.field)]), from: side, trace: trace)
    }
    try sink.emit("rtp/control", compound.fields, from: side, trace: trace)
    compound.report(from: side, trace: trace, left: &reportsLeft, into: &sink)
  }

  /// Counts a packet to its stream, and returns the stream's place.
  @inline(__always)
  private mutating func place(
    of header: RTPHeader, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Int {
    if last < streams.count, streams[last].identifier == header.identifier, streams[last].side == side {
      streams[last].add(header)
      return last
    }
    for known in streams.indices where streams[known].identifier == header.identifier && streams[known].side == side {
      streams[known].add(header)
      last = known
      return known
    }
    last = try open(header, side, &sink)
    return last
  }

  private mutating func open(
    _ header: RTPHeader, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Int {
    guard opened < Self.maximumOpened else {
      throw ReadError(.limitExceeded, at: 8, reading: "streams of a conversation")
    }
    opened += 1
    let stream = StreamEvidence(header, side, sink.openStream(header.identifier, from: side))
    if streams.count < Self.maximumStreams {
      streams.append(stream)
      return streams.count - 1
    }
    var weakest = 0
    for place in streams.indices where streams[place].packetCount < streams[weakest].packetCount { weakest = place }
    close(streams[weakest], &sink)
    if streams[weakest].isStray { strays += 1 }
    streams[weakest] = stream
    return weakest
  }

  /// Closes a stream with what its numbering proves.
  ///
  /// What is no media changes its "SSRC" with every packet; then a short run among many strays proves nothing.
  private func close(_ stream: StreamEvidence, _ sink: inout EvidenceSink) {
    var (verdict, evidence) = stream.verdict
    if verdict == .accepted, strays > Self.toleratedStrays, stream.packetCount < strays {
      verdict = .candidate
      evidence = "\(strays) other identifiers with few packets in the conversation: " + evidence
    }
    sink.closeStream(stream.handle, verdict: verdict, evidence: evidence)
  }

  public mutating func finish(into sink: inout EvidenceSink) {
    for stream in streams where stream.isStray { strays += 1 }
    for stream in streams { close(stream, &sink) }
    streams = []
  }
}
