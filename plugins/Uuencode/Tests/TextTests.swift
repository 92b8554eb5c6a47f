import DecoderKit
import DecoderTesting
import Foundation
import Testing
import UuencodeDecoder

@Suite struct TextTests {
  private static let carrier = DecodingContext.Carrier.file(mediaType: "text/plain", parameters: "")
  private static let lines = "begin 644 a.bin\r\n#86)C\r\n`\r\nend\r\n"

  private func decode(_ texts: String..., end: StreamEnd = .finished) -> DecodingOutcome {
    let steps = texts.map { ConversationStep.bytes(Array($0.utf8), from: .initiator) }
    return run(UuencodeDecoder(), on: steps + [.end(end, of: .initiator)], over: Self.carrier)
  }

  /// The recorder keeps what goes to the host, which undoes the coding.
  private func sample() throws -> [UInt8] {
    let file = Bundle.module.url(forResource: "letter", withExtension: "txt", subdirectory: "Samples")
    return try [UInt8](Data(contentsOf: #require(file)))
  }

  @Test func findsBothFormsBetweenWords() throws {
    let steps = [ConversationStep.bytes(try sample(), from: .initiator), .end(.finished, of: .initiator)]
    let outcome = run(UuencodeDecoder(), on: steps, over: Self.carrier)
    #expect(outcome.records.map { $0.text("fileName") } == ["crates old.bin", "table.bin"])
    #expect(outcome.records.map { $0.text("mode") } == ["644", "644"])
    #expect(outcome.records.map { $0.text("coding") } == ["uuencode", "base64"])
    #expect(outcome.contents.map(\.description.codings) == [[.uuencode], [.base64]])
    #expect(outcome.contents.allSatisfy { $0.isWhole })
    #expect(outcome.contents[0].text.hasPrefix("begin 644 crates old.bin\r\nM"))
    #expect(outcome.contents[0].text.hasSuffix("\r\n`\r\nend\r\n"))
    let table = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 251) }
    #expect(Data(base64Encoded: Data(outcome.contents[1].bytes), options: .ignoreUnknownCharacters) == Data(table))
    #expect(outcome.findings.isEmpty)
  }

  @Test func leavesSentencesAlone() {
    #expect(decode("begin 644 days from now\r\nwe shall see\r\nend\r\n").records.isEmpty)
    #expect(decode("begin 64 x\r\n#86)C\r\nend\r\n").records.isEmpty)
    #expect(decode("they begin 644 a\r\n#86)C\r\nend\r\n").records.isEmpty)
    #expect(decode("begin 644 a").records.isEmpty)
  }

  @Test func saysThatAFileIsCut() {
    let other = decode("begin 644 a.bin\r\n#86)C\r\nand then words\r\n", Self.lines)
    #expect(other.records.map { $0.flag("isComplete") } == [false, true])
    #expect(other.codes == ["uuencode/unterminated"])
    let cut = decode("begin 644 a.bin\r\n#86)C\r\n", end: .captureEnd)
    #expect(cut.records.map { $0.flag("isComplete") } == [false])
  }

  @Test func takesTheLastLineWithoutItsEnd() {
    let outcome = decode(String(Self.lines.dropLast()))
    #expect(outcome.records.map { $0.flag("isComplete") } == [true])
    #expect(outcome.findings.isEmpty)
  }

  @Test func endsAFileAtAGap() {
    let outcome = run(
      UuencodeDecoder(),
      on: [
        .bytes(Array("begin 644 a.bin\r\n#86)C\r\n".utf8), from: .initiator), .gap(10, from: .initiator),
        .bytes(Array("C\r\n`\r\nend\r\n\(Self.lines)".utf8), from: .initiator), .end(.finished, of: .initiator),
      ], over: Self.carrier)
    #expect(outcome.records.map { $0.flag("isComplete") } == [false, true])
  }

  @Test func passesOverLongLines() {
    let long = String(repeating: "M", count: 10_000)
    #expect(decode("\(long)\r\n\(Self.lines)").records.count == 1)
    #expect(decode("begin 644 a\r\n\(long)\r\n\(Self.lines)").records.count == 1)
  }

  @Test func survivesEveryCutAndChange() {
    checkTotality(
      of: UuencodeDecoder(),
      on: [
        .bytes(Array("a\r\n\(Self.lines)begin-base64 600 b\nYWJj\n====\n".utf8), from: .initiator),
        .end(.finished, of: .initiator),
      ], over: Self.carrier)
  }
}
