import EvidenceBundle
import EvidenceModel
import Testing

struct ValueReaderTests {
  @Test func readsBackWhatIsWritten() {
    let everything = String(String.UnicodeScalarView((0...0x2ff).compactMap(Unicode.Scalar.init))) + "\u{2028}\u{fffd}😀"
    for text in [everything, "\r\n", "\\", "\"", "", "\u{0}", "a\tb"] {
      let fields: Fields = ["a": .text(text), "b": .list([.text(text), .integer(1)]), "c": .object([:])]
      #expect(ValueReader.fields(CanonicalJSON.bytes(fields)) == fields, "\(text.debugDescription)")
    }
  }

  @Test(arguments: [0, 1, -1, 999_999_999_999_999_999, 1_000_000_000_000_000_000, Int64.max, Int64.min])
  func readsEveryInteger(_ number: Int64) {
    #expect(ValueReader.read(Array("\(number)".utf8)) == .integer(number))
  }

  @Test(arguments: [
    "", " ", "9223372036854775808", "-9223372036854775809", "1.5", "1e3", "-", "null", "tru", "\"", "\"a\nb\"",
    "\"a\\\"\n\"",
    "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "[1,]", "[1 2]", "{\"a\":1,}", "{\"a\":1,\"a\":2}",
    "{a:1}", "1 1",
    "{\"a\":1}x",
  ]) func refusesWhatIsNone(_ text: String) { #expect(ValueReader.read(Array(text.utf8)) == nil) }

  @Test func refusesBytesThatAreNoText() { #expect(ValueReader.read([0x22, 0xff, 0x22]) == nil) }

  @Test func refusesDeepNesting() {
    #expect(ValueReader.read(Array(String(repeating: "[", count: 1_000_000).utf8)) == nil)
  }

  @Test func acceptsSpaceAndAnyOrder() {
    #expect(
      ValueReader.fields(Array(" { \"b\" : [ 1 , true ] ,\r\n\"a\":false } ".utf8)) == [
        "b": .list([1, true]), "a": false,
      ])
  }
}
