import ByteReading
import DecoderKit
import EvidenceModel

/// A file decoder that reads an artefact while it is written.
final class FileReading {
  private let unit: DecodingUnit
  private let side: Side
  private var pending: [UInt8] = []
  private var runs: [DecodingUnit.Run] = []
  private var isStopped = false
  private var wanted = 0

  /// Finds the decoder for an artefact by its declared type and first bytes; nil when there is none, or it lies too deep.
  init?(
    _ content: ContentDescription, _ side: Side, _ first: RawSpan, _ packet: PacketContext, _ outer: DecodingUnit
  ) {
    let host = outer.host
    guard !content.mediaType.isEmpty else { return nil }
    let carrier = DecodingContext.Carrier.file(mediaType: content.mediaType, parameters: content.parameters)
    let found = host.claim(
      first, from: .initiator, in: DecodingContext(carrier), conversation: outer.origin.firstPacket,
      packet: packet.position)
    guard let found, found.claim >= .candidate else { return nil }
    guard outer.depth < host.limits.depth else {
      outer.note(
        Finding(
          .warning, "host/depth",
          "A file stands in too many others to be read further; it is kept as it is.",
          ["limit": .integer(Int64(host.limits.depth)), "mediaType": .text(content.mediaType)]), from: side,
        trace: Trace(packet.position, at: packet.time))
      return nil
    }
    self.side = side
    unit = DecodingUnit(
      host, outer.origin, decoder: found.decoder, carrier: carrier, depth: outer.depth + 1, at: packet)
    unit.deferred = []
  }

  func take(_ bytes: RawSpan, _ source: Trace, _ packet: PacketContext) {
    guard !isStopped else { return }
    pending += bytes.array()
    runs.append(.init(count: bytes.byteCount, trace: source, packet: packet))
    guard pending.count >= min(wanted, unit.host.limits.pendingBytes + 1) else { return }
    wanted = 0
    do throws(ReadError) {
      var done = 0
      while done < pending.count {
        // Safe: the view ends before `pending` changes.
        let view = unsafe pending.span.bytes.extracting(done..<pending.count)
        let progress = try unit.decode(view, from: .initiator, packet, runs: runs)
        guard case .consumed(let count) = progress, count > 0, count <= pending.count - done else {
          if case .needs(let more) = progress { wanted = pending.count - done + max(1, more) }
          break
        }
        done += count
        DecodingUnit.drop(&runs, count)
      }
      if done > 0 { pending.removeFirst(done) }
      guard pending.count <= unit.host.limits.pendingBytes else {
        throw ReadError(.limitExceeded, at: pending.count, reading: "pending bytes")
      }
    } catch { stop(error, source) }
  }

  func skip(_ byteCount: Int) {
    guard !isStopped else { return }
    let abandoned = pending.count
    pending = []
    runs = []
    do throws(ReadError) {
      try unit.skip(StreamGap(byteCount: byteCount, abandoned: abandoned), from: .initiator, unit.now)
    } catch { stop(error, Trace(unit.now.position, at: unit.now.time)) }
  }

  private func stop(_ error: ReadError, _ trace: Trace) {
    isStopped = true
    unit.isBroken = true
    pending = []
    runs = []
    unit.note(failure(error, unit.label), from: side, trace: trace)
  }

  /// Ends the reading; gives the records of what is inside, which lack the hash of the file around them.
  ///
  /// `isWhole` is false when bytes of it are missing or its sender meant more to follow.
  func finish(isWhole: Bool) -> [DecodingUnit.Deferred] {
    if !isStopped {
      do throws(ReadError) {
        try unit.close(.initiator, because: isWhole ? .finished : .captureEnd, unit.now)
      } catch { stop(error, Trace(unit.now.position, at: unit.now.time)) }
    }
    unit.finish()
    return unit.deferred ?? []
  }
}

/// The finding for what a decoder threw.
func failure(_ error: ReadError, _ label: String) -> Finding {
  Finding(
    .warning, "decoder/\(error.code)", "\(label): \(error.field) is \(words(error.code)).",
    ["byteOffset": .integer(Int64(error.offset)), "field": .text(error.field)])
}

private func words(_ code: ReadError.Code) -> String {
  switch code {
  case .truncated: "cut off"
  case .malformed: "not as the standard has it"
  case .unsupported: "of a form that is not known"
  default: "over a limit"
  }
}
