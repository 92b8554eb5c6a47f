import ArchiveReading
import EvidenceModel
import Foundation
import TestSupport
import Testing

/// Archives that are cut, damaged or made to hurt.
@Suite struct DamageTests {
  @Test func keepsTheMembersBeforeTheCut() throws {
    for (name, keep) in [("case.tar", 9_000), ("case.zip", 5_000), ("case.cpio", 9_000)] {
      let listing = Listing(Array(try sample(name).prefix(keep)))
      #expect(listing.members.count > 1, "\(name)")
      let last = try #require(listing.contents.last)
      #expect(last.fault != nil || listing.fault != nil, "\(name)")
      let place = listing.bytes.indices.last { !listing.bytes[$0].isEmpty }
      let cut = listing.bytes[try #require(place)]
      #expect(FormatTests.numbers.utf8.starts(with: cut) || FormatTests.meeting.utf8.starts(with: cut), "\(name)")
    }
  }

  /// One head that cannot be read costs one member.
  @Test func goesOnBehindAHeadThatCannotBeRead() throws {
    var data = try sample("case.tar")
    let whole = Listing(data)
    try #require(whole.members.count > 2 && whole.gaps.isEmpty)
    let name = try #require(whole.names.dropFirst().first)
    let place = try #require(data.firstRange(of: Array(name.utf8))).lowerBound
    data[place] ^= 0xff
    let listing = Listing(data)
    #expect(listing.fault == nil)
    #expect(listing.gaps.map(\.after) == [1], "\(listing.gaps)")
    #expect(listing.names == whole.names.filter { $0 != name }, "\(listing.names)")
  }

  @Test func saysThatAChecksumIsWrong() throws {
    var data = try sample("case.zip")
    let text = Array("Meet at".utf8)
    if let place = data.firstRange(of: text) { data[place.lowerBound] ^= 1 } else { data[data.count / 2] ^= 0x55 }
    let listing = Listing(data)
    #expect(listing.fault != nil || listing.contents.contains { $0.fault != nil })
  }

  @Test func stopsWhereWhoeverReadsHasEnough() throws {
    let listing = Listing(try sample("bomb.zip"), limit: 1 << 20)
    #expect(listing.contents.first?.isStopped == true)
    #expect(listing.bytes.first.map { $0.count <= 1 << 20 } == true)
    #expect(ArchiveLimits.bytes(of: 1_000) == ArchiveLimits.bytesFloor)
    #expect(ArchiveLimits.bytes(of: 1 << 30) == 250 << 30)
    #expect(ArchiveLimits.bytes(of: .max) == .max)
  }

  /// Whatever is changed, reading ends and keeps within what it promises.
  @Test(arguments: ["case.zip", "case.7z", "case.tar.gz", "case.cab", "case.ar", "case.cpio", "names.tar"])
  func everyChangedByteIsSurvived(_ name: String) throws {
    let data = try sample(name)
    var random = SeededGenerator(testSeed(name))
    for _ in 0..<150 {
      var changed = data
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        changed[Int.random(in: 0..<changed.count, using: &random)] = random.bytes(1)[0]
      }
      let listing = Listing(changed, limit: 1 << 20)
      #expect(listing.members.count < 10_000)
      for (member, content) in zip(listing.members, listing.contents) {
        #expect((member.name?.count ?? 0) <= ArchiveLimits.nameBytes)
        #expect(content.byteCount <= 1 << 20)
      }
    }
    for cut in stride(from: 0, to: data.count, by: max(1, data.count / 100)) { _ = Listing(Array(data.prefix(cut))) }
  }

  @Test func knowsWhatIsWorthOpening() throws {
    let sign = { (data: [UInt8]) in
      ArchiveSign(
        head: Array(data.prefix(512)), tail: data.count < 22 ? [] : Array(data.suffix(22)),
        image: Array(data.dropFirst(32_769).prefix(5)))
    }
    for name in try FileManager.default.contentsOfDirectory(atPath: samples.path) where !name.hasSuffix(".md") {
      #expect(sign(try sample(name)) == .beginning, "\(name)")
    }
    #expect(sign(Array("GIF89a".utf8) + (try sample("nested.zip"))) == .inside)
    #expect(sign(Array("MZ and more of a program".utf8)) == .inside)
    #expect(sign(Array("only text".utf8)) == nil && sign([]) == nil)
    #expect(sign([UInt8](repeating: 0, count: 40_000)) == nil)
  }
}
