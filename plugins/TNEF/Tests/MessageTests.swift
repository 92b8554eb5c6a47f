import DecoderKit
import DecoderTesting
import Foundation
import TNEFDecoder
import Testing

@Suite struct MessageTests {
  private static let carrier = DecodingContext.Carrier.file(mediaType: "application/ms-tnef", parameters: "")

  private func decode(_ bytes: [UInt8], end: StreamEnd = .finished) -> DecodingOutcome {
    run(TNEFDecoder(), on: [.bytes(bytes, from: .initiator), .end(end, of: .initiator)], over: Self.carrier)
  }

  private func sample() throws -> [UInt8] {
    let file = Bundle.module.url(forResource: "winmail", withExtension: "dat", subdirectory: "Samples")
    return try [UInt8](Data(contentsOf: #require(file)))
  }

  private static let table = (0..<3_000).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 251) }

  @Test func readsAMessageWithItsAttachments() throws {
    let outcome = decode(try sample())
    #expect(outcome.findings.isEmpty)
    let message = try #require(outcome.all("tnef/message").first)
    #expect(message.text("messageClass") == "IPM.Note")
    #expect(message.text("subject") == "Delivery at the B\u{e4}ckerei, \u{2693}")
    #expect(message.text("from") == "Robin M\u{e5}nsson <robin@example.org>")
    #expect(message.text("to") == "Kim, at the harbour <kim@example.net>")
    #expect(message.text("cc") == "Jo <jo@example.net>")
    #expect(message.text("date") == "2026-03-03 09:15:00")
    #expect(message.fields["submittedAt"] == .time(CaptureTime(nanoseconds: 1_772_525_700_000_000_000)))
    #expect(message.text("messageID") == "<first@example.org>")
    #expect(message.number("codePage") == 1_252)
    #expect(message.number("attachmentCount") == 2)
    #expect(message.flag("isComplete") == true)
    let files = outcome.all("tnef/attachment")
    #expect(files.map { $0.text("fileName") } == ["table of cr\u{e4}te 17.bin", "The first list"])
    #expect(files.map { $0.text("shortName") } == ["TABLE~1.BIN", nil])
    #expect(files.map { $0.text("mediaType") } == ["application/x-table", nil])
    #expect(files.map { $0.number("byteCount") } == [3_000, 313])
    #expect(files.map { $0.flag("isMessage") } == [nil, true])
    #expect(files[0].fields["modifiedAt"] == .time(CaptureTime(nanoseconds: 1_772_438_400_000_000_000)))
    let types = outcome.contents.map(\.description.mediaType)
    #expect(types == ["application/rtf", "text/html", "", "application/ms-tnef"])
    #expect(outcome.contents.map(\.description.codings) == [[.compressedRTF], [], [], []])
    #expect(outcome.contents[2].bytes == Self.table)
    #expect(outcome.contents[2].description.name == Array("table of cr\u{e4}te 17.bin".utf8))
    #expect(outcome.contents.allSatisfy { $0.isWhole })
  }

  @Test func readsTheMessageInTheMessage() throws {
    let outcome = decode(try #require(decode(try sample()).contents.last).bytes)
    #expect(outcome.findings.isEmpty)
    #expect(outcome.all("tnef/message").first?.text("subject") == "The first list")
    #expect(outcome.all("tnef/message").first?.text("from") == "Jo <jo@example.net>")
    #expect(outcome.all("tnef/attachment").map { $0.text("fileName") } == ["crates.csv"])
    #expect(outcome.contents.first?.description.parameters == "charset=utf-16le")
    #expect(outcome.contents.last?.text == "crate,place\r\n17,pier\r\n")
  }

  @Test func saysWhatIsMissing() throws {
    let whole = try sample()
    let cut = decode(Array(whole.prefix(3_000)), end: .captureEnd)
    #expect(cut.all("tnef/message").map { $0.flag("isComplete") } == [false])
    #expect(cut.all("tnef/attachment").map { $0.flag("isComplete") } == [false])
    #expect(cut.contents.last?.isWhole == false)
    // A hole in an attachment is a hole; what follows is read.
    let place = try #require((0..<whole.count).first { whole[$0...].starts(with: Self.table.prefix(40)) })
    let holed = run(
      TNEFDecoder(),
      on: [
        .bytes(Array(whole[..<(place + 100)]), from: .initiator), .gap(50, from: .initiator),
        .bytes(Array(whole[(place + 150)...]), from: .initiator), .end(.finished, of: .initiator),
      ], over: Self.carrier)
    #expect(holed.contents[2].holes == [.init(at: 100, 50)])
    #expect(holed.all("tnef/attachment").map { $0.flag("isComplete") } == [false, true])
    #expect(holed.all("tnef/message").map { $0.flag("isComplete") } == [false])
  }

  @Test func saysThatAChecksumIsWrong() throws {
    var bytes = try sample()
    let place = try #require((0..<bytes.count).first { bytes[$0...].starts(with: Self.table.prefix(40)) })
    bytes[place] ^= 1
    #expect(decode(bytes).codes == ["tnef/checksum"])
  }

  @Test func keepsEachContentOfAnAttachment() {
    let data: [UInt8] = [2, 0x0f, 0x80, 6, 0, 2, 0, 0, 0, 0x78, 0x79, 0xf1, 0]
    let outcome = decode(Self.message([0, 0, 0, 0]) + data + data)
    #expect(outcome.all("tnef/attachment").count == 2)
    #expect(outcome.contents.map(\.text) == ["xy", "xy"])
  }

  @Test func boundsWhatPropertiesAnnounce() throws {
    // A count of four billion properties, and a name of two billion bytes.
    let endless: [UInt8] = [0xff, 0xff, 0xff, 0xff]
    let named: [UInt8] = [1, 0, 0, 0, 3, 0, 1, 0x80] + [UInt8](repeating: 0, count: 16) + [1, 0, 0, 0, 0, 0, 0, 0x7f]
    #expect(decode(Self.message(endless)).codes.contains("tnef/properties"))
    #expect(decode(Self.message(named)).codes.contains("tnef/properties"))
    #expect(decode(Self.message([1, 0, 0, 0, 0x99, 0, 1, 0])).codes.contains("tnef/properties"))
  }

  private static func message(_ properties: [UInt8]) -> [UInt8] {
    let sum = properties.reduce(UInt16(0)) { $0 &+ UInt16($1) }
    return [0x78, 0x9f, 0x3e, 0x22, 1, 0, 1, 3, 0x90, 6, 0, UInt8(properties.count), 0, 0, 0] + properties
      + [UInt8(truncatingIfNeeded: sum), UInt8(sum >> 8)]
  }

  @Test func claimsBySignatureAlone() {
    let other = DecodingContext.Carrier.file(mediaType: "application/octet-stream", parameters: "")
    #expect(claim(of: TNEFDecoder(), on: [0x78, 0x9f, 0x3e, 0x22, 0, 0], over: other) == .content)
    #expect(claim(of: TNEFDecoder(), on: [0x78, 0x9f, 0x3e, 0x23, 0, 0], over: Self.carrier) == .none)
    #expect(claim(of: TNEFDecoder(), on: [0x78, 0x9f], over: Self.carrier) == .none)
  }

  @Test func survivesEveryCutAndChange() throws {
    let properties: [UInt8] =
      [3, 0, 0, 0, 0x1e, 0, 0x37, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0x61, 0, 0, 0, 3, 0, 0x15, 0x0c, 1, 0, 0, 0]
      + [2, 1, 0x13, 0x10, 1, 0, 0, 0, 3, 0, 0, 0, 0x62, 0x63, 0x64, 0]
    let data: [UInt8] = [2, 0x0f, 0x80, 6, 0, 2, 0, 0, 0, 0x78, 0x79, 0xf1, 0]
    let title: [UInt8] = [2, 0x10, 0x80, 1, 0, 2, 0, 0, 0, 0x78, 0, 0x78, 0]
    checkTotality(
      of: TNEFDecoder(),
      on: [.bytes(Self.message(properties) + data + title, from: .initiator), .end(.finished, of: .initiator)],
      over: Self.carrier)
  }
}
