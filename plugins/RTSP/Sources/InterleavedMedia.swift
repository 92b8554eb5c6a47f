import DecoderKit

/// Media and reports between the messages of a connection (RFC 2326, 10.12; RFC 7826, 14).
struct InterleavedMedia {
  /// Streams of a conversation that are told apart.
  static let maximumStreams = 64
  /// Reports of a conversation that count for the records of its streams.
  static let maximumReports = 8_000

  private struct Stream {
    let side: Side
    let channel: UInt8
    let identifier: UInt32
    let handle: StreamHandle
  }

  private var streams: [Stream] = []
  private var reportsLeft = Self.maximumReports
  /// Channels that SETUP named for media.
  var channels: Set<UInt8> = []

  /// What was not taken, of each side.
  struct Remainder {
    var packets: Int64 = 0
    var bytes: Int64 = 0
    var trace = Trace()

    mutating func count(_ byteCount: Int, _ trace: Trace) {
      if packets == 0 { self.trace = trace }
      packets += 1
      bytes += Int64(byteCount)
    }
  }

  /// Takes one packet; false when it is neither media nor a report, or there are too many streams.
  mutating func take(
    _ packet: RawSpan, channel: UInt8, from side: Side, trace: Trace, into sink: inout EvidenceSink
  ) throws(ReadError) -> Bool {
    guard packet.byteCount >= 8 else { return false }
    if RTCPCompound.isType(packet[1]), RTCPCompound.isWhole(packet) {
      try report(packet, channel, side, trace, &sink)
      return true
    }
    guard let header = RTPHeader(packet), let place = place(of: header, channel, side, &sink) else { return false }
    sink.index(
      MediaPacketHeader(
        sequence: header.sequence, timestamp: header.timestamp, payloadType: header.payloadType,
        marker: header.marker), whole: packet, payload: header.payload, in: streams[place].handle)
    return true
  }

  private mutating func place(
    of header: RTPHeader, _ channel: UInt8, _ side: Side, _ sink: inout EvidenceSink
  ) -> Int? {
    let known = streams.firstIndex {
      $0.identifier == header.identifier && $0.channel == channel && $0.side == side
    }
    if let known { return known }
    guard streams.count < Self.maximumStreams else { return nil }
    let handle = sink.openStream(header.identifier, from: side, channel: channel)
    streams.append(Stream(side: side, channel: channel, identifier: header.identifier, handle: handle))
    return streams.count - 1
  }

  private mutating func report(
    _ packet: RawSpan, _ channel: UInt8, _ side: Side, _ trace: Trace, _ sink: inout EvidenceSink
  ) throws(ReadError) {
    let compound = RTCPCompound(packet)
    if let failure = compound.failure {
      sink.note(
        Finding(
          .warning, "rtsp/malformedReport", "An RTCP packet contradicts its own lengths; what stands before is kept.",
          ["byteOffset": .integer(Int64(failure.offset)), "field": .text(failure.field)]), from: side, trace: trace)
    }
    var fields = compound.fields
    fields.set("channelNumber", channel)
    try sink.emit("rtsp/control", fields, from: side, trace: trace)
    compound.report(from: side, trace: trace, left: &reportsLeft, into: &sink)
  }

  /// Whether a packet of a stream that is known may begin here, behind missing bytes: its channel, version and identifier.
  ///
  /// Nil when more bytes are needed to tell.
  func mayBegin(_ bytes: RawSpan, at offset: Int, from side: Side) -> Bool? {
    let shown = bytes.extracting(offset..<bytes.byteCount).extracting(first: 16).array()
    guard shown.first == 0x24 else { return false }
    guard shown.count > 1 else { return nil }
    let known = streams.filter { $0.side == side && $0.channel == shown[1] }
    guard !known.isEmpty else { return false }
    guard shown.count > 4 else { return nil }
    guard shown[4] >> 6 == 2, Int(shown[2]) << 8 | Int(shown[3]) >= 12 else { return false }
    guard shown.count == 16 else { return nil }
    let identifier = shown[12...].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    return known.contains { $0.identifier == identifier }
  }

  /// Ends all streams: what SETUP named is media.
  mutating func finish(into sink: inout EvidenceSink) {
    for stream in streams {
      let isNamed = channels.contains(stream.channel)
      sink.closeStream(
        stream.handle, verdict: isNamed ? .accepted : .candidate,
        evidence: isNamed
          ? "SETUP names channel \(stream.channel) of the connection"
          : "channel \(stream.channel) of the connection, which no SETUP in the capture names")
    }
    streams = []
  }

  /// Packets of channels that SETUP did not name are in no call.
  var unnamedChannels: [UInt8] {
    Set(streams.map(\.channel)).subtracting(channels).sorted()
  }
}
