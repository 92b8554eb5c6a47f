import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// Bundles are made again from their originals, anywhere, and whatever differs is named.
@Suite struct ReproduceTests {
  let scratch: TemporaryFolder
  static let input = repository.appending(path: "evidence-samples/first-case/input").path
  static let web = "\(input)/2-web-and-names.pcapng"
  static let calls = "\(input)/1-calls.pcapng"

  init() throws { scratch = try TemporaryFolder() }

  /// Makes a bundle named `name` and gives its path.
  func bundle(_ name: String = "case", _ arguments: String...) throws -> String {
    let bundle = scratch.path(name)
    let result = try run(
      try #require(exhibitProgram), ["process"] + arguments + ["--output", bundle, "--quiet"])
    try #require(result.status == 0 || result.status == 3, "\(result.errors)")
    return bundle
  }

  func document(_ path: String) throws -> Fields {
    try #require(ValueReader.fields([UInt8](Data(contentsOf: URL(fileURLWithPath: path)))))
  }

  /// Every file of a directory with its hash, as sha256sum prints them.
  func sums(_ directory: String) throws -> String {
    try run("/bin/sh", ["-c", "cd '\(directory)' && find . -type f -print0 | sort -z | xargs -0 sha256sum"]).text
  }

  func kinds(_ receipt: Fields) -> [String] {
    guard case .list(let list)? = receipt["differences"] else { return [] }
    return list.compactMap {
      guard case .object(let fields) = $0, case .text(let kind)? = fields["kind"],
        case .text(let path)? = fields["path"]
      else { return nil }
      return "\(kind) \(path)"
    }
  }

  @Test func comesToTheSameAnywhereAndWritesNothingIntoTheBundle() throws {
    let bundle = try bundle("case", Self.calls, Self.web)
    let before = try sums(bundle)
    #expect(try run("/bin/chmod", ["-R", "a-w", bundle]).status == 0)
    defer { _ = try? run("/bin/chmod", ["-R", "u+w", bundle]) }
    let place = scratch.url("work")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    let result = try exhibit("reproduce", bundle, "--jobs", "1", "--scratch", place.path)
    #expect(result.status == 0, "\(result.text)\(result.errors)")
    #expect(result.lines.contains { $0.hasPrefix("made by this program: exhibit") })
    let receipt = try document(bundle + ".reproduced.json")
    #expect(receipt["same"] == .boolean(true))
    #expect(receipt["type"] == .text("reproduce"))
    let description = try document(bundle + "/meta/bundle.json")
    #expect(receipt["bundle"] == description["id"])
    for (name, file) in [("tagManifestSha256", "tagmanifest-sha256.txt"), ("manifestSha256", "manifest-sha256.txt")] {
      let sum = try run("/usr/bin/sha256sum", ["\(bundle)/\(file)"]).text.prefix(64)
      #expect(receipt[name] == .text(String(sum)))
    }
    let script =
      "TZ=Asia/Kathmandu LANG=tr_TR.UTF-8 LC_ALL=tr_TR.UTF-8 '\(try #require(exhibitProgram))' reproduce '\(bundle)' --jobs 5 --json"
    let again = try run("/bin/sh", ["-c", script])
    #expect(again.status == 0, "\(again.text)\(again.errors)")
    let printed = try #require(ValueReader.fields(again.output.dropLast()))
    #expect(printed["same"] == .boolean(true))
    #expect(printed["receipt"] == .text(bundle + ".reproduced-2.json"))
    let inside = try exhibit("reproduce", ".", "--quiet", in: URL(fileURLWithPath: bundle))
    #expect(inside.status == 0, "\(inside.errors)")
    #expect(FileManager.default.fileExists(atPath: bundle + ".reproduced-3.json"))
    #expect(try sums(bundle) == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: place.path).isEmpty)
  }

  @Test func compressedAndUnreadableOriginalsComeToTheSame() throws {
    let packed = scratch.path("calls.pcapng.gz")
    #expect(try run("/bin/sh", ["-c", "gzip -n < '\(Self.calls)' | head -c 200000 > '\(packed)'"]).status == 0)
    let text = try scratch.write(Array("no capture at all\n".utf8), "note.txt")
    let bundle = try bundle("case", packed, text)
    let result = try exhibit("reproduce", bundle, "--no-receipt")
    #expect(result.status == 0, "\(result.text)")
    #expect(!FileManager.default.fileExists(atPath: bundle + ".reproduced.json"))
  }

  @Test func originalsThatWereLeftInPlaceAreFoundByTheirHash() throws {
    let moved = scratch.url("elsewhere/deep")
    try FileManager.default.createDirectory(at: moved, withIntermediateDirectories: true)
    let original = scratch.path("line.pcapng")
    try FileManager.default.copyItem(atPath: Self.web, toPath: original)
    let bundle = try bundle("case", original, "--reference")
    #expect(try exhibit("reproduce", bundle, "--quiet").status == 0)
    try FileManager.default.moveItem(atPath: original, toPath: moved.appending(path: "other-name.bin").path)
    let gone = try exhibit("reproduce", bundle)
    #expect(gone.status == 4)
    #expect(gone.errors.contains("line.pcapng"), "\(gone.errors)")
    let found = try exhibit("reproduce", bundle, "--originals", scratch.path("elsewhere"), "--quiet")
    #expect(found.status == 0, "\(found.errors)")
    let empty = try exhibit("reproduce", bundle, "--originals", scratch.path("case/meta"))
    #expect(empty.status == 4)
    #expect(empty.errors.contains("line.pcapng") && empty.errors.contains("O-0001"), "\(empty.errors)")
    try Data("another".utf8).write(to: moved.appending(path: "line.pcapng"))
    try FileManager.default.removeItem(at: moved.appending(path: "other-name.bin"))
    let other = try exhibit("reproduce", bundle, "--originals", scratch.path("elsewhere"))
    #expect(other.status == 1)
    #expect(other.text.contains("it is not the original"), "\(other.text)")
  }

  @Test func aRecordThatWasChangedIsFound() throws {
    let bundle = try bundle("case", Self.web)
    let file = "\(bundle)/data/records/http-transfer.ndjson"
    #expect(try run("/bin/sed", ["-i", "s/\"status\":404/\"status\":200/", file]).status == 0)
    let changed = try exhibit("reproduce", bundle)
    #expect(changed.status == 1)
    #expect(
      changed.text.contains("data/records/http-transfer.ndjson: 0 added, 0 removed, 1 changed (status 1), 9 equal"))
    #expect(
      kinds(try document(bundle + ".reproduced.json")) == ["bundleChanged data/records/http-transfer.ndjson"])
    // With all lists of the bundle rewritten nothing in it contradicts itself; only the originals do.
    let rewrite = """
      cd '\(bundle)' && sum=$(sha256sum < data/records/http-transfer.ndjson | cut -c 1-64) &&
      sed -i "s|^.*  data/records/http-transfer.ndjson|$sum  data/records/http-transfer.ndjson|" manifest-sha256.txt &&
      sum=$(sha256sum < manifest-sha256.txt | cut -c 1-64) &&
      sed -i "s|^.*  manifest-sha256.txt|$sum  manifest-sha256.txt|" tagmanifest-sha256.txt
      """
    #expect(try run("/bin/sh", ["-c", rewrite]).status == 0)
    let rewritten = try exhibit("reproduce", bundle, "--jobs", "2")
    #expect(rewritten.status == 1)
    #expect(kinds(try document(bundle + ".reproduced-2.json")) == ["changed data/records/http-transfer.ndjson"])
    #expect(rewritten.text.contains("1 changed (status 1)"), "\(rewritten.text)")
  }

  @Test func filesThatWereAddedOrTakenAwayAreFound() throws {
    let bundle = try bundle("case", Self.web)
    try FileManager.default.removeItem(atPath: bundle + "/data/records/dns-query.ndjson")
    let list = "\(bundle)/manifest-sha256.txt"
    let lines = try String(contentsOfFile: list, encoding: .utf8).split(separator: "\n")
    let ledger = try #require(lines.first { $0.hasSuffix("data/ledger.json") })
    let kept = lines.filter { !$0.contains("multipart-part") } + ["\(ledger.prefix(64))  data/records/more.ndjson"]
    try Data((kept.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: list))
    let result = try exhibit("reproduce", bundle)
    #expect(result.status == 1)
    #expect(
      kinds(try document(bundle + ".reproduced.json"))
        == [
          "bundleChanged manifest-sha256.txt", "bundleMissing data/records/dns-query.ndjson",
          "bundleMissing data/records/more.ndjson", "notMadeAgain data/records/more.ndjson",
          "notInBundle data/records/multipart-part.ndjson",
        ])
    #expect(result.text.contains("data/records/multipart-part.ndjson: 3 added"), "\(result.text)")
  }

  @Test func anOriginalThatWasSwappedIsNamed() throws {
    let bundle = try bundle("case", Self.calls, Self.web)
    let first = "\(bundle)/data/originals/O-0001.pcapng"
    try FileManager.default.removeItem(atPath: first)
    try FileManager.default.copyItem(atPath: Self.web, toPath: first)
    let result = try exhibit("reproduce", bundle)
    #expect(result.status == 1)
    #expect(result.text.contains("O-0001.pcapng: it is not the original"), "\(result.text)")
    #expect(kinds(try document(bundle + ".reproduced.json")) == ["originalChanged \(first)"])
    try FileManager.default.removeItem(atPath: first)
    let gone = try exhibit("reproduce", bundle)
    #expect(gone.status == 4)
    #expect(gone.errors.contains("O-0001.pcapng"), "\(gone.errors)")
    let elsewhere = try exhibit("reproduce", bundle, "--originals", Self.input)
    #expect(elsewhere.status == 0, "\(elsewhere.text)")
  }

  @Test func filterAndPrivateLinksAreAppliedAgain() throws {
    let filtered = try bundle("filtered", Self.web, "--filter", "tcp port 80")
    #expect(try exhibit("reproduce", filtered, "--quiet").status == 0)
    var capture = [UInt8](try Data(contentsOf: URL(fileURLWithPath: SandboxTests.writePlain(scratch))))
    capture[20] = 147
    let user = try scratch.write(capture, "user.pcap")
    let linked = try bundle("linked", user, "--user-link", "0=101")
    let result = try exhibit("reproduce", linked)
    #expect(result.status == 0, "\(result.text)")
    let ledger = try String(contentsOfFile: linked + "/data/ledger.json", encoding: .utf8)
    #expect(!ledger.contains("otherProtocol"))
    // Without its settings the same originals come to something else.
    let description = "\(filtered)/meta/bundle.json"
    #expect(try run("/bin/sed", ["-i", "s/\"filter\":\"tcp port 80\"/\"filter\":\"udp\"/", description]).status == 0)
    let other = try exhibit("reproduce", filtered)
    #expect(other.status == 1)
    #expect(other.text.contains("the filter means something else here"))
    #expect(other.text.contains("DIFFERS  meta/bundle.json"), "\(other.text)")
    #expect(other.text.contains("DIFFERS  data/ledger.json"))
  }

  @Test func crashesAreLeftOutAgainAndNotFoundAgain() throws {
    let hostile = try #require(SandboxTests.hostileProgram)
    let capture = try scratch.write(SandboxTests.capture(SandboxTests.deeds), "hostile.pcap")
    let bundle = scratch.path("hostile")
    let made = try run(hostile, [bundle, "2", Self.web, capture])
    #expect(made.status == 0, "\(made.text)")
    let began = Date()
    let same = try run(hostile, ["reproduce", bundle, "1"])
    #expect(same.status == 0, "\(same.text)\(same.errors)")
    #expect(same.text.contains("left out again, as the bundle's run did after crashes: \(SandboxTests.deeds.count)"))
    // The run with crashes waits 2 s of CPU time for the one that loops; this one does not meet it.
    #expect(Date().timeIntervalSince(began) < 60)
    let other = try exhibit("reproduce", bundle)
    #expect(other.status == 0, "\(other.text)")
    #expect(other.text.contains("another program"))
    #expect(other.text.contains("decoders that this program does not have: hostile 1.0"), "\(other.text)")
  }

  @Test func aDecoderThatWasOffForTheRunIsOffAgain() throws {
    let hostile = try #require(SandboxTests.hostileProgram)
    let capture = try scratch.write(SandboxTests.capture([String](repeating: "trap", count: 70)), "hostile.pcap")
    let bundle = scratch.path("hostile")
    let made = try run(hostile, [bundle, "2", capture])
    #expect(made.status == 0, "\(made.text)")
    let same = try run(hostile, ["reproduce", bundle, "3"])
    #expect(same.status == 0, "\(same.text)\(same.errors)")
  }

  @Test func anExpansionThatCrashedIsRepeatedAsFarAsItCame() throws {
    let packed = scratch.path("calls.pcapng.gz")
    #expect(try run("/bin/sh", ["-c", "gzip -n < '\(Self.calls)' > '\(packed)'"]).status == 0)
    let bundle = try bundle("case", packed)
    let words =
      #""exclusions":[{"cause":"signal 11","original":"O-0001","packet":0,"part":"expansion"}],"expandedBytes":{"O-0001":262144}"#
    let script = "s/\"configuration\":{/&\(words),/"
    #expect(try run("/bin/sed", ["-i", script, bundle + "/meta/bundle.json"]).status == 0)
    let result = try exhibit("reproduce", bundle)
    #expect(result.status == 1)
    // The first 262,144 bytes hold one whole call less its end.
    #expect(result.text.contains("data/records/finding.ndjson: 3 added"), "\(result.text)")
    #expect(result.text.contains("data/records/dns-query.ndjson: 0 added, 2 removed"), "\(result.text)")
  }

  @Test func everyLibraryThatLddNamesStandsInTheBundle() throws {
    let bundle = try bundle("case", Self.web)
    let description = try String(contentsOfFile: bundle + "/meta/bundle.json", encoding: .utf8)
    let listed = try run("/usr/bin/ldd", [try #require(exhibitProgram)]).lines.compactMap { line -> String? in
      guard let start = line.firstIndex(of: "/") else { return nil }
      return URL(fileURLWithPath: String(line[start...].prefix { $0 != " " })).resolvingSymlinksInPath().path
    }
    #expect(listed.count > 10)
    for path in listed { #expect(description.contains("{\"path\":\"\(path)\",\"sha256\":\""), "\(path)") }
    #expect(description.contains("magic.mgc\""))
  }

  @Test func whatTheFirstMachineLackedIsNotFoundOutAgain() throws {
    let bundle = try bundle("case", Self.web)
    let description = "\(bundle)/meta/bundle.json"
    let script = "s/\"missing\":\\[[^]]*\\]/\"missing\":[\"a lock\"]/"
    #expect(try run("/bin/sed", ["-i", script, description]).status == 0)
    let result = try exhibit("reproduce", bundle)
    #expect(result.status == 1)
    #expect(result.text.contains("could not shut its workers in completely: a lock"), "\(result.text)")
    #expect(result.text.contains("data/records/finding.ndjson: 1 added"), "\(result.text)")
  }

  @Test func whatIsNoBundleOrWouldBeWrittenIntoOneIsRefused() throws {
    #expect(try exhibit("reproduce", scratch.path("nothing")).status == 4)
    let bundle = try bundle("case", Self.web)
    #expect(try exhibit("reproduce", bundle, "--receipt", bundle + "/receipt.json").status == 2)
    #expect(try exhibit("reproduce", bundle, "--scratch", bundle + "/data").status == 2)
    #expect(try exhibit("reproduce", bundle, "--receipt", scratch.path("no/such/place.json")).status == 5)
    let taken = try scratch.write([], "taken.json")
    #expect(try exhibit("reproduce", bundle, "--receipt", taken).status == 5)
    for (path, text) in [
      ("data/originals/O-0001.pcapng", "../../../etc/passwd"), ("data/originals/O-0001.pcapng", "meta/bundle.json"),
    ] {
      let description = "\(bundle)/meta/bundle.json"
      let before = try Data(contentsOf: URL(fileURLWithPath: description))
      #expect(try run("/bin/sed", ["-i", "s|\"path\":\"\(path)\"|\"path\":\"\(text)\"|", description]).status == 0)
      let result = try exhibit("reproduce", bundle)
      #expect(result.status == 4, "\(result.text)")
      try before.write(to: URL(fileURLWithPath: description))
    }
    for text in ["", "{", "[]", "{\"version\":1}", "{\"configuration\":{},\"originals\":[],\"tool\":{},\"version\":1}"]
    {
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(bundle)/meta/bundle.json"))
      let result = try exhibit("reproduce", bundle)
      #expect(result.status == 4, "\(text): \(result.text)")
      #expect(result.errors.contains("meta/bundle.json"), "\(result.errors)")
    }
  }
}

extension SandboxTests {
  /// Writes a capture without any hostile datagram.
  static func writePlain(_ scratch: TemporaryFolder) throws -> String {
    try scratch.write(capture(["nothing"]), "plain.pcap")
  }
}
