import ByteReading
import EvidenceModel
import PacketLayers

/// Associations (RFC 9260): chunks in the order of their numbers, and of them messages.
///
/// Chunks of one stream, and the pieces of one message, have rising numbers (6.6, 6.9), so this is also the order within each stream.
/// Unordered messages come in the same order. What came first stays; a repeated chunk is not compared.
extension FlowAssembler {
  func chunks(
    _ view: PacketView, _ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext,
    _ checksum: PacketView.ChecksumVerdict, counted: LedgerSum
  ) -> Reception {
    guard let association = conversation.association else { return .noPayload }
    var reception = Reception.noPayload
    if conversation.isFinished { return .afterEnd }
    var own = side == .initiator ? association.initiator : association.responder
    var other = side == .initiator ? association.responder : association.initiator
    // Written back before anything is delivered a second time: nothing below looks at the association itself.
    association.initiator = ChunkState()
    association.responder = ChunkState()
    var isOver = false
    if isTrusted(&own, checksum, packet) {
      if isFitting(&own, view) {
        reception = read(view, bytes, &own, &other, side, conversation, packet, counted, &isOver)
      } else {
        reception = .outOfWindow
      }
    } else {
      reception = .wrongChecksum
    }
    association.initiator = side == .initiator ? own : other
    association.responder = side == .initiator ? other : own
    if isOver { conclude(conversation, because: .finished) }
    return reception
  }

  /// Whether a packet is used: its receiver would discard one with a wrong checksum (6.8), but where the recorder's own machine left the
  /// sum to the network card all are wrong.
  private func isTrusted(
    _ own: inout ChunkState, _ checksum: PacketView.ChecksumVerdict, _ packet: PacketContext
  ) -> Bool {
    if checksum == .right { own.hasRightChecksum = true }
    guard checksum == .wrong else { return true }
    own.wrongChecksums += 1
    if own.firstWrong == nil { own.firstWrong = packet }
    if own.hasRightChecksum { own.leftOut += 1 }
    return !own.hasRightChecksum
  }

  /// Whether a packet has the association's tag (8.5); several that have another one show that it is another association.
  private func isFitting(_ own: inout ChunkState, _ view: PacketView) -> Bool {
    guard view.verificationTag != 0 else { return true }
    guard let tag = own.tag else {
      own.tag = view.verificationTag
      return true
    }
    if tag == view.verificationTag {
      own.strayCount = 0
      return true
    }
    own.strayCount = own.strayTag == view.verificationTag ? own.strayCount + 1 : 1
    own.strayTag = view.verificationTag
    guard own.strayCount >= limits.straysToFollow else { return false }
    own.tag = view.verificationTag
    own.strayCount = 0
    own.isStarted = own.isStarted && !own.waiting.isEmpty
    return true
  }

  private func read(
    _ view: PacketView, _ bytes: RawSpan, _ own: inout ChunkState, _ other: inout ChunkState, _ side: Side,
    _ conversation: Conversation, _ packet: PacketContext, _ counted: LedgerSum, _ isOver: inout Bool
  ) -> Reception {
    var reception = Reception.noPayload
    var isCounted = false
    /// What of the packet no message has counted yet.
    var rest = counted
    var reader = ByteReader(bytes)
    // Each step passes over four bytes at least.
    while reader.remaining >= 4 {
      let place = reader.offset
      guard let type: UInt8 = try? reader.read("chunk type"), let flags: UInt8 = try? reader.read("chunk flags"),
        let length: UInt16 = try? reader.read("chunk length"), length >= 4
      else { break }
      let count = min(Int(length) - 4, reader.remaining)
      let isCut = count < Int(length) - 4
      guard let body = try? reader.take(count, "chunk") else { break }
      try? reader.skip(min(reader.remaining, (4 - Int(length) & 3) & 3), "padding")
      switch type {
      case 0:
        guard count > 12, var chunk = Self.chunk(body, flags, isCut, packet, at: place + 16) else { continue }
        chunk.part.sum = Self.share(
          of: rest, data: count - 12, overhead: reader.offset - place - (count - 12), isFirst: !isCounted)
        let verdict = take(&own, chunk, body.extracting(12..<count), side, conversation)
        switch verdict {
        case .message:
          rest = Self.left(of: rest, behind: chunk.part.sum, isFirst: !isCounted)
          isCounted = true
        default: if !isCounted { reception = verdict }
        }
      case 64: if !isCounted { reception = .unreadChunk(type) }
      default:
        isOver = control(type, body, &own, &other, side, conversation, packet) || isOver
      }
    }
    return isCounted ? .message(rest: rest) : reception
  }

  /// What a chunk of user data counts of its packet's bytes; the first one has the packet itself, with its headers.
  private static func share(of rest: LedgerSum, data: Int, overhead: Int, isFirst: Bool) -> LedgerSum {
    let payload = min(UInt64(clamping: data), rest.payloadBytes)
    // The chunk's own header is payload to the layers below.
    let header = min(UInt64(clamping: overhead), rest.payloadBytes - payload)
    return LedgerSum(
      packets: isFirst ? rest.packets : 0, headerBytes: header + (isFirst ? rest.headerBytes : 0),
      payloadBytes: payload)
  }

  /// What is left of a packet's bytes behind such a chunk.
  private static func left(of rest: LedgerSum, behind share: LedgerSum, isFirst: Bool) -> LedgerSum {
    let header = share.headerBytes - (isFirst ? rest.headerBytes : 0)
    return LedgerSum(payloadBytes: rest.payloadBytes - share.payloadBytes - header)
  }

  private static func chunk(
    _ body: RawSpan, _ flags: UInt8, _ isCut: Bool, _ packet: PacketContext, at place: Int
  ) -> ChunkState.Chunk? {
    var reader = ByteReader(body)
    var context = packet
    context.advance(place)
    guard let number: UInt32 = try? reader.read("number"), let stream: UInt16 = try? reader.read("stream"),
      (try? reader.skip(2, "stream sequence number")) != nil,
      let identifier: UInt32 = try? reader.read("payload protocol")
    else { return nil }
    return ChunkState.Chunk(
      number: number, isUnordered: flags & 4 != 0, isBeginning: flags & 2 != 0, isEnd: flags & 1 != 0, stream: stream,
      identifier: identifier, bytes: [],
      part: MessagePart(packet: context, byteCount: reader.remaining, sum: LedgerSum(), isCut: isCut))
  }

  /// Takes what a chunk without user data says; true when the association is over.
  private func control(
    _ type: UInt8, _ body: RawSpan, _ own: inout ChunkState, _ other: inout ChunkState, _ side: Side,
    _ conversation: Conversation, _ packet: PacketContext
  ) -> Bool {
    var reader = ByteReader(body)
    guard let first: UInt32 = try? reader.read("first field") else { return type == 14 }
    switch type {
    case 1, 2:  // INIT and its answer: the tag of the other side's packets, and where this side begins
      guard (try? reader.skip(8, "window and streams")) != nil, let number: UInt32 = try? reader.read("first number")
      else { return false }
      other.tag = first
      if !own.isStarted {
        own.isStarted = true
        own.next = number
      }
    case 3, 7:  // acknowledgements
      acknowledge(&other, first, side.other, conversation, packet)
    case 6: conversation.isReset = true
    case 14: return true
    case 192:  // chunks that their sender gave up (RFC 3758, 3.2)
      guard own.isStarted, (0..<limits.chunkWindow).contains(own.distance(to: first)) else { return false }
      while let chunk = own.waiting.first, own.distance(to: chunk.number) <= own.distance(to: first) {
        if chunk.number != own.next { giveUpMessage(&own, side, conversation) }
        own.next = chunk.number
        drain(&own, side, conversation)
      }
      giveUpMessage(&own, side, conversation)
      if own.distance(to: first) >= 0 { own.next = first &+ 1 }
      drain(&own, side, conversation)
    default: break
    }
    return false
  }

  private func acknowledge(
    _ state: inout ChunkState, _ number: UInt32, _ side: Side, _ conversation: Conversation, _ packet: PacketContext
  ) {
    guard state.isStarted, state.distance(to: number) < limits.chunkWindow else { return }
    if let former = state.acknowledged, Int32(bitPattern: number &- former) <= 0 {
    } else {
      state.acknowledged = number
    }
    guard let first = state.waiting.first, let acknowledged = state.acknowledged,
      Int32(bitPattern: acknowledged &- first.number) >= -1
    else { return }
    state.packetsSinceMissed += 1
    if state.packetsSinceMissed > limits.packetsAfterAcknowledgement { passGap(&state, side, conversation) }
  }

  // MARK: Chunks

  private func take(
    _ state: inout ChunkState, _ chunk: ChunkState.Chunk, _ bytes: RawSpan, _ side: Side, _ conversation: Conversation
  ) -> Reception {
    if !state.isStarted {
      state.isStarted = true
      state.next = chunk.number
    }
    let distance = state.distance(to: chunk.number)
    guard abs(distance) <= limits.chunkWindow else { return .outOfWindow }
    guard distance >= 0 else { return .repetition(.notCompared) }
    if distance == 0 {
      process(&state, chunk, bytes, side, conversation)
      state.next &+= 1
      drain(&state, side, conversation)
      return .message(rest: LedgerSum())
    }
    let place = state.place(of: chunk.number)
    if place < state.waiting.count, state.waiting[place].number == chunk.number { return .repetition(.notCompared) }
    var waiting = chunk
    waiting.bytes = bytes.array()
    state.waiting.insert(waiting, at: place)
    state.waitingBytes += bytes.byteCount
    waitingBytes += bytes.byteCount
    while state.waitingBytes > limits.waitingBytesPerStream || state.waiting.count > limits.waitingSegmentsPerStream
      || (waitingBytes > limits.waitingBytesPerSlice && !state.waiting.isEmpty)
    {
      passGap(&state, side, conversation)
    }
    return .message(rest: LedgerSum())
  }

  /// Takes what waits as far as nothing is missing.
  private func drain(_ state: inout ChunkState, _ side: Side, _ conversation: Conversation) {
    var done = 0
    while done < state.waiting.count, state.waiting[done].number == state.next {
      let chunk = state.waiting[done]
      // Safe: the view ends before the chunk does.
      unsafe process(&state, chunk, chunk.bytes.span.bytes, side, conversation)
      state.next &+= 1
      state.waitingBytes -= chunk.bytes.count
      waitingBytes -= chunk.bytes.count
      done += 1
    }
    if done > 0 { state.waiting.removeFirst(done) }
    state.packetsSinceMissed = 0
  }

  /// Reports the chunks before the first waiting one as missing and goes on behind them.
  private func passGap(_ state: inout ChunkState, _ side: Side, _ conversation: Conversation) {
    guard let first = state.waiting.first else { return }
    giveUpMessage(&state, side, conversation)
    let missing = state.distance(to: first.number)
    if missing > 0 { receiver.chunkGap(missing, from: side, of: conversation, first.part.packet) }
    state.next = first.number
    drain(&state, side, conversation)
  }

  // MARK: Messages

  private func process(
    _ state: inout ChunkState, _ chunk: ChunkState.Chunk, _ bytes: RawSpan, _ side: Side, _ conversation: Conversation
  ) {
    if chunk.isBeginning { giveUpMessage(&state, side, conversation) }
    if chunk.isBeginning, chunk.isEnd {
      receiver.message(bytes, chunk.identifier, from: side, of: conversation, CollectionOfOne(chunk.part).map { $0 })
      return
    }
    if chunk.isBeginning {
      state.message = ChunkState.Message(
        isUnordered: chunk.isUnordered, stream: chunk.stream, identifier: chunk.identifier, bytes: bytes.array(),
        parts: [chunk.part])
      return
    }
    guard var message = state.message, message.stream == chunk.stream, message.isUnordered == chunk.isUnordered,
      message.bytes.count + bytes.byteCount <= limits.messageBytes
    else {
      giveUpMessage(&state, side, conversation)
      receiver.incompleteMessage([chunk.part], from: side, of: conversation)
      return
    }
    state.message = nil
    message.bytes += bytes.array()
    message.parts.append(chunk.part)
    if chunk.isEnd {
      // Safe: the view ends before the message does.
      unsafe receiver.message(
        message.bytes.span.bytes, message.identifier, from: side, of: conversation, message.parts)
    } else {
      state.message = message
    }
  }

  private func giveUpMessage(_ state: inout ChunkState, _ side: Side, _ conversation: Conversation) {
    guard let message = state.message else { return }
    state.message = nil
    receiver.incompleteMessage(message.parts, from: side, of: conversation)
  }

  /// Delivers all that waits, with its gaps, and says what is missing at the end.
  func flush(_ state: inout ChunkState, _ side: Side, _ conversation: Conversation) {
    while !state.waiting.isEmpty { passGap(&state, side, conversation) }
    giveUpMessage(&state, side, conversation)
    if state.isStarted, let acknowledged = state.acknowledged {
      let missing = state.distance(to: acknowledged) + 1
      let packet = PacketContext(position: conversation.lastPacket, time: conversation.lastTime, fileOffset: 0)
      if missing > 0 { receiver.chunkGap(missing, from: side, of: conversation, packet) }
    }
    if let first = state.firstWrong {
      receiver.wrongChecksums(state.wrongChecksums, state.leftOut, from: side, of: conversation, first)
    }
  }
}
