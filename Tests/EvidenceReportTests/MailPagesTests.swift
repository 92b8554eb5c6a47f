import EvidenceModel
import Foundation
import Testing

@testable import EvidenceReport

@Suite struct MailPagesTests {
  private func artefact(
    _ bundle: inout FixtureBundle, _ number: Int, _ ending: String, _ bytes: [UInt8]
  ) throws -> String {
    let sha256 = FixtureBundle.hash(number)
    let place = "data/artefacts/\(sha256.prefix(2))/\(sha256).\(ending)"
    try bundle.write(place, bytes)
    bundle.add(
      "artefact", packets: "1", second: 1,
      [
        "sha256": .text(sha256), "path": .text(place), "byteCount": .integer(Int64(bytes.count)), "isComplete": true,
        "mediaType": "text/plain", "origin": "captured",
      ], prefix: "A")
    return sha256
  }

  private func pages(_ change: (inout FixtureBundle) throws -> Void) throws -> (mail: String, transfers: String) {
    let scratch = try Scratch()
    var bundle = try FixtureBundle(path: scratch.path + "/bundle")
    try bundle.addDocuments()
    try change(&bundle)
    try bundle.writeRecords()
    try ReportWriter(bundle: bundle.path, output: bundle.path + "/report").write()
    return (try scratch.text("bundle/report/mail.html"), try scratch.text("bundle/report/mail-transfers.html"))
  }

  @Test func showsAMessageWithItsTextAndAttachments() throws {
    let (mail, transfers) = try pages { bundle in
      let message = try artefact(&bundle, 1, "eml", [1])
      let text = try artefact(&bundle, 2, "txt", [0xf0, 0xd2, 0xc9] + Array("\r\n<b>\u{202e}".utf8.prefix(6)))
      bundle.add(
        "mail/part", packets: "3", second: 3,
        ["part": "1", "mediaType": "text/plain", "sha256": .text(text), "parentSha256": .text(message)])
      for _ in 0..<2 {
        bundle.add(
          "mail/part", packets: "3", second: 3,
          [
            "part": "2", "mediaType": "image/png", "fileName": .text(FixtureBundle.turned), "byteCount": 3,
            "parentSha256": .text(message), "isComplete": false,
          ])
      }
      bundle.add(
        "mail/message", packets: "3", second: 3,
        [
          "from": "Kim <kim@example.net>", "subject": .text(FixtureBundle.script), "textSha256": .text(text),
          "charset": "koi8-r", "parentSha256": .text(message), "date": "no date", "isComplete": true,
        ])
      bundle.add(
        "smtp/message", packets: "3", second: 3,
        [
          "mailFrom": "", "sha256": .text(message), "clientName": "laptop", "status": 250, "reply": "queued",
          "source": "192.0.2.1:4000", "destination": "192.0.2.2:25",
          "recipients": .list([
            .object(["address": "jo@example.net", "status": 250]),
            .object(["address": "nobody@example.net", "status": 550, "reply": "unknown"]),
          ]),
        ])
    }
    #expect(mail.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !mail.contains("<script>alert"))
    // KOI8-R is read as such, line ends are kept, marks of direction are shown by number.
    #expect(mail.contains("При\n&lt;b&gt;"))
    #expect(mail.contains("no date"))
    #expect(mail.contains("invoice<span class=\"esc\">[U+202E]</span>gpj.exe"))
    #expect(mail.contains("Parts and attachments (1)"))
    #expect(mail.contains("handed over (SMTP) by laptop"))
    #expect(transfers.contains("(nobody)") && transfers.contains("(accepted)") && transfers.contains("550 unknown"))
  }

  @Test func showsTheWordsOfHTMLWithoutItsMarkup() throws {
    let (mail, _) = try pages { bundle in
      let html = try artefact(
        &bundle, 3, "html",
        Array("<html><style>p{}</style><p>Meet &amp; greet</p>at <b>four</b><img src=http://x>".utf8))
      bundle.add(
        "mail/message", packets: "3", second: 3,
        ["htmlSha256": .text(html), "parentSha256": .text(FixtureBundle.hash(1)), "isComplete": false])
    }
    #expect(mail.contains("Meet &amp; greet\nat four</bdi>") || mail.contains("Meet &amp; greet"))
    #expect(!mail.contains("http://x") && !mail.contains("p{}"))
    #expect(mail.contains("The message is not whole"))
    #expect(mail.contains("without a subject"))
  }

  @Test func showsWhatStandsInPartsAndTexts() throws {
    let (mail, _) = try pages { bundle in
      let message = try artefact(&bundle, 4, "eml", [1])
      let text = try artefact(&bundle, 5, "txt", Array("begin 644 a".utf8))
      let wrapped = try artefact(&bundle, 6, "dat", [2])
      let inside = try artefact(&bundle, 7, "dat", [3])
      bundle.add(
        "mail/part", packets: "3", second: 3,
        [
          "part": "2", "mediaType": "application/ms-tnef", "fileName": "winmail.dat", "sha256": .text(wrapped),
          "parentSha256": .text(message),
        ])
      bundle.add(
        "mail/message", packets: "3", second: 3,
        ["subject": "lists", "textSha256": .text(text), "parentSha256": .text(message), "isComplete": true])
      bundle.add(
        "tnef/message", packets: "3", second: 3,
        ["subject": .text(FixtureBundle.script), "from": "Robin", "parentSha256": .text(wrapped), "isComplete": false])
      bundle.add(
        "tnef/attachment", packets: "3", second: 3,
        ["fileName": "the first", "sha256": .text(inside), "byteCount": 1, "parentSha256": .text(wrapped)])
      bundle.add(
        "tnef/attachment", packets: "3", second: 3,
        ["fileName": "crates.csv", "byteCount": 22, "parentSha256": .text(inside)])
      // A message that stands in itself ends at the limit of depth.
      bundle.add(
        "tnef/attachment", packets: "3", second: 3,
        ["fileName": "again", "sha256": .text(inside), "parentSha256": .text(inside)])
      bundle.add(
        "uuencode/file", packets: "3", second: 3, ["fileName": "table.bin", "parentSha256": .text(text)])
    }
    #expect(mail.contains("Files that stand in the text (1)") && mail.contains("table.bin"))
    #expect(mail.contains("message in it: ") && mail.contains("from <bdi") && mail.contains("Robin"))
    #expect(mail.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !mail.contains("<script>alert"))
    #expect(mail.ranges(of: "crates.csv").count == MailPagesTests.innerDepth - 1)
  }

  /// How deep messages in each other are shown.
  private static let innerDepth = 4

  @Test func listsWhatWasFetched() throws {
    let (_, transfers) = try pages { bundle in
      bundle.add("pop3/message", packets: "1", second: 1, ["messageNumber": 7, "user": "kim", "isComplete": false])
      bundle.add(
        "imap/message", packets: "2", second: 2,
        ["command": "APPEND", "mailbox": "Sent", "uid": 9, "section": "1.2", "isComplete": true])
    }
    for words in ["POP3, fetched", "no. 7", "logged in as", "IMAP, stored", "Sent", "section", "incomplete"] {
      #expect(transfers.contains(words), "\(words)")
    }
  }

  @Test(arguments: [
    ("<p>a<br>b", "a\nb"), ("a<!-- <b> -->c", "ac"), ("<script>x</script>y", "y"),
    ("&#65;&#x42;&uuml;&unknown;&", "ABü&unknown;&"),
    ("a < b", "a"), ("  a \n b ", "a b"), ("<STYLE>x</STYLE>z", "z"), ("", ""),
  ])
  func takesWordsFromMarkup(_ html: String, _ words: String) { #expect(HTMLText.plain(Array(html.utf8)) == words) }

  @Test func readsTextInItsCharacterSet() {
    #expect(MessageText.decode([0xe4, 0x80], charset: nil) == "ä€")
    #expect(MessageText.decode([0xe4], charset: "no such set") == "ä")
    #expect(MessageText.decode([0x61, 0xff], charset: "utf-8") == "a\u{fffd}")
  }
}
