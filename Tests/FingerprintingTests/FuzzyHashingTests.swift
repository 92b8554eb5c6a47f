import CFuzzy
import CTLSH
import Fingerprinting
import Foundation
import TestSupport
import Testing

/// Fuzzy hashes beside those of the programs that define them.
@Suite struct FuzzyHashingTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Bytes that are the same on each run: words, and noise from a simple generator.
  private static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed
    return (0..<count).map { place in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return place % 7 < 3 ? UInt8(0x61 + state >> 60) : UInt8(truncatingIfNeeded: state >> 33)
    }
  }

  private static let sizes = [255, 256, 511, 512, 4_095, 4_096, 5_000, 70_000, 1_500_000]

  @Test func ssdeepIsThatOfItsProgram() throws {
    let ssdeep = try #require(program("ssdeep"), "install the packages of the group test")
    for (number, size) in Self.sizes.enumerated() {
      let bytes = Self.bytes(size, seed: UInt64(number))
      let line = try #require(run(ssdeep, ["-s", "-b", folder.write(bytes, "file")]).lines.last)
      let ours = FuzzyHashing.digests(of: bytes).ssdeep
      #expect(ours == (size < FuzzyHashing.ssdeepMinimum ? nil : String(line.prefix { $0 != "," })), "\(size)")
    }
  }

  /// Seven bytes where all 31 block sizes of ssdeep are cut.
  private static let cut: [UInt8] = [0x65, 0x7f, 0x18, 0xfa, 0xbb, 0x1e, 0x72]

  /// libfuzzy is a witness of our own counting: poor alphabets, repetitions, sparse files, what fits every block size.
  @Test func ssdeepIsThatOfItsLibrary() {
    for number in 0..<600 {
      let size = 4_096 + [number, number * 97, number * 997 % 60_000, number * 7_919 % 300_000][number % 4]
      var bytes = Self.bytes(size, seed: UInt64(number) &* 7_919)
      switch number % 6 {
      case 0: for place in bytes.indices { bytes[place] %= UInt8(1 + number % 200) }
      case 1: for place in bytes.indices { bytes[place] = bytes[place % (1 + number)] }
      case 2: for place in bytes.indices where place % (100 + number) != 0 { bytes[place] = 0 }
      case 3: for place in size - 8..<size { bytes[place] = 0 }
      case 4: bytes.replaceSubrange(number..<number + 7, with: Self.cut)
      default: break
      }
      var text = [CChar](repeating: 0, count: 2 * Int(SPAMSUM_LENGTH) + 20)
      // Safe: that is FUZZY_MAX_RESULT, the library's own name for the room that it asks for.
      let has = unsafe fuzzy_hash_buf(bytes, UInt32(bytes.count), &text) == 0
      let theirs = has ? String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
      #expect(theirs != nil && FuzzyHashing.digests(of: bytes).ssdeep == theirs, "\(number)")
    }
  }

  /// The Python package of the tests' own environment; nil, with a notice, without it.
  private var python: String? {
    let path = repository.appending(path: ".build-venv/bin/python").path
    let has = (try? run(path, ["-c", "import tlsh"]).status) == 0
    if !has { print("skipped: no py-tlsh; run scripts/test") }
    return has ? path : nil
  }

  @Test func tlshIsThatOfTheReference() throws {
    guard let python else { return }
    for (number, size) in Self.sizes.enumerated() {
      let bytes = Self.bytes(size, seed: UInt64(number))
      let path = try folder.write(bytes, "file")
      let theirs = try run(python, ["-c", "import tlsh,sys; print(tlsh.hash(open(sys.argv[1],'rb').read()))", path])
      #expect(theirs.status == 0, "\(theirs.errors)")
      let ours = FuzzyHashing.digests(of: bytes).tlsh
      // libtlsh 3.4 wants 256 bytes, where the reference of today is content with 50.
      #expect(ours == (size < FuzzyHashing.tlshMinimum ? nil : theirs.lines.first.map { String($0) }), "\(size)")
      #expect(ours?.hasPrefix("T1") != false)
    }
  }

  /// libtlsh is a witness of our own counting: poor alphabets, repetitions, and lengths on both sides of each step.
  @Test func tlshIsThatOfItsLibrary() {
    for number in 0..<600 {
      let size = [200 + number, 600 + number, 3_000 + number, number * 997 % 60_000][number % 4]
      var bytes = Self.bytes(size, seed: UInt64(number) &* 7_919)
      if number % 3 == 0 { for place in bytes.indices { bytes[place] %= UInt8(1 + number % 200) } }
      if number % 5 == 0 { for place in bytes.indices { bytes[place] = bytes[place % (1 + number)] } }
      var text = [CChar](repeating: 0, count: Int(EXHIBIT_TLSH_LENGTH) + 1)
      // Safe: the room is that which the function asks for.
      let has = unsafe exhibit_tlsh_of_library(bytes, UInt32(bytes.count), &text) == 0
      let theirs = has ? "T1" + String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
      #expect(FuzzyHashing.digests(of: bytes).tlsh == theirs, "\(number)")
    }
  }

  @Test func piecesMakeNoDifference() throws {
    let bytes = Self.bytes(200_000, seed: 9)
    let whole = FuzzyHashing.digests(of: bytes)
    #expect(whole.ssdeep != nil && whole.tlsh != nil)
    for step in [1, 4_095, 65_536] {
      let hashing = FuzzyHashing()
      for start in stride(from: 0, to: bytes.count, by: step) {
        let part = Array(bytes[start..<min(start + step, bytes.count)])
        // Safe: the view ends before `part` does.
        unsafe hashing.update(part.span.bytes)
      }
      #expect(hashing.finish() == whole, "\(step)")
    }
  }

  @Test func sayNothingOfWhatIsTooSmallOrTooMuchAlike() {
    #expect(FuzzyHashing.digests(of: []) == FuzzyDigests())
    #expect(FuzzyHashing.digests(of: [UInt8](repeating: 1, count: 255)) == FuzzyDigests())
    #expect(FuzzyHashing.digests(of: [UInt8](repeating: 0, count: 100_000)).tlsh == nil)
  }

  @Test func comparesAsTheReferencesDo() throws {
    let first = Self.bytes(50_000, seed: 4)
    var second = first
    for place in 20_000..<20_400 { second[place] = 0x20 }
    let other = Self.bytes(50_000, seed: 5)
    let digests = [first, second, other].map { FuzzyHashing.digests(of: $0) }
    let ssdeeps = digests.compactMap(\.ssdeep)
    let tlshs = digests.compactMap(\.tlsh)
    try #require(ssdeeps.count == 3 && tlshs.count == 3)
    let score = try #require(
      FuzzyComparison.ssdeep(ssdeeps[0], ssdeeps[1]))
    #expect(score > 80)
    #expect(FuzzyComparison.ssdeep(ssdeeps[0], ssdeeps[2]) == 0)
    let ssdeep = try #require(program("ssdeep"))
    let one = try folder.write(first, "one")
    let two = try folder.write(second, "two")
    #expect(try run(ssdeep, ["-s", "-d", one, two]).text.contains("(\(score))"))
    guard let python else { return }
    for (left, right) in [(0, 1), (0, 2), (1, 1)] {
      let (one, two) = (tlshs[left], tlshs[right])
      let theirs = try run(python, ["-c", "import tlsh,sys; print(tlsh.diff(sys.argv[1],sys.argv[2]))", one, two])
      #expect(FuzzyComparison.tlsh(one, two).map { String($0) } == theirs.lines.first.map { String($0) })
    }
  }

  @Test func refusesWhatIsNoHash() {
    let good = "T1" + String(repeating: "0A", count: 35)
    for bad in [
      "", "T1", "T1" + String(repeating: "0G", count: 35), good + "0", String(good.dropFirst(2)), "T1\0" + good,
    ] {
      #expect(FuzzyComparison.tlsh(good, bad) == nil, "\(bad)")
    }
    for bad in ["", ":", "a:b:c", "99999999999999999999:a:b", String(repeating: "3:", count: 500), "3:abc"] {
      _ = FuzzyComparison.ssdeep("96:abcdefgh:abc", bad)
    }
    #expect(FuzzyComparison.ssdeep("96:abcdefgh:abc", "nonsense") == nil)
  }
}
