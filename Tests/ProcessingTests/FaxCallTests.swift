import EvidenceBundle
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// Fax over IP between two terminals of spandsp, through the whole program.
@Suite struct FaxCallTests {
  static let samples = ["fax-mh", "fax-mh-first", "fax-mr-parity", "fax-mmr-ecm", "fax-mmr-repeats"]

  private static func file(_ result: DuplicateTests.Run, _ sha256: String?, _ suffix: String) throws -> String {
    let sha256 = try #require(sha256)
    return "\(result.bundle)/data/artefacts/\(sha256.prefix(2))/\(sha256).\(suffix)"
  }

  private static func document(_ result: DuplicateTests.Run) throws -> Fields {
    #expect(result.records("fax-document").count == 1)
    return try #require(result.records("fax-document").first)
  }

  /// The numbers of a capture's packets of T.38 from the caller: over UDP from 192.0.2.10, port 4000.
  private static func sent(_ capture: EditedCapture) -> [Int] {
    capture.packets.indices.filter { place in
      let bytes = capture.packets[place].bytes
      // The port is 4,000.
      return bytes.count > 58 && Array(bytes[42..<46]) == [192, 0, 2, 10] && Array(bytes[50..<52]) == [0x0f, 0xa0]
    }
  }

  @Test(arguments: samples) func givesThePagesThatTheReceivingTerminalWrote(_ sample: String) throws {
    let result = try DuplicateTests.Run([EditedCapture("\(sample).pcap").bytes])
    let document = try Self.document(result)
    #expect(document["party"] == "caller")
    #expect(document["senderIdentity"] == "+44 20 7946 0010")
    #expect(document["receiverIdentity"] == "+44 20 7946 0020")
    #expect(document["subaddress"] == "4711")
    #expect(document["pageCount"] == 2)
    #expect(document["pagesWhole"] == 2)
    #expect(document["bitsPerSecond"] == 14_400)
    #expect(document.objects("sides").map { $0["attachedBy"] } == ["signalling", "signalling"])
    #expect(document.objects("pages").map { $0["endedByMessage"] } == ["MPS", "EOP"])
    #expect(document.objects("pages").map { $0["answer"] } == ["MCF", "MCF"])
    #expect(result.records("fax-page").count == 2)
    #expect(result.records("sip-call").first?.objects("faxes").count == 1)
    #expect(result.records("finding").isEmpty)
    #expect((document.objects("pages").first?["framesRepeated"] != nil) == (sample == "fax-mmr-repeats"))
    guard let tiffcmp = program("tiffcmp") else { return }
    let theirs = repository.appending(path: "Tests/ProcessingTests/Samples/\(sample).tif").path
    let compared = try run(tiffcmp, ["-t", try Self.file(result, document.text("documentSha256"), "tif"), theirs])
    #expect(compared.status == 0, "\(compared.errors)")
    // Both have as many pages and the same dots; other tags differ.
    let differences = String(decoding: compared.output, as: UTF8.self).split(separator: "\n")
    #expect(!differences.contains { $0.hasPrefix("Scanline") || $0.contains("directories") }, "\(differences)")
  }

  /// tshark puts the messages together, too.
  @Test(arguments: samples) func readsTheMessagesThatTsharkReads(_ sample: String) throws {
    guard let tshark = program("tshark") else { return }
    let result = try DuplicateTests.Run([EditedCapture("\(sample).pcap").bytes])
    let path = repository.appending(path: "Tests/ProcessingTests/Samples/\(sample).pcap").path
    let made = try run(
      tshark, ["-r", path, "-Y", "t30.FacsimileControl", "-T", "fields", "-e", "t30.FacsimileControl"])
    let theirs = String(decoding: made.output, as: UTF8.self).split(separator: "\n").flatMap {
      $0.split(separator: ",").compactMap { UInt8($0) ?? UInt8($0.dropFirst(2), radix: 16) }
    }
    // Its list has frames of image data and the message behind them, too.
    let messages = theirs.map { $0 & 0x7f }.filter { $0 != 0x60 && $0 != 0x61 }
    let ours = result.records("fax-message").compactMap { record in
      record.text("octets").flatMap { Hexadecimal.decode($0) }?.dropFirst(2).first.map { $0 & 0x7f }
    }
    // Of identities and numbers before another message without a pause, tshark names only the last.
    let names: Set<UInt8> = [0x02, 0x42, 0x43]
    #expect(ours.filter { !names.contains($0) } == messages.filter { !names.contains($0) })
  }

  @Test func copiesBringBackWhatIsMissing() throws {
    let whole = try Self.document(DuplicateTests.Run([EditedCapture("fax-mh.pcap").bytes]))
    var capture = try EditedCapture("fax-mh.pcap")
    // One in three and the one after it; each packet repeats the two before it.
    let places = Set(Self.sent(capture).enumerated().filter { $0.offset % 5 == 2 || $0.offset % 5 == 3 }.map(\.element))
    capture.packets = capture.packets.enumerated().filter { !places.contains($0.offset) }.map(\.element)
    let result = try DuplicateTests.Run([capture.bytes])
    let document = try Self.document(result)
    #expect(document["documentSha256"] == whole["documentSha256"])
    #expect(document["pagesWhole"] == 2)
    let sides = document.objects("sides")
    #expect(sides.allSatisfy { $0["packetsMissing"] == 0 })
    #expect(try #require(sides.first { $0["party"] == "caller" }?.integer("packetsRecovered")) > 200)
    #expect(result.records("finding").map { $0["code"] } == ["fax/packetsMissing"])
    #expect(result.records("finding").map { $0["severity"] } == ["notice"])
  }

  @Test func parityBringsBackWhatIsMissing() throws {
    let whole = try Self.document(DuplicateTests.Run([EditedCapture("fax-mr-parity.pcap").bytes]))
    var capture = try EditedCapture("fax-mr-parity.pcap")
    let places = Set(Self.sent(capture).enumerated().filter { $0.offset % 9 == 8 }.map(\.element))
    capture.packets = capture.packets.enumerated().filter { !places.contains($0.offset) }.map(\.element)
    let document = try Self.document(DuplicateTests.Run([capture.bytes]))
    #expect(document["documentSha256"] == whole["documentSha256"])
    #expect(document["pagesWhole"] == 2)
    let sides = document.objects("sides")
    #expect(sides.allSatisfy { $0["packetsMissing"] == 0 })
    #expect(try #require(sides.first { $0["party"] == "caller" }?.integer("packetsRecovered")) > 50)
  }

  /// What nothing brings back leaves lines white and named, and the lines around as they were.
  @Test(arguments: ["fax-mh", "fax-mh-first", "fax-mr-parity", "fax-mmr-ecm"])
  func namesWhatIsMissing(_ sample: String) throws {
    var capture = try EditedCapture("\(sample).pcap")
    let sent = Self.sent(capture)
    // In the middle of the first page.
    let lost = Set(sent[(sent.count * 3 / 10)..<(sent.count * 3 / 10 + 12)])
    capture.packets = capture.packets.enumerated().filter { !lost.contains($0.offset) }.map(\.element)
    let result = try DuplicateTests.Run([capture.bytes])
    let document = try Self.document(result)
    #expect(document["pageCount"] == 2)
    #expect(document["pagesWhole"] == 1)
    let pages = document.objects("pages")
    #expect(pages.map { $0["isComplete"] } == [false, true])
    let page = try #require(pages.first)
    #expect(page.text("damagedLines") != nil)
    #expect((page.integer("unreadBytes") ?? 0 > 0) == (sample == "fax-mmr-ecm"))
    #expect((page.integer("framesMissing") ?? 0 > 0) == (sample == "fax-mmr-ecm"))
    let height = try #require(page.integer("height"))
    #expect(height < 240 && height > 20)
    #expect(
      Set(result.records("finding").compactMap { $0.text("code") }) == ["fax/packetsMissing", "fax/pageNotWhole"])
  }

  /// Packets that have the form of another version of T.38 than all others are named, and not read as what they are not.
  @Test func namesPacketsThatContradictT38() throws {
    var capture = try EditedCapture("fax-mh.pcap")
    // Data with fields, of which the first gets a bit that only the version of 1998 has a meaning for.
    let places = Self.sent(capture).filter { capture.packets[$0].bytes[61] & 0xe0 == 0xc0 }
    let changed = [places[places.count / 2], places[places.count / 2 + 40]]
    for place in changed { capture.packets[place].bytes[63] = 0xf0 }
    let result = try DuplicateTests.Run([capture.bytes])
    #expect(try Self.document(result)["pageCount"] == 2)
    let finding = try #require(result.records("finding").first { $0["code"] == "fax/malformedPacket" })
    #expect(finding["count"] == 2)
    #expect(finding["severity"] == "warning")
  }

  /// Without the message that tells the format, and whatever came before it, the first page is named and not guessed.
  @Test func namesAPageWhoseFormatIsMissing() throws {
    var capture = try EditedCapture("fax-mh.pcap")
    let whole = try DuplicateTests.Run([capture.bytes])
    let format = try #require(whole.records("fax-message").first { $0["message"] == "DCS" })
    let numbers = try #require(format.objects("provenance").first?.text("packets")).split(whereSeparator: {
      ",-".contains($0)
    })
    .compactMap { Int($0) }
    let first = try #require(numbers.min()) - 1
    let last = try #require(numbers.max()) - 1
    let sent = Self.sent(capture)
    // Each packet repeats the two before it.
    let behind = sent.filter { $0 > last }.prefix(2)
    let lost = Set(sent.filter { (first...last).contains($0) } + behind)
    capture.packets = capture.packets.enumerated().filter { !lost.contains($0.offset) }.map(\.element)
    let result = try DuplicateTests.Run([capture.bytes])
    let codes = result.records("finding").compactMap { $0.text("code") }
    #expect(codes.contains("fax/pageNotDecoded"), "\(codes)")
    #expect(result.records("fax-message").allSatisfy { $0["message"] != "DCS" })
  }

  @Test func standsWithoutSignalling() throws {
    var capture = try EditedCapture("fax-mmr-ecm.pcap")
    capture.packets = capture.packets.filter { $0.bytes.count > 58 && Array($0.bytes[50..<52]) == [0x0f, 0xa0] }
    let result = try DuplicateTests.Run([capture.bytes])
    let document = try Self.document(result)
    #expect(document["party"] == "unknown")
    #expect(document["pagesWhole"] == 2)
    #expect(result.records("rtp-call").first?.objects("faxes").count == 1)
  }
}
