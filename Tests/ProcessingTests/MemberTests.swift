import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// Mail, mailboxes and captures among the members of archives, through the whole program.
@Suite(.enabled(if: exhibitProgram != nil)) struct MemberTests {
  private let folder: TemporaryFolder
  private static let mails = repository.appending(path: "plugins/Mail/Samples").path

  init() throws { folder = try TemporaryFolder() }

  private func records(_ bundle: String, _ kind: String) -> [Fields] {
    RecordFile(path: "\(bundle)/data/records/\(kind).ndjson").compactMap { ValueReader.fields($0) }
  }

  private func text(_ fields: Fields, _ name: String) -> String? {
    if case .text(let text)? = fields[name] { text } else { nil }
  }

  private func sha256(_ path: String) throws -> String {
    String(try run("/usr/bin/sha256sum", [path]).text.prefix(64))
  }

  private func pack(_ name: String, _ paths: [String]) throws -> String {
    let zip = try #require(program("zip"))
    try #require(try run(zip, ["-q", "-j", folder.path(name)] + paths).status == 0)
    return folder.path(name)
  }

  private func process(_ input: String) throws -> String {
    var manifests: [String] = []
    for jobs in ["1", "3"] {
      let result = try exhibit(
        "process", input, "--output", folder.path("bundle-\(jobs)"), "--jobs", jobs, "--quiet")
      #expect(result.status == 0, "\(result.errors)")
      manifests.append(
        try String(contentsOfFile: folder.path("bundle-\(jobs)") + "/manifest-sha256.txt", encoding: .utf8))
    }
    #expect(manifests[0] == manifests[1])
    #expect(try exhibit("verify", folder.path("bundle-1")).status == 0)
    #expect(try exhibit("reproduce", folder.path("bundle-1")).status == 0)
    return folder.path("bundle-1")
  }

  @Test func aMessageInAnArchiveIsReadAsOne() throws {
    let inner = try pack("inner.zip", ["\(Self.mails)/full.eml"])
    let bundle = try process(try pack("outer.zip", [inner, "\(Self.mails)/plain.eml"]))
    let messages = records(bundle, "mail-message")
    let full = try sha256("\(Self.mails)/full.eml")
    // A third stands in the first, and has the same bytes as the second.
    let plain = try sha256("\(Self.mails)/plain.eml")
    #expect(Set(messages.map { text($0, "parentSha256") }) == [full, plain], "\(messages)")
    let outer = try #require(messages.first { text($0, "parentSha256") == full })
    #expect(text(outer, "subject")?.hasSuffix("Fotos und Tabelle") == true)
    #expect(text(outer, "decoder")?.hasPrefix("mail ") == true)
    #expect(outer["source"] == nil && outer["communityID"] == nil && outer["transport"] == nil)
    guard case .list(let places)? = outer["provenance"], case .object(let place)? = places.first else {
      Issue.record("it has no provenance")
      return
    }
    #expect(text(place, "original") == "O-0001")
    let parts = records(bundle, "mail-part").filter { text($0, "parentSha256") == full }
    let picture = try #require(parts.first { text($0, "fileName")?.hasSuffix("ckerei.png") == true })
    let artefacts = records(bundle, "artefact")
    #expect(artefacts.contains { $0["sha256"] == picture["sha256"] && text($0, "parentSha256") == full })
    // Attachments are looked into like other files; this one is no picture that can be decoded.
    #expect(
      records(bundle, "finding").contains {
        text($0, "code") == "picture/damaged" && $0["parentSha256"] == picture["sha256"]
      })
    let page = try String(contentsOfFile: "\(bundle)/report/mail.html", encoding: .utf8)
    #expect(page.contains("Fotos und Tabelle"))
  }

  @Test func theMessagesOfAMailboxAreReadOneByOne() throws {
    let plain = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(Self.mails)/plain.eml")))
    let odd = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(Self.mails)/odd.eml")))
    let line = Array("From jo@example.org Thu Jan  1 02:03:04 2026\n".utf8)
    let remark = Array("\n\nFrom here on there is no message\n\n".utf8)
    _ = try folder.write(line + plain + remark + line + odd, "old.mbox")
    let bundle = try process(try pack("outer.zip", [folder.path("old.mbox")]))
    let mailbox = try sha256(folder.path("old.mbox"))
    let parts = records(bundle, "artefact").filter { text($0, "role") == "message of a mailbox" }
    #expect(parts.count == 2 && parts.allSatisfy { text($0, "parentSha256") == mailbox })
    // What stands before the next line belongs to the message.
    let bytes = try #require(parts.first.flatMap { text($0, "path") })
    #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(bundle)/\(bytes)"))) == plain + remark)
    let messages = records(bundle, "mail-message")
    #expect(messages.map { text($0, "parentSha256") } == parts.map { text($0, "sha256") })
  }

  @Test func aCaptureInAnArchiveIsNamed() throws {
    let capture = repository.appending(path: "evidence-samples/first-case/input/1-calls.pcapng").path
    let bundle = try process(try pack("outer.zip", [capture]))
    let finding = try #require(records(bundle, "finding").first { text($0, "code") == "file/capture" })
    #expect(text(finding, "parentSha256") == (try sha256(capture)))
  }

  /// What stands behind a program or a recording is opened of an original as it is in the traffic.
  @Test func anArchiveBehindAProgramOrARecordingIsOpened() throws {
    let ffmpeg = try #require(program("ffmpeg"), "install the packages of the group test")
    let zip = [UInt8](try Data(contentsOf: URL(fileURLWithPath: try pack("a.zip", ["\(Self.mails)/plain.eml"]))))
    let made = try run(
      ffmpeg, ["-v", "error", "-f", "lavfi", "-i", "sine=duration=1", "-c:a", "pcm_s16le", folder.path("tone.wav")])
    try #require(made.status == 0, "\(made.errors)")
    let tone = [UInt8](try Data(contentsOf: folder.url("tone.wav")))
    let stub = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "/bin/true")))
    _ = try folder.write(stub + zip, "setup")
    _ = try folder.write(tone + zip, "tone-and-more.wav")
    let bundle = folder.path("bundle")
    let result = try exhibit(
      "process", folder.path("setup"), folder.path("tone-and-more.wav"), "--output", bundle, "--quiet")
    #expect(result.status == 0, "\(result.errors)")
    #expect(records(bundle, "original-file").map { text($0, "takenFor") } == ["archive", "recording"])
    #expect(records(bundle, "archive-member").map { text($0, "name") } == ["plain.eml", "plain.eml"])
    #expect(records(bundle, "mail-message").count == 2 && records(bundle, "recording-file").count == 1)
    #expect(try exhibit("verify", bundle).status == 0)
    #expect(try exhibit("reproduce", bundle).status == 0)
  }
}
