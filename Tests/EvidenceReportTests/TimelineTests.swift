import EvidenceModel
import Testing

@testable import EvidenceReport

@Suite struct TimelineTests {
  @Test func tellsWhichCopyItWas() throws {
    func kinds(_ fields: Fields) throws -> [TimelineKind] {
      let stream: Fields = ["ranges": .list([.object(fields)])]
      return try #require(Timeline(["sampleRate": 8_000, "streams": .list([.object(stream)])])).tracks[0].ranges.map(
        \.kind)
    }
    let range: Fields = ["from": 0, "to": 160, "kind": "recovered"]
    #expect(try kinds(range) == [.recovered])
    var copy = range
    copy.set("recovery", "redundancy")
    #expect(try kinds(copy) == [.recovered])
    copy.set("recovery", "inBand")
    #expect(try kinds(copy) == [.recoveredInBand])
  }

  private func timeline(_ ranges: [(Int64, Int64, String)], count: Int64 = 8_000_000) -> Timeline? {
    let list = ranges.map { Value.object(["from": .integer($0.0), "to": .integer($0.1), "kind": .text($0.2)]) }
    return Timeline([
      "sampleRate": 8_000, "sampleCount": .integer(count),
      "streams": .list([.object(["party": "caller", "track": "left", "ranges": .list(list)])]),
    ])
  }

  @Test func drawsEveryGapWideEnoughToBeSeen() throws {
    let map = try #require(
      timeline([(0, 4_000_000, "received"), (4_000_000, 4_000_160, "lost"), (4_000_160, 8_000_000, "received")]))
    let runs = map.runs(try #require(map.tracks.first))
    #expect(runs.map(\.kind) == [.received, .lost, .received])
    #expect(runs.map(\.from) == [0, 500, 505])
  }

  @Test func doesNotCallAStreamSilentThatWasNotDecoded() throws {
    let map = try #require(
      timeline([(0, 0, "notDecoded"), (0, 80_000, "silenceSuppressed"), (80_000, 80_000, "notDecoded")]))
    #expect(Timeline.sums(try #require(map.tracks.first)).map(\.kind) == [.notDecoded])
  }

  @Test func leavesGroundWhereNothingIsExpected() throws {
    let map = try #require(timeline([(4_000_000, 8_000_000, "received")]))
    #expect(map.runs(try #require(map.tracks.first)).map(\.from) == [500])
  }

  @Test func survivesNumbersThatMakeNoSense() throws {
    let map = try #require(
      timeline([(-5, 10, "lost"), (9, 3, "lost"), (0, .max, "lost"), (0, 1 << 48, "received"), (0, 1, "tea")]))
    var html = HTMLWriter()
    TimelineStrip.write(map, names: \.party, &html)
    #expect(map.tracks.first?.ranges.count == 2)
    #expect(html.bytes.count < 40_000)
    #expect(timeline([], count: 0) == nil)
    #expect(Timeline(["sampleRate": 0]) == nil)
  }

  @Test func drawsPeaksThatMakeNoSenseToo() throws {
    let streams: Value = .list([.object(["track": "left", "ranges": .list([])])])
    let peaks: Value = .list((0..<5_000).map { $0 == 7 ? .integer(.max) : $0 == 8 ? .integer(-3) : "tea" })
    let map = try #require(
      Timeline(["sampleRate": 8_000, "sampleCount": 8_000, "streams": streams, "peaks": .object(["left": peaks])]))
    #expect(map.peaks["left"]?.count == WaveformDrawing.maximumParts)
    var html = HTMLWriter()
    TimelineStrip.write(map, names: \.party, &html)
    let text = String(decoding: html.bytes, as: UTF8.self)
    #expect(text.contains("M7.5 2V98"))
    #expect(!text.contains("M8.5"))
  }
}
