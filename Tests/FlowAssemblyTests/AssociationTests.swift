import ByteReading
import EvidenceModel
import FlowAssembly
import PacketLayers
import Testing

struct AssociationTests {
  /// An association between A and B, and what comes of it.
  final class Wire: ConversationReceiver {
    var log: [String] = []
    var provenance: [String] = []
    var counted = 0
    /// What the packets count, and what came back to be counted.
    private(set) var sent = LedgerSum()
    var ledger = LedgerSum()
    var isBalanced: Bool {
      sent.packets == ledger.packets
        && sent.headerBytes + sent.payloadBytes == ledger.headerBytes + ledger.payloadBytes
    }
    private var assembler: FlowAssembler?
    private(set) var number: UInt64 = 0

    init(_ change: (inout FlowLimits) -> Void = { _ in }) {
      var limits = FlowLimits()
      change(&limits)
      assembler = FlowAssembler(limits: limits, receiver: self)
    }

    @discardableResult
    func send(
      _ fromA: Bool, _ chunks: [UInt8]..., tag: UInt32? = nil, checksum: PacketView.ChecksumVerdict = .right
    ) -> Reception {
      number += 1
      let bytes = chunks.flatMap { $0 + [UInt8](repeating: 0, count: (4 - $0.count % 4) % 4) }
      var view = PacketView()
      view.outcome = .transport
      view.transport = .sctp
      view.hasAddresses = true
      view.source = InternetAddress(version4: fromA ? 1 : 2)
      view.destination = InternetAddress(version4: fromA ? 2 : 1)
      view.sourcePort = fromA ? 1_000 : 36_412
      view.destinationPort = fromA ? 36_412 : 1_000
      view.verificationTag = tag ?? (fromA ? 0xb : 0xa)
      view.payloadCount = bytes.count
      let packet = PacketContext(
        position: PacketPosition(original: 1, packet: number), time: CaptureTime(nanoseconds: Int64(number)),
        fileOffset: number * 1_000)
      // Safe: the view ends with this call.
      let sum = LedgerSum(packets: 1, headerBytes: 46, payloadBytes: UInt64(bytes.count))
      sent += sum
      let reception =
        unsafe assembler?.take(view, bytes.span.bytes, packet, checksum: checksum, counted: sum).0 ?? .noPayload
      if case .message(let rest) = reception { ledger += rest } else { ledger += sum }
      return reception
    }

    /// The handshake: A's chunks begin at 10, B's at 50.
    func open() {
      send(true, chunk(1, big(0xa) + big(65_536) + [0, 2, 0, 2] + big(10)), tag: 0)
      send(false, chunk(2, big(0xb) + big(65_536) + [0, 2, 0, 2] + big(50)))
      send(true, chunk(10, [1, 2, 3]))
      send(false, chunk(11, []))
    }
    func finish() {
      assembler?.finishAll()
      #expect(isBalanced, "every byte counts once")
    }

    func datagram(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext) {}
    func bytes(_ bytes: RawSpan, from side: Side, of conversation: Conversation, _ packet: PacketContext) {}
    func gap(_ byteCount: Int, from side: Side, of conversation: Conversation, _ packet: PacketContext) {}
    func end(_ end: StreamEnd, of side: Side, _ conversation: Conversation, _ packet: PacketContext) {}
    func finish(_ conversation: Conversation, because end: StreamEnd) { log.append("over: \(end)") }
    func message(
      _ bytes: RawSpan, _ identifier: UInt32, from side: Side, of conversation: Conversation, _ parts: [MessagePart]
    ) {
      #expect(parts.reduce(0) { $0 + $1.byteCount } == bytes.byteCount)
      counted += parts.reduce(0) { $0 + Int($1.sum.packets) }
      for part in parts { ledger += part.sum }
      log.append("\(side) \(identifier) \(String(repairing: bytes))")
      provenance.append(
        parts.map { "\($0.packet.position.packet)+\($0.packet.fileOffset % 1_000)" }.joined(separator: ","))
    }
    func incompleteMessage(_ parts: [MessagePart], from side: Side, of conversation: Conversation) {
      counted += parts.reduce(0) { $0 + Int($1.sum.packets) }
      for part in parts { ledger += part.sum }
      log.append("\(side) incomplete \(parts.count)")
    }
    func chunkGap(_ count: Int, from side: Side, of conversation: Conversation, _ packet: PacketContext) {
      log.append("\(side) gap \(count)")
    }
    func wrongChecksums(
      _ count: UInt64, _ leftOut: UInt64, from side: Side, of conversation: Conversation, _ first: PacketContext
    ) { log.append("\(side) wrong \(count) \(leftOut) @\(first.position.packet)") }
  }

  static func big(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))) }
  }
  static func chunk(_ type: UInt8, _ body: [UInt8], flags: UInt8 = 0) -> [UInt8] {
    [type, flags, 0, UInt8(body.count + 4)] + body
  }
  /// `BE` whole, `B`, `-` and `E` pieces, `U` unordered.
  static func data(_ number: UInt32, _ text: String, _ kind: String = "BE", stream: UInt8 = 0, protocol: UInt32 = 18)
    -> [UInt8]
  {
    let flags: UInt8 = (kind.contains("U") ? 4 : 0) | (kind.contains("B") ? 2 : 0) | (kind.contains("E") ? 1 : 0)
    return chunk(0, big(number) + [0, stream, 0, 0] + big(`protocol`) + Array(text.utf8), flags: flags)
  }
  static func acknowledge(_ number: UInt32) -> [UInt8] { chunk(3, big(number) + big(65_536) + [0, 0, 0, 0]) }

  @Test func deliversMessagesInOrder() {
    let wire = Wire()
    wire.open()
    #expect(wire.send(true, Self.data(10, "one"), Self.data(11, "two!", stream: 1, protocol: 46)).isMessage)
    #expect(wire.send(false, Self.acknowledge(11), Self.data(50, "answer")).isMessage)
    #expect(wire.send(true, Self.acknowledge(50)) == .noPayload)
    #expect(wire.send(true, Self.data(13, "four")).isMessage)
    #expect(wire.send(true, Self.data(13, "four")) == .repetition(.notCompared))
    #expect(wire.send(true, Self.data(12, "three", "BEU")).isMessage)
    #expect(wire.send(true, Self.data(10, "one")) == .repetition(.notCompared))
    #expect(
      wire.log == [
        "initiator 18 one", "initiator 46 two!", "responder 18 answer", "initiator 18 three", "initiator 18 four",
      ])
    #expect(wire.provenance == ["5+16", "5+36", "6+32", "10+16", "8+16"])
    #expect(wire.counted == 4, "each packet once")
    #expect(wire.send(true, Self.chunk(14, [])) == .noPayload)
    #expect(wire.log.last == "over: finished")
    #expect(wire.isBalanced, "every byte counts once")
  }

  @Test func putsPiecesTogether() {
    let wire = Wire()
    wire.open()
    wire.send(true, Self.data(12, "ght", "E"))
    wire.send(true, Self.data(10, "ei", "B"), Self.data(11, "gh", "-"))
    wire.send(true, Self.data(13, "whole"))
    #expect(wire.log == ["initiator 18 eighght", "initiator 18 whole"])
    #expect(wire.provenance.first == "6+16,6+36,5+16" && wire.counted == 3)
  }

  @Test func saysWhatIsMissing() {
    let wire = Wire { $0.packetsAfterAcknowledgement = 2 }
    wire.open()
    wire.send(true, Self.data(10, "begun", "B"))
    wire.send(true, Self.data(13, "end", "E"))
    wire.send(true, Self.data(14, "next"))
    for _ in 0..<2 { wire.send(false, Self.acknowledge(14)) }
    #expect(wire.log.isEmpty)
    wire.send(false, Self.acknowledge(14))
    #expect(wire.log == ["initiator incomplete 1", "initiator gap 2", "initiator incomplete 1", "initiator 18 next"])
    wire.send(false, Self.acknowledge(16))
    wire.finish()
    #expect(wire.log.suffix(2) == ["initiator gap 2", "over: captureEnd"] && wire.counted == 3)
    let other = Wire()
    other.open()
    other.send(true, Self.data(10, "a", "B"))
    other.send(true, Self.data(11, "b", "E", stream: 1))
    #expect(other.log == ["initiator incomplete 1", "initiator incomplete 1"], "pieces of two streams")
  }

  /// A sender may give chunks up (RFC 3758): they are not missing.
  @Test func goesOnBehindWhatTheSenderGaveUp() {
    let wire = Wire()
    wire.open()
    wire.send(true, Self.data(10, "be", "B"))
    wire.send(true, Self.data(12, "after", "BE"))
    wire.send(true, Self.data(14, "last"))
    wire.send(true, Self.chunk(192, Self.big(13)))
    #expect(wire.log == ["initiator incomplete 1", "initiator 18 after", "initiator 18 last"])
  }

  @Test func startsInTheMiddleAndGoesOnBeyondTheLastNumber() {
    let wire = Wire()
    wire.send(false, Self.data(0xffff_ffff, "one"))
    wire.send(false, Self.data(1, "three"))
    wire.send(false, Self.data(0, "two"))
    wire.finish()
    #expect(wire.log == ["initiator 18 one", "initiator 18 two", "initiator 18 three", "over: captureEnd"])
  }

  @Test func leavesOutWhatItsReceiverWouldHaveDiscarded() {
    let wire = Wire()
    wire.open()
    #expect(wire.send(true, Self.data(10, "false"), checksum: .wrong) == .wrongChecksum)
    #expect(wire.send(true, Self.data(10, "true")).isMessage)
    #expect(wire.send(true, Self.data(11, "other"), tag: 99) == .outOfWindow)
    #expect(wire.send(true, Self.data(11, "own")).isMessage)
    #expect(wire.send(true, Self.data(11 + 70_000, "far")) == .outOfWindow)
    wire.finish()
    #expect(wire.log == ["initiator 18 true", "initiator 18 own", "initiator wrong 1 1 @5", "over: captureEnd"])
    let offloaded = Wire()
    offloaded.send(true, Self.data(10, "sent"), checksum: .wrong)
    offloaded.send(true, Self.data(11, "here"), checksum: .wrong)
    offloaded.finish()
    #expect(offloaded.log.prefix(3) == ["initiator 18 sent", "initiator 18 here", "initiator wrong 2 0 @1"])
  }

  @Test func anotherHandshakeBeginsAnew() {
    let wire = Wire()
    wire.open()
    wire.send(true, Self.data(10, "one"))
    wire.send(true, Self.chunk(1, Self.big(0xa) + Self.big(0) + [0, 2, 0, 2] + Self.big(10)), tag: 0)
    #expect(wire.log == ["initiator 18 one"], "repeated")
    wire.send(true, Self.chunk(1, Self.big(0xc) + Self.big(0) + [0, 2, 0, 2] + Self.big(700)), tag: 0)
    wire.send(true, Self.data(700, "two"), tag: 0xd)
    #expect(wire.log == ["initiator 18 one", "over: idle", "initiator 18 two"])
  }

  @Test func boundsWhatWaits() {
    let wire = Wire {
      $0.waitingSegmentsPerStream = 3
      $0.messageBytes = 8
    }
    wire.open()
    for number in 11...14 as ClosedRange<UInt32> { wire.send(true, Self.data(number, "x")) }
    #expect(wire.log.first == "initiator gap 1" && wire.log.count == 5)
    wire.send(true, Self.data(15, "12345", "B"))
    wire.send(true, Self.data(16, "67890", "E"))
    #expect(wire.log.suffix(2) == ["initiator incomplete 1", "initiator incomplete 1"])
    #expect(wire.send(true, Self.chunk(64, [1, 2, 3, 4])) == .unreadChunk(64))
  }

  @Test func neverTrapsOnAnyChunk() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2_000 {
      let wire = Wire()
      wire.open()
      for _ in 0..<6 {
        let type = [0, 1, 2, 3, 6, 7, 14, 64, 192, 255].randomElement(using: &generator) ?? 0
        let body = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
          UInt8.random(in: 0...255, using: &generator)
        }
        var bytes = Self.chunk(UInt8(type), body, flags: .random(in: 0...7, using: &generator))
        bytes[3] = .random(in: 0...40, using: &generator)
        wire.send(.random(using: &generator), bytes)
      }
      wire.finish()
    }
  }
}

private func chunk(_ type: UInt8, _ body: [UInt8]) -> [UInt8] { AssociationTests.chunk(type, body) }
private func big(_ value: UInt32) -> [UInt8] { AssociationTests.big(value) }

extension Reception {
  fileprivate var isMessage: Bool { if case .message = self { true } else { false } }
}
