import EvidenceModel
import Foundation
import TestSupport
import Testing

@testable import ArchiveReading

/// Archives by the programs that people use, compared with what other programs find in them.
@Suite struct FormatTests {
  static let numbers = (1...4_000).map { "\($0)\n" }.joined()
  static let meeting = "Meet at the bridge at nine.\n"

  @Test(arguments: [
    ("case.zip", "zip", [String]()), ("case.7z", "7z", []), ("case.tar", "tar", []), ("case.tar.gz", "tar", ["gzip"]),
    ("case.tar.xz", "tar", ["xz"]), ("case.tar.bz2", "tar", ["bzip2"]), ("case.tar.zst", "tar", ["zstd"]),
    ("case.cpio", "cpio", []),
  ])
  func readsWhatWasPackedIn(_ name: String, _ format: String, _ compressions: [String]) throws {
    let listing = try Listing(sample: name)
    #expect(listing.fault == nil && listing.contents.allSatisfy { $0.fault == nil })
    #expect(listing.format == format && listing.compressions == compressions)
    #expect(listing.content("case/notes/meeting.txt") == Array(Self.meeting.utf8))
    #expect(listing.content("case/numbers.txt") == Array(Self.numbers.utf8))
    #expect(listing.content("case/notes/Straße.txt") == Array("Straße\n".utf8))
    #expect(listing.content("case/empty") == [])
    let link = try #require(listing.members.first { $0.name == Array("case/outside".utf8) })
    #expect(link.kind == .symbolicLink && link.linkTarget == Array("/etc/passwd".utf8))
    #expect(listing.members.map(\.index) == Array(1...8))
  }

  @Test(arguments: [("case.iso.xz", "iso9660"), ("case.cab", "cab"), ("case.ar", "ar")])
  func readsFormatsWithOtherPaths(_ name: String, _ format: String) throws {
    let listing = try Listing(sample: name)
    #expect(listing.fault == nil && listing.format == format)
    let place = try #require(listing.names.firstIndex { $0.hasSuffix("numbers.txt") })
    #expect(listing.bytes[place] == Array(Self.numbers.utf8))
    #expect(listing.members[place].statedByteCount == UInt64(Self.numbers.utf8.count))
  }

  @Test func statesTimesAsFarAsTheFormatDoes() throws {
    let tar = try #require(try Listing(sample: "case.tar").members.first { $0.kind == .file })
    #expect(tar.modified?.description == "2026-03-04T05:06:08.000000000Z" && tar.modifiedLocal == nil)
    #expect(tar.mode == 0o644 && tar.userID == 1000 && tar.userName == Array("ada".utf8))
    let cabinet = try #require(try Listing(sample: "case.cab").members.first)
    #expect(cabinet.modified == nil && cabinet.modifiedLocal == "2026-03-04T05:06:08")
    // Info-ZIP writes both; Python's zipfile only what the clock shows.
    let zip = try #require(try Listing(sample: "case.zip").members.first { $0.kind == .file })
    #expect(zip.modified?.description == "2026-03-04T05:06:08.000000000Z" && zip.modifiedLocal == "2026-03-04T05:06:08")
    let python = try #require(try Listing(sample: "charsets.zip").members.first)
    #expect(python.modified == nil && python.modifiedLocal == "2026-03-04T05:06:08")
  }

  @Test func aZipWithoutItsDirectoryStatesNoTimes() throws {
    let whole = try sample("case.zip")
    let sign = try #require(whole.firstRange(of: [0x50, 0x4b, 0x01, 0x02]))
    let cut = Listing(Array(whole[..<sign.lowerBound]))
    #expect(cut.members.count > 3 && cut.content("case/notes/meeting.txt") == Array(Self.meeting.utf8))
    #expect(cut.members.allSatisfy { $0.modified == nil && $0.modifiedLocal == nil })
  }

  /// newc has the content behind the last of the links.
  @Test func readsWhatStandsBehindLinks() throws {
    let listing = try Listing(sample: "links.cpio")
    #expect(listing.names == ["links/first", "links/second", "links/soft"])
    #expect(listing.members.map(\.kind) == [.file, .hardLink, .symbolicLink])
    #expect(listing.bytes == [[], Array(Self.meeting.utf8), []])
    #expect(listing.contents.allSatisfy { $0.fault == nil })
    // Directories, links and devices of other formats have no content.
    for name in ["case.zip", "case.7z", "case.tar", "case.cpio", "case.iso.xz", "names.tar"] {
      let other = try Listing(sample: name)
      for (place, member) in other.members.enumerated() where member.kind != .file {
        #expect(other.bytes[place].isEmpty && other.contents[place].fault == nil, "\(name) \(place)")
      }
    }
  }

  @Test func aFileThatIsOnlyCompressedHasOneMember() throws {
    for (name, compression) in [("numbers.gz", "gzip"), ("numbers.xz", "xz")] {
      let listing = try Listing(sample: name)
      #expect(listing.format == "compressed" && listing.compressions == [compression])
      #expect(listing.bytes == [Array(Self.numbers.utf8)] && listing.members.first?.name == nil)
    }
    #expect(Listing(Array("no archive at all, and long enough to be read as one".utf8)).fault?.code == .unknownFormat)
    #expect(Listing([]).fault?.code == .unknownFormat)
  }

  @Test func namesWhatIsEncrypted() throws {
    let mixed = try Listing(sample: "case-encrypted.zip")
    #expect(mixed.members.map(\.isEncrypted) == [true, false])
    #expect(mixed.bytes[1] == Array(Self.numbers.utf8))
    let whole = try Listing(sample: "case-encrypted.7z")
    #expect(whole.members.filter { $0.statedByteCount != 0 }.allSatisfy { $0.isEncrypted })
    let hidden = try Listing(sample: "case-hidden.7z")
    #expect(hidden.members.isEmpty && hidden.fault?.code == .encrypted)
  }

  @Test func keepsTheBytesOfNamesInUnknownCharsets() throws {
    let names = try Listing(sample: "charsets.zip").members.map { $0.name ?? [] }
    #expect(names[0] == Array("stra".utf8) + [0xe1] + Array("e.txt".utf8))
    #expect(names[1] == [0x89, 0xef, 0x8b, 0x63] + Array(".txt".utf8))
    // Others show such a name up to the zero.
    #expect(names[2] == Array("nul\0hidden.exe".utf8))
  }

  @Test func judgesNamesThatWouldMislead() throws {
    let listing = try Listing(sample: "names.tar")
    let judged = listing.members.map { NameJudgement.judge($0) }
    #expect(
      Array(judged.prefix(6)) == [
        [.absolute], [.parentDirectory], [.directionOverride], [.controlCharacter], [], [.absolute],
      ])
    #expect(listing.members[4].name?.count == 10_000)
    #expect(listing.members[6].linkTarget.map { NameJudgement.path($0) } == [.parentDirectory])
    #expect(listing.members[7].kind == .hardLink && listing.members[8].kind == .characterDevice)
    #expect(listing.members[9].kind == .fifo)
  }

  /// The programs' own lists: names and sizes as bsdtar prints them.
  @Test(
    .enabled(if: program("bsdtar") != nil, "bsdtar is not installed"),
    arguments: ["case.zip", "case.7z", "case.tar", "case.tar.zst", "case.cpio", "case.ar", "case.cab", "case.iso.xz"])
  func findsTheMembersThatBsdtarFinds(_ name: String) throws {
    let path = samples.appending(path: name).path
    let result = try run("/usr/bin/env", ["LC_ALL=C.UTF-8", try #require(program("bsdtar")), "-tf", path])
    #expect(result.lines.map(String.init) == (try Listing(sample: name).names))
  }

  @Test(.enabled(if: program("7z") != nil, "7z is not installed"), arguments: ["case.zip", "case.7z", "case.cab"])
  func findsTheSizesThat7zFinds(_ name: String) throws {
    let result = try run(try #require(program("7z")), ["l", "-slt", samples.appending(path: name).path])
    let sizes = result.lines.filter { $0.hasPrefix("Size = ") }.compactMap { UInt64($0.dropFirst(7)) }
    let listing = try Listing(sample: name)
    // 7z gives links the size of their targets' names.
    #expect(sizes.sorted().suffix(2) == listing.bytes.map { UInt64($0.count) }.sorted().suffix(2))
  }
}
