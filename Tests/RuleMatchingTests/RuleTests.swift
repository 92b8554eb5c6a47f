import Foundation
import TestSupport
import Testing

@testable import RuleMatching

/// YARA rules, compared with what YARA's own program finds.
@Suite struct RuleTests {
  static let rules = """
    import "hash"
    rule Meeting : place time { meta: author = "Jo" score = 7 isTest = true
      strings: $a = "bridge" $b = { 6e 69 6e 65 } condition: all of them }
    rule Never { strings: $a = "tunnel" condition: $a }
    rule Known { condition: hash.md5(0, filesize) == "5d41402abc4b2a76b9719d911017c592" }
    """

  private func scan(_ set: RuleSet, _ text: String) -> RuleScan {
    let bytes = Array(text.utf8)
    // Safe: the view ends before the bytes do.
    return unsafe set.scan(bytes.span.bytes)
  }

  @Test func findsWhatTheRulesSay() throws {
    let set = try RuleSet([Array(Self.rules.utf8), Array("rule Meeting { condition: filesize > 5 }".utf8)])
    let found = scan(set, "Meet at the bridge at nine.\n").matches
    #expect(found.map(\.rule) == ["Meeting", "Meeting"] && found.map(\.file) == [0, 1])
    let match = try #require(found.first)
    #expect(match.tags == ["place", "time"] && match.meta.map(\.name) == ["author", "score", "isTest"])
    #expect(match.meta.map(\.value) == [.text("Jo"), .integer(7), .boolean(true)])
    #expect(
      match.places == [.init(string: "$a", offset: 12, byteCount: 6), .init(string: "$b", offset: 22, byteCount: 4)])
    #expect(scan(set, "hello").matches.map(\.rule) == ["Known"])
    #expect(scan(set, "").matches.isEmpty)
  }

  @Test(.enabled(if: program("yara") != nil, "yara is not installed")) func agreesWithYARA() throws {
    let folder = try TemporaryFolder()
    let rules = try folder.write(Array(Self.rules.utf8), "rules.yar")
    let file = try folder.write(Array("nine bridges, bridge by bridge".utf8), "file")
    let lines = try run(try #require(program("yara")), ["-s", rules, file]).lines
    let theirs = lines.dropFirst().compactMap { Int64($0.dropFirst(2).prefix { $0 != ":" }, radix: 16) }
    let found = scan(try RuleSet([Array(Self.rules.utf8)]), "nine bridges, bridge by bridge").matches
    #expect(found.map(\.rule) == ["Meeting"] && lines.first?.hasPrefix("Meeting ") == true)
    #expect(found.first?.places.map(\.offset) == theirs)
  }

  @Test func saysWhatIsWrongWithRules() {
    let fault = { (texts: [String]) -> RuleFault? in
      do throws(RuleFault) {
        _ = try RuleSet(texts.map { Array($0.utf8) })
        return nil
      } catch { return error }
    }
    #expect(fault(["rule a { condition: true }", "rule b {"])?.file == 1)
    #expect(fault(["rule b { condition: nothing }"])?.message.hasPrefix("line 1: ") == true)
    #expect(fault(["include \"/etc/passwd\" rule b { condition: true }"]) != nil)
    #expect(fault(["import \"time\" rule b { condition: time.now() > 5 }"])?.message.contains("time") == true)
    for module in ["magic", "console"] {
      // Not every YARA has them; then the import itself is the fault.
      #expect(fault(["import \"\(module)\" rule b { condition: true }"])?.message.contains(module) == true)
    }
    #expect(fault(["YARA\0"]) != nil)
  }

  @Test func aSlowRuleIsCompiledAtOnce() throws {
    _ = try RuleSet([Array("rule a { condition: for any i in (0..100000000000) : (uint8(i) == 256) }".utf8)])
  }

  @Test func placesHaveALimit() throws {
    let set = try RuleSet([Array("rule a { strings: $a = \"x\" condition: $a }".utf8)])
    let match = try #require(scan(set, String(repeating: "x", count: 5_000)).matches.first)
    #expect(match.places.count == RuleLimits.places && match.placeCount == 5_000)
  }
}
