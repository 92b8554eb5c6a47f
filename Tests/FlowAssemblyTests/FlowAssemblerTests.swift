import EvidenceModel
import FlowAssembly
import PacketLayers
import Testing

struct FlowAssemblerTests {
  @Test func deliversInOrderAndEndsWithBothSides() {
    let wire = Wire()
    wire.open()
    #expect(wire.tcp(true, [.ack, .psh], 101, 501, ascii("hello")) == .newBytes(5))
    #expect(wire.tcp(false, [.ack], 501, 106, ascii("world")) == .newBytes(5))
    #expect(wire.tcp(true, [.ack, .fin], 106, 506) == .noPayload)
    #expect(wire.tcp(false, .ack, 506, 107, ascii("more")) == .newBytes(4), "half-closed")
    wire.tcp(false, [.ack, .fin], 510, 107)
    #expect(wire.tcp(true, .ack, 107, 511) == .noPayload)
    #expect(
      wire.log == [
        "initiator hello @4+0", "responder world @5+0", "initiator finished", "responder more @7+0",
        "responder finished",
        "over: finished",
      ])
    wire.finishAll()
    #expect(wire.conversations == 1)
  }

  @Test func deliversEachByteOnceAndTheFirst() {
    let wire = Wire()
    wire.open()
    wire.tcp(true, .ack, 101, 501, ascii("abcd"))
    #expect(wire.tcp(true, .ack, 101, 501, ascii("abcd")) == .retransmission)
    #expect(wire.tcp(true, .ack, 103, 501, ascii("XXef")) == .newBytes(2))
    #expect(wire.log == ["initiator abcd @4+0", "initiator ef @6+2"])
    // Of two versions of waiting bytes the first stays as well.
    #expect(wire.tcp(true, .ack, 111, 501, ascii("kl")) == .newBytes(2))
    #expect(wire.tcp(true, .ack, 109, 501, ascii("ijXXmn")) == .newBytes(4))
    #expect(wire.tcp(true, .ack, 110, 501, ascii("YYY")) == .repetition(.different))
    #expect(wire.tcp(true, .ack, 107, 501, ascii("ghZ")) == .newBytes(2))
    let text = (wire.streams[.initiator] ?? []).map { $0 ?? 0x2e }
    #expect(String(decoding: text, as: UTF8.self) == "abcdefghijklmn")
  }

  @Test func goesOnBeyondTheLastSequenceNumber() {
    let wire = Wire()
    wire.open(0xffff_fffc)
    wire.tcp(true, .ack, 1, 501, ascii("efgh"))
    wire.tcp(true, .ack, 0xffff_fffd, 501, ascii("abcd"))
    #expect(wire.log == ["initiator abcd @5+0", "initiator efgh @4+0"])
  }

  @Test func startsInTheMiddleOfAStream() {
    let wire = Wire()
    wire.tcp(false, .ack, 9_000, 70, ascii("middle"))
    wire.tcp(true, .ack, 70, 9_006, ascii("reply"))
    wire.finishAll()
    #expect(
      wire.log == [
        "initiator middle @1+0", "responder reply @2+0", "initiator captureEnd", "responder captureEnd",
        "over: captureEnd",
      ])
  }

  @Test func takesTheAnswerFirst() {
    let wire = Wire()
    wire.tcp(false, [.syn, .ack], 500, 101)
    wire.tcp(true, .syn, 100)
    wire.tcp(true, .ack, 104, 501, ascii("def"))
    wire.tcp(true, .ack, 101, 501, ascii("abc"))
    #expect(wire.log == ["initiator abc @4+0", "initiator def @3+0"])
    wire.finishAll()
    #expect(wire.conversations == 1)
  }

  @Test func knowsTheBeginningOfASideWithoutSYN() {
    let wire = Wire()
    wire.tcp(true, .syn, 100)
    wire.tcp(true, .ack, 101, 501)
    wire.tcp(false, .ack, 504, 101, ascii("def"))
    wire.finishAll()
    #expect(wire.log.prefix(3) == ["initiator captureEnd", "responder gap 3", "responder def @3+0"])
  }

  @Test func deliversTheDataOfAFastOpen() {
    let wire = Wire()
    wire.tcp(true, .syn, 100, 0, ascii("early"))
    wire.tcp(false, [.syn, .ack], 500, 106)
    wire.tcp(true, .ack, 106, 501, ascii("late"))
    #expect(wire.log == ["initiator early @1+0", "initiator late @3+0"])
  }

  @Test func opensSimultaneously() {
    let wire = Wire()
    wire.tcp(true, .syn, 100)
    wire.tcp(false, .syn, 500)
    wire.tcp(true, [.syn, .ack], 100, 501)
    wire.tcp(false, [.syn, .ack], 500, 101)
    wire.tcp(true, .ack, 101, 501, ascii("a"))
    wire.tcp(false, .ack, 501, 102, ascii("b"))
    #expect(wire.log == ["initiator a @5+0", "responder b @6+0"])
  }

  @Test func passesAGapThatTheOtherSideAcknowledged() {
    let wire = Wire { $0.packetsAfterAcknowledgement = 3 }
    wire.open()
    wire.tcp(true, .ack, 105, 501, ascii("efgh"))
    for _ in 0..<10 { wire.tcp(false, .ack, 501, 101) }
    #expect(wire.log.isEmpty, "nobody acknowledged the missing bytes")
    for _ in 0..<3 { wire.tcp(false, .ack, 501, 109) }
    #expect(wire.log.isEmpty)
    wire.tcp(false, .ack, 501, 109)
    #expect(wire.log == ["initiator gap 4", "initiator efgh @4+0"])
  }

  @Test func passesAGapAtEachLimit() {
    let changes: [(inout FlowLimits) -> Void] = [
      { $0.waitingBytesPerStream = 10 }, { $0.waitingSegmentsPerStream = 3 }, { $0.waitingBytesPerSlice = 10 },
    ]
    for change in changes {
      let wire = Wire(change)
      wire.open()
      for place in 1...4 as ClosedRange<UInt32> { wire.tcp(true, .ack, 101 + place * 10, 501, ascii("abc")) }
      #expect(wire.log.prefix(2) == ["initiator gap 10", "initiator abc @4+0"])
      wire.tcp(true, .ack, 101, 501, ascii("late"))
      wire.finishAll()
      #expect(wire.streams[.initiator]?.count == 43)
    }
  }

  @Test func reportsWhatIsMissingAtTheEnd() {
    let beforeFinish = Wire()
    beforeFinish.open()
    beforeFinish.tcp(true, [.ack, .fin], 151, 501)
    beforeFinish.finishAll()
    #expect(beforeFinish.log.prefix(2) == ["initiator gap 50", "initiator captureEnd"])
    let acknowledged = Wire()
    acknowledged.open()
    acknowledged.tcp(true, .ack, 101, 501, ascii("abc"))
    acknowledged.tcp(false, .ack, 501, 204)
    acknowledged.finishAll()
    #expect(acknowledged.log.prefix(3) == ["initiator abc @4+0", "initiator gap 100", "initiator captureEnd"])
    let complete = Wire()
    complete.open()
    complete.tcp(true, .ack, 101, 501, ascii("abc"))
    complete.tcp(false, .ack, 501, 105)
    complete.finishAll()
    #expect(complete.log.prefix(2) == ["initiator abc @4+0", "initiator captureEnd"], "one more is the FIN's number")
  }

  @Test func countsWhatTheRecorderCutAsMissing() {
    let wire = Wire()
    wire.open()
    wire.tcp(true, .ack, 101, 501, ascii("abc"), announced: 10)
    wire.tcp(true, [.ack, .fin], 111, 501, ascii("xyz"))
    wire.finishAll()
    #expect(wire.log.prefix(3) == ["initiator abc @4+0", "initiator gap 7", "initiator xyz @5+0"])
  }

  @Test func believesOnlyACredibleReset() {
    let wire = Wire { $0.window = 1_000 }
    wire.open()
    wire.tcp(true, .ack, 101, 501, ascii("abc"))
    wire.tcp(false, .rst, 50_000)
    wire.tcp(true, .ack, 104, 501, ascii("def"))
    #expect(wire.log == ["initiator abc @4+0", "initiator def @6+0"])
    wire.tcp(false, .rst, 501)
    #expect(wire.tcp(true, .ack, 107, 501, ascii("ghi")) == .newBytes(3), "it was under way, or the reset was forged")
    wire.time = 31_000_000_000
    for port in 2_000..<2_100 as Range<UInt16> { wire.udp(true, port: port) }
    #expect(
      wire.log.filter { !$0.hasSuffix("datagram 1") }.suffix(3) == [
        "initiator reset", "responder reset", "over: reset",
      ])
    let tail = Wire()
    tail.open()
    tail.tcp(true, [.ack, .fin], 101, 501)
    tail.tcp(false, [.ack, .fin], 501, 102)
    #expect(tail.tcp(true, .ack, 102, 502, ascii("ghi")) == .afterEnd)
    #expect(tail.tcp(true, .ack, 102, 502) == .noPayload)
  }

  @Test func doesNotBelieveAFinishOfAnOlderConnection() {
    let wire = Wire()
    wire.open()
    wire.tcp(true, .ack, 101, 501, ascii("abcdef"))
    wire.tcp(true, [.ack, .fin], 90, 501)
    wire.tcp(true, .ack, 107, 501, ascii("ghi"))
    #expect(wire.log == ["initiator abcdef @4+0", "initiator ghi @6+0"])
  }

  @Test func beginsAnewWhenPortsAreUsedAgain() {
    let wire = Wire()
    wire.open()
    wire.tcp(true, .ack, 101, 501, ascii("one"))
    wire.tcp(true, .syn, 100)
    #expect(wire.conversations == 0, "a SYN that is repeated begins nothing")
    wire.open(900_000, 7_000)
    wire.tcp(true, .ack, 900_001, 7_001, ascii("two"))
    #expect(wire.log == ["initiator one @4+0", "initiator idle", "responder idle", "over: idle", "initiator two @9+0"])
    wire.tcp(false, .rst, 7_001)
    wire.open(900_000, 7_000)
    wire.tcp(true, .ack, 900_001, 7_001, ascii("three"))
    #expect(wire.log.last == "initiator three @14+0", "after the end any SYN begins")
    wire.tcp(true, .rst, 900_006)
    wire.tcp(false, .syn, 20)
    wire.tcp(false, .ack, 21, 1, ascii("four"))
    #expect(wire.log.last == "initiator four @17+0", "also from the other side")
  }

  @Test func followsAStreamThatWentOnElsewhere() {
    let wire = Wire { $0.window = 1_000 }
    wire.open()
    wire.tcp(true, .ack, 101, 501, ascii("abc"))
    #expect(wire.tcp(true, .ack, 500_000, 501, ascii("stray")) == .outOfWindow)
    wire.tcp(true, .ack, 104, 501, ascii("def"))
    #expect(wire.tcp(true, .ack, 700_000, 501, ascii("x")) == .outOfWindow)
    #expect(wire.tcp(true, .ack, 700_001, 501, ascii("y")) == .outOfWindow)
    #expect(wire.tcp(true, .ack, 700_002, 501, ascii("z")) == .newBytes(1))
    wire.tcp(true, .ack, 700_003, 501, ascii("!"))
    #expect(
      wire.log == [
        "initiator abc @4+0", "initiator def @6+0", "initiator gap \(700_002 - 107)", "initiator z @9+0",
        "initiator ! @10+0",
      ])
    for (place, text) in ["1", "2", "3"].enumerated() { wire.tcp(true, .ack, 50 + UInt32(place), 501, ascii(text)) }
    #expect(wire.log.suffix(2) == ["initiator gap 2", "initiator 3 @13+0"], "never without a gap")
  }

  @Test func endsIdleConversationsByTheTimeOfTheCapture() {
    let wire = Wire()
    wire.udp(true)
    wire.udp(false)
    wire.time = 61_000_000_000
    for port in 2_000..<2_100 as Range<UInt16> { wire.udp(true, port: port) }
    #expect(wire.log.contains("over: idle") && wire.openCount == 100)
    // Time that goes backwards ends nothing.
    wire.time = 1_000_000_000
    for port in 3_000..<3_100 as Range<UInt16> { wire.udp(true, port: port) }
    #expect(wire.openCount == 200)
    wire.finishAll()
    #expect(wire.conversations == 201 && wire.openCount == 0)
  }

  @Test func aCrowdedSliceWaitsLess() {
    let wire = Wire {
      $0.crowdedConversations = 50
      $0.freshPerSlice = 10_000
    }
    wire.open(port: 9)
    for _ in 0..<8 { wire.udp(true, port: 8) }
    // Each is silent for ever; a thousand a second.
    for port in 1_000..<41_000 as Range<UInt16> {
      wire.time += 1_000_000
      wire.udp(true, port: port)
      #expect(wire.openCount <= 8_100)
    }
    #expect(wire.crowdedOut == 0 && wire.openCount > 5_000, "for 5 seconds they are waited for")
    wire.udp(false, port: 8)
    wire.tcp(false, .ack, 501, 101, ascii("late"), port: 9)
    wire.finishAll()
    #expect(wire.conversations == 40_002, "what is established stays")
  }

  @Test func keepsConversationsWithoutTimes() {
    let wire = Wire()
    wire.time = 100_000_000_000
    wire.udp(true, port: 1)
    wire.time = .min
    wire.udp(true, port: 2)
    wire.time = 120_000_000_000
    for port in 2_000..<2_100 as Range<UInt16> { wire.udp(true, port: port) }
    #expect(wire.openCount == 102)
  }

  @Test func makesRoomWhenThereAreTooMany() {
    let wire = Wire { $0.conversationsPerSlice = 16 }
    for port in 1...100 as ClosedRange<UInt16> {
      wire.time += 1_000
      wire.udp(true, port: port)
    }
    #expect(wire.openCount <= 16 && wire.crowdedOut == 100 - wire.openCount)
    wire.finishAll()
    #expect(wire.conversations == 100)
    #expect(wire.log.filter { $0.hasSuffix("datagram 1") }.count == 100)
  }

  /// Whoever forges senders makes conversations of one packet; what is under way does not give way to them.
  @Test func aFloodOfForgedSendersCostsOnlyItself() {
    let wire = Wire { $0.freshPerSlice = 16 }
    wire.open(port: 9)
    for _ in 0..<8 { wire.udp(true, port: 8) }
    for port in 1_000..<3_000 as Range<UInt16> {
      wire.time += 1_000
      if port.isMultiple(of: 2) { wire.udp(true, port: port) } else { wire.tcp(true, .syn, 7, 0, port: port) }
      #expect(wire.openCount <= 18)
    }
    #expect(wire.crowdedOut > 1_900)
    wire.udp(false, port: 8)
    wire.tcp(false, .ack, 501, 101, ascii("late"), port: 9)
    wire.finishAll()
    #expect(wire.conversations == 2_002, "what is under way stays")
  }

  @Test func keepsConversationsApart() {
    let wire = Wire()
    for port in 1...50 as ClosedRange<UInt16> { wire.open(UInt32(port) * 1_000, 5, port: port) }
    for step in 0..<20 as Range<UInt32> {
      for port in 1...50 as ClosedRange<UInt16> {
        wire.tcp(true, .ack, UInt32(port) * 1_000 + 1 + step, 6, [UInt8(port)], port: port)
        wire.udp(true, port: port)
      }
    }
    wire.finishAll()
    #expect(wire.conversations == 100)
    #expect(wire.log.filter { $0.hasSuffix("datagram 1") }.count == 1_000)
    #expect(wire.streams[.initiator]?.count == 1_000)
  }

  /// An answer with another number, after the end: its SYN was not captured.
  @Test func anAnswerAfterTheEndBeginsAnew() {
    let wire = Wire()
    wire.tcp(true, .syn, 100)
    wire.tcp(false, [.rst, .ack], 0, 101)
    wire.tcp(false, [.fin, .ack], 0, 101)
    wire.tcp(true, .rst, 101)
    wire.tcp(false, [.syn, .ack], 26_175, 101)
    wire.tcp(true, [.psh, .ack], 101, 26_176, ascii("GET"))
    wire.tcp(false, [.psh, .ack], 26_176, 104, ascii("200"))
    wire.finishAll()
    #expect(wire.streams[.initiator] == ascii("GET") && wire.streams[.responder] == ascii("200"))
    #expect(wire.conversations == 2)
  }

  @Test func aRepeatedAnswerBeginsNothing() {
    let wire = Wire()
    wire.open()
    wire.tcp(true, [.fin, .ack], 101, 501)
    wire.tcp(false, [.fin, .ack], 501, 102)
    wire.tcp(false, [.syn, .ack], 500, 101)
    wire.tcp(false, [.psh, .ack], 501, 102, ascii("late"))
    wire.finishAll()
    #expect(wire.conversations == 1 && wire.streams[.responder] == nil)
  }

  /// A FIN that stands before bytes which came already, as somebody may forge it, does not part them from their stream.
  @Test func bytesBehindAFinishComeBeforeTheEnd() {
    let wire = Wire()
    wire.open()
    wire.tcp(true, .ack, 111, 501, ascii("waiting"))
    wire.tcp(true, [.fin, .ack], 101, 501)
    wire.finishAll()
    #expect(
      wire.log == [
        "initiator gap 10", "initiator waiting @4+0", "initiator finished", "responder captureEnd", "over: captureEnd",
      ])
  }

  /// Long after the end, with numbers of its own and no handshake: another conversation, in the middle.
  @Test func dataFarFromTheEndBeginsAnew() {
    let wire = Wire()
    wire.open()
    wire.tcp(true, [.fin, .ack], 101, 501)
    wire.tcp(false, [.fin, .ack], 501, 102)
    #expect(wire.tcp(true, [.psh, .ack], 1_000_000_000, 7, ascii("new")) == .newBytes(3))
    #expect(wire.tcp(false, [.psh, .ack], 600, 1_000_000_003, ascii("old")) == .newBytes(3))
    wire.finishAll()
    #expect(wire.conversations == 2)
  }
}
