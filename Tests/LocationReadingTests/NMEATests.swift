import EvidenceModel
import Testing

@testable import LocationReading

@Suite struct NMEATests {
  /// Sentences with their checksums, a line each.
  static func lines(_ bodies: String...) -> String { bodies.map(line).joined() }

  static func line(_ body: String) -> String {
    let sum = body.utf8.reduce(0, ^)
    let digits = String(sum, radix: 16, uppercase: true)
    return "$\(body)*\(digits.count < 2 ? "0" : "")\(digits)\r\n"
  }

  @Test func joinsTheSentencesOfAFix() throws {
    let run = ReadTrack(
      Self.lines(
        "GPGGA,120000.00,4812.49200,N,01622.42800,E,1,08,0.9,171.0,M,43.0,M,,", "GPGSA,A,3,,,,,,,,,,,,,1.8,0.9,1.5",
        "GPRMC,120000.00,A,4812.4920,N,01622.4280,E,12.5,270.5,020126,,,A", "GPVTG,270.5,T,,M,12.5,N,23.2,K,A",
        "GPGGA,120001.00,4812.49300,N,01622.42900,E,2,09,0.8,171.5,M,43.0,M,,"), .nmea)
    #expect(run.damages.isEmpty && run.fault == nil)
    #expect(run.points.count == 2)
    let first = try #require(run.points.first)
    #expect(first.latitude.text == "48.208200000" && first.longitude.text == "16.373800000")
    #expect(first.time.description == "2026-01-02T12:00:00.000000000Z" && first.timeBasis == .stated)
    #expect(first.speed?.text == "23.15" && first.course?.text == "270.5" && first.elevation?.text == "171.0")
    #expect(first.quality == "autonomous" && first.satellites == 8 && first.horizontalDilution?.text == "0.9")
    #expect(run.text(first.bytes).split(separator: "|").map { $0.prefix(6) } == ["$GPGGA", "$GPRMC"])
    let second = try #require(run.points.last)
    #expect(second.time.description == "2026-01-02T12:00:01.000000000Z" && second.timeBasis == .dateCarried)
  }

  /// 1/60 of a degree has no end in decimals: four more decimals than the minutes, half away from zero.
  @Test(arguments: [
    ("4812.4920", "N", "48.20820000"), ("4812.4921", "S", "-48.20820167"), ("0000.0001", "N", "0.00000167"),
    ("9000", "N", "90.0000"), ("0000.01", "S", "-0.000167"), ("4807.038", "N", "48.1173000"),
  ])
  func convertsMinutesExactly(written: String, letter: String, degrees: String) {
    let run = ReadTrack(Self.line("GPGLL,\(written),\(letter),00000.0,E,000000,A"), .nmea)
    #expect(run.points.map(\.latitude.text) == [degrees])
  }

  @Test(arguments: [
    "GPGLL,4860.0000,N,00000.0,E,000000,A", "GPGLL,9000.0001,N,00000.0,E,000000,A", "GPGLL,4800.0,X,00000.0,E,000000,A",
    "GPGLL,4800.0,N,18000.1,E,000000,A", "GPGLL,-4800.0,N,00000.0,E,000000,A", "GPGLL,48e2,N,00000.0,E,000000,A",
    "GPGLL,NaN,N,00000.0,E,000000,A", "GPGLL,4800.0,N,,E,000000,A", "GPGLL,4800.00000000001,N,00000.0,E,000000,A",
  ])
  func takesNoPositionThatIsNone(body: String) {
    let run = ReadTrack(Self.line(body), .nmea)
    #expect(run.points.isEmpty && run.damages.map(\.code) == [.position])
  }

  @Test func carriesTheDateOverMidnight() {
    let run = ReadTrack(
      Self.lines(
        "GPGGA,235957,4800.0,N,01600.0,E,1,08,0.9,1,M,,M,,", "GPRMC,235958,A,4800.0,N,01600.0,E,,,311299,,,A",
        "GPGGA,235959.5,4800.0,N,01600.0,E,1,08,0.9,1,M,,M,,", "GPGGA,000000.5,4800.0,N,01600.0,E,1,08,0.9,1,M,,M,,",
        "GPGGA,235959.9,4800.0,N,01600.0,E,1,08,0.9,1,M,,M,,", "GPZDA,000001,01,01,2000,00,00",
        "GPGLL,4800.0,N,01600.0,E,000001,A"), .nmea)
    #expect(
      run.points.map { $0.time.description.prefix(19) } == [
        "unknown", "1999-12-31T23:59:58", "1999-12-31T23:59:59", "2000-01-01T00:00:00", "1999-12-31T23:59:59",
        "2000-01-01T00:00:01",
      ])
    #expect(run.points.map(\.timeText) == ["235957", nil, nil, nil, nil, nil])
    #expect(run.points.last?.timeBasis == .stated)
  }

  @Test(arguments: [("010180", "1980"), ("311299", "1999"), ("010100", "2000"), ("311279", "2079")])
  func readsYearsOfTwoDigits(date: String, year: String) {
    let run = ReadTrack(Self.line("GNRMC,000000,A,4800.0,N,01600.0,E,,,\(date),,,A"), .nmea)
    #expect(run.points.map { String($0.time.description.prefix(4)) } == [year])
  }

  @Test func saysWhenThereWasNoFix() {
    let run = ReadTrack(
      Self.lines(
        "GPRMC,120000,V,4800.0,N,01600.0,E,,,020126,,,N", "GPGGA,120000,,,,,0,00,99.9,,M,,M,,", "GPRMC,,V,,,,,,,,,,N",
        "GNGNS,120002,,,,,NN,00,,,,,", "GPGLL,,,,,120003,V,N", "GPGGA,120004,4800.0,N,01600.0,E,0,00,,,M,,M,,",
        "GPRMC,120004,A,4800.0,N,01600.0,E,,,020126,,,A"), .nmea)
    #expect(
      run.missing.map(\.reason) == [
        "RMC status V, GGA quality 0", "RMC status V", "GNS mode NN", "GLL status V",
      ])
    #expect(run.missing.first?.latitude?.text == "48.00000")
    #expect(run.missing.first?.time.description == "2026-01-02T12:00:00.000000000Z")
    #expect(run.points.count == 1)
    #expect(run.damages.map(\.code) == [.contradiction])
  }

  @Test func usesNoSentenceWithoutARightChecksum() {
    let good = Self.line("GPGLL,4800.0,N,01600.0,E,000000,A")
    let run = ReadTrack(
      good.replacing("4800", with: "4801") + "$GPGLL,4800.0,N,01600.0,E,000000,A\r\n" + "no sentence\r\n\r\n"
        + "$GPGLL,4800.0,N,016" + good + String(repeating: "x", count: 5_000) + "\n" + good.dropLast(3), .nmea)
    #expect(run.damages.map(\.code) == [.checksum, .checksumMissing, .line, .line, .line, .checksumMissing])
    #expect(run.points.count == 1)
  }

  @Test func readsEveryEndOfLine() {
    let line = Self.line("GPGLL,4800.0,N,01600.0,E,000000,A").dropLast()
    for end in ["\n", "\r", "\r\n", "\n\r"] {
      let file = Array("\(line)\(end)\(line)\(end)\(line)".utf8)
      for step in [1, 7, 1_000] {
        let run = ReadTrack(file, .nmea, step: step)
        #expect(run.points.count == 3 && run.damages.isEmpty)
        #expect(run.points.allSatisfy { run.text($0.bytes) == line })
      }
    }
  }

  @Test func readsTagBlocksAndCountsWhatItDoesNotUse() throws {
    let reader = try LocationTrackReader(.nmea)
    var points = 0
    var damages = 0
    let text =
      "\\s:r003,c:1120959341*hh\\" + Self.line("INGLL,4800.0,N,01600.0,E,000000,A") + Self.line("GPGSV,1,1,00")
      + Self.line("PUBX,00,1") + "!AIVDM,1,1,,B,15M67FC000G?ufbE`FepT@3n00Sa,0*5C\r\n"
    try reader.append(Array(text.utf8).view) { if case .point = $0 { points += 1 } }
    try reader.finish { event in
      if case .point = event { points += 1 }
      if case .damage = event { damages += 1 }
    }
    #expect(points == 1 && damages == 0)
    #expect(reader.sentenceCounts == ["GLL": 1, "GSV": 1, "P": 1, "VDM": 1])
  }

  @Test func keepsFixesOfTwoReceiversApart() {
    let run = ReadTrack(
      Self.lines(
        "GPGLL,4800.0000,N,01600.0000,E,000000,A", "GNGLL,4800.00001,N,01600.00002,E,000000,A",
        "GLGLL,4800.5,N,01600.0,E,000000,A", "GLGLL,4800.5,N,01600.0,E,000000,A", "GPGLL,4800.5,N,01600.0,E",
        "GPGLL,4800.5,N,01600.0,E"), .nmea)
    #expect(run.points.map(\.latitude.text) == ["48.000000167", "48.00833", "48.00833", "48.00833"])
    #expect(run.points.map(\.bytes.count) == [2, 1, 2, 1])
  }
}
