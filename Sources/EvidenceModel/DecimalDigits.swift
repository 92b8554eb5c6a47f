/// The decimal digits of a number, without an allocation.
struct DecimalDigits {
  private var digits = [20 of UInt8](repeating: 0x30)
  private let start: Int

  init(_ value: UInt64) {
    var place = 20
    var rest = value
    repeat {
      place -= 1
      let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
      digits[place] = UInt8(truncatingIfNeeded: remainder) &+ 0x30
      rest = quotient
    } while rest > 0
    start = place
  }

  /// How many digits there are: 1 to 20.
  var count: Int { 20 - start }

  /// How many digits a number has.
  static func count(of value: UInt64) -> Int {
    var count = 1
    var limit: UInt64 = 10
    while value >= limit, count < 19 {
      limit *= 10
      count += 1
    }
    return value >= limit ? count + 1 : count
  }

  fileprivate func append(to bytes: inout [UInt8]) { for place in start..<20 { bytes.append(digits[place]) } }
}

extension [UInt8] {
  mutating func append(_ digits: DecimalDigits) { digits.append(to: &self) }
}
