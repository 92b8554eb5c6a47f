public import DecoderKit

/// The packets of fax of one UDP conversation: a stream for each side.
public struct T38Session: DecodingSession {
  /// How the index names what it holds: packets themselves, copies of earlier ones, parity over several.
  static let primaryType: UInt8 = 0
  static let repeatType: UInt8 = 1
  static let parityType: UInt8 = 2

  private var streams: [(side: Side, handle: StreamHandle, evidence: FaxEvidence)] = []

  public mutating func decode(
    _ bytes: RawSpan, from side: Side, into sink: inout EvidenceSink
  ) throws(ReadError) -> DecodingProgress {
    let datagram = try UDPTLDatagram(bytes)
    let place: Int
    if let known = streams.firstIndex(where: { $0.side == side }) {
      place = known
    } else {
      place = streams.count
      streams.append((side, sink.openStream(0, from: side), FaxEvidence()))
    }
    let handle = streams[place].handle
    streams[place].evidence.add(datagram.sequence, bytes.extracting(datagram.primary))
    index(datagram.primary, datagram.sequence, Self.primaryType, handle, &sink)
    for (distance, range) in datagram.repeats {
      index(range, datagram.sequence &- UInt16(distance), Self.repeatType, handle, &sink)
    }
    if let parity = datagram.parity { index(parity, datagram.sequence, Self.parityType, handle, &sink) }
    return .consumed(bytes.byteCount)
  }

  private func index(
    _ range: Range<Int>, _ sequence: UInt16, _ type: UInt8, _ handle: StreamHandle, _ sink: inout EvidenceSink
  ) {
    sink.index(
      MediaPacketHeader(sequence: sequence, timestamp: 0, payloadType: type, marker: false), payload: range, in: handle)
  }

  public mutating func finish(into sink: inout EvidenceSink) {
    // One side's messages prove the other side's packets.
    let isFax = streams.contains { $0.evidence.isFax }
    for stream in streams {
      sink.closeStream(
        stream.handle, verdict: isFax && stream.evidence.isInOrder ? .accepted : .candidate,
        evidence: stream.evidence.text)
    }
    streams = []
  }
}

/// What speaks for packets being fax without signalling: numbers that go on, and messages of T.30 in them.
struct FaxEvidence {
  static let minimumPackets = 8

  private var count = 0
  private var last: UInt16?
  private var steps = 0
  private var smallSteps = 0
  private var messages = 0

  mutating func add(_ sequence: UInt16, _ packet: RawSpan) {
    count += 1
    if let last {
      steps += 1
      if sequence &- last <= 1 { smallSteps += 1 }
    }
    last = sequence
    // Data of V.21 whose first field begins a message, with its address (ITU-T T.30, 5.3.4).
    if packet.byteCount >= 6, packet[0] == 0xc0, packet[2] == 0x80, packet[5] == 0xff { messages += 1 }
  }

  var isInOrder: Bool { smallSteps * 10 >= steps * 9 }
  var isFax: Bool { count >= Self.minimumPackets && messages > 0 && isInOrder }
  var text: String {
    "\(count) packets, \(smallSteps) of \(steps) steps of their number by one, \(messages) messages of T.30"
  }
}
