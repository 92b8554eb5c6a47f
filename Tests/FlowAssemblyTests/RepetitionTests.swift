import EvidenceModel
import FlowAssembly
import PacketLayers
import Testing

struct RepetitionTests {
  @Test func keepsBothVersionsOfBytesThatDiffer() {
    let wire = Wire()
    wire.open()
    wire.tcp(true, .ack, 101, 501, ascii("abcdef"))
    #expect(wire.tcp(true, .ack, 101, 501, ascii("abcdef")) == .retransmission)
    #expect(wire.conflicts.isEmpty)
    #expect(wire.tcp(true, .ack, 103, 501, ascii("cXe")) == .repetition(.different))
    #expect(wire.tcp(true, .ack, 104, 501, ascii("Yefgh")) == .newBytes(2), "only the part that was there is compared")
    #expect(wire.conflicts == ["cde/cXe @4+2/6+0", "def/Yef @4+3/7+0"])
    #expect(wire.log == ["initiator abcdef @4+0", "initiator gh @7+3"], "what came first stays")
  }

  @Test func comparesAcrossSegments() {
    let wire = Wire()
    wire.open()
    for (place, text) in ["ab", "cd", "ef"].enumerated() {
      wire.tcp(true, .ack, 101 + 2 * UInt32(place), 501, ascii(text))
    }
    #expect(wire.tcp(true, .ack, 101, 501, ascii("abcdef")) == .retransmission)
    #expect(wire.tcp(true, .ack, 102, 501, ascii("bcdX")) == .repetition(.different))
    #expect(wire.conflicts == ["e/X @6+0/8+3"])
  }

  @Test func comparesBytesThatWait() {
    let wire = Wire()
    wire.open()
    wire.tcp(true, .ack, 105, 501, ascii("efgh"))
    #expect(wire.tcp(true, .ack, 105, 501, ascii("efgh")) == .retransmission)
    #expect(wire.tcp(true, .ack, 106, 501, ascii("XX")) == .repetition(.different))
    #expect(wire.tcp(true, .ack, 101, 501, ascii("abcdYY")) == .newBytes(4))
    #expect(wire.conflicts == ["fg/XX @4+1/6+0", "ef/YY @4+0/7+4"])
    #expect(wire.tcp(true, .ack, 101, 501, ascii("abcdefgh")) == .retransmission, "what waited is remembered as well")
  }

  @Test func comparesBeyondTheLastSequenceNumber() {
    let wire = Wire()
    wire.open(0xffff_fffc)
    wire.tcp(true, .ack, 0xffff_fffd, 501, ascii("abcdef"))
    #expect(wire.tcp(true, .ack, 0xffff_fffe, 501, ascii("bcXe")) == .repetition(.different))
    #expect(wire.tcp(true, .ack, 1, 501, ascii("Ef")) == .repetition(.different))
    #expect(wire.conflicts == ["bcde/bcXe @4+1/5+0", "ef/Ef @4+4/6+0"])
  }

  @Test func comparesTheDataOfAFastOpen() {
    let wire = Wire()
    wire.tcp(true, .syn, 100, 0, ascii("early"))
    #expect(wire.tcp(true, .syn, 100, 0, ascii("early")) == .retransmission)
    #expect(wire.tcp(true, .syn, 100, 0, ascii("Early")) == .repetition(.different))
  }

  /// A keep-alive repeats the byte before the next one, with any content.
  @Test func aKeepAliveIsNoOtherVersion() {
    let wire = Wire()
    wire.open()
    wire.tcp(true, .ack, 101, 501, ascii("abc"))
    #expect(wire.tcp(true, .ack, 103, 501, [0]) == .repetition(.keepAlive))
    #expect(wire.tcp(true, .ack, 103, 501) == .noPayload)
    #expect(wire.tcp(true, .ack, 104, 501, ascii("def")) == .newBytes(3))
    #expect(wire.conflicts.isEmpty)
  }

  /// A probe of a closed window brings the next byte, which comes again when the window opens.
  @Test func aWindowProbeIsUsedOnce() {
    let wire = Wire()
    wire.open()
    wire.tcp(true, .ack, 101, 501, ascii("abc"))
    wire.tcp(false, .ack, 501, 104)
    #expect(wire.tcp(true, .ack, 104, 501, ascii("d")) == .newBytes(1))
    wire.tcp(false, .ack, 501, 104)
    #expect(wire.tcp(true, .ack, 104, 501, ascii("def")) == .newBytes(2))
    #expect(wire.log == ["initiator abc @4+0", "initiator d @6+0", "initiator ef @8+1"] && wire.conflicts.isEmpty)
  }

  @Test func saysWhatItCannotCompare() {
    let wire = Wire { $0.rememberedSegments = 4 }
    wire.open()
    for place in 0..<8 as Range<UInt32> { wire.tcp(true, .ack, 101 + place, 501, [UInt8(ascii: "a") + UInt8(place)]) }
    #expect(wire.tcp(true, .ack, 101, 501, ascii("aXc")) == .repetition(.notCompared))
    #expect(wire.tcp(true, .ack, 104, 501, ascii("deXgh")) == .repetition(.different), "as far as it is remembered")
    #expect(wire.tcp(true, .ack, 104, 501, ascii("defgh")) == .repetition(.notCompared))
    #expect(wire.conflicts == ["f/X @9+0/13+2"])
    let steps = Wire { $0.comparedSegments = 2 }
    steps.open()
    for place in 0..<8 as Range<UInt32> { steps.tcp(true, .ack, 101 + place, 501, [65]) }
    #expect(steps.tcp(true, .ack, 101, 501, ascii("AAAAAAAA")) == .repetition(.notCompared))
  }

  @Test func keepsBytesThatCameTooLate() {
    let wire = Wire { $0.waitingBytesPerStream = 10 }
    wire.open()
    wire.tcp(true, .ack, 101, 501, ascii("ab"))
    wire.tcp(true, .ack, 107, 501, ascii("ghijklmnopqrst"))
    #expect(wire.log.suffix(2) == ["initiator gap 4", "initiator ghijklmnopqrst @5+0"])
    #expect(wire.tcp(true, .ack, 101, 501, ascii("abcdefgX")) == .repetition(.different))
    #expect(wire.tcp(true, .ack, 103, 501, ascii("cdef")) == .repetition(.late))
    #expect(wire.late == ["cdef", "cdef"] && wire.conflicts == ["gh/gX @5+0/6+6"])
  }

  @Test func comparesAfterTheEndOfASide() {
    let wire = Wire()
    wire.open()
    wire.tcp(true, [.ack, .fin], 101, 501, ascii("abc"))
    #expect(wire.tcp(true, [.ack, .fin], 101, 501, ascii("abc")) == .retransmission)
    #expect(wire.tcp(true, [.ack, .fin], 101, 501, ascii("Abc")) == .repetition(.different))
  }

  /// Only one direction was captured: nobody acknowledges, and everything is delivered.
  @Test func assemblesOneSideAlone() {
    let wire = Wire()
    wire.tcp(false, [.syn, .ack], 500, 101)
    wire.tcp(false, .ack, 501, 101, ascii("one "))
    wire.tcp(false, .ack, 510, 101, ascii("three"))
    wire.tcp(false, .ack, 505, 101, ascii("two, "))
    #expect(wire.tcp(false, .ack, 505, 101, ascii("tWo, ")) == .repetition(.different))
    wire.tcp(false, [.ack, .fin], 515, 101)
    wire.finishAll()
    #expect(
      wire.log == [
        "responder one  @2+0", "responder two,  @4+0", "responder three @3+0", "responder finished",
        "initiator captureEnd", "over: captureEnd",
      ])
  }

  /// A forged reset hides nothing, and what is forged behind it is compared.
  @Test func comparesAfterAReset() {
    let wire = Wire()
    wire.open()
    wire.tcp(true, .ack, 101, 501, ascii("abc"))
    wire.tcp(false, .rst, 501)
    wire.tcp(true, .ack, 104, 501, ascii("def"))
    #expect(wire.tcp(true, .ack, 101, 501, ascii("XYZdef")) == .repetition(.different))
    #expect(wire.conflicts == ["abc/XYZ @4+0/7+0"])
  }
}
