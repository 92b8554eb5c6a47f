import Testing

@testable import EvidenceReport

@Suite struct VisibleTextTests {
  private func shown(_ text: String, lines: VisibleText.Lines = .escaped) -> String {
    var bytes: [UInt8] = []
    VisibleText.append(text, lines: lines, to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
      .replacing("<span class=\"esc\">", with: "").replacing("</span>", with: "")
  }

  @Test func escapesWhatHTMLReads() {
    #expect(shown("<a href='x'>\"&amp;\"") == "&lt;a href=&#39;x&#39;&gt;&quot;&amp;amp;&quot;")
  }

  @Test(arguments: [
    "\u{0000}", "\u{0007}", "\u{001B}", "\u{007F}", "\u{0085}", "\u{00A0}", "\u{00AD}", "\u{034F}", "\u{061C}",
    "\u{115F}", "\u{180E}", "\u{200B}", "\u{200D}", "\u{200E}", "\u{200F}", "\u{2028}", "\u{202A}", "\u{202E}",
    "\u{2060}", "\u{2066}", "\u{2069}", "\u{2800}", "\u{3164}", "\u{E000}", "\u{FE0F}", "\u{FEFF}", "\u{FFA0}",
    "\u{E0041}", "\u{10FFFF}",
  ])
  func showsHiddenCharactersByNumber(_ text: String) throws {
    let scalar = try #require(text.unicodeScalars.first)
    let digits = String(scalar.value, radix: 16, uppercase: true)
    #expect(shown("a\(text)b") == "a[U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)]b")
  }

  @Test func keepsTheWritingsOfTheWorld() {
    for text in ["Žluťoučký kůň", "会議", "مرحبا", "עברית", "नमस्ते", "Привет", "😀"] { #expect(shown(text) == text) }
  }

  @Test func stopsTowersOfMarks() {
    let tower = "e" + String(repeating: "\u{0301}", count: 6)
    #expect(shown(tower) == "e" + String(repeating: "\u{0301}", count: 4) + "[U+0301][U+0301]")
  }

  @Test func keepsLinesOnlyWhereAsked() {
    #expect(shown("a\r\nb\tc") == "a[U+000D][U+000A]b[U+0009]c")
    #expect(shown("a\r\nb\tc\rd\r", lines: .kept) == "a\nb\tc[U+000D]d[U+000D]")
  }
}

@Suite struct DecimalTests {
  @Test func writesNumbersForPeople() {
    #expect(Decimal.grouped(1_234_567) == "1,234,567")
    #expect(Decimal.size(1) == "1 byte")
    #expect(Decimal.size(12_345) == "12,345 bytes (12.0 KiB)")
    #expect(Decimal.size(.max).hasSuffix("TiB)"))
    #expect(Decimal.duration(milliseconds: 62_500) == "1 min 02.500 s")
    #expect(Decimal.duration(milliseconds: 3_723_004) == "1 h 02 min 03.004 s")
    #expect(Decimal.milliseconds("83.12") == 83_120)
    #expect(Decimal.milliseconds("a.1") == nil)
    #expect(Decimal.moment("2026-01-02T03:04:05.123456789Z") == "2026-01-02 03:04:05.123 UTC")
    #expect(Decimal.moment("yesterday") == "yesterday")
  }

  @Test func neverCallsAPartNothingOrAll() {
    #expect(Decimal.percent(1, of: 1_000_000) == "less than 0.1 %")
    #expect(Decimal.percent(999_999, of: 1_000_000) == "99.9 %")
    #expect(Decimal.percent(.max, of: .max) == "100.0 %")
    #expect(Decimal.percent(0, of: 0) == "0.0 %")
  }
}
