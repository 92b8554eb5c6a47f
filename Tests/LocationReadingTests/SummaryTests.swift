import EvidenceModel
import Testing

@testable import LocationReading

@Suite struct SummaryTests {
  static func point(_ latitude: String, _ longitude: String, at second: Double? = nil) throws -> LocationPoint {
    var point = LocationPoint(
      latitude: try #require(ExactDecimal(latitude)), longitude: try #require(ExactDecimal(longitude)), bytes: [])
    if let second { point.time = CaptureTime(nanoseconds: Int64(second * 1_000_000_000)) }
    return point
  }

  static func missing(at second: Double?, _ reason: String = "RMC status V") -> MissingFix {
    let time = second.map { CaptureTime(nanoseconds: Int64($0 * 1_000_000_000)) } ?? .unknown
    return MissingFix(time: time, reason: reason, bytes: [])
  }

  @Test func addsUpATrack() throws {
    var summary = TrackSummary()
    summary.beginSegment()
    summary.add(try Self.point("48.20", "16.3", at: 10))
    summary.add(try Self.point("48.21", "16.3", at: 20))
    summary.add(try Self.point("48.21", "-16.305"))
    summary.beginSegment()
    summary.add(try Self.point("48.2", "16.3", at: 70))
    summary.finish()
    #expect(summary.count == 4 && summary.timedCount == 3)
    #expect(summary.earliest.nanoseconds == 10_000_000_000 && summary.latest.nanoseconds == 70_000_000_000)
    #expect(summary.south?.text == "48.20" && summary.north?.text == "48.21")
    #expect(summary.west?.text == "-16.305" && summary.east?.text == "16.3")
    // geod: 1111.9431 m and 2404869.7989 m; back between the segments 2405106.9458 m.
    #expect(summary.lengthMetres == 2_405_982)
    #expect(summary.betweenSegmentsMillimetres == 2_405_106_946)
    #expect(summary.gaps.isEmpty && summary.jumps.isEmpty && summary.steps.isEmpty)
    #expect(summary.fastest?.speedText == "400.2")
  }

  @Test func listsGapsWithTheirReasons() throws {
    var summary = TrackSummary(gapSeconds: 60)
    summary.add(Self.missing(at: 5))
    for second in [10.0, 70, 130.5] { summary.add(try Self.point("48", "16", at: second)) }
    summary.add(Self.missing(at: 131))
    summary.add(Self.missing(at: nil, "GGA quality 0"))
    summary.add(try Self.point("48", "16", at: 971))
    summary.add(Self.missing(at: 1_000))
    summary.add(Self.missing(at: 1_100))
    summary.finish()
    #expect(summary.gapCount == 3 && summary.gaps.map(\.isOpen) == [false, false, true])
    #expect(summary.gaps.map { $0.nanoseconds / 1_000_000_000 } == [60, 840, 129])
    #expect(summary.gaps.map(\.missingCount) == [0, 2, 2])
    #expect(summary.gaps.map(\.reasons) == [[], ["RMC status V", "GGA quality 0"], ["RMC status V"]])
    #expect(summary.missingCount == 5 && summary.missingAtBegin == 1)
    #expect(summary.reasons == ["RMC status V": 4, "GGA quality 0": 1])
  }

  @Test func tellsJumpsFromMovements() throws {
    var summary = TrackSummary()
    summary.add(try Self.point("48.000", "16", at: 0))
    summary.add(try Self.point("48.002", "16", at: 1))  // 222 m in a second: 800.5 km/h
    summary.add(try Self.point("48.012", "16", at: 2))  // 1,112 m in a second: 4,002.8 km/h
    summary.add(try Self.point("48.014", "16", at: 2))  // 222 m in the same second
    summary.add(try Self.point("48.024", "16", at: 2))  // 1,112 m in the same second
    #expect(summary.jumpCount == 2 && summary.jumps.map(\.speedText) == ["4002.8", nil])
    #expect(summary.fastest?.speedText == "800.5")
    #expect(summary.jumpMillimetres / 1_000 == 2_223)
  }

  @Test func listsStepsBackInTime() throws {
    var summary = TrackSummary()
    for second in [100.0, 40, 41, 200] { summary.add(try Self.point("48", "16", at: second)) }
    #expect(summary.stepCount == 1 && summary.steps.map { $0.to.nanoseconds(since: $0.from) } == [-60_000_000_000])
    #expect(summary.gapCount == 1)
    #expect(summary.earliest.nanoseconds == 40_000_000_000)
  }

  @Test func listsNoMoreThanItsLimits() throws {
    var summary = TrackSummary()
    for index in 0..<12_000 {
      summary.add(try Self.point(index % 2 == 0 ? "10" : "-10", "16", at: Double(index * 61)))
      summary.add(try Self.point(index % 2 == 0 ? "10" : "-10", "16", at: Double(index * 61 - 1)))
      summary.add(Self.missing(at: nil, "reason \(index)"))
    }
    #expect(summary.gaps.count == TrackSummary.listedGaps && summary.gapCount == 11_999)
    #expect(summary.jumps.count == TrackSummary.listedJumps && summary.jumpCount == 11_999)
    #expect(summary.steps.count == TrackSummary.listedSteps && summary.stepCount == 12_000)
    #expect(summary.reasons.count == TrackSummary.maximumKinds + 1)
  }

  @Test func holdsTheWidestTimes() throws {
    var summary = TrackSummary(gapSeconds: .max, speedLimit: .max)
    var point = try Self.point("90", "180")
    for nanoseconds in [Int64.min + 1, .max, 0, .min + 1] {
      point.time = CaptureTime(nanoseconds: nanoseconds)
      summary.add(point)
      point.latitude = try #require(ExactDecimal(point.latitude.text == "90" ? "-90" : "90"))
    }
    #expect(summary.stepCount == 2 && summary.jumpCount == 0)
  }
}
