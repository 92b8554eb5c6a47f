import DecoderHosting
import DecoderKit
import Testing

/// Streams that are compressed from some place on. zlib's other side is Python's.
struct StreamExpansionTests {
  /// Compresses `d` in one stream, each line flushed as mail servers do.
  private static let flushed =
    "(lambda c: b''.join(c.compress(x)+c.flush(zlib.Z_SYNC_FLUSH) for x in d.splitlines(True)))"
    + "(zlib.compressobj(9,zlib.DEFLATED,-15))"
  private static let lines = (1...400).map { "line \($0) of the conversation, \($0 * $0 % 97)\n" }
  private static var text: [UInt8] { Array(lines.joined().utf8) }
  private static var expected: [String] { lines.map { String($0.dropLast()) } }

  @Test(arguments: [1, 7, 100, 1_460, 100_000]) func undoesWhatFollows(step: Int) throws {
    guard let bytes = try python(Self.flushed, Self.text) else { return }
    let stage = Stage()
    stage.say("LINE one\nZIP\n")
    for start in stride(from: 0, to: bytes.count, by: step) {
      stage.say(Array(bytes[start..<min(start + step, bytes.count)]))
    }
    stage.finish()
    #expect(stage.lines == ["LINE one", "ZIP"] + Self.expected)
    #expect(stage.output.findings.isEmpty)
    #expect(stage.output.rows.keys.sorted() == ["decoded line"])
  }

  @Test func undoesWhatStandsInTheSamePacket() throws {
    guard let bytes = try python(Self.flushed, Self.text) else { return }
    let stage = Stage()
    stage.say(Array("LINE one\nZIP\n".utf8) + bytes)
    stage.finish()
    #expect(stage.lines.count == 402)
    #expect(stage.output.packets == 1)
  }

  @Test func namesThePacketsThatHeldTheCompressedBytes() throws {
    guard let bytes = try python(Self.flushed, Self.text) else { return }
    let stage = Stage()
    stage.say("LINE one\nZIP\n")
    // The first line's compressed form ends with an empty stored block.
    let end = try #require((0...(bytes.count - 4)).first { bytes[$0..<($0 + 4)].elementsEqual([0, 0, 0xff, 0xff]) })
    stage.say(Array(bytes[..<(end / 2)]))
    stage.say(Array(bytes[(end / 2)..<(end + 4)]))
    stage.say(Array(bytes[(end + 4)...]))
    stage.finish()
    let places = stage.output.records.filter { $0.kind == "line/text" }.map {
      $0.fields["provenance"].map(CanonicalJSON.text) ?? ""
    }
    #expect(places[2].contains("\"2-3\""))
    #expect(places[3].contains("\"4\""))
  }

  @Test func stopsWhereItIsDamaged() throws {
    guard var bytes = try python(Self.flushed, Self.text) else { return }
    for place in 200..<260 { bytes[place] = 0xff }
    let stage = Stage()
    stage.say("LINE one\nZIP\n")
    stage.say(bytes)
    stage.finish()
    #expect(stage.output.findings == ["decoder/malformed"])
    #expect(stage.lines.count > 2 && stage.lines.count < 402)
  }

  @Test func stopsWhereBytesAreMissing() throws {
    guard let bytes = try python(Self.flushed, Self.text) else { return }
    let stage = Stage()
    stage.say("LINE one\nZIP\n")
    stage.say(Array(bytes[..<200]))
    stage.gap(10)
    stage.say(Array(bytes[210...]))
    stage.finish()
    #expect(stage.output.findings == ["flow/gap", "decoder/truncated"])
    #expect(stage.lines.count > 2 && stage.lines.count < 402)
  }

  @Test func stopsWhereItEndsAndMoreFollows() throws {
    guard let bytes = try python("zlib.compress(d,9)[2:-4]", Self.text) else { return }
    let stage = Stage()
    stage.say("LINE one\nZIP\n")
    stage.say(bytes + Array("more".utf8))
    stage.finish()
    #expect(stage.output.findings == ["decoder/malformed"])
  }

  /// A conversation that begins anew behind the fault is not taken for compressed.
  @Test func forgetsItWhereItFails() throws {
    let stage = Stage()
    stage.say("LINE one\nZIP\n")
    stage.say([0xff, 0xff, 0xff, 0xff])
    stage.say("LINE two\n")
    stage.finish()
    #expect(stage.lines == ["LINE one", "ZIP", "LINE two"])
    #expect(stage.output.findings == ["decoder/malformed"])
  }

  @Test func boundsWhatALittleBecomes() throws {
    guard let bytes = try python("zlib.compress((b'x'*9999+b'\\n')*10000,9)[2:-4]", []) else { return }
    let stage = Stage()
    stage.say("LINE one\nZIP\n")
    for start in stride(from: 0, to: bytes.count, by: 1_400) {
      stage.say(Array(bytes[start..<min(start + 1_400, bytes.count)]))
    }
    stage.finish()
    #expect(stage.output.findings == ["decoder/limitExceeded"])
  }
}
