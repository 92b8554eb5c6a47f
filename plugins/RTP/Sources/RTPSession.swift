public import DecoderKit

/// The media streams of one UDP conversation.
public struct RTPSession: DecodingSession {
  /// Streams of a conversation that are told apart; packets of further ones are refused.
  static let maximumStreams = 128

  private var streams: [StreamEvidence] = []
  private var last = 0

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    guard bytes.byteCount >= 2 else { throw ReadError(.truncated, at: 0, reading: "RTP header") }
    if RTCPCompound.isType(bytes[1]) {
      let compound = try RTCPCompound(bytes)
      try sink.emit("rtp/control", compound.fields, from: side, trace: sink.trace)
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

  private mutating func place(
    of header: RTPHeader, _ side: Side, _ sink: inout EvidenceSink
  ) throws(ReadError) -> Int {
    if last < streams.count, streams[last].identifier == header.identifier, streams[last].side == side {
      streams[last].add(header)
      return last
    }
    if let known = streams.firstIndex(where: { $0.identifier == header.identifier && $0.side == side }) {
      streams[known].add(header)
      last = known
      return known
    }
    guard streams.count < Self.maximumStreams else {
      throw ReadError(.limitExceeded, at: 8, reading: "streams of a conversation")
    }
    streams.append(StreamEvidence(header, side, sink.openStream(header.identifier, from: side)))
    last = streams.count - 1
    return last
  }

  public mutating func finish(into sink: inout EvidenceSink) {
    let packets = streams.reduce(0) { $0 + $1.packetCount }
    for stream in streams {
      var (verdict, evidence) = stream.verdict
      // What is no media changes its "SSRC" with every packet; then the few long runs among them prove nothing.
      if verdict == .accepted, streams.count > 8, stream.packetCount * streams.count < packets {
        verdict = .candidate
        evidence = "one of \(streams.count) identifiers in one conversation: " + evidence
      }
      sink.closeStream(stream.handle, verdict: verdict, evidence: evidence)
    }
    streams = []
  }
}
