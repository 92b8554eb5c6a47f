import ByteReading
import DecoderKit
import EvidenceModel

/// What was found in the conversations of a sample, and what is expected of others.
final class SharedOutcome {
  var outcome = DecodingOutcome()
  var purposes: [ExpectedConversation: AnyObject] = [:]

  /// Takes what is expected of a conversation.
  func take(_ carrier: DecodingContext.Carrier) -> AnyObject? {
    let transport: ExpectedConversation.Transport
    if case .udp = carrier { transport = .udp } else { transport = .tcp }
    guard let one = carrier.endpoint(of: .initiator), let two = carrier.endpoint(of: .responder) else { return nil }
    return purposes.removeValue(forKey: ExpectedConversation(transport, two, with: one.address))
      ?? purposes.removeValue(forKey: ExpectedConversation(transport, one, with: two.address))
  }
}

/// Stands behind a sink in tests and keeps what a decoder gives it.
final class RecordingHost: SinkHost {
  let carrier: DecodingContext.Carrier
  /// What is found; conversations of one sample share it.
  let findings: SharedOutcome
  var outcome: DecodingOutcome {
    get { findings.outcome }
    set { findings.outcome = newValue }
    _modify { yield &findings.outcome }
  }
  private var contents: [Int: (place: Int, announced: ContentDescription)] = [:]
  /// The number of the step that is being shown, from 1: it serves as the packet number.
  var step: UInt64 = 0
  var shownCount = 0
  var isBroken: Bool { outcome.failure != nil }

  init(_ carrier: DecodingContext.Carrier, _ findings: SharedOutcome = SharedOutcome()) {
    self.carrier = carrier
    self.findings = findings
  }

  private var now: Trace {
    Trace(PacketPosition(original: 1, packet: step), at: CaptureTime(nanoseconds: Int64(step) * 1_000_000_000))
  }

  func trace(of range: Range<Int>?) -> Trace {
    if let range, range.lowerBound < 0 || range.upperBound > shownCount {
      outcome.violations.append("trace of \(range), but \(shownCount) bytes were shown")
    }
    return now
  }

  func emit(_ kind: StaticString, _ fields: Fields, from side: Side, trace: Trace) throws(ReadError) {
    guard outcome.records.count < 10_000 else { throw ReadError(.limitExceeded, at: 0, reading: "records") }
    if trace.isEmpty { outcome.violations.append("record without a packet: \(kind)") }
    outcome.records.append(.init(kind: kind.description, fields: fields, side: side, trace: trace))
  }

  func note(_ finding: Finding, from side: Side, trace: Trace) { outcome.findings.append(finding) }

  func open(_ content: ContentDescription, from side: Side) throws(ReadError) -> ContentHandle {
    let number = outcome.contents.count
    guard number < 10_000 else { throw ReadError(.limitExceeded, at: 0, reading: "contents") }
    contents[number] = (number, content)
    outcome.contents.append(.init(description: content, side: side, bytes: []))
    return ContentHandle(number: number)
  }

  func append(_ bytes: RawSpan, to handle: ContentHandle) {
    guard contents[handle.number] != nil else {
      outcome.violations.append("append to a content that is not open")
      return
    }
    // Safe: the view is read only within the closure.
    unsafe bytes.withUnsafeBytes { unsafe outcome.contents[handle.number].bytes += $0 }
  }

  func append(_ bytes: RawSpan, to handle: ContentHandle, from trace: Trace) {
    if trace.isEmpty { outcome.violations.append("append from no packet") }
    append(bytes, to: handle)
  }

  func name(_ handle: ContentHandle, _ name: [UInt8]) {
    guard contents[handle.number] != nil else {
      outcome.violations.append("name of a content that is not open")
      return
    }
    outcome.contents[handle.number].description.name = name
  }

  func skip(_ byteCount: Int, in handle: ContentHandle) {
    guard contents[handle.number] != nil, byteCount >= 0 else {
      outcome.violations.append("skip in a content that is not open, or of a negative count")
      return
    }
    outcome.contents[handle.number].holes.append(.init(at: outcome.contents[handle.number].bytes.count, byteCount))
  }

  func close(_ handle: ContentHandle, isWhole: Bool) -> ContentReference? {
    guard contents.removeValue(forKey: handle.number) != nil else {
      outcome.violations.append("close of a content that is not open")
      return nil
    }
    outcome.contents[handle.number].isWhole = isWhole && outcome.contents[handle.number].holes.isEmpty
    outcome.contents[handle.number].isClosed = true
    let content = outcome.contents[handle.number]
    guard !content.bytes.isEmpty || !content.holes.isEmpty else { return nil }
    return ContentReference(
      hash: RecordingHost.placeholder(handle.number), byteCount: content.bytes.count,
      isComplete: content.isWhole, trace: now)
  }

  /// A recognisable stand-in: tests compare the bytes themselves.
  static func placeholder(_ number: Int) -> ContentHash {
    var bytes = [32 of UInt8](repeating: 0)
    bytes[31] = UInt8(truncatingIfNeeded: number)
    bytes[30] = UInt8(truncatingIfNeeded: number >> 8)
    return ContentHash(bytes)
  }

  func expect(_ conversation: ExpectedConversation, for purpose: AnyObject) -> Bool {
    guard conversation.isBetweenHosts(of: carrier) else { return false }
    outcome.expected.append(conversation)
    findings.purposes[conversation] = purpose
    return true
  }

  /// Samples hold what follows as it was before it was compressed.
  func expand(_ compression: StreamCompression, from side: Side) {
    outcome.expansions.append(.init(compression: compression, side: side))
  }

  func signal(_ signal: CallSignal) { outcome.signals.append(signal) }

  func report(_ report: MediaReport) { outcome.reports.append(report) }

  func openStream(_ identifier: UInt32, from side: Side, channel: UInt8?) -> StreamHandle {
    outcome.streams.append(.init(identifier: identifier, side: side))
    return StreamHandle(number: outcome.streams.count - 1)
  }

  func index(_ packet: MediaPacketHeader, payload: Range<Int>, in stream: StreamHandle) {
    guard outcome.streams.indices.contains(stream.number) else { return }
    if payload.lowerBound < 0 || payload.upperBound > shownCount {
      outcome.violations.append("payload \(payload), but \(shownCount) bytes were shown")
    }
    outcome.streams[stream.number].packets.append(.init(header: packet, payload: payload))
  }

  func index(_ packet: MediaPacketHeader, whole: RawSpan, payload: Range<Int>, in stream: StreamHandle) {
    guard outcome.streams.indices.contains(stream.number) else { return }
    if payload.lowerBound < 0 || payload.upperBound > whole.byteCount {
      outcome.violations.append("payload \(payload), but the packet has \(whole.byteCount) bytes")
    }
    outcome.streams[stream.number].packets.append(.init(header: packet, payload: payload))
  }

  func closeStream(_ stream: StreamHandle, verdict: MediaStream.Verdict, evidence: String) {
    guard outcome.streams.indices.contains(stream.number) else { return }
    outcome.streams[stream.number].verdict = verdict
    outcome.streams[stream.number].evidence = evidence
  }
}
