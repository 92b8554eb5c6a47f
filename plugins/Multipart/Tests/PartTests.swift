import DecoderKit
import DecoderTesting
import Foundation
import MultipartDecoder
import Testing

private func file(_ parameters: String, _ mediaType: String = "multipart/form-data") -> DecodingContext.Carrier {
  .file(mediaType: mediaType, parameters: parameters)
}

private func decode(
  _ pieces: [String], _ parameters: String = "boundary=b", _ mediaType: String = "multipart/form-data"
) -> DecodingOutcome {
  run(
    MultipartDecoder(), on: pieces.map { .bytes(Array($0.utf8), from: .initiator) } + [.end(.finished, of: .initiator)],
    over: file(parameters, mediaType))
}

@Suite struct PartTests {
  @Test func readsTheFormThatCurlSends() throws {
    let sample = try #require(
      Bundle.module.url(forResource: "curl-form", withExtension: "bin", subdirectory: "Samples"))
    let bytes = [UInt8](try Data(contentsOf: sample))
    let carrier = file("boundary=------------------------2c06a5e0267a3d05")
    #expect(claim(of: MultipartDecoder(), on: bytes, over: carrier) == .content)
    let outcome = run(
      MultipartDecoder(), on: [.bytes(bytes, from: .initiator), .end(.finished, of: .initiator)], over: carrier)
    #expect(outcome.records.map { $0.text("name") } == ["title", "notes", "blob"])
    #expect(outcome.records.map { $0.text("fileName") } == [nil, "notes.txt", "café %221%22.bin"])
    #expect(outcome.records.map { $0.text("mediaType") } == [nil, "text/plain", "application/octet-stream"])
    #expect(outcome.records.map { $0.fields["byteCount"] } == [10, 18, 64])
    #expect(outcome.records.map { $0.fields["isComplete"] } == [true, true, true])
    #expect(outcome.contents.map(\.text).dropLast() == ["An exhibit", "line one\nline two\n"])
    #expect(outcome.contents.last?.bytes == Array(0..<64))
    #expect(outcome.contents.map(\.description.role) == ["form field", "form field", "form field"])
    #expect(outcome.contents.first?.description.name == Array("title".utf8))
    #expect(outcome.findings.isEmpty)
  }

  @Test func keepsWhatOnlyLooksLikeADelimiter() {
    let outcome = decode(["--b\r\n\r\nx\r\n--bc\r\n--\r\n-", "-b-\r\n \r\n--b", "--\r\nepilogue --b\r\n"])
    #expect(outcome.contents.map(\.text) == ["x\r\n--bc\r\n--\r\n--b-\r\n "])
    #expect(outcome.contents.map(\.isWhole) == [true])
  }

  @Test func passesOverThePreambleAndTakesLoneLineFeeds() {
    let outcome = decode(
      ["This is a multipart message.\n--b \nA: 1\n\none\n--b\n\n\n--b\n\n--b--\n"], "boundary=\"b\"", "multipart/mixed")
    #expect(outcome.records.count == 3)
    #expect(outcome.contents.map(\.text) == ["one"])
    #expect(outcome.contents.map(\.description.role) == ["part"])
  }

  @Test func namesTheTransferCodings() {
    let outcome = decode([
      "--b\r\nContent-Transfer-Encoding: BASE64\r\n\r\naGk=\r\n--b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=41\r\n",
      "--b\r\nContent-Transfer-Encoding: 8bit\r\nContent-Type: Text/HTML; charset=x; name=\"n.html\"\r\n\r\nx\r\n--b--",
    ])
    #expect(outcome.contents.map(\.description.codings) == [[.base64], [.quotedPrintable], []])
    #expect(outcome.contents.last?.description.mediaType == "text/html")
    #expect(outcome.records.last?.text("fileName") == "n.html")
  }

  @Test func writesTheRangeOfAPart() {
    let outcome = decode(
      ["\r\n--b\r\nContent-Range: bytes 0-1/9\r\n\r\nab\r\n--b--\r\n"], "boundary=b", "multipart/byteranges")
    #expect(outcome.records.map { $0.text("contentRange") } == ["bytes 0-1/9"])
  }

  @Test func keepsWhatCameBeforeTheCut() {
    let outcome = decode(["--b\r\nContent-Disposition: form-data; name=f\r\n\r\nabc\r\n--"])
    #expect(outcome.contents.map(\.text) == ["abc\r\n--"])
    #expect(outcome.contents.map(\.isWhole) == [false])
    #expect(outcome.records.map { $0.fields["isComplete"] } == [false])
    #expect(outcome.findings.map(\.code) == ["multipart/unterminated"])
  }

  @Test func streamsWhatIsLong() {
    let long = String(repeating: "0123456789abcdef\n", count: 1_000)
    let outcome = decode(["--b\r\n\r\n"] + (0..<50).map { _ in long } + ["\r\n--b--\r\n"])
    #expect(outcome.contents.map(\.bytes.count) == [850_000])
    #expect(outcome.contents.map(\.isWhole) == [true])
  }

  @Test func takesTheBoundaryFromTheFirstLine() {
    let outcome = decode(["--x", "y\r\n\r\n1\r\n--xy--\r\n"], "")
    #expect(outcome.contents.map(\.text) == ["1"])
    #expect(outcome.findings.map(\.code) == ["multipart/noBoundary"])
    #expect(decode(["no boundary\r\n"], "").failure?.code == .malformed)
  }

  @Test func leavesAHole() {
    let outcome = run(
      MultipartDecoder(),
      on: [
        .bytes(Array("--b\r\n\r\nab\r".utf8), from: .initiator), .gap(4, from: .initiator),
        .bytes(Array("cd\r\n--b--".utf8), from: .initiator), .end(.finished, of: .initiator),
      ], over: file("boundary=b"))
    #expect(outcome.contents.map(\.text) == ["ab\rcd"])
    #expect(outcome.contents.map { $0.holes.map(\.byteCount) } == [[4]])
  }

  @Test func findsTheNextPartBehindAHoleInAHead() {
    let outcome = run(
      MultipartDecoder(),
      on: [
        .bytes(Array("--b\r\nContent-".utf8), from: .initiator), .gap(4, from: .initiator),
        .bytes(Array("cd\r\n\r\nlost\r\n--b\r\n\r\nkept\r\n--b--".utf8), from: .initiator),
        .end(.finished, of: .initiator),
      ], over: file("boundary=b"))
    #expect(outcome.contents.map(\.text) == ["kept"])
  }

  @Test func stopsAtTheLimitOfParts() {
    let parts = String(repeating: "--b\r\n\r\n", count: MultipartSession.maximumPartCount + 1)
    let outcome = decode([parts])
    #expect(outcome.failure?.code == .limitExceeded)
    #expect(outcome.records.count == MultipartSession.maximumPartCount)
  }

  @Test func stopsAtTheLimitOfAHead() {
    let outcome = decode(["--b\r\nA: " + String(repeating: "x", count: MessageHead.maximumByteCount)])
    #expect(outcome.failure?.code == .limitExceeded)
  }

  @Test func claimsDeclaredMultipartOnly() {
    let start = Array("--b\r\n".utf8)
    #expect(claim(of: MultipartDecoder(), on: start, over: file("boundary=b", "text/plain")) == .none)
    #expect(claim(of: MultipartDecoder(), on: start, over: file("")) == .candidate)
    #expect(claim(of: MultipartDecoder(), on: Array("abc".utf8), over: file("")) == .none)
  }

  @Test func survivesEveryCutAndChange() {
    checkTotality(
      of: MultipartDecoder(),
      on: [
        .bytes(
          Array("p\r\n--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n-\r\n--b\r\n\r\n--b\n--b--\r\n".utf8),
          from: .initiator), .end(.finished, of: .initiator),
      ], over: file("boundary=b"))
    checkTotality(
      of: MultipartDecoder(), on: [.bytes(Array("--b\r\n\r\nx\r\n--b--".utf8), from: .initiator)], over: file(""))
  }
}
