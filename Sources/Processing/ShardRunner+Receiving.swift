import ByteReading
import CaptureReading
import DecoderHosting
import DecoderKit
import EvidenceModel
import FlowAssembly
import PacketLayers

/// What the assembly makes of packets goes to the decoders of its conversation.
extension ShardRunner: ConversationReceiver {
  /// The decoders of a TCP conversation.
  func hosted(_ conversation: Conversation) -> HostedStreams {
    // Safe: only this function makes the attachment of a TCP conversation.
    if let known = conversation.attachment { return unsafe unsafeDowncast(known, to: HostedStreams.self) }
    let made = HostedStreams(
      host, initiator: conversation.initiator, responder: conversation.responder,
      hasBeginning: conversation.hasBeginning,
      at: PacketContext(position: conversation.firstPacket, time: conversation.lastTime, fileOffset: 0),
      firstPacket: conversation.firstPacket, tunnels: conversation.tunnels.name)
    conversation.attachment = made
    return made
  }

  func datagram(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
    let datagrams: HostedDatagrams
    if let known = conversation.attachment {
      // Safe: only this line makes the attachment of a UDP conversation.
      datagrams = unsafe unsafeDowncast(known, to: HostedDatagrams.self)
    } else {
      datagrams = HostedDatagrams(
        host, initiator: conversation.initiator, responder: conversation.responder, at: packet,
        tunnels: conversation.tunnels.name, protocolNumber: conversation.transport.rawValue)
      conversation.attachment = datagrams
    }
    datagrams.take(bytes, from: side, isCut: isCut, packet, counted: counted)
  }

  func bytes(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
    hosted(conversation).bytes(bytes, from: side, packet)
  }

  func gap(_ byteCount: Int, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
    hosted(conversation).gap(byteCount, from: side, packet)
  }

  func repeated(
    _ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext, first: PacketContext
  ) -> Repetition {
    guard first.fileOffset != PacketContext.scattered else { return .notCompared }
    let found = earlier.read(first.position.original, at: first.fileOffset, bytes.byteCount) { known -> Repetition in
      if known.isSame(as: bytes) { return .same }
      hosted(conversation).conflict(known, first, with: bytes, packet, from: side)
      return .different
    }
    return found ?? .notCompared
  }

  func conflict(
    _ first: RawSpan, _ firstPacket: PacketContext, with other: RawSpan, _ packet: PacketContext, from side: Side,
    of conversation: Conversation
  ) {
    hosted(conversation).conflict(first, firstPacket, with: other, packet, from: side)
  }

  func late(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
    hosted(conversation).late(bytes, from: side, packet)
  }

  func end(_ end: StreamEnd, of side: Side, _ conversation: Conversation, _ packet: PacketContext) {
    guard
      conversation.attachment != nil
        || conversation.transport == .tcp && host.expectsStream(conversation.initiator, conversation.responder)
    else { return }
    hosted(conversation).end(end, of: side, packet)
  }

  func finish(_ conversation: Conversation, because end: StreamEnd) {
    guard conversation.attachment != nil else { return }
    switch conversation.transport {
    case .tcp: hosted(conversation).finish()
    case .sctp: messages(conversation).finish()
    case .udp, .udpLite:
      (conversation.attachment as? HostedDatagrams)?.finish()
      conversation.attachment = nil
    }
  }

  // MARK: SCTP

  private func messages(_ conversation: Conversation) -> HostedMessages {
    // Safe: only this function makes the attachment of an association.
    if let known = conversation.attachment { return unsafe unsafeDowncast(known, to: HostedMessages.self) }
    let made = HostedMessages(
      host, initiator: conversation.initiator, responder: conversation.responder,
      firstPacket: conversation.firstPacket, tunnels: conversation.tunnels.name)
    conversation.attachment = made
    return made
  }

  func message(
    _ bytes: RawSpan, _ identifier: UInt32, from side: Side, of conversation: Conversation, _ parts: [MessagePart]
  ) {
    messages(conversation).take(bytes, identifier: identifier, from: side, parts)
  }

  func incompleteMessage(_ parts: [MessagePart], from side: Side, of conversation: Conversation) {
    messages(conversation).incomplete(parts, from: side)
  }

  func chunkGap(_ count: Int, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
    messages(conversation).gap(count, from: side, packet)
  }

  func wrongChecksums(
    _ count: UInt64, _ leftOut: UInt64, from side: Side, of conversation: Conversation, _ first: PacketContext
  ) {
    messages(conversation).wrongChecksums(count, unused: leftOut, from: side, first: first)
  }
}
