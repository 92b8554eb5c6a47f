public import DecoderKit

/// One thing that happens in a conversation.
public enum ConversationStep: Hashable, Sendable {
  /// A datagram, or the next bytes of a stream; of a file always from the initiator.
  case bytes([UInt8], from: Side)
  case gap(Int, from: Side)
  case end(StreamEnd, of: Side)
}

/// Runs a decoder on a conversation as the host would, and returns what it found.
public func run(
  _ decoder: some EvidenceDecoder, on steps: [ConversationStep], over carrier: DecodingContext.Carrier
) -> DecodingOutcome {
  run(decoder, on: steps.enumerated().map { (UInt64($0.offset) + 1, $0.element) }, over: carrier)
}

/// Runs a decoder on steps, each with the number of the packet that it came in.
package func run(
  _ decoder: some EvidenceDecoder, on steps: [(packet: UInt64, step: ConversationStep)],
  over carrier: DecodingContext.Carrier
) -> DecodingOutcome {
  let shared = SharedOutcome()
  let conversation = SampleConversation(decoder, carrier, shared, purpose: nil)
  for (packet, step) in steps {
    conversation.take(step, packet)
    if conversation.hasFailed { break }
  }
  conversation.finish()
  shared.outcome.unconsumed = conversation.unconsumed
  checkClosed(shared)
  return shared.outcome
}

/// Runs a decoder on several conversations, of which the first to come expect the others.
///
/// A stream of which both sides have ended is over; the other conversations are over at the end.
///
/// A conversation that nobody expects is the decoder's when it claims the first bytes; else its steps are passed over.
public func run(
  _ decoder: some EvidenceDecoder, on steps: [(carrier: DecodingContext.Carrier, step: ConversationStep)]
) -> DecodingOutcome {
  let shared = SharedOutcome()
  var order: [DecodingContext.Carrier] = []
  var conversations: [DecodingContext.Carrier: SampleConversation] = [:]
  for (number, entry) in steps.enumerated() {
    if conversations[entry.carrier] == nil {
      let purpose = shared.take(entry.carrier)
      if purpose == nil {
        guard case .bytes(let bytes, let side) = entry.step,
          claim(of: decoder, on: bytes, from: side, over: entry.carrier) >= .candidate
        else { continue }
      }
      conversations[entry.carrier] = SampleConversation(decoder, entry.carrier, shared, purpose: purpose)
      order.append(entry.carrier)
    }
    conversations[entry.carrier]?.take(entry.step, UInt64(number) + 1)
    if conversations[entry.carrier]?.hasEnded == true { conversations[entry.carrier]?.finish() }
  }
  for carrier in order { conversations[carrier]?.finish() }
  checkClosed(shared)
  return shared.outcome
}

private func checkClosed(_ shared: SharedOutcome) {
  for content in shared.outcome.contents where !content.isClosed {
    shared.outcome.violations.append("content '\(content.description.role)' was left open")
  }
  for stream in shared.outcome.streams where stream.verdict == nil {
    shared.outcome.violations.append("stream \(stream.identifier) was left open")
  }
}

/// One conversation of a sample and its session.
private final class SampleConversation {
  private let host: RecordingHost
  private var session: any DecodingSession
  private var pending: [Side: [UInt8]] = [:]
  private(set) var hasFailed = false
  private var ended: Set<Side> = []
  private var isFinished = false
  var hasEnded: Bool { ended.count == 2 }

  init(
    _ decoder: some EvidenceDecoder, _ carrier: DecodingContext.Carrier, _ shared: SharedOutcome, purpose: AnyObject?
  ) {
    host = RecordingHost(carrier, shared)
    let context = DecodingContext(carrier)
    if let purpose {
      session = decoder.makeSession(in: context, expectedFor: purpose)
    } else {
      session = decoder.makeSession(in: context)
    }
  }

  var unconsumed: [Side: Int] { pending.mapValues(\.count) }

  func take(_ step: ConversationStep, _ packet: UInt64) {
    guard !hasFailed, !isFinished else { return }
    if case .end(_, let side) = step { ended.insert(side) }
    host.step = packet
    do throws(ReadError) { try show(step) } catch {
      host.outcome.failure = error
      hasFailed = true
    }
  }

  private func show(_ step: ConversationStep) throws(ReadError) {
    var sink = EvidenceSink(host)
    let isDatagram = host.carrier.isOfMessages
    switch step {
    case .bytes(let bytes, let side):
      var shown = isDatagram ? bytes : (pending[side] ?? []) + bytes
      while !shown.isEmpty || isDatagram {
        host.shownCount = shown.count
        // Safe: the view ends with this call.
        let progress = try unsafe session.decode(shown.span.bytes, from: side, into: &sink)
        guard !isDatagram, case .consumed(let count) = progress else { break }
        guard count > 0, count <= shown.count else {
          host.outcome.violations.append("consumed \(count) of \(shown.count) bytes")
          break
        }
        shown.removeFirst(count)
      }
      host.shownCount = 0
      pending[side] = isDatagram ? [] : shown
    case .gap(let count, let side):
      let abandoned = pending.updateValue([], forKey: side)?.count ?? 0
      try session.skip(StreamGap(byteCount: count, abandoned: abandoned), from: side, into: &sink)
    case .end(let end, let side): try session.close(side, because: end, into: &sink)
    }
  }

  func finish() {
    guard !isFinished else { return }
    isFinished = true
    host.step += 1
    host.shownCount = 0
    var sink = EvidenceSink(host)
    session.finish(into: &sink)
  }
}

/// What the decoder claims of the first bytes of a side.
public func claim(
  of decoder: some EvidenceDecoder, on bytes: [UInt8], from side: Side = .initiator,
  over carrier: DecodingContext.Carrier
) -> Claim {
  // Safe: the view ends with this call.
  unsafe decoder.claim(bytes.span.bytes, from: side, in: DecodingContext(carrier))
}
