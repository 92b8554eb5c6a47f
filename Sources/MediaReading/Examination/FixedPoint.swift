/// Logarithms and decimals in integers, so that they are the same on every machine.
enum FixedPoint {
  /// The logarithm to the base 2 of a number above 0, in units of 2^-32, rounded down.
  static func log2(_ value: UInt64) -> Int64 {
    guard value > 0 else { return 0 }
    let exponent = 63 - value.leadingZeroBitCount
    // From 1 to 2, in units of 2^-63; each squaring gives one binary digit.
    var mantissa = value << (63 - exponent)
    var fraction: Int64 = 0
    for _ in 0..<32 {
      let square = mantissa.multipliedFullWidth(by: mantissa)
      let isAbove = square.high >> 63 == 1
      mantissa = isAbove ? square.high : square.high << 1 | square.low >> 63
      fraction = fraction << 1 | (isAbove ? 1 : 0)
    }
    return Int64(exponent) << 32 | fraction
  }

  /// Tenths of a decibel of an amplitude against `1 << bits`; nil for 0.
  static func decibelTenths(amplitude: UInt64, bits: Int) -> Int64? {
    // 200 times the logarithm of 2, in units of 2^-32.
    amplitude == 0 ? nil : scaled(log2(amplitude) - Int64(bits) << 32, by: 258_582_797_298)
  }

  /// Tenths of a decibel of a power against `1 << bits`; nil for 0.
  static func decibelTenths(power: UInt64, bits: Int) -> Int64? {
    power == 0 ? nil : scaled(log2(power) - Int64(bits) << 32, by: 129_291_398_649)
  }

  /// A product of two numbers in units of 2^-32, rounded to the nearest whole number.
  private static func scaled(_ value: Int64, by factor: Int64) -> Int64 {
    Int64((Int128(value) * Int128(factor) + Int128(1) << 63) >> 64)
  }

  /// `numerator / denominator` to the nearest whole number, halves away from zero.
  static func quotient(_ numerator: Int128, _ denominator: Int128) -> Int64 {
    guard denominator > 0 else { return 0 }
    let size = (Int128(numerator.magnitude) * 2 + denominator) / (denominator * 2)
    return Int64(clamping: numerator < 0 ? -size : size)
  }

  /// The largest whole number whose square is not above `value`.
  static func squareRoot(_ value: UInt64) -> UInt64 {
    var (rest, root): (UInt64, UInt64) = (value, 0)
    var bit: UInt64 = 1 << 62
    while bit > 0 {
      let trial = root | bit
      root >>= 1
      if rest >= trial {
        rest -= trial
        root |= bit
      }
      bit >>= 2
    }
    return root
  }

  /// `units` of 10^-places as a decimal.
  static func decimal(_ units: Int64, places: Int) -> String {
    let digits = String(units.magnitude)
    let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
    let sign = units < 0 ? "-" : ""
    return places == 0 ? sign + padded : "\(sign)\(padded.dropLast(places)).\(padded.suffix(places))"
  }
}
