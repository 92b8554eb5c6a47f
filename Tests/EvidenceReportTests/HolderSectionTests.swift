import Custody
import EvidenceBundle
import EvidenceModel
import Foundation
import Testing

@testable import EvidenceReport

/// The custody page's tables of who had what when.
@Suite struct HolderSectionTests {
  /// 2026-01-06T00:00:00Z, and so many minutes later.
  private static func minute(_ number: Int64) -> CaptureTime {
    CaptureTime(nanoseconds: 1_767_657_600_000_000_000 + number * 60_000_000_000)
  }

  /// An event: its minute, type, actor, and other fields.
  typealias Entry = (Int64, String, String, Fields)

  private let scratch: Scratch

  init() throws { scratch = try Scratch() }

  /// The custody page of a bundle with a chain of those events; `change` may damage the bundle before.
  private func page(_ entries: [Entry], _ change: (String) throws -> Void = { _ in }) throws -> String {
    let bundle = scratch.path + "/bundle"
    try FileManager.default.createDirectory(atPath: "\(bundle)/custody", withIntermediateDirectories: true)
    try FileManager.default.createDirectory(atPath: "\(bundle)/meta", withIntermediateDirectories: true)
    try Data("{}".utf8).write(to: URL(filePath: "\(bundle)/meta/bundle.json"))
    var chain = CustodyChain(directory: bundle, bundle: "urn:uuid:test")
    for (minute, type, actor, fields) in entries {
      var event = fields
      let who: Fields = ["id": .text(actor), "role": "examiner"]
      if event["actor"] == nil { event.set("actor", .object(who)) }
      event.set("exit", 0)
      try chain.append(type, at: Self.minute(minute), event)
    }
    try change(bundle)
    try ReportWriter(bundle: bundle, output: bundle + "/report").write()
    return try scratch.text("bundle/report/custody.html")
  }

  /// The rows of the tables of holders, each as its cells' words.
  private func rows(_ page: String) -> [[String]] {
    let part = page.components(separatedBy: "All events").first ?? ""
    return part.components(separatedBy: "<tbody>").dropFirst().flatMap { table in
      (table.components(separatedBy: "</tbody>").first ?? "").components(separatedBy: "<tr").dropFirst().map { row in
        row.components(separatedBy: "<td ").dropFirst().map { Self.words("<td " + $0) }
      }
    }
  }

  private static func words(_ html: String) -> String {
    html.replacing(/<[^>]*>/, with: " ").split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }

  private static func to(_ name: String) -> Fields { ["recipient": .object(["id": .text(name)])] }
  private static func handover(_ giver: String, _ taker: String, at number: Int64) -> Fields {
    [
      "exhibit": "E-1", "giver": .object(["id": .text(giver)]), "taker": .object(["id": .text(taker)]),
      "at": .time(minute(number)),
    ]
  }
  private static func waypoint(_ from: Int64, _ until: Int64) -> Fields {
    [
      "exhibit": "E-1", "from": .time(minute(from)), "until": .time(minute(until)), "position": "48.85, 2.35",
      "telemetry": .object(["name": "van.csv"]),
    ]
  }

  @Test func bothHoldersOfABundleAreNamedAndNoGap() throws {
    let page = try page([
      (0, "open", "A12", [:]), (1, "finish", "A12", [:]), (10, "transfer.offer", "A12", Self.to("B77")),
      (20, "transfer.accept", "B77", ["offer": .object(["seq": 3])]),
    ])
    let rows = rows(page)
    #expect(rows.map { $0[2] } == ["A12", "B77"] && rows.map { $0[3] } == ["examiner", "examiner"])
    #expect(rows[0][0].hasPrefix("2026-01-06 00:00") && rows[0][1].hasPrefix("2026-01-06 00:20"))
    #expect(rows[1][1] == "no later holder recorded" && rows[1][4] == "offered in event 3")
    #expect(rows[1][5] == "4: Received and checked not signed")
    #expect(page.contains("No gap: ") && !page.contains("class=\"gap\""))
    #expect(page.contains("<strong>4</strong> (<bdi class=\"captured\">Received and checked</bdi>"))
    #expect(page.contains("<caption>Holders of the bundle, in the order of events</caption>"))
    #expect(page.contains("<th scope=\"col\">Holder</th>"))
  }

  @Test func anOfferThatNobodyAnsweredIsAGapHoweverShort() throws {
    let page = try page([(0, "open", "A12", [:]), (10, "transfer.offer", "A12", Self.to("B77"))])
    #expect(rows(page).count == 2)
    #expect(rows(page)[1][1] == "no end recorded" && rows(page)[1][2].hasPrefix("Gap"))
    #expect(rows(page)[1][4] == "offered to B77, and nobody has answered" && rows(page)[1][5] == "event 2")
    #expect(page.contains("<strong>1 gap. </strong>"))
  }

  @Test func anExhibitWithAGapOf45MinutesNamesIt() throws {
    let page = try page([
      (0, "open", "A12", [:]), (1, "exhibit.seal", "A12", ["exhibit": "E-1", "number": "0471"]),
      (20, "exhibit.handover", "A12", Self.handover("A12", "C1", at: 20)),
      (60, "exhibit.waypoint", "C1", Self.waypoint(25, 60)),
      (106, "exhibit.handover", "C1", Self.handover("C1", "B77", at: 105)),
      (107, "exhibit.check", "B77", ["exhibit": "E-1", "weightGrams": "12.5", "note": "dry"]),
      (108, "exhibit.anomaly", "B77", ["exhibit": "E-1", "note": "a scratch"]),
    ])
    let rows = Array(rows(page).dropFirst())
    #expect(
      rows.map { $0[2].replacing("missing", with: "").trimmingCharacters(in: .whitespaces) } == [
        "A12", "A12", "C1", "C1", "Gap of 45m", "B77", "B77", "B77",
      ])
    #expect(rows[0][0] == "not recorded" && rows[0][1].hasPrefix("2026-01-06 00:20"))
    #expect(rows[1][4] == "seal number 0471" && rows[3][4] == "position 48.85, 2.35 telemetry van.csv")
    #expect(rows[4][0].hasPrefix("2026-01-06 01:00") && rows[4][1].hasPrefix("2026-01-06 01:45"))
    #expect(rows[4][4] == "nothing is known of it; C1 had taken it" && rows[4][5] == "events 4, 5")
    #expect(rows[6][4] == "weight 12.5 g note dry")
    #expect(page.contains("To be explained as well:") && page.contains("a scratch"))
  }

  @Test func whoeverIsNotNamedIsAGap() throws {
    let page = try page([
      (0, "open", "", [:]), (1, "exhibit.check", "A12", ["exhibit": "E-1", "note": "dry"]),
      (2, "exhibit.handover", "D9", Self.handover("D9", "B77", at: 2)),
      (3, "exhibit.handover", "C1", Self.handover("C1", "F5", at: 3)),
      (4, "exhibit.seal", "A12", ["exhibit": "E-2", "number": "7"]),
    ])
    let rows = rows(page)
    #expect(rows[0][2].hasPrefix("nobody is named"))
    // Of E-1 the first giver is known.
    #expect(rows[1][2] == "D9" && rows[2][2] == "D9" && rows[3][2] == "B77")
    #expect(rows[4][2].hasPrefix("Gap") && rows[4][4] == "B77 took it, and C1 handed it on" && rows[5][2] == "F5")
    // E-2 never changed hands.
    #expect(rows[6][2].hasPrefix("nobody is named") && rows[7][2].hasPrefix("nobody is named") && rows.count == 8)
    #expect(page.components(separatedBy: "<strong>1 gap. </strong>").count == 4)
  }

  @Test func namesCertificatesWhoseSignatureIsNotThere() throws {
    let hash = String(repeating: "ab", count: 32)
    let signed: Fields = ["actor": .object(["id": "A12", "role": "examiner", "cert": .text(hash)])]
    let page = try page([(0, "open", "A12", signed)])
    #expect(rows(page)[0][5].contains("names a certificate, but the signature is not there"))
    try FileManager.default.removeItem(atPath: scratch.path + "/bundle")
    let whole = try self.page([(0, "open", "A12", signed)]) { bundle in
      try Data([1]).write(to: URL(filePath: "\(bundle)/custody/000001.json.p7s"))
    }
    #expect(rows(whole)[0][5].contains("signed with the certificate abababababababab… , not checked here"))
  }

  @Test func aBrokenChainIsToldAndWhatCanBeReadIsShown() throws {
    let page = try page([
      (0, "open", "A12", [:]), (1, "finish", "A12", [:]), (10, "transfer.offer", "A12", Self.to("B77")),
      (20, "transfer.accept", "B77", [:]),
    ]) { bundle in
      try FileManager.default.removeItem(atPath: "\(bundle)/\(BundleLayout.event(2))")
      try Data("{".utf8).write(to: URL(filePath: "\(bundle)/\(BundleLayout.event(3))"))
      try Data("{}".utf8).write(to: URL(filePath: "\(bundle)/custody/zzz<b>.json"))
    }
    #expect(page.contains("The chain of events is not whole."))
    #expect(page.contains("cannot be read: custody/000003.json") && page.contains("zzz&lt;b&gt;.json"))
    // Events keep the numbers of their files.
    #expect(rows(page).map { $0[2] } == ["A12", "B77"] && rows(page)[1][5].hasPrefix("4: "))
  }

  @Test func aChainOfNothingButFaultsStillMakesAPage() throws {
    let page = try page([]) { bundle in
      for number in 1...40 {
        try Data("[".utf8).write(to: URL(filePath: "\(bundle)/\(BundleLayout.event(number))"))
      }
    }
    #expect(page.contains("no event of this bundle can be read") && page.contains("no event that can be read says who"))
    #expect(page.contains(" more: exhibit verify BUNDLE"))
  }

  @Test func hostileTextStaysTextAndListsEnd() throws {
    let script = FixtureBundle.script
    var entries: [Entry] = [(0, "open", script, [:])]
    for number in 0..<220 {
      var fields = Self.handover(script, FixtureBundle.turned, at: 1)
      fields.set("exhibit", "\(script)\(number)")
      entries.append((1, "exhibit.handover", script, fields))
    }
    for _ in 0..<1_100 {
      entries.append((1, "exhibit.anomaly", script, ["exhibit": "E\u{202e}", "note": .text(script)]))
    }
    entries.swapAt(1, 1_000)
    let page = try page(entries)
    #expect(!page.contains("<script>") && page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"))
    #expect(!page.contains("\u{202e}") && page.contains("invoice<span class=\"esc\">[U+202E]</span>gpj.exe"))
    #expect(page.contains("21 more physical exhibits are not shown"))
    #expect(page.contains("101 more lines are not shown") && page.contains("and 1,000 more: exhibit custody gaps"))
  }
}
