import ByteReading
import Fingerprinting
import Foundation
import RuleMatching

/// Reads a set of hashes of whatever format it shows to be, and looks up what stands in it.
@Sendable func fuzzHashSets(_ input: RawSpan) {
  withFile(input) { descriptor in
    let directory = "/dev/shm/exhibit-fuzz-set-\(getpid())"
    try? FileManager.default.removeItem(atPath: directory)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    var limits = HashSetLimits()
    limits.millionsOfSteps = 1
    limits.entries = 10_000
    let path = "/proc/self/fd/\(descriptor)"
    guard let facts = try? HashSetIndexing.run(path, into: directory, limits: limits) else { return }
    demand(facts.entryCount + facts.withoutDigest <= 10_000, "the number of entries keeps to its limit")
    demand((try? HashSetIndex(directory: directory)) != nil, "an index that was made can be opened")
  }
}

/// Compiles rules and looks for them in a little of everything.
@Sendable func fuzzRules(_ input: RawSpan) {
  guard let set = try? RuleSet([input.array()]) else { return }
  let text: [UInt8] = Array("PK\u{3}\u{4} the bridge at night, and \0 and \u{ff}".utf8)
  // Safe: the view ends before `text` does.
  let scan = unsafe set.scan(text.span.bytes)
  demand(scan.matches.count <= RuleLimits.rules, "the number of rules that match keeps to its limit")
  for match in scan.matches { demand(match.places.count <= RuleLimits.places, "places keep to their limit") }
}

/// What the fuzzer begins with.
let hashSetSeeds = [
  "d41d8cd98f00b204e9800998ecf8427e  empty\nda39a3ee5e6b4b0d3255bfef95601890afd80709\n",
  "SHA256 (a b) = e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n# remark\n",
  "%%%% HASHDEEP-1.0\n%%%% size,md5,sha256,filename\n## cmd\n0,d41d8cd98f00b204e9800998ecf8427e,e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855,/a\n",
  #"{"value":[{"MD5":"d41d8cd98f00b204e9800998ecf8427e","Category":1,"MediaSize":0,"FileName":"a"}]}"#,
  #"{"Media":[{"SHA1":"da39a3ee5e6b4b0d3255bfef95601890afd80709","MediaFiles":[{"FileName":"b"}]}]}"#,
]
let ruleSeeds = [
  "rule a : t { meta: m = 1 n = \"x\" strings: $a = \"bridge\" wide ascii nocase $b = { 50 4B ?? [1-4] 04 } condition: any of them }",
  "import \"pe\"\nrule b { strings: $r = /n[iI]g{1,3}ht/ condition: #r > 0 and filesize < 10KB }",
  "private rule c { condition: for any i in (1..3) : ( uint8(i) == 0x4b ) }\nrule d { condition: c and not false }",
]
