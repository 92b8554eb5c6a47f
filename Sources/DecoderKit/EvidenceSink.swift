public import ByteReading
public import EvidenceModel

/// Takes what a decoder finds. Only the host makes one; it can be neither copied nor kept.
public struct EvidenceSink: ~Copyable {
  private let host: any SinkHost
  package init(_ host: any SinkHost) { self.host = host }

  // MARK: Provenance

  /// The packets that all bytes shown in this call came from.
  public var trace: Trace { host.trace(of: nil) }

  /// The packets that a range of the bytes shown in this call came from.
  public func trace(of range: Range<Int>) -> Trace { host.trace(of: range) }

  // MARK: Records and findings

  /// Adds a record to the evidence.
  ///
  /// `kind` is one of the decoder's declared kinds. The host adds identifier, times, provenance, decoder, and the
  /// endpoints: `side` is who sent what the record tells of. Throws when the conversation's records reach their limit.
  public mutating func emit(_ kind: StaticString, _ fields: Fields, from side: Side, trace: Trace) throws(ReadError) {
    try host.emit(kind, fields, from: side, trace: trace)
  }

  /// Notes something odd that does not stop the decoding.
  public mutating func note(_ finding: Finding, from side: Side, trace: Trace) {
    host.note(finding, from: side, trace: trace)
  }

  // MARK: Content

  /// Opens an artefact: bytes that are carved out, stored once under their SHA-256.
  public mutating func open(_ content: ContentDescription, from side: Side) throws(ReadError) -> ContentHandle {
    try host.open(content, from: side)
  }

  /// Adds bytes to an artefact; the host undoes the content codings that were named when it was opened.
  ///
  /// Bytes that are a part of those shown in this call get exactly the packets they came from.
  public mutating func append(_ bytes: RawSpan, to handle: ContentHandle) {
    host.append(bytes, to: handle)
  }

  /// Adds bytes that were shown before, in other calls, and came from the packets of `trace`.
  public mutating func append(_ bytes: RawSpan, to handle: ContentHandle, from trace: Trace) {
    host.append(bytes, to: handle, from: trace)
  }

  /// Names an open artefact, where its name came after its bytes had begun; a name that it has already is replaced.
  public mutating func name(_ handle: ContentHandle, _ name: [UInt8]) { host.name(handle, name) }

  /// Notes that `byteCount` bytes of an artefact are missing here; they become zeros in what is stored, and stand in its record.
  public mutating func skip(_ byteCount: Int, in handle: ContentHandle) { host.skip(byteCount, in: handle) }

  /// Ends an artefact; `isWhole` is false when its sender meant more to follow.
  ///
  /// Nil when nothing was stored because there were no bytes at all.
  public mutating func close(_ handle: ContentHandle, isWhole: Bool) -> ContentReference? {
    host.close(handle, isWhole: isWhole)
  }

  // MARK: Other conversations

  /// Claims a conversation that is to come for this decoder: a session with `purpose` gets it, whatever its bytes are.
  ///
  /// It stands until it is met, until another one is expected at its place, or until this session is over. False when it
  /// would not be between the two hosts of this conversation, or too many are expected: then it is never met.
  public mutating func expect(_ conversation: ExpectedConversation, for purpose: AnyObject) -> Bool {
    host.expect(conversation, for: purpose)
  }

  // MARK: Compressed streams

  /// Says that what this session does not consume of a side's bytes, and all that follows of them, is compressed.
  ///
  /// The host undoes it and shows what was compressed instead; it comes from the packets that held the compressed bytes.
  /// Where it cannot be undone, or bytes of it are missing, the session ends with a finding. Only for streams; once a side.
  public mutating func expand(_ compression: StreamCompression, from side: Side) {
    host.expand(compression, from: side)
  }

  // MARK: Facts for the join

  /// Hands on one step of a call, for the join of signalling and media.
  public mutating func signal(_ signal: CallSignal) { host.signal(signal) }

  /// Hands on what a party reports of a media stream, for the stream's record.
  public mutating func report(_ report: MediaReport) { host.report(report) }

  /// Opens the index of a media stream that `side` sends; `channel` is its own within a connection that carries others.
  public mutating func openStream(_ identifier: UInt32, from side: Side, channel: UInt8? = nil) -> StreamHandle {
    host.openStream(identifier, from: side, channel: channel)
  }

  /// Adds a packet to a stream's index; `payload` is a range of the datagram shown in this call.
  public mutating func index(
    _ packet: MediaPacketHeader, payload: Range<Int>, in stream: StreamHandle
  ) { host.index(packet, payload: payload, in: stream) }

  /// Adds a packet that came inside of a stream of bytes, `whole` with its header, which is stored with the packets that it came from.
  ///
  /// `whole` is a part of the bytes shown in this call, and `payload` a range of it.
  public mutating func index(
    _ packet: MediaPacketHeader, whole: RawSpan, payload: Range<Int>, in stream: StreamHandle
  ) { host.index(packet, whole: whole, payload: payload, in: stream) }

  /// Ends a stream's index.
  public mutating func closeStream(_ stream: StreamHandle, verdict: MediaStream.Verdict, evidence: String) {
    host.closeStream(stream, verdict: verdict, evidence: evidence)
  }

  /// Whether the session ends because of a fault: what it threw, or a compression that cannot be undone. Known in `finish`.
  public var isBroken: Bool { host.isBroken }

  /// Which side began the conversation and between whom it is.
  public var carrier: DecodingContext.Carrier { host.carrier }
}

/// The header of a media packet (RFC 3550, 5.1).
public struct MediaPacketHeader: Hashable, Sendable {
  public var sequence: UInt16
  public var timestamp: UInt32
  public var payloadType: UInt8
  public var marker: Bool
  @inlinable public init(sequence: UInt16, timestamp: UInt32, payloadType: UInt8, marker: Bool) {
    self.sequence = sequence
    self.timestamp = timestamp
    self.payloadType = payloadType
    self.marker = marker
  }
}

/// An artefact that is being written.
public struct ContentHandle: Hashable, Sendable {
  package let number: Int
  package init(number: Int) { self.number = number }
}

/// A media stream that is being indexed.
public struct StreamHandle: Hashable, Sendable {
  package let number: Int
  package init(number: Int) { self.number = number }
}
