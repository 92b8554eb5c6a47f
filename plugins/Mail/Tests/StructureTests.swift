import DecoderKit
import DecoderTesting
import MailDecoder
import Testing

@Suite struct StructureTests {
  private func mixed(_ body: String) -> DecodingOutcome {
    read("Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n" + body)
  }

  @Test func leavesOutWhatStandsOutsideTheParts() {
    let outcome = mixed(
      "preamble\r\n--b\r\n\r\none\r\n--b  \r\nContent-Type: a/b\r\n\r\ntwo\r\n--b--\r\nepilogue\r\n--b\r\n")
    #expect(outcome.contents.map(\.text) == ["one", "two"])
    #expect(outcome.parts.map { $0.text("part") } == ["1", "2"])
    #expect(outcome.findings.isEmpty)
  }

  @Test func takesNoLongerBoundaryForItsOwn() {
    let outcome = mixed("--b\r\n\r\n--bc\r\n--b-\r\n --b\r\n--b--\r\n")
    #expect(outcome.contents.map(\.text) == ["--bc\r\n--b-\r\n --b"])
  }

  @Test func endsInnerPartsWithTheOuterDelimiter() {
    let outcome = mixed(
      "--b\r\nContent-Type: multipart/alternative; boundary=bb\r\n\r\n--bb\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n")
    #expect(outcome.contents.map(\.text) == ["one", "two"])
    #expect(outcome.parts.map { $0.text("part") } == ["1.1", "2"])
    #expect(outcome.codes == ["mail/unterminated"])
    #expect(outcome.message?.flag("isComplete") == true)
  }

  @Test func readsBareLineFeeds() {
    let outcome = read("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\nX: y\n\ntwo\n--b--\n")
    #expect(outcome.contents.map(\.text) == ["one", "two"])
  }

  @Test func readsEmptyParts() {
    let outcome = mixed("--b\r\n\r\n--b\r\n--b\r\n\r\n\r\n--b--")
    #expect(outcome.parts.map { $0.number("byteCount") } == [0, 0, 0])
    #expect(outcome.message?.flag("isComplete") == true)
  }

  @Test func readsTheLastDelimiterWithoutALineEnd() {
    let outcome = mixed("--b\r\n\r\none\r\n--b--")
    #expect(outcome.contents.map(\.text) == ["one"])
    #expect(outcome.message?.flag("isComplete") == true)
    #expect(outcome.findings.isEmpty)
  }

  @Test func takesDigestsForMessages() {
    let outcome = read("Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: in\r\n\r\nx\r\n--b--\r\n")
    #expect(outcome.contents.map(\.description.mediaType) == ["message/rfc822"])
  }

  @Test func keepsAMultipartWithoutABoundaryAsItIs() {
    let outcome = read("Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n")
    #expect(outcome.contents.map(\.description.mediaType) == ["multipart/mixed"])
  }

  @Test func boundsTheDepth() {
    var text = "Content-Type: multipart/mixed; boundary=b0\r\n\r\n"
    for level in 1...40 { text += "--b\(level - 1)\r\nContent-Type: multipart/mixed; boundary=b\(level)\r\n\r\n" }
    let outcome = read(text + "--b40\r\n\r\nx\r\n")
    #expect(outcome.codes.first == "mail/depth")
    #expect(outcome.contents.count == 1)
  }

  @Test func boundsTheCountOfParts() {
    let outcome = mixed(String(repeating: "--b\r\n\r\n", count: MailSession.maximumPartCount + 5))
    #expect(outcome.failure?.code == .limitExceeded)
    #expect(outcome.parts.count == MailSession.maximumPartCount)
  }

  @Test func boundsTheHead() {
    let outcome = read("A: " + String(repeating: "x", count: MessageHead.maximumByteCount) + "\r\n\r\n")
    #expect(outcome.failure?.code == .limitExceeded)
  }

  @Test func takesALineThatIsNoFieldForTheBody() {
    let outcome = read("Subject: x\r\nwhat is this\r\n\r\nbody")
    #expect(outcome.codes == ["mail/noSeparator"])
    #expect(outcome.contents.map(\.text) == ["what is this\r\n\r\nbody"])
    #expect(read("only text").contents.map(\.text) == ["only text"])
    #expect(read("only text\r\n").contents.map(\.text) == ["only text\r\n"])
    let mixed = mixed("--b\r\nX: y\r\n--b\r\nno head\r\n--b--\r\n")
    #expect(mixed.contents.map(\.text) == ["no head"])
    #expect(mixed.codes == ["mail/noSeparator"])
  }

  @Test func passesOverTheFirstLineOfMailboxFiles() {
    let outcome = read("From a@b Thu Nov 26 00:00:00 2026\r\nSubject : x\r\n\r\nbody")
    #expect(outcome.message?.text("subject") == "x")
    #expect(outcome.contents.map(\.text) == ["body"])
    #expect(outcome.findings.isEmpty)
  }

  @Test func keepsWhereAPartHasAHole() {
    let outcome = run(
      MailDecoder(),
      on: [
        .bytes(Array("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none".utf8), from: .initiator),
        .gap(50, from: .initiator), .bytes(Array("more\r\n--b\r\n\r\ntwo\r\n--b--\r\n".utf8), from: .initiator),
        .end(.captureEnd, of: .initiator),
      ], over: file)
    #expect(outcome.contents.map(\.holes.count) == [1, 0])
    #expect(outcome.contents.map(\.text) == ["onemore", "two"])
    #expect(outcome.message?.flag("isComplete") == false)
  }

  @Test func undoesOldCodings() {
    let outcome = read("Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n#0V%T\r\n`\r\nend\r\n")
    #expect(outcome.contents.map(\.description.codings) == [[.uuencode]])
  }

  @Test func survivesEveryCutAndChange() {
    checkTotality(
      of: MailDecoder(),
      on: [
        .bytes(
          Array(
            ("From: =?utf-8?Q?a?= <a@b>\r\nDate: 1 Jan 2026 01:02:03 Z\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
              + "--b\r\nContent-Type: multipart/digest; boundary=c\r\n\r\n--c\r\n\r\nS: x\r\n--c--\r\n--b\r\n"
              + "Content-Disposition: attachment; filename=x\r\n\r\ny\r\n--b--\r\nz").utf8), from: .initiator),
        .end(.finished, of: .initiator),
      ], over: file)
  }
}
