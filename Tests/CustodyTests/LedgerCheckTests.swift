import Custody
import EvidenceBundle
import Foundation
import TestSupport
import Testing

/// A ledger, records and a description that hold together, and what the verifier says when one of them is changed.
@Suite struct LedgerCheckTests {
  static let ledger = #"""
    {"originals":[{"bytes":{"framing":60,"packetData":1000,"total":1070,"unreadable":10},"original":"O-0001",
    "packets":{"rows":[
    {"detail":"dns","headerBytes":120,"packets":3,"payloadBytes":200,"row":"decoded"},
    {"headerBytes":0,"packets":0,"payloadBytes":5,"row":"retransmission"},
    {"detail":"tcp","headerBytes":80,"packets":2,"payloadBytes":520,"row":"unclaimed"},
    {"detail":"udp","headerBytes":20,"packets":1,"payloadBytes":55,"row":"unclaimed"}],"total":6},
    "unclaimed":[
    {"basis":"firstBytes","evidence":"x","guess":"TLS","headerBytes":40,"packets":1,"payloadBytes":500,"port":443,"transport":"tcp"},
    {"headerBytes":40,"others":1,"packets":1,"payloadBytes":20,"transport":"tcp"},
    {"basis":"nothing","evidence":"x","headerBytes":20,"packets":1,"payloadBytes":55,"port":9999,"transport":"udp"}],
    "witness":{"bytes":1000,"packets":6,"verdict":"agrees"}}],"version":1}
    """#
  static let description = #"""
    {"configuration":{"decoders":["dns 1.0","http 1.0"]},"originals":[{"bytes":1070,"item":"O-0001"}]}
    """#
  static let record = #"""
    {"decoder":"dns 1.0","id":"R-000001","kind":"dns/answer","provenance":[{"original":"O-0001","packets":"2-3,6"}]}
    """#

  /// The details of the checks `ledger` and `records`, with one text replaced in one of the files.
  private func problems(replace from: String = "", with to: String = "", in file: String = "ledger") throws -> [String]
  {
    let scratch = try TemporaryFolder()
    let bundle = scratch.path("bundle")
    for (name, path, text) in [
      ("ledger", BundleLayout.ledger, Self.ledger), ("description", BundleLayout.bundle, Self.description),
      ("record", BundleLayout.records(ofKind: "dns/answer"), Self.record),
    ] {
      var text = text
      if name == file, !from.isEmpty {
        #expect(text.contains(from))
        text = text.replacing(from, with: to, maxReplacements: 1)
      }
      let full = "\(bundle)/\(path)"
      try FileManager.default.createDirectory(
        atPath: (full as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try Data((text + (name == "record" ? "\n" : "")).utf8).write(to: URL(filePath: full))
    }
    return BundleVerifier.verify(bundle).filter { ["ledger", "records"].contains($0.name) }.flatMap(\.details)
  }

  @Test func whatAddsUpPasses() throws { #expect(try problems() == []) }

  @Test(arguments: [
    (#""packets":3"#, #""packets":4"#, "the rows hold 7 packets, the original has 6"),
    (#""payloadBytes":200"#, #""payloadBytes":201"#, "the rows hold 220 + 781 bytes, the original's packets have 1000"),
    (#""headerBytes":120"#, #""headerBytes":119"#, "the rows hold 219 + 780 bytes"),
    (#""framing":60"#, #""framing":61"#, "1000 + 61 + 10 bytes are not 1070"),
    (#""row":"decoded""#, #""row":"decodedWell""#, "no row is called decodedWell"),
    (#""detail":"dns""#, #""detail":"smtp""#, "names a decoder that this run did not have: smtp"),
    (#""detail":"udp""#, #""detail":"tcp""#, "the row unclaimed tcp stands twice"),
    (#""payloadBytes":500,"port":443"#, #""payloadBytes":400,"port":443"#, "the sums of the row unclaimed tcp"),
    (#""transport":"udp""#, #""transport":"sctp""#, "the sums of the row unclaimed udp"),
    (#""packets":0"#, #""packets":-1"#, "a row cannot be read"),
    (#""bytes":1000,"packets":6"#, #""bytes":999,"packets":6"#, "the second count is called equal and is not"),
    (#""agrees""#, #""differs""#, "the second count is called different and is equal"),
    (#""original":"O-0001""#, #""original":"O-0002""#, "O-0001: has no account"),
  ])
  func aChangedLedgerIsFound(_ from: String, _ to: String, _ words: String) throws {
    let found = try problems(replace: from, with: to)
    #expect(found.contains { $0.contains(words) }, "\(found)")
  }

  @Test(arguments: [
    ("1070", "1071", "the account is of 1070 bytes, the original has 1071"),
    (#""dns 1.0","#, "", "names a decoder that this run did not have: dns"),
    (#"{"bytes""#, #"{"bytes":5,"item":"O-0002"},{"bytes""#, "O-0002: has no account"),
  ])
  func aChangedDescriptionIsFound(_ from: String, _ to: String, _ words: String) throws {
    let found = try problems(replace: from, with: to, in: "description")
    #expect(found.contains { $0.contains(words) }, "\(found)")
  }

  @Test(arguments: [
    ("2-3,6", "2-3,7", "it names packet 7 of O-0001, which has 6"), ("2-3,6", "6,2-3", "its packets cannot be read"),
    ("2-3,6", "0", "its packets cannot be read"), ("2-3,6", "3-2", "its packets cannot be read"),
    ("2-3,6", "2,,3", "its packets cannot be read"), ("2-3,6", "", "its packets cannot be read"),
    ("O-0001", "O-0003", "names O-0003, which is not here"),
  ])
  func aRecordOfPacketsThatAreNotThereIsFound(_ from: String, _ to: String, _ words: String) throws {
    let found = try problems(replace: from, with: to, in: "record")
    #expect(found.contains { $0.contains(words) }, "\(found)")
  }

  @Test func countsThatWouldOverflowAreRefused() throws {
    let found = try problems(replace: #""packets":3"#, with: #""packets":9223372036854775807"#)
    #expect(found.contains { $0.contains("a row cannot be read") })
  }
}
