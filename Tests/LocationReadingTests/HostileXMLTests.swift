import ByteReading
import EvidenceModel
import TestSupport
import Testing

@testable import LocationReading

@Suite struct HostileXMLTests {
  static func document(_ subset: String, _ name: String) -> String {
    gpx("<trkpt lat='1' lon='2'><name>\(name)</name></trkpt>", prolog: "<!DOCTYPE gpx [\(subset)]>")
  }

  @Test func refusesEntitiesThatGrow() {
    let laughs = (1...9).map { "<!ENTITY l\($0) \"\(String(repeating: "&l\($0 - 1);", count: 10))\">" }.joined()
    let chain = (1...60).map { "<!ENTITY l\($0) '&l\($0 - 1);'>" }.joined()
    let hidden = "<!ENTITY a '&#38;b;'><!ENTITY b 'x'>"
    let parameters = "<!ENTITY % p '<!ENTITY q \"&#37;p;\">'>%p;"
    for subset in ["<!ENTITY l0 'lol'>\(laughs)", "<!ENTITY l0 'x'>\(chain)"] {
      let run = ReadTrack(Self.document(subset, "&l9;"), .gpx)
      #expect(run.fault?.code == .limitExceeded && run.points.isEmpty)
    }
    #expect(ReadTrack(Self.document(hidden, "&a;"), .gpx).fault?.code == .limitExceeded)
    #expect(ReadTrack(Self.document(parameters, "x"), .gpx).points.count <= 1)
  }

  @Test func limitsEntities() {
    let many = { (count: Int) in (0..<count).map { "<!ENTITY e\($0) 'x'>" }.joined() }
    #expect(ReadTrack(Self.document(many(64), "&e63;"), .gpx).points.map(\.name) == ["x"])
    #expect(ReadTrack(Self.document(many(65), "x"), .gpx).fault?.code == .limitExceeded)
    let long = { (count: Int) in "<!ENTITY e '\(String(repeating: "x", count: count))'>" }
    #expect(ReadTrack(Self.document(long(256), "&e;"), .gpx).points.map(\.name?.count) == [256])
    #expect(ReadTrack(Self.document(long(257), "x"), .gpx).fault?.code == .limitExceeded)
    let few = ReadTrack(Self.document(long(256), String(repeating: "&e;", count: 900)), .gpx)
    #expect(few.fault == nil && few.points.map(\.name?.count) == [4_096])
    // More than four times the document, and more than 256 KiB.
    let run = ReadTrack(Self.document(long(256), String(repeating: "&e;", count: 1_200)), .gpx)
    #expect(run.fault?.code == .limitExceeded && run.points.isEmpty)
    let points = ReadTrack(
      gpx("&e;", prolog: "<!DOCTYPE gpx [<!ENTITY e \"<trkpt lat='1' lon='2'/>\">]>"), .gpx)
    #expect(points.fault?.code == .limitExceeded && points.points.isEmpty)
  }

  @Test func limitsTheDocumentType() {
    let defaults = { (count: Int) in (0..<count).map { "<!ATTLIST a\($0) b CDATA 'x'>" }.joined() }
    #expect(ReadTrack(Self.document(defaults(64), "x"), .gpx).fault == nil)
    #expect(ReadTrack(Self.document(defaults(65), "x"), .gpx).fault?.code == .limitExceeded)
    let kinds = { (count: Int) in (0..<count).map { "<!ELEMENT element\($0) ANY>" }.joined() }
    #expect(ReadTrack(Self.document(kinds(1_000), "x"), .gpx).fault == nil)
    #expect(ReadTrack(Self.document(kinds(10_000), "x"), .gpx).fault?.code == .limitExceeded)
  }

  @Test func fetchesNothing() throws {
    let folder = try TemporaryFolder()
    let secret = try folder.write(Array("secret".utf8), "secret.txt")
    let run = ReadTrack(Self.document("<!ENTITY e SYSTEM 'file://\(secret)'>", "a&e;b"), .gpx)
    #expect(run.fault == nil && run.points.map(\.name) == ["ab"] && run.damages.map(\.code) == [.entity])
    let outside = ReadTrack(
      gpx("<trkpt lat='1' lon='2'><name>a&e;b</name></trkpt>", prolog: "<!DOCTYPE gpx SYSTEM 'file://\(secret)'>"), .gpx
    )
    #expect(outside.points.map(\.name) == ["ab"] && outside.damages.map(\.code) == [.entity])
  }

  @Test func takesNoAttributeThatOnlyADocumentTypeGives() {
    let run = ReadTrack(
      gpx("<trkpt lon='2'/>", prolog: "<!DOCTYPE gpx [<!ATTLIST trkpt lat CDATA '48'>]>"), .gpx)
    #expect(run.points.isEmpty && run.damages.map(\.code) == [.position])
  }

  @Test func limitsDepthNamesAndTokens() {
    let nested = { (depth: Int) in
      String(repeating: "<a>", count: depth - 3) + String(repeating: "</a>", count: depth - 3)
    }
    #expect(ReadTrack(gpx(nested(64)), .gpx).fault == nil)
    #expect(ReadTrack(gpx(nested(65)), .gpx).fault?.code == .limitExceeded)
    let names = { (count: Int) in (0..<count).map { "<n\($0)/>" }.joined() }
    #expect(ReadTrack(gpx(names(4_000)), .gpx).fault == nil)
    #expect(ReadTrack(gpx(names(5_000)), .gpx).fault?.code == .limitExceeded)
    #expect(ReadTrack(gpx("<\(String(repeating: "n", count: 256))/>"), .gpx).fault == nil)
    #expect(ReadTrack(gpx("<\(String(repeating: "n", count: 257))/>"), .gpx).fault?.code == .limitExceeded)
    let comment = { (count: Int) in "<trkpt lat='1' lon='2'/><!--\(String(repeating: "x", count: count))-->" }
    #expect(ReadTrack(gpx(comment(1 << 19)), .gpx).fault == nil)
    let long = ReadTrack(gpx(comment(3 << 20)), .gpx)
    #expect(long.fault?.code == .limitExceeded && long.points.count == 1 && long.endings == [false])
    // Text between tags is no token.
    #expect(ReadTrack(gpx("<desc>\(String(repeating: "x", count: 3 << 20))</desc>"), .gpx).fault == nil)
  }

  @Test func cutsLongTexts() {
    let run = ReadTrack(
      gpx("<trkpt lat='1' lon='2'><name>\(String(repeating: "x", count: 5_000))</name></trkpt>"), .gpx)
    #expect(run.points.map(\.name?.count) == [4_096] && run.damages.map(\.code) == [.textCut])
  }

  @Test func countsWhatIsBeyondTheLimitOfDamages() {
    let run = ReadTrack(gpx(String(repeating: "<trkpt/>", count: 1_500)), .gpx)
    #expect(run.damages.count == 1_001)
    #expect(run.damages.reduce(0) { $0 + $1.count } == 1_500)
    #expect(run.damages.last?.count == 500)
  }

  @Test func refusesOtherEncodingsAndOtherDocuments() {
    #expect(ReadTrack("<?xml version='1.0' encoding='EBCDIC'?><gpx/>", .gpx).fault?.code == .unsupportedEncoding)
    #expect(ReadTrack("<kml xmlns='http://www.opengis.net/kml/2.2'/>", .gpx).fault?.code == .otherFormat)
    #expect(ReadTrack("<html/>", .kml).fault?.code == .otherFormat)
  }

  @Test func keepsWhatCameBeforeTheCut() {
    let whole = gpx((0..<5).map { "<trkpt lat='\($0)' lon='2'><ele>1</ele></trkpt>" }.joined())
    let all = ReadTrack(whole, .gpx).points
    for length in 0..<whole.utf8.count {
      let run = ReadTrack(Array(whole.utf8.prefix(length)), .gpx)
      #expect(run.fault?.code == .truncated, "\(length)")
      #expect(run.points == Array(all.prefix(run.points.count)))
      #expect(run.points.count == all.count { $0.bytes.allSatisfy { $0.last < UInt64(length) } })
      #expect(run.endings.count == run.tracks.count)
    }
  }

  @Test func keepsWhatCameBeforeAnError() {
    let run = ReadTrack(gpx("<trkpt lat='1' lon='2'/><trkpt lat='1' lon='2'></trkpt></oops>"), .gpx)
    #expect(run.fault?.code == .malformed && run.points.count == 2 && run.endings == [false])
    let junk = ReadTrack(gpx("<trkpt lat='1' lon='2'/>") + "\0\0\0", .gpx)
    #expect(junk.fault?.code == .malformed && junk.points.count == 1 && junk.endings == [true])
  }
}
