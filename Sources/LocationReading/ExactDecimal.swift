/// A decimal number as it was written, without rounding.
///
/// `text` differs from what was written only in this: no `+`, no superfluous zeros in front, a zero before a bare point, no point
/// without digits behind it, no sign of a zero. Zeros at the end stay, for they say how precise it was meant.
/// Limits: 17 digits before the point, 19 behind it. There is no exponent form.
public struct ExactDecimal: Hashable, Sendable {
  public static let maximumWholeDigits = 17
  public static let maximumDecimals = 19

  private let isNegative: Bool
  /// What stands before the point.
  let whole: UInt64
  /// What stands behind the point, times 10^`decimals`.
  let fraction: UInt64
  /// How many digits stand behind the point.
  public let decimals: Int

  /// Takes `whole` and `fraction` / 10^`decimals`, which is below 1; nil beyond the limits.
  private init?(isNegative: Bool, _ whole: UInt64, _ fraction: UInt64, decimals: Int) {
    guard (0...Self.maximumDecimals).contains(decimals), whole < Self.power(Self.maximumWholeDigits),
      fraction < Self.power(decimals)
    else { return nil }
    self.isNegative = isNegative && (whole > 0 || fraction > 0)
    self.whole = whole
    self.fraction = fraction
    self.decimals = decimals
  }

  /// Takes `magnitude` / 10^`decimals`; nil beyond the limits.
  init?(isNegative: Bool, magnitude: UInt64, decimals: Int) {
    let (whole, fraction) = magnitude.quotientAndRemainder(dividingBy: Self.power(decimals))
    self.init(isNegative: isNegative, whole, fraction, decimals: decimals)
  }

  /// Reads `[+-] digits [. digits]`, with a digit before or behind the point; nil when it is anything else.
  init?(_ written: some Sequence<UInt8>) {
    var (whole, fraction): (UInt64, UInt64) = (0, 0)
    var wholeDigits = 0
    var decimals = 0
    var hasDigit = false
    var isBehindPoint = false
    var isNegative = false
    var isFirst = true
    for byte in written {
      switch byte {
      case 0x2b, 0x2d:
        guard isFirst else { return nil }
        isNegative = byte == 0x2d
      case 0x2e:
        guard !isBehindPoint else { return nil }
        isBehindPoint = true
      case 0x30...0x39:
        hasDigit = true
        if isBehindPoint {
          decimals += 1
          guard decimals <= Self.maximumDecimals else { return nil }
          fraction = fraction * 10 + UInt64(byte - 0x30)
        } else {
          if wholeDigits > 0 || byte != 0x30 { wholeDigits += 1 }
          guard wholeDigits <= Self.maximumWholeDigits else { return nil }
          whole = whole * 10 + UInt64(byte - 0x30)
        }
      default: return nil
      }
      isFirst = false
    }
    guard hasDigit else { return nil }
    self.init(isNegative: isNegative, whole, fraction, decimals: decimals)
  }

  /// Reads a decimal; nil when it is anything else.
  public init?(_ text: String) { self.init(text.utf8) }

  /// 10 to the power of `exponent`, 0 to 19.
  static func power(_ exponent: Int) -> UInt64 {
    var power: UInt64 = 1
    for _ in 0..<max(0, min(exponent, maximumDecimals)) { power *= 10 }
    return power
  }

  /// The digits, with a point where there are decimals.
  public var text: String {
    var digits: [UInt8] = []
    Self.append(fraction, count: decimals, to: &digits)
    if decimals > 0 { digits.append(0x2e) }
    Self.append(whole, count: 1, to: &digits)
    if isNegative { digits.append(0x2d) }
    return String(decoding: digits.reversed(), as: UTF8.self)
  }

  /// Appends the digits of a number from the last on, at least `count` of them.
  private static func append(_ number: UInt64, count: Int, to digits: inout [UInt8]) {
    var rest = number
    let end = digits.count + count
    while rest > 0 || digits.count < end {
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      digits.append(UInt8(truncatingIfNeeded: digit) + 0x30)
      rest = quotient
    }
  }

  /// The nearest binary number but for its last bits; the same on every machine, for IEEE 754 says how each step rounds.
  var approximation: Double {
    let magnitude = Double(whole) + Double(fraction) / Double(Self.power(decimals))
    return isNegative ? -magnitude : magnitude
  }

  /// The exact product with `factor` / 10^`decimals`, without zeros that the product added at the end; nil beyond 64 bits.
  func multiplied(by factor: UInt64, decimals more: Int) -> ExactDecimal? {
    let (scaled, isOver) = whole.multipliedReportingOverflow(by: Self.power(decimals))
    let (sum, isBeyond) = scaled.addingReportingOverflow(fraction)
    var (product, isTooMuch) = sum.multipliedReportingOverflow(by: factor)
    guard !isOver, !isBeyond, !isTooMuch else { return nil }
    var behind = decimals + more
    while behind > decimals, product % 10 == 0 {
      product /= 10
      behind -= 1
    }
    guard behind <= Self.maximumDecimals else { return nil }
    return ExactDecimal(isNegative: isNegative, magnitude: product, decimals: behind)
  }

  /// The number without its sign, or with another one.
  func signed(isNegative: Bool) -> ExactDecimal? {
    ExactDecimal(isNegative: isNegative, whole, fraction, decimals: decimals)
  }

  /// Whether there is a sign.
  var isBelowZero: Bool { isNegative }

  /// Whether the number lies between two whole numbers or is one of them.
  func isWithin(_ least: Int, _ greatest: Int) -> Bool {
    let limit = isNegative ? least : greatest
    guard isNegative ? limit <= 0 : limit >= 0 else { return false }
    let other = isNegative ? greatest : least
    guard isNegative ? other >= 0 : other <= 0 else { return false }
    return whole < limit.magnitude || (whole == limit.magnitude && fraction == 0)
  }
}

extension ExactDecimal: Comparable {
  public static func < (left: Self, right: Self) -> Bool {
    if left.isNegative != right.isNegative { return left.isNegative }
    let (one, two) = left.isNegative ? (right, left) : (left, right)
    return one.whole == two.whole ? one.aligned < two.aligned : one.whole < two.whole
  }

  /// What stands behind the point, times 10^19.
  private var aligned: UInt64 { fraction * Self.power(Self.maximumDecimals - decimals) }

  /// Whether two numbers are equal, whatever the zeros at their ends.
  public func isSameValue(as other: ExactDecimal) -> Bool { !(self < other) && !(other < self) }
}

extension ExactDecimal: CustomStringConvertible {
  public var description: String { text }
}
