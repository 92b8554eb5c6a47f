import TestSupport
import Testing

@testable import LocationReading

@Suite struct ExactDecimalTests {
  @Test(arguments: [
    ("48.2082", "48.2082"), ("+48.20", "48.20"), ("-.5", "-0.5"), ("007.", "7"), ("-0.0", "0.0"), ("0", "0"),
    ("00", "0"),
    ("12345678901234567.1234567890123456789", "12345678901234567.1234567890123456789"), ("-0.05", "-0.05"),
  ])
  func keepsWhatWasWritten(written: String, text: String) { #expect(ExactDecimal(written)?.text == text) }

  @Test(arguments: [
    "", "+", "-", ".", "1e5", "1E5", "NaN", "INF", "0x1", "1,5", "1 5", " 1", "--1", "1-", "1.2.3", "१",
    "123456789012345678",
    "1.12345678901234567890",
  ])
  func takesNothingElse(written: String) { #expect(ExactDecimal(written) == nil) }

  @Test func comparesByValue() throws {
    let texts = [
      "-180", "-10.5", "-10.49", "-0.1", "0", "0.09", "0.1", "10", "10.000000000000000001", "99999999999999999",
    ]
    let numbers = try texts.map { try #require(ExactDecimal($0)) }
    #expect(numbers.shuffled().sorted() == numbers)
    #expect(try #require(ExactDecimal("1.50")).isSameValue(as: try #require(ExactDecimal("1.5"))))
  }

  @Test func convertsSpeedsExactly() throws {
    let knots = try #require(ExactDecimal("12.5"))
    #expect(knots.multiplied(by: 1_852, decimals: 3)?.text == "23.15")
    #expect(ExactDecimal("0.001")?.multiplied(by: 1_852, decimals: 3)?.text == "0.001852")
    #expect(ExactDecimal("99999999999999999")?.multiplied(by: 1_852, decimals: 3) == nil)
  }
}
