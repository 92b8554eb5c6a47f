import CallAssembly
import EvidenceModel
import Testing

/// Which RTCP reports tell of which stream.
@Suite struct ReportTests {
  private let alice = endpoint(1, 4_001)
  private let bob = endpoint(2, 6_001)

  private func sent(_ identifier: UInt32, at seconds: Double, clock: Double, timestamp: UInt32, packet: Int)
    -> MediaReport
  {
    var report = MediaReport(
      source: alice, destination: bob, identifier: identifier, trace: Trace(place(packet), at: time(seconds)))
    report.sending = .init(sentAt: time(clock), timestamp: timestamp, packetCount: 50, octetCount: 8_000)
    return report
  }

  private func received(_ identifier: UInt32, at seconds: Double, lost: Int32, packet: Int) -> MediaReport {
    var report = MediaReport(
      source: bob, destination: alice, identifier: 99, trace: Trace(place(packet), at: time(seconds)))
    report.receptions = [
      .init(identifier: identifier, fractionLost: 3, cumulativeLost: lost, highestSequence: 9, jitter: 80)
    ]
    return report
  }

  private let media = stream(endpoint(1, 4_000), endpoint(2, 6_000), from: 100, to: 160, identifier: 7)

  @Test func putsReportsInTheOrderOfTime() throws {
    let index = ReportIndex([
      sent(7, at: 125, clock: 1_025.5, timestamp: 200_000, packet: 5), received(7, at: 126, lost: 4, packet: 6),
      sent(7, at: 105, clock: 1_005, timestamp: 40_000, packet: 1), received(7, at: 106, lost: -1, packet: 2),
    ])
    let reports = index.reports(on: media)
    #expect(reports.sent.map(\.sending.timestamp) == [40_000, 200_000])
    #expect(reports.received.map(\.cumulativeLost) == [-1, 4])
    #expect(
      reports.sentTrace.packets
        == {
          var set = PacketSet(place(1))
          set.insert(place(5))
          return set
        }())
    let ahead = try #require(reports.clockAhead)
    #expect(ahead.first == 900_000_000_000)
    #expect(ahead.last == 900_500_000_000)
    #expect(try #require(reports.span).last.sending.timestamp == 200_000)
  }

  @Test func leavesReportsOfOthersAlone() {
    var elsewhere = sent(7, at: 110, clock: 1, timestamp: 1, packet: 1)
    elsewhere.source = endpoint(3, 4_001)
    var forged = received(7, at: 110, lost: 1, packet: 2)
    forged.source = endpoint(3, 4_001)
    let index = ReportIndex([
      elsewhere, forged, sent(8, at: 110, clock: 1, timestamp: 1, packet: 3), received(8, at: 110, lost: 1, packet: 4),
      sent(7, at: 60, clock: 1, timestamp: 1, packet: 5), received(7, at: 200, lost: 1, packet: 6),
    ])
    #expect(index.reports(on: media).isEmpty)
  }

  @Test func tellsNoClockWhereThereIsNone() {
    var report = sent(7, at: 110, clock: 0, timestamp: 1, packet: 1)
    report.sending?.sentAt = .unknown
    let reports = ReportIndex([report]).reports(on: media)
    #expect(reports.clockAhead == nil)
    #expect(reports.span == nil)
    #expect(!reports.isEmpty)
  }
}
