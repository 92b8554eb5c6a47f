import DecoderKit
import DecoderTesting
import Foundation
import MailDecoder
import Testing

let file = DecodingContext.Carrier.file(mediaType: "message/rfc822", parameters: "")

func read(_ text: String, isWhole: Bool = true) -> DecodingOutcome {
  run(
    MailDecoder(),
    on: [.bytes(Array(text.utf8), from: .initiator), .end(isWhole ? .finished : .captureEnd, of: .initiator)],
    over: file)
}

func sample(_ name: String) throws -> [UInt8] {
  let url = try #require(Bundle.module.url(forResource: name, withExtension: "eml", subdirectory: "Samples"))
  return [UInt8](try Data(contentsOf: url))
}

func readSample(_ name: String) throws -> DecodingOutcome {
  run(MailDecoder(), on: [.bytes(try sample(name), from: .initiator), .end(.finished, of: .initiator)], over: file)
}

extension DecodingOutcome {
  var message: EmittedRecord? { all("mail/message").first }
  var parts: [EmittedRecord] { all("mail/part") }
}

extension DecodingOutcome.EmittedRecord {
  func time(_ name: String) -> String? {
    if case .time(let time) = fields[name] { time.description } else { nil }
  }
  func json(_ name: String) -> String? { fields[name].map { CanonicalJSON.text($0) } }
}

@Suite struct MessageTests {
  @Test func readsAPlainMessage() throws {
    let outcome = try readSample("plain")
    let message = try #require(outcome.message)
    #expect(message.text("from") == "Robin Månsson <robin@example.org>")
    #expect(
      message.json("addresses")
        == #"[{"address":"robin@example.org","field":"from","name":"Robin Månsson"},"#
        + #"{"address":"kim@example.net","field":"to","name":"Kim, at the harbour"},"#
        + #"{"address":"jo@example.net","field":"to"}]"#)
    #expect(message.text("subject") == "Delivery at the old pier")
    #expect(message.text("date") == "Tue, 03 Mar 2026 09:15:00 +0100")
    #expect(message.time("writtenAt") == "2026-03-03T08:15:00.000000000Z")
    #expect(message.text("messageID") == "<first@example.org>")
    #expect(message.flag("isComplete") == true)
    #expect(message.number("partCount") == 1)
    #expect(outcome.contents.map(\.text) == ["The boat comes at four.\r\n.\r\n..Bring two boxes.\r\n"])
    #expect(message.text("textSha256") != nil)
    #expect(outcome.findings.isEmpty)
  }

  @Test func readsPartsThatStandInEachOther() throws {
    let outcome = try readSample("full")
    #expect(outcome.message?.text("subject") == "Grüße: Fotos und Tabelle")
    #expect(outcome.message?.number("partCount") == 5)
    #expect(outcome.message?.number("attachmentCount") == 3)
    #expect(outcome.parts.map { $0.text("part") } == ["1.1", "1.2", "2", "3", "4"])
    #expect(
      outcome.parts.map { $0.text("mediaType") } == [
        "text/plain", "text/html", "image/png", "text/csv", "message/rfc822",
      ])
    #expect(outcome.parts.map { $0.text("fileName") } == [nil, nil, "bäckerei.png", "table.csv", "first.eml"])
    #expect(
      outcome.contents.map(\.description.codings) == [[.quotedPrintable], [.quotedPrintable], [.base64], [], []])
    #expect(outcome.contents.allSatisfy { $0.isWhole })
    #expect(outcome.message?.flag("isComplete") == true)
    #expect(outcome.findings.isEmpty)
    // The line end before a delimiter is not the part's.
    #expect(outcome.contents[3].text.hasSuffix("old;4\r\n"))
  }

  @Test func readsOtherCharacterSets() throws {
    let outcome = try readSample("odd")
    #expect(outcome.message?.text("subject") == "慈間привет")
    #expect(outcome.message?.text("charset") == "koi8-r")
  }

  @Test func takesTextAsTheTypeThatIsNotDeclared() {
    let outcome = read("Subject: x\r\n\r\nbody")
    #expect(outcome.parts.map { $0.text("mediaType") } == ["text/plain"])
    #expect(outcome.contents.map(\.text) == ["body"])
    #expect(outcome.message?.flag("isComplete") == true)
  }

  @Test func readsAMessageThatIsAllHead() {
    for text in ["Subject: x\r\n\r\n", "Subject: x\r\n", "Subject: x"] {
      let outcome = read(text)
      #expect(outcome.message?.text("subject") == "x")
      #expect(outcome.contents.isEmpty)
    }
  }

  @Test func saysThatAMessageIsCut() {
    #expect(read("Subject: x\r\n\r\nbo", isWhole: false).message?.flag("isComplete") == false)
    let outcome = read("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhalf a pa")
    #expect(outcome.codes == ["mail/unterminated"])
    #expect(outcome.message?.flag("isComplete") == false)
    #expect(outcome.contents.map(\.text) == ["half a pa"])
    #expect(outcome.contents.map(\.isWhole) == [false])
  }

  @Test func readsTheHeadOfAListing() {
    let outcome = run(
      MailDecoder(), on: [.bytes(Array("From: a@b\r\nSubject: s\r\n\r\n".utf8), from: .initiator)],
      over: .file(mediaType: "text/rfc822-headers", parameters: ""))
    #expect(outcome.message?.text("subject") == "s")
    #expect(outcome.message?.flag("isHeadOnly") == true)
    #expect(outcome.message?.flag("isComplete") == false)
    #expect(outcome.contents.isEmpty)
  }

  @Test func listsTheRoute() {
    let outcome = read("Received: from b\r\n\tby c; now\r\nReceived: from a by b\r\n\r\n")
    #expect(outcome.message?.json("received") == #"["from b by c; now","from a by b"]"#)
  }

  @Test(arguments: [
    ("Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06.000000000Z"),
    ("21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06.000000000Z"),
    ("Fri, 21 Nov 1997 09(comment):55 : 06 -0600", nil),
    ("Thu, 13 Feb 1969 23:32 -0330 (Newfoundland Time)", "1969-02-14T03:02:00.000000000Z"),
    ("Tue, 1 Jul 2003 10:52:37 +0200", "2003-07-01T08:52:37.000000000Z"), ("yesterday", nil),
    ("31 Feb 2026 10:00:00 +0000", nil), ("1 Jan 2026 10:00:00 XYZ", nil), ("1 Jan 2026 10:00:00 +9999", nil),
  ])
  func readsDates(_ date: String, _ moment: String?) {
    #expect(read("Date: \(date)\r\n\r\n").message?.time("writtenAt") == moment)
    #expect(read("Date: \(date)\r\n\r\n").message?.text("date") == date)
  }

  @Test(arguments: [
    ("a@b", #"[{"address":"a@b","field":"to"}]"#),
    ("Group: a@b, \"C, D\" <c@d>;", #"[{"address":"a@b","field":"to"},{"address":"c@d","field":"to","name":"C, D"}]"#),
    ("a@b (Kim (the second))", #"[{"address":"a@b","field":"to","name":"Kim (the second)"}]"#),
    ("<@x,@y:a@b>", #"[{"address":"a@b","field":"to"}]"#), ("\"a b\"@c", #"[{"address":"a b@c","field":"to"}]"#),
    ("nobody here", nil), ("A <a@b", #"[{"address":"a@b","field":"to","name":"A"}]"#),
  ])
  func readsAddresses(_ field: String, _ addresses: String?) {
    #expect(read("To: \(field)\r\n\r\n").message?.json("addresses") == addresses)
  }

  @Test func claimsMessages() {
    let bytes = Array("x".utf8)
    #expect(claim(of: MailDecoder(), on: bytes, over: file) == .content)
    #expect(claim(of: MailDecoder(), on: bytes, over: .file(mediaType: "text/plain", parameters: "")) == .none)
  }
}
