import EvidenceModel
import PacketLayers

extension FlowAssembler {
  func segment(
    _ view: PacketView, _ bytes: RawSpan, from side: Side, of conversation: Conversation,
    _ packet: PacketContext
  ) -> Reception {
    guard let streams = conversation.streams else { return .noPayload }
    if conversation.isFinished { return bytes.byteCount == 0 ? .noPayload : .afterEnd }
    let reception: Reception
    if side == .initiator {
      acknowledge(&streams.responder, .responder, view, streams.initiator.isStarted, conversation, packet)
      reception = receive(&streams.initiator, view, bytes, side, conversation, packet)
    } else {
      acknowledge(&streams.initiator, .initiator, view, streams.responder.isStarted, conversation, packet)
      reception = receive(&streams.responder, view, bytes, side, conversation, packet)
    }
    if view.flags.contains(.rst), isCredible(reset: view, side == .initiator ? streams.initiator : streams.responder) {
      // What is under way still comes, and anybody may forge a reset to hide what follows: nothing ends yet.
      conversation.isReset = true
    }
    if streams.initiator.isEnded, streams.responder.isEnded {
      conclude(conversation, because: .finished)
    }
    return reception
  }

  /// Learns from an acknowledgement where the other side's stream stands.
  private func acknowledge(
    _ stream: inout StreamState, _ side: Side, _ view: PacketView, _ senderIsStarted: Bool,
    _ conversation: Conversation, _ packet: PacketContext
  ) {
    guard view.flags.contains(.ack), !view.flags.contains(.rst) else { return }
    if !stream.isStarted {
      // The handshake's other steps name the first byte of a side whose SYN was not captured.
      let isHandshake = view.flags.contains(.syn) || (senderIsStarted && conversation.packetCount <= 2)
      if isHandshake, conversation.hasBeginning {
        stream.isStarted = true
        stream.next = view.acknowledgement
      }
      return
    }
    if let former = stream.acknowledged {
      if Int32(bitPattern: view.acknowledgement &- former) > 0 { stream.acknowledged = view.acknowledgement }
    } else {
      stream.acknowledged = view.acknowledgement
    }
    guard let first = stream.waiting.first, let acknowledged = stream.acknowledged,
      Int32(bitPattern: acknowledged &- first.sequence) >= 0
    else { return }
    stream.packetsSinceMissed += 1
    if stream.packetsSinceMissed > limits.packetsAfterAcknowledgement {
      passGap(&stream, side, conversation)
      endIfDone(&stream, side, conversation, packet)
    }
  }

  private func receive(
    _ stream: inout StreamState, _ view: PacketView, _ bytes: RawSpan, _ side: Side,
    _ conversation: Conversation, _ packet: PacketContext
  ) -> Reception {
    var sequence = view.sequence
    if view.flags.contains(.syn) {
      sequence &+= 1
      if !stream.isStarted {
        stream.isStarted = true
        stream.next = sequence
      }
    }
    var reception = Reception.noPayload
    if bytes.byteCount > 0 {
      if !stream.isStarted {
        stream.isStarted = true
        stream.next = sequence
      }
      reception = place(&stream, sequence, bytes, side, conversation, packet)
    }
    if view.flags.contains(.fin), stream.finish == nil, reception != .outOfWindow {
      if !stream.isStarted {
        stream.isStarted = true
        stream.next = sequence
      }
      let finish = sequence &+ UInt32(truncatingIfNeeded: view.announcedPayloadCount)
      // One behind what came already is forged or of an older connection.
      if (0...limits.window).contains(stream.distance(to: finish)) { stream.finish = finish }
    }
    endIfDone(&stream, side, conversation, packet)
    return reception
  }

  private func place(
    _ stream: inout StreamState, _ sequence: UInt32, _ bytes: RawSpan, _ side: Side, _ conversation: Conversation,
    _ packet: PacketContext
  ) -> Reception {
    let count = bytes.byteCount
    var distance = stream.distance(to: sequence)
    if stream.isEnded {
      guard distance + count <= 0 else { return .afterEnd }
      return .repetition(compare(stream, sequence, bytes, side, conversation, packet))
    }
    if distance > limits.window || distance < -limits.window {
      guard follows(&stream, sequence, count) else { return .outOfWindow }
      let lost = stream.strayBytes
      stream.strayCount = 0
      stream.strayBytes = 0
      stream.strayNext = nil
      while !stream.waiting.isEmpty { passGap(&stream, side, conversation) }
      // Where the numbers went back, only what was passed over meanwhile is known to be missing.
      receiver.gap(max(stream.distance(to: sequence), lost), from: side, of: conversation, packet)
      stream.next = sequence
      stream.lastEntry = 0
      distance = 0
    }
    if distance + count <= 0 { return .repetition(compare(stream, sequence, bytes, side, conversation, packet)) }
    if distance > 0 {
      // Safe: the copy is made within the closure.
      let copy = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
      let (fresh, repetition) = wait(&stream, sequence, copy, side, conversation, packet)
      while stream.waitingBytes > limits.waitingBytesPerStream
        || stream.waiting.count > limits.waitingSegmentsPerStream
        || (waitingBytes > limits.waitingBytesPerSlice && !stream.waiting.isEmpty)
      {
        passGap(&stream, side, conversation)
      }
      return fresh == 0 ? .repetition(repetition) : .newBytes(fresh)
    }
    if distance < 0 {
      _ = compare(stream, sequence, bytes.extracting(first: -distance), side, conversation, packet)
    }
    var context = packet
    context.advance(-distance)
    return .newBytes(deliverNow(&stream, bytes.extracting((-distance)..<count), side, conversation, context))
  }

  /// Whether a segment far from all others is one of several that follow each other there.
  private func follows(_ stream: inout StreamState, _ sequence: UInt32, _ count: Int) -> Bool {
    if stream.strayNext != sequence {
      stream.strayCount = 0
      stream.strayBytes = 0
    }
    stream.strayCount += 1
    if stream.strayCount < limits.straysToFollow { stream.strayBytes += count }
    stream.strayNext = sequence &+ UInt32(truncatingIfNeeded: count)
    return stream.strayCount >= limits.straysToFollow
  }

  /// Delivers bytes whose turn it is, up to those that wait already, and then what waits directly behind them.
  ///
  /// Returns how many of them were new.
  private func deliverNow(
    _ stream: inout StreamState, _ bytes: RawSpan, _ side: Side, _ conversation: Conversation, _ packet: PacketContext
  ) -> Int {
    if stream.waiting.isEmpty {
      segments.add(stream.next, bytes.byteCount, packet, last: &stream.lastEntry)
      receiver.bytes(bytes, from: side, of: conversation, packet)
      stream.next &+= UInt32(truncatingIfNeeded: bytes.byteCount)
      return bytes.byteCount
    }
    // Safe: the copy is made within the closure.
    let copy = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    let (fresh, _) = wait(&stream, stream.next, copy, side, conversation, packet)
    drain(&stream, side, conversation)
    return fresh
  }

  /// Delivers what waits as far as nothing is missing.
  private func drain(_ stream: inout StreamState, _ side: Side, _ conversation: Conversation) {
    var done = 0
    while done < stream.waiting.count, stream.waiting[done].sequence == stream.next {
      let segment = stream.waiting[done]
      segments.add(segment.sequence, segment.bytes.count, segment.packet, last: &stream.lastEntry)
      // Safe: the view ends before the segment does.
      unsafe receiver.bytes(segment.bytes.span.bytes, from: side, of: conversation, segment.packet)
      stream.next &+= UInt32(truncatingIfNeeded: segment.bytes.count)
      stream.waitingBytes -= segment.bytes.count
      waitingBytes -= segment.bytes.count
      done += 1
    }
    if done > 0 { stream.waiting.removeFirst(done) }
    stream.packetsSinceMissed = 0
  }

  /// Reports the bytes before the first waiting segment as missing and goes on behind them.
  func passGap(_ stream: inout StreamState, _ side: Side, _ conversation: Conversation) {
    guard let first = stream.waiting.first else { return }
    let missing = stream.distance(to: first.sequence)
    if missing > 0 {
      segments.add(stream.next, missing, first.packet, isGap: true, last: &stream.lastEntry)
      receiver.gap(missing, from: side, of: conversation, first.packet)
    }
    stream.next = first.sequence
    drain(&stream, side, conversation)
  }

  /// Puts a segment among the waiting ones and compares what those hold already; says how many bytes were new.
  private func wait(
    _ stream: inout StreamState, _ sequence: UInt32, _ bytes: [UInt8], _ side: Side, _ conversation: Conversation,
    _ packet: PacketContext
  ) -> (Int, Repetition) {
    var repetition = Repetition.same
    let fresh = stream.wait(sequence, bytes, packet) { segment, theirs, ours in
      guard segment.bytes[theirs..<(theirs + ours.count)] != bytes[ours] else { return }
      repetition = .different
      var first = segment.packet
      first.advance(theirs)
      var other = packet
      other.advance(ours.lowerBound)
      // Safe: both views end before the arrays do.
      unsafe receiver.conflict(
        segment.bytes.span.bytes.extracting(theirs..<(theirs + ours.count)), first,
        with: bytes.span.bytes.extracting(ours), other, from: side, of: conversation)
    }
    waitingBytes += fresh
    return (fresh, repetition)
  }

  /// Compares bytes that the stream is past with those that it delivered, as far as it is remembered where they stand.
  private func compare(
    _ stream: StreamState, _ sequence: UInt32, _ bytes: RawSpan, _ side: Side, _ conversation: Conversation,
    _ packet: PacketContext
  ) -> Repetition {
    let start = stream.distance(to: sequence)
    let end = start + bytes.byteCount
    if start == -1, end == 0 { return .keepAlive }
    var result = Repetition.same
    var left = end
    var number = stream.lastEntry
    for _ in 0..<limits.comparedSegments {
      // Entries follow each other backwards without a hole, unless the oldest are forgotten.
      guard left > start, let entry = segments.entry(number) else { break }
      number = entry.former
      let begin = stream.distance(to: entry.sequence)
      let from = max(start, begin)
      let to = min(left, begin + Int(entry.count))
      guard from < to else { continue }
      left = from
      let part = bytes.extracting((from - start)..<(to - start))
      var other = packet
      other.advance(from - start)
      if entry.isGap {
        receiver.late(part, from: side, of: conversation, other)
        result = max(result, .late)
        continue
      }
      var first = entry.packet
      first.advance(from - begin)
      result = max(result, receiver.repeated(part, from: side, of: conversation, other, first: first))
    }
    return left > start ? max(result, .notCompared) : result
  }

  private func endIfDone(
    _ stream: inout StreamState, _ side: Side, _ conversation: Conversation, _ packet: PacketContext
  ) {
    guard !stream.isEnded, let finish = stream.finish, stream.distance(to: finish) <= 0 else { return }
    // Bytes behind a FIN that waited before it came are delivered, with their gap, before the end.
    guard stream.waiting.isEmpty else { return }
    stream.isEnded = true
    receiver.end(.finished, of: side, conversation, packet)
  }

  /// Delivers all that waits, with its gaps, and ends the stream.
  func flush(_ stream: inout StreamState, _ side: Side, _ conversation: Conversation, because end: StreamEnd) {
    while !stream.waiting.isEmpty { passGap(&stream, side, conversation) }
    guard !stream.isEnded else { return }
    stream.isEnded = true
    let packet = PacketContext(position: conversation.lastPacket, time: conversation.lastTime, fileOffset: 0)
    let reason: StreamEnd = stream.finish.map { stream.distance(to: $0) <= 0 } == true ? .finished : end
    // What the FIN announced or, beyond one byte that may be a FIN's own number, the other side acknowledged.
    let missing =
      stream.finish.map { stream.distance(to: $0) } ?? stream.acknowledged.map { stream.distance(to: $0) } ?? 0
    if stream.isStarted, missing > (stream.finish == nil ? 1 : 0), missing <= limits.window {
      receiver.gap(missing, from: side, of: conversation, packet)
    }
    receiver.end(reason, of: side, conversation, packet)
  }

  /// Whether a reset's number is one that its sender would use; others are forged or of an older connection (RFC 5961, 3).
  private func isCredible(reset view: PacketView, _ stream: StreamState) -> Bool {
    !stream.isStarted || abs(stream.distance(to: view.sequence)) <= limits.window
  }
}
