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
  let host = RecordingHost(carrier)
  let context = DecodingContext(carrier)
  var sink = EvidenceSink(host)
  var session = decoder.makeSession(in: context)
  var pending: [Side: [UInt8]] = [:]
  let isDatagram = carrier.isOfMessages
  do throws(ReadError) {
    for (packet, step) in steps {
      host.step = packet
      switch step {
      case .bytes(let bytes, let side):
        var shown = isDatagram ? bytes : (pending[side] ?? []) + bytes
        while !shown.isEmpty || isDatagram {
          host.shownCount = shown.count
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
  } catch { host.outcome.failure = error }
  host.step += 1
  host.shownCount = 0
  session.finish(into: &sink)
  for content in host.outcome.contents where !content.isClosed {
    host.outcome.violations.append("content '\(content.description.role)' was left open")
  }
  for stream in host.outcome.streams where stream.verdict == nil {
    host.outcome.violations.append("stream \(stream.identifier) was left open")
  }
  host.outcome.unconsumed = pending.mapValues(\.count)
  return host.outcome
}

/// What the decoder claims of the first bytes of a side.
public func claim(
  of decoder: some EvidenceDecoder, on bytes: [UInt8], from side: Side = .initiator,
  over carrier: DecodingContext.Carrier
) -> Claim {
  // Safe: the view ends with this call.
  unsafe decoder.claim(bytes.span.bytes, from: side, in: DecodingContext(carrier))
}
