import EvidenceModel
import Foundation
import TestSupport
import Testing

@testable import Custody

/// Records that are in order are looked at as bytes; nothing may pass so that the closer look complains of.
struct RecordCheckTests {
  private static let contents = [Array("first".utf8), Array("second".utf8)]
  private static let hashes = contents.map { ShortHash.hash(of: $0).hex }

  private static let artefacts = hashes.enumerated().map { number, hash in
    #"{"byteCount":6,"id":"A-00000\#(number + 1)","kind":"artefact","path":"data/artefacts/\#(hash)","#
      + #""provenance":[{"original":"O-0001","packets":"1-3,5"}],"sha256":"\#(hash)"}"#
  }
  private static let transfers = (1...4).map { number in
    #"{"bodySha256":"\#(hashes[number % 2])","id":"R-00000\#(number)","isComplete":true,"kind":"http/transfer","#
      + #""list":[{"name":"Host","value":"a.example"}],"provenance":[{"bytes":"0-23","original":"O-0001"},"#
      + #"{"original":"O-0001","packets":"\#(number)"}],"size":\#(number)}"#
  }

  /// What both ways say of records; one is `records/NAME.ndjson` each.
  private static func check(
    _ files: [String: String], _ packetCounts: [String: Int64]?
  ) throws -> (plain: RecordCheck, thorough: RecordCheck) {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(at: folder.url("data/records"), withIntermediateDirectories: true)
    for (name, text) in files { _ = try folder.write(Array(text.utf8), "data/records/\(name).ndjson") }
    let list = hashes.map { "\($0)  data/artefacts/\($0)\n" }.sorted().joined()
    _ = try folder.write(Array(list.utf8), "manifest-sha256.txt")
    let manifest = ManifestFile(folder.url.path, "manifest-sha256.txt")
    var plain = RecordCheck(manifest, packetCounts: packetCounts)
    var thorough = RecordCheck(manifest, packetCounts: packetCounts, isThorough: true)
    plain.run(folder.url.path)
    thorough.run(folder.url.path)
    return (plain, thorough)
  }

  @Test func saysNothingOfRecordsThatAreInOrder() throws {
    let files = [
      "artefact": Self.artefacts.joined(separator: "\n") + "\n",
      "http-transfer": Self.transfers.joined(separator: "\n") + "\n",
    ]
    for counts in [["O-0001": 5], nil] as [[String: Int64]?] {
      let (plain, thorough) = try Self.check(files, counts)
      #expect(plain.problems == [] && thorough.problems == [])
      #expect(plain.undescribed == [] && thorough.undescribed == [])
    }
  }

  @Test(arguments: [
    (#""id":"R-000002""#, #""id":"R-000001""#), (#""id":"R-000002""#, #""id":"R-000000""#),
    (#""id":"R-000002""#, #""id":"RX000002""#), (#""id":"R-000002""#, #""id":"R-""#),
    (#""packets":"2""#, #""packets":"6""#), (#""packets":"2""#, #""packets":"3-2""#),
    (#""packets":"2""#, #""packets":2"#), (#""kind":"http/transfer""#, #""kind":"""#),
    (#""original":"O-0001""#, #""original":"O-0002""#), (#""isComplete":true"#, #""isComplete":null"#),
    (#""isComplete":true"#, #""isComplete":true,"isComplete":true"#), ("Sha256\":\"", "Sha256\":\"0"),
    (#""provenance":["#, #""provenance":[],"q":["#),
  ])
  func findsWhatIsWrong(former: String, latter: String) throws {
    var lines = Self.transfers
    lines[1] = lines[1].replacing(former, with: latter)
    #expect(lines[1] != Self.transfers[1])
    let (plain, thorough) = try Self.check(
      ["http-transfer": lines.joined(separator: "\n") + "\n"], ["O-0001": 5])
    #expect(!plain.problems.isEmpty)
    #expect(plain.problems == thorough.problems)
  }

  @Test func refusesAKindWithoutName() throws {
    let line = Self.transfers[0].replacing("http/transfer", with: "")
    let (plain, thorough) = try Self.check(["http-transfer": line + "\n"], nil)
    #expect(plain.problems == ["of another kind than its file: data/records/http-transfer.ndjson line 1"])
    #expect(plain.problems == thorough.problems)
  }

  @Test func saysTheSameOfDamagedRecordsBothWays() throws {
    var random = SeededGenerator(testSeed("damaged records"))
    var faultless = 0
    for round in 0..<400 {
      var text: [[UInt8]] = [Self.artefacts, Self.transfers].map { Array(($0.joined(separator: "\n") + "\n").utf8) }
      for _ in 0..<Int.random(in: 1...2, using: &random) {
        let file = Int.random(in: 0...1, using: &random)
        let place = Int.random(in: 0..<text[file].count, using: &random)
        let other = text[file][Int.random(in: 0..<text[file].count, using: &random)]
        switch Int.random(in: 0..<4, using: &random) {
        case 0: text[file][place] = UInt8.random(in: .min ... .max, using: &random)
        case 1: text[file].remove(at: place)
        case 2: text[file][place] = other
        default: text[file].insert(other, at: place)
        }
      }
      let files = zip(["artefact", "http-transfer"], text).map { ($0, String(decoding: $1, as: UTF8.self)) }
      let counts: [String: Int64]? = round.isMultiple(of: 5) ? nil : ["O-0001": 5]
      let (plain, thorough) = try Self.check(Dictionary(uniqueKeysWithValues: files), counts)
      #expect(plain.problems == thorough.problems)
      #expect(plain.undescribed == thorough.undescribed)
      if plain.problems.isEmpty { faultless += 1 }
    }
    #expect(faultless > 20 && faultless < 380)
  }
}
