import DecoderHosting
import DecoderKit
import Testing

struct HostedStreamsTests {
  @Test func findsTheDecoderByteByByte() {
    let stage = Stage()
    for byte in "LINE one\nLINE two\n".utf8 { stage.say([byte]) }
    stage.finish()
    #expect(stage.lines == ["LINE one", "LINE two"])
    #expect(stage.output.rows == ["decoded line": .init(packets: 18, bytes: 18)])
    let provenance = stage.output.records[1].fields["provenance"]
    #expect(provenance.map(CanonicalJSON.text) == "[{\"original\":\"O-0001\",\"packets\":\"10-18\"}]")
    #expect(stage.output.records[1].fields["source"] == "0.0.0.1:4000")
  }

  @Test func showsWhatTheOtherSideSaidBefore() {
    let stage = Stage()
    stage.say("what is this\n", from: .responder)
    stage.say("LINE one\n")
    stage.finish()
    #expect(Set(stage.lines) == ["what is this", "LINE one"])
    #expect(stage.output.rows == ["decoded line": .init(packets: 2, bytes: 22)])
  }

  @Test func looksForADecoderAgainAfterAnError() {
    let stage = Stage()
    stage.say("LINE one\nBAD\nlost\n")
    stage.say("nothing\n")
    stage.say("LINE two\n")
    stage.finish()
    #expect(stage.lines == ["LINE one", "LINE two"])
    #expect(stage.output.findings == ["decoder/malformed"])
    #expect(stage.output.packets == 3)
    #expect(stage.output.rows["afterFault line"]?.packets == 2)
  }

  @Test func findsTheDecoderOfAStreamJoinedInItsMiddle() {
    let stage = Stage()
    for _ in 0..<5 { stage.say("rest of something\n") }
    stage.say("LINE here\n")
    stage.finish()
    #expect(stage.lines == ["LINE here"])
    #expect(stage.output.packets == 6)
  }

  @Test func givesUpWhereNobodyClaims() {
    for sides in [[Side.initiator], [.initiator, .responder]] {
      let stage = Stage()
      for _ in 0..<200 { for side in sides { stage.say("?", from: side) } }
      stage.say("LINE too late\n")
      stage.finish()
      #expect(stage.lines.isEmpty)
      #expect(
        stage.output.rows == [
          "unclaimed tcp/25": .init(packets: UInt64(200 * sides.count + 1), bytes: UInt64(200 * sides.count + 14))
        ])
    }
  }

  @Test func stopsAtThePendingLimit() {
    for text in ["LINE\nno end", "LINE\nWAIT"] {
      let stage = Stage { $0.pendingBytes = 1_000 }
      stage.say(text)
      for _ in 0..<30 { stage.say([UInt8](repeating: 0x2e, count: 100)) }
      stage.finish()
      #expect(stage.output.findings == ["decoder/limitExceeded"], "\(text)")
      #expect(stage.output.packets == 31)
    }
  }

  @Test func tellsTheDecoderOfAGap() {
    let stage = Stage()
    stage.say("LINE one\nhalf")
    stage.gap(50)
    stage.say("LINE two\n")
    stage.finish()
    #expect(stage.lines == ["LINE one", "gap 50 4", "LINE two"])
    #expect(stage.output.findings == ["flow/gap"])
    let before = Stage()
    before.say("LI")
    before.gap(7)
    before.say("LINE two\n")
    before.finish()
    #expect(before.lines == ["LINE two"] && before.output.packets == 2)
  }

  @Test func keepsADecoderFromWhereItCrashed() {
    let exclusion = DecoderHost.Exclusion(decoder: "line", conversation: Stage.packet(1).position)
    let stage = Stage(exclusions: [exclusion])
    stage.say("LINE one\n")
    stage.finish()
    #expect(stage.lines.isEmpty && stage.output.rows["unclaimed tcp/25"]?.packets == 1)
  }

  @Test func stopsAtTheRecordLimit() {
    let stage = Stage { $0.recordsPerConversation = 3 }
    for _ in 0..<10 { stage.say("LINE\n") }
    stage.finish()
    #expect(stage.lines.count == 3 && stage.output.findings.contains("host/recordLimit"))
    #expect(stage.output.packets == 10)
  }

  @Test func ordersRecordsByTheirLastPacket() {
    let stage = Stage()
    for byte in "LINE one\nLINE two\nLINE three\n".utf8 { stage.say([byte]) }
    stage.finish()
    let keys = stage.output.records.map(\.key)
    #expect(keys == keys.sorted() && Set(keys).count == keys.count)
  }
}
