import ByteReading
import EvidenceModel
import TestSupport
import Testing

@testable import EvidenceBundle

struct PlainJSONTests {
  private static let line =
    #"{"communityID":"1:cm/0A=","id":"R-000007","isComplete":true,"kind":"http/transfer","list":[],"#
    + #""provenance":[{"original":"O-0001","packets":"4-6,8"},{"bytes":"0-23","original":"O-0002"}],"size":-12,"x":{}}"#

  private static func members(_ text: String) -> [String]? {
    let bytes = Array(text.utf8)
    var found: [String] = []
    // Safe: the view ends before `bytes` does.
    let isPlain = PlainJSON.forEachMember(of: unsafe bytes.span.bytes) { name, value in
      found.append("\(String(repairing: name))=\(String(repairing: value))")
      return true
    }
    return isPlain ? found : nil
  }

  @Test func givesMembersAsTheyStand() {
    #expect(
      Self.members(Self.line) == [
        #"communityID="1:cm/0A=""#, #"id="R-000007""#, "isComplete=true", #"kind="http/transfer""#, "list=[]",
        #"provenance=[{"original":"O-0001","packets":"4-6,8"},{"bytes":"0-23","original":"O-0002"}]"#, "size=-12",
        "x={}",
      ])
    #expect(Self.members("{}") == [])
  }

  @Test(arguments: [
    "", "{", "[]", "{} ", " {}", #"{"a":1,}"#, #"{"a":1}x"#, #"{"b":1,"a":2}"#, #"{"a":1,"a":2}"#, #"{"a":"\n"}"#,
    #"{"a":"ä"}"#, "{\"a\":\"\t\"}", #"{"a":1.5}"#, #"{"a":null}"#, #"{"a":-}"#, #"{"a":1234567890123456789}"#,
    #"{"a":"x}"#, #"{"a" :1}"#, #"{"a":{"c":1,"b":2}}"#, #"{"a":[1,]}"#, #"{"a":tru}"#,
    #"{"a":"# + String(repeating: "[", count: 40) + String(repeating: "]", count: 40) + "}",
  ])
  func givesUpOnWhatIsNotPlain(text: String) { #expect(Self.members(text) == nil) }

  @Test func givesUpWhenAsked() {
    let bytes = Array(Self.line.utf8)
    // Safe here and below: the views end before `bytes` does.
    #expect(!PlainJSON.forEachMember(of: unsafe bytes.span.bytes) { name, _ in !name.isSame(as: "kind") })
    var count = 0
    let list = Array("[1,2,3]".utf8)
    #expect(
      PlainJSON.forEachElement(of: unsafe list.span.bytes) { _ in
        count += 1
        return true
      })
    #expect(count == 3)
  }

  /// Whatever is plain is JSON for the reader of values too, with the same members.
  @Test func takesNothingThatIsNoJSON() throws {
    var random = SeededGenerator(7)
    var plainCount = 0
    for _ in 0..<20_000 {
      var bytes = Array(Self.line.utf8)
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
        case 1: bytes.remove(at: place)
        default: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: place)
        }
      }
      var names: [String] = []
      let isPlain = PlainJSON.forEachMember(of: unsafe bytes.span.bytes) { name, _ in
        names.append(String(repairing: name))
        return true
      }
      guard isPlain else { continue }
      plainCount += 1
      let fields = try #require(ValueReader.fields(bytes))
      #expect(fields.entries.map(\.name) == names)
    }
    #expect(plainCount > 1_000)
  }
}
