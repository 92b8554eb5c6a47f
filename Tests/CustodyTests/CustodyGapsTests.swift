import Custody
import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// Chains of our own making, and what can be said of who had what.
@Suite struct CustodyGapsTests {
  let scratch: TemporaryFolder
  /// 2026-01-06T00:00:00Z, and so many minutes later.
  static func minute(_ number: Int64) -> CaptureTime {
    CaptureTime(nanoseconds: 1_767_657_600_000_000_000 + number * 60_000_000_000)
  }

  init() throws { scratch = try TemporaryFolder() }

  /// An event: its minute, type, actor, and other fields.
  typealias Entry = (Int64, String, String, Fields)

  private func history(_ entries: [Entry]) throws -> CustodyHistory {
    let bundle = scratch.path(UUID().uuidString)
    try FileManager.default.createDirectory(atPath: "\(bundle)/custody", withIntermediateDirectories: true)
    var chain = CustodyChain(directory: bundle, bundle: "urn:uuid:test")
    for (minute, type, actor, fields) in entries {
      var event = fields
      let who: Fields = ["id": .text(actor), "role": "examiner"]
      event.set("actor", .object(who))
      if event["exit"] == nil { event.set("exit", 0) }
      try chain.append(type, at: Self.minute(minute), event)
    }
    let history = CustodyHistory(bundle)
    #expect(history.problems.isEmpty)
    return history
  }

  private func gaps(_ entries: [Entry], max: String = "30m", exhibit: String? = nil) throws -> CustodyGaps {
    CustodyGaps(
      try history(entries), longerThan: try #require(LengthOfTime(max)), exhibit: exhibit, now: Self.minute(600))
  }

  private static func to(_ name: String) -> Fields { ["recipient": .object(["id": .text(name)])] }
  private static func handover(_ giver: String, _ taker: String, at number: Int64) -> Fields {
    [
      "exhibit": "E-1", "giver": .object(["id": .text(giver)]), "taker": .object(["id": .text(taker)]),
      "at": .time(minute(number)),
    ]
  }
  private static func waypoint(_ from: Int64, _ until: Int64) -> Fields {
    ["exhibit": "E-1", "from": .time(minute(from)), "until": .time(minute(until))]
  }

  @Test func anOfferChangesNothingAndAnAcceptanceDoes() throws {
    let holdings = try history([
      (0, "open", "A12", [:]), (1, "finish", "A12", [:]), (10, "transfer.offer", "A12", Self.to("B77")),
      (20, "transfer.refuse", "B77", ["exit": 1]), (30, "transfer.offer", "A12", Self.to("B77")),
      (40, "transfer.accept", "B77", [:]), (50, "transfer.accept", "C1", ["exit": 5]),
    ]).holdings
    #expect(holdings.map(\.who.id) == ["A12", "B77"])
    #expect(holdings.map(\.event.number) == [1, 6])
    #expect(holdings[0].until == Self.minute(40) && holdings[1].from == Self.minute(40) && holdings[1].until == nil)
  }

  @Test func aRunThatNamesNobodyAtItsBeginningMayAtItsEnd() throws {
    let holdings = try history([(0, "open", "", [:]), (1, "finish", "A12", [:])]).holdings
    #expect(holdings.count == 1 && holdings[0].who.id == "A12" && holdings[0].from == Self.minute(0))
  }

  @Test func theTimeBetweenOfferAndAnswerIsAGapWhenItIsTooLong() throws {
    let chain: [Entry] = [
      (0, "open", "A12", [:]), (10, "transfer.offer", "A12", Self.to("B77")), (40, "transfer.accept", "B77", [:]),
      (50, "transfer.offer", "B77", Self.to("C1")), (81, "transfer.refuse", "C1", ["exit": 1]),
      (90, "transfer.offer", "B77", Self.to("C1")),
    ]
    let found = try gaps(chain)
    #expect(found.gaps.map(\.kind) == [.transfer, .transfer])
    #expect(found.gaps.map(\.events) == [[4, 5], [6]])
    #expect(found.gaps[0].length?.text == "31m" && found.gaps[1].until == nil)
    #expect(try gaps(chain, max: "2d").gaps.isEmpty)
    // An exhibit's gaps are not the bundle's.
    #expect(try gaps(chain, exhibit: "E-1").gaps.isEmpty)
  }

  @Test func anAnswerThatIsOlderThanItsOfferHidesNothing() throws {
    let found = try gaps([
      (0, "open", "A12", [:]), (100, "transfer.offer", "A12", Self.to("B77")), (50, "transfer.accept", "B77", [:]),
    ])
    #expect(found.gaps.map(\.kind) == [.transfer] && found.gaps[0].length == nil)
    #expect(found.notes.map(\.kind) == [.backwards] && found.notes[0].events == [2, 3])
  }

  @Test func telemetryFillsAJourneyAndWhatItLeavesOpenIsAGap() throws {
    let found = try gaps([
      (0, "open", "A12", [:]), (1, "exhibit.handover", "A12", Self.handover("A12", "C1", at: 1)),
      (60, "exhibit.waypoint", "C1", Self.waypoint(5, 60)), (120, "exhibit.waypoint", "C1", Self.waypoint(95, 120)),
      // Within the former.
      (121, "exhibit.waypoint", "C1", Self.waypoint(100, 110)),
      (130, "exhibit.handover", "C1", Self.handover("C1", "B77", at: 125)),
    ])
    #expect(found.gaps.map(\.kind) == [.exhibit] && found.gaps[0].events == [3, 4])
    #expect(found.gaps[0].from == Self.minute(60) && found.gaps[0].until == Self.minute(95))
    #expect(found.gaps[0].words.contains("C1") && found.notes.isEmpty)
  }

  @Test func telemetryThatNobodyFollowsIsAGapUntilNow() throws {
    let chain: [Entry] = [(0, "open", "A12", [:]), (60, "exhibit.waypoint", "C1", Self.waypoint(5, 60))]
    #expect(try gaps(chain).gaps.map(\.events) == [[2]])
    let ended = chain + [(65, "exhibit.handover", "C1", Self.handover("C1", "B77", at: 60))]
    #expect(try gaps(ended).gaps.isEmpty)
  }

  @Test func aTimeThatHasNotComeYetFillsNothing() throws {
    let found = try gaps([(0, "open", "A12", [:]), (10, "exhibit.waypoint", "C1", Self.waypoint(5, 5_000_000))])
    #expect(found.gaps.map(\.kind) == [.exhibit] && found.gaps[0].from == Self.minute(10))
    #expect(found.notes.map(\.kind) == [.future])
  }

  @Test func whoHandsOnWhatAnotherHadIsNamed() throws {
    let found = try gaps([
      (0, "open", "A12", [:]), (1, "exhibit.handover", "A12", Self.handover("A12", "C1", at: 1)),
      (2, "exhibit.handover", "D9", Self.handover("D9", "B77", at: 2)),
    ])
    #expect(found.gaps.map(\.kind) == [.successor] && found.gaps[0].words == "C1 took it, and D9 handed it on")
  }

  @Test func sealsWeightsAnomaliesAndClocksAreNotes() throws {
    func exhibit(_ fields: Fields) -> Fields {
      var all = fields
      all.set("exhibit", "E-1")
      return all
    }
    let unset: Fields = ["clock": .object(["synced": false])]
    let found = try gaps([
      (0, "open", "A12", unset), (1, "exhibit.seal", "A12", exhibit(["number": "7"])),
      (2, "exhibit.check", "A12", exhibit(["weightGrams": "1250.5"])),
      (3, "exhibit.seal", "A12", exhibit(["number": "8"])),
      (4, "exhibit.check", "A12", exhibit(["weightGrams": "1249.999999"])),
      (5, "exhibit.anomaly", "A12", exhibit(["note": "wet"])), (6, "access", "A12", unset),
      // What could not be done says nothing of the exhibit.
      (7, "exhibit.seal", "A12", exhibit(["number": "9", "exit": 4])),
    ])
    #expect(found.gaps.isEmpty)
    #expect(found.notes.map(\.kind) == [.sealNumber, .weight, .anomaly, .clock])
    #expect(found.notes[0].events == [2, 4] && found.notes[1].words.hasSuffix(": -0.500001 g"))
    #expect(found.notes[3].events == [1, 7])
  }

  @Test func aChainThatIsNotWholeIsAGap() throws {
    let bundle = scratch.path("cut")
    try FileManager.default.createDirectory(atPath: "\(bundle)/custody", withIntermediateDirectories: true)
    var chain = CustodyChain(directory: bundle, bundle: "urn:uuid:test")
    for number in 0..<3 { try chain.append("open", at: Self.minute(Int64(number)), [:]) }
    try FileManager.default.removeItem(atPath: "\(bundle)/\(BundleLayout.event(2))")
    let found = CustodyGaps(CustodyHistory(bundle), longerThan: LengthOfTime(seconds: 60), now: Self.minute(9))
    #expect(found.gaps.contains { $0.kind == .chain })
  }

  /// Whatever an enemy writes into events, nothing traps.
  @Test func valuesOfOtherFormsDoNoHarm() throws {
    var random = SeededGenerator(testSeed("custody values"))
    let values: [Value] = [
      "", "x", .integer(Int64.max), .integer(.min), true, .list([]), .object([:]), "1677-09-21T00:12:44Z",
      "2262-04-11T23:47:16Z", "9999-12-31T23:59:59Z", "999999999.999999", .text(String(repeating: "9", count: 10_000)),
      .object(["id": 5, "synced": false]), "\u{0}\u{1b}[31m\u{202e}",
    ]
    let types = [
      "open", "transfer.offer", "transfer.accept", "transfer.refuse", "exhibit.handover", "exhibit.waypoint",
    ]
    for _ in 0..<60 {
      var entries: [Entry] = []
      for number in 0..<8 {
        var fields: Fields = [:]
        for name in [
          "exhibit", "at", "from", "until", "giver", "taker", "recipient", "clock", "exit", "number", "weightGrams",
        ] where Bool.random(using: &random) {
          fields.set(name, values.randomElement(using: &random) ?? "")
        }
        let type = (types + ["exhibit.check", "exhibit.seal"]).randomElement(using: &random) ?? "open"
        entries.append((Int64(number), type, "A12", fields))
      }
      let history = try history(entries)
      _ = history.holdings
      _ = history.holderTables(longerThan: LengthOfTime(seconds: 0))
      _ = CanonicalJSON.text(CustodyGaps(history, longerThan: LengthOfTime(seconds: 0), now: .unknown).document)
    }
  }

  @Test func lengthsAndWeightsAreReadStrictly() {
    #expect(LengthOfTime("90s")?.seconds == 90 && LengthOfTime("2d")?.seconds == 172_800)
    #expect(LengthOfTime("36500d")?.seconds == 3_153_600_000)
    for text in ["", "s", "5", "-5m", "1.5h", "36501d", "99999999999s", "9223372036854775807d", "5M", "５m"] {
      #expect(LengthOfTime(text) == nil, "\(text)")
    }
    #expect(LengthOfTime(seconds: 93_784).text == "1d 2h 3m 4s" && LengthOfTime(seconds: 0).text == "0s")
    #expect(Weight("12.50")?.text == "12.5" && Weight("0")?.text == "0" && Weight("007.000001")?.text == "7.000001")
    for text in ["", ".5", "5.", "-1", "1e3", "1,5", "1.1234567", "1234567890", "１", "1.2.3"] {
      #expect(Weight(text) == nil, "\(text)")
    }
  }
}

/// What events take as text.
@Suite struct StatedTextTests {
  @Test(arguments: ["", " ", "a\u{0}b", "a\nb", "\u{7f}", "\u{85}", String(repeating: "e\u{301}", count: 129)])
  func whatIsNoNameIsRefused(_ name: String) {
    let error = #expect(throws: CustodyError.self) { try ExhibitEvent(name, .anomaly(note: "x")) }
    #expect(error?.code == .usage)
    #expect(throws: CustodyError.self) { try ExhibitEvent("E", .seal(number: name, photo: nil)) }
    #expect(throws: CustodyError.self) { try ExhibitEvent("E", .handover(from: "A", to: name, at: nil, taker: nil)) }
  }

  @Test func aNoteHasLinesAndEnds() throws {
    _ = try ExhibitEvent("Ü-1 \u{200d}ن", .anomaly(note: "one\n\ttwo"))
    _ = try ExhibitEvent("E", .anomaly(note: String(repeating: "x", count: 4_000)))
    for note in ["a\u{0}", "a\rb", String(repeating: "x", count: 4_001)] {
      #expect(throws: CustodyError.self) { try ExhibitEvent("E", .anomaly(note: note)) }
    }
  }
}
