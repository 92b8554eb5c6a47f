import EvidenceBundle
import Testing

/// Lines of sha256sum, also of paths that it escapes.
@Suite struct SumLineTests {
  private let digits = String(repeating: "0a", count: 32)

  @Test(arguments: ["a.pcap", "with space", "back\\slash", "line\nfeed", "both\\n\n\r", "ünï"])
  func comesBack(_ path: String) throws {
    let line = SumLine.text(digits, path)
    #expect(line.split(separator: "\n").count == 1)
    let read = try #require(SumLine.parse(line.dropLast(), digits: 64))
    #expect(read == (digits, path))
  }

  @Test func escapesAsCoreutilsDoes() {
    #expect(SumLine.text(digits, "a\\b\nc") == "\\\(digits)  a\\\\b\\nc\n")
    #expect(SumLine.text(digits, "plain") == "\(digits)  plain\n")
  }

  @Test func refusesWhatIsNone() {
    for line in [
      "", digits, "\(digits)  ", "\(digits) x", "\(digits.uppercased())  x", "\\\(digits)  a\\x", "\\\(digits)  a\\",
    ] {
      #expect(SumLine.parse(line, digits: 64) == nil, "\(line)")
    }
  }
}
