import Fingerprinting
import Foundation

// Measures how long a set of hashes takes to be indexed and to be asked: HashSetBench LIST DIRECTORY
//
// LIST is a list of SHA-256 as scripts/bench-hash-sets makes it; each is looked up in an order that looks random, then as many that are not there.

let path = CommandLine.arguments[1]
let directory = CommandLine.arguments[2]

func seconds(_ body: () throws -> Void) rethrows -> Double {
  let start = ContinuousClock.now
  try body()
  let time = (ContinuousClock.now - start).components
  return Double(time.seconds) + Double(time.attoseconds) / 1e18
}

func peakMegabytes() -> Int {
  var usage = rusage()
  // Safe: the structure is a variable of ours.
  unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return usage.ru_maxrss / 1_024
}

var facts: HashSetFacts?
let indexing = try seconds { facts = try HashSetIndexing.run(path, into: directory) }
print("entries: \(facts?.entryCount ?? 0)")
print("indexing: \(String(format: "%.1f", indexing)) s, peak of memory \(peakMegabytes()) MB")

/// Every so many of the list's lines, with one digit changed for those that are not there.
let handle = try FileHandle(forReadingFrom: URL(filePath: path))
var present: [[FileDigest]] = []
var absent: [[FileDigest]] = []
let size = try handle.seekToEnd()
let lines = size / 65
for number in 0..<min(lines, 1_000_000) {
  // 7,368,787 is a prime, so that no line comes twice.
  try handle.seek(toOffset: (number * 7_368_787 % lines) * 65)
  guard var digits = try handle.read(upToCount: 64).map({ [UInt8]($0) }) else { break }
  if let digest = FileDigest(.sha256, hex: digits) { present.append([digest]) }
  digits[20] = digits[20] == 0x61 ? 0x62 : 0x61
  if let digest = FileDigest(.sha256, hex: digits) { absent.append([digest]) }
}
let index = try HashSetIndex(directory: directory)
for (name, digests) in [("that are there", present), ("that are not", absent)] {
  for round in ["first", "second"] {
    var hits = 0
    let time = seconds { for digest in digests where index.find(digest) != nil { hits += 1 } }
    let each = time * 1e6 / Double(max(1, digests.count))
    print("\(digests.count) look-ups \(name), \(round) time: \(String(format: "%.2f", each)) µs each, \(hits) hits")
  }
}

// What the hashes of a file cost, by the list's first 256 MiB.
try handle.seek(toOffset: 0)
let bytes = try handle.read(upToCount: 256 << 20).map { [UInt8]($0) } ?? []
let megabytes = Double(bytes.count) / 1_048_576
let plain = seconds {
  var hash = ArtefactHash(isLookedUp: true)
  // Safe: the view ends before `bytes` does.
  unsafe hash.update(bytes.span.bytes)
  _ = hash.finalise()
}
print("SHA-256, SHA-1 and MD5: \(Int(megabytes / plain)) MiB/s")
let fuzzy = seconds { _ = FuzzyHashing.digests(of: bytes) }
print("ssdeep and TLSH: \(Int(megabytes / fuzzy)) MiB/s")
