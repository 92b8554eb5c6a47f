import EvidenceModel
import Foundation
import TestSupport
import Testing

@testable import DocumentReading

/// Older office documents: a compound file after MS-CFB, compared with what exiftool says of it.
@Suite struct CompoundFileTests {
  private static func little(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
  }

  /// A property set of numbered values, each with its type.
  private static func properties(_ values: [(number: UInt64, bytes: [UInt8])]) -> [UInt8] {
    var list = little(UInt64(values.count), 4)
    var body: [UInt8] = []
    for value in values {
      list += little(value.number, 4) + little(UInt64(8 + values.count * 8 + body.count), 4)
      body += value.bytes + [UInt8](repeating: 0, count: (4 - value.bytes.count % 4) % 4)
    }
    let set = little(UInt64(4 + list.count + body.count), 4) + list + body
    let identifier: [UInt8] = [
      0xe0, 0x85, 0x9f, 0xf2, 0xf9, 0x4f, 0x68, 0x10, 0xab, 0x91, 0x08, 0x00, 0x2b, 0x27, 0xb3, 0xd9,
    ]
    return [0xfe, 0xff, 0, 0, 5, 0, 2, 0] + [UInt8](repeating: 0, count: 16) + little(1, 4) + identifier
      + little(48, 4) + set
  }

  private static func text(_ text: String) -> [UInt8] {
    let bytes = Array(text.utf8) + [0]
    return little(0x1e, 4) + little(UInt64(bytes.count), 4) + bytes
  }

  private static func time(_ units: UInt64) -> [UInt8] { little(0x40, 4) + little(units, 8) }

  private static func entry(_ name: String, _ kind: UInt8, child: UInt64, start: UInt64, size: Int) -> [UInt8] {
    let units = Array(name.utf16).flatMap { little(UInt64($0), 2) }
    let none = little(0xffff_ffff, 4)
    return units + [UInt8](repeating: 0, count: 64 - units.count) + little(UInt64(units.count + 2), 2) + [kind, 1]
      + none + (kind == 2 && child > 0 ? little(child, 4) : none) + (kind == 5 ? little(child, 4) : none)
      + [UInt8](repeating: 0, count: 36) + little(start, 4) + little(UInt64(size), 8)
  }

  /// One stream in sectors of its own, one among the small ones.
  static var document: [UInt8] {
    let first = properties([
      (1, little(2, 4) + little(65_001, 2) + [0, 0]), (2, text("The plan")), (4, text("Jo M\u{fc}ller")),
      (8, text("Kim")), (10, time(900_000_000)), (12, time(134_170_995_680_000_000)),
      (14, little(3, 4) + little(7, 4)), (18, text("Acme Writer")),
      (17, little(0x47, 4) + little(4, 4) + [1, 2, 3, 4]),
    ])
    let second = properties([(1, little(2, 4) + little(65_001, 2) + [0, 0]), (15, text("Acme"))])
    let free = little(0xffff_ffff, 4)
    let end = little(0xffff_fffe, 4)
    var table = little(0xffff_fffd, 4) + end
    for place in 2..<9 { table += little(UInt64(place + 1), 4) }
    table += end + end + end
    while table.count < 512 { table += free }
    let directory =
      entry("Root Entry", 5, child: 1, start: 11, size: 512)
      + entry("\u{5}SummaryInformation", 2, child: 2, start: 2, size: 4_096)
      + entry("\u{5}DocumentSummaryInformation", 2, child: 0, start: 0, size: second.count)
      + [UInt8](repeating: 0, count: 128)
    var small: [UInt8] = []
    let count = (second.count + 63) / 64
    for place in 1...count { small += place == count ? end : little(UInt64(place), 4) }
    while small.count < 512 { small += free }
    var head = CompoundFile.sign + [UInt8](repeating: 0, count: 16) + [0x3e, 0, 3, 0, 0xfe, 0xff, 9, 0, 6, 0]
    head += [UInt8](repeating: 0, count: 10) + little(1, 4) + little(1, 4) + little(0, 4) + little(4_096, 4)
    head += little(10, 4) + little(1, 4) + end + little(0, 4) + little(0, 4)
    while head.count < 512 { head += free }
    let padded = { (bytes: [UInt8], count: Int) in bytes + [UInt8](repeating: 0, count: count - bytes.count) }
    return head + table + directory + padded(first, 4_096) + small + padded(second, 512)
  }

  @Test func readsBothSummaries() throws {
    let facts = try read(Self.document)
    #expect(facts.form == .ole && facts.faults.isEmpty, "\(facts.faults)")
    #expect(facts.value("SummaryInformation", "AUTHOR") == "Jo M\u{fc}ller")
    #expect(facts.value("SummaryInformation", "EDITTIME") == "90 s")
    #expect(facts.value("SummaryInformation", "PAGECOUNT") == "7")
    #expect(facts.value("DocumentSummaryInformation", "COMPANY") == "Acme")
    let summary = DocumentSummary(facts)
    #expect(summary.title?.text == "The plan" && summary.lastModifiedBy?.text == "Kim")
    #expect(summary.program?.text == "Acme Writer" && summary.company?.text == "Acme")
    #expect(summary.created?.time != nil && summary.created?.text == summary.created?.time?.description)
  }

  /// What stands first in the directory may belong to a document that is embedded; only the tree tells.
  @Test func takesNothingFromWhatIsEmbedded() throws {
    var bytes = Self.document
    let entries = (0..<3).map { Array(bytes[(1_024 + $0 * 128)..<(1_152 + $0 * 128)]) }
    var root = entries[0]
    var own = entries[1]
    var embedded = entries[2]
    root.replaceSubrange(76..<80, with: Self.little(2, 4))
    own.replaceSubrange(72..<76, with: Self.little(3, 4))
    embedded.replaceSubrange(0..<64, with: own[0..<64])
    bytes.replaceSubrange(1_024..<1_536, with: root + embedded + own + entries[2])
    let facts = try read(bytes)
    #expect(facts.value("SummaryInformation", "AUTHOR") == "Jo M\u{fc}ller")
    #expect(facts.value("SummaryInformation", "COMPANY") == nil)
    #expect(facts.value("DocumentSummaryInformation", "COMPANY") == "Acme")
  }

  @Test(.enabled(if: program("exiftool") != nil, "exiftool is not installed")) func exiftoolSaysTheSame() throws {
    let tool = try #require(program("exiftool"))
    let folder = try TemporaryFolder()
    let path = try folder.write(Self.document, "a.doc")
    let facts = try read(Self.document)
    for (theirs, ours) in [("Title", "TITLE"), ("Author", "AUTHOR"), ("Software", "APPNAME"), ("Pages", "PAGECOUNT")] {
      let value = try run(tool, ["-n", "-s3", "-\(theirs)", path]).lines.first.map(String.init)
      #expect(value == facts.value("SummaryInformation", ours), "\(theirs)")
    }
    let created = try run(tool, ["-s3", "-d", "%Y-%m-%dT%H:%M:%S", "-api", "TimeZone=UTC", "-CreateDate", path])
    #expect(
      facts.value("SummaryInformation", "CREATE_DTM")?.hasPrefix(created.lines.first.map(String.init) ?? "none")
        == true,
      "\(created.text)")
    #expect(try run(tool, ["-s3", "-Company", path]).lines.first == "Acme")
  }

  @Test func survivesWhatIsDamaged() throws {
    var random = SeededGenerator(testSeed("compound files"))
    for cut in stride(from: 8, to: Self.document.count, by: 97) { _ = try read(Array(Self.document.prefix(cut))) }
    for _ in 0..<400 {
      var changed = Self.document
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        changed[Int.random(in: 8..<changed.count, using: &random)] = random.bytes(1)[0]
      }
      let facts = try read(changed)
      #expect(facts.properties.count <= DocumentLimits.properties)
    }
    let empty = try read(CompoundFile.sign)
    #expect(empty.properties.isEmpty && !empty.faults.isEmpty)
  }
}
