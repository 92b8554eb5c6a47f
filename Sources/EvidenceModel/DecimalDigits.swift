/// The decimal digits of a number, without an allocation.
struct DecimalDigits {
  private let digits: [20 of UInt8]
  private let start: Int

  init(_ value: UInt64) {
    var digits = [20 of UInt8](repeating: 0x30)
    var place = 20
    Self.fromLast(of: value) { digit in
      place -= 1
      digits[place] = digit
    }
    (self.digits, start) = (digits, place)
  }

  /// Gives the digits of a number, the last one first.
  @inline(__always)
  static func fromLast(of value: UInt64, _ body: (UInt8) -> Void) {
    var rest = value
    repeat {
      let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
      body(UInt8(truncatingIfNeeded: remainder) &+ 0x30)
      rest = quotient
    } while rest > 0
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
