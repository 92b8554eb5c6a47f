import EvidenceModel
import Foundation
import TestSupport
import Testing

@testable import MediaReading

/// Pages against libtiff's coder, and pages with damage.
@Suite struct FaxPictureTests {
  /// A picture as rows of dots, true is black.
  private static func packed(_ rows: [[Bool]]) -> [UInt8] {
    rows.flatMap { row in
      stride(from: 0, to: row.count, by: 8).map { start in
        row[start..<min(start + 8, row.count)].enumerated().reduce(UInt8(0)) {
          $1.element ? $0 | 0x80 >> UInt8($1.offset) : $0
        }
      }
    }
  }

  /// The strip of a file of one page with the lowest byte first, as libtiff writes it.
  private static func strip(_ file: [UInt8]) throws -> [UInt8] {
    let number = { (place: Int, count: Int) in file[place..<place + count].reversed().reduce(0) { $0 << 8 | Int($1) } }
    let directory = number(4, 4)
    var values: [Int: Int] = [:]
    for entry in 0..<number(directory, 2) {
      let place = directory + 2 + entry * 12
      values[number(place, 2)] = number(place + 8, number(place + 2, 2) == 3 ? 2 : 4)
    }
    let start = try #require(values[273])
    return Array(file[start..<start + (try #require(values[279]))])
  }

  /// Codes rows by libtiff; nil without its tools.
  private static func coded(_ rows: [[Bool]], _ form: String) throws -> [UInt8]? {
    guard let maker = program("ppm2tiff"), let copier = program("tiffcp") else { return nil }
    let folder = try TemporaryFolder()
    let head = "P4\n\(rows.first?.count ?? 0) \(rows.count)\n"
    let source = try folder.write(Array(head.utf8) + packed(rows), "page.pbm")
    #expect(try run(maker, ["-c", "none", source, folder.path("plain.tif")]).status == 0)
    let made = try run(
      copier, ["-L", "-f", "msb2lsb", "-r", "30000", "-c", form, folder.path("plain.tif"), folder.path("coded.tif")])
    #expect(made.status == 0, "\(made.errors)")
    return try strip([UInt8](Data(contentsOf: folder.url("coded.tif"))))
  }

  private static let codings: [(form: String, coding: FaxFormat.Coding)] = [
    ("g3:1d", .modifiedHuffman), ("g3:2d", .modifiedRead), ("g4", .modifiedModifiedRead),
  ]

  private static func check(_ rows: [[Bool]]) throws {
    let width = rows[0].count
    for (form, coding) in codings {
      guard let bytes = try coded(rows, form) else { return }
      let picture = T4Reader(bytes, coding, width: width, gaps: [], step: {}).picture
      #expect(picture.height == rows.count, "\(form)")
      #expect(picture.rows == packed(rows), "\(form)")
      #expect(picture.damaged.isEmpty && picture.unsure.isEmpty && picture.unreadBytes == 0, "\(form)")
    }
  }

  @Test func readsEveryLengthOfRunOfBothColours() throws {
    let width = 2_624
    let lengths = Array(0...200) + Array(stride(from: 256, through: 2_560, by: 64)) + [2_561, 2_623, 2_624]
    let rows = lengths.flatMap { length in
      [true, false].map { isBlack in (0..<width).map { ($0 < length) == isBlack } }
    }
    try Self.check(rows)
  }

  @Test func readsPicturesOfAnyKind() throws {
    var generator = SeededGenerator(testSeed("fax pictures"))
    for share in [2, 5, 20, 200] {
      var rows: [[Bool]] = []
      for line in 0..<60 {
        // Lines that are like those before them, which the two-dimensional codings are made for.
        var row = line % 7 == 0 ? [Bool](repeating: line % 2 == 1, count: 1_728) : rows[line - 1]
        for _ in 0..<Int.random(in: 0...20, using: &generator) {
          let start = Int.random(in: 0..<1_728, using: &generator)
          let isBlack = Bool.random(using: &generator)
          for dot in start..<min(1_728, start + Int.random(in: 1...share, using: &generator)) { row[dot] = isBlack }
        }
        rows.append(row)
      }
      try Self.check(rows)
    }
  }

  @Test func damageIsWhiteAndNamed() throws {
    let rows = (0..<100).map { line in (0..<1_728).map { ($0 + line) / 40 % 3 == 0 } }
    for (form, coding) in Self.codings {
      guard let bytes = try Self.coded(rows, form) else { return }
      let gap = bytes.count / 2
      let cut = Array(bytes[..<gap] + bytes[(gap + 60)...])
      let picture = T4Reader(cut, coding, width: 1_728, gaps: [gap], step: {}).picture
      let first = try #require(picture.damaged.first?.lowerBound)
      // What stands before the damage is as it was.
      let before = (first - 1) * picture.rowBytes
      #expect(Array(picture.rows.prefix(before)) == Array(Self.packed(rows).prefix(before)))
      #expect(picture.rows[before..<(before + picture.rowBytes)].allSatisfy { $0 == 0 })
      switch coding {
      case .modifiedModifiedRead: #expect(picture.unreadBytes == cut.count - gap && picture.height == first)
      default:
        // The last lines are those of the page again.
        let tail = picture.rowBytes * 10
        #expect(picture.height > 60 && picture.height <= 100)
        #expect(Array(picture.rows.suffix(tail)) == Array(Self.packed(rows).suffix(tail)), "\(form)")
        // Which of MR's lines comes next behind the gap is chance: one of its own stands alone.
        if coding == .modifiedHuffman { #expect(picture.unsure.isEmpty) }
        if let unsure = picture.unsure.last { #expect(unsure.upperBound < picture.height - 1) }
      }
    }
  }

  @Test func anyBytesGiveAPicture() throws {
    var generator = SeededGenerator(testSeed("fax bytes"))
    for round in 0..<3_000 {
      var bytes = generator.bytes(Int.random(in: 0...200, using: &generator))
      if round % 2 == 0 { bytes = bytes.map { $0 & UInt8.random(in: 0...255, using: &generator) & 0x55 } }
      let gaps = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
        Int.random(in: 0...bytes.count, using: &generator)
      }
      for (_, coding) in Self.codings {
        let picture = T4Reader(bytes, coding, width: 1_728, gaps: gaps, step: {}).picture
        #expect(picture.rows.count == picture.height * picture.rowBytes)
        #expect(picture.unreadBytes <= bytes.count)
        if !gaps.isEmpty, !picture.isEnded { #expect(!picture.damaged.isEmpty) }
      }
    }
  }

  @Test func readsWhatACommandSignalTells() {
    // As a terminal of spandsp sends them.
    let first = FaxFormat([0x00, 0x44, 0x1f, 0x23, 0x01, 0x01, 0x80])
    #expect(first.coding == .modifiedModifiedRead && first.isErrorCorrected && first.frameBytes == 256)
    #expect(first.width == 1_728 && first.vertical == 98 && first.rate == 14_400 && first.modulation == "V.17")
    let fine = FaxFormat([0x00, 0x23, 0x18])
    #expect(fine.coding == .modifiedRead || fine.vertical == 196)
    #expect(FaxFormat([]).width == 1_728 && FaxFormat([]).rate == 2_400)
  }
}
