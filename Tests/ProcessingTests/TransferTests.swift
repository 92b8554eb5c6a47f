import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// A bundle and an exhibit that change hands, through the command line and with openssl as the other side.
@Suite struct TransferTests {
  let scratch: TemporaryFolder
  static let input = repository.appending(path: "evidence-samples/first-case/input/2-web-and-names.pcapng").path
  private var bundle: String { scratch.path("case") }

  /// A bundle `case` that nobody signed, the keys of A12, B77 and C1, and a file with all their certificates.
  init() throws {
    scratch = try TemporaryFolder()
    guard exhibitProgram != nil else { return }
    _ = try scratch.write(Array("a long phrase\n".utf8), "secret")
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: scratch.path("secret"))
    var all = ""
    for name in ["a12", "b77", "c1"] {
      let made = try command(
        "key", "new", "--output", "\(name).key", "--name", name.uppercased(), "--certificate", "\(name).pem",
        "--pass-file", "secret")
      try #require(made.status == 0, "\(made.errors)")
      all += try String(contentsOfFile: scratch.path("\(name).pem"), encoding: .utf8)
    }
    _ = try scratch.write(Array(all.utf8), "all.pem")
    let made = try command("process", Self.input, "--output", "case", "--quiet", "--examiner", "A12")
    try #require(made.status == 0, "\(made.errors)")
  }

  private func command(_ arguments: String...) throws -> ProgramResult {
    try run(try #require(exhibitProgram), arguments, in: scratch.url)
  }
  private func signed(_ name: String, _ arguments: String...) throws -> ProgramResult {
    let key = ["--key", "\(name).key", "--cert", "\(name).pem", "--pass-file", "secret"]
    return try run(try #require(exhibitProgram), arguments + key, in: scratch.url)
  }

  private func events(_ bundle: String? = nil) throws -> Int {
    let names = try FileManager.default.contentsOfDirectory(atPath: (bundle ?? self.bundle) + "/custody")
    return names.filter { $0.hasSuffix(".json") }.count
  }
  private func event(_ number: Int) throws -> Fields {
    let url = URL(fileURLWithPath: "\(bundle)/\(BundleLayout.event(number))")
    return try #require(ValueReader.fields([UInt8](Data(contentsOf: url))))
  }
  private func last() throws -> Fields { try event(events()) }

  /// What openssl says of a detached signature over a file; gives how many signed, 0 when it does not accept it.
  private func openssl(_ file: String, _ trusted: String) throws -> Int {
    let tool = try #require(program("openssl"))
    let arguments = [
      "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "\(file).p7s", "-content", file, "-CAfile",
      trusted, "-signer", "signers.pem", "-out", "/dev/null",
    ]
    guard try run(tool, arguments, in: scratch.url).status == 0 else { return 0 }
    let signers = try String(contentsOfFile: scratch.path("signers.pem"), encoding: .utf8)
    return signers.components(separatedBy: "BEGIN CERTIFICATE").count - 1
  }

  @Test func aBundleGoesFromOneToTheOtherAndTheReceiptComesBack() throws {
    guard exhibitProgram != nil else { return }
    let offered = try signed("a12", "transfer", "offer", "case", "--to", "B77")
    #expect(offered.status == 0 && offered.text.contains("event 5, transfer.offer"), "\(offered.errors)")
    let received = try signed("b77", "transfer", "receive", "case", "--trust", "all.pem", "--receipt", "back.json")
    #expect(received.status == 0 && received.errors.isEmpty, "\(received.errors)")
    #expect(try events() == 6)
    #expect(try openssl("case/custody/000005.json", "a12.pem") == 1)
    #expect(try openssl("case/custody/000006.json", "b77.pem") == 1)
    #expect(try openssl("case/custody/000006.json", "a12.pem") == 0)
    #expect(try openssl("back.json", "b77.pem") == 1)
    let accepted = try event(6)
    #expect(accepted["type"] == .text("transfer.accept") && accepted["recipientStated"] == nil)
    guard case .list(let checks)? = accepted["checks"] else { throw CocoaError(.coderValueNotFound) }
    #expect(checks.contains("payloadManifest") && checks.contains("eventSignatures"))
    let receipt = try #require(ValueReader.fields([UInt8](Data(contentsOf: scratch.url("back.json")))))
    #expect(receipt["receivedBy"] == .text("B77") && receipt["seq"] == .integer(6))

    let verified = try command("verify", "case", "--against", "back.json", "--trust", "all.pem")
    #expect(verified.status == 0 && verified.text.contains("ok    receipt"), "\(verified.text)")
    let shown = try command("custody", "case").text
    #expect(shown.contains("A12 (examiner, unsigned)  by event 1, open"))
    #expect(shown.contains("and still  B77 (examiner, certificate "))

    // The receiver cuts the acceptance off; only the receipt can tell.
    for name in ["000006.json", "000006.json.p7s"] {
      try FileManager.default.removeItem(atPath: "\(bundle)/custody/\(name)")
    }
    #expect(try command("verify", "case", "--trust", "all.pem").status == 0)
    let cut = try command("verify", "case", "--against", "back.json")
    #expect(cut.status == 1 && cut.text.contains("the chain was cut"))
    let again = try signed("c1", "receive", "case", "--against", "back.json")
    #expect(again.status == 1 && again.errors.contains("receipt: "))
  }

  @Test func aSealGoesWithTheBundleAndItsReceipt() throws {
    guard exhibitProgram != nil else { return }
    let sealed = try signed("a12", "seal", "case")
    try #require(sealed.status == 0, "\(sealed.errors)")
    #expect(try signed("a12", "transfer", "offer", "case", "--to", "B77").status == 0)
    let hash = String(try run("/usr/bin/env", ["sha256sum", "\(bundle)/seal/seal.txt"]).text.prefix(64))
    #expect(try last()["seal"] == .object(["sha256": .text(hash)]))
    let received = try signed("b77", "receive", "case", "--trust", "all.pem")
    #expect(received.status == 0, "\(received.errors)")
    let receipt = try #require(ValueReader.fields([UInt8](Data(contentsOf: scratch.url("case.received.json")))))
    #expect(receipt["sealSha256"] == .text(hash))
    let verified = try command("verify", "case", "--against", "case.received.json", "--trust", "all.pem")
    #expect(verified.status == 0 && verified.text.contains("ok    seal"), "\(verified.text)")
  }

  @Test func aFlippedBitIsRefused() throws {
    guard exhibitProgram != nil else { return }
    #expect(try signed("a12", "transfer", "offer", "case", "--to", "B77").status == 0)
    let original = URL(fileURLWithPath: "\(bundle)/data/originals/O-0001.pcapng")
    var bytes = try Data(contentsOf: original)
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: original)
    let refused = try signed("b77", "receive", "case")
    #expect(refused.status == 1 && refused.text.contains("refused"))
    #expect(refused.errors.contains("changed: data/originals/O-0001.pcapng"))
    #expect(try events() == 6)
    let event = try last()
    #expect(event["type"] == .text("transfer.refuse") && event["exit"] == .integer(1))
    #expect(CanonicalJSON.text(event["failed"] ?? "").contains(#""name":"payloadManifest""#))
    #expect(try openssl("case/custody/000006.json", "b77.pem") == 1)
    #expect(!FileManager.default.fileExists(atPath: scratch.path("case.received.json")))
    // It was answered: repaired or not, it must be offered anew.
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: original)
    let late = try signed("b77", "receive", "case")
    #expect(late.status == 1 && late.errors.contains("nothing was offered"))
    #expect(try signed("a12", "transfer", "offer", "case", "--to", "B77").status == 0)
    #expect(try signed("b77", "receive", "case").status == 0)
    #expect(try openssl("case.received.json", "b77.pem") == 1)
  }

  @Test func whatNobodyOfferedIsRefusedAndOthersThanTheRecipientAreNamed() throws {
    guard exhibitProgram != nil else { return }
    let early = try signed("b77", "receive", "case")
    #expect(early.status == 1 && early.errors.contains("nothing was offered"))
    #expect(try events() == 5)
    #expect(try last()["reason"] == .text("nothing was offered that is still unanswered"))
    #expect(try signed("a12", "transfer", "offer", "case", "--to", "B77").status == 0)
    let other = try signed("c1", "receive", "case")
    #expect(other.status == 0 && other.errors.contains("it was offered to B77, and C1 received it"))
    let event = try last()
    #expect(event["recipientStated"] == .text("B77"))
    #expect(CanonicalJSON.text(event["warnings"] ?? "").contains("C1"))
    // Who gives what another has is named too, and the former offer's end.
    for _ in 0..<2 { #expect(try signed("b77", "transfer", "offer", "case", "--to", "A12").status == 0) }
    let warnings = CanonicalJSON.text(try last()["warnings"] ?? "")
    #expect(warnings.contains("it is C1 who has the bundle") && warnings.contains("takes the place of the offer"))
    // Nobody vouches for the one who offered.
    let stranger = try signed("c1", "receive", "case", "--trust", "c1.pem", "--receipt", "second.json")
    #expect(stranger.status == 1 && stranger.errors.contains("untrusted: custody/"))
  }

  @Test func aReceiptThatCouldNotBeWrittenIsFoundBeforeTheWork() throws {
    guard exhibitProgram != nil else { return }
    #expect(try signed("a12", "transfer", "offer", "case", "--to", "B77").status == 0)
    _ = try scratch.write([], "there.json")
    _ = try scratch.write([], "beside.json.p7s")
    for (place, status) in [
      ("there.json", 5), ("beside.json", 5), ("nowhere/x.json", 5), ("case/x.json", 2), ("case/custody/x.json", 2),
    ] as [(String, Int32)] {
      let result = try signed("b77", "receive", "case", "--receipt", place)
      #expect(result.status == status, "\(place): \(result.errors)")
    }
    for arguments in [["--against", "secret"], ["--trust", "secret"]] {
      let result = try run(
        try #require(exhibitProgram), ["receive", "case", "--key", "b77.key", "--pass-file", "secret"] + arguments,
        in: scratch.url)
      #expect(result.status == 4, "\(result.errors)")
    }
    #expect(try command("receive", "case").status == 2)
    #expect(try command("transfer", "offer", "case", "--to", "B77").status == 2)
    #expect(try events() == 5)
  }

  @Test func aHandoverBearsBothSignatures() throws {
    guard exhibitProgram != nil else { return }
    let taker = ["--taker-key", "b77.key", "--taker-cert", "b77.pem", "--taker-pass-file", "secret"]
    func handover(_ from: String, _ to: String, _ more: [String]) throws -> ProgramResult {
      let giver = ["--key", "a12.key", "--cert", "a12.pem", "--pass-file", "secret"]
      let names = ["custody", "handover", "case", "--exhibit", "E-1", "--from", from, "--to", to]
      return try run(try #require(exhibitProgram), names + giver + more, in: scratch.url)
    }
    let both = try handover("A12", "B77", taker + ["--at", "2026-01-06T10:00:00+01:00"])
    #expect(both.status == 0, "\(both.errors)")
    #expect(try openssl("case/custody/000005.json", "all.pem") == 2)
    // Each of them must be vouched for.
    #expect(try openssl("case/custody/000005.json", "a12.pem") == 0)
    #expect(try command("verify", "case", "--trust", "a12.pem").status == 1)
    let verified = try command("verify", "case", "--trust", "all.pem")
    #expect(verified.status == 0 && verified.text.contains("signed by A12") && verified.text.contains("signed by B77"))
    let event = try event(5)
    #expect(event["at"] == .text("2026-01-06T09:00:00.000000000Z"))
    guard case .object(let named)? = event["taker"], case .text(let hash)? = named["cert"] else {
      throw CocoaError(.coderValueNotFound)
    }
    #expect(verified.text.contains("signed by B77, certificate \(hash)"))

    let alone = try handover("A12", "C1", [])
    #expect(alone.status == 0 && alone.errors.contains("it is B77 who has it, not A12"))
    #expect(try openssl("case/custody/000006.json", "a12.pem") == 1)
    let same = try handover("A12", "A12", ["--taker-key", "a12.key", "--taker-cert", "a12.pem"] + taker.suffix(2))
    #expect(same.status == 2 && same.errors.contains("same certificate"))
    #expect(try handover("A12", "C1", ["--taker-cert", "b77.pem"]).status == 2)
    #expect(try handover("A12", "C1", ["--taker-key", "pkcs11:token=x;object=y?pin-value=1234"]).status == 2)
    #expect(
      try handover("A12", "C1", Array(taker.prefix(2)) + ["--taker-cert", "c1.pem"] + taker.suffix(2)).status == 4)
    #expect(try events() == 6)
    let shown = try command("custody", "show", "case").text
    #expect(shown.contains("Who had exhibit E-1") && shown.contains("until "))
  }

  /// The custody page of a report written now, without what follows the tables of holders.
  private func holders(_ output: String) throws -> String {
    let written = try command("report", "case", "--output", output)
    try #require(written.status == 0, "\(written.errors)")
    let page = try String(contentsOfFile: scratch.path("\(output)/custody.html"), encoding: .utf8)
    return try #require(page.components(separatedBy: "All events").first)
  }

  @Test func theReportShowsBothHoldersOfABundle() throws {
    guard exhibitProgram != nil else { return }
    let own = try String(contentsOfFile: scratch.path("case/report/custody.html"), encoding: .utf8)
    #expect(own.contains("Written when the last event was number <strong>4</strong>") && own.contains("No gap: "))
    #expect(!own.contains("not whole") && own.contains("<strong><bdi class=\"captured\">A12</bdi></strong>"))
    #expect(try signed("a12", "seal", "case").status == 0)
    #expect(try signed("a12", "transfer", "offer", "case", "--to", "B77").status == 0)
    let offered = try holders("offered")
    #expect(offered.contains("offered to B77, and nobody has answered") && offered.contains("<strong>1 gap. </strong>"))
    #expect(try command("custody", "case").text.contains("GAP  offered to B77, and nobody has answered; from "))
    #expect(try signed("b77", "receive", "case", "--trust", "all.pem").status == 0)
    let page = try holders("received")
    #expect(page.contains("Written when the last event was number <strong>7</strong>") && page.contains("No gap: "))
    for name in ["A12", "B77"] { #expect(page.contains("<strong><bdi class=\"captured\">\(name)</bdi></strong>")) }
    #expect(page.contains("7: <bdi class=\"captured\">Received and checked</bdi>") && !page.contains("class=\"gap\""))
    #expect(page.contains("signed with the certificate "))
    // What stands in the bundle is still the old page, and the bundle verifies.
    #expect(try String(contentsOfFile: scratch.path("case/report/custody.html"), encoding: .utf8) == own)
    #expect(try command("verify", "case", "--trust", "all.pem").status == 0)
  }

  @Test func theReportNamesAGapOf45MinutesOfAnExhibit() throws {
    guard exhibitProgram != nil else { return }
    _ = try scratch.write(Array("positions".utf8), "van.csv")
    for arguments in [
      ["handover", "case", "--from", "A12", "--to", "C1", "--at", "2026-01-06T09:00:00Z"],
      [
        "waypoint", "case", "--telemetry", "van.csv", "--position", "48.85, 2.35", "--from", "2026-01-06T09:00:00Z",
        "--to", "2026-01-06T09:30:00Z",
      ], ["handover", "case", "--from", "C1", "--to", "B77", "--at", "2026-01-06T10:15:00Z"],
    ] {
      let giver = ["--exhibit", "E-1", "--key", "a12.key", "--cert", "a12.pem", "--pass-file", "secret"]
      let result = try run(try #require(exhibitProgram), ["custody"] + arguments + giver, in: scratch.url)
      try #require(result.status == 0, "\(result.errors)")
    }
    let page = try holders("report")
    #expect(page.contains("Who had the exhibit <bdi class=\"captured\">E-1</bdi>") && page.contains("Gap of 45m"))
    #expect(page.contains("nothing is known of it; C1 had taken it") && page.contains("48.85, 2.35"))
    let shown = try command("custody", "show", "case").text
    let gap =
      "  GAP  nothing is known of it; C1 had taken it; from 2026-01-06T09:30:00.000000000Z until "
      + "2026-01-06T10:15:00.000000000Z, 45m; events 6, 7"
    #expect(shown.contains(gap) && shown.contains("position 48.85, 2.35; telemetry van.csv"), "\(shown)")
  }

  @Test func everyCommandAddsOneEventAlsoWhenItFails() throws {
    guard exhibitProgram != nil else { return }
    let photo = try scratch.write(Array("picture".utf8), "photo.jpg")
    let times = ["--from", "2026-01-06T09:00:00Z", "--to", "2026-01-06T09:30:00Z"]
    let cases: [([String], Int32, String)] = [
      (["seal-number", "--number", "0471", "--photo", "photo.jpg"], 0, "exhibit.seal"),
      (["seal-number", "--number", "0471", "--photo", "no.jpg"], 4, "exhibit.seal"),
      (["waypoint", "--telemetry", photo] + times, 0, "exhibit.waypoint"),
      (["waypoint", "--telemetry", "/dev/zero", "--position", "48.85, 2.35"] + times, 4, "exhibit.waypoint"),
      (["waypoint", "--telemetry", "case"] + times, 4, "exhibit.waypoint"),
      (["check", "--weight", "1250.50", "--note", "two\nlines"], 0, "exhibit.check"),
      (["check", "--photo", "no.jpg"], 4, "exhibit.check"), (["anomaly", "--note", "wet"], 0, "exhibit.anomaly"),
    ]
    for (arguments, status, type) in cases {
      let before = try events()
      let all = ["custody", arguments[0], "case", "--exhibit", "E-1", "--examiner", "A12"] + arguments.dropFirst()
      let result = try run(try #require(exhibitProgram), all, in: scratch.url)
      #expect(result.status == status, "\(arguments): \(result.errors)")
      #expect(try events() == before + 1, "\(arguments)")
      let event = try last()
      #expect(event["type"] == .text(type) && event["exit"] == .integer(Int64(status)))
      #expect((event["error"] != nil) == (status != 0))
    }
    // printf picture | sha256sum
    let hash = try run("/usr/bin/env", ["sha256sum", photo]).text.prefix(64)
    #expect(CanonicalJSON.text(try event(5)["photo"] ?? "") == #"{"bytes":7,"name":"photo.jpg","sha256":"\#(hash)"}"#)
    #expect(try event(10)["weightGrams"] == .text("1250.5"))
    #expect(try command("verify", "case").status == 0)
    // Wrong usage and a bundle that is none leave nothing.
    let before = try events()
    for arguments in [
      ["check", "case"], ["check", "case", "--weight", "1e3"], ["check", "case", "--weight", "-1"],
      ["waypoint", "case", "--telemetry", photo, "--from", "2026-01-06T09:30:00Z", "--to", "2026-01-06T09:00:00Z"],
      ["waypoint", "case", "--telemetry", photo, "--from", "yesterday", "--to", "2026-01-06T09:00:00Z"],
    ] {
      let all = ["custody"] + arguments + ["--exhibit", "E-1", "--examiner", "A12"]
      #expect(try run(try #require(exhibitProgram), all, in: scratch.url).status == 2, "\(arguments)")
    }
    #expect(try command("custody", "anomaly", "case", "--exhibit", "E-1", "--note", "x").status == 2)
    #expect(try events() == before)
    #expect(try command("custody", "anomaly", "no", "--exhibit", "E", "--note", "x", "--examiner", "A").status == 5)
  }

  @Test func hostileTextIsRefusedOrShownEscaped() throws {
    guard exhibitProgram != nil else { return }
    let long = String(repeating: "x", count: 10_000)
    func anomaly(_ exhibit: String, _ note: String) throws -> ProgramResult {
      try command("custody", "anomaly", "case", "--exhibit", exhibit, "--note", note, "--examiner", "A\u{1b}[31m")
    }
    for (exhibit, note) in [
      ("E-1", long), (long, "x"), ("E\u{1b}[2J", "x"), ("E\n1", "x"), ("", "x"), ("E-1", ""), ("E-1", "bell\u{7}"),
      ("E-1", "\u{9b}31m"), ("E-1", "\u{2028}"), (" ", "x"),
    ] { #expect(try anomaly(exhibit, note).status == 2, "\(exhibit.prefix(20)) \(note.prefix(20))") }
    #expect(try signed("a12", "transfer", "offer", "case", "--to", "B\r77").status == 2)
    #expect(try events() == 4)
    // What turns text around is no control character: it stays, and is shown for what it is.
    #expect(try anomaly("E-\u{202e}1", "<script>\u{202e}\"\\ \u{1f4a3}").status == 0)
    _ = try scratch.write(Array("x".utf8), "a\u{1b}[31m\n.csv")
    #expect(
      try command(
        "custody", "seal-number", "case", "--exhibit", "E-2", "--number", "9", "--photo", "a\u{1b}[31m\n.csv",
        "--examiner", "A12"
      ).status == 0)
    for arguments in [["show", "case"], ["gaps", "case", "--max", "1d"]] {
      let result = try run(try #require(exhibitProgram), ["custody"] + arguments, in: scratch.url)
      #expect(result.status == 0)
      #expect(!result.text.contains("\u{1b}") && !result.text.contains("\u{202e}"))
    }
    #expect(try command("custody", "gaps", "case", "--max", "1d").text.contains("E-[U+202E]1: <script>[U+202E]"))
    #expect(try command("verify", "case").status == 0)
  }

  @Test func lookingWritesNothing() throws {
    guard exhibitProgram != nil else { return }
    func state() throws -> String {
      try run("/bin/sh", ["-c", "cd '\(bundle)' && find . -exec stat -c '%n %i %Y %s' {} + | sort"]).text
    }
    let before = try state()
    #expect(try command("custody", "case", "--json").lines.count == 4)
    #expect(try command("custody", "gaps", "case", "--max", "30m").status == 0)
    let json = try command("custody", "gaps", "case", "--max", "30m", "--json")
    let document = try #require(ValueReader.fields(Array(json.text.utf8)))
    #expect(document["maximumSeconds"] == .integer(1_800) && document["gaps"] == .list([]))
    #expect(try command("custody", "gaps", "case", "--max", "30m", "--exhibit", "E-9").status == 1)
    #expect(try command("custody", "gaps", "nowhere", "--max", "30m").status == 4)
    #expect(try command("custody", "gaps", "case", "--max", "30").status == 2)
    #expect(try state() == before)
  }
}
