import DecoderHosting
import DecoderKit
import Testing

struct HostedMessagesTests {
  private static func part(_ number: UInt64, _ count: Int, counted: Bool = true, cut: Bool = false) -> MessagePart {
    MessagePart(
      packet: Stage.packet(number), byteCount: count,
      sum: LedgerSum(packets: counted ? 1 : 0, payloadBytes: UInt64(count)), isCut: cut)
  }

  /// Every packet is counted once, in the row of the first message that it brought; bytes stand with their own.
  @Test func countsPacketsOnceAndNamesPayloadProtocols() {
    let output = Output()
    let host = DecoderHost([], output: output)
    let messages = HostedMessages(
      host, initiator: Stage.client, responder: Stage.server, firstPacket: Stage.packet(1).position)
    // Safe: the views end with each call.
    unsafe messages.take([1, 2, 3].span.bytes, identifier: 18, from: .initiator, [Self.part(2, 3)])
    unsafe messages.take([4].span.bytes, identifier: 0, from: .initiator, [Self.part(2, 1, counted: false)])
    unsafe messages.take(
      [1, 2, 3, 4, 5].span.bytes, identifier: 60, from: .responder, [Self.part(3, 2), Self.part(4, 3)])
    unsafe messages.take([9].span.bytes, identifier: 4_711, from: .responder, [Self.part(5, 1, cut: true)])
    messages.incomplete([Self.part(6, 7)], from: .initiator)
    messages.gap(2, from: .initiator, Stage.packet(7))
    messages.wrongChecksums(3, unused: 1, from: .responder, first: Stage.packet(8))
    messages.finish()
    #expect(
      output.rows == [
        "unclaimed sctp S1AP": .init(packets: 1, bytes: 3), "unclaimed sctp/25": .init(packets: 0, bytes: 1),
        "unclaimed sctp NGAP": .init(packets: 2, bytes: 5), "truncated ": .init(packets: 1, bytes: 1),
        "fragment incomplete": .init(packets: 1, bytes: 7),
      ])
    #expect(output.findings == ["sctp/incompleteMessage", "sctp/gap", "sctp/checksum"])
    #expect(output.texts("finding", "transport") == ["sctp", "sctp", "sctp"])
  }
}
