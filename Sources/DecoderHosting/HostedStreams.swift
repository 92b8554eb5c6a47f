import ByteReading
import DecoderKit
public import EvidenceModel

/// The decoder of one TCP conversation: found by what the sides say first, or first after a gap.
public final class HostedStreams {
  let host: DecoderHost
  let origin: UnitOrigin
  let carrier: DecodingContext.Carrier
  /// Versions of bytes that were kept as artefacts.
  var keptVersions = 0
  private let hasBeginning: Bool
  private var phase = Phase.claiming
  private var initiator = SideState()
  private var responder = SideState()
  private var unit: DecodingUnit?
  private var tally = ConversationTally()
  /// Packets whose row waits for a decoder to be found.
  private var waiting: [(original: UInt16, sum: LedgerSum)] = []
  private var lastFailed: Int?
  /// Bytes that nobody wanted are no longer kept: the conversation cannot be given to anybody from its beginning.
  private var hasLost = false
  /// Set when the conversation is over.
  private var endRow: LedgerRow?
  private var signs: SignReader

  private enum Phase { case claiming, decoding, given }

  private struct SideState {
    var pending: [UInt8] = []
    var runs: [DecodingUnit.Run] = []
    var wanted = 0
    var attempts = 0
    /// Nobody wants what this side began with; only a later place is tried again.
    var isRejected = false
    var end: StreamEnd?
    /// What undoes the compression of all that comes.
    var expansion: StreamExpansion?

    mutating func keep(_ bytes: RawSpan, _ packet: PacketContext) {
      keep(bytes, .init(count: bytes.byteCount, trace: nil, packet: packet))
    }

    mutating func keep(_ bytes: RawSpan, _ run: DecodingUnit.Run) {
      // Safe: the copy is made within the closure.
      unsafe bytes.withUnsafeBytes { unsafe pending.append(contentsOf: $0) }
      runs.append(run)
    }

    mutating func drop(_ count: Int) {
      if count >= pending.count {
        pending.removeAll(keepingCapacity: pending.count < 65_536)
        runs.removeAll(keepingCapacity: true)
      } else if count > 0 {
        pending.removeFirst(count)
        DecodingUnit.drop(&runs, count)
      }
    }
  }

  public init(
    _ host: DecoderHost, initiator: Endpoint, responder: Endpoint, hasBeginning: Bool, at packet: PacketContext,
    firstPacket: PacketPosition, tunnels: String = ""
  ) {
    self.host = host
    self.hasBeginning = hasBeginning
    origin = UnitOrigin(
      firstPacket: firstPacket, protocolNumber: 6, initiator: initiator, responder: responder, tunnels: tunnels)
    carrier = .tcp(initiator: initiator, responder: responder)
    signs = SignReader(initiator.port, responder.port)
  }

  private func with<Result>(_ side: Side, _ body: (inout SideState) -> Result) -> Result {
    side == .initiator ? body(&initiator) : body(&responder)
  }

  private func state(_ side: Side) -> SideState { side == .initiator ? initiator : responder }

  // MARK: From the assembler

  public func bytes(_ bytes: RawSpan, from side: Side, _ packet: PacketContext) {
    switch phase {
    case .decoding: decode(bytes, side, packet)
    case .claiming: if beginExpected(side, packet) { decode(bytes, side, packet) } else { claim(bytes, side, packet) }
    case .given: break
    }
  }

  public func gap(_ byteCount: Int, from side: Side, _ packet: PacketContext) {
    if phase == .claiming { _ = beginExpected(side, packet) }
    noteGap(byteCount, side, packet)
    if phase == .decoding, state(side).expansion != nil {
      attempt(side, packet) { () throws(ReadError) in
        throw ReadError(.truncated, at: 0, reading: "compressed bytes")
      }
    } else if phase == .decoding, let unit {
      let abandoned = with(side) { state in
        let count = state.pending.count
        state.drop(count)
        state.wanted = 0
        return count
      }
      attempt(side, packet) { () throws(ReadError) in
        try unit.skip(StreamGap(byteCount: byteCount, abandoned: abandoned), from: side, packet)
      }
    } else {
      hasLost = true
      with(side) { state in
        state.drop(state.pending.count)
        state.isRejected = false
      }
    }
  }

  private func noteGap(_ byteCount: Int, _ side: Side, _ packet: PacketContext) {
    let finding = Finding(
      .warning, "flow/gap", "\(byteCount) bytes of a stream are missing from the capture.",
      ["missingBytes": .integer(Int64(byteCount))])
    write(finding, side, packet)
  }

  public func end(_ end: StreamEnd, of side: Side, _ packet: PacketContext) {
    with(side) { $0.end = end }
    // A connection that carries nothing is one that was expected, too.
    if phase == .claiming, beginExpected(side, packet) { return }
    guard phase == .decoding, let unit else { return }
    attempt(side, packet) { () throws(ReadError) in try unit.close(side, because: end, packet) }
  }

  public func finish() {
    let unclaimed = unclaimedRow
    let row = currentRow ?? unclaimed
    unit?.finish()
    unit = nil
    initiator.drop(initiator.pending.count)
    responder.drop(responder.pending.count)
    phase = .given
    settle(unclaimed)
    tally.flush(into: host.output)
    endRow = row
  }

  private var unclaimedRow: LedgerRow {
    let (initiator, responder) = origin.endpoints
    return LedgerRow(
      .unclaimed,
      UnclaimedTraffic(transport: "tcp", initiator: initiator.port, responder: responder.port, sign: signs.sign).detail)
  }

  /// The row of packets that come now; nil while a decoder is still sought.
  private var currentRow: LedgerRow? {
    if phase == .decoding, let unit { return host.decodedRows[unit.decoder] }
    return lastFailed.map { host.afterFaultRows[$0] }
  }

  /// Counts a packet that brought new bytes; also the one with which the conversation ended.
  public func account(original: UInt16, _ sum: LedgerSum, isCut: Bool) {
    if let endRow {
      host.output.count(isCut ? LedgerRow(.truncated) : endRow, original: original, sum)
    } else if isCut {
      tally.add(LedgerRow(.truncated), original: original, sum)
    } else if let row = currentRow {
      tally.add(row, original: original, sum)
    } else if let place = waiting.firstIndex(where: { $0.original == original }) {
      waiting[place].sum += sum
    } else {
      waiting.append((original, sum))
    }
  }

  private func settle(_ row: LedgerRow) {
    for count in waiting { tally.add(row, original: count.original, count.sum) }
    waiting = []
  }

  // MARK: Finding the decoder

  private func claim(_ bytes: RawSpan, _ side: Side, _ packet: PacketContext) {
    let context = DecodingContext(carrier)
    if state(side).pending.isEmpty {
      guard let found = ask(bytes, side, context, packet.position) else { return reject(side, bytes, packet) }
      if found.claim == .needsMore {
        with(side) { $0.keep(bytes, packet) }
        return
      }
      begin(found.decoder, side, packet)
      decode(bytes, side, packet)
      return
    }
    with(side) { $0.keep(bytes, packet) }
    let shown = state(side)
    guard !shown.isRejected else { return retry(bytes, side, packet, context) }
    // Safe: the view ends before `shown` does.
    let found = unsafe ask(shown.pending.span.bytes, side, context, packet.position)
    guard let found, found.claim != .needsMore || shown.pending.count < host.limits.claimBytes else {
      with(side) { $0.isRejected = true }
      look(side)
      giveUpIfHopeless()
      return
    }
    guard found.claim != .needsMore else { return }
    begin(found.decoder, side, packet)
  }

  private func ask(
    _ bytes: RawSpan, _ side: Side, _ context: borrowing DecodingContext, _ packet: PacketPosition
  ) -> (decoder: Int, claim: Claim)? {
    host.claim(bytes, from: side, in: context, conversation: origin.firstPacket, packet: packet)
  }

  /// Keeps what nobody wants, in case the other side is claimed, as long as it is little.
  private func reject(_ side: Side, _ bytes: RawSpan, _ packet: PacketContext) {
    signs.see(bytes, from: side, isTCP: true)
    with(side) { state in
      state.isRejected = true
      state.attempts += 1
      if bytes.byteCount <= host.limits.claimBytes { state.keep(bytes, packet) }
    }
    if bytes.byteCount > host.limits.claimBytes { hasLost = true }
    giveUpIfHopeless()
  }

  /// Looks again at the beginning of a segment: a stream that was joined in its middle shows its decoder later.
  private func retry(_ bytes: RawSpan, _ side: Side, _ packet: PacketContext, _ context: borrowing DecodingContext) {
    if let found = ask(bytes, side, context, packet.position), found.claim > .needsMore {
      with(side) { state in state.drop(state.pending.count - bytes.byteCount) }
      begin(found.decoder, side, packet)
      return
    }
    if signs.sign == nil { look(side) }
    with(side) { state in
      state.attempts += 1
      let excess = state.pending.count - host.limits.claimBytes
      if excess > 0 { state.drop(excess) }
    }
    if state(side).pending.count >= host.limits.claimBytes { hasLost = true }
    giveUpIfHopeless()
  }

  /// Looks at what a side has said so far, to say what it might be.
  private func look(_ side: Side) {
    let pending = state(side).pending
    // Safe: the view ends before `pending` does.
    unsafe signs.see(pending.span.bytes, from: side, isTCP: true)
  }

  private func giveUpIfHopeless() {
    let limit = host.limits.claimAttempts
    let isHopeless = { (one: SideState, other: SideState) in
      guard one.isRejected, one.attempts >= limit else { return false }
      // Of the other side perhaps nothing was captured.
      return other.end != nil || (other.isRejected && other.attempts >= limit) || one.attempts >= 4 * limit
    }
    guard isHopeless(initiator, responder) || isHopeless(responder, initiator) else { return }
    phase = .given
    initiator.drop(initiator.pending.count)
    responder.drop(responder.pending.count)
  }

  /// Gives the conversation to the decoder that expects it, unless another one had it or some of it is gone.
  private func beginExpected(_ side: Side, _ packet: PacketContext) -> Bool {
    guard !hasLost, lastFailed == nil, let met = host.takeExpected(carrier, conversation: origin.firstPacket) else {
      return false
    }
    begin(met.decoder, side, packet, purpose: met.purpose)
    return phase == .decoding
  }

  private func begin(_ decoder: Int, _ side: Side, _ packet: PacketContext, purpose: AnyObject? = nil) {
    let unit = DecodingUnit(
      host, origin, decoder: decoder, carrier: carrier, depth: 0, at: packet, purpose: purpose)
    self.unit = unit
    phase = .decoding
    lastFailed = nil
    settle(host.decodedRows[decoder])
    for side in [Side.initiator, .responder] where phase == .decoding {
      if !state(side).pending.isEmpty { showPending(side, packet) }
      if let end = state(side).end, phase == .decoding {
        attempt(side, packet) { () throws(ReadError) in try unit.close(side, because: end, packet) }
      }
    }
  }

  // MARK: Decoding

  private func decode(_ bytes: RawSpan, _ side: Side, _ packet: PacketContext) {
    guard let unit else { return }
    if let expansion = state(side).expansion { return expand(bytes, by: expansion, side, packet) }
    if !state(side).pending.isEmpty {
      let isEnough = with(side) { state in
        state.keep(bytes, packet)
        return state.pending.count >= min(state.wanted, host.limits.pendingBytes + 1)
      }
      if isEnough { showPending(side, packet) }
      return
    }
    attempt(side, packet) { () throws(ReadError) in
      var done = 0
      while done < bytes.byteCount {
        var context = packet
        context.advance(done)
        let progress = try unit.decode(bytes.extracting(done..<bytes.byteCount), from: side, context)
        guard case .consumed(let count) = progress, count > 0, count <= bytes.byteCount - done else {
          with(side) { state in
            if case .needs(let more) = progress { state.wanted = bytes.byteCount - done + max(1, more) }
            state.keep(bytes.extracting(done..<bytes.byteCount), context)
          }
          return
        }
        done += count
        guard unit.asked.isEmpty else {
          context.advance(count)
          let rest = bytes.extracting(done..<bytes.byteCount)
          return with(side) { if rest.byteCount > 0 { $0.keep(rest, context) } }
        }
      }
    }
    beginExpansions(packet)
  }

  private func showPending(_ side: Side, _ packet: PacketContext) {
    guard let unit else { return }
    var pending: [UInt8] = []
    var runs: [DecodingUnit.Run] = []
    with(side) { state in
      swap(&pending, &state.pending)
      swap(&runs, &state.runs)
      state.wanted = 0
    }
    var done = 0
    attempt(side, packet) { () throws(ReadError) in
      while done < pending.count {
        // Safe: the view ends before `pending` changes.
        let view = unsafe pending.span.bytes.extracting(done..<pending.count)
        let progress = try unit.decode(view, from: side, packet, runs: runs)
        guard case .consumed(let count) = progress, count > 0, count <= pending.count - done else {
          if case .needs(let more) = progress {
            with(side) { $0.wanted = pending.count - done + max(1, more) }
          }
          break
        }
        done += count
        DecodingUnit.drop(&runs, count)
        if !unit.asked.isEmpty { break }
      }
      guard pending.count - done <= host.limits.pendingBytes else {
        throw ReadError(.limitExceeded, at: done, reading: "pending bytes")
      }
    }
    guard phase == .decoding else { return }
    if done > 0 { pending.removeFirst(done) }
    with(side) { state in
      state.pending = pending
      state.runs = runs
    }
    beginExpansions(packet)
  }

  // MARK: Compressed streams

  /// Undoes the compression of sides of which the session said so, beginning with what it left of them.
  private func beginExpansions(_ packet: PacketContext) {
    guard phase == .decoding, let unit, !unit.asked.isEmpty else { return }
    let asked = unit.takeAsked()
    for side in [Side.initiator, .responder] where phase == .decoding && state(side).expansion == nil {
      guard self.unit === unit, let compression = asked[side] else { continue }
      let expansion = StreamExpansion(compression, host.limits)
      var compressed: [UInt8] = []
      var runs: [DecodingUnit.Run] = []
      with(side) { state in
        swap(&compressed, &state.pending)
        swap(&runs, &state.runs)
        state.wanted = 0
        state.expansion = expansion
      }
      var place = 0
      for run in runs {
        // Safe: the view ends before `compressed` does.
        unsafe expand(compressed.span.bytes.extracting(place..<(place + run.count)), by: expansion, side, run.packet)
        place += run.count
      }
    }
  }

  /// Shows what compressed bytes of one packet hold; little at a time, for it may be much.
  private func expand(_ bytes: RawSpan, by expansion: StreamExpansion, _ side: Side, _ packet: PacketContext) {
    var place = 0
    while place < bytes.byteCount, phase == .decoding, state(side).expansion === expansion {
      let step = bytes.extracting(place..<min(place + StreamExpansion.stepByteCount, bytes.byteCount))
      place += step.byteCount
      var failure: ReadError?
      do throws(ReadError) {
        try expansion.push(step, packet) { part, run in with(side) { $0.keep(part, run) } }
      } catch { failure = error }
      let isEnough = with(side) { state in
        !state.pending.isEmpty && state.pending.count >= min(state.wanted, host.limits.pendingBytes + 1)
      }
      // What came before a fault is shown first.
      if isEnough { showPending(side, packet) }
      if let failure, phase == .decoding { attempt(side, packet) { () throws(ReadError) in throw failure } }
    }
  }

  /// Runs one step of the session; an error ends the session and lets a decoder be looked for behind it.
  private func attempt(_ side: Side, _ packet: PacketContext, _ step: () throws(ReadError) -> Void) {
    do throws(ReadError) { try step() } catch {
      guard let unit else { return }
      unit.note(failure(error, unit.label), from: side, trace: Trace(packet.position, at: packet.time))
      unit.isBroken = true
      unit.finish()
      lastFailed = unit.decoder
      self.unit = nil
      phase = .claiming
      for side in [Side.initiator, .responder] {
        with(side) { state in
          state.drop(state.pending.count)
          state.wanted = 0
          state.isRejected = false
          state.expansion = nil
          state.attempts += host.limits.claimAttempts / 4
        }
      }
      giveUpIfHopeless()
    }
  }

  private func write(_ finding: Finding, _ side: Side, _ packet: PacketContext) {
    let speaker =
      unit
      ?? DecodingUnit.speaker(host, origin, carrier, packet)
    speaker.note(finding, from: side, trace: Trace(packet.position, at: packet.time))
  }
}
