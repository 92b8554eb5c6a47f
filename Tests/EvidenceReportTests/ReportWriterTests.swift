import EvidenceBundle
import EvidenceModel
import Foundation
import Testing

@testable import EvidenceReport

/// A directory of a test's own, removed at its end.
final class Scratch {
  let path: String
  init() throws {
    path = NSTemporaryDirectory() + "/evidence-report-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: "\(path)/\(name)")), as: UTF8.self)
  }
}

@Suite struct ReportWriterTests {
  @Test func writesEveryPageAndTellsItsSize() throws {
    let scratch = try Scratch()
    let bundle = try FixtureBundle.complete(path: scratch.path + "/bundle")
    let files = try ReportWriter(bundle: bundle.path, output: bundle.path + "/report").write()
    let names = files.map(\.name)
    #expect(
      names == [
        "calls.html", "capture.html", "certificate-902.html", "chat.html", "custody.html", "dns.html", "files.html",
        "findings.html", "index.html", "ledger.html", "messages.html", "records-irc-command.html",
        "records-rtp-stream.html", "report.css", "report.js", "sessions.html", "statement.html", "verify.html",
        "web.html",
      ])
    for file in files {
      #expect(try scratch.text("bundle/report/\(file.name)").utf8.count == file.byteCount)
    }
  }

  @Test func listsFilesThatOtherProtocolsCarried() throws {
    let scratch = try Scratch()
    var bundle = try FixtureBundle.complete(path: scratch.path + "/bundle")
    let common: Fields = [
      "source": "192.0.2.10:1", "destination": "192.0.2.20:21", "capturedAt": .text(FixtureBundle.time(0)),
    ]
    var ftp = common
    for (name, value): (String, Value) in [
      ("id", "R-900001"), ("kind", "ftp/transfer"), ("direction", "upload"), ("path", "<b>a.txt"), ("status", 226),
      ("reason", "ok"), ("attachedBy", "inferred"), ("evidence", "that port"), ("isComplete", false), ("byteCount", 3),
      ("sha256", .text(FixtureBundle.hash(7))), ("restartOffset", 1_000), ("isListing", false),
    ] { ftp.set(name, value) }
    var tftp = common
    for (name, value): (String, Value) in [
      ("id", "R-900002"), ("kind", "tftp/transfer"), ("direction", "download"), ("name", "boot.img"), ("errorCode", 1),
      ("error", "File not found"), ("isComplete", false),
    ] { tftp.set(name, value) }
    bundle.records["ftp-transfer"] = [ftp]
    bundle.records["tftp-transfer"] = [tftp]
    try bundle.writeRecords()
    let files = try ReportWriter(bundle: bundle.path, output: bundle.path + "/report").write()
    #expect(!files.contains { $0.name.contains("records-ftp") || $0.name.contains("records-tftp") })
    let page = try scratch.text("bundle/report/web.html")
    #expect(page.contains("FTP: upload of") && page.contains("&lt;b&gt;a.txt") && page.contains("226 ok"))
    #expect(page.contains("carried by this connection because: ") && page.contains("from its byte 1,000 on"))
    #expect(page.contains("boot.img") && page.contains("error 1 File not found"))
  }

  @Test func writesTheSameBytesTwice() throws {
    let scratch = try Scratch()
    let bundle = try FixtureBundle.complete(path: scratch.path + "/bundle")
    let first = try ReportWriter(bundle: bundle.path, output: bundle.path + "/report").write()
    let second = try ReportWriter(bundle: bundle.path, output: bundle.path + "/again").write()
    #expect(first == second)
    for file in first {
      #expect(try scratch.text("bundle/report/\(file.name)") == scratch.text("bundle/again/\(file.name)"))
    }
  }

  @Test func writesNothingCapturedAsMarkup() throws {
    let scratch = try Scratch()
    let bundle = try FixtureBundle.complete(path: scratch.path + "/bundle")
    for file in try ReportWriter(bundle: bundle.path, output: bundle.path + "/report").write()
    where file.name.hasSuffix(".html") {
      let page = try scratch.text("bundle/report/\(file.name)")
      #expect(page.components(separatedBy: "<script").count == 2)
      #expect(page.contains(#"<script src="report.js" defer></script>"#))
      #expect(!page.contains("<img src=x") && !page.contains("href=\"http") && !page.contains("src=\"http"))
      #expect(!page.contains("style=") && !page.contains("<style"))
      let hidden = page.unicodeScalars.contains {
        $0.properties.generalCategory == .format || ($0.properties.generalCategory == .control && $0 != "\n")
      }
      #expect(!hidden)
    }
    let calls = try scratch.text("bundle/report/calls.html")
    #expect(calls.contains("<bdi class=\"captured\">&lt;script&gt;alert(1)&lt;/script&gt;</bdi>"))
    #expect(calls.contains("invoice<span class=\"esc\">[U+202E]</span>gpj.exe"))
    #expect(calls.contains("(10,000 characters: show all)"))
  }

  @Test func saysWhatIsMissingAndWhatIsInferred() throws {
    let scratch = try Scratch()
    let bundle = try FixtureBundle.complete(path: scratch.path + "/bundle")
    try ReportWriter(bundle: bundle.path, output: bundle.path + "/report").write()
    let calls = try scratch.text("bundle/report/calls.html")
    #expect(calls.contains("parties unknown"))
    #expect(calls.contains("frame.number in {12..14, 17, 20..2100}"))
    #expect(calls.contains("belongs to this call because: <bdi class=\"captured\">same two hosts"))
    #expect(calls.contains("<strong>61</strong> (5.0 %)"))
    let index = try scratch.text("bundle/report/index.html")
    #expect(index.contains("Unsealed when this report was written"))
    #expect(index.contains("1 file is incomplete."))
    #expect(index.contains("The original ends in the middle of a packet."))
    #expect(try scratch.text("bundle/report/web.html").contains("answer not recorded"))
    #expect(try scratch.text("bundle/report/ledger.html").contains("equals the total"))
  }

  @Test func showsPicturesOfPlainTypesOnly() throws {
    let scratch = try Scratch()
    let bundle = try FixtureBundle.complete(path: scratch.path + "/bundle")
    try ReportWriter(bundle: bundle.path, output: bundle.path + "/report").write()
    let files = try scratch.text("bundle/report/files.html")
    #expect(files.components(separatedBy: "<img ").count == 2)
    #expect(files.contains("src=\"../data/artefacts/00/\(FixtureBundle.hash(0x11)).png\""))
  }

  @Test func linksToTheBundleFromElsewhere() throws {
    let scratch = try Scratch()
    let bundle = try FixtureBundle.complete(path: scratch.path + "/a bundle")
    try ReportWriter(bundle: bundle.path, output: scratch.path + "/out/pages").write()
    #expect(try scratch.text("out/pages/files.html").contains("src=\"../../a%20bundle/data/artefacts/00/"))
  }

  @Test func spreadsLongListsOverPages() throws {
    let scratch = try Scratch()
    var bundle = try FixtureBundle(path: scratch.path + "/bundle")
    try bundle.addDocuments()
    for index in 0..<1_234 {
      bundle.add("dns/query", packets: "\(index + 1)", second: 1, ["queryName": .text("n\(index).example")])
    }
    try bundle.writeRecords()
    let files = try ReportWriter(bundle: bundle.path, output: bundle.path + "/report").write()
    #expect(files.map(\.name).filter { $0.hasPrefix("dns") } == ["dns-2.html", "dns-3.html", "dns.html"])
    let last = try scratch.text("bundle/report/dns-3.html")
    #expect(last.contains("Entries 1,001–1,234 of 1,234") && last.contains("n1233.example"))
    #expect(!last.contains("Next page") && last.contains("href=\"dns-2.html\""))
  }

  @Test func saysPlainlyWhatAnEnormousListLeavesOut() throws {
    let scratch = try Scratch()
    var bundle = try FixtureBundle(path: scratch.path + "/bundle")
    try bundle.addDocuments()
    let line = Array("{\"id\":\"R-000001\",\"queryName\":\"a.example\"}\n".utf8)
    try bundle.write("data/records/dns-query.ndjson", Array(repeatElement(line, count: 1_821).joined()))
    var writer = ReportWriter(bundle: bundle.path, output: bundle.path + "/report")
    #expect(writer.maximumPages == 40)
    writer.maximumPages = 3
    let files = try writer.write()
    #expect(files.count { $0.name.hasPrefix("dns") } == 3)
    let words = "321 of 1,821 entries are not shown; all of them stand in data/records/dns-query.ndjson"
    #expect(try scratch.text("bundle/report/dns-3.html").contains(words))
    #expect(try scratch.text("bundle/report/index.html").contains("shows 1,500 of 1,821 entries"))
  }

  @Test func endsPagesEarlyWhereRecordsAreHuge() throws {
    let scratch = try Scratch()
    var bundle = try FixtureBundle(path: scratch.path + "/bundle")
    try bundle.addDocuments()
    for index in 0..<8 {
      let name = String(repeating: "x", count: 300_000)
      bundle.add("dns/query", packets: "\(index + 1)", second: 1, ["queryName": .text(name)])
    }
    try bundle.writeRecords()
    let files = try ReportWriter(bundle: bundle.path, output: bundle.path + "/report").write()
    #expect(files.count { $0.name.hasPrefix("dns") } == 2)
    #expect(try scratch.text("bundle/report/dns.html").contains("280,000 further characters are not shown here"))
  }

  @Test func keepsGoingWhereRecordsAreDamaged() throws {
    let scratch = try Scratch()
    var bundle = try FixtureBundle(path: scratch.path + "/bundle")
    try bundle.addDocuments()
    let lines = "not json\n{\"id\":\"R-000002\",\"method\":\"MESSAGE\",\"text\":7}\n[1]\n{\"a\":1.5}"
    try bundle.write("data/records/sip-message.ndjson", Array(lines.utf8))
    try bundle.write("data/records/sip-call.ndjson", Array("{\"streams\":[{\"packetsLost\":\"many\"}],\"id\":{}}".utf8))
    try bundle.write("custody/000005.json", Array("{".utf8))
    try bundle.write("data/ledger.json", Array("[]".utf8))
    try ReportWriter(bundle: bundle.path, output: bundle.path + "/report").write()
    let messages = try scratch.text("bundle/report/messages.html")
    #expect(messages.contains("Line 1 of data/records/sip-message.ndjson cannot be read as a record."))
    #expect(try scratch.text("bundle/report/index.html").contains("3 lines of the records could not be read."))
    #expect(try scratch.text("bundle/report/custody.html").contains("custody/000005.json cannot be read"))
  }

  @Test func neverLinksToPathsOutsideTheArtefacts() {
    for path in [
      "data/artefacts/../../etc/passwd", "data/artefacts//x", "/data/artefacts/x", "data/originals/x.png",
      "data/artefacts/a b.png", "data/artefacts/%2e%2e/x", "http://example.org/x.png",
    ] {
      #expect(LocalLink(artefact: path, from: "../") == nil)
    }
    #expect(LocalLink(artefact: "data/artefacts/ab/abcd.png", from: "../")?.text == "../data/artefacts/ab/abcd.png")
  }

  @Test func refusesWhatIsNoBundle() throws {
    let scratch = try Scratch()
    #expect(throws: BundleError.self) {
      try ReportWriter(bundle: scratch.path, output: scratch.path + "/report").write()
    }
  }

  /// Leaves a bundle and its report where the browser test wants them.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["EXHIBIT_REPORT_FIXTURE"] != nil))
  func writesTheFixtureForTheBrowser() throws {
    let path = try #require(ProcessInfo.processInfo.environment["EXHIBIT_REPORT_FIXTURE"])
    let bundle = try FixtureBundle.complete(path: path)
    try ReportWriter(bundle: bundle.path, output: bundle.path + "/report").write()
  }
}
